//! `xenia-rs info` of a content package: the contents of its header.

use serde::Serialize;
use std::path::Path;
use xenia::say::{outln, visible};
use xenia::source;
use xenia_documents::documented;
use xenia_formats::stfs::{PackageInfo, kind_name};

documented! {
    /// Contents of a package's header. Signatures are not verified.
    #[derive(Debug, Serialize)]
    pub struct PackageRow {
        /// Display name of the package.
        display_name: String,
        /// Name of its title.
        title_name: String,
        /// Id of its title, eight hexadecimal digits.
        title_id: String,
        /// Content type by name: `saved-game`, `add-on`, `update` and so on; by number if it has no
        /// name.
        kind: String,
        /// Profile id of the owner, sixteen hexadecimal digits; null if it is shared by all
        /// profiles.
        owner: Option<String>,
        /// Signer: `CON` (a console), `LIVE` (the online service) or `PIRS` (the manufacturer).
        signer: &'static str,
        /// Whether it has a signature.
        is_signed: bool,
        /// Licence bits, combined from all its licences.
        license: u32,
        /// Size of its picture (PNG) in bytes; null if it has none.
        icon_bytes: Option<usize>,
    }
}

/// The format and header of a file, if it is a package with a header.
pub fn package_row(path: &Path) -> Option<(&'static str, PackageRow)> {
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
    /// Name of the package for players.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Id of the package's title, eight hexadecimal digits.
    pub fn title_id(&self) -> &str {
        &self.title_id
    }

    /// Prints the description.
    pub fn print(&self) {
        outln!("package     {} ({})", visible(&self.display_name), self.kind);
        outln!("  of title  {} {}", self.title_id, visible(&self.title_name));
        outln!("  owner     {}", self.owner.as_deref().unwrap_or("everybody"));
        outln!("  signer    {}{}", self.signer, if self.is_signed { "" } else { ", unsigned" });
    }
}
