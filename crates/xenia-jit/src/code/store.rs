//! Persistent code cache: stores compiled regions, for code that returns in this run and, in a
//! file, for later runs of the title.
//!
//! ```text
//!  compile ── compiled region ──▶ store ──▶ file, periodically and at the end
//!                                   │ its entries
//!                                   ▼
//!  table of entries: "stored" ── first execution ──▶ restore: compare guest words ──▶ cache
//! ```
//!
//! A region is identified by its mode, its entries, the addresses of its instructions and a hash of
//! their words. The compiled code is determined by these and by the file's purpose
//! ([`file::Purpose`]): the program's build, the title, the host and the lifter's settings. If all
//! of them match, the stored code is what would be compiled.
//!
//! - **The file is not trusted as data.** Lengths are checked before they are used, everything has
//!   a checksum, and tables are checked against the code ([`record`]). But code that passes these
//!   checks is executed: write access to the file is access to the emulator's user account.
//!   Providers of a [`Keeper`] must protect the file.
//! - **The size is bounded**, by [`MAX_BYTES`] and [`MAX_ALIKE`]. The least recently used regions
//!   are evicted first.
//! - Programs that share a file each write all regions they know, including those that the other
//!   has written meanwhile. Only regions that two programs write at the same moment can get lost.

mod file;
mod kept;
mod record;

use crate::lock_order;
use file::{Contents, Purpose};
use kept::{Payload, State, StoredRegion};
use record::Label;
pub(crate) use record::{Body, RegionSource, Words, words_of};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use xenia_lifter::{Compiled, Mode};
use xenia_sync::{Level, Mutex};

/// Limit of stored code in bytes, in memory and in the file. A title's code takes some 80 bytes an
/// instruction, including tables.
pub const MAX_BYTES: usize = 128 << 20;
/// Limit of stored regions with the same entry, which exist if a title loads or generates different
/// code at the same address.
const MAX_ALIKE: usize = 4;
/// Interval between two writes of the file, while code is being compiled.
const BETWEEN_SAVES: Duration = Duration::from_secs(30);

/// Hashes the guest's words in given address ranges, if all can be fetched ([`words_of`]).
pub(crate) type Hashed<'a> = &'a dyn Fn(Words<'_>) -> Option<[u8; 32]>;

/// Why a region was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was executed.
    Run,
    /// It was compiled ahead of time.
    Ahead,
}

/// Access to the file of a store.
pub trait Keeper: Send + Sync {
    /// Reads the whole file; `None` if it does not exist. Only about [`MAX_BYTES`] are used.
    fn read(&self) -> io::Result<Option<Vec<u8>>>;
    /// Replaces the contents atomically: concurrent readers see the old or the new file.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;
    /// Name of the file for messages.
    fn name(&self) -> String;
}

/// Parameters for opening a store.
pub struct StoreOptions {
    /// Identifies the build of the program.
    pub build: String,
    /// Identifies the title.
    pub title: String,
    /// Access to the store's file.
    pub keeper: Box<dyn Keeper>,
}

/// Counters of the persistent code cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreTally {
    /// Regions in the file when it was opened.
    pub found: u64,
    /// Regions taken from the store instead of being compiled, counted again each time they are
    /// restored after a withdrawal.
    pub restored: u64,
    /// Guest instructions in the restored regions.
    pub restored_instructions: u64,
    /// New regions that have been written to the file.
    pub saved: u64,
    /// How often the file or a region in it was found invalid.
    pub rejected: u64,
    /// Size of the file in bytes when it was last written; 0 if it wasn't.
    pub bytes: u64,
}

/// The persistent code cache of a title: its compiled regions, in memory and in a file.
pub struct CodeStore {
    purpose: Purpose,
    keeper: Box<dyn Keeper>,
    /// Whether code that was compiled ahead is restored only when it is hot, not at its first
    /// execution.
    ahead_is_for_hot: bool,
    state: Mutex<State>,
    /// Held while the file is being written.
    saving: Mutex<()>,
    has_saver: AtomicBool,
}

/// A stored region whose words match those of the guest.
pub(crate) struct Found {
    pub(crate) label: Label,
    payload: Payload,
    id: u32,
}

impl Found {
    /// Whether it has all of these entries.
    pub(crate) fn has(&self, entries: &[u32]) -> bool {
        entries.iter().all(|pc| self.label.entries.contains(pc))
    }
}

