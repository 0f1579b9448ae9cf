//! Dynamic loading: loads a module and its dependencies from guest files while a title runs.

use super::imports::Importing;
use super::operation::Operation;
use super::start::place_image;
use super::{Identity, LoadError, ModuleLoader};
use crate::files::OpenParameters;
use crate::status::failure::Fallible;
use std::collections::BTreeSet;
use xenia_formats::image::{LoadedImage, MAX_IMAGE_SIZE, Version};
use xenia_formats::xex::module_flags;
use xenia_formats::{FormatError, KeyRing, Xex};
use xenia_guest::layout::ldr;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_imports::Library;
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::{GuestMemory, Heap};
use xenia_vfs::VfsError;

/// Longest chain of dependencies.
const MAX_DEPTH: usize = 8;
/// Largest size of a module file: the largest image, uncompressed, with the longest headers.
pub(crate) const MAX_FILE: u64 = MAX_IMAGE_SIZE as u64 + (16 << 20);
/// Cost of an attempt to read a file, in bytes, in addition to its size: titles can name any number
/// of files.
const ATTEMPT: u64 = 0x1_0000;
/// A load count that loads and unloads do not change.
const PINNED: u16 = u16::MAX;

/// Policy for a module with a dependency that cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// The module is loaded; missing imports are reported when called.
    Reported,
    /// The module is refused.
    Refused,
}

/// A load in progress.
pub(super) struct Loading {
    now: u64,
    lacking: Lacking,
    /// Modules in memory, oldest first.
    placed: Vec<GuestAddr>,
    /// Modules that are complete, in the order of their notification.
    pub(super) complete: Vec<GuestAddr>,
    /// Lower-case paths that failed to load; they are not retried.
    failed: BTreeSet<String>,
    /// Bytes of files read and images unpacked so far, including discarded ones. The number of
    /// paths does not bound this: one file can have any number of paths.
    bytes: u64,
}

impl Loading {
    pub(super) fn new(now: u64, lacking: Lacking) -> Self {
        Self { now, lacking, placed: Vec::new(), complete: Vec::new(), failed: BTreeSet::new(), bytes: 0 }
    }

    /// Accounts for bytes to be read or unpacked. After one refusal all further requests fail.
    fn take(&mut self, limits: &ResourceLimits, bytes: u64) -> Fallible<()> {
        let admitted = limits.admit_amount(Limit::LoadBytes, self.bytes, bytes);
        self.bytes = if admitted.is_ok() { self.bytes + bytes } else { u64::MAX };
        Ok(admitted?)
    }
}

/// The file of a module that is loaded, and the update's patch of it.
struct ModuleSource<'a> {
    path: &'a str,
    file: Vec<u8>,
    patch: Option<Vec<u8>>,
}

impl ModuleSource<'_> {
    /// Unpacks the image and applies the patch. One that does not fit leaves the image as it is.
    fn image(&self, xex: &Xex, keys: &KeyRing) -> Result<LoadedImage, FormatError> {
        let Self { path, file, patch } = self;
        match patch.as_ref().map(|patch| xex.load_patched(file, patch, keys)) {
            Some(Ok(image)) => return Ok(image),
            Some(Err(error)) => {
                tracing::warn!(target: "kernel", "the update of {path} is not applied: {error}");
            }
            None => {}
        }
        xex.load(file, keys)
    }
}

