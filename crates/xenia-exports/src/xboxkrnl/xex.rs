//! Modules (`Xex*`): those of the title, and the console's libraries.
//!
//! A handle names either a loaded image or one of the console's libraries, which have no image, and
//! so no sections. Loads and unloads run under the loader's guest lock ([`locked`]), as they call
//! guest code.

use crate::Kernel;
use crate::abi::{AnsiString, Call, Flow, IntoFlow, OptionalOut, Out, Ptr, Text};
use crate::files::{OpenFile, OpenParameters};
use crate::loader::LoadError;
use crate::loader::image_headers::xex_field;
use crate::loader::operation::Operation;
use crate::loader::{Module, base_name, count_loads, locked, operation};
use crate::status::failure::Fallible;
use xenia_formats::image::Version;
use xenia_formats::xex::{key, module_flags};
use xenia_guest::{GuestAddr, NtStatus, Ordinal};
use xenia_imports::{Library, ordinals};
use xenia_kernel_macros::exports;

/// The exports for modules.
pub struct XexModules;

/// Unit in bytes in which headers are read.
const SECTOR: u32 = 0x800;
/// Maximum size of headers in bytes.
const MAX_HEADERS: u32 = 0x1_0000;

/// Status for a name with a path where a plain file name is required.
const OBJECT_PATH_INVALID: NtStatus = NtStatus(0xC000_0039);

/// A module found by handle.
enum Found<T> {
    /// A module loaded from a file, with the answer of the query.
    Image(T),
    /// A library of the console.
    Library(Library),
}

/// Runs a query on a loaded module. The module is not copied: it may have 100,000 export names.
fn find<T>(call: &Call, handle: GuestAddr, ask: impl FnOnce(&Module) -> T) -> Option<Found<T>> {
    let modules = call.kernel.modules.lock();
    let image = if handle.is_null() { modules.title() } else { modules.find(handle) };
    if let Some(image) = image {
        return Some(Found::Image(ask(image)));
    }
    drop(modules);
    call.kernel.title.lock().library_of(handle).map(Found::Library)
}

/// Handle of the module with this name; an empty name means the title.
pub(crate) fn handle_of(call: &Call, name: &str) -> Fallible<Option<GuestAddr>> {
    let base = base_name(name);
    {
        let modules = call.kernel.modules.lock();
        let image = if name.is_empty() { modules.title() } else { modules.find_name(base) };
        if let Some(image) = image {
            return Ok(Some(image.handle));
        }
    }
    let Some(library) = Library::of_file(base) else { return Ok(None) };
    call.kernel.title.lock().library_handle(call.memory(), &call.kernel.pool, library).map(Some)
}

/// Address of a library's export, by ordinal or name. Returns `None` if it is missing or not
/// implemented, so that the title behaves as on an older console.
fn library_export(call: &Call, library: Library, wanted: &Wanted) -> Fallible<Option<GuestAddr>> {
    let row = match wanted {
        Wanted::Ordinal(ordinal) => ordinals::find(library.rows(), *ordinal),
        Wanted::Name(name) => library.rows().iter().find(|row| row.name == name),
    };
    let Some(row) = row else { return Ok(None) };
    if row.kind == ordinals::ExportKind::Variable {
        let Kernel { imports, pool, .. } = call.kernel;
        return imports.make_variable_at(call.memory(), pool, library, row.ordinal).map(Some);
    }
    match call.kernel.imports.registry.find(library, row.ordinal) {
        Some(export) => call.kernel.imports.stub_of(call.memory(), export).map(Some),
        None => Ok(None),
    }
}

/// Adds a reference to a module that is already loaded.
fn add_reference(call: &Call, found: GuestAddr, handle: Option<Out<GuestAddr>>) -> Fallible<NtStatus> {
    handle.set(call.memory(), found)?;
    count_loads(call.memory(), found, 1)?;
    Ok(NtStatus::SUCCESS)
}

/// Runs the operation of a load or reports its error, and stores the handle of the requested
/// module.
fn finish_load(
    call: &mut Call,
    loaded: Result<(GuestAddr, Operation), LoadError>,
    handle: Option<Out<GuestAddr>>,
) -> Fallible<Flow> {
    match loaded {
        Ok((module, loaded)) => operation::run(call, loaded.store(handle.map(Out::addr), module)),
        Err(error) => {
            tracing::warn!(target: "kernel", "loading a module: {error}");
            Ok(error.status().into_flow())
        }
    }
}

enum Wanted {
    Ordinal(Ordinal),
    Name(String),
}

/// Whether the title has a privilege.
pub fn has_privilege(call: &Call, privilege: u32) -> Fallible<bool> {
    let headers = call.kernel.modules.lock().title().map(|module| module.headers).unwrap_or_default();
    let flags = xex_field(call.memory(), headers, key::SYSTEM_FLAGS)?;
    Ok(privilege < 32 && flags >> privilege & 1 != 0)
}

