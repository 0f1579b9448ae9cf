//! Rewind: a ring of checkpoints in memory, to which a machine goes back.
//!
//! ```text
//!  checkpoint 0 ◀─delta─ 1 ◀─delta─ 2 ◀─delta─ … ◀─delta─ n = shadow ◀─written pages─ machine
//! ```
//!
//! The shadow has the whole state of the last checkpoint, in pages. Each earlier checkpoint has the
//! difference to the next one, which a thread compresses. A checkpoint costs the pages that were
//! written since the previous one, and going back replaces only pages that differ, so that compiled
//! code and textures of all others stay. The oldest checkpoints are dropped at the limit of memory;
//! those that are older than [`FINE`] are thinned to one in each [`COARSE`].

mod held;
mod packer;
mod shadow;

pub use held::RewindSink;

use super::parts::MachineInside;
use super::state::StateParts;
use super::{Machine, MachinePosition};
use crate::recording::ReplayMark;
use anyhow::{Context, Result, bail};
use held::Held;
use packer::{Packer, StoredDelta};
use shadow::{Delta, EDRAM, Shadow, pages_of, section_page};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use xenia_gpu::EdramGeneration;
use xenia_gpu::edram::{EDRAM_PAGE_WORDS, EDRAM_WORDS, EdramPage};
use xenia_guest::PAGE_SIZE;
use xenia_memory::{PageBytes, WriteLog};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_state::{StoredSection, whole_words};

/// Guest time between two checkpoints.
pub const REWIND_INTERVAL: GuestTicks = TICKS_PER_SECOND / 4;
/// Guest time for which all checkpoints are kept.
const FINE: GuestTicks = 10 * TICKS_PER_SECOND;
/// Guest time between checkpoints that are older.
const COARSE: GuestTicks = TICKS_PER_SECOND;
/// Largest number of checkpoints.
const MAX_CHECKPOINTS: usize = 7200;
/// Limit on the memory of checkpoints and shadow in bytes, unless another is set.
pub const REWIND_MEMORY: u64 = 1 << 30;

// A page of the shadow has exactly one of the EDRAM.
const _: () = assert!(4 * EDRAM_PAGE_WORDS == PAGE_SIZE as usize);

/// A section of a checkpoint, whose bytes are pages.
#[derive(Clone)]
struct SectionPlace {
    name: String,
    version: u16,
    length: usize,
}

/// A moment to which the machine can go back.
struct Checkpoint {
    position: MachinePosition,
    sections: Vec<SectionPlace>,
    has_edram: bool,
    /// Place in the recording that the run replays, if there is one.
    mark: Option<ReplayMark>,
    /// The difference to the next checkpoint; `None` for the last one, which the shadow has.
    to_next: Option<Arc<StoredDelta>>,
}

/// The checkpoints of a machine.
pub(super) struct Rewind {
    log: WriteLog,
    shadow: Shadow,
    ring: VecDeque<Checkpoint>,
    packer: Packer,
    /// Generation of the EDRAM in the shadow.
    edram: Option<EdramGeneration>,
    /// Limit on memory in bytes.
    limit: u64,
    /// Guest time of the next checkpoint.
    next: GuestTicks,
    held: Held,
}

impl Rewind {
    pub(super) fn new(inside: &MachineInside, limit: u64) -> Self {
        Self {
            log: WriteLog::new(inside.memory.clone()),
            shadow: Shadow::default(),
            ring: VecDeque::new(),
            packer: Packer::start(),
            edram: None,
            limit,
            next: 0,
            held: Held::default(),
        }
    }

    /// Notes that the machine was restored from elsewhere.
    pub(super) fn note_restore(&mut self) {
        self.log.note_restore();
    }

