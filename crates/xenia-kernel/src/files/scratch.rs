//! Scratch disks: the utility drive that a title's own library mounts.
//!
//! Such a library opens the raw bytes of a partition, formats it if its header is not the expected
//! one, makes a device object for its own file system and links `cache:` to that. Here the files
//! are this emulator's: the partition's bytes are kept for the library, and a change of their
//! header removes the files ([`xenia_vfs::FileDevice::end_raw_access`]). The library's driver would
//! pass requests to the disk's driver, which does not exist here, so it receives none
//! ([`Files::name_device`]).
//!
//! The disks of each title are in a folder of the host, where the storage port names one; otherwise
//! they are in memory, and a launched title inherits them with their contents.

use super::Files;
use super::mounts::{CACHES, WHOLE_DISK};
use crate::ports::ScratchPlace;
use crate::status::failure::Fallible;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_vfs::{FileDevice, MemoryDevice, NoDevice, RawDisk, ScratchDisks, ScratchError, Vfs, VfsResult};

/// Type of a device that is a volume of packages.
const PACKAGE_VOLUME: u32 = 61;

/// Mounts empty scratch disks in memory.
pub(super) fn mount_in_memory(vfs: &mut Vfs, limits: &Arc<ResourceLimits>) -> VfsResult<()> {
    let mut partitions = Vec::new();
    for cache in CACHES {
        let disk = MemoryDevice::new(Limit::ScratchBytes.row().value, limits.clone());
        partitions.extend(disk.partition());
        vfs.mount(cache, Box::new(disk))?;
    }
    vfs.mount(WHOLE_DISK, Box::new(RawDisk::in_memory(partitions, limits.clone())?))
}

/// A title's scratch disks on the host's disk, and the disk that they are partitions of.
struct HostDisks {
    disks: Vec<Box<dyn FileDevice>>,
    whole: RawDisk,
}

impl HostDisks {
    fn open(place: &ScratchPlace, title: u32, limits: &Arc<ResourceLimits>) -> Result<Self, ScratchError> {
        let opened = ScratchDisks::open(&place.title_folder(title), place.bytes, limits.clone())?;
        let mut disks: Vec<Box<dyn FileDevice>> = Vec::new();
        let mut partitions = Vec::new();
        for cache in CACHES {
            let name = cache.rsplit('\\').next().unwrap_or(cache);
            let disk = opened.disk(name)?;
            partitions.extend(disk.partition());
            disks.push(Box::new(disk));
        }
        Ok(Self { disks, whole: opened.whole(partitions)? })
    }
}

impl Files {
    /// Names the device object of a driver that the title contains. Opens below the name go to the
    /// driver, unless the driver is a file system for a scratch disk: then the files are those of
    /// the disk whose raw bytes the title has opened last. Such a device is the first one after
    /// that, or has the type of packages' volumes, as the library's has. A name that leads
    /// somewhere already, or is part of such a name, keeps its meaning.
    pub fn name_device(&mut self, body: GuestAddr, name: &str, device_type: u32) -> Fallible<()> {
        let is_taken = self.device_names.values().any(|other| other.eq_ignore_ascii_case(name));
        if is_taken || self.drivers.has_name(name) {
            return Err(NtStatus::OBJECT_NAME_COLLISION.into());
        }
        if self.vfs.resolve(name).is_ok() || self.vfs.has_device_below(&self.vfs.follow_links(name)?) {
            return Ok(());
        }
        let awaited = std::mem::take(&mut self.raw_disk_awaits_device);
        if !awaited && device_type != PACKAGE_VOLUME {
            return self.drivers.name_device(body, name);
        }
        let disk = CACHES.get(self.raw_disk).copied().unwrap_or(CACHES[0]);
        self.vfs.link(name, disk)?;
        self.device_names.insert(body, name.to_owned());
        Ok(())
    }

    /// Whether the files of a device are those of a scratch disk.
    pub fn is_disk_device(&self, body: GuestAddr) -> bool {
        self.device_names.contains_key(&body)
    }

    /// The driver's device that a path leads to, and the rest of the path as the driver gets it:
    /// the names below the device, each after a backslash, and a last one if the path ends so.
    pub fn driver_device(&self, path: &str) -> Option<(GuestAddr, String)> {
        if self.drivers.is_unused() || self.vfs.resolve(path).is_ok() {
            return None;
        }
        let names = self.vfs.follow_links(path).ok()?;
        let (device, own) = self.drivers.find(&names)?;
        let mut rest: String = names[own..].iter().flat_map(|name| ["\\", name]).collect();
        if path.ends_with(['\\', '/']) {
            rest.push('\\');
        }
        Some((device, rest))
    }

    /// Removes the name of a deleted device object.
    pub(crate) fn unname_device(&mut self, body: GuestAddr) {
        self.drivers.unname_device(body);
        if let Some(name) = self.device_names.remove(&body)
            && let Err(error) = self.vfs.unlink(&name)
        {
            tracing::debug!(target: "vfs", "the name {name} of a device is gone already: {error}");
        }
    }

