//! Distances of branches and tables, which are filled in once their target's position is known.

use super::Encoder;
use super::bytes::Bytes;

impl Encoder {
    /// Puts `nop`s until a field that begins `ahead` bytes further on lies within 8 aligned bytes,
    /// so that one store replaces it as a whole.
    pub(in crate::baseline) fn align_field(&mut self, ahead: usize) {
        let (bits, len) = match (self.len + ahead) % 8 {
            5 => (0x00_1F0F, 3),
            6 => (0x9066, 2),
            7 => (0x90, 1),
            _ => return,
        };
        self.put(&Bytes { bits, len });
    }

    /// Makes the 4-byte distance at `field` lead to `target`. Both are positions here; the target's
    /// may lie outside.
    pub(in crate::baseline) fn set_distance(&mut self, field: usize, target: i64) {
        let distance = target - (field as i64 + 4);
        self.buffer[field..field + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }

    /// Makes the 1-byte distance at `field` lead to `target`. False if it is too far.
    pub(in crate::baseline) fn set_short_distance(&mut self, field: usize, target: usize) -> bool {
        let Ok(distance) = i8::try_from(target as i64 - (field as i64 + 1)) else { return false };
        self.buffer[field] = distance as u8;
        true
    }

    /// Puts 2 bytes at `at`. False if the value is too large.
    pub(in crate::baseline) fn set_half(&mut self, at: usize, value: i64) -> bool {
        let Ok(value) = i16::try_from(value) else { return false };
        self.buffer[at..at + 2].copy_from_slice(&value.to_le_bytes());
        true
    }

    /// Makes the 1-byte distance at `field` lead to here, which is close.
    pub(in crate::baseline) fn land(&mut self, field: usize) {
        let fits = self.set_short_distance(field, self.len);
        debug_assert!(fits, "a template is longer than a short jump");
        self.flags = None;
    }
}
