//! Thunks that call other thunks, for groups of instructions (`crate::baseline::emit`).
//!
//! Their calls are few and frequent, so the host predicts them, unlike those in units.

use super::encode::{Encoder, MOV, RAX, RCX, Rm, Shift};
use super::templates::CodeThunk;

/// The code of a group's thunk.
pub(super) struct GroupThunk {
    pub(super) code: Vec<u8>,
    /// Positions of distances to other thunks.
    pub(super) calls: Vec<(usize, CodeThunk)>,
}

/// The code of a thunk that calls others; `None` if `thunk` is of another kind.
pub(super) fn group_thunk(thunk: CodeThunk) -> Option<GroupThunk> {
    let mut e = Encoder::new();
    let mut calls = Vec::new();
    match thunk {
        // The thunks that load preserve rax.
        CodeThunk::LoadSingles([first, second]) => {
            calls.push((e.call(), CodeThunk::LoadSingle(first)));
            e.op32(MOV, RCX, Rm::Reg(RAX));
            calls.push((e.jump(), CodeThunk::LoadSingle(second)));
        }
        CodeThunk::LoadThen(n, sums) => {
            calls.push((e.call(), CodeThunk::LoadSingle(n)));
            calls.push((e.jump(), CodeThunk::Float(sums)));
        }
        CodeThunk::ThenStore(sums) => {
            e.push(RAX);
            calls.push((e.call(), CodeThunk::Float(sums)));
            e.pop(RAX);
            e.shift(true, Shift::Right, RAX, if sums.second.is_some() { 56 } else { 24 });
            calls.push((e.jump(), CodeThunk::StoreAny));
        }
        _ => return None,
    }
    Some(GroupThunk { code: e.code().to_vec(), calls })
}
