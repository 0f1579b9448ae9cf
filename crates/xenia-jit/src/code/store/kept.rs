//! The regions that a store holds in memory, by their entries, and their eviction.

use super::record::{Label, words_of};
use super::{MAX_ALIKE, MAX_BYTES, StoreTally};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;
use xenia_lifter::cfg::region::Region;

/// The bytes of a region, as a buffer or as part of a file's.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) range: Range<usize>,
}

impl Payload {
    pub(super) fn get(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

/// Compiled code of a region in the persistent cache.
#[derive(Clone, Debug)]
pub(super) struct StoredRegion {
    pub(super) label: Label,
    pub(super) payload: Payload,
    /// Whether the file contains it.
    pub(super) is_saved: bool,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) kept: HashMap<u32, StoredRegion>,
    pub(super) by_entry: HashMap<(u8, u32), Vec<u32>>,
    pub(super) next: u32,
    pub(super) bytes: usize,
    /// Keys of dropped regions, which must not be read back from the file.
    pub(super) dropped: HashSet<[u8; 32]>,
    /// Number of the title's current start.
    pub(super) start: u32,
    pub(super) tally: StoreTally,
    pub(super) is_changed: bool,
    pub(super) saved: Option<Instant>,
}

impl StoredRegion {
    pub(super) fn size(&self) -> usize {
        self.payload.range.len() + self.label.size()
    }
}

impl State {
    pub(super) fn insert(&mut self, label: Label, payload: Payload, is_saved: bool) {
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        let kept = StoredRegion { label, payload, is_saved };
        self.bytes += kept.size();
        let mut crowded = Vec::new();
        for &pc in &kept.label.entries {
            let alike = self.by_entry.entry((kept.label.mode, pc)).or_default();
            alike.push(id);
            // The oldest one makes room.
            if alike.len() > MAX_ALIKE {
                // A region with several entries may be listed twice; its second removal has no
                // effect.
                crowded.extend(alike.first().copied());
            }
        }
        self.kept.insert(id, kept);
        for old in crowded {
            self.remove(old);
        }
        if self.bytes > MAX_BYTES {
            self.shrink();
        }
    }

    pub(super) fn remove(&mut self, id: u32) {
        let Some(kept) = self.kept.remove(&id) else { return };
        self.bytes -= kept.size();
        for &pc in &kept.label.entries {
            let key = (kept.label.mode, pc);
            if let Some(alike) = self.by_entry.get_mut(&key) {
                alike.retain(|&other| other != id);
                if alike.is_empty() {
                    self.by_entry.remove(&key);
                }
            }
        }
        if kept.is_saved {
            self.dropped.insert(kept.label.key());
            self.is_changed = true;
        }
    }

    /// Removes regions with the same code and a subset of the entries. Returns whether one of them
    /// has run.
    pub(super) fn supersede(&mut self, label: &Label, region: &Region) -> bool {
        let ids: HashSet<u32> = label
            .entries
            .iter()
            .filter_map(|&pc| self.by_entry.get(&(label.mode, pc)))
            .flatten()
            .copied()
            .collect();
        let entries: HashSet<u32> = label.entries.iter().copied().collect();
        let mut has_run = false;
        for id in ids {
            let Some(kept) = self.kept.get(&id) else { continue };
            let has_more = kept.label.entries.iter().any(|pc| !entries.contains(pc));
            let word = |pc: u32| region.word(pc);
            if !has_more && words_of(kept.label.places(), &word) == Some(kept.label.words) {
                has_run |= kept.label.has_run;
                self.remove(id);
            }
        }
        has_run
    }

    /// Evicts a quarter of the regions, least recently used first.
    fn shrink(&mut self) {
        let mut ids: Vec<(u32, u32)> = self.kept.iter().map(|(&id, kept)| (kept.label.used, id)).collect();
        ids.sort_unstable();
        for (_, id) in ids {
            if self.bytes <= MAX_BYTES / 4 * 3 {
                break;
            }
            self.remove(id);
        }
    }
}
