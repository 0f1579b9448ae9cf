//! What of compiled code belongs to the process that it runs in: link slots, and where it lies
//! itself.
//!
//! The lifter names them by symbols, and Cranelift says where in the code they are; a region is
//! relocated when it is published. So what the compiler makes follows from the guest's words and
//! its settings alone, and can be kept.

use cranelift_codegen::FinalizedMachReloc;
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{
    ExternalName, Function, GlobalValueData, InstBuilder, UserExternalName, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use serde::{Deserialize, Serialize};

/// What code refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Symbol {
    /// The link slot of a guest address.
    Slot(u32),
    /// Where the region's entries and code begin.
    Region,
}

impl Symbol {
    /// Its value in the function that is being made: an address.
    pub(crate) fn value(self, b: &mut FunctionBuilder<'_>) -> Value {
        let (namespace, index, colocated) = match self {
            // The slots lie behind the code.
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

    /// Bytes of code that hold it.
    fn width(self) -> usize {
        match self {
            Self::Slot(_) | Self::Region => 4,
        }
    }
}

/// A place in code that refers to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relocation {
    /// By how many bytes it is behind the start of the code.
    pub(crate) offset: u32,
    pub(crate) symbol: Symbol,
}

impl Relocation {
    /// What Cranelift says of code that begins at `start`. `None` if that is nothing we know how to
    /// relocate.
    pub(crate) fn of(found: &FinalizedMachReloc, func: &Function, start: u32) -> Option<Self> {
        let symbol = Symbol::of(&found.target, func)?;
        let is_known = match symbol {
            Symbol::Slot(_) | Symbol::Region => {
                matches!(found.kind, Reloc::X86PCRel4 | Reloc::X86CallPCRel4) && found.addend == -4
            }
        };
        is_known.then_some(Self { offset: found.offset + start, symbol })
    }

    /// Puts the distance of what `symbol` is, an address, into `code`, which will be at `address`.
    /// `None` if that's not possible.
    pub(crate) fn apply(self, code: &mut [u8], address: u64, value: u64) -> Option<()> {
        if !self.fits(code.len()) {
            return None;
        }
        let at = self.offset as usize;
        let field = code.get_mut(at..at + self.symbol.width())?;
        match self.symbol {
            Symbol::Slot(_) | Symbol::Region => {
                let after = address.checked_add(u64::from(self.offset) + 4)?;
                let distance = i32::try_from(value.wrapping_sub(after) as i64).ok()?;
                field.copy_from_slice(&distance.to_le_bytes());
            }
        }
        Some(())
    }

    /// Whether all of it lies inside of code of so many bytes.
    pub(crate) fn fits(self, size: usize) -> bool {
        (self.offset as usize).checked_add(self.symbol.width()).is_some_and(|end| end <= size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_of_the_code_are_refused() {
        let slot = Relocation { offset: 4, symbol: Symbol::Slot(0) };
        let cut = Relocation { offset: 5, symbol: Symbol::Slot(0) };
        let mut code = [0; 8];
        assert!(slot.fits(8) && !cut.fits(8));
        assert_eq!(slot.apply(&mut code, 0x1000, 0x1010), Some(()));
        assert_eq!(code, [0, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(cut.apply(&mut code, 0x1000, 0x1010), None);
        assert_eq!(slot.apply(&mut code, 0x1000, 1 << 40), None, "too far");
        let wild = Relocation { offset: u32::MAX, symbol: Symbol::Slot(0) };
        assert!(!wild.fits(8));
    }
}
