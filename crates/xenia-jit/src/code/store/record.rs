//! A stored region: its label, by which it is found, and its bytes.
//!
//! The bytes are a [`Body`] encoded by postcard, followed by the code.

use super::Origin;
use crate::functions::PieceOf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xenia_guest::PAGE_SIZE;
use xenia_lifter::cfg::ranges::{AddressRange, AddressRanges};
use xenia_lifter::cfg::region::{MAX_REGION_LENGTH, Region};
use xenia_lifter::{Compiled, Mode, Tables};

/// The guest code of a region to store.
#[derive(Clone, Copy)]
pub(crate) struct RegionSource<'a> {
    pub(crate) region: &'a Region,
    /// Start address of the region.
    pub(crate) start: u32,
    /// The function that it is a piece of, if that is known.
    pub(crate) piece: Option<&'a PieceOf>,
}

/// Identification of a stored region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    /// The region's [`Mode::index`].
    pub(super) mode: u8,
    /// Its start address.
    pub(super) start: u32,
    /// Addresses of its entries.
    pub(super) entries: Vec<u32>,
    /// Address ranges of its instructions.
    pub(crate) covered: AddressRanges,
    /// Address ranges of the leaf functions inlined into it.
    leaves: AddressRanges,
    /// Hash of the guest words in `covered` and `leaves` ([`words_of`]).
    pub(crate) words: [u8; 32],
    /// Whether it has run, in this or an earlier run of the title; code that was compiled ahead may
    /// not have.
    pub(super) has_run: bool,
    /// Number of the title's start in which it was last used.
    pub(super) used: u32,
    /// Length of its [`Body`] in bytes.
    body: u32,
    /// Length of its body and its code in bytes.
    pub(super) length: u32,
    /// Hash of its body and its code.
    sum: [u8; 32],
}

/// Facts for the code cache, and the tables of the code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Body {
    /// The function that it is a piece of, if that is known.
    pub(crate) piece: Option<PieceOf>,
    /// Addresses of its callees.
    pub(crate) calls: Vec<u32>,
    pub(crate) tables: Tables,
}

/// Address ranges of the words from which a region was compiled: its own, and those of its inlined
/// leaf functions.
pub(crate) type Words<'a> = [&'a AddressRanges; 2];

/// Hash of the words in these ranges. Returns `None` if one can't be fetched.
pub(crate) fn words_of(places: Words<'_>, word: &dyn Fn(u32) -> Option<u32>) -> Option<[u8; 32]> {
    let mut hash = blake3::Hasher::new();
    let mut bytes = Vec::new();
    for range in places.into_iter().flat_map(AddressRanges::ranges) {
        bytes.clear();
        // `Label::key` contains the ranges only through this hash.
        bytes.extend(range.start.to_le_bytes());
        for pc in (range.start..range.end).step_by(4) {
            bytes.extend(word(pc)?.to_be_bytes());
        }
        hash.update(&bytes);
    }
    Some(*hash.finalize().as_bytes())
}

impl Label {
    /// A hash that identifies the region.
    pub(super) fn key(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(&[self.mode]).update(&self.start.to_le_bytes()).update(&self.words);
        for pc in &self.entries {
            hash.update(&pc.to_le_bytes());
        }
        *hash.finalize().as_bytes()
    }

    /// Its start address.
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// Address ranges of the words from which it was compiled.
    pub(crate) fn places(&self) -> Words<'_> {
        [&self.covered, &self.leaves]
    }

    /// Number of its instructions, without inlined ones.
    pub(super) fn instructions(&self) -> u32 {
        self.covered.instructions()
    }

    /// Approximate size of the label in bytes.
    pub(super) fn size(&self) -> usize {
        let ranges = self.covered.ranges().len() + self.leaves.ranges().len();
        size_of::<Self>() + 4 * self.entries.len() + size_of::<AddressRange>() * ranges
    }

    /// The pages that contain its instructions.
    pub(crate) fn pages(&self) -> BTreeSet<u32> {
        let pages =
            |range: &AddressRange| (range.start & !(PAGE_SIZE - 1)..range.end).step_by(PAGE_SIZE as usize);
        self.places().into_iter().flat_map(AddressRanges::ranges).flat_map(pages).collect()
    }

    /// Whether the values are consistent.
    pub(super) fn is_sound(&self) -> bool {
        let is_sound =
            |ranges: &AddressRanges| ranges.is_sound() && ranges.instructions() as usize <= MAX_REGION_LENGTH;
        self.places().into_iter().all(is_sound)
            && usize::from(self.mode) < Mode::COUNT
            && !self.entries.is_empty()
            && self.entries.iter().all(|&pc| pc % 4 == 0 && self.covered.contains(pc))
            && self.body <= self.length
    }
}

