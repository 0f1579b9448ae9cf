//! Loading modules while a title runs: from a file of the guest, with the modules that they import
//! from.

use super::imports::Importing;
use super::operation::Operation;
use super::start::place_image;
use super::{Identity, LoadError};
use crate::Kernel;
use crate::files::OpenParameters;
use crate::imports::Library;
use crate::layout::ldr;
use crate::limits::{Limit, Limits};
use crate::status::failure::Fallible;
use crate::vfs::VfsError;
use std::collections::BTreeSet;
use xenia_formats::Xex;
use xenia_formats::image::{LoadedImage, MAX_IMAGE_SIZE, Version};
use xenia_formats::xex::module_flags;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// Modules that may need each other in a row.
const MAXIMUM_DEPTH: usize = 8;
/// Bytes of a file that holds the largest image, uncompressed, with the longest headers.
const MAXIMUM_FILE: u64 = MAX_IMAGE_SIZE as u64 + (16 << 20);
/// What trying a file counts for beside its bytes: a title names as many as it likes.
const ATTEMPT: u64 = 0x1_0000;
/// A load count that no load or unload changes.
const PINNED: u16 = u16::MAX;

/// What becomes of a module that imports from one which can't be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// It is loaded, and what it lacks is reported when it is called.
    Reported,
    /// It is refused.
    Refused,
}

/// A load under way.
pub(super) struct Loading {
    now: u64,
    lacking: Lacking,
    /// In memory, oldest first.
    placed: Vec<GuestAddr>,
    /// Complete, and in the order in which they are to be told.
    pub(super) complete: Vec<GuestAddr>,
    /// Paths, in lower case, that could not be loaded: they are not tried again.
    failed: BTreeSet<String>,
    /// Bytes of files read and of images unpacked so far, those that were not kept included. Paths
    /// don't say how much that is: one file has any number of them.
    bytes: u64,
}

impl Loading {
    pub(super) fn new(now: u64, lacking: Lacking) -> Self {
        Self { now, lacking, placed: Vec::new(), complete: Vec::new(), failed: BTreeSet::new(), bytes: 0 }
    }

    /// Accounts for bytes that are to be read or unpacked. Once some are refused, all others are.
    fn take(&mut self, limits: &Limits, bytes: u64) -> Fallible<()> {
        let admitted = limits.admit_amount(Limit::LoadBytes, self.bytes, bytes);
        self.bytes = if admitted.is_ok() { self.bytes + bytes } else { u64::MAX };
        admitted
    }
}

impl Kernel {
    /// Loads the module at `path`, and what it imports from. Returns its handle, and what guest
    /// code is to be told of it.
    pub(crate) fn load_module(
        &self,
        path: &str,
        minimum: Version,
        now: u64,
    ) -> Result<(GuestAddr, Operation), LoadError> {
        let path = path_of(path, &self.config.image_path);
        self.load_all(now, |loading| self.load_at_depth(&path, minimum, loading, 0))
    }

    /// As [`Self::load_module`], of a file that is in memory and has no path.
    pub(crate) fn load_module_from(
        &self,
        name: &str,
        file: Vec<u8>,
        minimum: Version,
        now: u64,
    ) -> Result<(GuestAddr, Operation), LoadError> {
        self.load_all(now, |loading| self.load_file(name, file, minimum, loading, 0))
    }

    fn load_all(
        &self,
        now: u64,
        load: impl FnOnce(&mut Loading) -> Result<GuestAddr, LoadError>,
    ) -> Result<(GuestAddr, Operation), LoadError> {
        let mut loading = Loading::new(now, Lacking::Reported);
        match load(&mut loading) {
            Ok(handle) => Ok((handle, Operation::load(loading.complete))),
            Err(error) => {
                self.undo(&mut loading, 0);
                Err(error)
            }
        }
    }

    fn load_at_depth(
        &self,
        path: &str,
        minimum: Version,
        loading: &mut Loading,
        depth: usize,
    ) -> Result<GuestAddr, LoadError> {
        if depth >= MAXIMUM_DEPTH {
            return Err(LoadError::TooDeep { path: path.to_owned() });
        }
        let file = loading
            .take(&self.limits, ATTEMPT)
            .and_then(|()| self.read_file(path, loading.now, |size| loading.take(&self.limits, size)))
            .map_err(|source| LoadError::File { path: path.to_owned(), source })?;
        self.load_file(path, file, minimum, loading, depth)
    }

