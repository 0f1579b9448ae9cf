//! Preemption of long calls: calls whose amount of work is chosen by the title are split into
//! turns.
//!
//! A title may request work on all of its memory in one call. Done in one piece, that would block
//! Ctrl-C, the window and the other threads for seconds. A call whose arguments contain all of its
//! state is called again with the remainder ([`repeat`]); one with more state returns
//! [`Flow::Later`].

use super::xboxkrnl::rtl_conversion::convert_in_turns;
use super::xboxkrnl::rtl_memory::count_equal;
use super::xboxkrnl::xe_crypt_cipher::rc4;
use super::xboxkrnl::xe_crypt_hash::run_digest;
use super::xboxkrnl::xe_crypt_signature::rot_sum_sha;
use crate::abi::{Call, Flow, IntoFlow, Rest};

/// Bytes that a call processes in one turn, a multiple of every cipher's block size. Triple DES,
/// the slowest, processes some 20 MiB a second, and titles have 512 MiB.
pub const TURN: u32 = 0x4_0000;

/// Continues a long call for another turn.
pub(crate) fn continue_long_call(call: &Call, rest: Rest) -> Flow {
    match rest {
        Rest::Rc4 { cipher, data } => rc4(call, cipher, data).into_flow(),
        Rest::Digest(digest) => run_digest(call, digest),
        Rest::RotSumSha(rest) => rot_sum_sha(call, rest).into_flow(),
        Rest::Compare(comparison) => count_equal(call, comparison).into_flow(),
        Rest::Convert(conversion) => convert_in_turns(call, conversion).into_flow(),
    }
}

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
