//! Saved state of open packages, and of the store that they are in.
//!
//! A state is an untrusted file, and the store has the packages of all titles. So a state opens
//! packages of the titles whose content its title may use, those that its publisher shares, and no
//! others; and it writes to files of these packages and of the title's hard disk, and to no others.
//! The host's packages may have changed since the state was saved: their headers are read again,
//! and none is replaced.

use super::by_path::{OpenPackageFile, PackageFile};
use super::{OpenPackage, Packages, title_disk};
use crate::files::mounts;
use serde::{Deserialize, Serialize};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, Unsaveable, check};
use xenia_user::content::{PackageHeader, PackageName, root_name};
use xenia_user::profile::Xuid;
use xenia_vfs::{DeviceState, NoDevice, SavedBytes, Vfs};

/// Open packages and the store, as they are saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::files) struct PackagesState {
    store: DeviceState,
    open: Vec<PackageState>,
    by_path: Vec<PackageFile>,
}

/// An open package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PackageState {
    root: String,
    device: String,
    owner: u64,
    title: u32,
    kind: u32,
    file: String,
    is_on_disc: bool,
    header: HeaderState,
    replaces: Option<HeaderState>,
    is_committed: bool,
}

/// A package's header, as it is in its file, and whether the package is a single file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct HeaderState {
    text: Vec<u8>,
    is_packed: bool,
}

impl HeaderState {
    fn new(header: &PackageHeader) -> Self {
        Self { text: header.to_bytes(), is_packed: header.is_packed }
    }

    fn header(&self) -> Result<PackageHeader, Impossible> {
        let mut header =
            PackageHeader::parse(&self.text).ok_or("the header of a package cannot be parsed")?;
        header.is_packed = self.is_packed;
        Ok(header)
    }
}

/// Properties of the machine for which packages are restored.
#[derive(Clone, Copy)]
pub(in crate::files) struct RestoredMachine<'a> {
    /// The title that runs, and those whose content it may use
    /// ([`crate::loader::Modules::titles_of_content`]).
    pub(in crate::files) titles: &'a [u32],
    /// Limits of resources.
    pub(in crate::files) limits: &'a ResourceLimits,
    /// The disc in the drive.
    pub(in crate::files) disc: Option<u8>,
}

impl Packages {
    /// Open packages and the store, for a saved state.
    pub(in crate::files) fn state(
        &self,
        bytes: &mut SavedBytes,
        vfs: &Vfs,
        disc: Option<u8>,
    ) -> Result<PackagesState, Unsaveable> {
        let Self { store, open, by_path, disc: _, folder: _ } = self;
        let package = |package: &OpenPackage| {
            let OpenPackage {
                root,
                device,
                name,
                header,
                replaces,
                is_committed,
                // A package that is saved replaces none that outlasts the machine.
                changed: _,
                disc: opened,
                // A restore reads it again.
                volume: _,
            } = package;
            let refused = |reason: &str| Err(format!("the package {}: {reason}", name.file()).into());
            if replaces.is_some() && store.is_kept() {
                return refused("the title is replacing it");
            }
            if name.is_on_disc && *opened != disc {
                return refused("it is on the disc that was in the drive before");
            }
            // The restore reads the tables, which may take long.
            if header.is_packed && !matches!(self.store_of(name).packed_file(name), Ok(Some(_))) {
                return refused("it is open, and is not there any more");
            }
            Ok(PackageState {
                root: root.clone(),
                device: device.clone(),
                owner: name.owner.0,
                title: name.title,
                kind: name.kind,
                file: name.file().to_owned(),
                is_on_disc: name.is_on_disc,
                header: HeaderState::new(header),
                replaces: replaces.as_ref().map(HeaderState::new),
                is_committed: *is_committed,
            })
        };
        let open = open.iter().map(package).collect::<Result<_, Unsaveable>>()?;
        let saved =
            |package: &OpenPackageFile| package.check_saveable(vfs, disc).map(|()| package.saved.clone());
        let by_path = by_path.iter().map(saved).collect::<Result<_, Unsaveable>>()?;
        Ok(PackagesState { store: store.device().lock().state(bytes)?, open, by_path })
    }

    /// Abandons the open packages. A package that has not yet replaced an older one leaves that one
    /// unchanged.
    pub(in crate::files) fn release_all(&mut self, vfs: &mut Vfs) {
        self.store.device().lock().abandon();
        self.release_package_files(vfs);
        for package in std::mem::take(&mut self.open) {
            package.discard(&self.store);
            // The mount exists already, so it is replaced.
            let _ = vfs.mount(&package.device, Box::new(NoDevice));
        }
    }

