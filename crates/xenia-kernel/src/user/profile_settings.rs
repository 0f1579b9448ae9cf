//! Settings of profiles: their ids, types and values.
//!
//! An id says the type (bits 28–31) and the most bytes (16–27) of its value. Three are each title's
//! own, and two say what was achieved in it; all the others are one profile's for all titles, and
//! belong to the dashboard. Values here are checked: of their id's type, and no longer than it
//! says.

mod table;

pub use table::ROWS;

/// The title that what is not one title's own belongs to: the dashboard.
pub const DASHBOARD: u32 = 0xFFFE_07D1;

/// A type of values, as ids and `XUSER_DATA` number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32 bits.
    Int32 = 1,
    /// 64 bits.
    Int64 = 2,
    /// Double precision.
    Double = 3,
    /// UTF-16 with its end.
    Text = 4,
    /// Single precision.
    Float = 5,
    /// Bytes.
    Binary = 6,
    /// 100 ns since 1601.
    Time = 7,
}

/// What a setting is before anybody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// Zero.
    Zero,
    /// A number.
    Int32(i32),
    /// Text.
    Text(&'static str),
    /// It has no value.
    Nothing,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number of one kind, by the bits that it has in a 64-bit field, from the top.
    Bits(u64),
    /// Text without its end, or bytes.
    Bytes(Vec<u8>),
}

/// The id of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingId(pub u32);

impl SettingId {
    /// The user's avatar.
    pub const AVATAR: Self = Self(0x63E8_0044);
    /// What is achieved in all titles, worth.
    pub const GAMERSCORE: Self = Self(0x1004_0006);
    /// How many titles were played.
    pub const TITLES_PLAYED: Self = Self(0x1004_0012);
    /// How much was achieved in all titles.
    pub const ACHIEVEMENTS: Self = Self(0x1004_0013);
    /// What is achieved in a title, worth.
    pub const TITLE_GAMERSCORE: Self = Self(0x1004_0038);
    /// How much was achieved in a title.
    pub const TITLE_ACHIEVEMENTS: Self = Self(0x1004_0039);

    /// The type of its values; `None`: there is no such type.
    pub fn kind(self) -> Option<Kind> {
        use Kind::{Binary, Double, Float, Int32, Int64, Text, Time};
        let kind = (self.0 >> 28) as usize;
        [None, Some(Int32), Some(Int64), Some(Double), Some(Text), Some(Float), Some(Binary), Some(Time)]
            .get(kind)
            .copied()
            .flatten()
    }

    /// Most bytes of a value.
    pub fn room(self) -> u32 {
        self.0 >> 16 & 0xFFF
    }

    /// Bytes that a value takes beside its item, in what a title reads.
    pub fn room_outside(self) -> u32 {
        if self.is_outside() { self.room() } else { 0 }
    }

    /// Whether the value lies beside its item: text and bytes.
    pub fn is_outside(self) -> bool {
        matches!(self.kind(), Some(Kind::Text | Kind::Binary))
    }

    /// Whether a title may set it: its own options, and no sums (reference/xam_structs.md, section
    /// 3).
    pub fn may_be_set_by_titles(self) -> bool {
        matches!(self.0, 0x63E8_3FFD..=0x63E8_3FFF)
    }

    /// Whether each title has a value of its own.
    pub fn is_of_title(self) -> bool {
        matches!(self.0 & 0xFFFF, 0x3FFD..=0x3FFF)
            || matches!(self, Self::TITLE_GAMERSCORE | Self::TITLE_ACHIEVEMENTS)
    }

    fn row(self) -> Option<Initial> {
        let found = ROWS.binary_search_by_key(&self.0, |row| row.0).ok()?;
        ROWS.get(found).map(|row| row.2)
    }

    /// Whether there is such a setting.
    pub fn exists(self) -> bool {
        self.row().is_some()
    }

    /// What it is before anybody sets it; `None`: nothing.
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

    /// Whether this may be its value.
    pub fn accepts(self, value: &Value) -> bool {
        match value {
            Value::Bits(_) => self.kind().is_some() && !self.is_outside(),
            // A text's end needs room, too.
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
        let (number, text, binary) = (SettingId(0x1004_0003), SettingId(0x402C_0011), SettingId(0x63E8_3FFF));
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
