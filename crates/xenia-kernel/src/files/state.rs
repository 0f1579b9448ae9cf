//! Saved state of open files and of the file system.
//!
//! Files are opened again on the devices of the machine that restores the state: by their paths, or
//! by a number if a device in memory keeps them. A new machine opens nothing by its path that has
//! changed its size meanwhile; one that goes back does, as it undoes nothing on the host.

mod open_file;
#[cfg(test)]
mod tests;

use super::completion::state::PortsState;
use super::drivers::Drivers;
use super::missing::MissingFiles;
use super::mounts::{self, CACHES};
use super::packages::state::{PackagesState, RestoredMachine};
use super::{Files, OpenPaths, SharedFiles};
use crate::objects::Objects;
use open_file::OpenFileState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_state::{Impossible, StateSection, Unsaveable, check};
use xenia_vfs::{SavedBytes, VfsState};

/// Open files, completion ports, packages, devices and links, as they are saved. The contents of
/// files are apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesState {
    vfs: VfsState,
    packages: PackagesState,
    ports: PortsState,
    open: Vec<OpenFileState>,
    missing: MissingFiles,
    disc: Option<u8>,
    drivers: Drivers,
    device_names: BTreeMap<GuestAddr, String>,
    raw_disk: u8,
    raw_disk_awaits_device: bool,
    cached_blocks: u32,
    open_paths: BTreeMap<GuestAddr, String>,
}

impl FilesState {
    /// Number of the disc that was in the drive, if it was not the one at the start.
    pub(crate) fn disc(&self) -> Option<u8> {
        self.disc
    }

    /// Number of open files that are opened again by their paths: the host must still have them.
    pub fn opened_by_path(&self) -> usize {
        self.open.iter().filter(|file| file.is_opened_by_path()).count()
    }
}

/// Treatment of open files of the host whose sizes have changed since the state was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedFiles {
    /// The state is refused.
    Refused,
    /// They are opened as they are.
    Opened,
}

impl StateSection for FilesState {
    const NAME: &'static str = "files";
    const VERSION: u16 = 8;
}

impl Files {
    /// Everything about files, for a saved state. Contents are put into `bytes`.
    pub(crate) fn state(&self, bytes: &mut SavedBytes) -> Result<FilesState, Unsaveable> {
        let Self {
            vfs,
            tables,
            open,
            // Settings.
            limits: _,
            // Joined again by the open files.
            shared: _,
            missing,
            packages,
            // A machine is saved while it can run.
            ending: _,
            disc,
            // The host's, like the files on them.
            discs: _,
            // Settings, both.
            has_common_disk: _,
            scratch: _,
            drivers,
            device_names,
            raw_disk,
            raw_disk_awaits_device,
            cached_blocks,
            open_paths,
        } = self;
        let open = open.iter().map(|(&body, file)| self.open_file_state(body, file));
        Ok(FilesState {
            open: open.collect::<Result<_, _>>()?,
            vfs: vfs.state(bytes)?,
            packages: packages.state(bytes, vfs, *disc)?,
            ports: tables.ports.lock().state(),
            missing: missing.clone(),
            disc: *disc,
            drivers: drivers.clone(),
            device_names: device_names.clone(),
            raw_disk: *raw_disk as u8,
            raw_disk_awaits_device: *raw_disk_awaits_device,
            cached_blocks: *cached_blocks,
            open_paths: open_paths.state(),
        })
    }

    /// Drops open files, packages and what threads wait for, before a state of another moment
    /// replaces them. On the host, only temporary files are deleted.
    pub(crate) fn release_all(&mut self) {
        self.tables.ports.lock().release_all();
        self.vfs.abandon();
        self.packages.release_all(&mut self.vfs);
        self.tables.clear();
        self.open.clear();
        self.drivers = Drivers::default();
        self.shared = SharedFiles::default();
    }

    /// Replaces everything about files by a saved state. The disc of the state is in the drive, and
    /// the objects are restored already. `titles` are the title that runs and those whose content
    /// it may use.
    pub(crate) fn restore(
        &mut self,
        state: FilesState,
        bytes: &mut SavedBytes,
        objects: &Arc<Objects>,
        titles: &[u32],
        changed: ChangedFiles,
    ) -> Result<(), Impossible> {
        let FilesState {
            vfs,
            packages,
            ports,
            open,
            missing,
            disc,
            drivers,
            device_names,
            raw_disk,
            raw_disk_awaits_device,
            cached_blocks,
            open_paths,
        } = state;
        check(disc == self.disc, "another disc is in the drive")?;
        check(usize::from(raw_disk) < CACHES.len(), "the scratch disk of a driver is not one of the caches")?;
        check(open.len() as u64 <= self.limits.value(Limit::OpenFiles), "too many files are open")?;
        missing.check()?;
        drivers.check(&self.limits)?;
        let open_paths = OpenPaths::of(open_paths, &self.limits)?;
        self.tables.clear();
        self.open.clear();
        self.shared = SharedFiles::default();
        self.vfs.restore(vfs, bytes, mounts::PACKAGES)?;
        let machine = RestoredMachine { titles, limits: &self.limits, disc };
        self.packages.restore(packages, bytes, &mut self.vfs, machine)?;
        bytes.finish()?;
        self.tables.ports.lock().restore(ports, objects)?;
        for file in open {
            self.open_again(file, changed)?;
        }
        self.vfs.end_restore();
        self.packages.store.device().lock().end_restore();
        self.missing = missing;
        self.raw_disk = raw_disk.into();
        self.cached_blocks = cached_blocks;
        self.drivers = drivers;
        self.device_names = device_names;
        self.open_paths = open_paths;
        self.raw_disk_awaits_device = raw_disk_awaits_device;
        Ok(())
    }
}
