//! References of x86-64 code: distances of 32 bits from the end of the field.

use cranelift_codegen::FinalizedMachReloc;
use cranelift_codegen::binemit::Reloc;
use serde::{Deserialize, Serialize};

/// The form of a reference: there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RelocationForm;

impl RelocationForm {
    /// The form for tests.
    #[cfg(test)]
    pub(crate) const FIRST: Self = Self;

    /// The form of a relocation of Cranelift. `None` for kinds that are not supported.
    pub(crate) fn of(found: &FinalizedMachReloc) -> Option<Self> {
        let is_known = matches!(found.kind, Reloc::X86PCRel4 | Reloc::X86CallPCRel4) && found.addend == -4;
        is_known.then_some(Self)
    }

    /// Makes the `field` that will be at `address` refer to `value`. `None` if it is too far.
    #[allow(clippy::unused_self)] // other processors have several forms
    pub(crate) fn apply(self, field: &mut [u8; 4], address: u64, value: u64) -> Option<()> {
        let after = address.checked_add(4)?;
        *field = i32::try_from(value.wrapping_sub(after).cast_signed()).ok()?.to_le_bytes();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_from_the_end_of_the_field() {
        let mut field = [0; 4];
        assert_eq!(RelocationForm.apply(&mut field, 0x1004, 0x1010), Some(()));
        assert_eq!(field, [8, 0, 0, 0]);
        assert_eq!(RelocationForm.apply(&mut field, 0x1004, 0x1000), Some(()));
        assert_eq!(i32::from_le_bytes(field), -8);
    }
}
