//! Registers of the chip: one row each, in a file per unit.
//!
//! A row has the index (byte offset in the MMIO window divided by four), the name and, where known,
//! the bit fields, as in the hardware documents. Names for traces, typed access and the check that
//! fields of a register don't overlap are derived from it. A field is a number, a flag or one of
//! [`enums`](crate::enums). Indices from [`FLOAT_CONSTANTS`] on are shader constants; they have no
//! rows because they differ only by number.

mod classes;
pub mod cp;
pub mod dc;
mod file;
pub mod pa;
pub mod rb;
pub mod sq;
pub mod units;
pub mod vgt;

pub(crate) use classes::DrawClasses;
pub use file::RegisterFile;

/// Number of registers.
pub const COUNT: usize = 0x5003;
/// Number of registers in the 64 KiB MMIO window.
pub const MMIO_COUNT: usize = 0x4000;
/// First of the 512 x 4 float constants: 256 for vertex shaders, 256 for pixel shaders.
pub const FLOAT_CONSTANTS: u32 = 0x4000;
/// First of the 32 x 6 fetch constant words.
pub const FETCH_CONSTANTS: u32 = 0x4800;
/// First of the 8 words of boolean constants.
pub const BOOL_CONSTANTS: u32 = 0x4900;
/// First of the 32 loop constants.
pub const LOOP_CONSTANTS: u32 = 0x4908;
/// First context register; lower ones are configuration registers.
pub const CONTEXT: u32 = 0x2000;

/// Register with named bit fields.
pub trait Register: Copy {
    const INDEX: u32;
    /// Name in the hardware's documentation.
    const NAME: &'static str;
    /// Wraps a raw value.
    fn from_raw(value: u32) -> Self;
    /// Returns the raw value.
    fn raw(self) -> u32;
}

/// Builder of a register's value: fields are set by the names with which they are read.
///
/// ```
/// use xenia_gpu::enums::Compare;
/// use xenia_gpu::registers::rb::RbDepthcontrol;
///
/// let control = RbDepthcontrol::with().z_enable(true).zfunc(Compare::Less).done();
/// assert_eq!((control.0, control.zfunc()), (1 << 1 | 1 << 4, Compare::Less));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct With<R>(pub R);

impl<R: Copy> With<R> {
    /// Returns the finished value.
    pub const fn done(self) -> R {
        self.0
    }
}

/// Register row, as traces and documentation use it.
#[derive(Clone, Copy)]
pub struct RegisterRow {
    pub index: u32,
    /// Name in the hardware's documentation.
    pub name: &'static str,
    /// Description; empty if the name is sufficient.
    pub doc: &'static str,
    /// Known bit fields.
    pub fields: &'static [Field],
    /// Formats a value field by field; `None` if no fields are known.
    pub describe: Option<fn(u32) -> String>,
}

/// Bit field of a register, as documentation uses it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub low: u32,
    /// Highest bit, inclusive.
    pub high: u32,
}

macro_rules! field_type {
    (u32, $v:expr, $lo:literal, $hi:literal) => {
        ($v >> $lo) & (u32::MAX >> (31 - ($hi - $lo)))
    };
    (i32, $v:expr, $lo:literal, $hi:literal) => {
        (($v << (31 - $hi)) as i32) >> (31 - ($hi - $lo))
    };
    (bool, $v:expr, $lo:literal, $hi:literal) => {
        ($v >> $lo) & 1 != 0
    };
    ($enum:ident, $v:expr, $lo:literal, $hi:literal) => {
        $enum::from_bits($crate::registers::field_type!(u32, $v, $lo, $hi))
    };
}

/// Checks, while the program is compiled, that no two fields of a word share a bit.
macro_rules! check_fields {
    ($($lo:literal..=$hi:literal,)*) => {
        const _: () = {
            let mut used = 0_u32;
            $(
                let bits = (u32::MAX >> (31 - ($hi - $lo))) << $lo;
                assert!(used & bits == 0, "two fields share a bit");
                used |= bits;
            )*
            let _ = used;
        };
    };
}

/// Converts a field's value to bits.
macro_rules! field_bits {
    (u32, $value:expr) => {
        $value
    };
    (i32, $value:expr) => {
        $value as u32
    };
    (bool, $value:expr) => {
        $value as u32
    };
    ($enum:ident, $value:expr) => {
        $value.bits()
    };
}

