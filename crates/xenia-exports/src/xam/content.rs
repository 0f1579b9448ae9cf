//! Saved games and downloads (`XamContent*`).

use super::content_device::{self, DISC_DRIVE, HARD_DISK};
use super::content_opening::Opening;
use super::content_titles;
use super::enumerate::{self, Kind};
use crate::abi::{Call, Handle, OptionalOut, Out, Ptr, Text};
use crate::files::{Files, Packages, win32_error};
use crate::messages::SYSTEM_APPLICATION;
use crate::status::failure::Fallible;
use crate::user::content_data::data;
use crate::user::overlapped::{Completed, admit, complete};
use crate::user_index;
use xenia_guest::{GuestAddr, HResult, USERS, Win32Error, code_page};
use xenia_kernel_macros::exports;
use xenia_user::content::{MARKETPLACE, MAX_THUMBNAIL_SIZE, PackageHeader, PackageName, root_name};
use xenia_user::enumerators::Enumerator;
use xenia_user::profile::Xuid;
use xenia_vfs::VfsResult;

/// Exports of content packages.
pub struct Content;

/// Enumerator flag: leaves out the packages that belong to all users.
const EXCLUDE_COMMON: u32 = 0x1000;

/// Source of a package's owner and title.
#[derive(Clone, Copy, Debug)]
pub(super) enum PackageSource {
    /// This user, and the running title.
    User(u32),
    /// The extended `XCONTENT_DATA`.
    ContentData,
}

/// The package that a call names.
pub(super) struct Wanted {
    pub(super) name: PackageName,
    /// Its name if the call creates it: any device means the hard disk then.
    pub(super) created: PackageName,
    pub(super) display_name: String,
}

/// Returns the owner of the packages of a type in a user's call.
pub(super) fn owner_of(call: &Call, user: u32, kind: u32) -> Result<Xuid, Win32Error> {
    if kind == MARKETPLACE || matches!(user, user_index::NONE | user_index::ANY) {
        return Ok(Xuid::NOBODY);
    }
    if user >= USERS {
        return Err(Win32Error::INVALID_PARAMETER);
    }
    call.kernel.user.profiles.lock().xuid_at(user).ok_or(Win32Error::NO_SUCH_USER)
}

/// Reads the name of a package. The outer error is a bad pointer, the inner one the call's result.
fn read_wanted(
    call: &Call,
    source: PackageSource,
    at: Option<GuestAddr>,
) -> Fallible<Result<Wanted, Win32Error>> {
    let Some(at) = at else { return Ok(Err(Win32Error::INVALID_PARAMETER)) };
    let memory = call.memory();
    let kind = memory.read(at.offset(data::KIND))?;
    let mut file = vec![0; data::FILE_BYTES as usize];
    memory.read_bytes(at.offset(data::FILE), &mut file)?;
    let file = code_page::decode(file.split(|&byte| byte == 0).next().unwrap_or_default());
    // Some titles fill the field with blanks.
    let file = file.trim_matches(' ');
    let display_name = memory.read_wide_string(at.offset(data::DISPLAY_NAME), data::DISPLAY_UNITS)?;
    let display_name = String::from_utf16_lossy(&display_name);
    let device = memory.read(at.offset(data::DEVICE))?;
    if !content_device::is_known(device) {
        return Ok(Err(Win32Error::DEVICE_NOT_CONNECTED));
    }
    let place = match source {
        PackageSource::User(user) => owner_of(call, user, kind).map(|owner| (owner, call.kernel.title_id())),
        PackageSource::ContentData => content_titles::place_of(call, at, kind)?,
    };
    let (owner, title) = match place {
        Ok(place) => place,
        Err(error) => return Ok(Err(error)),
    };
    let Some(name) = PackageName::new(owner, title, kind, file) else {
        return Ok(Err(Win32Error::INVALID_NAME));
    };
    let names = on_device(&call.kernel.files.lock().packages, source, device, &name);
    let wanted = names.map(|[name, created]| Wanted { name, created, display_name });
    Ok(wanted.map_err(win32_error))
}

