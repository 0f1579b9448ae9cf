//! Saved states of file systems: what devices have in memory, links, and files being written.
//!
//! A state is restored into a file system as it is at the start of a machine: host devices are
//! mounted, and their files are on the host. The state contains the contents of memory devices, and
//! of files whose writes have not reached the host. Open files without a name are identified by a
//! number ([`Vfs::number_of`]).

#[cfg(test)]
mod tests;

use crate::{
    DeviceState, FileData, FileDevice, Location, NoDevice, OpenMode, SavedBytes, Vfs, VfsResult, path,
};
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, Unsaveable, check};

/// Maximum number of mounted devices.
const MAX_MOUNTS: usize = 2048;

/// Mounted devices and links of a machine, as they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VfsState {
    mounts: Vec<MountState>,
    links: Vec<super::Link>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MountState {
    path: Vec<String>,
    device: DeviceState,
}

impl Vfs {
    /// The state of all devices, and the links. Contents are put into `bytes`.
    ///
    /// # Errors
    /// A file can't be saved; the reason names its device.
    pub fn state(&self, bytes: &mut SavedBytes) -> Result<VfsState, Unsaveable> {
        let Self { mounts, links } = self;
        let mount = |super::Mount { path, device }: &super::Mount| {
            let state = device.state(bytes);
            let device = state.map_err(|error| format!(r"\{}: {error}", path.join(r"\")))?;
            Ok(MountState { path: path.clone(), device })
        };
        let mounts = mounts.iter().map(mount).collect::<Result<_, Unsaveable>>()?;
        Ok(VfsState { mounts, links: links.clone() })
    }

    /// Restores devices and links. Devices that the machine lacks must be packages below
    /// `packages`; their mounts are empty until the caller mounts the packages.
    ///
    /// # Errors
    /// A value that no file system can have, or other devices than this machine's.
    pub fn restore(
        &mut self,
        state: VfsState,
        bytes: &mut SavedBytes,
        packages: &str,
    ) -> Result<(), Impossible> {
        let VfsState { mounts, links } = state;
        check(
            mounts.len() <= MAX_MOUNTS && links.len() <= super::MAX_GUEST_LINKS,
            "too many devices or links",
        )?;
        let mut before = std::mem::take(&mut self.mounts);
        if let Err(error) = self.restore_mounts(mounts, &mut before, bytes, packages) {
            // A state of another moment may follow.
            self.mounts.append(&mut before);
            return Err(error);
        }
        let is_possible = |link: &super::Link| !link.path.is_empty() && !link.target.is_empty();
        check(links.iter().all(is_possible), "a link has no name or no target")?;
        self.links = links;
        Ok(())
    }

    /// Restores devices, which are taken out of `before`.
    fn restore_mounts(
        &mut self,
        mounts: Vec<MountState>,
        before: &mut Vec<super::Mount>,
        bytes: &mut SavedBytes,
        packages: &str,
    ) -> Result<(), Impossible> {
        for MountState { path, device: state } in mounts {
            let is_new = |mount: &super::Mount| mount.path != path;
            check(self.mounts.iter().all(is_new), "two devices have one path")?;
            let found = before.iter().position(|mount| mount.path == path);
            let is_package = || is_below(&path, packages);
            let mut device: Box<dyn FileDevice> = match found {
                Some(index) => before.remove(index).device,
                None if is_package() => Box::new(NoDevice),
                None => {
                    let path = path.join(r"\");
                    return Err(format!(r"this run has no device \{path}, and the state has one").into());
                }
            };
            let restored = device.restore(state, bytes);
            // Kept also on an error: the restore of another state needs all devices.
            self.mounts.push(super::Mount { path, device });
            restored?;
        }
        // Packages that were opened after the state was saved.
        before.retain(|mount| !is_below(&mount.path, packages));
        if let Some(mount) = before.first() {
            let path = mount.path.join(r"\");
            return Err(format!(r"the state has no device \{path}, and this run has one").into());
        }
        Ok(())
    }

    /// Ends a restore, after all files were reopened: removes files without a name that were not
    /// reopened.
    pub fn end_restore(&mut self) {
        self.mounts.iter_mut().for_each(|mount| mount.device.end_restore());
    }

    /// The mount of the memory device that keeps this open file, and the file's number there.
    pub fn number_of(&self, file: &dyn FileData) -> Option<(u32, u64)> {
        let file = file.memory_file()?;
        let mut devices = self.mounts.iter().zip(0..);
        devices.find_map(|(mount, index)| Some((index, mount.device.number_of(file)?)))
    }

    /// Opens the file with this number on the memory device of a mount.
    pub fn open_number(&self, mount: u32, number: u64) -> Option<Box<dyn FileData>> {
        self.mounts.get(mount as usize)?.device.open_number(number)
    }

    /// Opens an existing file again.
    pub fn reopen(&self, at: &Location, mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        self.device(at)?.open(&at.names, mode)
    }

    /// Checks a location that was restored.
    ///
    /// # Errors
    /// The mount does not exist, or a name cannot occur in a resolved path.
    pub fn check_location(&self, at: &Location) -> Result<(), Impossible> {
        let is_possible = self.mounts.get(at.mount as usize).is_some() && path::is_path(&at.names);
        check(is_possible, "a file's location has no mount, or a name that no file can have")
    }
}

/// Whether a device's path begins with `packages`.
fn is_below(path: &[String], packages: &str) -> bool {
    format!(r"\{}", path.join(r"\")).starts_with(packages)
}
