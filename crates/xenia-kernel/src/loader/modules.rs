//! Loaded modules and their entries in guest memory.

mod state;

pub(crate) use state::ModulesState;

use super::ModuleLoader;
use super::libraries::Beginning;
use super::operation::Operation;
use super::places::named_functions;
use crate::status::failure::{Failure, Fallible};
use crate::thread::lists;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_formats::FormatError;
use xenia_formats::image::{
    ExecutionInfo, FunctionEntry, ImageExport, LoadedImage, Resource, Symbol, Version,
};
use xenia_guest::layout::ldr;
use xenia_guest::{GuestAddr, NtStatus, TitleId};
use xenia_limits::Limit;
use xenia_patches::PatchError;

/// Reasons why an image could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A library's image is outside the range for images.
    #[error("a library at {base}, outside 0x80000000..0xA0000000")]
    OutsideImages {
        /// First address of the image.
        base: GuestAddr,
    },
    /// The image's pages are outside the heaps, or occupied.
    #[error("image at {base}, {size:#x} bytes: {source}")]
    Place {
        /// First address of the image.
        base: GuestAddr,
        /// Size in bytes.
        size: u32,
        /// Error of the allocation.
        source: xenia_memory::HeapError,
    },
    /// The image has no entry point.
    #[error("the image has no entry point")]
    NoEntry,
    /// A title is already loaded.
    #[error("a title is loaded already")]
    Loaded,
    /// The file is missing or unreadable.
    #[error("{path}: {source}")]
    File {
        /// Guest path of the file.
        path: String,
        /// Error of the file system.
        source: Failure,
    },
    /// The file is not a loadable executable.
    #[error("{path}: {source}")]
    Image {
        /// Guest path of the file.
        path: String,
        /// Error of the parser.
        source: FormatError,
    },
    /// The module is older than required.
    #[error("{path} is version {version}, {minimum} is needed")]
    Version {
        /// Guest path of the file.
        path: String,
        /// Version of the module.
        version: Version,
        /// Oldest acceptable version.
        minimum: Version,
    },
    /// The chain of dependencies is too long.
    #[error("{path}: modules need each other too deeply")]
    TooDeep {
        /// Guest path of the file.
        path: String,
    },
    /// A library that it imports from cannot be loaded.
    #[error("{module} imports from {library}, which can't be loaded: {source}")]
    Import {
        /// File name of the importing module.
        module: String,
        /// Name of the library.
        library: String,
        /// Error of loading the library.
        source: Box<LoadError>,
    },
    /// A patch does not fit the module.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// A kernel operation failed.
    #[error("{what}: {source}")]
    Kernel {
        /// The operation that failed.
        what: &'static str,
        /// Error of the operation.
        source: Failure,
    },
}

