//! Settings of the JIT engine.
//!
//! They decide when, where and how code is compiled, not its results, with two exceptions:
//! `engine` chooses the model of reservations; [`JitTesting::wrong_addi`] is wrong on purpose.

use std::time::Duration;
use xenia_cpu::EngineConfig;
use xenia_lifter::Effort;

/// How much guest code is compiled as one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// Whole functions, the default.
    #[default]
    Function,
    /// Single basic blocks, for the cross-check.
    Block,
    /// Single instructions, for the cross-check.
    Instruction,
}

/// Which tiers compile guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tiers {
    /// Only the optimizing tier, for warm code.
    #[default]
    Optimizing,
    /// Only the baseline tier, at first execution.
    Baseline,
    /// The baseline tier at first execution, and the optimizing tier for hot code.
    Both,
}

/// Settings of the JIT engine.
#[derive(Clone, Copy, Debug)]
pub struct JitConfig {
    /// Settings that all kinds of engines share.
    pub engine: EngineConfig,
    /// The tiers in use.
    pub tiers: Tiers,
    /// Code is compiled once the interpreter has executed this many of its instructions for each
    /// instruction that would be compiled; with 0 and 1, code is compiled when it is first reached.
    /// With 1, an address inside compiled code at which a visit happens to resume does not become
    /// an entry.
    pub warm_up: u32,
    /// With both tiers, a unit moves from the baseline tier to the optimizing one once each of its
    /// instructions has run this often, on average and estimated by samples. Instructions that call
    /// the interpreter's arms or compute with vectors count 40 times, those for which code is left
    /// 480 times, floating-point arithmetic 8 times.
    pub hot_after: u32,
    /// With both tiers: whether plain integer code runs faster in the optimizing tier, which holds
    /// on hosts whose loads wait for the store that wrote the same address. If not, units move
    /// because of arms and floating-point arithmetic only, and only if their visits are long, until
    /// most of the code around them has moved.
    pub plain_code_gains: bool,
    /// Optimization level of the compiler.
    pub effort: Effort,
    /// Run Cranelift's verifier on each region's intermediate code before it is compiled. The
    /// verifier takes a third of the compile time, so it is meant for finding bugs: in tests,
    /// fuzzers and the cross-check.
    pub verify: bool,
    /// How much guest code is compiled as one unit.
    pub granularity: Granularity,
    /// Size of the baseline tier's code memory in bytes, at most 256 MiB. Smaller values are for
    /// tests.
    pub baseline_code: usize,
    /// Compile in a separate host thread, while the guest continues in the baseline tier, if that
    /// is in use, or the interpreter. Code that `warm_up` requires to be compiled at once is not
    /// affected.
    pub background: bool,
    /// Use a second thread to compile worthwhile functions ahead of time into the store, if both
    /// tiers are in use. Not for lockstep.
    pub ahead: bool,
    /// Time for compiling in one visit; functions that become warm after that wait for the next
    /// visit. The stop flag is polled between visits, so a stop request waits at most for this time
    /// and one region's compilation. Does not limit the thread of `background`.
    pub compile_budget: Duration,
    /// Write names of host code for perf to `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// Write host code and its names to `/tmp/jit-PID.dump`, for `perf inject --jit`.
    pub jit_dump: bool,
    /// Settings for tests.
    pub testing: JitTesting,
}

/// Settings of the JIT engine for tests of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct JitTesting {
    /// Compile pages however often their code changes. By default, a page is interpreted after a
    /// dozen changes, until these age. That suits titles, but tests that write many pieces of code
    /// to the same place would compare the interpreter with itself.
    pub compile_volatile: bool,
    /// In both tiers, use only instructions that every supported host has (x86-64-v2, thus SSE4.2
    /// and SSSE3, or Armv8.0), whatever this host supports.
    pub portable_code: bool,
    /// Seed of pseudo-random delays before each background compilation.
    pub compile_delays: Option<u64>,
    /// Seed for pruning pseudo-random sides of conditional branches, instead of the sides that have
    /// not been reached.
    pub pruning_seed: Option<u64>,
    /// Use a deliberately wrong lifter arm, for tests of the cross-check: `addi` adds one too many.
    pub wrong_addi: bool,
}

/// Number of interpreted instructions that take as long as compiling one.
const WARM_UP: u32 = 1000;
/// The value of `warm_up` for background compilation.
const BACKGROUND_WARM_UP: u32 = 500;
/// Executions of an instruction in the baseline tier after which the optimizing tier compiles it.
/// That takes 10 µs and saves 0.1 to 0.3 ns for each execution, and for each of later runs.
const HOT_AFTER: u32 = 20_000;

/// Default of `compile_budget`.
const COMPILE_BUDGET: Duration = Duration::from_millis(20);

/// Bytes of the baseline tier's code memory: enough for some 28 million guest instructions.
pub(crate) const BASELINE_CODE: usize = 256 << 20;

impl Default for JitConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            tiers: Tiers::default(),
            warm_up: WARM_UP,
            hot_after: HOT_AFTER,
            plain_code_gains: true,
            effort: Effort::default(),
            verify: false,
            granularity: Granularity::Function,
            baseline_code: BASELINE_CODE,
            background: false,
            ahead: false,
            compile_budget: COMPILE_BUDGET,
            perf_map: false,
            jit_dump: false,
            testing: JitTesting::default(),
        }
    }
}

impl JitConfig {
    /// Settings for background compilation.
    pub fn in_background() -> Self {
        Self { warm_up: BACKGROUND_WARM_UP, background: true, ..Self::default() }
    }

    /// Settings for comparing engines: all code is compiled when it is first reached, however often
    /// its page changes, and is verified.
    pub fn compile_everything() -> Self {
        let testing = JitTesting { compile_volatile: true, ..JitTesting::default() };
        Self { warm_up: 0, verify: true, testing, ..Self::default() }
    }
}
