//! Compiled regions that are kept: for when their code comes back in this run, and in a file for
//! the title's next start.
//!
//! ```text
//!  compile ── what it made ──▶ store ──▶ file, now and then and in the end
//!                                │ entries of it
//!                                ▼
//!  table of entries: "kept" ── first executed ──▶ restore: the guest's words are the same ──▶ code_cache
//! ```
//!
//! A region is known by its mode, its entries, where its instructions lie and a hash of what they
//! are; what was compiled follows from these and from what the file was made for
//! ([`file::Purpose`]): the program's build, the title, the host and the lifter's settings. It is
//! used where they are the same and is no different from what would be compiled.
//!
//! - **The file is no authority.** Its lengths are checked before they are believed, everything has
//!   a checksum, and tables are checked against the code ([`record`]). But what passes for code is
//!   run: who may write the file may do what the user may. Whoever gives us a [`Keeper`] sees to
//!   that.
//! - **It is bounded**, by [`MOST_BYTES`] and [`MOST_ALIKE`]. What was of use longest ago goes
//!   first.
//! - Programs that share a file each write all they know and what the other has written meanwhile;
//!   nothing is lost but what two write in the same moment.

mod file;
mod kept;
mod record;

use crate::function_tier::Compiled;
use crate::mode::Mode;
use crate::plan::Plan;
use file::{Contents, Purpose};
use kept::{Kept, Payload, State};
use parking_lot::Mutex;
use record::Label;
pub(crate) use record::{Body, Words, words_of};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Bytes of kept code, in memory and in the file. A title's code is some 80 bytes an instruction
/// with its tables.
pub const MOST_BYTES: usize = 128 << 20;
/// Regions with the same entry that are kept: code that is loaded to one place in turn, or made
/// there by the title.
const MOST_ALIKE: usize = 4;
/// How often the file is written, as long as something is compiled.
const BETWEEN_SAVES: Duration = Duration::from_secs(30);

/// Hash of the guest's words in some places, if all can be fetched ([`words_of`]).
pub(crate) type Hashed<'a> = &'a dyn Fn(Words<'_>) -> Option<[u8; 32]>;

/// Why code is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It has run, and was compiled for that.
    Run,
    /// It was compiled ahead.
    Ahead,
}

/// Where a store's file is.
pub trait Keeper: Send + Sync {
    /// All of it; `None`: there is none. At most [`MOST_BYTES`] and a little more are of use.
    fn read(&self) -> io::Result<Option<Vec<u8>>>;
    /// Replaces it by these bytes, at once: whoever reads it meanwhile sees the old or the new one.
    fn write(&self, bytes: &[u8]) -> io::Result<()>;
    /// What it is called in messages.
    fn name(&self) -> String;
}

/// What a store is opened with.
pub struct StoreOptions {
    /// Identifies the build of the program.
    pub build: String,
    /// Identifies the title.
    pub title: String,
    /// Its file.
    pub keeper: Box<dyn Keeper>,
}

/// What became of kept code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreTally {
    /// Regions that the file had at the start.
    pub found: u64,
    /// Regions that were taken from it instead of being compiled; more than once if they were
    /// withdrawn meanwhile.
    pub restored: u64,
    /// Guest instructions of these.
    pub restored_instructions: u64,
    /// Regions that are new, and in the file by now.
    pub saved: u64,
    /// Whether the file, or what of it was asked for, was not what it ought to be.
    pub rejected: u64,
    /// Bytes of the file as it was last written; 0 if it wasn't.
    pub bytes: u64,
}

/// See the module's documentation.
pub struct CodeStore {
    purpose: Purpose,
    keeper: Box<dyn Keeper>,
    /// Code that was compiled ahead is for what is hot, not for what is reached for the first time.
    ahead_is_for_hot: bool,
    state: Mutex<State>,
    /// Held while the file is written.
    saving: Mutex<()>,
    has_saver: AtomicBool,
}

/// A kept region whose words are those of the guest.
pub(crate) struct Found {
    pub(crate) label: Label,
    payload: Payload,
    id: u32,
}

impl Found {
    /// Whether it has all these entries.
    pub(crate) fn has(&self, entries: &[u32]) -> bool {
        entries.iter().all(|pc| self.label.entries.contains(pc))
    }
}

