//! Downloaded packages: single files (STFS) in the folder of their owner, title and type.
//!
//! They are read-only, so they cannot be saved games, which titles write; `xenia-rs content import`
//! imports those. The package's metadata must match its directory, otherwise a title would get
//! another title's content.

use super::{PackageHeader, PackageName, SAVED_GAME};
use crate::profile::Xuid;
use std::sync::Arc;
use xenia_formats::stfs::{self, PackageInfo};
use xenia_formats::{ReadAt, Volume};
use xenia_vfs::{FileBytes, FileData, VfsError, VfsResult};

/// A package in one STFS file.
pub(super) struct StfsPackage {
    file: Arc<dyn ReadAt>,
    info: PackageInfo,
}

impl StfsPackage {
    /// Opens a package file; `None` if it is not a package, or is one of another title or type.
    pub(super) fn read(name: &PackageName, file: Box<dyn FileData>) -> Option<Self> {
        let file: Arc<dyn ReadAt> = Arc::new(FileBytes(file));
        if !stfs::detect(&file).is_ok_and(|is_package| is_package) {
            return None;
        }
        if name.kind == SAVED_GAME {
            tracing::warn!(target: "vfs", "the saved game {} is ignored until it is imported", name.file());
            return None;
        }
        match PackageInfo::read(&file) {
            Ok(info) if (info.title_id.0, info.content_type) == (name.title, name.kind) => {
                Some(Self { file, info })
            }
            Ok(info) => {
                let title = info.title_id;
                let kind = info.content_type;
                tracing::warn!(target: "vfs", "{} is ignored: its header names title {title} and type {kind:#x}, its folder others", name.file());
                None
            }
            Err(error) => {
                tracing::warn!(target: "vfs", "{} is ignored: it is not a package: {error}", name.file());
                None
            }
        }
    }

    /// The package's metadata as a header.
    pub(super) fn header(&self) -> PackageHeader {
        let creator = Xuid(self.info.profile_id);
        let mut header = PackageHeader::new(creator, &self.info.display_name);
        header.folder = 0;
        header.license = self.info.license;
        header.is_packed = true;
        header
    }

    /// Thumbnail; empty if the package has none.
    pub(super) fn picture(self) -> Vec<u8> {
        let [picture, _] = self.info.pictures;
        picture
    }

    /// The package's files.
    pub(super) fn volume(&self) -> VfsResult<Arc<Volume>> {
        let volume = stfs::open(self.file.clone()).map_err(|error| {
            tracing::error!(target: "vfs", "the package {:?} can't be read: {error}", self.info.display_name);
            VfsError::Corrupt
        })?;
        Ok(Arc::new(volume))
    }
}