impl LoadError {
    /// The NT status that a title gets.
    pub fn status(self) -> NtStatus {
        match self {
            Self::Place { source, .. } => Failure::from(source).status(),
            Self::OutsideImages { .. }
            | Self::NoEntry
            | Self::Image { .. }
            | Self::TooDeep { .. }
            | Self::Patch(_) => NtStatus::INVALID_IMAGE_FORMAT,
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
    /// Its handle: the address of its entry in the list of loaded modules.
    pub handle: GuestAddr,
    pub name: String,
    /// File name recorded by the linker; other modules can look the module up by it.
    pub linked_name: Option<String>,
    /// Guest path of the file.
    pub path: String,
    /// Whether it is a library, whose entry point is called on load and unload.
    pub is_library: bool,
    /// Module version, if any.
    pub version: Option<Version>,
    /// Modules that were loaded as its dependencies and that it holds references to.
    pub dependencies: Vec<GuestAddr>,
    /// Whether its entry point has been notified of the load.
    pub attached: bool,
    /// First address of the image.
    pub base: GuestAddr,
    /// Image size in bytes.
    pub size: u32,
    /// Address of the entry point, or null.
    pub entry: GuestAddr,
    /// Address of the guest copy of the XEX headers; null for an ELF.
    pub headers: GuestAddr,
    /// Stack size that its main thread requests, in bytes.
    pub stack_size: Option<u32>,
    /// Title ID and disc numbers, if present.
    pub execution: Option<ExecutionInfo>,
    /// Other titles whose content it can open.
    pub alternate_titles: Vec<TitleId>,
    pub resources: Vec<Resource>,
    /// Title database (SPA) of the title's executable, as before the title ran; empty if it has
    /// none, and for libraries.
    pub database: Arc<[u8]>,
    /// Exports, sorted by ordinal.
    pub exports: Vec<ImageExport>,
    /// Function table, sorted by address.
    pub functions: Vec<FunctionEntry>,
    /// Named functions, sorted by address.
    pub(super) named: Vec<Symbol>,
    /// Names of the patches applied to it.
    pub patches: Vec<String>,
    /// Kernel memory that it owns, apart from its list entry and its headers.
    pub(super) names: Vec<GuestAddr>,
    /// Host memory of all its names and tables, in bytes.
    pub(super) table_bytes: u64,
}

impl Module {
    /// Computes the value of [`Self::table_bytes`].
    fn count_table_bytes(&self) -> u64 {
        /// Host memory that the allocation of a name takes in addition.
        const ALLOCATION: usize = 16;
        let Self { name, linked_name, path, alternate_titles, resources, exports, functions, named, .. } =
            self;
        let names = [name, path].into_iter().chain(linked_name);
        let names = names.chain(exports.iter().filter_map(|export| export.name.as_ref()));
        let names = names.chain(named.iter().map(|symbol| &symbol.name));
        let names = names.chain(resources.iter().map(|resource| &resource.name));
        let names: usize = names.map(|name| ALLOCATION + name.len()).sum();
        let tables = size_of_val(alternate_titles.as_slice())
            + size_of_val(resources.as_slice())
            + size_of_val(exports.as_slice())
            + size_of_val(functions.as_slice())
            + size_of_val(named.as_slice());
        (names + tables) as u64
    }
}

/// Name, path and kind of a module.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub name: &'a str,
    /// Guest path of the file.
    pub path: &'a str,
    /// Whether it is a library; see [`Module::is_library`].
    pub is_library: bool,
}

/// All loaded modules; the title is the first.
#[derive(Debug, Default)]
pub struct Modules {
    list: Vec<Module>,
    /// Loads and unloads that wait for guest code, by number.
    pub(crate) operations: BTreeMap<u64, Operation>,
    /// Number of the next operation.
    pub(crate) next_operation: u64,
    /// Remaining work before the title's entry point runs, if any.
    pub(super) beginning: Option<Beginning>,
    /// Address of the loader's critical section; null until the first use.
    pub(super) lock: GuestAddr,
    /// Threads that wait for the critical section, or own it after a wait.
    pub(super) handed_over: BTreeSet<u32>,
}

impl Modules {
    pub fn push(&mut self, module: Module) {
        self.list.push(module);
    }

    pub fn title(&self) -> Option<&Module> {
        self.list.first()
    }

    /// The title's ID; 0 if it has none.
    pub fn title_id(&self) -> u32 {
        self.title().and_then(|module| module.execution).map_or(0, |execution| execution.title_id.0)
    }

    /// The title's ID, and the IDs of other titles whose content it can open.
    pub fn titles_of_content(&self) -> Vec<u32> {
        let mut titles = vec![self.title_id()];
        let others = self.title().map(|module| module.alternate_titles.as_slice()).unwrap_or_default();
        for title in others.iter().map(|title| title.0) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles
    }

    /// The module with this handle.
    pub fn find(&self, handle: GuestAddr) -> Option<&Module> {
        self.list.iter().find(|module| module.handle == handle)
    }

    pub fn find_mut(&mut self, handle: GuestAddr) -> Option<&mut Module> {
        self.list.iter_mut().find(|module| module.handle == handle)
    }

    /// Removes a module from the list; the title cannot be removed.
    pub fn remove(&mut self, handle: GuestAddr) -> Option<Module> {
        let index = self.list.iter().position(|module| module.handle == handle)?;
        (index > 0).then(|| self.list.remove(index))
    }

    /// Finds a module by file name, then by linked name; case-insensitive.
    pub fn find_name(&self, name: &str) -> Option<&Module> {
        let linked =
            |module: &&Module| module.linked_name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        let mut modules = self.list.iter();
        modules
            .find(|module| module.name.eq_ignore_ascii_case(name))
            .or_else(|| self.list.iter().find(linked))
    }

    /// All modules, in load order.
    pub fn iter(&self) -> impl Iterator<Item = &Module> {
        self.list.iter()
    }

    /// The function that contains `address`, and its module.
    pub fn function_at(&self, address: GuestAddr) -> Option<(&Module, &FunctionEntry)> {
        self.list.iter().find_map(|module| {
            let after = module.functions.partition_point(|function| function.start <= address);
            let function = module.functions.get(after.checked_sub(1)?)?;
            (address.0 - function.start.0 < function.size).then_some((module, function))
        })
    }

    /// Host memory of the names and tables of all libraries, in bytes.
    fn library_bytes(&self) -> u64 {
        self.list.iter().skip(1).map(|module| module.table_bytes).sum()
    }