impl CodeStore {
    /// Opens the store of a title and reads its file. `settings` identifies all settings of the
    /// engine that affect compiled code. With `ahead_is_for_hot`, code that was compiled ahead is
    /// not restored at its first execution.
    pub(crate) fn open(options: StoreOptions, settings: &str, ahead_is_for_hot: bool) -> Arc<Self> {
        let purpose = Purpose::new(&options.title, &options.build, settings);
        let mut state = State { start: 1, ..State::default() };
        let keeper = options.keeper;
        match keeper.read() {
            Ok(None) => {}
            Ok(Some(bytes)) => match Contents::read(Arc::new(bytes), &purpose) {
                Ok(contents) => {
                    state.start = contents.start.saturating_add(1);
                    for (label, payload) in contents.regions {
                        state.insert(label, payload, true);
                    }
                    state.tally.found = state.kept.len() as u64;
                }
                Err(why) => {
                    state.tally.rejected += 1;
                    tracing::warn!(file = keeper.name(), "code cache file ignored: {why}");
                }
            },
            Err(error) => {
                state.tally.rejected += 1;
                tracing::warn!(file = keeper.name(), "code cache file ignored: {error}");
            }
        }
        Arc::new(Self {
            purpose,
            keeper,
            ahead_is_for_hot,
            state: Mutex::numbered(Level::Code, lock_order::STORE, state),
            saving: Mutex::numbered(Level::Code, lock_order::SAVING, ()),
            has_saver: AtomicBool::new(false),
        })
    }

    /// Entries of stored regions of a mode that are restored at their first execution.
    pub(crate) fn entries(&self, mode: Mode) -> Vec<u32> {
        let state = self.state.lock();
        let of_mode = state.by_entry.iter().filter(|((of, _), _)| usize::from(*of) == mode.index());
        let is_due = |ids: &[u32]| {
            let mut kept = ids.iter().filter_map(|id| state.kept.get(id));
            kept.any(|kept| kept.label.has_run || !self.ahead_is_for_hot)
        };
        of_mode.filter(|(_, ids)| is_due(ids)).map(|(&(_, pc), _)| pc).collect()
    }

    /// Whether a region with this entry is stored.
    pub(crate) fn has(&self, mode: Mode, pc: u32) -> bool {
        self.state.lock().by_entry.contains_key(&(mode.index() as u8, pc))
    }

    /// Whether a stored region with this entry was compiled ahead and has not run yet.
    pub(crate) fn has_ahead(&self, mode: Mode, pc: u32) -> bool {
        let state = self.state.lock();
        let ids = state.by_entry.get(&(mode.index() as u8, pc));
        let mut kept = ids.into_iter().flatten().filter_map(|id| state.kept.get(id));
        kept.any(|kept| !kept.label.has_run)
    }

    /// The stored region with this entry whose hash matches the result of `words` for the addresses
    /// of its instructions.
    pub(crate) fn find(&self, mode: Mode, pc: u32, words: Hashed<'_>) -> Option<Found> {
        let state = self.state.lock();
        let ids = state.by_entry.get(&(mode.index() as u8, pc))?;
        ids.iter().rev().find_map(|&id| {
            let kept = state.kept.get(&id)?;
            let is_same = words(kept.label.places())? == kept.label.words;
            is_same.then(|| Found { label: kept.label.clone(), payload: kept.payload.clone(), id })
        })
    }

    /// Decodes a region. If it is invalid, removes it and returns `None`.
    pub(crate) fn unpack(&self, found: &Found) -> Option<(Body, Vec<u8>)> {
        // Before the lock, because it hashes all of the code.
        let unpacked = record::unpack(&found.label, found.payload.get());
        let mut state = self.state.lock();
        let start = state.start;
        match unpacked {
            Ok(unpacked) => {
                if let Some(kept) = state.kept.get_mut(&found.id) {
                    kept.label.used = start;
                }
                Some(unpacked)
            }
            Err(why) => {
                let pc = found.label.start;
                // A damaged file has many of them; one message is enough.
                if state.tally.rejected == 0 {
                    tracing::warn!(file = self.keeper.name(), "stored region at {pc:#010x} ignored: {why}");
                }
                state.tally.rejected += 1;
                state.remove(found.id);
                None
            }
        }
    }

