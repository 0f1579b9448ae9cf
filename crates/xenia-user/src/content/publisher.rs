//! Content of publishers: packages that all titles of a publisher share.

use super::store::MAX_LISTED;
use super::{ContentStore, PackageHeader, PackageName};
use crate::profile::Xuid;
use std::collections::BTreeSet;
use xenia_vfs::VfsResult;

/// Content type of packages that all titles of a publisher share.
pub const PUBLISHER: u32 = 3;

/// The half of a title's ID that all titles of a publisher have.
fn publisher_of(title: u32) -> u32 {
    title >> 16
}

impl PackageName {
    /// Whether another title can open the package because both have the same publisher.
    pub fn is_shared_with(&self, title: u32) -> bool {
        self.kind == PUBLISHER && publisher_of(self.title) == publisher_of(title)
    }
}

impl ContentStore {
    /// Titles whose packages of a type a title can open: itself, then the others of its publisher.
    fn sharing_titles(&self, owner: Xuid, title: u32, kind: u32) -> VfsResult<Vec<u32>> {
        let mut titles = vec![title];
        if kind == PUBLISHER {
            let ids =
                self.ids(&PackageName::titles_directory(owner), 8)?.into_iter().map(|(_, id)| id as u32);
            titles.extend(ids.filter(|&id| id != title && publisher_of(id) == publisher_of(title)));
        }
        Ok(titles)
    }

    /// Packages of an owner and type that a title can open. Of packages with equal names, the one
    /// that [`Self::shared`] finds.
    pub fn shared_packages(
        &self,
        owner: Xuid,
        title: u32,
        kind: u32,
    ) -> VfsResult<Vec<(PackageName, PackageHeader)>> {
        let mut files = BTreeSet::new();
        let mut packages = Vec::new();
        for title in self.sharing_titles(owner, title, kind)? {
            let found = self.packages(owner, title, kind)?.into_iter();
            packages.extend(found.filter(|(name, _)| files.insert(name.file().to_ascii_lowercase())));
        }
        // Each title's list is limited already, but not their sum.
        packages.truncate(MAX_LISTED);
        Ok(packages)
    }

    /// Returns the name with the title that has such a package; unchanged if none has it.
    pub fn shared(&self, name: PackageName) -> VfsResult<PackageName> {
        if name.kind != PUBLISHER {
            return Ok(name);
        }
        for title in self.sharing_titles(name.owner, name.title, name.kind)? {
            let mut of_title = name.clone();
            of_title.title = title;
            // A header that can't be read is that of a package, too.
            if !matches!(self.find(&of_title), Ok(None)) {
                return Ok(of_title);
            }
        }
        Ok(name)
    }
}
