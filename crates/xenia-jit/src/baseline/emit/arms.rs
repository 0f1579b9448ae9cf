//! Calls of the interpreter's arms.

use super::super::encode::RAX;
use super::super::map::BaselineWord;
use super::super::templates::CodeThunk;
use super::super::unit::Word;
use super::rows::uses_float_state;
use super::{Emitter, NotEmitted, ThunkCall};
use xenia_cpu::Arm;
use xenia_isa::{Instruction, Op};

impl Emitter {
    pub(super) fn call_arm(
        &mut self,
        op: Op,
        i: Instruction,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<(), NotEmitted> {
        let word = if uses_float_state(op) { BaselineWord::RunFloatArm } else { BaselineWord::RunArm };
        let thunk = thunk(CodeThunk::Arm(Arm::of(op, i), word))?;
        self.templates.e.flags = None;
        self.templates.e.word(RAX, i.0);
        let field = self.templates.e.call();
        self.thunk_calls.push(ThunkCall { field: field as u32, thunk });
        self.templates.may_be_left = true;
        Ok(())
    }

    /// Emits the access of a device site at `index`, whose arm does not count: the optimizing tier
    /// has no code for it. Returns the index of the next instruction.
    pub(super) fn device_access(
        &mut self,
        words: &[Word],
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<usize, NotEmitted> {
        // An invalid word ends its block, and so is not among these.
        let Word { i, op: Some(op) } = words[index] else { return Ok(words.len()) };
        self.call_arm(op, i, thunk)?;
        self.end_site(index, thunk)?;
        Ok(index + 1)
    }
}
