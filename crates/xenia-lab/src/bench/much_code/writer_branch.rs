//! Generates conditions and jump tables.

use super::program::{Condition, Field, Relation, Rotation, Statement, Test, Width};
use super::writer::Writer;

impl Writer {
    /// Generates a condition. Most are either rarely or nearly always true, like branches in real
    /// programs.
    pub(super) fn condition(&mut self) -> Condition {
        self.size += 2;
        let holds = self.dice.chance(50);
        // Thresholds in sixteenths of all values.
        let share = self.dice.pick(&[0, 0, 1, 1, 1, 2, 4, 8]);
        let test = match self.dice.below(100) {
            0..30 if self.floats.count() > 0 => self.float_test(),
            0..45 => {
                self.size += 1;
                let width = self.dice.pick(&[Width::Byte, Width::Half]);
                let at = self.dice.below(self.integers() / width.bytes()) * width.bytes();
                let whole = if width == Width::Byte { 256 } else { 65536 };
                let (relation, limit) = match share {
                    0 => (Relation::Equal, self.dice.below(whole)),
                    _ => (Relation::Less, whole / 16 * share),
                };
                Test::Field { field: Field { at, width }, relation, limit: limit as u16 }
            }
            45..75 => {
                let count = match share {
                    0 => 7,
                    1 => 4,
                    2 => 3,
                    4 => 2,
                    _ => 1,
                };
                let begin = self.dice.below(32 - count) as u8;
                let bits = Rotation { by: 0, begin, end: begin + count as u8 - 1 };
                Test::Clear { local: self.read(), bits }
            }
            75..88 => {
                let relation = self.dice.pick(&[Relation::Less, Relation::Equal, Relation::Greater]);
                let a = self.read();
                let b = self.read();
                Test::Locals { a, b, relation, signed: self.dice.chance(60) }
            }
            _ => {
                let relation = self.dice.pick(&[Relation::Less, Relation::Equal, Relation::Greater]);
                Test::Constant { local: self.read(), relation, limit: self.constant() }
            }
        };
        Condition { test, holds }
    }

    /// Generates a jump table and its cases.
    pub(super) fn switch(&mut self) -> Statement {
        self.has_switch = true;
        let on = self.read();
        let bits = Rotation { by: self.dice.below(32) as u8, begin: 28 + self.dice.below(2) as u8, end: 31 };
        let most = bits.mask() + 1;
        let count = most - self.dice.below(most / 4);
        self.size += 9 + count;
        let before = self.unread.clone();
        let mut after = before.clone();
        let mut cases = Vec::new();
        for _ in 0..count {
            self.unread.clone_from(&before);
            let mut case = Vec::new();
            self.block(1, 3, &mut case);
            cases.push(case);
            for (one, other) in after.iter_mut().zip(&self.unread) {
                *one |= *other;
            }
        }
        self.unread = after;
        Statement::Switch { on, bits, cases }
    }
}
