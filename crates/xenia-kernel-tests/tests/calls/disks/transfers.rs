//! Operations that read and write files, and change sizes and positions.

use super::calls::BUFFER;
use super::{Case, HDD, NtStatus, Refusals};
use xenia_kernel::files::{access, options};
use xenia_testing::Dice;

/// Edge cases of file sizes, numbers and disk sizes.
const EDGES: &[u64] = &[
    0,
    1,
    0x1FF,
    0x200,
    0x1000,
    0x4000,
    0x1_0000,
    0x2_0000,
    1 << 20,
    0x1000_0000,
    1 << 31,
    1 << 32,
    5 << 30,
    0x2_0000_0000,
    1 << 40,
    1 << 63,
    0,
];
/// Lengths of transfers; a file on a disk can't exceed 32 bits.
const LENGTHS: &[u32] = &[
    0, 1, 2, 7, 0x1FF, 0x200, 0x201, 0x400, 0xFFF, 0x1000, 0x1001, 0x2200, 0xFFFF, 0x1_0000, 0x1_0001,
    0x1_8000,
];
/// Offsets that mean the current position, and the end.
const POSITION: u64 = u64::MAX - 1;
const END: u64 = u64::MAX;

fn edge(dice: &mut Dice) -> u64 {
    let edge = dice.pick(EDGES).unwrap_or(0);
    match dice.below(4) {
        0 => edge.wrapping_add(dice.below(4) as u64),
        1 => edge.wrapping_sub(dice.below(70_000) as u64),
        2 => edge.wrapping_sub(1),
        _ => edge,
    }
}

/// Returns a random offset, mostly small, so that files stay small, too.
fn offset(dice: &mut Dice) -> u64 {
    match dice.below(10) {
        0..=4 => dice.below(0x600) as u64,
        5 => dice.below(0x1_2000) as u64 & !0x1FF,
        6 => dice.below(0x10) as u64 * 0x200,
        _ => edge(dice),
    }
}

fn length(dice: &mut Dice) -> u32 {
    if dice.one_in(3) { dice.below(600) as u32 } else { dice.pick(LENGTHS).unwrap_or(1) }
}

impl Case {
    /// Returns the offset of a transfer; `None` means the current position.
    fn transfer_offset(&mut self) -> Option<u64> {
        match self.dice.below(8) {
            0..=2 => None,
            3 => Some([POSITION, END][self.dice.below(2)]),
            _ => Some(offset(&mut self.dice)),
        }
    }

    /// Returns where a transfer begins.
    fn begins(&self, index: usize, offset: Option<u64>) -> u64 {
        match offset {
            None | Some(POSITION) => self.model.opens[index].position,
            Some(offset) => offset,
        }
    }

    fn is_torn(mode: u32, begin: u64, length: u32) -> bool {
        mode & options::NO_INTERMEDIATE_BUFFERING != 0
            && !(begin.is_multiple_of(0x200) && length.is_multiple_of(0x200))
    }

    /// Returns the status of a successful transfer: only unbuffered asynchronous ones may pend.
    fn success(mode: u32, length: u32) -> NtStatus {
        let may_pend = mode & (options::SYNCHRONOUS | options::NO_INTERMEDIATE_BUFFERING)
            == options::NO_INTERMEDIATE_BUFFERING;
        if may_pend && length > 0 { NtStatus::PENDING } else { NtStatus::SUCCESS }
    }

    pub(super) fn read(&mut self) {
        let Some(index) = self.any_open() else { return };
        let offset = self.transfer_offset();
        let length = length(&mut self.dice);
        let pages = self.dice.one_in(4);
        let open = &self.model.opens[index];
        let handle = open.handle;
        let rights = open.rights;
        let mode = open.mode;
        let content = open.content.clone();
        let known = self.model.is_known(open.at.disk);
        self.note(format!(
            "read {} {length:#x} at {offset:x?} {pages}",
            Self::show(&self.model.opens[index])
        ));
        let begin = self.begins(index, offset);
        let (status, bytes) = self.calls.read(handle, length, offset, pages);
        if !known {
            return;
        }
        let mut refusals = Refusals::default();
        refusals.when(content.is_none(), NtStatus::INVALID_DEVICE_REQUEST);
        refusals.when(rights & 0x21 == 0, NtStatus::ACCESS_DENIED);
        let refused = begin >> 63 != 0 || Self::is_torn(mode, begin, length);
        refusals.when(refused, NtStatus::INVALID_PARAMETER);
        let expected =
            content.map(|content| content.borrow().read(begin, length as usize)).unwrap_or_default();
        refusals.when(length > 0 && expected.is_empty(), NtStatus::END_OF_FILE);
        if refusals.judge(status, Self::success(mode, length)) {
            assert_eq!(bytes.len(), expected.len(), "bytes read");
            assert!(bytes == expected, "what was read");
            if mode & options::SYNCHRONOUS != 0 || offset.is_none() {
                self.model.opens[index].position = begin + bytes.len() as u64;
            }
        }
    }