    /// Notes that the title has opened the raw bytes of a device.
    pub(super) fn note_raw_access(&mut self, device: &str) {
        let found = CACHES.iter().position(|cache| cache.eq_ignore_ascii_case(device));
        self.raw_disk = found.unwrap_or(self.raw_disk);
        self.raw_disk_awaits_device |= found.is_some();
    }

    /// Mounts the title's scratch disks from the host's disk, if they are kept there. If they
    /// cannot be opened, the title gets empty ones in memory, and the log says why.
    pub(crate) fn mount_scratch_disks(&mut self, title: u32) -> VfsResult<()> {
        let Some(place) = &self.scratch else { return Ok(()) };
        // The predecessor's disks are released first: the successor may have the same ones.
        for path in CACHES.into_iter().chain([WHOLE_DISK]) {
            self.vfs.mount(path, Box::new(NoDevice))?;
        }
        match HostDisks::open(place, title, &self.limits) {
            Ok(HostDisks { disks, whole }) => {
                for (path, disk) in CACHES.into_iter().zip(disks) {
                    self.vfs.mount(path, disk)?;
                }
                self.vfs.mount(WHOLE_DISK, Box::new(whole))
            }
            Err(error) => {
                tracing::error!(
                    target: "vfs",
                    "the title's scratch disks (cache:) are empty and in memory this time: {error}"
                );
                mount_in_memory(&mut self.vfs, &self.limits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::OpenParameters;
    use crate::files::rights::{access, options};
    use crate::ports::Storage;
    use xenia_guest::NtStatus;
    use xenia_vfs::{CreateDisposition, OpenAction};

    #[derive(Debug)]
    struct Kept(ScratchPlace);
    impl Storage for Kept {
        fn scratch(&self) -> Option<ScratchPlace> {
            Some(self.0.clone())
        }
    }

    fn files(place: &ScratchPlace, title: u32) -> Files {
        let mut files = Files::with_devices(&Kept(place.clone()), &Arc::default()).unwrap();
        files.mount_scratch_disks(title).unwrap();
        files
    }

    fn open(files: &mut Files, path: &str, disposition: CreateDisposition) -> Result<OpenAction, NtStatus> {
        let parameters = OpenParameters {
            access: access::GENERIC_READ | access::GENERIC_WRITE,
            disposition,
            ..OpenParameters::to_read(path, 0)
        };
        let (file, action) = files.open(&parameters).map_err(crate::status::failure::Failure::status)?;
        files.close(file);
        Ok(action)
    }

    /// Writes to the raw bytes of the whole disk.
    fn write_raw(files: &mut Files, offset: u64, bytes: &[u8]) {
        let parameters = OpenParameters {
            access: access::GENERIC_READ | access::GENERIC_WRITE,
            options: options::SYNCHRONOUS_IO_NONALERT,
            ..OpenParameters::to_read(WHOLE_DISK, 0)
        };
        let (file, _) = files.open(&parameters).unwrap();
        assert_eq!(file.granularity(), 0x200);
        file.data().unwrap().write_at(offset, bytes).unwrap();
        files.close(file);
    }

    #[test]
    fn each_title_finds_its_own_files_again_until_it_formats() {
        let folder = tempfile::tempdir().unwrap();
        let place = ScratchPlace { folder: folder.path().join("scratch"), bytes: 1 << 30 };
        let name = r"cache:\level";
        let missing = Err(NtStatus::OBJECT_NAME_NOT_FOUND);
        {
            let mut first = files(&place, 1);
            assert_eq!(open(&mut first, name, CreateDisposition::Create), Ok(OpenAction::Created));
            assert_eq!(open(&mut files(&place, 2), name, CreateDisposition::Open), missing);
            // A second run of the title has empty disks.
            let mut second = files(&place, 1);
            assert_eq!(open(&mut second, name, CreateDisposition::Open), missing);
            assert_eq!(open(&mut second, name, CreateDisposition::Create), Ok(OpenAction::Created));
        }
        let mut again = files(&place, 1);
        assert_eq!(open(&mut again, name, CreateDisposition::Open), Ok(OpenAction::Opened));
        write_raw(&mut again, 0x800, b"in the head");
        assert_eq!(open(&mut again, name, CreateDisposition::Open), Ok(OpenAction::Opened));
        // A launched title with the same ID takes over the devices, and opens them again.
        let devices = std::mem::take(&mut again.vfs);
        let mut next = Files::with_devices(&Kept(place.clone()), &Arc::default()).unwrap();
        next.vfs.adopt_devices(devices);
        next.mount_scratch_disks(1).unwrap();
        assert_eq!(open(&mut next, name, CreateDisposition::Open), Ok(OpenAction::Opened));
        write_raw(&mut next, 0x8_0000, b"a header of the first disk");
        assert_eq!(open(&mut next, name, CreateDisposition::Open), missing);
    }
}
