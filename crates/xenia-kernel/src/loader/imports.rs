//! Import slots and import thunks.

use super::ModuleLoader;
use crate::imports::thunks::{Target, patch_jump};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use xenia_formats::image::{Import, LoadedImage};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::Library;
use xenia_imports::ordinals::{self, ExportKind};
use xenia_memory::GuestMemory;

/// Selects imports of an image by provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Importing {
    /// Imports from the console's system libraries.
    Console,
    /// Imports from modules loaded from files.
    Modules,
}

impl Importing {
    fn of(library: &str) -> Self {
        if Library::of_file(library).is_some() { Self::Console } else { Self::Modules }
    }
}

/// Provider of an import.
enum Provider {
    /// A system library of the console.
    Library(Library),
    /// A module loaded from a file.
    Module(BTreeMap<Ordinal, GuestAddr>),
    /// The provider is missing.
    Nobody,
}

impl ModuleLoader<'_> {
    /// Binds imports of an image in guest memory to their exports. Unimplemented exports are
    /// reported when called.
    pub(super) fn patch_imports(&self, image: &LoadedImage, which: Importing) -> Fallible<()> {
        // Look up each provider once; several import records can name it.
        let mut providers = BTreeMap::new();
        for library in image.imports.iter().filter(|library| Importing::of(&library.name) == which) {
            let provider = providers
                .entry(library.name.to_ascii_lowercase())
                .or_insert_with(|| self.provider(&library.name));
            for import in &library.imports {
                match provider {
                    Provider::Library(library) => self.patch_import(Some(*library), import)?,
                    Provider::Module(exports) => match exports.get(&import.ordinal) {
                        Some(&address) => connect(self.memory, import, address)?,
                        None => self.patch_import(None, import)?,
                    },
                    Provider::Nobody => self.patch_import(None, import)?,
                }
            }
        }
        Ok(())
    }

    fn provider(&self, name: &str) -> Provider {
        if let Some(library) = Library::of_file(name) {
            return Provider::Library(library);
        }
        if let Some(module) = self.modules.lock().find_name(name) {
            // The first of two exports with the same ordinal wins.
            let exports = module.exports.iter().rev().map(|export| (export.ordinal, export.address));
            return Provider::Module(exports.collect());
        }
        tracing::warn!(target: "kernel", "imports from {name}, which is missing");
        Provider::Nobody
    }

    fn patch_import(&self, library: Option<Library>, import: &Import) -> Fallible<()> {
        let memory = self.memory;
        let ordinal = import.ordinal;
        if let Some(thunk) = import.thunk {
            let export = library.and_then(|library| self.imports.registry.find(library, ordinal));
            let target = match export {
                Some(export) => Target::Export(export),
                None => Target::Missing { library, ordinal },
            };
            self.imports.stubs.lock().patch_thunk(memory, thunk, target)?;
            return write_slot(memory, import, thunk);
        }
        // A slot without a thunk is a variable, or a function that the title calls through a
        // pointer.
        let kind = library.and_then(|library| ordinals::find(library.rows(), ordinal)).map(|row| row.kind);
        let address = if let (Some(library), Some(ExportKind::Variable)) = (library, kind) {
            let at = self.imports.make_variable_at(memory, self.pool, library, ordinal)?;
            self.complete_object_type(at)?;
            at
        } else {
            let export = library.and_then(|library| self.imports.registry.find(library, ordinal));
            let mut stubs = self.imports.stubs.lock();
            match export {
                Some(export) => stubs.export_stub(memory, export)?,
                None => stubs.missing_stub(memory, library, ordinal)?,
            }
        };
        write_slot(memory, import, address)
    }
}

/// Binds an import to an export of another module.
fn connect(memory: &GuestMemory, import: &Import, export: GuestAddr) -> Fallible<()> {
    if let Some(thunk) = import.thunk {
        patch_jump(memory, thunk, export)?;
    }
    write_slot(memory, import, import.thunk.unwrap_or(export))
}

/// Stores the address of an import in its slot, if it has one.
fn write_slot(memory: &GuestMemory, import: &Import, address: GuestAddr) -> Fallible<()> {
    let Some(slot) = import.slot else { return Ok(()) };
    Ok(memory.write(slot, address)?)
}
