//! Achievement databases of profiles (GPD): `Profiles/OWNER/TITLE.gpd`, and the dashboard's, which
//! lists the titles played.

use super::ContentStore;
use crate::profile::Xuid;
use xenia_formats::gpd::{Gpd, MAX_BYTES};
use xenia_vfs::{VfsError, VfsResult};

/// Suffix of a database that cannot be read and is therefore renamed.
const DAMAGED: &str = "=damaged";

fn path(xuid: Xuid, title: u32) -> Vec<String> {
    vec!["Profiles".to_owned(), format!("{:016X}", xuid.0), format!("{title:08X}.gpd")]
}

impl ContentStore {
    /// Reads a profile's database of a title; empty if there is no such file. A file that cannot be
    /// parsed is renamed, so that it is not overwritten.
    pub fn gpd(&self, xuid: Xuid, title: u32) -> VfsResult<Gpd> {
        let path = path(xuid, title);
        let Some(bytes) = self.read_at_most(&path, MAX_BYTES as u64)? else { return Ok(Gpd::default()) };
        match Gpd::read(&bytes) {
            Ok(gpd) => Ok(gpd),
            Err(error) => {
                let mut aside = path.clone();
                if let Some(name) = aside.last_mut() {
                    name.push_str(DAMAGED);
                }
                tracing::error!(target: "vfs", "{} is put aside: {error}", path.join("/"));
                self.rename(&path, &aside)?;
                Ok(Gpd::default())
            }
        }
    }

    /// Writes a profile's database of a title atomically. If the existing file can no longer be
    /// read, it is not overwritten.
    pub fn save_gpd(&self, xuid: Xuid, title: u32, gpd: &Gpd) -> VfsResult<()> {
        let bytes = gpd.to_bytes();
        if bytes.len() > MAX_BYTES {
            return Err(VfsError::Full);
        }
        self.replace(&path(xuid, title), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_vfs::HostFolder;

    #[test]
    fn databases_are_found_again_and_a_damaged_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = ContentStore::new(Box::new(HostFolder::writable(folder.path(), Arc::default()).unwrap()));
        let xuid = Xuid(0xE030_0000_0000_0001);
        assert_eq!(store.gpd(xuid, 7), Ok(Gpd::default()));
        let mut gpd = Gpd::default();
        gpd.set_title_name("A title", None);
        store.save_gpd(xuid, 7, &gpd).unwrap();
        assert_eq!(store.gpd(xuid, 7), Ok(gpd));
        let file = folder.path().join("Profiles/E030000000000001/00000007.gpd");
        std::fs::write(&file, "noise").unwrap();
        assert_eq!(store.gpd(xuid, 7), Ok(Gpd::default()));
        assert!(!file.exists());
        assert_eq!(std::fs::read(file.with_extension("gpd=damaged")).unwrap(), b"noise");
        // A file over the size limit must not be treated as missing.
        std::fs::File::create(&file).unwrap().set_len(MAX_BYTES as u64 * 2).unwrap();
        assert_eq!(store.gpd(xuid, 7), Ok(Gpd::default()));
        assert!(!file.exists());
    }
}
