//! Relocations: the parts of compiled code that depend on the process, which are link slots and the
//! code's own address.
//!
//! The lifter names them by symbols, Cranelift reports their places in the code, and a region is
//! relocated when it is published. Unrelocated code therefore depends only on the guest's words and
//! the compiler's settings, so the persistent code cache can store it.

use cranelift_codegen::FinalizedMachReloc;
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{
    ExternalName, Function, GlobalValueData, InstBuilder, UserExternalName, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use serde::{Deserialize, Serialize};

/// A symbol that code refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RelocationTarget {
    /// The link slot of a guest address.
    Slot(u32),
    /// The start of the region's entries and code.
    Region,
}

impl RelocationTarget {
    /// The symbol's address, as a value in the function being built.
    pub(crate) fn value(self, b: &mut FunctionBuilder<'_>) -> Value {
        let (namespace, index, colocated) = match self {
            // The slots follow the code, within reach of a near reference.
            Self::Slot(pc) => (0, pc, true),
            Self::Region => (1, 0, true),
        };
        let name = b.func.declare_imported_user_function(UserExternalName::new(namespace, index));
        let symbol = GlobalValueData::Symbol {
            name: ExternalName::user(name),
            offset: 0.into(),
            colocated,
            tls: false,
        };
        let symbol = b.func.create_global_value(symbol);
        b.ins().symbol_value(types::I64, symbol)
    }

    fn of(target: &FinalizedRelocTarget, func: &Function) -> Option<Self> {
        let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = target else { return None };
        match func.params.user_named_funcs().get(*name)? {
            UserExternalName { namespace: 0, index } => Some(Self::Slot(*index)),
            UserExternalName { namespace: 1, index: 0 } => Some(Self::Region),
            _ => None,
        }
    }

    /// Size in bytes of the field in the code.
    fn width(self) -> usize {
        match self {
            Self::Slot(_) | Self::Region => 4,
        }
    }
}

/// A place in code that refers to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relocation {
    /// Offset in bytes from the start of the code.
    pub(crate) offset: u32,
    pub(crate) symbol: RelocationTarget,
}

impl Relocation {
    /// Converts a relocation of Cranelift in code that begins at `start`. `None` for kinds that are
    /// not supported.
    pub(crate) fn of(found: &FinalizedMachReloc, func: &Function, start: u32) -> Option<Self> {
        let symbol = RelocationTarget::of(&found.target, func)?;
        let is_known = match symbol {
            RelocationTarget::Slot(_) | RelocationTarget::Region => {
                matches!(found.kind, Reloc::X86PCRel4 | Reloc::X86CallPCRel4) && found.addend == -4
            }
        };
        is_known.then_some(Self { offset: found.offset + start, symbol })
    }

    /// Writes the distance to `value`, the symbol's address, into `code`, which will be at
    /// `address`. `None` if the field is outside the code or the distance does not fit.
    pub(crate) fn apply(self, code: &mut [u8], address: u64, value: u64) -> Option<()> {
        if !self.fits(code.len()) {
            return None;
        }
        let at = self.offset as usize;
        let field = code.get_mut(at..at + self.symbol.width())?;
        match self.symbol {
            RelocationTarget::Slot(_) | RelocationTarget::Region => {
                let after = address.checked_add(u64::from(self.offset) + 4)?;
                let distance = i32::try_from(value.wrapping_sub(after) as i64).ok()?;
                field.copy_from_slice(&distance.to_le_bytes());
            }
        }
        Some(())
    }

    /// Whether the field is inside code of `size` bytes.
    pub(crate) fn fits(self, size: usize) -> bool {
        (self.offset as usize).checked_add(self.symbol.width()).is_some_and(|end| end <= size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_of_the_code_are_refused() {
        let slot = Relocation { offset: 4, symbol: RelocationTarget::Slot(0) };
        let cut = Relocation { offset: 5, symbol: RelocationTarget::Slot(0) };
        let mut code = [0; 8];
        assert!(slot.fits(8) && !cut.fits(8));
        assert_eq!(slot.apply(&mut code, 0x1000, 0x1010), Some(()));
        assert_eq!(code, [0, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(cut.apply(&mut code, 0x1000, 0x1010), None);
        assert_eq!(slot.apply(&mut code, 0x1000, 1 << 40), None, "too far");
        let wild = Relocation { offset: u32::MAX, symbol: RelocationTarget::Slot(0) };
        assert!(!wild.fits(8));
    }
}
