//! Registration of compiled code and its fault hook.

use crate::error::MemoryError;
use crate::fault;
use crate::fault_hook::{FaultHook, HOOKS};
use crate::registry::RegistrySlot;
use std::ops::Range;

/// Registration of a hook; dropping it removes the hook.
#[derive(Debug)]
pub struct CodeHook {
    entry: RegistrySlot,
    hook: *mut Box<dyn FaultHook>,
}

// SAFETY: the pointer owns a box whose contents are Send and Sync.
unsafe impl Send for CodeHook {}
// SAFETY: a shared `CodeHook` gives no access to the box.
unsafe impl Sync for CodeHook {}

/// Registers the host code in `range` as code that may use guest views. Its accesses to devices are
/// emulated, those to watched pages continue, and `hook` decides about its other faults. The
/// registration lasts until the result is dropped, which must not happen before the code has run
/// for the last time. Ranges must not overlap.
pub fn register_code_hook(range: Range<usize>, hook: Box<dyn FaultHook>) -> Result<CodeHook, MemoryError> {
    fault::install()?;
    let hook = Box::into_raw(Box::new(hook));
    match HOOKS.insert(range, hook) {
        Ok(entry) => Ok(CodeHook { entry, hook }),
        Err(error) => {
            // SAFETY: created above, and not shared.
            drop(unsafe { Box::from_raw(hook) });
            Err(error)
        }
    }
}

impl Drop for CodeHook {
    fn drop(&mut self) {
        HOOKS.remove(&self.entry);
        // SAFETY: created by `register_code_hook`; no longer in the table, and no code of its range
        // runs any more.
        drop(unsafe { Box::from_raw(self.hook) });
    }
}
