//! Virtual file system: devices mounted at guest paths, symbolic links, path look-up and opening.
//!
//! ```text
//!  "game:\Media\x"  ── links ──►  \Device\Cdrom0\Media\x  ── mounts ──►  device, ["Media", "x"]
//! ```
//!
//! A device only receives validated names below its root, so a guest cannot escape from it. Results
//! are deterministic: listings are sorted, times are guest times, free space is constant.
//!
//! - [`Vfs`]: mounts, links, look-up ([`Vfs::resolve`]) and opening ([`Vfs::open`]).
//! - [`FileDevice`], [`FileData`]: a mounted file system and the contents of an open file. Devices
//!   are [`HostFolder`] (a folder of the host, with atomic saves), [`MemoryDevice`] (a scratch
//!   disk), [`ScratchDisks`] (scratch disks on the host's disk), [`RawDisk`] (the bytes of a whole
//!   disk), [`Container`] (disc images and packages) and [`SubFolder`] (a part of another device).
//! - [`Stamp`]: times and attributes; [`path`]: names and patterns; [`lock_file`]: folders that one
//!   process at a time uses.
//!
//! Invariants: an error names no host path ([`VfsError`]); a write-back error of a package stays
//! recorded until the title corrects or abandons the file; the crate does not depend on the kernel:
//! handles, sharing modes and NT statuses belong to its callers.
#![forbid(unsafe_code)]

mod allocation_unit;
mod atomic_replace;
mod container;
mod device;
mod error;
mod fatx;
mod folder_stamps;
mod host_folder;
mod listings;
mod location;
pub mod lock_file;
mod open;
pub mod path;
mod quota;
mod raw_disk;
mod saved_bytes;
mod scratch_folder;
mod space;
mod sparse_copy;
pub mod stamp;
mod stamp_file;
mod state;
mod sub_folder;
#[cfg(test)]
mod tests;
mod write_back_errors;

pub use container::{Container, FileBytes};
pub use device::{
    DeviceState, Entry, Existing, FileData, FileDevice, FolderState, MemoryDevice, MemoryFile, OpenMode,
    VolumeProperties,
};
pub use error::{VfsError, VfsResult};
pub use host_folder::{HostFolder, host_name};
pub use location::{Location, LocationKey};
pub use open::{CreateDisposition, OpenAction, OpenRequest, Opened, WantedKind};
pub use path::is_fatx_name;
pub use raw_disk::RawDisk;
pub use saved_bytes::SavedBytes;
pub use scratch_folder::{ScratchDisks, ScratchError};
pub use stamp::Stamp;
pub use state::VfsState;
pub use sub_folder::{NoDevice, SharedDevice, SubFolder, make_directories};

use serde::{Deserialize, Serialize};

/// Longest chain of symbolic links in one look-up.
const MAX_LINKS: usize = 8;
/// Largest number of symbolic links that guests can make.
const MAX_GUEST_LINKS: usize = 256;

struct Mount {
    path: Vec<String>,
    device: Box<dyn FileDevice>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    path: Vec<String>,
    target: Vec<String>,
    target_text: String,
}

/// Mounted devices and symbolic links of a machine.
#[derive(Default)]
pub struct Vfs {
    mounts: Vec<Mount>,
    links: Vec<Link>,
}

impl std::fmt::Debug for Vfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vfs")
            .field("mounts", &self.mounts.iter().map(|mount| &mount.path).collect::<Vec<_>>())
            .field("links", &self.links.iter().map(|link| (&link.path, &link.target)).collect::<Vec<_>>())
            .finish()
    }
}

impl Vfs {
    /// Mounts a device at a path such as `\Device\Cdrom0`, replacing a device that is mounted
    /// there.
    pub fn mount(&mut self, path: &str, device: Box<dyn FileDevice>) -> VfsResult<()> {
        let path = path::split(path)?;
        if path.is_empty() {
            return Err(VfsError::InvalidName);
        }
        let same =
            |mount: &&mut Mount| mount.path.len() == path.len() && path::starts_with(&mount.path, &path);
        match self.mounts.iter_mut().find(same) {
            Some(mount) => mount.device = device,
            None => self.mounts.push(Mount { path, device }),
        }
        Ok(())
    }

    /// Takes all devices and links for another machine, without the device at `path`. A location
    /// is by the position of its device, so those that exist lead nowhere from then on.
    #[must_use]
    pub fn take_all_but(&mut self, path: &str) -> Self {
        let mut taken = std::mem::take(self);
        if let Ok(path) = path::split(path) {
            taken
                .mounts
                .retain(|mount| mount.path.len() != path.len() || !path::starts_with(&mount.path, &path));
        }
        taken
    }

