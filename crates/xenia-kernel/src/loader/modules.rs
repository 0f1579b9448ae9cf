//! Loaded modules, and their entries in guest memory.

use super::libraries::Beginning;
use super::operation::Operation;
use super::places::named_functions;
use crate::Kernel;
use crate::layout::ldr;
use crate::status::failure::{Failure, Fallible};
use crate::thread::lists;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_formats::FormatError;
use xenia_formats::image::{ExecutionInfo, Export, FunctionEntry, LoadedImage, Resource, Symbol, Version};
use xenia_guest::{GuestAddr, NtStatus, TitleId};

/// Why an image could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The image's pages are not where an image can be.
    #[error("image at {base}, {size:#x} bytes: {source}")]
    Place {
        /// First address.
        base: GuestAddr,
        /// Bytes.
        size: u32,
        /// Why memory refused.
        source: xenia_memory::HeapError,
    },
    /// The image has no entry point.
    #[error("the image has no entry point")]
    NoEntry,
    /// A title is loaded already.
    #[error("a title is loaded already")]
    Loaded,
    /// The file is not there, or can't be read.
    #[error("{path}: {source}")]
    File {
        /// Guest path.
        path: String,
        /// Why.
        source: Failure,
    },
    /// The file is no executable that can be loaded.
    #[error("{path}: {source}")]
    Image {
        /// Guest path.
        path: String,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The module is older than it may be.
    #[error("{path} is version {version}, {minimum} is needed")]
    Version {
        /// Guest path.
        path: String,
        /// Its version.
        version: Version,
        /// The oldest that would do.
        minimum: Version,
    },
    /// Modules need modules that need modules, and so on.
    #[error("{path}: modules need each other too deeply")]
    TooDeep {
        /// Guest path.
        path: String,
    },
    /// It imports from a library that can't be loaded.
    #[error("{module} imports from {library}, which can't be loaded: {source}")]
    Import {
        /// File name of what imports.
        module: String,
        /// Name of the library.
        library: String,
        /// Why.
        source: Box<LoadError>,
    },
    /// The kernel failed.
    #[error("{what}: {source}")]
    Kernel {
        /// What it was doing.
        what: &'static str,
        /// Why it failed.
        source: Failure,
    },
}

impl LoadError {
    /// The status that a title gets.
    pub fn status(self) -> NtStatus {
        match self {
            Self::Place { source, .. } => Failure::from(source).status(),
            Self::NoEntry | Self::Image { .. } | Self::TooDeep { .. } => NtStatus::INVALID_IMAGE_FORMAT,
            Self::Loaded => NtStatus::CONFLICTING_ADDRESSES,
            Self::Version { .. } => NtStatus::REVISION_MISMATCH,
            Self::File { source, .. } => match source.status() {
                NtStatus::OBJECT_NAME_NOT_FOUND
                | NtStatus::OBJECT_PATH_NOT_FOUND
                | NtStatus::OBJECT_NAME_INVALID => NtStatus::NO_SUCH_FILE,
                status => status,
            },
            Self::Import { .. } => NtStatus::DLL_NOT_FOUND,
            Self::Kernel { source, .. } => source.status(),
        }
    }
}