/// The package on a device, and the one that a call creates there. "Any device" selects the disc if
/// only the disc has the package; a new package is created on the hard disk.
fn on_device(
    packages: &Packages,
    source: PackageSource,
    device: u32,
    name: &PackageName,
) -> VfsResult<[PackageName; 2]> {
    let shared = |name: PackageName| match source {
        PackageSource::User(_) => packages.store_of(&name).shared(name),
        PackageSource::ContentData => Ok(name),
    };
    if device == DISC_DRIVE {
        let on_disc = shared(name.on_disc())?;
        return Ok([on_disc.clone(), on_disc]);
    }
    let on_disk = shared(name.clone())?;
    // A header that can't be read is that of a package, too.
    if device == HARD_DISK || !matches!(packages.find(&on_disk), Ok(None)) {
        return Ok([on_disk.clone(), on_disk]);
    }
    let on_disc = shared(name.on_disc())?;
    let is_on_disc = matches!(packages.find(&on_disc), Ok(Some(_)));
    Ok([if is_on_disc { on_disc } else { on_disk.clone() }, on_disk])
}

/// Encodes the `XCONTENT_DATA` of a package.
pub(super) fn described(name: &PackageName, header: &PackageHeader) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data::SIZE as usize);
    let device = if name.is_on_disc { DISC_DRIVE } else { HARD_DISK };
    bytes.extend(device.to_be_bytes());
    bytes.extend(name.kind.to_be_bytes());
    bytes.extend(header.display_name().encode_utf16().flat_map(u16::to_be_bytes));
    bytes.resize(data::FILE as usize, 0);
    bytes.extend(code_page::encode_lossy(name.file()));
    bytes.resize(data::SIZE as usize, 0);
    bytes
}

/// Messages of the system application that open and close a list of packages.
const OPEN_CONTENT_LIST: u32 = 0x2_0005;
const CLOSE_CONTENT_LIST: u32 = 0x2_0007;
/// Size of the private data of a list of packages, in bytes.
const CONTENT_LIST_BYTES: u32 = 0x98;

/// Result of enumerators of a device that does not exist: unlike their others, an `HRESULT`.
pub(super) const UNKNOWN_DEVICE_HRESULT: Win32Error = Win32Error(HResult::INVALID_ARGUMENT.0);

/// The package that the arguments describe, or the call's result if they are refused: invalid ones
/// fail the call itself, others the overlapped request.
pub(super) fn admit_package(
    call: &mut Call,
    source: PackageSource,
    content: Option<GuestAddr>,
    overlapped: Option<GuestAddr>,
) -> Fallible<Result<Wanted, Win32Error>> {
    Ok(match read_wanted(call, source, content)? {
        Ok(wanted) => {
            admit(call, overlapped)?;
            Ok(wanted)
        }
        Err(error @ (Win32Error::INVALID_PARAMETER | Win32Error::INVALID_NAME)) => Err(error),
        Err(error) => Err(complete(call, overlapped, Completed::refused(error))?),
    })
}

/// A call about an existing package.
#[derive(Clone, Copy)]
pub(super) struct PackageCall {
    pub(super) source: PackageSource,
    pub(super) content: Option<GuestAddr>,
    pub(super) overlapped: Option<GuestAddr>,
}

/// Applies an operation to an existing package and completes the call with its result.
fn with_package(
    call: &mut Call,
    about: PackageCall,
    missing: Win32Error,
    f: impl FnOnce(&mut Call, &PackageName, &PackageHeader) -> Fallible<Result<(), Win32Error>>,
) -> Fallible<Win32Error> {
    let PackageCall { source, content, overlapped } = about;
    let name = match admit_package(call, source, content, overlapped)? {
        Ok(Wanted { name, .. }) => name,
        Err(answer) => return Ok(answer),
    };
    let found = call.kernel.files.lock().packages.find(&name);
    let outcome = match found {
        Ok(Some(header)) => f(call, &name, &header)?,
        Ok(None) => Err(missing),
        Err(error) => Err(win32_error(error)),
    };
    let error = outcome.err().unwrap_or(Win32Error::SUCCESS);
    complete(call, overlapped, Completed::wrapped(error, 0))
}

/// Deletes a package that is not open.
pub(super) fn delete(call: &mut Call, about: PackageCall) -> Fallible<Win32Error> {
    with_package(call, about, Win32Error::FILE_NOT_FOUND, |call, name, _| {
        Ok(call.kernel.files.lock().delete_package(name))
    })
}

/// Licence bit that most titles interpret as the full version.
const FULL_VERSION: u32 = 1;

#[exports(xam)]
impl Content {
    /// Opens or creates a package and mounts its files under the root name.
    #[export(Done)]
    fn XamContentCreate(
        call: &mut Call,
        user: u32,
        root: Option<Text>,
        content: Option<GuestAddr>,
        flags: u32,
        disposition: Option<Out<u32>>,
        license: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Opening { source: PackageSource::User(user), root, content, flags, disposition, license, overlapped }
            .open(call)
    }

