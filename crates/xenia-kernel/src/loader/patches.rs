//! Patches of modules: applied after the imports are bound, and before the pages are protected and
//! any code of the module runs.

use super::{LoadError, ModuleLoader};
use xenia_formats::image::LoadedImage;
use xenia_guest::GuestAddr;

impl ModuleLoader<'_> {
    /// Applies the patches that are switched on for a mapped module.
    pub(super) fn patch_image(&self, handle: GuestAddr, image: &LoadedImage) -> Result<(), LoadError> {
        let found = self.patches.of_module(image)?;
        for patch in &found {
            for write in &patch.writes {
                self.memory
                    .write_bytes(write.address, &write.bytes)
                    .map_err(|fault| LoadError::Kernel { what: "a patch", source: fault.into() })?;
            }
            tracing::info!(target: "kernel", "patch `{}` is applied ({})", patch.name, patch.place);
        }
        if let Some(module) = self.modules.lock().find_mut(handle) {
            module.patches = found.iter().map(|patch| patch.name.clone()).collect();
        }
        Ok(())
    }
}
