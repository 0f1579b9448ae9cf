//! Index lists of draws: indices of converted triangles, kept on the device while guest memory has
//! the same index buffer.
//!
//! ```text
//!   first draw of a buffer ──► arena, until the next submission; writes to the buffer are tracked
//!   second, if unchanged   ──► kept: later draws neither convert nor upload
//! ```
//!
//! A short buffer is tracked from its second draw on: titles write many of them for one draw.
//!
//! A buffer that changes between draws goes through the arena, and soon is not tracked any more:
//! tracking costs a fault for its next write. Recorded commands read the device's buffer as it is
//! when they are submitted, so kept space is never reused before that. It has parts that are filled
//! in turn: when one is full, the lists of the next one are forgotten after the next submission.

use std::collections::HashMap;
use std::ops::Range;

use xenia_gpu::draw_state::{DrawCall, IndexSource};
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::index_range;
use xenia_gpu::memory::Endian;
use xenia_gpu::{BackendError, PhysicalMemory, PhysicalRange, place_of};

use super::Device;
use super::aging::make_room;
use super::arena::Arena;
use super::primitives::{Corners, KeptList, TriangleLists};

/// Bytes of the arena, which bound the indices between two submissions.
const ARENA_BYTES: usize = 16 << 20;
/// Bytes of kept lists.
const KEPT_BYTES: usize = 32 << 20;
/// Number of parts of their space.
const KEPT_PARTS: usize = 4;
/// Maximum number of index buffers known at a time; when reached, those that are not tracked make
/// room, then the half looked up least recently.
const MAX_BUFFERS: usize = 16_384;
/// Minimum number of indices of a draw whose list is kept; shorter lists are converted faster than
/// looked up.
const MIN_INDICES: u32 = 12;
/// Minimum number of indices of a draw whose buffer is tracked at once.
const MIN_LONG: u32 = 48;
/// Changes after which a buffer is not tracked any more.
const MAX_CHANGES: u8 = 3;

/// log2 of the recent lists: more than most frames have.
const RECENT_LOG2: u32 = 11;

/// All that a list depends on, besides the contents of memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct BufferKey {
    physical: u32,
    wide: bool,
    endian: Endian,
    length: u32,
    count: u32,
    primitive: Primitive,
    provoking_last: bool,
    restart: Option<u32>,
    offset: i32,
    bounds: [u32; 2],
}

impl BufferKey {
    /// The key of a draw's list; `None` if the list is not worth keeping.
    fn of(call: &DrawCall) -> Option<Self> {
        let IndexSource::Buffer { physical, wide, endian, length } = call.indices else { return None };
        (call.count >= MIN_INDICES).then_some(Self {
            physical,
            wide,
            endian,
            length,
            count: call.count,
            primitive: call.primitive,
            provoking_last: call.provoking_last,
            restart: call.restart,
            offset: call.index_offset,
            bounds: call.index_bounds,
        })
    }

    /// Place among the recent lists.
    fn place(&self) -> usize {
        place_of([self.physical, self.count, self.length, self.offset as u32], RECENT_LOG2)
    }
}

/// List that was found current.
struct RecentList {
    key: BufferKey,
    /// Memory's epoch when it was found current.
    epoch: Option<u64>,
    list: KeptList,
}

impl RecentList {
    /// Whether it is the list of a buffer to which nothing was written since.
    fn is_for(&self, key: &BufferKey, epoch: Option<u64>) -> bool {
        epoch.is_some() && self.epoch == epoch && self.key == *key
    }
}

/// Index buffer that a draw has used.
struct Known {
    /// Version of the contents; `None` if writes are not tracked yet.
    version: Option<u64>,
    /// Memory's epoch when the version was last found current.
    epoch: Option<u64>,
    changes: u8,
    list: Option<KeptList>,
    /// Time of the last look-up.
    used: u64,
}