    /// Like `XamContentCreate`, with a cache size and the size of the content. Both are ignored:
    /// content that doesn't fit fails when it is written.
    #[export(Done)]
    fn XamContentCreateEx(
        call: &mut Call,
        user: u32,
        root: Option<Text>,
        content: Option<GuestAddr>,
        flags: u32,
        disposition: Option<Out<u32>>,
        license: Option<Out<u32>>,
        _cache_size: u32,
        _content_size: u64,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Opening { source: PackageSource::User(user), root, content, flags, disposition, license, overlapped }
            .open(call)
    }

    /// Opens the package in a file, given by its path, and mounts its files under the root name, to
    /// be read. The cache size and the flags, which may ask for writing, are ignored.
    #[export(Partial)]
    fn XamContentOpenFile(
        call: &mut Call,
        _user: u32,
        root: Option<Text>,
        file: Option<Text>,
        _flags: u32,
        _cache_size: u32,
        license: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some((root, file)) = root.zip(file) else { return Ok(Win32Error::INVALID_PARAMETER) };
        let root = root.text(call.memory())?;
        let Some(root) = root_name(&root) else { return Ok(Win32Error::INVALID_NAME) };
        let file = file.text(call.memory())?;
        admit(call, overlapped)?;
        license.set(call.memory(), 0)?;
        let opened = call.kernel.files.lock().open_package_file(root, &file);
        tracing::debug!(target: "vfs", "package {file:?} as {root}: {opened:?}");
        let error = match opened {
            Ok(bits) => license.set(call.memory(), bits).map(|()| Win32Error::SUCCESS)?,
            Err(error) => error,
        };
        complete(call, overlapped, Completed::wrapped(error, 0))
    }

    /// Closes a package. Data written to it is on the disk afterwards.
    #[export(Done, XamContentClose, Files::close_package)]
    /// Writes an open package's data to the disk.
    #[export(Done, XamContentFlush, Files::flush_package)]
    fn operate_on_open(
        call: &mut Call,
        operation: fn(&mut Files, &str) -> Result<(), Win32Error>,
        root: Option<Text>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(root) = root else { return Ok(Win32Error::INVALID_PARAMETER) };
        let root = root.text(call.memory())?;
        // No package has the empty name: a name that none can have is refused as an unknown one.
        let root = root_name(&root).unwrap_or_default();
        admit(call, overlapped)?;
        let result = operation(&mut call.kernel.files.lock(), root);
        complete(call, overlapped, Completed::with(result.err().unwrap_or(Win32Error::SUCCESS)))
    }

    /// Deletes a package that is not open.
    #[export(Done)]
    fn XamContentDelete(
        call: &mut Call,
        user: u32,
        content: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        delete(call, PackageCall { source: PackageSource::User(user), content, overlapped })
    }

    /// Lists the title's packages of one type, or those of its publisher: a user's and, unless a
    /// flag excludes them, those of all users, also on the title's disc.
    #[export(Done)]
    fn XamContentCreateEnumerator(
        call: &mut Call,
        user: u32,
        device: u32,
        content_type: u32,
        flags: u32,
        items: u32,
        size: Option<Out<u32>>,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = handle.filter(|_| items > 0) else { return Ok(Win32Error::INVALID_PARAMETER) };
        let memory = call.memory();
        out.set(memory, Handle::NULL)?;
        let is_known = content_device::is_known(device);
        size.set(memory, if is_known { data::SIZE.saturating_mul(items) } else { 0 })?;
        if !is_known {
            return Ok(UNKNOWN_DEVICE_HRESULT);
        }
        let owner = match owner_of(call, user, content_type) {
            Ok(owner) => owner,
            Err(error) => return Ok(error),
        };
        let with_common = flags & EXCLUDE_COMMON == 0 && owner != Xuid::NOBODY;
        let title = call.kernel.title_id();
        let listed = {
            let files = call.kernel.files.lock();
            let owners = [Some(owner), with_common.then_some(Xuid::NOBODY)].into_iter().flatten();
            let on_disk = owners
                .filter(|_| content_device::has_disk(device))
                .map(|owner| files.packages.store.shared_packages(owner, title, content_type));
            let is_common = with_common || owner == Xuid::NOBODY;
            let has_disc = is_common && content_device::has_disc(device);
            let on_disc = has_disc.then(|| files.packages.on_disc(title, content_type));
            on_disk.chain(on_disc).collect::<Result<Vec<_>, _>>()
        };
        let found = match listed {
            Ok(lists) => lists.concat(),
            Err(error) => return Ok(win32_error(error)),
        };
        let list: Vec<u8> = found.iter().flat_map(|(name, header)| described(name, header)).collect();
        let kind = Kind {
            user,
            application: SYSTEM_APPLICATION,
            open_message: OPEN_CONTENT_LIST,
            close_message: CLOSE_CONTENT_LIST,
            private: CONTENT_LIST_BYTES,
            items,
            flags,
        };
        enumerate::create(call, kind, &Enumerator::new(&list, data::SIZE as usize, items), out)
    }

