//! The other discs of a title: those named by flags, the disc that it came on, and those that the
//! user names while it runs.
//!
//! A disc belongs to the title if its executable has the same title id; the executable also has the
//! disc's number. Discs from flags are checked before the title starts, and recordings hold their
//! digests.

use super::folder::executable_in;
use super::medium::{self, ChoiceReport, Medium};
use super::{Title, parts, path_of};
use crate::config::NamedDisc;
use crate::digest::sha256;
use crate::source;
use crate::wording;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use xenia_formats::{Format, Opens, ReadAt, Xex};
use xenia_kernel::deployment::Deployment;
use xenia_kernel::ports::{Disc, DiscId, Drive};

/// Bytes of an executable that its digest covers: the header, which holds digests of the rest.
const HEADER: u64 = 1 << 20;

/// The discs of a title that are known, by number.
#[derive(Clone, Debug, Default)]
pub struct TitleDiscs {
    ready: BTreeMap<DiscId, Medium>,
    digests: BTreeMap<u8, String>,
}

impl TitleDiscs {
    /// Opens the disc that the title came on, and those that flags name.
    pub fn open(title: &Title, named: &[NamedDisc]) -> Result<Self> {
        let mut discs = Self::default();
        let execution = title.image.execution;
        let own = execution.map(|own| DiscId { title: own.title_id, number: own.disc_number });
        if let (Some(own), Some(medium)) = (own, &title.medium) {
            discs.ready.insert(own, medium.clone());
        }
        for NamedDisc { number, place } in named {
            let Some((own, count)) = own.zip(execution.map(|execution| execution.disc_count)) else {
                bail!("--disc {number}: {} has no discs", title.name);
            };
            if *number > count {
                bail!("--disc {number}: {} has {}", title.name, wording::count(usize::from(count), "disc"));
            }
            let disc = DiscId { number: *number, ..own };
            let (medium, digest) = disc_at(disc, place).with_context(|| format!("--disc {number}"))?;
            discs.ready.insert(disc, medium);
            discs.digests.insert(*number, digest);
        }
        Ok(discs)
    }

    /// A disc of the title that is known.
    pub fn medium(&self, number: u8) -> Option<&Medium> {
        self.ready.iter().find(|(disc, _)| disc.number == number).map(|(_, medium)| medium)
    }

    /// Digests of the discs that flags name, for recordings: the SHA-256 of the executable's
    /// header, by disc number.
    pub fn digests(&self) -> &BTreeMap<u8, String> {
        &self.digests
    }
}

impl Drive for TitleDiscs {
    fn ready(&mut self, disc: DiscId) -> Option<Disc> {
        self.ready.get(&disc).map(Medium::disc)
    }

    fn insert(&mut self, disc: DiscId, place: &str) -> Result<Disc, String> {
        disc_at(disc, Path::new(place)).map(|(medium, _)| medium.disc()).map_err(|error| format!("{error:#}"))
    }
}

