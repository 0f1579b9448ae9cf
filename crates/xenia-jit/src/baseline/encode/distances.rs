//! Distances of branches and tables: they are filled in once the position of the target is known.

use super::bytes::Bytes;
use super::{Condition, Encoder};

impl Encoder {
    /// Pads with `nop`s until a field that begins `ahead` bytes further on lies within 8 aligned
    /// bytes, so that one store can replace the whole field.
    pub(in crate::baseline) fn align_field(&mut self, ahead: usize) {
        // Four bytes that begin at 5, 6 or 7 would extend into the next 8 bytes.
        let (bits, len) = match (self.len + ahead) % 8 {
            5 => (0x00_1F0F, 3),
            6 => (0x9066, 2),
            7 => (0x90, 1),
            _ => return,
        };
        self.put(&Bytes { bits, len });
    }

    /// Sets the 4-byte distance at `field` to lead to `target`. Both are positions in this buffer;
    /// the target may lie outside of it.
    pub(in crate::baseline) fn set_distance(&mut self, field: usize, target: i64) {
        let distance = target - (field as i64 + 4);
        // Code memory is much smaller than 2 GiB, so the distance fits.
        self.buffer[field..field + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }

    /// Sets the 1-byte distance at `field` to lead to `target`. Returns false if it is out of
    /// range.
    pub(in crate::baseline) fn set_short_distance(&mut self, field: usize, target: usize) -> bool {
        let Ok(distance) = i8::try_from(target as i64 - (field as i64 + 1)) else { return false };
        self.buffer[field] = distance as u8;
        true
    }

    /// A conditional jump back to the position `target`, in the short form if that reaches.
    pub(in crate::baseline) fn jump_back_if(&mut self, condition: Condition, target: usize) {
        // 128 bytes back, less the jump's own two.
        if self.len - target <= 126 {
            let field = self.jump_if_short(condition);
            self.set_short_distance(field, target);
        } else {
            let field = self.jump_if(condition);
            self.set_distance(field, target as i64);
        }
    }

    /// Writes 2 bytes at `at`. Returns false if the value is out of range.
    pub(in crate::baseline) fn set_half(&mut self, at: usize, value: usize) -> bool {
        let Ok(value) = u16::try_from(value) else { return false };
        self.buffer[at..at + 2].copy_from_slice(&value.to_le_bytes());
        true
    }

    /// Sets the 1-byte distance at `field` to lead to the current position, which is in range.
    pub(in crate::baseline) fn land(&mut self, field: usize) {
        let fits = self.set_short_distance(field, self.len);
        debug_assert!(fits, "a template is longer than a short jump");
        // Control also arrives by the jump, and then with other flags.
        self.flags = None;
    }
}
