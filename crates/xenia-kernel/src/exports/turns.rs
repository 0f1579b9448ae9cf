//! Calls whose length a title says, done in turns: how much is done at once, and how a call goes
//! on.
//!
//! A title may ask for all of its memory in one call. Done at once, that would keep Ctrl-C, the
//! window and the other threads waiting for seconds. A call whose arguments say all that it goes on
//! from is made again with what is left ([`repeat`]); one that remembers more
//! returns [`Flow::Later`].

use crate::abi::{Call, Flow};

/// Bytes that a call works through before others have their turn, whole blocks of every cipher:
/// triple DES, the slowest, makes some 20 MiB in a second, and titles have 512.
pub const TURN: u32 = 0x4_0000;

/// Returns `done` if nothing is left, and otherwise makes the call again with these arguments, the
/// first of them in `register`.
pub fn repeat<T, const N: usize>(
    call: &mut Call,
    done: T,
    left: u32,
    (register, arguments): (usize, [u32; N]),
) -> Flow<T> {
    if left == 0 {
        return Flow::Return(done);
    }
    call.ctx_mut().gpr[register..register + N].copy_from_slice(&arguments.map(u64::from));
    Flow::Repeat
}
