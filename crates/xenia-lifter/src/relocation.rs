//! Relocations: the parts of compiled code that depend on the process, which are link slots and the
//! code's own address.
//!
//! The lifter names them by symbols, Cranelift reports their places in the code, and a region is
//! relocated when it is published. Unrelocated code therefore depends only on the guest's words and
//! the compiler's settings, so the persistent code cache can store it.

use crate::arch::relocation::RelocationForm;
use cranelift_codegen::FinalizedMachReloc;
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::ir::{
    ExternalName, Function, GlobalValueData, InstBuilder, UserExternalName, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use serde::{Deserialize, Serialize};

/// A symbol that code refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RelocationTarget {
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
}

/// A place in code that refers to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relocation {
    /// Offset in bytes from the start of the code.
    pub offset: u32,
    /// The symbol that it refers to.
    pub symbol: RelocationTarget,
    form: RelocationForm,
}

/// Size in bytes of the field in the code.
const WIDTH: usize = 4;

impl Relocation {
    /// Converts a relocation of Cranelift, whose field is at `offset` now. `None` for kinds that
    /// are not supported.
    pub(crate) fn of(found: &FinalizedMachReloc, func: &Function, offset: u32) -> Option<Self> {
        let symbol = RelocationTarget::of(&found.target, func)?;
        let form = RelocationForm::of(found)?;
        Some(Self { offset, symbol, form })
    }

    /// Makes the field refer to `value`, the symbol's address, in `code`, which will be at
    /// `address`. `None` if the field is outside the code or the distance does not fit.
    pub fn apply(self, code: &mut [u8], address: u64, value: u64) -> Option<()> {
        let field = code.get_mut(self.offset as usize..)?.first_chunk_mut()?;
        self.form.apply(field, address.checked_add(u64::from(self.offset))?, value)
    }

    /// Whether the field is inside code of `size` bytes.
    pub fn fits(self, size: usize) -> bool {
        (self.offset as usize).checked_add(WIDTH).is_some_and(|end| end <= size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_of_the_code_are_refused() {
        let form = RelocationForm::FIRST;
        let slot = Relocation { offset: 4, symbol: RelocationTarget::Slot(0), form };
        let cut = Relocation { offset: 5, ..slot };
        let mut code = [0; 8];
        assert!(slot.fits(8) && !cut.fits(8));
        assert_eq!(slot.apply(&mut code, 0x1000, 0x1_0000), Some(()));
        assert_eq!((code[..4] == [0; 4], code[4..] == [0; 4]), (true, false));
        assert_eq!(cut.apply(&mut code, 0x1000, 0x1010), None);
        assert_eq!(slot.apply(&mut code, 0x1000, 1 << 40), None, "too far");
        let wild = Relocation { offset: u32::MAX, ..slot };
        assert!(!wild.fits(8));
    }
}