impl ModuleLoader<'_> {
    /// Loads the module at `path` and its dependencies. Returns its handle and the notifications
    /// for guest code.
    pub fn load(&self, path: &str, minimum: Version, now: u64) -> Result<(GuestAddr, Operation), LoadError> {
        let path = path_of(path, self.image_path);
        self.load_all(now, |loading| self.load_at_depth(&path, minimum, loading, 0))
    }

    /// Like [`Self::load`], from a file in memory that has no path and so no patch.
    pub fn load_from(
        &self,
        name: &str,
        file: Vec<u8>,
        minimum: Version,
        now: u64,
    ) -> Result<(GuestAddr, Operation), LoadError> {
        let source = ModuleSource { path: name, file, patch: None };
        self.load_all(now, |loading| self.load_file(source, minimum, loading, 0))
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
        if depth >= MAX_DEPTH {
            return Err(LoadError::TooDeep { path: path.to_owned() });
        }
        let file = loading
            .take(self.limits, ATTEMPT)
            .and_then(|()| self.read_file(path, loading.now, |size| loading.take(self.limits, size)))
            .map_err(|source| LoadError::File { path: path.to_owned(), source })?;
        let patch = self.patch_of_library(path, loading);
        self.load_file(ModuleSource { path, file, patch }, minimum, loading, depth)
    }

    /// Reads the patch of a module in the title's update, otherwise the one beside the module.
    fn patch_of_library(&self, path: &str, loading: &mut Loading) -> Option<Vec<u8>> {
        let now = loading.now;
        let in_update = self.files.lock().update_path(path);
        in_update.into_iter().chain([path.to_owned()]).find_map(|place| {
            self.read_patch(&format!("{place}p"), now, |size| loading.take(self.limits, size))
        })
    }

    fn load_file(
        &self,
        source: ModuleSource<'_>,
        minimum: Version,
        loading: &mut Loading,
        depth: usize,
    ) -> Result<GuestAddr, LoadError> {
        let path = source.path;
        let owned = || path.to_owned();
        let damaged = |source| LoadError::Image { path: owned(), source };
        let unpacking = |source| LoadError::Kernel { what: "unpacking a module", source };
        let xex = Xex::read(&source.file).map_err(damaged)?;
        let size = xex.security.image_size;
        loading.take(self.limits, size.into()).map_err(unpacking)?;
        let image = source.image(&xex, self.keys).map_err(damaged)?;
        loading.take(self.limits, image.size.saturating_sub(size).into()).map_err(unpacking)?;
        drop(source);
        if let Some(version) = image.execution.map(|execution| execution.version)
            && version < minimum
        {
            return Err(LoadError::Version { path: owned(), version, minimum });
        }
        if let Some(damage) = image.damage() {
            tracing::warn!(target: "kernel", "{path} is damaged: {damage}");
        }
        place_library(self.memory, &image)?;
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
        self.patch_image(handle, &image)?;
        self.protect_image(&image)?;
        loading.complete.push(handle);
        Ok(handle)
    }

    /// Loads the dependencies of the module with this handle.
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
            // Handle each library once; several import records can name it.
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
        self.register(image, Identity { name: base_name(path), path, is_library })
    }

    /// Loads one dependency of `handle`, as far as the policy demands.
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
            // A module that is being loaded for this one is unloaded with it anyway.
            Some(there) if loading.placed.contains(&there) && !loading.complete.contains(&there) => {
                return Ok(());
            }
            Some(there) => match count_loads(self.memory, there, 1) {
                Ok(_) => there,
                Err(_) => return Ok(()),
            },
            None => {
                let mark = loading.placed.len();
                let wanted = path_of(name, &path_of(path, self.image_path));
                if loading.bytes == u64::MAX || loading.failed.contains(&wanted.to_ascii_lowercase()) {
                    return Ok(());
                }
                match self.load_at_depth(&wanted, Version(0), loading, depth + 1) {
                    Ok(needed) => needed,
                    Err(source) if loading.lacking == Lacking::Refused && !is_of_development_kits(name) => {
                        let module = base_name(path).to_owned();
                        let source = Box::new(source);
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

    /// Undoes the loads after the first `mark` modules.
    pub(super) fn undo(&self, loading: &mut Loading, mark: usize) {
        let gone = loading.placed.split_off(mark);
        loading.complete.retain(|handle| !gone.contains(handle));
        for &handle in gone.iter().rev() {
            for needed in self.modules.lock().dependencies_of(handle) {
                if !gone.contains(&needed) {
                    let _ = count_loads(self.memory, needed, -1);
                }
            }
            self.discard(handle);
        }
    }

    /// Releases a module. Returns the notifications for guest code if the module, with its
    /// dependencies, is unloaded; the title is never unloaded.
    pub fn unload(&self, handle: GuestAddr) -> Fallible<Operation> {
        let mut going = Vec::new();
        let mut given_back = vec![handle];
        while let Some(handle) = given_back.pop() {
            let is_title = self.modules.lock().title().is_some_and(|title| title.handle == handle);
            if count_loads(self.memory, handle, -1)? == 0 && !is_title && !going.contains(&handle) {
                going.push(handle);
                given_back.extend(self.modules.lock().dependencies_of(handle));
            }
        }
        Ok(Operation::unload(going))
    }

    /// Copies a file from guest memory, if its size is plausible for an executable.
    pub fn copy_of_file(&self, at: GuestAddr, size: u32) -> Fallible<Vec<u8>> {
        if u64::from(size) > MAX_FILE {
            return Err(NtStatus::INVALID_IMAGE_FORMAT.into());
        }
        let mut bytes = zeros(size as usize)?;
        self.memory.read_bytes(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads a whole file, if its size is plausible for an executable.
    pub fn read_whole(&self, path: &str, now: u64) -> Fallible<Vec<u8>> {
        self.read_file(path, now, |_| Ok(()))
    }

    /// Like [`Self::read_whole`], if `admit` accepts the file's size.
    pub(crate) fn read_file(
        &self,
        path: &str,
        now: u64,
        admit: impl FnOnce(u64) -> Fallible<()>,
    ) -> Fallible<Vec<u8>> {
        let (file, _) = self.files.lock().open(&OpenParameters::to_read(path, now))?;
        let read = match file.data() {
            None => Err(VfsError::IsDirectory.into()),
            Some(data) => match data.size() {
                Ok(size) if size > MAX_FILE => Err(NtStatus::INVALID_IMAGE_FORMAT.into()),
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

/// Maps the image of a library. Outside the range for images the title could free its pages, and
/// unloading it would free what lies there by then.
fn place_library(memory: &GuestMemory, image: &LoadedImage) -> Result<(), LoadError> {
    if !matches!(Heap::of(image.base), Some(Heap::Image64K | Heap::Image4K)) {
        return Err(LoadError::OutsideImages { base: image.base });
    }
    place_image(memory, image)
}

/// Whether a library is the debugger's, which exists on development kits only. Calls of its exports
/// are reported.
fn is_of_development_kits(library: &str) -> bool {
    library.eq_ignore_ascii_case("xbdm.xex")
}

/// Allocates a buffer of a size chosen by the title; fails if the host has not enough memory.
fn zeros(size: usize) -> Fallible<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| NtStatus::NO_MEMORY)?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// Resolves a name: one without a path is in the directory of `beside`.
pub fn path_of(name: &str, beside: &str) -> String {
    if name.contains([':', '\\', '/']) {
        return name.to_owned();
    }
    let folder = beside.rfind(['\\', '/', ':']).map_or("", |end| &beside[..=end]);
    format!("{folder}{name}")
}

/// Adds to a module's load count in guest memory; returns the new count.
pub fn count_loads(memory: &GuestMemory, handle: GuestAddr, change: i16) -> Fallible<u16> {
    let at = handle.offset(ldr::LOAD_COUNT);
    let count: u16 = memory.read(at)?;
    let count = if count == PINNED { count } else { count.saturating_add_signed(change) };
    memory.write(at, count)?;
    Ok(count)
}

/// The last component of a path.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['\\', '/', ':']).next().unwrap_or(path)
}
