//! Advice for a user whose file can't be run as it is: a key that is missing or wrong, an update or
//! a download without its title, a title of another region, a library, a program for Linux.

use super::medium::NoExecutable;
use crate::config::{ConsoleConfig, ConsoleRegion};
use crate::user_folders;
use anyhow::{Error, anyhow};
use std::path::Path;
use xenia_formats::stfs::{PackageInfo, kind_name};
use xenia_formats::{FormatError, LoadedImage, Reason};

/// Advice for a file that lacks its end.
const ENDS_EARLY: &str = "the file ends too early: a copy or a download of it has failed; get it again";

/// Adds to an error of loading `what` what to do next.
pub(super) fn explained(error: FormatError, what: &str) -> Error {
    let keys = user_folders::config().map_or_else(
        || "keys.toml in the config folder".to_owned(),
        |folder| folder.join("keys.toml").display().to_string(),
    );
    let next = match error.reason {
        Reason::RetailKeyMissing => format!(
            "to go on, write `retail = \"32 hexadecimal digits\"`, the key of your own console, to {keys} or to a file for \
             --key-file; no key can be included. Titles of your own, with the development key, need none"
        ),
        Reason::NoKeyFits => format!(
            "to go on, correct the digits of `retail` in {keys} or in the file of --key-file. If they are right, the file \
             may be damaged: `xenia-rs verify` shows whether that is so"
        ),
        Reason::Truncated { .. } => ENDS_EARLY.to_owned(),
        _ => return Error::from(error).context(format!("cannot load {what}")),
    };
    // The cause before the advice, as messages are read from left to right.
    anyhow!("cannot load {what}: {error}; {next}")
}

/// Adds to an error of reading the volume `what` what to do next.
pub(super) fn explained_volume(error: Error, what: &str) -> Error {
    let found = error.downcast_ref::<FormatError>();
    if found.is_some_and(|found| matches!(found.reason, Reason::Truncated { .. })) {
        return anyhow!("cannot read {what}: {error}; {ENDS_EARLY}");
    }
    error.context(format!("cannot read {what}"))
}

/// The error for a package that has no executable.
pub(super) fn without_executable(error: Error, info: Option<&PackageInfo>, path: &Path) -> Error {
    let Some(info) = info.filter(|_| error.is::<NoExecutable>()) else { return error };
    let file = path.display();
    let kind = kind_name(info.content_type).unwrap_or("package").replace('-', " ");
    let title = info.title_id;
    NoExecutable::new(format!(
        "{file} is not a title but belongs to one (kind: {kind}, title {title}): `xenia-rs content import {file}` keeps it for \
         that title; then run the title's own image, package or folder"
    ))
    .into()
}

/// A console region with the word of `--region` and a description.
const REGIONS: [(ConsoleRegion, &str, &str); 6] = [
    (ConsoleRegion::NorthAmerica, "north-america", "North America"),
    (ConsoleRegion::Europe, "europe", "Europe"),
    (ConsoleRegion::Japan, "japan", "Japan"),
    (ConsoleRegion::Australia, "australia", "Australia"),
    (ConsoleRegion::China, "china", "China"),
    (ConsoleRegion::Asia, "asia", "Asia"),
];

/// The bits of a console's region in the mask of an executable: the low byte of the region, shifted
/// by its area (0 North America, 1 Asia, 2 Europe).
///
/// The masks are those of the Free60 wiki's page on XEX; that the area selects the byte follows
/// from the masks that titles compare.
fn bits(region: ConsoleRegion) -> u32 {
    let region = region as u32;
    (region & 0xFF) << (8 * (region >> 8 & 3))
}

/// A note on a title that is made for consoles of other regions than the one that is set.
pub fn region_note(image: &LoadedImage, console: &ConsoleConfig) -> Option<String> {
    let set = console.region.unwrap_or(ConsoleRegion::NorthAmerica);
    let described = |region| REGIONS.iter().find(|row| row.0 as u32 == region as u32).map(|row| row.2);
    let fitting: Vec<_> = REGIONS.iter().filter(|row| image.region & bits(row.0) != 0).collect();
    // A mask of zeros names no region.
    let (_, word, _) = fitting.first().filter(|_| image.region & bits(set) == 0)?;
    let names: Vec<&str> = fitting.iter().map(|row| row.2).collect();
    Some(format!(
        "the title is made for consoles of {}, and this one is set to {}; if it refuses to start, use --region {word}",
        names.join(", "),
        described(set).unwrap_or("another region")
    ))
}

/// A note on a library that is run as if it were a title.
pub fn library_note(image: &LoadedImage) -> Option<String> {
    image.is_library.then(|| {
        "this is a library: only its start routine runs, as nobody calls its functions; run the title that loads \
         it, such as the default.xex in its folder"
            .to_owned()
    })
}

/// A note on a program that was linked with Linux's C library.
pub fn linux_note(image: &LoadedImage) -> Option<String> {
    image.is_for_linux.then(|| {
        "this program is linked with Linux's C library, whose start-up code needs Linux; \
         link it with target/sdk/title-cc, which `cargo xtask sdk` makes"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::image::ImageKind;

    #[test]
    fn a_title_of_another_region_names_the_flag() {
        let note = |region, set| {
            let image = LoadedImage { region, ..LoadedImage::empty(ImageKind::Xex) };
            region_note(&image, &ConsoleConfig { region: set, ..ConsoleConfig::default() })
        };
        for open in [0, u32::MAX, 0xFF] {
            assert_eq!(note(open, None), None, "{open:#x}");
        }
        let europe = note(0xFE_0000, None).unwrap();
        assert_eq!(
            europe,
            "the title is made for consoles of Europe, and this one is set to North America; if it refuses to start, \
             use --region europe"
        );
        assert_eq!(note(0xFE_0000, Some(ConsoleRegion::Europe)), None);
        assert!(note(0xFF00, None).unwrap().contains("Japan, China, Asia"));
        assert!(note(0x100, Some(ConsoleRegion::China)).unwrap().ends_with("use --region japan"));
        assert_eq!(note(0x1_0000, Some(ConsoleRegion::Australia)), None);
    }

    #[test]
    fn a_file_that_ends_early_is_a_failed_copy() {
        let refused = |reason| FormatError::new("XEX payload", 0x1000, reason);
        let short = || refused(Reason::Truncated { needed: 8192, available: 3904 });
        let volume = explained_volume(short().into(), "a.iso");
        for (error, start) in [(explained(short(), "a.xex"), "load a.xex"), (volume, "read a.iso")] {
            let start =
                format!("cannot {start}: XEX payload at offset 0x1000: needs 8192 bytes, 3904 available");
            assert_eq!(format!("{error:#}"), format!("{start}; {ENDS_EARLY}"));
        }
        let damaged = || refused(Reason::Invalid("damaged".into()));
        for error in [explained(damaged(), "a"), explained_volume(damaged().into(), "a")] {
            assert!(!format!("{error:#}").contains(ENDS_EARLY));
        }
    }

    #[test]
    fn a_library_is_not_a_title() {
        let mut image = LoadedImage::empty(ImageKind::Xex);
        assert_eq!(library_note(&image), None);
        image.is_library = true;
        assert!(library_note(&image).unwrap().starts_with("this is a library"));
    }

    #[test]
    fn a_program_for_linux_names_the_linker() {
        let mut image = LoadedImage::empty(ImageKind::Elf);
        assert_eq!(linux_note(&image), None);
        image.is_for_linux = true;
        assert!(linux_note(&image).unwrap().contains("title-cc"));
    }
}