    /// Returns the creator of a package: whether it is the user, and the creator's id.
    #[export(Done)]
    fn XamContentGetCreator(
        call: &mut Call,
        user: u32,
        content: Option<GuestAddr>,
        is_creator: Option<Out<u32>>,
        creator: Option<Out<u64>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(is_creator) = is_creator else { return Ok(Win32Error::INVALID_PARAMETER) };
        // Before the results are stored: `with_package` comes too late.
        admit(call, overlapped)?;
        is_creator.set(call.memory(), 0)?;
        creator.set(call.memory(), 0)?;
        let about = PackageCall { source: PackageSource::User(user), content, overlapped };
        with_package(call, about, Win32Error::PATH_NOT_FOUND, |call, name, header| {
            let own = header.creator == name.owner && name.owner != Xuid::NOBODY;
            is_creator.set(call.memory(), u32::from(own))?;
            creator.filter(|_| own).set(call.memory(), header.creator.0)?;
            Ok(Ok(()))
        })
    }

    /// Sets the picture of a package.
    #[export(Done)]
    fn XamContentSetThumbnail(
        call: &mut Call,
        user: u32,
        content: Option<GuestAddr>,
        picture: Option<GuestAddr>,
        size: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(picture) = picture.filter(|_| (1..=MAX_THUMBNAIL_SIZE).contains(&size)) else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        let mut bytes = vec![0; size as usize];
        call.memory().read_bytes(picture, &mut bytes)?;
        let about = PackageCall { source: PackageSource::User(user), content, overlapped };
        with_package(call, about, Win32Error::FILE_NOT_FOUND, |call, name, _| {
            let files = call.kernel.files.lock();
            Ok(files.packages.store_of(name).set_thumbnail(name, &bytes).map_err(win32_error))
        })
    }

    /// Reads a package's picture; without a buffer returns its size only.
    #[export(Done)]
    fn XamContentGetThumbnail(
        call: &mut Call,
        user: u32,
        content: Option<GuestAddr>,
        buffer: Option<GuestAddr>,
        size: Option<Ptr<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(size) = size else { return Ok(Win32Error::INVALID_PARAMETER) };
        let about = PackageCall { source: PackageSource::User(user), content, overlapped };
        with_package(call, about, Win32Error::FILE_NOT_FOUND, |call, name, _| {
            let found = call.kernel.files.lock().packages.store_of(name).thumbnail(name);
            let picture = match found {
                Ok(Some(picture)) => picture,
                Ok(None) => return Ok(Err(Win32Error::FILE_NOT_FOUND)),
                Err(error) => return Ok(Err(win32_error(error))),
            };
            let room = size.read(call.memory())?;
            size.write(call.memory(), picture.len() as u32)?;
            let Some(buffer) = buffer else { return Ok(Ok(())) };
            if (room as usize) < picture.len() {
                return Ok(Err(Win32Error::INSUFFICIENT_BUFFER));
            }
            call.memory().write_bytes(buffer, &picture)?;
            Ok(Ok(()))
        })
    }

    /// Returns the licence of the package that contains the title, or the licence that is set.
    /// Titles on discs and in folders have none, as on the console.
    #[export(Done)]
    fn XamContentGetLicenseMask(
        call: &mut Call,
        mask: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let Some(mask) = mask else { return Ok(Win32Error::INVALID_PARAMETER) };
        admit(call, overlapped)?;
        let license = call.kernel.config.deployment.license;
        if license.is_none_or(|bits| bits & FULL_VERSION == 0) {
            tracing::warn!(target: "kernel", setting = "license", "the title runs as a trial");
        }
        mask.set(call.memory(), license.unwrap_or(0))?;
        let status = if license.is_some() { Win32Error::SUCCESS } else { Win32Error::FUNCTION_FAILED };
        complete(call, overlapped, Completed::with(status))
    }
}
