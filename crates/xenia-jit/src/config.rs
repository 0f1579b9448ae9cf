//! Settings of the engine.

use crate::code_memory::CODE_SIZE;
use crate::function_tier::Effort;
use xenia_cpu::EngineConfig;

/// How much guest code is compiled together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// Functions.
    #[default]
    Function,
    /// Basic blocks; for the cross-check.
    Block,
    /// Instructions; for the cross-check.
    Instruction,
}

/// Which tiers compile guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiers {
    /// The optimizing tier, for what is warm.
    #[default]
    Optimizing,
    /// The baseline tier, at first sight.
    Baseline,
    /// The baseline tier at first sight, and the optimizing tier for what is hot.
    Both,
}

/// Settings of the engine.
#[derive(Clone, Copy, Debug)]
pub struct JitConfig {
    /// What all engines share.
    pub engine: EngineConfig,
    /// Which tiers there are.
    pub tiers: Tiers,
    /// Code is compiled once it has interpreted this many instructions for each one that would be
    /// compiled; 0 and 1 compile at once what is reached. With 1, where a visit happens to go
    /// on in what is compiled becomes no entry.
    pub warm_up: u32,
    /// With both tiers, code goes from the baseline tier to the optimizing one once each of its
    /// instructions has run this often in loops without calls, on average and by samples. Runs
    /// elsewhere count a 1,024th; those of instructions that call the interpreter's arms count
    /// 2,000 times, of floating-point arithmetic 400.
    pub hot_after: u32,
    /// Registers are exact when an access faults, at the price of more stores. On by default: on
    /// cpu-suite no cost could be measured. Without it, code that changes code is not left at
    /// the store ([`GuestMemory::let_stores_to_code_go_on`]).
    pub precise_faults: bool,
    /// How carefully to compile.
    pub effort: Effort,
    /// Cranelift's verifier looks at each region's intermediate form before it is compiled. That
    /// takes a third of the whole time, so it is for whoever looks for mistakes: tests,
    /// fuzzers, the cross-check.
    pub verify: bool,
    /// How much is compiled together.
    pub granularity: Granularity,
    /// Pages are compiled however often their code changes. Otherwise they are interpreted after a
    /// dozen changes, which suits titles, but tests that put one piece of code after another
    /// into the same place would compare the interpreter with itself.
    pub compile_restless: bool,
    /// Code uses what every x86-64-v2 host has (SSE4.2 and SSSE3) and nothing else, whatever this
    /// host has. For tests.
    pub baseline_host: bool,
    /// Bytes of code that the baseline tier keeps, 256 MiB at most. For tests.
    pub baseline_code: usize,
    /// Code is compiled by a host thread of its own, while the guest goes on in the interpreter;
    /// not what has to be compiled at once because of `warm_up`.
    pub background: bool,
    /// Beside it another thread compiles ahead what is worth it, into the store, with both tiers.
    /// Not in lockstep.
    pub ahead: bool,
    /// That thread dawdles before each compilation, in a row of delays that this begins. For tests.
    pub compile_delays: Option<u64>,
    /// Sides of conditional branches are left out at first by this number, not those that have not
    /// been reached yet. For tests.
    pub left_out: Option<u64>,
    /// Host code is named for perf, in `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// Host code goes with its bytes to `/tmp/jit-PID.dump`, for `perf inject --jit`.
    pub jit_dump: bool,
    /// A deliberately wrong lifter arm, for tests of the cross-check: `addi` adds one too many.
    pub wrong_addi: bool,
}

/// Interpreted instructions that take as long as compiling one.
const WARM_UP: u32 = 1000;
/// The same where somebody else compiles meanwhile.
const BACKGROUND_WARM_UP: u32 = 500;
/// Runs of an instruction of a plain loop in the baseline tier after which it is compiled again.
/// The optimizing tier takes 10 µs for it and saves 0 to 0.1 ns at each.
const HOT_AFTER: u32 = 1_000_000;

/// Bytes of code that the baseline tier keeps: some 24 million guest instructions.
pub(crate) const BASELINE_CODE: usize = CODE_SIZE;

impl Default for JitConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            tiers: Tiers::default(),
            warm_up: WARM_UP,
            hot_after: HOT_AFTER,
            precise_faults: true,
            effort: Effort::default(),
            verify: false,
            granularity: Granularity::Function,
            compile_restless: false,
            baseline_host: false,
            baseline_code: BASELINE_CODE,
            background: false,
            ahead: false,
            compile_delays: None,
            left_out: None,
            perf_map: false,
            jit_dump: false,
            wrong_addi: false,
        }
    }
}

impl JitConfig {
    /// The settings for a machine whose guest doesn't wait for its code.
    pub fn in_background() -> Self {
        Self { warm_up: BACKGROUND_WARM_UP, background: true, ..Self::default() }
    }

    /// For whoever compares engines: compiles all code when it is first reached, however often a
    /// page changes, and has it verified.
    pub fn compile_everything() -> Self {
        Self { warm_up: 0, compile_restless: true, verify: true, ..Self::default() }
    }
}