    /// Records that a stored region was published instead of being compiled.
    pub(crate) fn note_restored(&self, found: &Found) {
        let mut state = self.state.lock();
        if let Some(kept) = state.kept.get_mut(&found.id)
            && !std::mem::replace(&mut kept.label.has_run, true)
        {
            state.is_changed = true;
        }
        state.tally.restored += 1;
        state.tally.restored_instructions += u64::from(found.label.instructions());
    }

    /// Stores a compiled region.
    pub(crate) fn add(
        self: &Arc<Self>,
        mode: Mode,
        source: RegionSource<'_>,
        compiled: &Compiled,
        origin: Origin,
    ) {
        let (mut label, payload) = match record::pack(mode, source, compiled, origin) {
            Ok(packed) => packed,
            Err(error) => return tracing::warn!(%error, "region not stored"),
        };
        let range = 0..payload.len();
        let payload = Payload { bytes: Arc::new(payload), range };
        let mut state = self.state.lock();
        label.used = state.start;
        label.has_run |= state.supersede(&label, source.region);
        state.insert(label, payload, false);
        state.is_changed = true;
        // The first new region begins the interval.
        let since = *state.saved.get_or_insert_with(Instant::now);
        drop(state);
        if since.elapsed() > BETWEEN_SAVES && !self.has_saver.swap(true, Relaxed) {
            let store = Arc::clone(self);
            let saver = std::thread::Builder::new().name("code-store".to_owned());
            let saved = saver.spawn(move || {
                store.save();
                store.has_saver.store(false, Relaxed);
            });
            if saved.is_err() {
                // The file is then written at the end.
                self.has_saver.store(false, Relaxed);
            }
        }
    }

    /// Writes the file, if there is anything new. Regions that can't be written are compiled again
    /// in the next run.
    pub fn save(&self) {
        let _one_at_a_time = self.saving.lock();
        let (mut regions, dropped, start) = {
            let mut state = self.state.lock();
            // Set again by changes that are made while the file is being written.
            if !std::mem::take(&mut state.is_changed) {
                return;
            }
            state.saved = Some(Instant::now());
            let regions: Vec<(u32, StoredRegion)> =
                state.kept.iter().map(|(&id, kept)| (id, kept.clone())).collect();
            (regions, state.dropped.clone(), state.start)
        };
        let known: HashSet<[u8; 32]> = regions.iter().map(|(_, kept)| kept.label.key()).collect();
        // Keep regions that another program has written since.
        if let Ok(Some(bytes)) = self.keeper.read()
            && let Ok(contents) = Contents::read(Arc::new(bytes), &self.purpose)
        {
            let others = contents.regions.into_iter().filter(|(label, _)| {
                let key = label.key();
                !known.contains(&key) && !dropped.contains(&key)
            });
            regions
                // The number 0 is not looked up, since the region counts as saved.
                .extend(others.map(|(label, payload)| (0, StoredRegion { label, payload, is_saved: true })));
        }
        // The least recently used regions do not fit any more if there are too many.
        regions.sort_unstable_by_key(|(id, kept)| (std::cmp::Reverse(kept.label.used), *id));
        let mut bytes = 0;
        let room = regions.iter().take_while(|(_, kept)| {
            bytes += kept.size();
            bytes <= MAX_BYTES
        });
        let written: Vec<(u32, &StoredRegion)> = room.map(|(id, kept)| (*id, kept)).collect();
        let file =
            file::write(&self.purpose, start, written.iter().map(|(_, k)| (&k.label, k.payload.get())));
        let result = file.and_then(|file| self.keeper.write(&file).map(|()| file.len()));
        let mut state = self.state.lock();
        match result {
            Ok(size) => {
                state.tally.bytes = size as u64;
                // The new file contains none of these.
                state.dropped.retain(|key| !dropped.contains(key));
                for (id, _) in written.iter().filter(|(_, kept)| !kept.is_saved) {
                    state.tally.saved += 1;
                    if let Some(kept) = state.kept.get_mut(id) {
                        kept.is_saved = true;
                    }
                }
            }
            Err(error) => {
                // The next save tries again.
                state.is_changed = true;
                tracing::warn!(file = self.keeper.name(), %error, "could not write the code cache file");
            }
        }
    }

    /// The counters so far.
    pub fn tally(&self) -> StoreTally {
        self.state.lock().tally
    }
}