impl CodeStore {
    /// The store of a title, with what its file has; `settings` is all of the engine's that decides
    /// what is compiled. With `ahead_is_for_hot`, code that was compiled ahead is not among
    /// what is restored at first sight.
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
                    tracing::warn!(file = keeper.name(), "kept code is not used: {why}");
                }
            },
            Err(error) => {
                state.tally.rejected += 1;
                tracing::warn!(file = keeper.name(), "kept code is not used: {error}");
            }
        }
        Arc::new(Self {
            purpose,
            keeper,
            ahead_is_for_hot,
            state: Mutex::new(state),
            saving: Mutex::new(()),
            has_saver: AtomicBool::new(false),
        })
    }

    /// Entries of what is kept for a mode, and restored when one of them is reached for the first
    /// time.
    pub(crate) fn entries(&self, mode: Mode) -> Vec<u32> {
        let state = self.state.lock();
        let of_mode = state.by_entry.iter().filter(|((of, _), _)| usize::from(*of) == mode.index());
        let is_due = |ids: &[u32]| {
            let mut kept = ids.iter().filter_map(|id| state.kept.get(id));
            kept.any(|kept| kept.label.has_run || !self.ahead_is_for_hot)
        };
        of_mode.filter(|(_, ids)| is_due(ids)).map(|(&(_, pc), _)| pc).collect()
    }

    /// Whether something with this entry is kept.
    pub(crate) fn has(&self, mode: Mode, pc: u32) -> bool {
        self.state.lock().by_entry.contains_key(&(mode.index() as u8, pc))
    }

    /// Whether something with this entry is kept that was compiled ahead and has not run yet.
    pub(crate) fn has_ahead(&self, mode: Mode, pc: u32) -> bool {
        let state = self.state.lock();
        let ids = state.by_entry.get(&(mode.index() as u8, pc));
        let mut kept = ids.into_iter().flatten().filter_map(|id| state.kept.get(id));
        kept.any(|kept| !kept.label.has_run)
    }

    /// The kept region with this entry whose words are what `words` gives for where its
    /// instructions lie.
    pub(crate) fn find(&self, mode: Mode, pc: u32, words: Hashed<'_>) -> Option<Found> {
        let state = self.state.lock();
        let ids = state.by_entry.get(&(mode.index() as u8, pc))?;
        ids.iter().rev().find_map(|&id| {
            let kept = state.kept.get(&id)?;
            let is_same = words(kept.label.places())? == kept.label.words;
            is_same.then(|| Found { label: kept.label.clone(), payload: kept.payload.clone(), id })
        })
    }

    /// What a region became. `None` if it's not what it ought to be; it is dropped then.
    pub(crate) fn unpack(&self, found: &Found) -> Option<(Body, Vec<u8>)> {
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
                if state.tally.rejected == 0 {
                    tracing::warn!(file = self.keeper.name(), "kept code of {pc:#010x} is not used: {why}");
                }
                state.tally.rejected += 1;
                state.remove(found.id);
                None
            }
        }
    }

    /// Notes that a region runs instead of being compiled.
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

    /// Keeps what was compiled.
    pub(crate) fn add(self: &Arc<Self>, mode: Mode, plan: &Plan, compiled: &Compiled, origin: Origin) {
        let (mut label, payload) = match record::pack(mode, plan, compiled, origin) {
            Ok(packed) => packed,
            Err(error) => return tracing::warn!(%error, "not kept"),
        };
        let range = 0..payload.len();
        let payload = Payload { bytes: Arc::new(payload), range };
        let mut state = self.state.lock();
        label.used = state.start;
        label.has_run |= state.supersede(&label, plan);
        state.insert(label, payload, false);
        state.is_changed = true;
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
                // In the end, then.
                self.has_saver.store(false, Relaxed);
            }
        }
    }

    /// Writes the file, if there is anything new. What can't be written is compiled again at the
    /// next start.
    pub fn save(&self) {
        let _one_at_a_time = self.saving.lock();
        let (mut regions, dropped, start) = {
            let mut state = self.state.lock();
            if !std::mem::take(&mut state.is_changed) {
                return;
            }
            state.saved = Some(Instant::now());
            let regions: Vec<(u32, Kept)> = state.kept.iter().map(|(&id, kept)| (id, kept.clone())).collect();
            (regions, state.dropped.clone(), state.start)
        };
        let known: HashSet<[u8; 32]> = regions.iter().map(|(_, kept)| kept.label.key()).collect();
        // What another program has written there since.
        if let Ok(Some(bytes)) = self.keeper.read()
            && let Ok(contents) = Contents::read(Arc::new(bytes), &self.purpose)
        {
            let others = contents.regions.into_iter().filter(|(label, _)| {
                let key = label.key();
                !known.contains(&key) && !dropped.contains(&key)
            });
            regions.extend(others.map(|(label, payload)| (0, Kept { label, payload, is_saved: true })));
        }
        regions.sort_unstable_by_key(|(id, kept)| (std::cmp::Reverse(kept.label.used), *id));
        let mut bytes = 0;
        let room = regions.iter().take_while(|(_, kept)| {
            bytes += kept.size();
            bytes <= MOST_BYTES
        });
        let written: Vec<(u32, &Kept)> = room.map(|(id, kept)| (*id, kept)).collect();
        let file =
            file::write(&self.purpose, start, written.iter().map(|(_, k)| (&k.label, k.payload.get())));
        let result = file.and_then(|file| self.keeper.write(&file).map(|()| file.len()));
        let mut state = self.state.lock();
        match result {
            Ok(size) => {
                state.tally.bytes = size as u64;
                // The file has none of these any more.
                state.dropped.retain(|key| !dropped.contains(key));
                for (id, _) in written.iter().filter(|(_, kept)| !kept.is_saved) {
                    state.tally.saved += 1;
                    if let Some(kept) = state.kept.get_mut(id) {
                        kept.is_saved = true;
                    }
                }
            }
            Err(error) => {
                tracing::warn!(file = self.keeper.name(), %error, "compiled code is not kept for the next start");
            }
        }
    }

    /// What became of kept code so far.
    pub fn tally(&self) -> StoreTally {
        self.state.lock().tally
    }
}