    /// Takes over the devices of another file system, replacing those at the same paths.
    pub fn adopt_devices(&mut self, other: Self) {
        for mount in other.mounts {
            match self.mounts.iter_mut().find(|own| own.path == mount.path) {
                // In place: locations name a device by its position.
                Some(own) => own.device = mount.device,
                None => self.mounts.push(mount),
            }
        }
    }

    /// Makes a symbolic link such as `game:`. Fails with `Exists` if the name exists with another
    /// target.
    pub fn link(&mut self, name: &str, target: &str) -> VfsResult<()> {
        let path = path::split(name)?;
        let names = path::split(target)?;
        if path.is_empty() || names.is_empty() {
            return Err(VfsError::InvalidName);
        }
        if let Some(link) = self.find_link(&path) {
            let same = link.target.len() == names.len() && path::starts_with(&link.target, &names);
            return if same { Ok(()) } else { Err(VfsError::Exists) };
        }
        self.admit_link()?;
        self.links.push(Link { path, target: names, target_text: target.to_owned() });
        Ok(())
    }

    /// Fails if no other symbolic link can be made.
    pub fn admit_link(&self) -> VfsResult<()> {
        if self.links.len() < MAX_GUEST_LINKS { Ok(()) } else { Err(VfsError::Full) }
    }

    /// Paths of all mounted devices.
    pub fn mounted(&self) -> impl Iterator<Item = &[String]> {
        self.mounts.iter().map(|mount| mount.path.as_slice())
    }

    /// Paths of all symbolic links, without the directory of DOS devices.
    pub fn linked(&self) -> impl Iterator<Item = &[String]> {
        self.links.iter().map(|link| link.path.as_slice())
    }

    fn find_link(&self, path: &[String]) -> Option<&Link> {
        self.links.iter().find(|link| link.path.len() == path.len() && path::starts_with(&link.path, path))
    }

    pub fn unlink(&mut self, name: &str) -> VfsResult<()> {
        let path = path::split(name)?;
        let before = self.links.len();
        self.links.retain(|link| link.path.len() != path.len() || !path::starts_with(&link.path, &path));
        if self.links.len() == before { Err(VfsError::NotFound) } else { Ok(()) }
    }

    /// The target of a symbolic link, as it was given.
    pub fn link_target(&self, name: &str) -> VfsResult<&str> {
        let path = path::split(name)?;
        self.find_link(&path).map(|link| link.target_text.as_str()).ok_or(VfsError::NotFound)
    }

    /// The names of a path after all links in it; they need not lead to a device.
    pub fn follow_links(&self, path: &str) -> VfsResult<Vec<String>> {
        let mut names = path::split(path)?;
        let mut followed = 0;
        // The longest matching link wins: a link may lie below another.
        while let Some(link) = self
            .links
            .iter()
            .filter(|link| path::starts_with(&names, &link.path))
            .max_by_key(|link| link.path.len())
        {
            followed += 1;
            if followed > MAX_LINKS {
                return Err(VfsError::TooManyLinks);
            }
            let mut next = link.target.clone();
            next.extend_from_slice(&names[link.path.len()..]);
            names = next;
        }
        Ok(names)
    }

    /// Resolves links and finds the device. The file need not exist.
    pub fn resolve(&self, path: &str) -> VfsResult<Location> {
        let names = self.follow_links(path)?;
        let (found, mount) = self
            .mounts
            .iter()
            .zip(0..)
            .filter(|(mount, _)| path::starts_with(&names, &mount.path))
            // A device may be mounted below the path of another.
            .max_by_key(|(mount, _)| mount.path.len())
            .ok_or(VfsError::NoDevice)?;
        Self::located(mount, &names[found.path.len()..])
    }

    /// Whether a device is mounted at or below the names of a path, without following links.
    pub fn has_device_below(&self, names: &[String]) -> bool {
        self.mounts.iter().any(|mount| path::starts_with(&mount.path, names))
    }

    /// Resolves a path relative to an open directory.
    pub fn resolve_below(&self, directory: &Location, path: &str) -> VfsResult<Location> {
        let mut names = directory.names.clone();
        names.extend(path::split(path)?);
        Self::located(directory.mount, &names)
    }

    /// The location of a path below the root of a device.
    fn located(mount: u32, rest: &[String]) -> VfsResult<Location> {
        Ok(Location { mount, names: path::device_names(rest)? })
    }