    /// Makes a checkpoint of this moment, at this place in the recording that the run replays.
    pub(super) fn take(&mut self, inside: &mut MachineInside, mark: Option<ReplayMark>) -> Result<()> {
        self.next = inside.position().now + REWIND_INTERVAL;
        let sections = inside.parts_without_edram()?.encode()?;
        // The first checkpoint has no predecessor that needs the difference.
        let mut delta = self.ring.back().map(|_| Delta::default());
        let shadow = &mut self.shadow;
        let mut content: PageBytes = [0; PAGE_SIZE as usize];
        self.edram = inside.processor.lock().edram_since(self.edram, &mut |number, words: &EdramPage| {
            for (bytes, word) in content.chunks_exact_mut(4).zip(words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            shadow.replace(EDRAM + number, &content, &mut delta);
        });
        self.log.take(|page, content| shadow.replace(page, content, &mut delta));
        let before = self.ring.back().map(|last| last.sections.as_slice()).unwrap_or_default();
        for index in 0..sections.len().max(before.len()) {
            let bytes = sections.get(index).map(|section| section.bytes.as_slice()).unwrap_or_default();
            let length = before.get(index).map_or(0, |place| place.length).max(bytes.len());
            shadow.replace_bytes(section_page(index), pages_of(length), bytes, &mut delta);
        }
        if let (Some(last), Some(delta)) = (self.ring.back_mut(), delta) {
            last.to_next = Some(self.packer.pack(delta));
        }
        let place =
            |StoredSection { name, version, bytes }| SectionPlace { name, version, length: bytes.len() };
        self.ring.push_back(Checkpoint {
            position: inside.position(),
            sections: sections.into_iter().map(place).collect(),
            has_edram: self.edram.is_some(),
            mark,
            to_next: None,
        });
        self.thin();
        self.check_memory()
    }

    /// Moments of the checkpoints, the oldest first.
    pub(super) fn moments(&self) -> impl DoubleEndedIterator<Item = MachinePosition> + ExactSizeIterator {
        self.ring.iter().map(|one| one.position)
    }

    /// Drops checkpoints whose neighbours are close enough, each run of them together, because
    /// every merge compresses the difference again.
    fn thin(&mut self) {
        let now = self.ring.back().map_or(0, |last| last.position.now);
        let mut index = 0;
        while let Some(one) = self.ring.get(index) {
            let until = one.position.now + COARSE;
            if now < until + FINE {
                break;
            }
            let later = self.ring.range(index + 1..).take_while(|one| one.position.now <= until);
            // The last of them stays.
            let dropped = later.count().saturating_sub(1);
            let dropped = self.ring.drain(index + 1..index + 1 + dropped);
            let newer: Vec<_> = dropped.filter_map(|one| one.to_next).collect();
            if let Some(older) = self.ring.get(index).and_then(|one| one.to_next.as_ref())
                && !newer.is_empty()
            {
                self.packer.merge(older, newer);
            }
            index += 1;
        }
    }

    /// Drops the oldest checkpoints beyond the limits.
    fn check_memory(&mut self) -> Result<()> {
        while self.ring.len() > 1 && (self.size() > self.limit || self.ring.len() > MAX_CHECKPOINTS) {
            self.ring.pop_front();
        }
        if self.size() > self.limit {
            bail!("the title's memory alone takes more than the limit of {} MiB", self.limit >> 20);
        }
        Ok(())
    }

    /// Bytes of memory that the checkpoints take.
    pub(super) fn size(&self) -> u64 {
        let deltas = self.ring.iter().filter_map(|one| one.to_next.as_ref());
        (deltas.map(|delta| delta.size()).sum::<usize>() + self.shadow.size()) as u64
    }

    /// Makes the checkpoint with this index the last one, and the shadow its state. Returns the
    /// pages of memory that have changed since.
    fn drop_newer(&mut self, index: usize) -> Result<BTreeSet<u32>> {
        self.packer.flush();
        let mut changed = BTreeSet::new();
        while self.ring.len() > index + 1 {
            self.ring.pop_back();
            let Some(delta) = self.ring.back_mut().and_then(|last| last.to_next.take()) else { continue };
            self.shadow.apply(&delta.delta()?, |page| {
                if page < EDRAM {
                    changed.insert(page);
                }
            });
        }
        Ok(changed)
    }

    /// The parts of the last checkpoint's state.
    fn parts(&self) -> Result<StateParts> {
        let last = self.ring.back().context("there is no checkpoint")?;
        let sections = last.sections.iter().enumerate().map(|(index, place)| {
            let SectionPlace { name, version, length } = place.clone();
            StoredSection { name, version, bytes: self.shadow.bytes(section_page(index), length) }
        });
        let mut parts = StateParts::of_own(sections.collect())?;
        if last.has_edram {
            let bytes = self.shadow.bytes(EDRAM, 4 * EDRAM_WORDS);
            parts.gpu.put_edram(whole_words::from_bytes(&bytes).context("a word of the EDRAM is cut")?);
        }
        Ok(parts)
    }
}

impl Machine {
    /// Keeps checkpoints from now on, in at most `limit` bytes of memory; `None` ends that.
    ///
    /// # Errors
    /// A run that has no states, or cannot go back: one that is recorded or replayed.
    pub fn set_rewind(&mut self, limit: Option<u64>) -> Result<()> {
        self.check_returns()?;
        self.outside.rewind = limit.map(|limit| Rewind::new(&self.inside, limit));
        Ok(())
    }