    pub(super) fn write(&mut self) {
        let Some(index) = self.any_open() else { return };
        let mut offset = self.transfer_offset();
        let mut length = length(&mut self.dice);
        let pages = self.dice.one_in(4);
        if self.dice.one_in(50) {
            offset = Some(0xFFFF_8000);
            length = 0x1_8000.min(BUFFER);
        }
        let open = &self.model.opens[index];
        let handle = open.handle;
        let rights = open.rights;
        let mode = open.mode;
        let at = open.at.clone();
        let content = open.content.clone();
        let seed = self.dice.next();
        let bytes: Vec<u8> = (0..length).map(|index| (seed >> (8 * (index % 7))) as u8 | 1).collect();
        self.note(format!(
            "write {} {length:#x} at {offset:x?} {pages}",
            Self::show(&self.model.opens[index])
        ));
        let begin = self.begins(index, offset);
        let (status, count) = self.calls.write(handle, &bytes, offset, pages);
        if !self.model.is_known(at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        refusals.when(content.is_none(), NtStatus::INVALID_DEVICE_REQUEST);
        refusals.when(rights & 6 == 0, NtStatus::ACCESS_DENIED);
        let size = content.as_ref().map_or(0, |content| content.borrow().size);
        let appends = begin == END || rights & 6 == access::APPEND_DATA;
        let begin = if appends { size } else { begin };
        let refused = begin >> 63 != 0 || Self::is_torn(mode, begin, length);
        refusals.when(refused, NtStatus::INVALID_PARAMETER);
        let end = begin.checked_add(u64::from(length));
        let room = end.is_some_and(|end| length == 0 || self.model.has_room(at.disk, size, end.max(size)));
        refusals.when(!room, NtStatus::DISK_FULL);
        if !refusals.judge(status, Self::success(mode, length)) {
            return;
        }
        assert_eq!(count, length, "bytes written");
        if let (Some(content), Some(end), true) = (content, end, length > 0) {
            self.model.account(at.disk, size, end.max(size));
            content.borrow_mut().write(begin, &bytes);
            let now = self.now();
            self.model.stamp(&at, |stamp| *stamp = stamp.written(now));
        }
        if mode & options::SYNCHRONOUS != 0 || offset.is_none() {
            self.model.opens[index].position = begin + u64::from(length);
        }
    }

    pub(super) fn set_size(&mut self) {
        let Some(index) = self.any_open() else { return };
        let size = offset(&mut self.dice);
        let open = &self.model.opens[index];
        let handle = open.handle;
        let rights = open.rights;
        let at = open.at.clone();
        let content = open.content.clone();
        self.note(format!("end {} at {size:#x}", Self::show(&self.model.opens[index])));
        let status = self.calls.set(handle, 20, &size.to_be_bytes());
        if !self.model.is_known(at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        refusals.when(size >> 63 != 0, NtStatus::INVALID_PARAMETER);
        refusals.when(content.is_none(), NtStatus::INVALID_DEVICE_REQUEST);
        refusals.when(rights & access::WRITE_DATA == 0, NtStatus::ACCESS_DENIED);
        let old = content.as_ref().map_or(0, |content| content.borrow().size);
        refusals.when(!self.model.has_room(at.disk, old, size), NtStatus::DISK_FULL);
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.resize(index, size);
        }
    }

    fn resize(&mut self, index: usize, size: u64) {
        let open = &self.model.opens[index];
        let at = open.at.clone();
        let now = self.now();
        let Some(content) = open.content.clone() else { return };
        let old = content.borrow().size;
        if old != size {
            self.model.account(at.disk, old, size);
            content.borrow_mut().resize(size);
            self.model.stamp(&at, |stamp| *stamp = stamp.written(now));
        }
    }

    pub(super) fn set_allocation(&mut self) {
        let Some(index) = self.any_open() else { return };
        let allocation = offset(&mut self.dice);
        let open = &self.model.opens[index];
        let handle = open.handle;
        let rights = open.rights;
        let at = open.at.clone();
        let content = open.content.clone();
        self.note(format!("allocate {} {allocation:#x}", Self::show(&self.model.opens[index])));
        let status = self.calls.set(handle, 19, &allocation.to_be_bytes());
        if !self.model.is_known(at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        refusals.when(allocation >> 63 != 0, NtStatus::INVALID_PARAMETER);
        refusals.when(content.is_none(), NtStatus::INVALID_DEVICE_REQUEST);
        refusals.when(rights & access::WRITE_DATA == 0, NtStatus::ACCESS_DENIED);
        let size = content.as_ref().map_or(0, |content| content.borrow().size);
        let more = allocation.div_ceil(0x4000).saturating_sub(size.div_ceil(0x4000));
        refusals.when(allocation >= size && more > self.model.free_units(at.disk), NtStatus::DISK_FULL);
        if refusals.judge(status, NtStatus::SUCCESS) {
            if allocation < size {
                self.resize(index, allocation);
            }
            self.model.common.get_mut(&at.key()).unwrap().reserved = allocation;
        }
    }

    pub(super) fn set_position(&mut self) {
        let Some(index) = self.any_open() else { return };
        let position = offset(&mut self.dice);
        let open = &mut self.model.opens[index];
        let status = self.calls.set(open.handle, 14, &position.to_be_bytes());
        let mut refusals = Refusals::default();
        let torn = open.mode & options::NO_INTERMEDIATE_BUFFERING != 0 && !position.is_multiple_of(0x200);
        refusals.when(position >> 63 != 0 || torn, NtStatus::INVALID_PARAMETER);
        if refusals.judge(status, NtStatus::SUCCESS) {
            open.position = position;
        }
        let text = format!("seek {} {position:#x}", Self::show(&self.model.opens[index]));
        self.note(text);
    }

    pub(super) fn flush(&mut self) {
        let Some(index) = self.any_open() else { return };
        let open = &self.model.opens[index];
        let handle = open.handle;
        let disk = open.at.disk;
        self.note(format!("flush {}", Self::show(&self.model.opens[index])));
        let status = self.calls.flush(handle);
        assert!(status == NtStatus::SUCCESS || disk == HDD && !self.model.is_known(disk), "{status:?}");
    }
}
