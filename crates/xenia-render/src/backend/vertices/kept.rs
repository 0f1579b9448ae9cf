//! Allocation of vertex memory in the device's buffer, and tracking of current pages:
//! docs/src/decisions/0019-wgpu-backend.md.
//!
//! Space is allocated by chunk of physical memory, with a run of chunks for each requested range;
//! contents are tracked by page. A run serves every range within it. Recorded commands read the
//! buffer as it is when they are submitted, so a page that one of them reads must not be
//! overwritten: it gets a second copy elsewhere, or the commands are submitted first. Space that no
//! recorded command reads is reused, least recently used first.

use std::collections::BTreeMap;
use std::ops::Range;

use xenia_gpu::PhysicalMemory;
use xenia_gpu::memory::PAGE_SIZE;

/// Unit of allocation in bytes; the buffer has a whole number of chunks.
pub(super) const CHUNK: u32 = 64 << 10;
const CHUNK_PAGES: u32 = CHUNK / PAGE_SIZE;
/// Maximum number of chunks that get a second copy. Larger ranges wait until the commands that read
/// the first copy are submitted.
const MAX_COPIED: u32 = 4;

/// No free space is left that recorded commands don't read: submit them, and try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Full;

/// Upload of memory: bytes from a physical address on, to a position in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) place: u64,
    pub(super) physical: u32,
    pub(super) length: u32,
}

/// Pages that were found current.
#[derive(Default)]
struct CurrentPages {
    pages: Range<u32>,
    /// Epoch of memory when they were found current.
    epoch: Option<u64>,
}

impl CurrentPages {
    /// Whether pages are current, as nothing was written since they were found so.
    fn has(&self, pages: &Range<u32>, epoch: Option<u64>) -> bool {
        epoch.is_some() && self.epoch == epoch && contains(&self.pages, pages)
    }

    /// These pages and others that were found current now, if they form one range; else the others.
    fn joined_with(&self, pages: &Range<u32>, epoch: Option<u64>) -> Self {
        let touches = self.pages.start <= pages.end && pages.start <= self.pages.end;
        let is_joined = self.epoch == epoch && touches;
        Self { pages: if is_joined { hull(&self.pages, pages) } else { pages.clone() }, epoch }
    }
}

/// Memory with space in the buffer: consecutive whole chunks.
struct Run {
    chunks: Range<u32>,
    /// First chunk in the buffer.
    place: u32,
    /// Version of each page in the buffer, starting with the run's first.
    versions: Vec<Option<u64>>,
    /// Pages that recorded commands may read.
    read: Range<u32>,
    current: CurrentPages,
    /// Time of the last request.
    asked: u64,
}

impl Run {
    fn first_page(&self) -> u32 {
        self.chunks.start * CHUNK_PAGES
    }

    /// Position in the buffer that corresponds to an address, which may lie outside of the run.
    fn position(&self, physical: u32) -> i64 {
        let start = i64::from(self.place) - i64::from(self.chunks.start);
        start * i64::from(CHUNK) + i64::from(physical)
    }

    /// Notes that a command reads current pages; returns whether it is the first since the last
    /// submission.
    fn note_read(&mut self, pages: &Range<u32>, now: u64) -> bool {
        let is_first = self.read.is_empty();
        self.read = hull(&self.read, pages);
        self.asked = now;
        is_first
    }

    fn version(&mut self, page: u32) -> &mut Option<u64> {
        let at = (page - self.chunks.start * CHUNK_PAGES) as usize;
        &mut self.versions[at]
    }
}