/// A module in guest memory.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its handle: address of its entry in the list of loaded modules.
    pub handle: GuestAddr,
    /// File name.
    pub name: String,
    /// The file name that the linker knew, by which others may ask for it.
    pub linked_name: Option<String>,
    /// Guest path of its file.
    pub path: String,
    /// Whether it is a library, whose entry is called when it comes and when it goes.
    pub is_library: bool,
    /// Its version, if it has one.
    pub version: Option<Version>,
    /// Modules that were loaded because it imports from them, and that it keeps.
    pub dependencies: Vec<GuestAddr>,
    /// Whether its entry has been told that it has come.
    pub attached: bool,
    /// First address.
    pub base: GuestAddr,
    /// Bytes.
    pub size: u32,
    /// First instruction, or null.
    pub entry: GuestAddr,
    /// Guest copy of the XEX headers; null for an ELF.
    pub headers: GuestAddr,
    /// Bytes of stack that its main thread wants.
    pub stack_size: Option<u32>,
    /// Title id and discs, if it says them.
    pub execution: Option<ExecutionInfo>,
    /// Other titles that it may have content of.
    pub alternate_titles: Vec<TitleId>,
    /// Named data.
    pub resources: Vec<Resource>,
    /// What the title says of itself (SPA), as it was before the title ran; empty if it says
    /// nothing.
    pub database: Arc<[u8]>,
    /// Exports by ordinal.
    pub exports: Vec<Export>,
    /// Function table, by address.
    pub functions: Vec<FunctionEntry>,
    /// Functions that have names, by address.
    pub(super) named: Vec<Symbol>,
    /// Kernel memory that it owns, beside its entry in the list and its headers.
    pub(super) names: Vec<GuestAddr>,
}

/// What a module is called, and how it is treated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// File name.
    pub(crate) name: &'a str,
    /// Guest path of its file.
    pub(crate) path: &'a str,
    /// See [`Module::is_library`].
    pub(crate) is_library: bool,
}

/// All loaded modules; the title is the first.
#[derive(Debug, Default)]
pub struct Modules {
    list: Vec<Module>,
    /// Loads and unloads that wait for guest code, by number.
    pub(crate) operations: BTreeMap<u64, Operation>,
    /// The number of the next one.
    pub(crate) next_operation: u64,
    /// What is left to do before the title's entry runs, if anything.
    pub(super) beginning: Option<Beginning>,
    /// The critical section of who loads and unloads; null until somebody does.
    pub(super) lock: GuestAddr,
    /// Threads that wait for it, or own it because they have waited.
    pub(super) handed_over: BTreeSet<u32>,
}

impl Modules {
    /// Adds a module.
    pub fn push(&mut self, module: Module) {
        self.list.push(module);
    }

    /// The title's own module.
    pub fn title(&self) -> Option<&Module> {
        self.list.first()
    }

    /// The module with this handle.
    pub fn find(&self, handle: GuestAddr) -> Option<&Module> {
        self.list.iter().find(|module| module.handle == handle)
    }

    /// The module with this handle.
    pub fn find_mut(&mut self, handle: GuestAddr) -> Option<&mut Module> {
        self.list.iter_mut().find(|module| module.handle == handle)
    }

    /// Takes a module off the list; the title stays.
    pub fn remove(&mut self, handle: GuestAddr) -> Option<Module> {
        let index = self.list.iter().position(|module| module.handle == handle)?;
        (index > 0).then(|| self.list.remove(index))
    }

    /// The module of this file name, or else linked under this name; case does not matter.
    pub fn find_name(&self, name: &str) -> Option<&Module> {
        let linked =
            |module: &&Module| module.linked_name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        let mut modules = self.list.iter();
        modules
            .find(|module| module.name.eq_ignore_ascii_case(name))
            .or_else(|| self.list.iter().find(linked))
    }

    /// All modules, in the order they were loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Module> {
        self.list.iter()
    }

    /// The function that `address` lies in, with its module.
    pub fn function_at(&self, address: GuestAddr) -> Option<(&Module, &FunctionEntry)> {
        self.list.iter().find_map(|module| {
            let after = module.functions.partition_point(|function| function.start <= address);
            let function = module.functions.get(after.checked_sub(1)?)?;
            (address.0 - function.start.0 < function.size).then_some((module, function))
        })
    }

    /// The modules that one needs, as it imports from them.
    pub(crate) fn dependencies_of(&self, handle: GuestAddr) -> Vec<GuestAddr> {
        self.find(handle).map(|module| module.dependencies.clone()).unwrap_or_default()
    }
}

/// The database in an executable's resources, which is called as the title's number.
fn database_of(image: &LoadedImage) -> &[u8] {
    let found = image.execution.and_then(|execution| {
        let name = format!("{:08X}", execution.title_id.0);
        let resource = image.resources.iter().find(|resource| resource.name.eq_ignore_ascii_case(&name))?;
        let start = image.offset_of(resource.address, resource.size)?;
        image.bytes.get(start..start + resource.size as usize)
    });
    found.unwrap_or_default()
}

