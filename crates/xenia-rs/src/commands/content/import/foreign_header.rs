//! Headers that xenia and xenia-canary keep for packages. A package is a folder, and its header is
//! `TITLE/Headers/KIND/NAME.header`.
//!
//! The file is the data that titles list packages by, or in later versions of xenia-canary the
//! header of a content package. The picture is a file in the package's folder, or in that header.
//!
//! Facts: xenia's `content_manager.cc`, xenia-canary's `xcontent_package_directory.cc` and
//! `xcontent.h`.

use std::ops::Range;
use std::path::Path;
use xenia::source;
use xenia_formats::stfs::PackageInfo;

/// Name of the folder of headers.
pub(super) const FOLDER: &str = "Headers";
/// Name of the file in a package's folder that is its picture, and not part of the package.
pub(super) const THUMBNAIL: &str = "__thumbnail.png";
/// Size in bytes of the largest header: that of a content package, in whole blocks. Pictures that
/// titles can show are smaller.
const MAX_SIZE: u64 = 0xA000;
/// The display name in the data that titles list packages by: big-endian UTF-16.
const DISPLAY_NAME: Range<usize> = 8..0x108;

/// Metadata of a package in a folder.
#[derive(Debug, Default)]
pub(super) struct ForeignHeader {
    /// Display name; empty if it has none.
    pub(super) display_name: String,
    /// Thumbnail (PNG); empty if missing.
    pub(super) picture: Vec<u8>,
}

impl ForeignHeader {
    /// Reads the metadata of the package in a folder.
    pub(super) fn read(package: &Path) -> Self {
        let mut found = Self::of_file(package).unwrap_or_default();
        if found.picture.is_empty() {
            found.picture = source::first_bytes(&package.join(THUMBNAIL), MAX_SIZE).unwrap_or_default();
        }
        found
    }

    /// Metadata of a package from its header; `None` if it has none.
    fn of_file(package: &Path) -> Option<Self> {
        let package = std::path::absolute(package).ok()?;
        let of_kind = package.parent()?;
        let name = format!("{}.header", package.file_name()?.to_str()?);
        let path = of_kind.parent()?.join(FOLDER).join(of_kind.file_name()?).join(name);
        let bytes = source::first_bytes(&path, MAX_SIZE).ok()?;
        if let Ok(PackageInfo { display_name, pictures: [picture, _], .. }) = PackageInfo::read(&bytes) {
            return Some(Self { display_name, picture });
        }
        let units = bytes.get(DISPLAY_NAME)?.chunks_exact(2);
        let units: Vec<u16> =
            units.map(|unit| u16::from_be_bytes([unit[0], unit[1]])).take_while(|&unit| unit != 0).collect();
        Some(Self { display_name: String::from_utf16_lossy(&units), ..Self::default() })
    }
}
