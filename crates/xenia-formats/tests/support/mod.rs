//! Builders of test files. They share no code with the readers and writers under test.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses some of it")]

pub mod elf_builder;
pub mod gdfx_builder;
pub mod lzx_encoder;
pub mod stfs_builder;
pub mod svod_builder;
pub mod xdbf_builder;
pub mod xex_builder;
pub mod xexp_builder;
pub mod zar_builder;
pub mod zip_builder;

use std::sync::Arc;
use xenia_formats::{FORMATS, Format, FormatError, NoParts, Opens, Parts, ReadAt, Verify, Volume};
use xenia_testing::Dice;

/// A small file of the format from a test builder; `None` for an unsupported format.
pub fn sample(format: &Format) -> Option<Vec<u8>> {
    match (format.name, format.opens) {
        (_, Opens::Unread(_)) => None,
        ("xex", _) => Some(xex_builder::XexBuilder::sample(xex_builder::Payload::Lzx, Some([0; 16])).build()),
        ("elf", _) => Some(elf_builder::sample().build()),
        ("stfs", _) => Some(stfs_builder::sample()),
        ("gdfx", _) => Some(gdfx_builder::sample()),
        ("svod", _) => Some(svod_builder::sample()),
        ("svod-data", _) => {
            let disc = gdfx_builder::sample();
            let package = svod_builder::build(svod_builder::Layout::Enhanced, &disc);
            Some(package.data[0].to_vec())
        }
        ("zip", _) => Some(zip_builder::sample()),
        ("zar", _) => Some(zar_builder::sample()),
        (name, _) => panic!("the format {name} has no builder in tests/support"),
    }
}

/// All supported formats with their samples.
pub fn samples() -> impl Iterator<Item = (&'static Format, Vec<u8>)> {
    FORMATS.iter().filter_map(|format| Some((format, sample(format)?)))
}

/// All paths of a volume, with the contents of readable files.
pub fn contents(volume: &Volume) -> Vec<(String, Option<Vec<u8>>)> {
    let mut all = Vec::new();
    let mut ahead = vec![Vec::<String>::new()];
    while let Some(path) = ahead.pop() {
        for entry in volume.list(&path).unwrap() {
            let path: Vec<_> = path.iter().cloned().chain([entry.name.to_owned()]).collect();
            if entry.contents.is_none() {
                ahead.push(path.clone());
            }
            let bytes = entry.contents.map(|contents| bytes_of(contents, entry.size).unwrap());
            all.push((path.join("/"), bytes));
        }
    }
    all.sort();
    all
}

/// Reads all bytes of a file.
pub fn bytes_of(contents: &dyn ReadAt, size: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    let count = contents.read_at(0, &mut bytes)?;
    assert!(count <= bytes.len());
    bytes.truncate(count);
    Ok(bytes)
}

/// A volume with these files and folders, in any order; files have `Some` bytes.
pub fn volume(files: &[(String, Option<Vec<u8>>)]) -> Volume {
    let mut volume = Volume::default();
    let mut folders = std::collections::BTreeMap::from([(String::new(), Volume::ROOT)]);
    let mut files = files.to_vec();
    files.sort();
    for (path, bytes) in files {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if let Some(bytes) = bytes {
            volume.add_file(folders[folder], name, Arc::new(bytes)).unwrap();
        } else {
            let made = volume.add_directory(folders[folder], name).unwrap();
            folders.insert(path.clone(), made);
        }
    }
    volume
}

/// Random files and folders.
pub fn random_files(dice: &mut Noise, count: usize, longest: usize) -> Vec<(String, Option<Vec<u8>>)> {
    let mut folders = vec![String::new()];
    let mut files = Vec::new();
    for number in 0..count {
        let within = folders[dice.below(folders.len())].clone();
        if dice.below(8) == 0 {
            folders.push(format!("{within}folder {number}/"));
            files.push((format!("{within}folder {number}"), None));
        } else {
            let length = [0, 1, 0xFFF, 0x1000, 0x1_0001, dice.below(longest)][dice.below(6)];
            files.push((format!("{within}file {number}.bin"), Some(dice.compressible(length.min(longest)))));
        }
    }
    files
}

/// Opens a file and its parts as the format with this name.
pub fn open_as(name: &str, file: Vec<u8>, parts: &dyn Parts) -> Result<Volume, FormatError> {
    let format = FORMATS.iter().find(|format| format.name == name).unwrap();
    match format.opens {
        Opens::Volume(open) => open(Arc::new(file)),
        Opens::Parts(open) => open(Arc::new(file), parts),
        _ => panic!("{name} is not a volume"),
    }
}

/// Findings of `verify` as lines, and the number of checks.
pub fn verified(name: &str, file: Vec<u8>) -> (Vec<String>, u64) {
    verified_with(name, file, &NoParts)
}

/// Like [`verified`], for a file with parts.
pub fn verified_with(name: &str, file: Vec<u8>, parts: &dyn Parts) -> (Vec<String>, u64) {
    let format = FORMATS.iter().find(|format| format.name == name).unwrap();
    verified_by(format.verify.unwrap(), file, parts)
}

/// Like [`verified_with`], by the verification of a format or of a volume's contents.
pub fn verified_by(verify: Verify, file: Vec<u8>, parts: &dyn Parts) -> (Vec<String>, u64) {
    let mut found = xenia_formats::Findings::default();
    let keys = xenia_formats::KeyRing::development();
    let end = verify(Arc::new(file), parts, &keys, &mut found).err();
    (found.faults().iter().chain(&end).map(ToString::to_string).collect(), found.count())
}

/// Random bytes that depend only on the seed.
pub struct Noise(Dice);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(Dice(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next()
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0.below(limit)
    }

    /// Bytes with repetitions at all distances, so that a compressor finds matches.
    pub fn compressible(&mut self, size: usize) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::with_capacity(size);
        while out.len() < size {
            if out.len() > 16 && self.below(3) != 0 {
                let distance = 1 + self.below(out.len());
                let from = out.len() - distance;
                let length = 2 + self.below(300);
                if distance < length {
                    (from..from + length).for_each(|at| out.push(out[at]));
                } else {
                    out.extend_from_within(from..from + length);
                }
            } else {
                for _ in 0..=self.below(40) {
                    let byte = self.next() as u8;
                    // Call opcodes are frequent, to test the translation of call targets.
                    out.push(if byte < 8 { 0xE8 } else { byte & 0x7F });
                }
            }
        }
        out.truncate(size);
        out
    }
}