    fn device(&self, at: &Location) -> VfsResult<&dyn FileDevice> {
        self.mounts.get(at.mount as usize).map(|mount| &*mount.device).ok_or(VfsError::NoDevice)
    }

    fn device_mut(&mut self, at: &Location) -> VfsResult<&mut Box<dyn FileDevice>> {
        self.mounts.get_mut(at.mount as usize).map(|mount| &mut mount.device).ok_or(VfsError::NoDevice)
    }

    /// Checks that a new name is valid on the device's file system.
    fn check_name(&self, at: &Location) -> VfsResult<()> {
        let is_fatx = self.device(at)?.volume().file_system == VolumeProperties::FATX;
        match at.names.last() {
            Some(name) if is_fatx && !is_fatx_name(name) => Err(VfsError::InvalidName),
            _ => Ok(()),
        }
    }

    /// Looks up a file or directory.
    pub fn find(&self, at: &Location) -> VfsResult<Entry> {
        self.device(at)?.find(&at.names)
    }

    /// Opens the raw partition of the device, if the device supports it.
    pub fn partition(&self, at: &Location) -> VfsResult<Option<Box<dyn FileData>>> {
        Ok(self.device(at)?.partition())
    }

    /// Ends a title's access to raw partitions: devices whose header it has changed are formatted.
    pub fn end_raw_access(&mut self) -> VfsResult<()> {
        self.mounts.iter_mut().try_for_each(|mount| mount.device.end_raw_access())
    }

    /// Lists a directory, sorted by upper-case names.
    pub fn list(&self, at: &Location) -> VfsResult<Vec<Entry>> {
        self.device(at)?.list(&at.names)
    }

    /// Lists the entries of a directory that match a pattern, sorted by upper-case names.
    pub fn list_matching(&self, at: &Location, pattern: &path::Pattern) -> VfsResult<Vec<Entry>> {
        self.device(at)?.list_matching(&at.names, pattern)
    }

    /// Properties of the volume that contains `at`.
    pub fn volume(&self, at: &Location) -> VfsResult<VolumeProperties> {
        Ok(self.device(at)?.volume())
    }

    /// Path of the device that contains `at`.
    pub fn volume_name(&self, at: &Location) -> String {
        let device =
            self.mounts.get(at.mount as usize).map(|mount| mount.path.as_slice()).unwrap_or_default();
        device.iter().flat_map(|name| ["\\", name]).collect()
    }

    /// Full path: that of the device and the names below it.
    pub fn full_name(&self, at: &Location) -> String {
        let own: String = at.names.iter().flat_map(|name| ["\\", name]).collect();
        self.volume_name(at) + &own
    }

    /// Sets times and attributes.
    pub fn set_stamp(&mut self, at: &Location, stamp: Stamp) -> VfsResult<()> {
        self.device_mut(at)?.set_stamp(&at.names, stamp)
    }

    /// Records a change of the contents at `now`.
    pub fn touch(&mut self, at: &Location, now: u64) -> VfsResult<()> {
        let stamp = self.find(at)?.stamp.written(now);
        self.set_stamp(at, stamp)
    }

    /// Makes the device of `at` write deferred metadata.
    pub fn flush_metadata(&self, at: &Location) -> VfsResult<()> {
        self.device(at)?.flush_metadata()
    }

    /// Drops all changes that are not on the host's disk, on every device.
    pub fn discard(&mut self) {
        for mount in &mut self.mounts {
            mount.device.discard();
        }
    }

    /// Deletes the temporary files of open files on every device ([`FileDevice::abandon`]).
    pub fn abandon(&mut self) {
        for mount in &mut self.mounts {
            mount.device.abandon();
        }
    }

    /// Flushes all files at or below a place to the host's disk, including open ones.
    pub fn flush_below(&self, at: &Location) -> VfsResult<()> {
        self.device(at)?.flush_below(&at.names)
    }

    /// Removes a file or an empty directory.
    pub fn remove(&mut self, at: &Location) -> VfsResult<()> {
        self.device_mut(at)?.remove(&at.names)
    }

    /// Renames a file or directory within its device.
    pub fn rename(&mut self, from: &Location, to: &Location, existing: Existing) -> VfsResult<()> {
        if from.mount != to.mount {
            return Err(VfsError::OtherDevice);
        }
        self.check_name(to)?;
        self.device_mut(from)?.rename(&from.names, &to.names, existing)
    }
}
