//! Describes a title for a library of titles: its id, name and icon, without running it.

use super::medium::{ChoiceReport, executable_of, title_in};
use super::parts;
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Arc;
use xenia_formats::stfs::{PackageInfo, is_title_kind};
use xenia_formats::xdbf::Xdbf;
use xenia_formats::xex::module_flags;
use xenia_formats::{KeyRing, LoadedImage, Opens, ReadAt, Reason, Xex};
use xenia_guest::TitleId;

/// Largest icon in bytes.
const MAX_ICON: usize = 1 << 20;
/// First bytes of a PNG file.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Description of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescribedTitle {
    /// Short name of the file's format.
    pub format: String,
    /// The title's id; `None` if it has none.
    pub id: Option<TitleId>,
    /// Name in its default language; `None` if the file has none, or can't be decrypted.
    pub name: Option<String>,
    /// Icon of the title (PNG).
    pub icon: Option<Vec<u8>>,
    /// Whether no key decrypts the title, so that only its header is described.
    pub lacks_key: bool,
}

/// A file that is a title.
struct Recognized {
    format: &'static str,
    /// Description in a package's header, if that is complete.
    package: Option<DescribedTitle>,
    executable: Arc<dyn ReadAt>,
}

/// Recognizes a title by its contents: an executable that is neither a library nor an update, or a
/// volume with one executable to start, unless it is a package of another kind.
fn recognize(path: &Path) -> Result<Option<Recognized>> {
    let file = crate::source::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let Some(format) = xenia_formats::identify(&file)? else { return Ok(None) };
    let found = |package, executable| Some(Recognized { format: format.name, package, executable });
    Ok(match format.opens {
        Opens::Unread(_) => None,
        Opens::Executable(_) => {
            let other = module_flags::DLL | module_flags::ANY_PATCH;
            let is_other = Xex::read(&file).is_ok_and(|xex| xex.module_flags & other != 0);
            if is_other { None } else { found(None, Arc::new(file)) }
        }
        Opens::Volume(_) | Opens::Parts(_) => {
            let package = PackageInfo::read(&file).ok();
            if package.as_ref().is_some_and(|package| !is_title_kind(package.content_type)) {
                return Ok(None);
            }
            let volume = title_in(parts::volume(format, file, path)?);
            let executable = executable_of(&volume, "", ChoiceReport::Nothing).ok();
            executable
                .and_then(|executable| found(package.as_ref().and_then(package_description), executable))
        }
    })
}

/// Whether a file is a title. An error means that it is damaged, or can't be read.
pub fn is_title(path: &Path) -> Result<bool> {
    Ok(recognize(path)?.is_some())
}

/// Describes the title in a file; `None` if the file is not a title. A title that can't be
/// decrypted is described by its header.
pub fn describe(path: &Path, keys: &KeyRing) -> Result<Option<DescribedTitle>> {
    let Some(found) = recognize(path)? else { return Ok(None) };
    let title = found.package.unwrap_or_else(|| executable_description(&*found.executable, keys));
    Ok(Some(DescribedTitle { format: found.format.to_owned(), ..title }))
}

/// The description in a package's header, if it is complete.
fn package_description(package: &PackageInfo) -> Option<DescribedTitle> {
    let name = [&package.title_name, &package.display_name].into_iter().find(|name| !name.is_empty())?;
    let icon = package.pictures.iter().rev().find_map(|picture| icon(picture))?;
    let id = Some(package.title_id);
    let name = Some(name.clone());
    Some(DescribedTitle { id, name, icon: Some(icon), ..DescribedTitle::default() })
}

fn executable_description(file: &dyn ReadAt, keys: &KeyRing) -> DescribedTitle {
    let header = || Xex::read(file).ok()?.execution.map(|execution| execution.title_id);
    let image = match xenia_formats::load(&file, keys) {
        Ok(image) => image,
        Err(error) => {
            let lacks_key = matches!(error.reason, Reason::RetailKeyMissing | Reason::NoKeyFits);
            return DescribedTitle { id: header(), lacks_key, ..DescribedTitle::default() };
        }
    };
    let database = database(&image).and_then(|bytes| Xdbf::read(bytes).ok());
    DescribedTitle {
        id: image.execution.map(|execution| execution.title_id),
        name: database.as_ref().and_then(Xdbf::title_name),
        icon: database.as_ref().and_then(Xdbf::icon).and_then(icon),
        ..DescribedTitle::default()
    }
}

/// The title's database in its image.
pub fn database(image: &LoadedImage) -> Option<&[u8]> {
    let name = format!("{:08X}", image.execution?.title_id.0);
    let resource = image.resources.iter().find(|resource| resource.name.eq_ignore_ascii_case(&name))?;
    let start = image.offset_of(resource.address, resource.size)?;
    image.bytes.get(start..start.checked_add(resource.size as usize)?)
}

fn icon(bytes: &[u8]) -> Option<Vec<u8>> {
    (bytes.len() <= MAX_ICON && bytes.starts_with(PNG)).then(|| bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::Volume;
    use xenia_formats::stfs::{kind_of, write};

    const HELLO: &[u8] = include_bytes!("../../../../guest/bin/hello.xex");

    #[test]
    fn packages_of_some_kinds_are_titles() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("package");
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "default.xex", Arc::new(HELLO.to_vec())).unwrap();
        let listed = |kind: &str| {
            let info = PackageInfo { content_type: kind_of(kind).unwrap(), ..PackageInfo::default() };
            let mut bytes = Vec::new();
            write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            is_title(&path).unwrap()
        };
        for kind in ["title", "installed-title", "xbox-title", "games-on-demand", "demo", "arcade-title"] {
            assert!(listed(kind), "{kind}");
        }
        assert!(listed("xna") && listed("community-title"));
        for kind in ["saved-game", "add-on", "gamer-picture", "theme", "profile", "update", "trailer"] {
            assert!(!listed(kind), "{kind}");
        }
    }
}