impl Kernel {
    /// Makes the guest-visible entry of a module and adds it to the list.
    pub(crate) fn register_module(&self, image: &LoadedImage, identity: Identity) -> Fallible<GuestAddr> {
        let Identity { name, path, is_library } = identity;
        let memory = &*self.memory;
        let handle = self.pool.allocate(ldr::SIZE)?;
        let mut headers = GuestAddr::NULL;
        if !image.headers.is_empty() {
            headers = self.pool.allocate(image.headers.len() as u32)?;
            memory.write_bytes(headers, &image.headers)?;
        }
        let base_name = self.pool.wide_name(name)?;
        let full_name = if path == name { base_name } else { self.pool.wide_name(path)? };
        let title = self.modules.lock().title().map(|title| title.handle);
        for list in ldr::LISTS {
            lists::initialize(memory, handle.offset(list))?;
            // The lists have no heads: they are circles that begin with the title.
            if let Some(title) = title {
                lists::insert_tail(memory, title.offset(list), handle.offset(list))?;
            }
        }
        for (offset, value) in [
            (ldr::DLL_BASE, image.base.0),
            (ldr::IMAGE_BASE, image.base.0),
            (ldr::IMAGE_SIZE, image.size),
            (ldr::FULL_IMAGE_SIZE, image.size),
            (ldr::ENTRY_POINT, image.entry.0),
            (ldr::DLL_BASE_ORIGINAL, image.base.0),
            (ldr::XEX_HEADER_BASE, headers.0),
        ] {
            memory.write(handle.offset(offset), value)?;
        }
        memory.write(handle.offset(ldr::LOAD_COUNT), 1_u16)?;
        for (name_at, (wide, units)) in [(ldr::FULL_NAME, full_name), (ldr::BASE_NAME, base_name)] {
            memory.write(handle.offset(name_at), units * 2)?;
            memory.write(handle.offset(name_at + 2), (units + 1) * 2)?;
            memory.write(handle.offset(name_at + 4), wide)?;
        }
        let mut functions = image.functions.clone();
        functions.sort_by_key(|function| function.start);
        self.modules.lock().push(Module {
            handle,
            name: name.to_owned(),
            linked_name: image.name.clone(),
            path: path.to_owned(),
            is_library,
            version: image.execution.map(|execution| execution.version),
            dependencies: Vec::new(),
            attached: false,
            base: image.base,
            size: image.size,
            entry: image.entry,
            headers,
            stack_size: image.stack_size,
            execution: image.execution,
            alternate_titles: image.alternate_titles.clone(),
            resources: image.resources.clone(),
            database: database_of(image).into(),
            exports: image.exports.clone(),
            functions,
            named: named_functions(image),
            names: BTreeSet::from([base_name.0, full_name.0]).into_iter().collect(),
        });
        Ok(handle)
    }

    /// Takes a module out of memory, its entry in the lists included. Nothing is told; the title
    /// stays.
    pub(crate) fn discard_module(&self, handle: GuestAddr) {
        let Some(module) = self.modules.lock().remove(handle) else { return };
        for list in ldr::LISTS {
            // The guest may have written what it likes there.
            if let Err(error) = lists::remove(&self.memory, handle.offset(list)) {
                tracing::warn!(target: "kernel", "the list of modules is damaged at {}: {error}", module.name);
            }
        }
        self.imports.stubs.lock().unbind(module.base, module.size);
        if let Err(error) = self.memory.free(module.base) {
            tracing::warn!(target: "kernel", "the pages of {} are gone already: {error}", module.name);
        }
        let owned = module.names.into_iter().chain([handle, module.headers]);
        for at in owned.filter(|at| !at.is_null()) {
            if let Err(error) = self.pool.release(at) {
                tracing::warn!(target: "kernel", "kernel memory of {} at {at}: {error}", module.name);
            }
        }
    }
}