    /// Restores the store, and mounts the packages that were open.
    pub(in crate::files) fn restore(
        &mut self,
        state: PackagesState,
        bytes: &mut SavedBytes,
        vfs: &mut Vfs,
        machine: RestoredMachine<'_>,
    ) -> Result<(), Impossible> {
        let RestoredMachine { titles, limits, disc } = machine;
        let PackagesState { store, open: states, by_path } = state;
        let count = (states.len() + by_path.len()) as u64;
        check(count <= limits.value(Limit::OpenPackages), "too many packages are open")?;
        self.open.clear();
        self.by_path.clear();
        let is_kept = self.store.is_kept();
        let mut open = Vec::new();
        for state in states {
            let mut package = package(&open, &state, disc)?;
            let is_shared = titles.first().is_some_and(|&title| package.name.is_shared_with(title));
            check(is_shared || titles.contains(&state.title), "an open package is of another title")?;
            check(!is_kept || package.replaces.is_none(), "a package of the host's is being replaced")?;
            if is_kept && !package.name.is_on_disc {
                let found = self.store.find(&package.name);
                let found = found.map_err(|error| format!("the package {}: {error}", package.name.file()))?;
                // A deleted one without files that were being written is committed again when it
                // is closed.
                package.is_committed = found.is_some();
                package.header = found.unwrap_or(package.header);
            }
            open.push(package);
        }
        let written = open.iter().filter(|package| !package.name.is_on_disc);
        let files = written.map(|package| package.name.files(package.header.folder));
        let disk = titles.first().map(|title| [title_disk(*title), PackageName::downloads(*title)]);
        let own: Vec<Vec<String>> = files.chain(disk.into_iter().flatten()).collect();
        let is_own = |path: &[String]| own.iter().any(|folder| is_below(path, folder));
        let reason = "a file that was being written is not the title's, or its package was replaced";
        check(store.written().all(is_own), reason)?;
        self.store.device().lock().restore(store, bytes)?;
        for mut package in open {
            let volume = self.volume_of(&package.name, &package.header, disc);
            let mounted = volume.and_then(|volume| {
                package.volume = volume;
                vfs.mount(&package.device, self.contents_of(&package))
            });
            mounted.map_err(|error| format!("the package {}: {error}", package.name.file()))?;
            self.open.push(package);
        }
        for package in by_path {
            check_names(&package.root, &package.device)?;
            let is_new = !self.has_root(&package.root) && self.mount_points().all(|at| *at != package.device);
            check(is_new, "two open packages have one name")?;
            let file = package.file.clone();
            let mounted = self.mount_file(package, vfs);
            self.by_path.push(mounted.map_err(|error| format!("the package {file}: {error}"))?);
        }
        Ok(())
    }
}

/// Checks the root name and the mount point of an open package.
fn check_names(root: &str, device: &str) -> Result<(), Impossible> {
    let number = device.strip_prefix(mounts::PACKAGES).and_then(|number| number.parse::<u16>().ok());
    check(root_name(root) == Some(root), "the root of an open package is not a root's name")?;
    check(number.is_some(), "the mount point of an open package has no number")
}

/// An open package of a state, beside those that are `open` already.
fn package(open: &[OpenPackage], state: &PackageState, disc: Option<u8>) -> Result<OpenPackage, Impossible> {
    let PackageState { root, device, owner, title, kind, file, .. } = state;
    check_names(root, device)?;
    let is_new = open.iter().all(|other| other.device != *device && !other.root.eq_ignore_ascii_case(root));
    check(is_new, "two open packages have one name")?;
    let name = PackageName::new(Xuid(*owner), *title, *kind, file);
    let name = name.ok_or("an open package has a file name or kind that no package can have")?;
    Ok(OpenPackage {
        root: root.clone(),
        device: device.clone(),
        name: if state.is_on_disc { name.on_disc() } else { name },
        header: state.header.header()?,
        replaces: state.replaces.as_ref().map(HeaderState::header).transpose()?,
        is_committed: state.is_committed,
        changed: 0,
        disc,
        volume: None,
    })
}

/// Whether `path` lies below `folder`; disks do not distinguish cases.
fn is_below(path: &[String], folder: &[String]) -> bool {
    path.len() > folder.len()
        && path.iter().zip(folder).all(|(name, wanted)| name.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_user::content::ContentStore;
    use xenia_vfs::{FileDevice, HostFolder};

    #[test]
    fn a_state_replaces_no_package_of_the_host() {
        let folder = tempfile::tempdir().unwrap();
        let device = HostFolder::writable(folder.path(), Arc::default()).unwrap();
        let mut packages = Packages::of(ContentStore::new(Box::new(device)));
        let name = PackageName::new(Xuid(1), 2, 1, "Save").unwrap();
        let header = PackageHeader::new(Xuid(1), "A game");
        packages.store.folder(name.files(header.folder)).create_file(&["data".to_owned()]).unwrap();
        packages.store.commit(&name, &header).unwrap();
        packages.open.push(OpenPackage {
            root: "save".to_owned(),
            device: format!("{}0", mounts::PACKAGES),
            name,
            header: header.clone(),
            replaces: None,
            is_committed: true,
            changed: 0,
            disc: None,
            volume: None,
        });
        let mut bytes = SavedBytes::default();
        let mut state = packages.state(&mut bytes, &Vfs::default(), None).unwrap();
        state.open[0].replaces = Some(HeaderState::new(&header));
        state.open[0].is_committed = false;
        let mut vfs = Vfs::default();
        let limits = ResourceLimits::default();
        let machine = RestoredMachine { titles: &[2], limits: &limits, disc: None };
        let refused = packages.restore(state, &mut bytes, &mut vfs, machine);
        assert_eq!(refused.unwrap_err().to_string(), "a package of the host's is being replaced");
        drop(packages);
        let file = "Content/0000000000000001/00000002/00000001/Save=1/data";
        assert!(folder.path().join(file).exists());
    }
}