#[exports(xboxkrnl)]
impl XexModules {
    /// Returns whether the title has a privilege (a bit of the system flags in its header).
    #[export(Done)]
    fn XexCheckExecutablePrivilege(call: &mut Call, privilege: u32) -> Fallible<bool> {
        has_privilege(call, privilege)
    }

    /// Stores the handle of a loaded module by name, or of the title.
    #[export(Done)]
    fn XexGetModuleHandle(call: &mut Call, name: Option<Text>, handle: Out<GuestAddr>) -> Fallible<NtStatus> {
        let name = name.map(|name| name.text(call.memory())).transpose()?.unwrap_or_default();
        let found = handle_of(call, &name)?;
        handle.set(call.memory(), found.unwrap_or_default())?;
        Ok(if found.is_some() { NtStatus::SUCCESS } else { NtStatus::DLL_NOT_FOUND })
    }

    /// Stores the address of a module's export, by ordinal or, if that is a pointer, by name.
    #[export(Done)]
    fn XexGetProcedureAddress(
        call: &mut Call,
        module: GuestAddr,
        ordinal: u32,
        address: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        let wanted = match u16::try_from(ordinal) {
            Ok(ordinal) => Wanted::Ordinal(Ordinal(ordinal)),
            Err(_) => Wanted::Name(Text(GuestAddr(ordinal)).text(call.memory())?),
        };
        let export_of = |image: &Module| {
            let export = image.exports.iter().find(|export| match &wanted {
                Wanted::Ordinal(ordinal) => export.ordinal == *ordinal,
                Wanted::Name(name) => export.name.as_ref() == Some(name),
            });
            export.map(|export| export.address)
        };
        let found = match find(call, module, export_of) {
            None => return Ok(NtStatus::INVALID_HANDLE),
            Some(Found::Library(library)) => library_export(call, library, &wanted)?,
            Some(Found::Image(export)) => export,
        };
        address.set(call.memory(), found.unwrap_or_default())?;
        Ok(if found.is_some() { NtStatus::SUCCESS } else { NtStatus::DRIVER_ENTRYPOINT_NOT_FOUND })
    }

