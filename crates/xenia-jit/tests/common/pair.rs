//! Both machines at the same place.

use super::{CODE, DATA, Machine, SIZE};
use xenia_cpu::PpcContext;
use xenia_jit::JitConfig;

/// How far the stack begins below the end of the data.
const STACK: u32 = 0x100;

/// A machine with a JIT of these settings and one with the interpreter, with the same code, about
/// to run [`CODE`] with a stack and what `set` makes of the context.
pub fn machines(
    config: JitConfig,
    code: &[(u32, &[u32])],
    set: impl Fn(&mut PpcContext),
) -> (Machine, Machine) {
    let (mut jit, mut interpreter) = (Machine::jit_with(config), Machine::interpreter());
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

/// What [`Machine::jit`] has: code is compiled at once.
pub fn at_once() -> JitConfig {
    JitConfig { warm_up: 1, precise_faults: true, ..JitConfig::default() }
}
