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
//! when they are submitted, so kept space is never reused before that; when it is full, all lists
//! are forgotten after the next submission.

use std::collections::HashMap;

use xenia_gpu::draw_state::{DrawCall, IndexSource};
use xenia_gpu::enums::Primitive;
use xenia_gpu::geometry::index_range;
use xenia_gpu::memory::Endian;
use xenia_gpu::{BackendError, PhysicalMemory, PhysicalRange, place_of};

use super::Device;
use super::arena::Arena;
use super::primitives::{Corners, KeptList, TriangleLists};

/// Bytes of the arena, which bound the indices between two submissions.
const ARENA_BYTES: usize = 16 << 20;
/// Bytes of kept lists.
const KEPT_BYTES: usize = 32 << 20;
/// Maximum number of index buffers known at a time.
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

/// Whether so many buffers are known that all are to be forgotten. If there are `most`, those that
/// are not tracked make room, as short ones that were drawn once; half of it must be room then.
fn is_crowded(known: &mut HashMap<BufferKey, Known>, most: usize) -> bool {
    if known.len() < most {
        return false;
    }
    known.retain(|_, buffer| buffer.version.is_some() && buffer.changes <= MAX_CHANGES);
    known.len() > most / 2
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
    /// Bytes of kept lists.
    kept: usize,
    is_full: bool,
    /// Bytes of all lists that were uploaded.
    pub(super) uploaded: u64,
}

impl IndexLists {
    pub(super) fn new(device: &Device) -> Self {
        let arena =
            Arena::with_room_after(device, "indices", wgpu::BufferUsages::INDEX, ARENA_BYTES, KEPT_BYTES, 4);
        let mut recent = Vec::new();
        recent.resize_with(1 << RECENT_LOG2, || None);
        let lists = TriangleLists::default();
        Self { arena, known: HashMap::new(), recent, lists, kept: 0, is_full: false, uploaded: 0 }
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
        let Some(known) = self.known.get_mut(&key) else {
            self.is_full = self.is_full || is_crowded(&mut self.known, MAX_BUFFERS);
            if !self.is_full {
                let mut known = Known { version: None, epoch, changes: 0, list: None };
                if call.count >= MIN_LONG {
                    known.track(memory, range, epoch);
                }
                self.known.insert(key, known);
            }
            return self.lists.triangles(call, memory);
        };
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
        if self.is_full || self.kept + bytes.len() > KEPT_BYTES {
            self.is_full = true;
            return None;
        }
        let place = ARENA_BYTES + self.kept;
        device.upload(self.arena.buffer(), place as u64, bytes);
        self.kept += bytes.len();
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
        if std::mem::take(&mut self.is_full) {
            self.known.clear();
            self.recent.fill_with(|| None);
            self.kept = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::device;
    use super::*;
    use xenia_gpu::Ram;
    use xenia_gpu::draw_state::DrawRequest;
    use xenia_gpu::enums::EdramMode;
    use xenia_gpu::microcode::{Shader, ShaderKind};
    use xenia_gpu::registers::vgt::VgtDrawInitiator;
    use xenia_gpu::registers::{RegisterFile, rb};

    #[test]
    fn recent_lists_are_those_of_unwritten_memory() {
        device::tests::with(|device| {
            let memory = Ram::new(0x1_0000);
            let call = |physical| {
                let mut registers = RegisterFile::new();
                registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Depth));
                let indices = IndexSource::Buffer { physical, wide: false, endian: Endian::None, length: 48 };
                let request = DrawRequest { initiator: VgtDrawInitiator(4 | 48 << 16), indices };
                let shader = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
                DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap()
            };
            let calls = [0x1000, 0x2000].map(call);
            let mut lists = IndexLists::new(device);
            let kept = |lists: &mut IndexLists| {
                calls.each_ref().map(|call| {
                    let corners = lists.corners(device, call, &memory).unwrap();
                    let is_kept = matches!(corners, Corners::Kept(_));
                    let bounds = corners.bounds();
                    lists.take_back(corners);
                    (is_kept, bounds)
                })
            };
            let none = Some([0, 0]);
            assert_eq!(kept(&mut lists), [(false, none); 2]);
            for _ in 0..3 {
                assert_eq!(kept(&mut lists), [(true, none); 2]);
            }
            memory.write(0x1000, &[7]);
            assert_eq!(kept(&mut lists), [(false, Some([0, 7])), (true, none)]);
            assert_eq!(kept(&mut lists), [(true, Some([0, 7])), (true, none)]);
            // All are forgotten.
            lists.is_full = true;
            lists.note_submission();
            assert_eq!(kept(&mut lists), [(false, Some([0, 7])), (false, none)]);
        });
    }

    #[test]
    fn buffers_that_are_not_tracked_make_room() {
        let key = |physical| BufferKey {
            physical,
            wide: false,
            endian: Endian::In16,
            length: 24,
            count: 12,
            primitive: Primitive::TriangleList,
            provoking_last: false,
            restart: None,
            offset: 0,
            bounds: [0, 0xff_ffff],
        };
        let buffers = |tracked: u32| -> HashMap<BufferKey, Known> {
            let known = |version, changes| Known { version, epoch: None, changes, list: None };
            let buffers = (0..8).map(|i| (key(i * 24), known((i < tracked).then_some(1), 0)));
            // A buffer that has changed too often is not tracked any more.
            buffers.chain([(key(8 * 24), known(Some(1), MAX_CHANGES + 1))]).collect()
        };
        for (tracked, most, is_full, left) in [(0, 10, false, 9), (4, 9, false, 4), (5, 9, true, 5)] {
            let mut known = buffers(tracked);
            assert_eq!((is_crowded(&mut known, most), known.len()), (is_full, left), "{tracked} of {most}");
        }
    }
}