    fn load_file(
        &self,
        path: &str,
        file: Vec<u8>,
        minimum: Version,
        loading: &mut Loading,
        depth: usize,
    ) -> Result<GuestAddr, LoadError> {
        let owned = || path.to_owned();
        let damaged = |source| LoadError::Image { path: owned(), source };
        let xex = Xex::read(&file).map_err(damaged)?;
        loading
            .take(&self.limits, xex.security.image_size.into())
            .map_err(|source| LoadError::Kernel { what: "unpacking a module", source })?;
        let image = xex.load(&file, &self.config.keys).map_err(damaged)?;
        drop(file);
        if let Some(version) = image.execution.map(|execution| execution.version)
            && version < minimum
        {
            return Err(LoadError::Version { path: owned(), version, minimum });
        }
        if let Some(damage) = image.damage() {
            tracing::warn!(target: "kernel", "{path} is damaged: {damage}");
        }
        place_image(&self.memory, &image)?;
        let handle = match self.register_library(&image, path, xex.module_flags) {
            Ok(handle) => handle,
            Err(source) => {
                let _ = self.memory.free(image.base);
                return Err(LoadError::Kernel { what: "registering a module", source });
            }
        };
        loading.placed.push(handle);
        self.need_all(handle, &image, path, loading, depth)?;
        for which in [Importing::Console, Importing::Modules] {
            self.connect_image(&image, which)?;
        }
        self.protect_image(&image)?;
        loading.complete.push(handle);
        Ok(handle)
    }

    /// Makes sure that the modules are there which the one with this handle imports from.
    pub(super) fn need_all(
        &self,
        handle: GuestAddr,
        image: &LoadedImage,
        path: &str,
        loading: &mut Loading,
        depth: usize,
    ) -> Result<(), LoadError> {
        let mut seen = BTreeSet::new();
        for library in &image.imports {
            // Once, however many records name it.
            if seen.insert(library.name.to_ascii_lowercase()) {
                self.need(handle, &library.name, path, loading, depth)?;
            }
        }
        Ok(())
    }

    fn register_library(&self, image: &LoadedImage, path: &str, flags: u32) -> Fallible<GuestAddr> {
        let is_library = flags & module_flags::DLL != 0;
        if is_library && image.tls.is_some_and(|tls| tls.data_size > 0) {
            tracing::warn!(target: "kernel", "{path} has static thread data, which only titles can have");
        }
        self.register_module(image, Identity { name: base_name(path), path, is_library })
    }

    /// Makes sure that a module which `handle` imports from is there, if it is to be.
    fn need(
        &self,
        handle: GuestAddr,
        name: &str,
        path: &str,
        loading: &mut Loading,
        depth: usize,
    ) -> Result<(), LoadError> {
        if Library::of_file(name).is_some() {
            return Ok(());
        }
        let there = self.modules.lock().find_name(name).map(|module| module.handle);
        let needed = match there {
            // What is being loaded because of this one goes with it anyway.
            Some(there) if loading.placed.contains(&there) && !loading.complete.contains(&there) => {
                return Ok(());
            }
            Some(there) => match count_loads(&self.memory, there, 1) {
                Ok(_) => there,
                Err(_) => return Ok(()),
            },
            None => {
                let mark = loading.placed.len();
                let wanted = path_of(name, &path_of(path, &self.config.image_path));
                if loading.bytes == u64::MAX || loading.failed.contains(&wanted.to_ascii_lowercase()) {
                    return Ok(());
                }
                match self.load_at_depth(&wanted, Version(0), loading, depth + 1) {
                    Ok(needed) => needed,
                    Err(source) if loading.lacking == Lacking::Refused && !is_of_development_kits(name) => {
                        let (module, source) = (base_name(path).to_owned(), Box::new(source));
                        return Err(LoadError::Import { module, library: name.to_owned(), source });
                    }
                    Err(error) => {
                        tracing::warn!(target: "kernel", "{path} imports from {name}: {error}");
                        self.undo(loading, mark);
                        loading.failed.insert(wanted.to_ascii_lowercase());
                        return Ok(());
                    }
                }
            }
        };
        if let Some(module) = self.modules.lock().find_mut(handle) {
            module.dependencies.push(needed);
        }
        Ok(())
    }