/// Encodes a compiled region for the store.
pub(super) fn pack(
    mode: Mode,
    source: RegionSource<'_>,
    compiled: &Compiled,
    origin: Origin,
) -> Result<(Label, Vec<u8>), Box<dyn std::error::Error>> {
    let Compiled { code, tables, .. } = compiled;
    let RegionSource { region, start, piece } = source;
    let body = Body { piece: piece.cloned(), calls: region.calls.clone(), tables: tables.clone() };
    let mut bytes = postcard::to_allocvec(&body)?;
    let length = bytes.len();
    bytes.extend_from_slice(code);
    let words = words_of([&tables.covered, &tables.leaves], &|pc| region.word(pc))
        .ok_or("an instruction of its ranges is outside of the region")?;
    let label = Label {
        mode: mode.index() as u8,
        start,
        entries: tables.entries.iter().map(|entry| entry.pc).collect(),
        covered: tables.covered.clone(),
        leaves: tables.leaves.clone(),
        words,
        has_run: origin == Origin::Run,
        used: 0,
        body: u32::try_from(length)?,
        length: u32::try_from(bytes.len())?,
        sum: *blake3::hash(&bytes).as_bytes(),
    };
    Ok((label, bytes))
}

/// Decodes the body and the code. The error says what is wrong with them.
pub(super) fn unpack(label: &Label, bytes: &[u8]) -> Result<(Body, Vec<u8>), &'static str> {
    if *blake3::hash(bytes).as_bytes() != label.sum {
        return Err("it has been changed or damaged");
    }
    let wrong = "its tables contradict each other";
    let (body, code) = bytes.split_at_checked(label.body as usize).ok_or(wrong)?;
    let body: Body = postcard::from_bytes(body).map_err(|_| wrong)?;
    let tables = &body.tables;
    let fits = |at: u32| (at as usize) < code.len();
    let is_sound = tables.entries.iter().map(|entry| entry.pc).eq(label.entries.iter().copied())
        && tables.entries.iter().all(|entry| fits(entry.offset))
        && [&tables.covered, &tables.leaves] == label.places()
        // Look-ups in these two lists are binary searches.
        && tables.places.is_sorted_by_key(|start| start.offset)
        && tables.landings.is_sorted_by_key(|landing| landing.access)
        && tables.landings.iter().all(|landing| fits(landing.access) && fits(landing.exit))
        && tables.relocations.iter().all(|relocation| relocation.fits(code.len()));
    if is_sound { Ok((body, code.to_vec())) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_lifter::{EntryOffset, Landing};

    const START: u32 = 0x1000;
    const CODE_LENGTH: u32 = 16;

    /// Whether a stored region is accepted whose checksum matches and that has these landings.
    fn accepts(landings: &[Landing]) -> bool {
        let covered: AddressRanges = [AddressRange { start: START, end: START + 8 }].into_iter().collect();
        let tables = Tables {
            entries: vec![EntryOffset { pc: START, offset: 0 }],
            covered: covered.clone(),
            landings: landings.to_vec(),
            ..Tables::default()
        };
        let body = Body { piece: None, calls: Vec::new(), tables };
        let mut bytes = postcard::to_allocvec(&body).unwrap();
        let length = u32::try_from(bytes.len()).unwrap();
        bytes.extend([0; CODE_LENGTH as usize]);
        let label = Label {
            mode: 0,
            start: START,
            entries: vec![START],
            covered,
            leaves: AddressRanges::default(),
            words: [0; 32],
            has_run: false,
            used: 0,
            body: length,
            length: length + CODE_LENGTH,
            sum: *blake3::hash(&bytes).as_bytes(),
        };
        unpack(&label, &bytes).is_ok()
    }

    #[test]
    fn landings_must_be_in_order_and_inside_of_the_code() {
        let first = Landing { access: 0, exit: 12 };
        let second = Landing { access: 4, exit: 8 };
        assert!(accepts(&[first, second]));
        assert!(!accepts(&[second, first]), "a search would miss them");
        for outside in [CODE_LENGTH, u32::MAX] {
            assert!(!accepts(&[Landing { exit: outside, ..first }]), "{outside:#x}");
            assert!(!accepts(&[Landing { access: outside, ..first }]), "{outside:#x}");
        }
    }
}