/// Formats a field. Values without a variant in the field's enum are shown as numbers.
macro_rules! show_field {
    ($to:ident, $name:expr, u32, $v:expr, $lo:literal, $hi:literal) => {
        $to.field($name, &$crate::registers::field_type!(u32, $v, $lo, $hi))
    };
    ($to:ident, $name:expr, i32, $v:expr, $lo:literal, $hi:literal) => {
        $to.field($name, &$crate::registers::field_type!(i32, $v, $lo, $hi))
    };
    ($to:ident, $name:expr, bool, $v:expr, $lo:literal, $hi:literal) => {
        $to.field($name, &$crate::registers::field_type!(bool, $v, $lo, $hi))
    };
    ($to:ident, $name:expr, $enum:ident, $v:expr, $lo:literal, $hi:literal) => {{
        let bits = $crate::registers::field_type!(u32, $v, $lo, $hi);
        let value = $enum::from_bits(bits);
        if value.bits() == bits { $to.field($name, &value) } else { $to.field($name, &bits) }
    }};
}

macro_rules! registers {
    ($($(#[doc = $doc:literal])* $index:literal $name:ident $hw:literal {
        $($field:ident: $lo:literal..=$hi:literal $ty:ident,)*
    })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Default)]
            pub struct $name(pub u32);

            impl $name {
                $(
                    #[doc = concat!("Bits ", $lo, " to ", $hi, ".")]
                    #[inline]
                    pub const fn $field(self) -> $ty {
                        $crate::registers::field_type!($ty, self.0, $lo, $hi)
                    }
                )*
            }

            impl $name {
                /// Starts building a value; all fields are zero.
                pub const fn with() -> $crate::registers::With<Self> {
                    $crate::registers::With(Self(0))
                }
            }

            impl $crate::registers::With<$name> {
                $(
                    #[doc = concat!("Sets bits ", $lo, " to ", $hi, "; those of the value beyond are lost.")]
                    pub const fn $field(self, value: $ty) -> Self {
                        let mask = (u32::MAX >> (31 - ($hi - $lo))) << $lo;
                        let bits = $crate::registers::field_bits!($ty, value) << $lo;
                        Self($name(self.0.0 & !mask | bits & mask))
                    }
                )*
            }

            impl $crate::registers::Register for $name {
                const INDEX: u32 = $index;
                const NAME: &'static str = $hw;
                fn from_raw(value: u32) -> Self {
                    Self(value)
                }
                fn raw(self) -> u32 {
                    self.0
                }
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    let mut to = f.debug_struct($hw);
                    $($crate::registers::show_field!(to, stringify!($field), $ty, self.0, $lo, $hi);)*
                    to.finish()
                }
            }

            $crate::registers::check_fields!($($lo..=$hi,)*);
        )*
        pub(super) const TYPED: &[$crate::registers::RegisterRow] = &[$($crate::registers::RegisterRow {
            index: $index,
            name: $hw,
            doc: concat!($($doc),*).trim_ascii(),
            fields: &[$($crate::registers::Field { name: stringify!($field), low: $lo, high: $hi }),*],
            describe: Some(|value| format!("{:?}", $name(value))),
        }),*];
    };
}

macro_rules! plain_registers {
    ($($(#[doc = $doc:literal])* $index:literal $name:ident;)*) => {
        $(
            #[doc = concat!("Index of `", stringify!($name), "`.")]
            $(#[doc = ""] #[doc = $doc])*
            pub const $name: u32 = $index;
        )*
        pub(super) const PLAIN: &[$crate::registers::RegisterRow] = &[$($crate::registers::RegisterRow {
            index: $index,
            name: stringify!($name),
            doc: concat!($($doc),*).trim_ascii(),
            fields: &[],
            describe: None,
        }),*];
    };
}

pub(crate) use {check_fields, field_type};
use {field_bits, plain_registers, registers, show_field};

/// Unit of the chip.
#[derive(Clone, Copy)]
pub struct Unit {
    /// Name of the unit.
    pub name: &'static str,
    /// Register rows: those with fields, then those without; indices ascend within each table.
    tables: &'static [&'static [RegisterRow]],
}

impl Unit {
    /// Iterates over the unit's rows.
    pub fn rows(&self) -> impl Iterator<Item = &'static RegisterRow> {
        self.tables.iter().flat_map(|table| table.iter())
    }
}

/// Units, each with its registers.
pub const UNITS: &[Unit] = &[
    Unit { name: "Command processor", tables: &[cp::TYPED, cp::PLAIN] },
    Unit { name: "Display controller", tables: &[dc::TYPED, dc::PLAIN] },
    Unit { name: "Primitive assembly and scan converter", tables: &[pa::TYPED, pa::PLAIN] },
    Unit { name: "Render backend", tables: &[rb::TYPED, rb::PLAIN] },
    Unit { name: "Sequencer", tables: &[sq::TYPED, sq::PLAIN] },
    Unit { name: "Vertex grouper and tessellator", tables: &[vgt::TYPED, vgt::PLAIN] },
    Unit { name: "Memory hubs, texture pipes, caches and bus", tables: &[units::PLAIN] },
];

/// Iterates over all tables of rows.
fn tables() -> impl Iterator<Item = &'static [RegisterRow]> {
    UNITS.iter().flat_map(|unit| unit.tables.iter().copied())
}

