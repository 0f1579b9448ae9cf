//! Thunks that call other thunks, for groups of instructions (`crate::baseline::emit`).
//!
//! Their calls are few and frequent, so the host predicts them, unlike those in units.

use super::encode::{Encoder, MOV, RAX, RCX, Rm};
use super::float_thunks::ThunkCode;
use super::templates::CodeThunk;

/// The code of a thunk that calls others; `None` if `thunk` is of another kind.
pub(super) fn group_thunk(thunk: CodeThunk) -> Option<ThunkCode> {
    let mut e = Encoder::new();
    let mut calls = Vec::new();
    match thunk {
        // The thunks that load preserve rax.
        CodeThunk::LoadSingles([first, second]) => {
            calls.push((e.call(), CodeThunk::LoadSingle(first)));
            e.op32(MOV, RCX, Rm::Reg(RAX));
            calls.push((e.jump(), CodeThunk::LoadSingle(second)));
        }
        _ => return None,
    }
    Some(ThunkCode { code: e.code().to_vec(), calls })
}
