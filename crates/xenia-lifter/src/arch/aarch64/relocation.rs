//! References of AArch64 code: `adrp` of an address's page, then `add` of the rest.

use cranelift_codegen::FinalizedMachReloc;
use cranelift_codegen::binemit::Reloc;
use serde::{Deserialize, Serialize};

/// The form of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RelocationForm {
    /// Distance in pages of 4 KiB, in `adrp`.
    Page,
    /// Offset in its page, in `add`.
    Offset,
}

impl RelocationForm {
    /// The form for tests.
    #[cfg(test)]
    pub(crate) const FIRST: Self = Self::Page;

    /// The form of a relocation of Cranelift. `None` for kinds that are not supported.
    pub(crate) fn of(found: &FinalizedMachReloc) -> Option<Self> {
        let form = match found.kind {
            Reloc::Aarch64AdrPrelPgHi21 => Self::Page,
            Reloc::Aarch64AddAbsLo12Nc => Self::Offset,
            _ => return None,
        };
        (found.addend == 0).then_some(form)
    }

    /// Makes the instruction `field` that will be at `address` refer to `value`. `None` if it is
    /// too far.
    pub(crate) fn apply(self, field: &mut [u8; 4], address: u64, value: u64) -> Option<()> {
        /// Limit of a distance in pages, which has 21 bits with its sign.
        const MAX_DISTANCE: i64 = 1 << 20;
        let word = u32::from_le_bytes(*field);
        let word = match self {
            Self::Page => {
                let pages = (value >> 12).wrapping_sub(address >> 12).cast_signed();
                if !(-MAX_DISTANCE..MAX_DISTANCE).contains(&pages) {
                    return None;
                }
                let pages = pages as u32;
                // immlo has the lowest two bits, immhi the other 19 (Arm ARM, `adrp`).
                word & 0x9F00_001F | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5
            }
            Self::Offset => word & !(0xFFF << 10) | (value as u32 & 0xFFF) << 10,
        };
        *field = word.to_le_bytes();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_offsets_go_to_their_fields() {
        let apply = |form: RelocationForm, word: u32, value| {
            let mut field = word.to_le_bytes();
            form.apply(&mut field, 0x10_0004, value).map(|()| u32::from_le_bytes(field))
        };
        // adrp x3, #0x5000; adrp x3, #-0x1000
        assert_eq!(apply(RelocationForm::Page, 0x9000_0003, 0x10_5678), Some(0xB000_0023));
        assert_eq!(apply(RelocationForm::Page, 0x9000_0003, 0x0F_F000), Some(0xF0FF_FFE3));
        // add x3, x3, #0x678
        assert_eq!(apply(RelocationForm::Offset, 0x9100_0063, 0x10_5678), Some(0x9119_E063));
        assert_eq!(apply(RelocationForm::Page, 0x9000_0003, 1 << 34), None);
    }
}
