//! Builder of Games on Demand packages from the volume of a disc.

use sha1::{Digest, Sha1};
use std::io;
use std::sync::Arc;
use xenia_formats::{Parts, ReadAt};

const SECTOR: usize = 0x800;
const TABLE: usize = 0x1000;
const PER_TABLE: usize = 0x198;
const PER_FILE: usize = 0x1_4388;

/// Layout of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The data starts with the volume's descriptor.
    Enhanced,
    /// The data includes the 32 sectors before the descriptor.
    Plain,
    /// Header and data are in one file.
    Single,
}

/// A header, and data files.
pub struct Package {
    pub header: Vec<u8>,
    pub data: Vec<Arc<Vec<u8>>>,
}

impl Parts for Package {
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        Ok(self.data.get(number as usize).map(|data| data.clone() as Arc<dyn ReadAt>))
    }
}

/// A package in one file with `default.xex` and `media/a.bin`.
pub fn sample() -> Vec<u8> {
    build(Layout::Single, &super::gdfx_builder::sample()).header
}

/// A package of the disc image.
pub fn build(layout: Layout, image: &[u8]) -> Package {
    let first = if layout == Layout::Plain { 0 } else { 32 };
    let (start, features) = match layout {
        Layout::Enhanced => (17_u32, 0x40),
        Layout::Plain => (0, 0),
        Layout::Single => (16, 0),
    };
    let sectors = &image[first * SECTOR..];
    let mut files: Vec<(Vec<u8>, Vec<u8>)> = sectors
        .chunks(PER_FILE * SECTOR)
        .map(|part| {
            let mut top = Vec::new();
            let mut body = Vec::new();
            for group in part.chunks(PER_TABLE * SECTOR) {
                let mut table: Vec<u8> = group.chunks(2 * SECTOR).flat_map(Sha1::digest).collect();
                table.resize(TABLE, 0);
                top.extend(Sha1::digest(&table));
                body.extend(table);
                body.extend(group);
            }
            top.resize(TABLE, 0);
            (top, body)
        })
        .collect();
    for number in (1..files.len()).rev() {
        let next = Sha1::digest(&files[number].0);
        files[number - 1].0[203 * 20..204 * 20].copy_from_slice(&next);
    }
    let mut header = vec![0; 0xB000];
    header[..4].copy_from_slice(b"LIVE");
    header[0x340..0x344].copy_from_slice(&0xAD0E_u32.to_be_bytes());
    header[0x379..0x37A].copy_from_slice(&[0x24]);
    header[0x379 + 4..0x379 + 24].copy_from_slice(&Sha1::digest(&files[0].0));
    header[0x379 + 0x18] = features;
    header[0x379 + 0x1C..0x379 + 0x1F].copy_from_slice(&start.to_le_bytes()[..3]);
    header[0x39D..0x3A1].copy_from_slice(&(files.len() as u32).to_be_bytes());
    header[0x3AC] = 1;
    let id = Sha1::digest(&header[0x344..]);
    header[0x32C..0x340].copy_from_slice(&id);
    let data: Vec<Vec<u8>> = files.into_iter().map(|(top, body)| [top, body].concat()).collect();
    if layout == Layout::Single {
        header.extend(data.concat());
        return Package { header, data: Vec::new() };
    }
    Package { header, data: data.into_iter().map(Arc::new).collect() }
}
