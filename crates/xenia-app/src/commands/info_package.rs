//! `xenia-rs info` of a content package: what its header says, whether or not a title is in it.

use crate::say::{outln, visible};
use crate::source;
use serde::Serialize;
use std::path::Path;
use xenia_documents::documented;
use xenia_formats::stfs::{PackageInfo, kind_name};

documented! {
    /// What a content package's header says. Nobody here can check a signature.
    #[derive(Debug, Serialize)]
    pub struct PackageRow {
        /// What users see.
        display_name: String,
        /// What its title is called.
        title_name: String,
        /// Its title's number, eight hexadecimal digits.
        title_id: String,
        /// What it is, by name: `saved-game`, `add-on`, `update` and so on; by number where that has no name.
        kind: String,
        /// Whose it is, sixteen hexadecimal digits; null if it is everybody's.
        owner: Option<String>,
        /// Whose kind of signature it has: `CON` (a console), `LIVE` (the online service) or `PIRS` (the maker).
        signer: &'static str,
        /// Whether there is a signature.
        is_signed: bool,
        /// What may be done with it, a bit each, as its licences say together.
        license: u32,
        /// Bytes of its picture (PNG); null if it has none.
        icon_bytes: Option<usize>,
    }
}

/// The format that a file is, and its header, if it is a package with one.
pub fn of(path: &Path) -> Option<(&'static str, PackageRow)> {
    let file = source::open(path).ok().filter(|_| path.is_file())?;
    let format = xenia_formats::identify(&file).ok().flatten()?;
    let info = PackageInfo::read(&file).ok()?;
    Some((format.name, row(&info)))
}

fn row(info: &PackageInfo) -> PackageRow {
    let kind = info.content_type;
    PackageRow {
        display_name: info.display_name.clone(),
        title_name: info.title_name.clone(),
        title_id: info.title_id.to_string(),
        kind: kind_name(kind).map_or_else(|| format!("{kind:#x}"), str::to_owned),
        owner: (info.profile_id != 0).then(|| format!("{:016X}", info.profile_id)),
        signer: info.signer.name(),
        is_signed: !info.is_unsigned,
        license: info.license,
        icon_bytes: Some(info.pictures[0].len()).filter(|&bytes| bytes != 0),
    }
}

impl PackageRow {
    /// What it is called, and of which title it is.
    pub fn names(&self) -> (String, String) {
        (self.display_name.clone(), self.title_id.clone())
    }

    /// Prints it.
    pub fn print(&self) {
        outln!("package     {} ({})", visible(&self.display_name), self.kind);
        outln!("  of title  {} {}", self.title_id, visible(&self.title_name));
        outln!("  owner     {}", self.owner.as_deref().unwrap_or("everybody"));
        outln!("  signer    {}{}", self.signer, if self.is_signed { "" } else { ", unsigned" });
    }
}