    /// Stores the address and size of a module's resource.
    #[export(Done)]
    fn XexGetModuleSection(
        call: &mut Call,
        module: GuestAddr,
        name: Text,
        address: Out<GuestAddr>,
        size: Out<u32>,
    ) -> Fallible<NtStatus> {
        let name = name.text(call.memory());
        let place_of = |image: &Module| -> Fallible<Option<(GuestAddr, u32)>> {
            let name = name?;
            let resource = image.resources.iter().find(|resource| resource.name == name);
            Ok(resource.map(|resource| (resource.address, resource.size)))
        };
        let place = match find(call, module, place_of) {
            Some(Found::Image(place)) => place?,
            _ => return Ok(NtStatus::INVALID_HANDLE),
        };
        let Some((at, bytes)) = place else { return Ok(NtStatus::NOT_FOUND) };
        address.set(call.memory(), at)?;
        size.set(call.memory(), bytes)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores the handle of the module whose image contains an address, and returns the image's
    /// first address, as NT's `RtlPcToFileHeader` does; null in both without such a module.
    #[export(Done)]
    fn XexPcToFileHeader(
        call: &mut Call,
        address: GuestAddr,
        handle: Option<Out<GuestAddr>>,
    ) -> Fallible<GuestAddr> {
        let (base, module) = {
            let modules = call.kernel.modules.lock();
            let contains = |module: &&Module| address.0.wrapping_sub(module.base.0) < module.size;
            modules.iter().find(contains).map(|module| (module.base, module.handle)).unwrap_or_default()
        };
        handle.set(call.memory(), module)?;
        Ok(base)
    }

    /// Loads a module and those that it imports from, and calls their entry points if they are
    /// libraries. If the file name is already loaded, only adds a user. Fails if its address range
    /// is taken, as on the console.
    #[export(Done)]
    fn XexLoadImage(
        call: &mut Call,
        name: Text,
        _flags: u32,
        minimum_version: u32,
        handle: Option<Out<GuestAddr>>,
    ) -> Fallible<Flow<NtStatus>> {
        let name = name.text(call.memory())?;
        if let Some(library) = Library::of_file(base_name(&name)) {
            let found = call.kernel.title.lock().library_handle(call.memory(), &call.kernel.pool, library)?;
            return add_reference(call, found, handle).map(Flow::Return);
        }
        handle.set(call.memory(), GuestAddr::NULL)?;
        let flow = locked(call, |call| {
            if let Some(found) = handle_of(call, &name)? {
                return Ok(add_reference(call, found, handle)?.into_flow());
            }
            let now = call.kernel.clock.system_time(call.now());
            let loaded = call.kernel.loader().load(&name, Version(minimum_version), now);
            finish_load(call, loaded, handle)
        })?;
        Ok(flow.map(|status| NtStatus(status as u32)))
    }

    /// Loads a title's executable. It fails, as the running title occupies its address range;
    /// `XamLoaderLaunchTitle` launches titles.
    #[export(Constant)]
    fn XexLoadExecutable(_call: &mut Call, _name: GuestAddr) -> NtStatus {
        NtStatus::ACCESS_DENIED
    }

    /// Loads a module from a file in memory, under a name without a path. Fails if that name is
    /// loaded already, or if the file is a title.
    #[export(Done)]
    fn XexLoadImageFromMemory(
        call: &mut Call,
        buffer: GuestAddr,
        size: u32,
        name: Text,
        flags: u32,
        minimum_version: u32,
        handle: Option<Out<GuestAddr>>,
    ) -> Fallible<Flow<NtStatus>> {
        let name = name.text(call.memory())?;
        handle.set(call.memory(), GuestAddr::NULL)?;
        if base_name(&name) != name {
            return Ok(Flow::Return(OBJECT_PATH_INVALID));
        }
        if flags & module_flags::DLL == 0 && call.kernel.modules.lock().title().is_some() {
            return Ok(Flow::Return(NtStatus::ACCESS_DENIED));
        }
        let flow = locked(call, |call| {
            if Library::of_file(&name).is_some() || handle_of(call, &name)?.is_some() {
                return Ok(NtStatus::OBJECT_NAME_COLLISION.into_flow());
            }
            let file = call.kernel.loader().copy_of_file(buffer, size)?;
            let now = call.kernel.clock.system_time(call.now());
            let loaded = call.kernel.loader().load_from(&name, file, Version(minimum_version), now);
            finish_load(call, loaded, handle)
        })?;
        Ok(flow.map(|status| NtStatus(status as u32)))
    }

    /// Drops a user of a module like `XexUnloadImage`, and ends the calling thread, whose code may
    /// be the module's.
    #[export(Done)]
    fn XexUnloadImageAndExitThread(call: &mut Call, module: GuestAddr, exit_code: u32) -> Fallible<Flow<()>> {
        let flow = locked(call, |call| {
            if call.kernel.modules.lock().find(module).is_none() {
                return Ok(Flow::Exit { code: exit_code });
            }
            let unloaded = call.kernel.loader().unload(module)?.exit(exit_code);
            operation::run(call, unloaded)
        })?;
        Ok(flow.map(|_| ()))
    }

    /// Drops a user of a module. The last one unloads it: its entry point is called, then its
    /// memory is freed.
    #[export(Done)]
    fn XexUnloadImage(call: &mut Call, module: GuestAddr) -> Fallible<Flow<NtStatus>> {
        if call.kernel.title.lock().library_of(module).is_some() {
            return Ok(Flow::Return(NtStatus::SUCCESS));
        }
        let flow = locked(call, |call| {
            if call.kernel.modules.lock().find(module).is_none() {
                return Ok(NtStatus::INVALID_HANDLE.into_flow());
            }
            let unloaded = call.kernel.loader().unload(module)?;
            operation::run(call, unloaded)
        })?;
        Ok(flow.map(|status| NtStatus(status as u32)))
    }

    /// Reads the headers of an executable file into a buffer.
    #[export(Done)]
    fn XexLoadImageHeaders(
        call: &mut Call,
        path: Ptr<AnsiString>,
        buffer: GuestAddr,
        size: u32,
    ) -> Fallible<NtStatus> {
        if size < SECTOR {
            return Ok(NtStatus::BUFFER_TOO_SMALL);
        }
        let memory = call.memory();
        let path = path.read(memory)?.path(memory)?;
        let (file, _) = call
            .kernel
            .files
            .lock()
            .open(&OpenParameters::to_read(&path, call.kernel.clock.system_time(call.now())))?;
        let read = read_headers(call, &file, buffer, size);
        call.kernel.files.lock().close(file);
        read
    }
}

/// Reads the headers of an executable: the first sector, then the number of bytes that it
/// specifies.
fn read_headers(call: &Call, file: &OpenFile, buffer: GuestAddr, size: u32) -> Fallible<NtStatus> {
    let memory = call.memory();
    file.read(memory, buffer, SECTOR, Some(0))?;
    let header_size: u32 = memory.read(buffer.offset(8))?;
    let valid = memory.read::<u32>(buffer)? == u32::from_be_bytes(*b"XEX2")
        && (SECTOR..=MAX_HEADERS).contains(&header_size)
        && header_size.is_multiple_of(SECTOR);
    if !valid {
        return Ok(NtStatus::INVALID_IMAGE_FORMAT);
    }
    if header_size > size {
        return Ok(NtStatus::BUFFER_TOO_SMALL);
    }
    if header_size > SECTOR {
        file.read(memory, buffer.offset(SECTOR), header_size - SECTOR, Some(u64::from(SECTOR)))?;
    }
    Ok(NtStatus::SUCCESS)
}