impl Known {
    /// Tracks writes to the buffer from here on; where that is not possible, no list is kept.
    fn track(&mut self, memory: &dyn PhysicalMemory, range: PhysicalRange, epoch: Option<u64>) {
        self.epoch = epoch;
        self.version = memory.track(range.start, range.length);
        if self.version.is_none() {
            self.changes = MAX_CHANGES + 1;
        }
    }
}

/// Forgets buffers if there are `most`: those that are not tracked, as short ones that were drawn
/// once, and if not half of it is room then, the half that was looked up least recently.
fn forget_buffers(known: &mut HashMap<BufferKey, Known>, most: usize) {
    if known.len() >= most {
        known.retain(|_, buffer| buffer.version.is_some() && buffer.changes <= MAX_CHANGES);
        make_room(known, most / 2 + 1, |buffer| buffer.used);
    }
}

/// Space of kept lists: parts that are filled in turn.
struct KeptSpace {
    part_bytes: usize,
    /// Part that is being filled, and its bytes that are taken.
    part: usize,
    taken: usize,
    /// Whether a list did not fit.
    is_full: bool,
}

impl KeptSpace {
    fn new(part_bytes: usize) -> Self {
        Self { part_bytes, part: 0, taken: 0, is_full: false }
    }

    /// Position of the present part in the buffer.
    fn start(&self) -> usize {
        ARENA_BYTES + self.part * self.part_bytes
    }

    /// Takes space for a list; returns its position in the buffer.
    fn take(&mut self, bytes: usize) -> Option<usize> {
        if bytes > self.part_bytes {
            return None;
        }
        self.is_full |= self.taken + bytes > self.part_bytes;
        if self.is_full {
            return None;
        }
        let place = self.start() + self.taken;
        self.taken += bytes;
        Some(place)
    }

    /// Begins the next part if the present one is full; returns the positions of its indices, whose
    /// lists are to be forgotten.
    fn turn(&mut self) -> Option<Range<u32>> {
        if !std::mem::take(&mut self.is_full) {
            return None;
        }
        self.part = (self.part + 1) % KEPT_PARTS;
        self.taken = 0;
        let start = self.start();
        Some((start / 4) as u32..((start + self.part_bytes) / 4) as u32)
    }
}

/// Buffer of indices.
pub(super) struct IndexLists {
    /// Lists of the next submission. Kept lists follow it in its buffer.
    arena: Arena,
    known: HashMap<BufferKey, Known>,
    /// Kept lists of recent draws, by their [places](BufferKey::place): they need no look-up while
    /// nothing is written.
    recent: Vec<Option<RecentList>>,
    lists: TriangleLists,
    space: KeptSpace,
    /// Number of look-ups, and the one after which the present part of the space was begun.
    clock: u64,
    turned: u64,
    /// Bytes of all lists that were uploaded.
    pub(super) uploaded: u64,
}

impl IndexLists {
    pub(super) fn new(device: &Device) -> Self {
        let arena =
            Arena::with_room_after(device, "indices", wgpu::BufferUsages::INDEX, ARENA_BYTES, KEPT_BYTES, 4);
        let mut recent = Vec::new();
        recent.resize_with(1 << RECENT_LOG2, || None);
        Self {
            arena,
            known: HashMap::new(),
            recent,
            lists: TriangleLists::default(),
            space: KeptSpace::new(KEPT_BYTES / KEPT_PARTS),
            clock: 0,
            turned: 0,
            uploaded: 0,
        }
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        self.arena.buffer()
    }