fn contains(outer: &Range<u32>, inner: &Range<u32>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Smallest range that contains both ranges.
fn hull(a: &Range<u32>, b: &Range<u32>) -> Range<u32> {
    if a.is_empty() { b.clone() } else { a.start.min(b.start)..a.end.max(b.end) }
}

/// Allocation state of a buffer.
pub(super) struct Kept {
    /// Whether each chunk of the buffer is allocated.
    taken: Vec<bool>,
    runs: BTreeMap<u64, Run>,
    /// Run that serves ranges beginning in a chunk, by chunk of memory.
    by_chunk: BTreeMap<u32, u64>,
    next_run: u64,
    clock: u64,
    /// Runs that recorded commands may read.
    unsubmitted: Vec<u64>,
    /// Space of transient data, freed at the next submission, and the free bytes in the last part.
    passing: Vec<Range<u32>>,
    free: Range<u64>,
    /// Number of page version comparisons.
    pub(super) checks: u64,
    /// Number of chunks at the beginning of the buffer; no chunk after them was ever allocated.
    pub(super) used: u32,
}

impl Kept {
    /// Creates the state of a buffer of `chunks` chunks.
    pub(super) fn new(chunks: u32) -> Self {
        Self {
            taken: vec![false; chunks as usize],
            runs: BTreeMap::new(),
            by_chunk: BTreeMap::new(),
            next_run: 0,
            clock: 0,
            unsubmitted: Vec::new(),
            passing: Vec::new(),
            free: 0..0,
            checks: 0,
            used: 0,
        }
    }

    /// Notes that the recorded commands have been submitted.
    pub(super) fn note_submission(&mut self) {
        for id in self.unsubmitted.drain(..) {
            if let Some(run) = self.runs.get_mut(&id) {
                run.read = 0..0;
            }
        }
        for place in std::mem::take(&mut self.passing) {
            self.release(place);
        }
        self.free = 0..0;
    }

    /// Allocates space for transient bytes, valid until the next submission.
    pub(super) fn pass(&mut self, length: u32) -> Result<u64, Full> {
        let length = u64::from(length.next_multiple_of(16));
        if self.free.end - self.free.start < length {
            let chunks = length.div_ceil(u64::from(CHUNK)) as u32;
            let first = self.reserve(chunks)?;
            self.passing.push(first..first + chunks);
            self.free = u64::from(first) * u64::from(CHUNK)..u64::from(first + chunks) * u64::from(CHUNK);
        }
        let place = self.free.start;
        self.free.start += length;
        Ok(place)
    }

    /// Makes the range `bytes` of the memory at `physical` resident: appends the required uploads
    /// to `send`, and returns the buffer position that corresponds to `physical` (which may lie
    /// outside of the range's run). Commands that read the range may then be recorded.
    pub(super) fn find(
        &mut self,
        physical: u32,
        bytes: Range<u32>,
        memory: &dyn PhysicalMemory,
        send: &mut Vec<Sending>,
    ) -> Result<i64, Full> {
        let at = |offset: u32| u64::from(physical) + u64::from(offset);
        let within = |unit: u32| {
            let unit = u64::from(unit);
            (at(bytes.start) / unit) as u32..at(bytes.end).div_ceil(unit) as u32
        };
        let pages = within(PAGE_SIZE);
        let chunks = within(CHUNK);
        // Taken before the versions, so that a write in between is noticed next time.
        let epoch = memory.epoch();
        self.clock += 1;
        let known = self.by_chunk.get(&chunks.start).copied();
        // Most ranges were read in this epoch before.
        if let Some(id) = known
            && let Some(run) = self.runs.get_mut(&id)
            && contains(&run.chunks, &chunks)
            && run.current.has(&pages, epoch)
        {
            if run.note_read(&pages, self.clock) {
                self.unsubmitted.push(id);
            }
            return Ok(run.position(physical));
        }
        let mut id = known.filter(|id| self.runs.get(id).is_some_and(|run| contains(&run.chunks, &chunks)));
        let mut stale = Vec::new();
        if let Some(known) = id {
            stale = self.stale(known, &pages, epoch, memory);
            let read = self.runs.get(&known).map_or(0..0, |run| run.read.clone());
            if stale.iter().any(|page| read.contains(page)) {
                if chunks.len() > MAX_COPIED as usize {
                    return Err(Full);
                }
                id = None;
            }
        }
        let id = if let Some(id) = id {
            id
        } else {
            stale = pages.clone().collect();
            self.add(chunks)?
        };
        let Some(run) = self.runs.get_mut(&id) else { return Err(Full) };
        let is_tracked = Self::load(run, &stale, memory, send);
        run.current =
            if is_tracked { run.current.joined_with(&pages, epoch) } else { CurrentPages::default() };
        if run.note_read(&pages, self.clock) {
            self.unsubmitted.push(id);
        }
        Ok(run.position(physical))
    }

    /// Pages whose contents in the buffer are missing or stale.
    fn stale(
        &mut self,
        id: u64,
        pages: &Range<u32>,
        epoch: Option<u64>,
        memory: &dyn PhysicalMemory,
    ) -> Vec<u32> {
        let Some(run) = self.runs.get_mut(&id) else { return Vec::new() };
        if run.current.has(pages, epoch) {
            return Vec::new();
        }
        self.checks += u64::from(pages.end - pages.start);
        let is_stale = |page: &u32| {
            let version = *run.version(*page);
            version.is_none() || version != Some(memory.version(page.wrapping_mul(PAGE_SIZE), PAGE_SIZE))
        };
        pages.clone().filter(is_stale).collect()
    }

    /// Records the versions of pages, which are ascending, and appends their uploads; returns false
    /// if writes to some of them can't be tracked.
    fn load(run: &mut Run, pages: &[u32], memory: &dyn PhysicalMemory, send: &mut Vec<Sending>) -> bool {
        let mut all_tracked = true;
        for together in pages.chunk_by(|page, next| page + 1 == *next) {
            let (Some(&first), count) = (together.first(), together.len() as u32) else { continue };
            let physical = first.wrapping_mul(PAGE_SIZE);
            // Versions are taken before memory is tracked and read: a write in between makes a page
            // stale.
            let versions: Vec<_> =
                together.iter().map(|page| memory.version(page.wrapping_mul(PAGE_SIZE), PAGE_SIZE)).collect();
            let is_tracked = memory.track(physical, count * PAGE_SIZE).is_some();
            all_tracked &= is_tracked;
            for (page, version) in together.iter().zip(versions) {
                *run.version(*page) = is_tracked.then_some(version);
            }
            let within = u64::from(first - run.first_page()) * u64::from(PAGE_SIZE);
            let place = u64::from(run.place) * u64::from(CHUNK) + within;
            send.push(Sending { place, physical, length: count * PAGE_SIZE });
        }
        all_tracked
    }

    /// Adds a run of chunks without contents.
    fn add(&mut self, chunks: Range<u32>) -> Result<u64, Full> {
        let place = self.reserve(chunks.len() as u32)?;
        let id = self.next_run;
        self.next_run += 1;
        self.by_chunk.extend(chunks.clone().map(|chunk| (chunk, id)));
        let versions = vec![None; chunks.len() * CHUNK_PAGES as usize];
        let current = CurrentPages::default();
        let run = Run { chunks, place, versions, read: 0..0, current, asked: self.clock };
        self.runs.insert(id, run);
        Ok(id)
    }

    /// Allocates consecutive chunks of the buffer, evicting other runs if necessary.
    fn reserve(&mut self, count: u32) -> Result<u32, Full> {
        if count as usize > self.taken.len() {
            return Err(Full);
        }
        loop {
            let mut free = 0;
            for at in 0..self.taken.len() {
                free = if self.taken[at] { 0 } else { free + 1 };
                if free == count as usize {
                    let first = at + 1 - free;
                    self.taken[first..=at].fill(true);
                    self.used = self.used.max(at as u32 + 1);
                    return Ok(first as u32);
                }
            }
            // Each turn forgets a run, so the loop ends with room or without runs.
            let unread = self.runs.iter().filter(|(_, run)| run.read.is_empty());
            let oldest = unread.min_by_key(|(_, run)| run.asked).map(|(id, _)| *id).ok_or(Full)?;
            self.forget(oldest);
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(run) = self.runs.remove(&id) {
            for chunk in run.chunks.clone() {
                // A second copy may have taken the chunk's place in the map.
                if self.by_chunk.get(&chunk) == Some(&id) {
                    self.by_chunk.remove(&chunk);
                }
            }
            self.release(run.place..run.place + run.chunks.len() as u32);
        }
    }

    fn release(&mut self, place: Range<u32>) {
        self.taken[place.start as usize..place.end as usize].fill(false);
    }
}

#[cfg(test)]
mod tests;