/// Iterates over all rows, unit by unit.
pub fn rows() -> impl Iterator<Item = &'static RegisterRow> {
    tables().flatten()
}

/// Finds the row of a register.
pub fn row(index: u32) -> Option<&'static RegisterRow> {
    tables().find_map(|table| table.binary_search_by_key(&index, |row| row.index).ok().map(|i| &table[i]))
}

/// Name of a register: the hardware's, a constant's, or the number.
pub fn name(index: u32) -> String {
    if let Some(row) = row(index) {
        return row.name.to_owned();
    }
    match index {
        0x4000..=0x47ff => {
            format!("ALU_CONSTANT_{:03}.{}", (index - 0x4000) / 4, ["x", "y", "z", "w"][(index & 3) as usize])
        }
        0x4800..=0x48bf => format!("FETCH_CONSTANT_{:02}_{}", (index - 0x4800) / 6, (index - 0x4800) % 6),
        0x4900..=0x4907 => format!("BOOL_CONSTANT_{}", index - 0x4900),
        0x4908..=0x4927 => format!("LOOP_CONSTANT_{:02}", index - 0x4908),
        _ => format!("register {index:#06x}"),
    }
}

/// Formats a register and a value, by fields if they are known.
pub fn describe(index: u32, value: u32) -> String {
    match row(index).and_then(|row| row.describe) {
        Some(describe) => describe(value),
        None => format!("{} = {value:#010x}", name(index)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enums::{ColorTargetFormat, EdramMode};
    use std::collections::BTreeMap;

    #[test]
    fn every_index_and_name_has_one_row_in_order() {
        let mut seen = BTreeMap::new();
        let mut names = BTreeMap::new();
        for table in tables() {
            assert!(table.windows(2).all(|pair| pair[0].index < pair[1].index));
        }
        for row in rows() {
            assert!(seen.insert(row.index, row.name).is_none(), "{:#x} twice", row.index);
            assert!(names.insert(row.name, row.index).is_none(), "{} twice", row.name);
            assert_eq!(super::row(row.index).map(|r| r.name), Some(row.name));
        }
        assert!(seen.len() > 350);
    }

    #[test]
    fn the_rows_of_every_file_belong_to_a_unit() {
        let sources = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let units = std::fs::read_to_string(sources.join("registers.rs")).unwrap();
        let mut count = 0;
        for file in std::fs::read_dir(sources.join("registers")).unwrap() {
            let path = file.unwrap().path();
            let block = path.file_stem().unwrap().to_str().unwrap();
            if !["classes", "file"].contains(&block) {
                assert!(units.contains(&format!("{block}::PLAIN] }}")), "UNITS lacks {block}");
                count += 1;
            }
        }
        assert_eq!(count, UNITS.len());
    }

    #[test]
    fn fields_are_cut_and_sign_extended() {
        let info = rb::RbColorInfo(0xfff5_0123);
        let expected = (0x123, ColorTargetFormat::Rgba16, -1);
        assert_eq!((info.color_base(), info.color_format(), info.color_exp_bias()), expected);
        assert_eq!(pa::PaScWindowOffset(0x7fff_0001).window_y_offset(), -1);
        assert!(rb::RbDepthcontrol(2).z_enable());
    }

    #[test]
    fn register_field_setters_preserve_other_fields() {
        let all = With(rb::RbColorInfo(u32::MAX));
        let info = all.color_exp_bias(-3).color_format(ColorTargetFormat::Rg16Float).done();
        assert_eq!((info.color_exp_bias(), info.color_format()), (-3, ColorTargetFormat::Rg16Float));
        assert_eq!(info.0 | 0x3ff << 16, u32::MAX);
        // Too large values don't change the adjacent fields.
        assert_eq!(pa::PaScWindowScissorTl::with().tl_x(u32::MAX).done().0, 0x3fff);
        assert_eq!(pa::PaScWindowOffset::with().window_y_offset(-1).done().0, 0x7fff << 16);
        let mut file = RegisterFile::new();
        file.write(rb::RbModecontrol::with().edram_mode(EdramMode::Copy));
        assert_eq!(file.get(0x2208), 6);
    }

    #[test]
    fn values_are_described_by_field() {
        assert_eq!(
            describe(0x2002, 0x0001_0005),
            "RB_DEPTH_INFO { depth_base: 5, depth_base_bit_11: 0, depth_format: D24FS8 }"
        );
        assert_eq!(describe(0x2208, 3), "RB_MODECONTROL { edram_mode: 3 }", "a mode without a name");
        assert_eq!(describe(0x1c5, 7), "CP_RB_WPTR = 0x00000007");
        assert_eq!(name(0x4007), "ALU_CONSTANT_001.w");
    }
}
