//! Settings of profiles: their ids, types and values.
//!
//! An id contains the type (bits 28–31) and the maximum size in bytes (bits 16–27) of its value.
//! Three settings are per title, and two more count the achievements in a title. All others are
//! shared by all titles and belong to the dashboard. Values here are validated: they have the type
//! of their id and fit its size.

mod table;

pub use table::ROWS;

use serde::{Deserialize, Serialize};

/// Title id of the dashboard, which owns the settings that all titles share.
pub const DASHBOARD: u32 = 0xFFFE_07D1;

/// A type of values, as ids and `XUSER_DATA` number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit signed integer.
    Int32 = 1,
    /// 64-bit signed integer.
    Int64 = 2,
    /// Double-precision floating point.
    Double = 3,
    /// UTF-16 text with its terminator.
    Text = 4,
    /// Single-precision floating point.
    Float = 5,
    /// Array of bytes.
    Binary = 6,
    /// Units of 100 ns since 1601.
    Time = 7,
}

/// Value of a setting in a new profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// The value is zero.
    Zero,
    /// An integer value.
    Int32(i32),
    /// A text value.
    Text(&'static str),
    /// The setting has no value.
    Nothing,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// A number: its bits in a 64-bit field, from the most significant bit down.
    Bits(u64),
    /// Text without its terminator, or bytes.
    Bytes(Vec<u8>),
}

/// The id of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SettingId(pub u32);

impl SettingId {
    /// The user's avatar.
    pub const AVATAR: Self = Self(0x63E8_0044);
    /// Gamerscore over all titles.
    pub const GAMERSCORE: Self = Self(0x1004_0006);
    /// Number of titles played.
    pub const TITLES_PLAYED: Self = Self(0x1004_0012);
    /// Number of achievements over all titles.
    pub const ACHIEVEMENTS: Self = Self(0x1004_0013);
    /// Gamerscore in a title.
    pub const TITLE_GAMERSCORE: Self = Self(0x1004_0038);
    /// Number of achievements in a title.
    pub const TITLE_ACHIEVEMENTS: Self = Self(0x1004_0039);

    /// Returns the type of the setting's values; `None` if the id has an unknown type.
    pub fn kind(self) -> Option<Kind> {
        use Kind::{Binary, Double, Float, Int32, Int64, Text, Time};
        let kind = (self.0 >> 28) as usize;
        [None, Some(Int32), Some(Int64), Some(Double), Some(Text), Some(Float), Some(Binary), Some(Time)]
            .get(kind)
            .copied()
            .flatten()
    }

    /// Maximum size of a value in bytes.
    pub fn room(self) -> u32 {
        self.0 >> 16 & 0xFFF
    }

    /// Bytes that a value takes outside its item, in a title's buffer.
    pub fn room_outside(self) -> u32 {
        if self.is_outside() { self.room() } else { 0 }
    }

    /// Returns whether the value is stored outside its item, as text and bytes are.
    pub fn is_outside(self) -> bool {
        matches!(self.kind(), Some(Kind::Text | Kind::Binary))
    }

    /// Returns whether titles may change the setting: only a title's own options, not the sums
    /// (`XPROFILE_TITLE_SPECIFIC1` to `3` of xenia-canary and Velocity).
    pub fn may_be_set_by_titles(self) -> bool {
        matches!(self.0, 0x63E8_3FFD..=0x63E8_3FFF)
    }

    /// Returns whether each title has a separate value.
    pub fn is_of_title(self) -> bool {
        matches!(self.0 & 0xFFFF, 0x3FFD..=0x3FFF)
            || matches!(self, Self::TITLE_GAMERSCORE | Self::TITLE_ACHIEVEMENTS)
    }

    fn row(self) -> Option<Initial> {
        let found = ROWS.binary_search_by_key(&self.0, |row| row.0).ok()?;
        ROWS.get(found).map(|row| row.2)
    }

    /// Returns whether the setting exists.
    pub fn exists(self) -> bool {
        self.row().is_some()
    }

    /// Returns the value in a new profile; `None` if it has no value.
    pub fn default(self) -> Option<Value> {
        match self.row()? {
            Initial::Zero => Some(Value::Bits(0)),
            Initial::Int32(number) => Some(Value::Bits(u64::from(number as u32) << 32)),
            Initial::Text(text) => {
                Some(Value::Bytes(text.encode_utf16().flat_map(u16::to_be_bytes).collect()))
            }
            Initial::Nothing => None,
        }
    }

    /// Returns whether `value` is valid for the setting.
    pub fn accepts(self, value: &Value) -> bool {
        match value {
            Value::Bits(_) => self.kind().is_some() && !self.is_outside(),
            // The text's terminator needs room, too.
            Value::Bytes(bytes) => {
                let end = if self.kind() == Some(Kind::Text) { 2 } else { 0 };
                self.is_outside() && bytes.len() + end <= self.room() as usize
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_of_their_types() {
        assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ROWS.len() > 100);
        for &(id, name, default) in ROWS {
            let id = SettingId(id);
            let kind = id.kind().unwrap_or_else(|| panic!("{name}"));
            assert!((4..=0x3E8).contains(&id.room()), "{name}: {:#x}", id.room());
            match default {
                Initial::Zero => assert!(!id.is_outside(), "{name}"),
                Initial::Int32(_) => assert_eq!(kind, Kind::Int32, "{name}"),
                Initial::Text(_) => assert_eq!(kind, Kind::Text, "{name}"),
                Initial::Nothing => assert!(id.is_outside(), "{name}"),
            }
            assert!(id.default().is_none_or(|value| id.accepts(&value)), "{name}");
            let of_title = name.starts_with("TITLE_SPECIFIC") || name.starts_with("GAMERCARD_TITLE_");
            assert_eq!(id.is_of_title(), of_title, "{name}");
        }
    }

    #[test]
    fn values_have_their_ids_type_and_room() {
        let number = SettingId(0x1004_0003);
        let text = SettingId(0x402C_0011);
        let binary = SettingId(0x63E8_3FFF);
        assert!(number.accepts(&Value::Bits(7)) && !number.accepts(&Value::Bytes(vec![0; 4])));
        assert!(text.accepts(&Value::Bytes(vec![0; 0x2A])) && !text.accepts(&Value::Bytes(vec![0; 0x2B])));
        assert!(
            binary.accepts(&Value::Bytes(vec![0; 0x3E8])) && !binary.accepts(&Value::Bytes(vec![0; 0x3E9]))
        );
        assert!(!binary.accepts(&Value::Bits(0)));
        assert_eq!(number.default(), Some(Value::Bits(3 << 32)));
        for id in [0, 0x0004_0001, 0x8004_0001, 0x1004_1234, 0xFFFF_FFFF] {
            assert!(!SettingId(id).exists(), "{id:#x}");
        }
        assert_eq!(SettingId(0xF004_0001).kind(), None);
    }
}
