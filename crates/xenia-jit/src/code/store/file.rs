//! File format of the persistent code cache.
//!
//! ```text
//!   magic                16 bytes, the last of them the format's version
//!   purpose              hashes of 32 bytes: the title, the program's build, host and settings
//!   start                how often the title was started, 32 bits
//!   length of the index  32 bits
//!   hash                 of all fields above and of the index
//!   index                labels of the regions, encoded by postcard
//!   regions              bytes, one after the other in the order of the index
//! ```
//! Numbers are little-endian. The hash of each region is in the index, and is checked when the
//! region is used.

use super::Payload;
use super::record::Label;
use std::io;
use std::sync::Arc;

const MAGIC: [u8; 16] = *b"xenia-rs code\0\0\x02";
/// Bytes before the index: magic, purpose, two numbers and the hash.
const HEADER: usize = 16 + 3 * 32 + 8 + 32;
/// Offset of the hash.
const SUM: usize = HEADER - 32;
/// Limit of regions in a file.
const MAX_REGIONS: usize = 1 << 20;

/// The purpose of a file, as hashes of title, build, and host and settings. If one of them differs,
/// so may the compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose([[u8; 32]; 3]);

/// Messages for a file in which one of these differs.
const OTHERS: [&str; 3] = [
    "it belongs to another title",
    "another build of the program has written it",
    "it is for another processor or other settings",
];

impl Purpose {
    pub(super) fn new(title: &str, build: &str, settings: &str) -> Self {
        Self([title, build, settings].map(|what| *blake3::hash(what.as_bytes()).as_bytes()))
    }
}

/// The contents of a file.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) start: u32,
    pub(super) regions: Vec<(Label, Payload)>,
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Contents {
    /// Parses a file for `purpose`. The error says why it can't be used.
    pub(super) fn read(bytes: Arc<Vec<u8>>, purpose: &Purpose) -> Result<Self, &'static str> {
        const DAMAGED: &str = "it is damaged";
        let rest = bytes
            .strip_prefix(&MAGIC)
            .ok_or("it does not begin with the mark of a code cache of this version")?;
        let found = rest.as_chunks::<32>().0;
        for ((wanted, why), at) in purpose.0.iter().zip(OTHERS).zip(0..) {
            if found.get(at).ok_or(DAMAGED)? != wanted {
                return Err(why);
            }
        }
        let start = number(&bytes, SUM - 8).ok_or(DAMAGED)?;
        let length = number(&bytes, SUM - 4).ok_or(DAMAGED)? as usize;
        let end = HEADER.checked_add(length).ok_or(DAMAGED)?;
        let index = bytes.get(HEADER..end).ok_or(DAMAGED)?;
        if bytes.get(SUM..HEADER) != Some(sum(&bytes[..SUM], index).as_slice()) {
            return Err(DAMAGED);
        }
        let labels: Vec<Label> = postcard::from_bytes(index).map_err(|_| DAMAGED)?;
        let mut at = end;
        let mut regions = Vec::with_capacity(labels.len());
        for label in labels {
            let range = at..at.checked_add(label.length as usize).ok_or(DAMAGED)?;
            // An invalid region is skipped; those after it are still found. A file that ends too
            // early is refused below.
            at = range.end;
            if label.is_sound() && regions.len() < MAX_REGIONS {
                regions.push((label, Payload { bytes: Arc::clone(&bytes), range }));
            }
        }
        if at != bytes.len() {
            return Err("it is longer or shorter than its index says");
        }
        Ok(Self { start, regions })
    }
}

fn sum(header: &[u8], index: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(header).update(index).finalize().as_bytes()
}

/// Encodes a file with these regions.
pub(super) fn write<'a>(
    purpose: &Purpose,
    start: u32,
    regions: impl Iterator<Item = (&'a Label, &'a [u8])> + Clone,
) -> io::Result<Vec<u8>> {
    let labels: Vec<&Label> = regions.clone().map(|(label, _)| label).take(MAX_REGIONS).collect();
    let index = postcard::to_allocvec(&labels).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(HEADER + index.len());
    bytes.extend(MAGIC);
    bytes.extend(purpose.0.as_flattened());
    bytes.extend(start.to_le_bytes());
    bytes.extend(u32::try_from(index.len()).map_err(io::Error::other)?.to_le_bytes());
    let sum = sum(&bytes, &index);
    bytes.extend(sum);
    bytes.extend(index);
    for (_, region) in regions.take(MAX_REGIONS) {
        bytes.extend(region);
    }
    Ok(bytes)
}