/// Opens the disc in a file or folder and computes its digest; fails if it is a different disc.
fn disc_at(wanted: DiscId, place: &Path) -> Result<(Medium, String)> {
    let path = path_of(place)?;
    let path = if path.is_dir() { executable_in(&path, ChoiceReport::Choice)? } else { path };
    let name = path.display();
    let file = source::open(&path).with_context(|| format!("cannot open {name}"))?;
    let reading = || format!("cannot read {name}");
    let format = xenia_formats::identify(&file).with_context(reading)?;
    let (executable, medium) = match format {
        Some(found @ Format { opens: Opens::Volume(_) | Opens::Parts(_), .. }) => {
            let volume = medium::title_in(parts::volume(found, file, &path).with_context(reading)?);
            let executable = medium::executable_of(&volume, &name.to_string(), ChoiceReport::Choice)?;
            let volume = Arc::new(volume);
            let deployment = Deployment::default();
            (executable, Medium::Volume { file: path.clone(), volume, deployment })
        }
        Some(Format { opens: Opens::Executable(_), .. }) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            (Arc::new(file) as Arc<dyn ReadAt>, Medium::Folder(folder.to_owned()))
        }
        Some(Format { description, .. }) => bail!("{name} is {description}, not a disc"),
        None => bail!("{name} is not a disc: {}", xenia_formats::unknown(&file)),
    };
    let xex = Xex::read(&*executable).with_context(|| format!("cannot read the executable of {name}"))?;
    let Some(found) = xex.execution else { bail!("{name} does not name its title") };
    if found.title_id != wanted.title {
        bail!("{name} is of the title {}, not of {}", found.title_id, wanted.title);
    }
    if found.disc_number != wanted.number {
        bail!("{name} is disc {} of the title, not disc {}", found.disc_number, wanted.number);
    }
    let mut header = vec![0; u64::from(xex.header_size).min(HEADER) as usize];
    let got = executable.read_at(0, &mut header).with_context(|| format!("cannot read {name}"))?;
    header.truncate(got);
    Ok((medium, sha256(&header)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use xenia_formats::{KeyRing, Volume};

    /// Builds an executable of a multi-disc title.
    pub(crate) fn title_of_disc(title: u32, number: u8, count: u8) -> Vec<u8> {
        use xenia_formats::xex::key::EXECUTION_INFO;
        let mut bytes = include_bytes!("../../../../guest/bin/console-suite.xex").to_vec();
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let mut headers = (0x18..).step_by(8).take(word(0x14) as usize);
        let info = word(headers.find(|&at| word(at) == EXECUTION_INFO).unwrap() + 4) as usize;
        bytes[info + 0xC..][..4].copy_from_slice(&title.to_be_bytes());
        bytes[info + 0x12..][..2].copy_from_slice(&[number, count]);
        bytes
    }

    #[test]
    fn discs_of_the_title_are_taken_and_others_named_for_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str, bytes: &[u8]| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("default.xex"), bytes).unwrap();
            folder
        };
        let first = place("1", &title_of_disc(7, 1, 3));
        let second = place("2", &title_of_disc(7, 2, 3));
        place("other", &title_of_disc(8, 2, 3));
        place("none", b"XEX2 and no more");
        let third = dir.path().join("3.con");
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "default.xex", Arc::new(title_of_disc(7, 3, 3))).unwrap();
        let info = xenia_formats::stfs::PackageInfo::default();
        let mut bytes = Vec::new();
        xenia_formats::stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
        std::fs::write(&third, bytes).unwrap();

        let title = Title::open(&first, &KeyRing::development()).unwrap();
        let open = |discs: &[(u8, &str)]| {
            let named: Vec<NamedDisc> = discs
                .iter()
                .map(|&(number, name)| NamedDisc { number, place: dir.path().join(name) })
                .collect();
            TitleDiscs::open(&title, &named)
        };
        let mut discs = open(&[(2, "2"), (3, "3.con")]).unwrap();
        let id = |number| DiscId { title: xenia_guest::TitleId(7), number };
        assert!(matches!(discs.ready(id(1)), Some(Disc::Folder(folder)) if folder == first));
        assert!(matches!(discs.ready(id(2)), Some(Disc::Folder(folder)) if folder == second));
        assert!(matches!(discs.ready(id(3)), Some(Disc::Volume(_))));
        assert!(discs.ready(DiscId { title: xenia_guest::TitleId(8), number: 2 }).is_none());
        assert_eq!(discs.digests().keys().copied().collect::<Vec<_>>(), [2, 3]);
        assert_ne!(discs.digests()[&2], discs.digests()[&3]);
        assert!(discs.insert(id(2), &second.display().to_string()).is_ok());
        for (asked, expected) in [
            ((2, "other"), "is of the title 00000008, not of 00000007"),
            ((2, "1"), "is disc 1 of the title, not disc 2"),
            ((2, "none"), "cannot read the executable"),
            ((2, "nowhere"), "cannot open"),
            ((4, "2"), "has 3"),
        ] {
            let error = format!("{:#}", open(&[asked]).unwrap_err());
            assert!(
                error.starts_with(&format!("--disc {}: ", asked.0)) && error.contains(expected),
                "{error}"
            );
            if asked.0 == 2 {
                let place = dir.path().join(asked.1).display().to_string();
                let error = discs.insert(id(2), &place).unwrap_err();
                assert!(error.contains(expected), "{error}");
            }
        }
        assert!(
            TitleDiscs::open(&Title::demo().unwrap(), &[NamedDisc { number: 2, place: "x".into() }]).is_err()
        );
    }
}
