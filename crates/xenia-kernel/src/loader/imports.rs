//! Import slots and thunks.

use crate::Kernel;
use crate::exports::ordinals::{self, ExportKind};
use crate::exports::{Library, Registry};
use crate::failure::Fallible;
use crate::stubs::Target;
use xenia_formats::image::{Import, LoadedImage};

impl Kernel {
    /// Points the imports of an image, which is in guest memory already, at their exports. What is not implemented is
    /// reported when it is called.
    pub(crate) fn patch_imports(&self, image: &LoadedImage) -> Fallible<()> {
        for library in &image.imports {
            let known = Library::of_file(&library.name);
            if known.is_none() {
                tracing::warn!(target: "kernel", "imports from {}, which is not there", library.name);
            }
            for import in &library.imports {
                self.patch_import(known, import)?;
            }
        }
        Ok(())
    }

    fn patch_import(&self, library: Option<Library>, import: &Import) -> Fallible<()> {
        let memory = &*self.memory;
        let ordinal = import.ordinal;
        if let Some(thunk) = import.thunk {
            let export = library.and_then(|library| Registry::get().find(library, ordinal));
            let target = match export {
                Some(export) => Target::Export(export),
                None => Target::Missing { library, ordinal },
            };
            self.stubs.lock().patch_thunk(memory, thunk, target)?;
            memory.write(import.slot, thunk)?;
            return Ok(());
        }
        // A slot without a thunk is a variable, or a function that the title calls through a pointer.
        let kind = library.and_then(|library| ordinals::find(library.rows(), ordinal)).map(|row| row.kind);
        let address = if let (Some(library), Some(ExportKind::Variable)) = (library, kind) {
            let mut variables = self.variables.lock();
            variables.storage_of(memory, &mut self.pool.lock(), library, ordinal)?
        } else {
            let export = library.and_then(|library| Registry::get().find(library, ordinal));
            let mut stubs = self.stubs.lock();
            match export {
                Some(export) => stubs.of_export(memory, export)?,
                None => stubs.add(memory, Target::Missing { library, ordinal })?,
            }
        };
        memory.write(import.slot, address)?;
        Ok(())
    }
}
