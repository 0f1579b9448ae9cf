//! String accesses: `lswi`, `lswx`, `stswi` and `stswx`. Immediate lengths are compiled inline; the
//! other forms, and a long `lmw`, call a hook.

use super::Lifter;
use super::cache::Cache;
use super::place::AddressOperand;
use crate::hook::Hook;
use crate::host::WORDS;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use xenia_isa::Instruction;

/// Whole words of an immediate string access, and the remaining bytes.
fn string_parts(i: Instruction) -> (i32, i32) {
    let bytes = if i.nb() == 0 { 32 } else { i.nb() as i32 };
    (bytes / 4, bytes % 4)
}

impl Lifter<'_> {
    /// `lswi` from `place`.
    pub(super) fn load_string(&mut self, i: Instruction, place: AddressOperand) {
        let (words, rest) = string_parts(i);
        // Load all before the first register changes, so that a fault sees the old registers.
        let mut values = Vec::new();
        for n in 0..words {
            values.push(self.load_big(types::I32, place.offset(4 * n)));
        }
        if rest != 0 {
            values.push(self.load_part(place.offset(4 * words), rest));
        }
        for (n, value) in values.into_iter().enumerate() {
            self.set_gpr32((i.rd() + n) & 31, value);
        }
    }

    /// `stswi` to `place`.
    pub(super) fn store_string(&mut self, i: Instruction, place: AddressOperand) {
        let (words, rest) = string_parts(i);
        for n in 0..words {
            let value = self.gpr32((i.rs() + n as usize) & 31);
            self.store_big(value, place.offset(4 * n));
        }
        if rest != 0 {
            let value = self.gpr32((i.rs() + words as usize) & 31);
            self.store_part(value, place.offset(4 * words), rest);
        }
    }

    /// Loads the first one, two or three bytes of a word.
    fn load_part(&mut self, place: AddressOperand, bytes: i32) -> Value {
        let first = if bytes == 1 { types::I8 } else { types::I16 };
        let high = self.load_big(first, place);
        let high = self.b.ins().uextend(types::I32, high);
        let high = self.b.ins().ishl_imm_s(high, 32 - i64::from(first.bits()));
        if bytes != 3 {
            return high;
        }
        let low = self.load_big(types::I8, place.offset(2));
        let low = self.b.ins().uextend(types::I32, low);
        let low = self.b.ins().ishl_imm_s(low, 8);
        self.b.ins().bor(high, low)
    }

    /// Stores the first one, two or three bytes of a word.
    fn store_part(&mut self, word: Value, place: AddressOperand, bytes: i32) {
        let first = if bytes == 1 { types::I8 } else { types::I16 };
        let high = self.b.ins().ushr_imm_s(word, 32 - i64::from(first.bits()));
        let high = self.b.ins().ireduce(first, high);
        self.store_big(high, place);
        if bytes == 3 {
            let low = self.b.ins().ushr_imm_s(word, 8);
            let low = self.b.ins().ireduce(types::I8, low);
            self.store_big(low, place.offset(2));
        }
    }

    /// Calls the hook for `lswx`, `stswx` or `lmw` at `ea`. Flushes before it and forgets all known
    /// registers after it.
    pub(super) fn call_string(&mut self, i: Instruction, ea: Value) {
        self.flush();
        self.state.cache = Cache::default();
        self.store_pc();
        let exact = self.budget_before();
        let ea = self.b.ins().ishl_imm_s(ea, 32);
        let word = self.const64(u64::from(i.0));
        let word = self.b.ins().bor(ea, word);
        let why = self.call_hook(Hook::String, &[word]);
        let next = self.branch_to_cold(why);
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
        self.b.switch_to_block(next);
        self.state.words = [None; WORDS];
    }
}
