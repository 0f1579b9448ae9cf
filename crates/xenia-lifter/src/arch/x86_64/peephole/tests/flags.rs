//! Flags of the abstract processor: a hash for carry and overflow, and one for the others.

use super::values::mix;
use iced_x86::{Instruction, Mnemonic, RflagsBits};

const CARRY: u32 = RflagsBits::CF | RflagsBits::OF;

#[derive(Clone, Copy)]
pub(super) struct Flags {
    carry: u64,
    others: u64,
}

impl Flags {
    pub(super) fn new(value: u64) -> Self {
        Self { carry: value, others: value }
    }

    /// A hash of the flags that an instruction reads.
    pub(super) fn read_by(self, i: &Instruction) -> u64 {
        let read = i.rflags_read();
        let part = |bits: u32, value: u64| if read & bits == 0 { 0 } else { value };
        mix(part(CARRY, self.carry), part(!CARRY, self.others))
    }

    /// Changes the flags that an instruction modifies; its inputs are in `hash`.
    pub(super) fn change(&mut self, i: &Instruction, hash: u64) {
        use Mnemonic::*;
        let modified = i.rflags_modified();
        if modified & CARRY != 0 {
            // Others may keep the old ones, as a shift by a register does.
            let overwrites = matches!(i.mnemonic(), Add | Sub | And | Or | Xor | Cmp | Test | Rol);
            self.carry = mix(hash, if overwrites { 0 } else { self.carry });
        }
        if modified & !CARRY != 0 {
            self.others = mix(hash, self.others);
        }
    }
}
