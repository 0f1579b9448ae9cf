//! Thunks that call other thunks, for groups of instructions (`crate::baseline::emit`).
//!
//! Their calls are few and frequent, so the host predicts them, unlike those in units.

use super::encode::{Encoder, MOV, RAX, RCX, Rm};
use super::float_thunks::ThunkCode;
use super::templates::CodeThunk;

/// The thunk that converts two singles for FPRs.
pub(super) fn load_singles([first, second]: [usize; 2]) -> ThunkCode {
    let mut e = Encoder::new();
    let mut calls = vec![(e.call(), CodeThunk::LoadSingle(first))];
    // The called thunk preserves rax.
    e.op32(MOV, RCX, Rm::Reg(RAX));
    calls.push((e.jump(), CodeThunk::LoadSingle(second)));
    ThunkCode { code: e.code().to_vec(), calls }
}
