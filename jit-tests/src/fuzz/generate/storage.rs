//! Storage accesses: inside the sandbox, with bases and displacements that cross the end of a page;
//! in some batches also on the page at address 0, where they fault.

use super::Make;
use crate::fuzz::sequence::Item;
use xenia_isa::{Op, Operand};

impl Make<'_> {
    /// A register with an index between 0 and 0x3FF: an instruction masks the value of another
    /// register.
    fn index(&mut self, align: u32) -> (Item, u32) {
        let from = self.gpr();
        let index = self.gpr();
        // rlwinm index, from, 0, 22, 31 − log2(align)
        let last = 31 - align.trailing_zeros();
        let word = Op::rlwinmx.row().bits | from << 21 | index << 16 | 22 << 6 | last << 1;
        (Item::Word(word), index)
    }

    /// Base register: `r13` or `r14`, `r13` if alignment matters, or 0, which names no register, if
    /// the access faults.
    fn base(&mut self, align: u32) -> u32 {
        if self.is_astray {
            0
        } else if align == 1 {
            13 + self.below(2)
        } else {
            13
        }
    }

    /// A displacement inside the sandbox, mostly near the page's end (the base register points to
    /// it); on the page at address 0 if the access faults.
    fn displacement(&mut self, align: u32) -> i64 {
        let span = if self.below(2) == 0 { 64 } else { 1024 };
        let displacement = i64::from(self.below(span)) - i64::from(span / 2);
        let displacement = displacement & !(i64::from(align) - 1);
        if self.is_astray { displacement.abs() } else { displacement }
    }

    fn data(&mut self, operand: Operand) -> u32 {
        let value = self.operand(Op::lbz, operand).unwrap_or(0);
        operand.insert(value).unwrap_or(0)
    }

    /// A load, a store or a cache instruction.
    pub(super) fn access(&mut self, op: Op) -> Vec<Item> {
        // Drawn in batches with faults only, so that the other sequences stay as they are.
        self.is_astray = self.faults && self.below(16) == 0;
        let items = self.access_by_base(op);
        self.is_astray = false;
        items
    }

    fn access_by_base(&mut self, op: Op) -> Vec<Item> {
        let row = op.row();
        let mut word = row.bits;
        if let Some(&first) = row.operands.first()
            && !matches!(first, Operand::ra | Operand::ra0)
        {
            word |= self.data(first);
        }
        let displaced = row.operands.iter().find(|o| matches!(o, Operand::disp | Operand::disp_ds));
        let mut items = Vec::new();
        if row.operands.contains(&Operand::ra) {
            // The base is written, so it is a copy; a load into it would be invalid.
            let mut copy = self.gpr();
            while copy == 0 || copy == word >> 21 & 31 {
                copy = 2 + self.below(10);
            }
            items.push(Item::Word(Op::addi.row().bits | copy << 21 | self.base(1) << 16));
            word |= copy << 16;
        }
        if let Some(&field) = displaced {
            let align = if field == Operand::disp_ds { 4 } else { 1 };
            word |= field.insert(self.displacement(align)).unwrap_or(0);
            if items.is_empty() {
                word |= self.base(1) << 16;
            }
        } else {
            let (mask, index) = self.index(1);
            if items.is_empty() {
                if self.below(8) == 0 {
                    // Swap base and index: the base is in RB.
                    if index != 0 {
                        return vec![mask, Item::Word(word | index << 16 | 13 << 11)];
                    }
                }
                word |= self.base(1) << 16;
            } else if word >> 16 & 31 == index {
                // The mask would overwrite the copied base: use that as the index.
                items.swap_remove(0);
                items.push(mask);
                let taken = [index, word >> 21 & 31];
                let copy = [2, 3, 4].into_iter().find(|n| !taken.contains(n)).unwrap_or(5);
                items.push(Item::Word(Op::addi.row().bits | copy << 21 | self.base(1) << 16));
                word = word & !(31 << 16) | copy << 16 | index << 11;
                items.push(Item::Word(word));
                return items;
            }
            items.insert(0, mask);
            // The copy is made after the index, so it can't be the index's source only.
            word |= index << 11;
        }
        items.push(Item::Word(word));
        items
    }

    /// Multiple and string accesses: r15 and above, at most eight registers.
    pub(super) fn several(&mut self, op: Op) -> Vec<Item> {
        let row = op.row();
        let base = 13 << 16;
        let mut items = Vec::new();
        let mut word = row.bits | base;
        match op {
            Op::lmw | Op::stmw => {
                let first = 15 + self.below(17);
                word |= first << 21 | Operand::disp.insert(self.displacement(4)).unwrap_or(0);
            }
            _ => {
                word |= (15 + self.below(9)) << 21;
                let bytes = self.below(33);
                if matches!(op, Op::lswi | Op::stswi) {
                    word |= (bytes & 31) << 11;
                } else {
                    // XER holds the count; the index is not among the loaded registers.
                    let index = 2 + self.below(11);
                    items.push(Item::Word(Op::addi.row().bits | index << 21 | bytes));
                    items.push(Item::Word(Op::mtspr.row().bits | index << 21 | 1 << 16));
                    items.push(Item::Word(Op::addi.row().bits | index << 21 | self.below(200)));
                    word |= index << 11;
                }
            }
        }
        items.push(Item::Word(word));
        items
    }

    /// Pairs of reserving load and conditional store, with or without instructions between them.
    pub(super) fn reservation(&mut self, op: Op) -> Vec<Item> {
        let double = matches!(op, Op::ldarx | Op::stdcx);
        let (load, store, align) = if double { (Op::ldarx, Op::stdcx, 8) } else { (Op::lwarx, Op::stwcx, 4) };
        let (mask, index) = self.index(align);
        let address = 13 << 16 | index << 11;
        let mut items = vec![mask];
        let mut loaded = self.gpr();
        while loaded == index {
            loaded = self.below(12);
            loaded = if loaded == 1 { 12 } else { loaded };
        }
        let mut variant = self.below(6);
        if variant == 3 && double && !self.choice.mixed_reservations {
            variant = 4;
        }
        if variant != 0 {
            items.push(Item::Word(load.row().bits | loaded << 21 | address));
        }
        match variant {
            // A store to the same place in between.
            1 => items.push(Item::Word(Op::stbx.row().bits | loaded << 21 | address)),
            2 => items.push(Item::Word(Op::addi.row().bits | loaded << 21 | loaded << 16 | 1)),
            // The other size, or another reservation first.
            3 => items.push(Item::Word(Op::lwarx.row().bits | loaded << 21 | address)),
            _ => {}
        }
        if variant != 5 {
            items.push(Item::Word(store.row().bits | self.gpr() << 21 | address));
        }
        items
    }
}