    /// Sets the receiver of texts about rewind.
    pub fn set_rewind_sink(&mut self, sink: RewindSink) {
        if let Some(rewind) = &mut self.outside.rewind {
            rewind.held.sink = sink;
        }
    }

    /// Makes a checkpoint of this moment, which needs [`Self::set_rewind`].
    ///
    /// # Errors
    /// The machine cannot be saved at this moment, or memory is too short.
    pub fn make_checkpoint(&mut self) -> Result<()> {
        let rewind = self.outside.rewind.as_mut().context("rewind is off")?;
        rewind.take(&mut self.inside, None)
    }

    /// Moments of the checkpoints, the oldest first.
    pub fn checkpoints(&self) -> Vec<MachinePosition> {
        let rewind = self.outside.rewind.as_ref();
        rewind.map(|rewind| rewind.moments().collect()).unwrap_or_default()
    }

    /// Bytes of memory that the checkpoints take.
    pub fn checkpoint_memory(&self) -> u64 {
        self.outside.rewind.as_ref().map_or(0, Rewind::size)
    }

    /// Goes back to the checkpoint with this index among [`Self::checkpoints`]; those after it are
    /// gone.
    ///
    /// # Errors
    /// As [`Self::restore`]; rewind is off, or `index` is out of range.
    pub fn go_back_to(&mut self, index: usize) -> Result<()> {
        let mut rewind = self.outside.rewind.take().context("rewind is off")?;
        let gone = self.go_back_along(&mut rewind, index);
        self.outside.rewind = Some(rewind);
        gone
    }

    /// Goes back to a checkpoint of `rewind`, also in the recording that the run replays.
    pub(super) fn go_back_along(&mut self, rewind: &mut Rewind, index: usize) -> Result<()> {
        self.check_restores()?;
        if index >= rewind.ring.len() {
            bail!("there is no checkpoint {index}");
        }
        let mut changed = rewind.drop_newer(index)?;
        let parts = rewind.parts()?;
        let Rewind { log, shadow, .. } = rewind;
        self.replace_inside(parts, |memory, state| {
            log.take(|page, content| {
                if shadow.get(page) != content {
                    changed.insert(page);
                }
            });
            memory.restore_layout(state)?;
            changed.iter().try_for_each(|&page| {
                log.note_content(page, shadow.get(page));
                memory.put_page(page, shadow.get(page)).map(drop)
            })
        })?;
        let mark = rewind.ring.back().and_then(|last| last.mark.clone());
        if let (Some(recorded), Some(mark)) = (&self.outside.recorded, mark) {
            recorded.go_to(mark);
        }
        rewind.next = self.position().now + REWIND_INTERVAL;
        Ok(())
    }
}
