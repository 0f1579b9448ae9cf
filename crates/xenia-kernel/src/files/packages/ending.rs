//! The end of a machine while the title replaces packages: some titles leave a package open when
//! they have saved, others are between two files of a save.
//!
//! A package replaces the older one if the title has ended by itself, or has not changed it for a
//! while, and no file in it is open to be written. Otherwise the older one stays, and the new one
//! is set aside for the user to decide. A package without files never replaces one. A launch of
//! another title closes all files first.

#[cfg(test)]
mod tests;

use super::{OpenPackage, Packages};
use crate::files::{Files, OpenFile, access};
use xenia_guest::{GuestAddr, SECOND_100NS};
use xenia_user::content::ContentStore;
use xenia_vfs::{Location, Vfs};

/// Guest time, in units of 100 ns, after which a package that has not changed is complete.
const MIN_UNCHANGED_TIME: u64 = SECOND_100NS;
/// Rights to change a package by one of its files.
const CHANGING: u32 = access::WRITE_DATA | access::APPEND_DATA | access::DELETE;

/// The end of a run.
#[derive(Clone, Copy, Debug)]
pub(in crate::files) struct RunEnding {
    /// Whether the title has ended by itself.
    is_titles: bool,
    /// Guest time, in units of 100 ns since 1601.
    now: u64,
}

impl RunEnding {
    /// Whether a package is complete in which no file is being written.
    fn completes(self, package: &OpenPackage) -> bool {
        self.is_titles || self.now.saturating_sub(package.changed) >= MIN_UNCHANGED_TIME
    }
}

impl Files {
    /// Records the end of a run at a system time (units of 100 ns since 1601). It decides about
    /// packages that the title has not closed when the files are dropped.
    pub fn note_run_end(&mut self, is_titles: bool, now: u64) {
        self.ending = Some(RunEnding { is_titles, now });
    }
}

impl OpenFile {
    /// Whether the package of the file may change through this handle.
    pub(in crate::files) fn may_change(&self) -> bool {
        self.rights & CHANGING != 0
    }
}

impl OpenPackage {
    /// Abandons the package: the older one stays, unless a flush has named the new files already
    /// and failed after that.
    fn abandon(&self, store: &ContentStore) {
        let kept = if self.remove_unnamed(store) { "stays as it was" } else { "has what was flushed" };
        tracing::warn!(
            target: "vfs",
            "the run ends while the title saves: the package {} {kept}",
            self.name.file()
        );
    }

    /// Sets the package aside. Returns false if a header may name its files already.
    fn set_aside(&self, packages: &Packages) -> bool {
        let Packages { store, folder, .. } = packages;
        if store.may_be_named(&self.name, &self.header) {
            return false;
        }
        let name = self.name.file();
        let on_host = |path: Vec<String>| {
            let mut whole = folder.clone().unwrap_or_default();
            whole.extend(path);
            whole.display().to_string()
        };
        match store.set_aside(&self.name, &self.header) {
            Ok(at) => tracing::error!(
                target: "vfs",
                "the run ends while the title saves: the package {name} stays as it was; to use the new \
                 one, which may be incomplete, rename {} to {} while no run uses the folder: this gives \
                 up the old one",
                on_host(at),
                on_host(self.name.header())
            ),
            // The header may be there nevertheless, so the files stay.
            Err(error) => tracing::error!(
                target: "vfs",
                "the run ends while the title saves: the package {name} stays as it was; the new one can't \
                 be set aside ({error}): its files are in {} until the title saves again",
                on_host(self.name.files(self.header.folder))
            ),
        }
        true
    }

    /// Whether the title has written nothing into the package.
    fn has_no_files(&self, store: &ContentStore) -> bool {
        store.list(&self.name.files(self.header.folder)).is_ok_and(|entries| entries.is_empty())
    }
}

impl Packages {
    /// Records a change at `now` in the package of a file, if it is to replace an older one.
    pub(in crate::files) fn note_change(&mut self, vfs: &Vfs, at: &Location, now: u64) {
        if self.open.iter().all(|package| package.replaces.is_none()) {
            return;
        }
        let device = vfs.volume_name(at);
        let changed = self.open.iter().find(|package| package.device == device);
        let Some(name) = changed.map(|package| package.name.clone()) else { return };
        // A title may have opened it under two root names.
        for package in self.open.iter_mut().filter(|package| package.name.is(&name)) {
            package.changed = now;
        }
    }
}

impl Files {
    /// Records that the title closes a handle of a file at `now`, or renames the file by it.
    pub fn note_package_change(&mut self, body: GuestAddr, now: u64) {
        if let Some(file) = self.open.get(&body)
            && file.may_change()
        {
            self.packages.note_change(&self.vfs, &file.location, now);
        }
    }

    /// Abandons packages that must not replace their older ones, or sets them aside.
    fn end_packages(&mut self) {
        if !self.packages.store.is_kept() {
            // All packages end with the machine.
            return;
        }
        let packages = std::mem::take(&mut self.packages.open).into_iter();
        let (replacing, others): (Vec<_>, Vec<_>) = packages.partition(|package| package.replaces.is_some());
        self.packages.open = others;
        for package in replacing {
            let is_written = self.close_written_files(&package);
            let is_complete = self.ending.is_some_and(|ending| ending.completes(&package));
            let packages = &mut self.packages;
            if package.has_no_files(&packages.store) {
                package.abandon(&packages.store);
            } else if is_complete && !is_written {
                // It is committed when it is dropped.
                packages.open.push(package);
            } else if !package.set_aside(packages) {
                package.abandon(&packages.store);
            }
        }
    }

    /// Closes the files of a package if one of them is open to be written. Returns whether one was.
    fn close_written_files(&mut self, package: &OpenPackage) -> bool {
        let others = self.packages.open.iter().filter(|other| other.name.is(&package.name));
        let devices: Vec<String> = others.chain([package]).map(|root| root.device.clone()).collect();
        let is_in_it = |file: &OpenFile| devices.contains(&self.vfs.volume_name(&file.location));
        let is_written = self.open.values().any(|file| file.may_write() && is_in_it(file));
        if is_written {
            for device in &devices {
                self.close_files_on(device);
            }
        }
        is_written
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.end_packages();
    }
}
