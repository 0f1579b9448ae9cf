//! Opens or creates a package for the functions that do so (`XamContentCreate` and related
//! functions).

use super::content::{PackageSource, admit_package, owner_of};
use crate::abi::{Call, OptionalOut, Out, Text};
use crate::files::PackageMode;
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, admit, complete};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_user::content::{PackageHeader, root_name};

/// Arguments of the functions that open packages.
pub(super) struct Opening {
    pub(super) source: PackageSource,
    pub(super) root: Option<Text>,
    pub(super) content: Option<GuestAddr>,
    pub(super) flags: u32,
    pub(super) disposition: Option<Out<u32>>,
    pub(super) license: Option<Out<u32>>,
    pub(super) overlapped: Option<GuestAddr>,
}

impl Opening {
    pub(super) fn open(self, call: &mut Call) -> Fallible<Win32Error> {
        let Some(root) = self.root else { return Ok(Win32Error::INVALID_PARAMETER) };
        let root = root.text(call.memory())?;
        let Some(root) = root_name(&root) else { return Ok(Win32Error::INVALID_NAME) };
        let Some(mode) = PackageMode::of(self.flags & 0xF) else { return Ok(Win32Error::INVALID_PARAMETER) };
        // Before the results are stored: `admit_package` comes too late.
        admit(call, self.overlapped)?;
        self.disposition.set(call.memory(), 0)?;
        self.license.set(call.memory(), 0)?;
        let wanted = match admit_package(call, self.source, self.content, self.overlapped)? {
            Ok(wanted) => wanted,
            Err(answer) => return Ok(answer),
        };
        let creator = match self.source {
            PackageSource::User(user) => owner_of(call, user, 0).unwrap_or_default(),
            PackageSource::ContentData => wanted.name.owner,
        };
        let new = PackageHeader::new(creator, &wanted.display_name);
        let is_anew = matches!(mode, PackageMode::New | PackageMode::Always | PackageMode::Truncate);
        let name = if is_anew { &wanted.created } else { &wanted.name };
        let opened = call.kernel.files.lock().open_package(root, name, mode, new);
        tracing::debug!(target: "vfs", "package {name:?} as {root}: {opened:?}");
        let (header, action) = match opened {
            Ok(opened) => opened,
            Err(error) => return complete(call, self.overlapped, Completed::wrapped(error, 0)),
        };
        self.disposition.set(call.memory(), action as u32)?;
        self.license.set(call.memory(), header.license)?;
        complete(call, self.overlapped, Completed::wrapped(Win32Error::SUCCESS, action as u32))
    }
}
