//! Preemption of long calls: calls whose amount of work is chosen by the title are split into
//! turns.
//!
//! A title may request work on all of its memory in one call. Done in one piece, that would block
//! Ctrl-C, the window and the other threads for seconds. A call whose arguments contain all of its
//! state is called again with the remainder ([`repeat`]); one with more state returns
//! [`Flow::Later`].

use crate::abi::{Call, Flow};

/// Bytes that a call processes in one turn, a multiple of every cipher's block size. Triple DES,
/// the slowest, processes some 20 MiB a second, and titles have 512 MiB.
pub const TURN: u32 = 0x4_0000;

/// Returns `done` if no work is left; otherwise repeats the call with these arguments, the first of
/// them in `register`.
pub fn repeat<T, const N: usize>(
    call: &mut Call,
    done: T,
    left: u32,
    register: usize,
    arguments: [u32; N],
) -> Flow<T> {
    if left == 0 {
        return Flow::Return(done);
    }
    call.ctx_mut().gpr[register..register + N].copy_from_slice(&arguments.map(u64::from));
    Flow::Repeat
}