    /// Takes away what has been loaded since `mark` modules were.
    pub(super) fn undo(&self, loading: &mut Loading, mark: usize) {
        let gone = loading.placed.split_off(mark);
        loading.complete.retain(|handle| !gone.contains(handle));
        for &handle in gone.iter().rev() {
            for needed in self.modules.lock().dependencies_of(handle) {
                if !gone.contains(&needed) {
                    let _ = count_loads(&self.memory, needed, -1);
                }
            }
            self.discard_module(handle);
        }
    }

    /// Gives a module back. What guest code is to be told if it goes, and what it needed with it;
    /// the title never goes.
    pub(crate) fn unload_module(&self, handle: GuestAddr) -> Fallible<Operation> {
        let mut going = Vec::new();
        let mut given_back = vec![handle];
        while let Some(handle) = given_back.pop() {
            let is_title = self.modules.lock().title().is_some_and(|title| title.handle == handle);
            if count_loads(&self.memory, handle, -1)? == 0 && !is_title && !going.contains(&handle) {
                going.push(handle);
                given_back.extend(self.modules.lock().dependencies_of(handle));
            }
        }
        Ok(Operation::unload(going))
    }
}

impl Kernel {
    /// A file that the guest has in memory, if it can be an executable.
    pub(crate) fn copy_of_file(&self, at: GuestAddr, size: u32) -> Fallible<Vec<u8>> {
        if u64::from(size) > MAXIMUM_FILE {
            return Err(NtStatus::INVALID_IMAGE_FORMAT.into());
        }
        let mut bytes = zeros(size as usize)?;
        self.memory.read_bytes(at, &mut bytes)?;
        Ok(bytes)
    }

    /// A whole file, if it can be an executable.
    pub(crate) fn read_whole(&self, path: &str, now: u64) -> Fallible<Vec<u8>> {
        self.read_file(path, now, |_| Ok(()))
    }

    /// The same, if so many bytes are admitted.
    fn read_file(&self, path: &str, now: u64, admit: impl FnOnce(u64) -> Fallible<()>) -> Fallible<Vec<u8>> {
        let (file, _) = self.files.lock().open(&OpenParameters::to_read(path, now))?;
        let read = match file.data() {
            None => Err(VfsError::IsDirectory.into()),
            Some(data) => match data.size() {
                Ok(size) if size > MAXIMUM_FILE => Err(NtStatus::INVALID_IMAGE_FORMAT.into()),
                Ok(size) => admit(size).and_then(|()| zeros(size as usize)).and_then(|mut bytes| {
                    let count = data.read_at(0, &mut bytes)?;
                    bytes.truncate(count);
                    Ok(bytes)
                }),
                Err(error) => Err(error.into()),
            },
        };
        self.files.lock().close(file);
        read
    }
}

/// Whether a library is the debugger's, which development kits have and other consoles don't. What
/// is called of it is reported.
fn is_of_development_kits(library: &str) -> bool {
    library.eq_ignore_ascii_case("xbdm.xex")
}

/// Room for a file of a size that the title chose, if the host has it.
fn zeros(size: usize) -> Fallible<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| NtStatus::NO_MEMORY)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// A name without a path means a file beside this one.
pub(crate) fn path_of(name: &str, beside: &str) -> String {
    if name.contains([':', '\\', '/']) {
        return name.to_owned();
    }
    let folder = beside.rfind(['\\', '/', ':']).map_or("", |end| &beside[..=end]);
    format!("{folder}{name}")
}

/// Changes a module's load count in guest memory and returns the new one.
pub(crate) fn count_loads(memory: &GuestMemory, handle: GuestAddr, change: i16) -> Fallible<u16> {
    let at = handle.offset(ldr::LOAD_COUNT);
    let count: u16 = memory.read(at)?;
    let count = if count == PINNED { count } else { count.saturating_add_signed(change) };
    memory.write(at, count)?;
    Ok(count)
}

/// The last name of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.rsplit(['\\', '/', ':']).next().unwrap_or(path)
}
