//! Pairs of machines with the same program and state.

use super::{CODE, DATA, JitHarness, SIZE};
use xenia_cpu::PpcContext;
use xenia_jit::JitConfig;

/// Distance of the stack's start from the end of the data.
const STACK: u32 = 0x100;

/// Creates a JIT with these settings and an interpreter, both with the same code, at [`CODE`], with
/// a stack, and with the context that `set` prepares.
pub fn machines(
    config: JitConfig,
    code: &[(u32, &[u32])],
    set: impl Fn(&mut PpcContext),
) -> (JitHarness, JitHarness) {
    let mut jit = JitHarness::jit_with(config);
    let mut interpreter = JitHarness::interpreter();
    for machine in [&mut jit, &mut interpreter] {
        for &(at, words) in code {
            machine.put(at, words);
        }
        machine.ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        machine.ctx.gpr[1] = u64::from(DATA + SIZE - STACK);
        set(&mut machine.ctx);
    }
    (jit, interpreter)
}

/// The configuration of [`JitHarness::jit`]: code is compiled at its first execution.
pub fn eager_config() -> JitConfig {
    JitConfig { warm_up: 1, ..JitConfig::default() }
}

/// The words of assembler lines at [`CODE`].
pub fn assembled(lines: &[&str]) -> Vec<u32> {
    let bytes = xenia_isa::assemble(&lines.join("\n"), CODE).unwrap().bytes;
    bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
}