    /// Finds or converts the triangles of a draw whose primitive is not expanded.
    pub(super) fn corners(
        &mut self,
        device: &Device,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<Corners, BackendError> {
        let Some((key, range)) = BufferKey::of(call).zip(index_range(call)) else {
            return self.lists.triangles(call, memory);
        };
        // Taken before the versions, so that a write in between is noticed next time.
        let epoch = memory.epoch();
        let recent = &mut self.recent[key.place()];
        if let Some(recent) = recent
            && recent.is_for(&key, epoch)
        {
            return Ok(Corners::Kept(recent.list));
        }
        self.clock += 1;
        let Some(known) = self.known.get_mut(&key) else {
            forget_buffers(&mut self.known, MAX_BUFFERS);
            let mut known = Known { version: None, epoch, changes: 0, list: None, used: self.clock };
            if call.count >= MIN_LONG {
                known.track(memory, range, epoch);
            }
            self.known.insert(key, known);
            return self.lists.triangles(call, memory);
        };
        known.used = self.clock;
        if known.changes > MAX_CHANGES {
            return self.lists.triangles(call, memory);
        }
        let is_current = epoch.is_some() && known.epoch == epoch;
        match known.version {
            None => {
                known.track(memory, range, epoch);
                return self.lists.triangles(call, memory);
            }
            Some(version) if !is_current && memory.version(range.start, range.length) != version => {
                known.list = None;
                known.changes += 1;
                if known.changes <= MAX_CHANGES {
                    known.track(memory, range, epoch);
                }
                return self.lists.triangles(call, memory);
            }
            Some(_) => {}
        }
        known.epoch = epoch;
        if let Some(list) = known.list {
            *recent = Some(RecentList { key, epoch, list });
            return Ok(Corners::Kept(list));
        }
        let corners = self.lists.triangles(call, memory)?;
        let Some(list) = self.keep(device, &corners) else { return Ok(corners) };
        if let Some(known) = self.known.get_mut(&key) {
            known.list = Some(list);
        }
        Ok(Corners::Kept(list))
    }

    /// Uploads indices to be kept, if there are some and there is room.
    fn keep(&mut self, device: &Device, corners: &Corners) -> Option<KeptList> {
        let bounds = corners.bounds()?;
        let bytes = corners.index_bytes();
        let place = self.space.take(bytes.len())?;
        device.upload(self.arena.buffer(), place as u64, bytes);
        self.uploaded += bytes.len() as u64;
        Some(KeptList { first: (place / 4) as u32, count: (bytes.len() / 4) as u32, bounds })
    }

    /// Finds the vertices of a draw whose primitives the device expands.
    pub(super) fn vertices(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Corners {
        self.lists.vertices(call, memory)
    }

    /// Takes the memory of a draw's list back, to convert the next one.
    pub(super) fn take_back(&mut self, corners: Corners) {
        self.lists.take_back(corners);
    }

    /// Whether a draw's list fits before the next submission.
    pub(super) fn fits(&self, corners: &Corners) -> bool {
        self.arena.fits(corners.index_bytes().len())
    }

    /// Places a draw's list, which must fit; returns the position of its first index.
    pub(super) fn place(&mut self, corners: &Corners) -> u32 {
        match corners {
            Corners::Kept(list) => list.first,
            Corners::Counted(_) => 0,
            Corners::Indexed(_) => {
                let bytes = corners.index_bytes();
                self.uploaded += bytes.len() as u64;
                (self.arena.put(bytes) / 4) as u32
            }
        }
    }

    /// Uploads the lists of the commands that are submitted next.
    pub(super) fn send(&mut self, device: &Device) {
        self.arena.send(device);
    }

    /// Notes that all recorded commands have been submitted.
    pub(super) fn note_submission(&mut self) {
        let Some(freed) = self.space.turn() else { return };
        let is_freed = |list: &KeptList| freed.contains(&list.first);
        for recent in &mut self.recent {
            if recent.as_ref().is_some_and(|recent| is_freed(&recent.list)) {
                *recent = None;
            }
        }
        let turned = std::mem::replace(&mut self.turned, self.clock);
        self.known.retain(|_, known| {
            let loses = known.list.as_ref().is_some_and(is_freed);
            if loses {
                known.list = None;
            }
            // The next draw of a buffer that was looked up since keeps its list again.
            !loses || known.used > turned
        });
    }
}

#[cfg(test)]
mod tests;