    /// Direct dependencies of a module.
    pub(crate) fn dependencies_of(&self, handle: GuestAddr) -> Vec<GuestAddr> {
        self.find(handle).map(|module| module.dependencies.clone()).unwrap_or_default()
    }
}

/// The title database: the executable's resource named after the title ID.
fn database_of(image: &LoadedImage) -> &[u8] {
    let found = image.execution.and_then(|execution| {
        let name = format!("{:08X}", execution.title_id.0);
        let resource = image.resources.iter().find(|resource| resource.name.eq_ignore_ascii_case(&name))?;
        let start = image.offset_of(resource.address, resource.size)?;
        image.bytes.get(start..start + resource.size as usize)
    });
    found.unwrap_or_default()
}

/// A module's entry in guest memory.
struct LoaderEntry {
    handle: GuestAddr,
    /// The XEX headers; null if the image has none.
    headers: GuestAddr,
    /// Texts of the names, each once.
    names: Vec<GuestAddr>,
}

impl ModuleLoader<'_> {
    /// Makes the module's entry in guest memory and adds it to the lists.
    pub fn register(&self, image: &LoadedImage, identity: Identity) -> Fallible<GuestAddr> {
        let mut functions = image.functions.clone();
        functions.sort_by_key(|function| function.start);
        let is_title = self.modules.lock().title().is_none();
        let mut module = Module {
            name: identity.name.to_owned(),
            linked_name: image.name.clone(),
            path: identity.path.to_owned(),
            is_library: identity.is_library,
            version: image.execution.map(|execution| execution.version),
            base: image.base,
            size: image.size,
            entry: image.entry,
            stack_size: image.stack_size,
            execution: image.execution,
            alternate_titles: image.alternate_titles.clone(),
            resources: image.resources.clone(),
            // Only the title's database is read.
            database: if is_title { database_of(image).into() } else { Arc::default() },
            exports: image.exports.clone(),
            functions,
            named: named_functions(image),
            ..Module::default()
        };
        module.table_bytes = module.count_table_bytes();
        if !is_title {
            let held = self.modules.lock().library_bytes();
            self.limits.admit_amount(Limit::LibraryBytes, held, module.table_bytes)?;
        }
        let LoaderEntry { handle, headers, names } = self.make_entry(image, &identity)?;
        module.handle = handle;
        module.headers = headers;
        module.names = names;
        self.modules.lock().push(module);
        Ok(handle)
    }

    /// Makes the module's entry in guest memory, in the lists that titles walk.
    fn make_entry(&self, image: &LoadedImage, identity: &Identity) -> Fallible<LoaderEntry> {
        let mut blocks = Vec::new();
        let made = self.fill_entry(image, identity, &mut blocks);
        let made = made.and_then(|entry| self.link_entry(entry.handle).map(|()| entry));
        if made.is_err() {
            // A title may try again as often as it likes.
            for block in blocks {
                let _ = self.pool.release(block);
            }
        }
        made
    }

    /// Makes the module's entry outside the lists. `blocks` gets the memory, also if that fails.
    fn fill_entry(
        &self,
        image: &LoadedImage,
        identity: &Identity,
        blocks: &mut Vec<GuestAddr>,
    ) -> Fallible<LoaderEntry> {
        let Identity { name, path, is_library: _ } = *identity;
        let memory = self.memory;
        let handle = self.pool.allocate(ldr::SIZE)?;
        blocks.push(handle);
        let mut headers = GuestAddr::NULL;
        if !image.headers.is_empty() {
            headers = self.pool.allocate(image.headers.len() as u32)?;
            blocks.push(headers);
            memory.write_bytes(headers, &image.headers)?;
        }
        let base_name = self.pool.wide_name(name)?;
        blocks.push(base_name.0);
        let mut full_name = base_name;
        if path != name {
            full_name = self.pool.wide_name(path)?;
            blocks.push(full_name.0);
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
        let names = BTreeSet::from([base_name.0, full_name.0]).into_iter().collect();
        Ok(LoaderEntry { handle, headers, names })
    }

    /// Inserts a module's entry into all lists, or into none. They have no heads: they are circular
    /// and begin with the title.
    fn link_entry(&self, handle: GuestAddr) -> Fallible<()> {
        for list in ldr::LISTS {
            lists::initialize(self.memory, handle.offset(list))?;
        }
        let Some(title) = self.modules.lock().title().map(|title| title.handle) else { return Ok(()) };
        let insert = |list| lists::insert_tail(self.memory, title.offset(list), handle.offset(list));
        let linked = ldr::LISTS.into_iter().try_for_each(insert);
        if linked.is_err() {
            for list in ldr::LISTS {
                // It fails in the list that the title has damaged.
                let _ = lists::remove(self.memory, handle.offset(list));
            }
        }
        linked
    }

    /// Removes a module from memory, with its entry in the lists, without notifications. The title
    /// stays.
    pub(crate) fn discard(&self, handle: GuestAddr) {
        let Some(module) = self.modules.lock().remove(handle) else { return };
        for list in ldr::LISTS {
            // The guest may have overwritten the list entries.
            if let Err(error) = lists::remove(self.memory, handle.offset(list)) {
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
