//! Packages that are set aside, in `content list`, and how to use one.

use super::{ContentRow, is_meant, links, print, row};
use crate::cli::WhichArgs;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;
use xenia::say::{outln, visible};
use xenia_documents::documented;
use xenia_kernel::content::ContentStore;

documented! {
    /// A package that is set aside, perhaps incomplete: the run ended while its title saved.
    #[derive(Debug, Serialize)]
    pub struct SetAsideRow {
        /// The package itself.
        package: ContentRow,
        /// File to rename to use the package, while no run uses the folder.
        header: String,
        /// New path of that file; the package that has it is given up.
        rename_to: String,
    }
}

impl SetAsideRow {
    /// Prints the package's line of the list, and what to do.
    pub(super) fn print(&self) {
        print(&self.package);
        outln!(
            "    is set aside, perhaps incomplete; to use it, rename {} to {} while no run uses the folder: \
             this gives up the old one",
            visible(&self.header),
            visible(&self.rename_to)
        );
    }
}

/// The packages in a folder of saves that are set aside and that the filters select.
pub(super) fn rows(store: &ContentStore, from: &Path, which: &WhichArgs) -> Result<Vec<SetAsideRow>> {
    let all = store.every_package_set_aside().context("cannot read the folder of saves")?;
    let on_host = |path: &[String]| links::host_path(from, path).display().to_string();
    let meant = all.into_iter().filter(|package| is_meant(which, &package.name));
    let rows = meant.map(|package| SetAsideRow {
        package: row(store, from, &package.name, store.header_set_aside(&package).as_ref()),
        header: on_host(&package.header()),
        rename_to: on_host(&package.name.header()),
    });
    Ok(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{run, save_in};
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use xenia_kernel::content::PackageHeader;
    use xenia_kernel::vfs::{FileDevice, HostFolder};

    /// Sets a package aside that would replace the folder's only one.
    fn set_one_aside(folder: &str) {
        let device = HostFolder::writable(Path::new(folder), Arc::default()).unwrap();
        let store = ContentStore::new(Box::new(device));
        let (name, old) = store.every_package().unwrap().remove(0);
        let new = store.prepare(&name, Some(&old), PackageHeader::new(name.owner, "Newer")).unwrap();
        let mut files = store.folder(name.files(new.folder));
        files.create_file(&["a".to_owned()]).unwrap().write_at(0, &[7; 3]).unwrap();
        store.set_aside(&name, &new).unwrap();
    }

    #[test]
    fn a_package_that_is_set_aside_is_listed_with_the_file_to_rename() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        save_in(&at("saves"));
        set_one_aside(&at("saves"));
        let list = |more: &[&str]| -> Value {
            let json = at("list.json");
            run(&[&["list", "--content", &at("saves"), "--json", &json], more].concat()).unwrap();
            serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap()
        };
        let before = list(&[]);
        assert_eq!(before["packages"].as_array().map(Vec::len), Some(1), "{before}");
        let [aside] = &before["set_aside"].as_array().unwrap()[..] else { panic!("{before}") };
        let package = &aside["package"];
        assert_eq!((&package["name"], &package["bytes"]), (&json!("Save 1"), &json!(3)));
        assert_eq!(list(&["--title-id", "12345678"])["set_aside"], json!([]));
        let path = |key: &str| aside[key].as_str().unwrap();
        std::fs::rename(path("header"), path("rename_to")).unwrap();
        let after = list(&[]);
        assert_eq!((&after["packages"][0], &after["set_aside"]), (package, &json!([])));
    }
}
