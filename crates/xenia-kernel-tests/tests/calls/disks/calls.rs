//! Guest calls about files: passes arguments in guest memory, and reads the results from there.

use super::{Harness, NtStatus};
use xenia_guest::GuestAddr;
use xenia_imports::Library;
use xenia_kernel::abi::Flow;
use xenia_memory::{Heap, Protect};

/// Offsets of the arguments in the scratch memory; the stack is above them.
const HANDLE: u32 = 0;
const STATUS: u32 = 8;
const LONG: u32 = 0x10;
const ALLOCATION: u32 = 0x18;
const SMALL: u32 = 0x20;
const ATTRIBUTES: u32 = 0x100;
const SECOND_STRING: u32 = 0x3000;
const ANSWER: u32 = 0x6000;
const PAGES: u32 = 0x8000;

/// Size in bytes of the memory for transfers.
pub(super) const BUFFER: u32 = 0x4_0000;
/// Contents of the transfer memory before a read.
const UNTOUCHED: u8 = 0xCC;

/// Guest memory, and the calling thread of a title.
pub(super) struct Calls {
    pub(super) harness: Harness,
    buffer: GuestAddr,
}

/// Arguments of `NtCreateFile` besides the path.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) access: u32,
    pub(super) share: u32,
    pub(super) disposition: u32,
    pub(super) options: u32,
    pub(super) attributes: u32,
    pub(super) allocation: Option<u64>,
}

impl Calls {
    pub(super) fn new(harness: Harness) -> Self {
        let buffer = harness.memory().alloc(Heap::Virtual4K, BUFFER, 0x1_0000, Protect::READ_WRITE).unwrap();
        Self { harness, buffer }
    }

    fn at(&self, offset: u32) -> u64 {
        u64::from(self.harness.scratch.0 + offset)
    }

    fn put(&self, offset: u32, bytes: &[u8]) -> u64 {
        self.harness.memory().write_bytes(self.harness.scratch.offset(offset), bytes).unwrap();
        self.at(offset)
    }

    fn take(&self, offset: u32, length: u32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.harness.memory().read_bytes(self.harness.scratch.offset(offset), &mut bytes).unwrap();
        bytes
    }

    /// Stores an `ANSI_STRING`.
    fn put_bytes(&self, offset: u32, text: &[u8]) -> u64 {
        let buffer = self.put(offset + 8, text) as u32;
        let length = text.len() as u16;
        let header = [length.to_be_bytes(), length.to_be_bytes()].concat();
        self.put(offset, &[&header[..], &buffer.to_be_bytes()].concat())
    }

    /// Stores `OBJECT_ATTRIBUTES` with a path.
    fn put_path(&self, root: u64, path: &[u8]) -> u64 {
        let name = self.put_bytes(ATTRIBUTES + 0x10, path) as u32;
        let words = [root as u32, name, 0x40];
        self.put(ATTRIBUTES, &words.map(u32::to_be_bytes).concat())
    }

    fn put_long(&self, offset: u32, value: Option<u64>) -> u64 {
        value.map_or(0, |value| self.put(offset, &value.to_be_bytes()))
    }

    /// Checks the status in the status block, and returns its information word.
    fn information(&self, status: NtStatus) -> u32 {
        let stored = NtStatus(self.harness.word(STATUS));
        let expected = if status == NtStatus::PENDING { NtStatus::SUCCESS } else { status };
        assert_eq!(stored, expected, "in the status block");
        self.harness.word(STATUS + 4)
    }

    /// Like [`Self::information`], after a transfer: an error of its call leaves the status block.
    fn transferred(&self, status: NtStatus) -> u32 {
        if !matches!(status, NtStatus::ACCESS_DENIED | NtStatus::INVALID_PARAMETER) {
            return self.information(status);
        }
        let block = [STATUS, STATUS + 4].map(|at| self.harness.word(at));
        assert_eq!(block, [0xEEEE_EEEE; 2], "the status block after {status:?}");
        0
    }

    fn clear_status(&self) -> u64 {
        self.put(STATUS, &[0xEE; 8])
    }

    /// Returns the status, the handle, and the action taken.
    pub(super) fn create(&mut self, root: Option<u64>, path: &[u8], how: &How) -> (NtStatus, u64, u32) {
        // Without a directory, sometimes use the handle that means all devices.
        let none = if how.share == 3 { 0xFFFF_FFFD } else { 0 };
        let attributes = self.put_path(root.unwrap_or(none), path);
        let handle = self.at(HANDLE);
        let block = self.clear_status();
        let allocation = self.put_long(ALLOCATION, how.allocation);
        let arguments = [
            handle,
            u64::from(how.access),
            attributes,
            block,
            allocation,
            u64::from(how.attributes),
            u64::from(how.share),
            u64::from(how.disposition),
            u64::from(how.options),
        ];
        let status = self.harness.status("NtCreateFile", &arguments);
        let done = self.information(status);
        let handle = self.harness.word(HANDLE);
        assert_eq!(handle == u32::MAX, !status.is_success(), "{status:?} with handle {handle:#x}");
        (status, u64::from(handle), done)
    }

    pub(super) fn close(&mut self, handle: u64) -> NtStatus {
        self.harness.status("NtClose", &[handle])
    }

    fn addresses(&self, length: u32) -> u64 {
        // Every second page, backwards, so that the pages are not contiguous.
        let count = length.div_ceil(0x1000);
        let pages: Vec<u8> = (0..count).flat_map(|page| self.page(page).0.to_be_bytes()).collect();
        self.put(PAGES, &pages)
    }

    fn page(&self, index: u32) -> GuestAddr {
        self.buffer.offset(BUFFER - 0x1000 - 0x2000 * (index % 16) - 0x1000 * (index / 16))
    }

    /// Returns the status, and the bytes read.
    pub(super) fn read(
        &mut self,
        handle: u64,
        length: u32,
        offset: Option<u64>,
        pages: bool,
    ) -> (NtStatus, Vec<u8>) {
        self.harness.memory().fill(self.buffer, BUFFER, UNTOUCHED).unwrap();
        let block = self.clear_status();
        let offset = self.put_long(LONG, offset);
        let name = if pages { "NtReadFileScatter" } else { "NtReadFile" };
        let to = if pages { self.addresses(length) } else { u64::from(self.buffer.0) };
        let status = self.harness.status(name, &[handle, 0, 0, 0, block, to, u64::from(length), offset]);
        let count = self.transferred(status);
        let mut bytes = vec![0; length as usize];
        if pages {
            for (index, page) in bytes.chunks_mut(0x1000).enumerate() {
                self.harness.memory().read_bytes(self.page(index as u32), page).unwrap();
            }
        } else {
            self.harness.memory().read_bytes(self.buffer, &mut bytes).unwrap();
        }
        assert!(count <= length, "{count} bytes of {length}");
        if status.is_success() {
            let rest = &bytes[count as usize..];
            assert!(rest.iter().all(|&byte| byte == UNTOUCHED), "memory behind what was read");
        }
        bytes.truncate(count as usize);
        (status, bytes)
    }

    /// Returns the status, and the number of bytes written.
    pub(super) fn write(
        &mut self,
        handle: u64,
        bytes: &[u8],
        offset: Option<u64>,
        pages: bool,
    ) -> (NtStatus, u32) {
        let block = self.clear_status();
        let offset = self.put_long(LONG, offset);
        let length = bytes.len() as u32;
        let name = if pages { "NtWriteFileGather" } else { "NtWriteFile" };
        let from = if pages {
            for (index, page) in bytes.chunks(0x1000).enumerate() {
                self.harness.memory().write_bytes(self.page(index as u32), page).unwrap();
            }
            self.addresses(length)
        } else {
            self.harness.memory().write_bytes(self.buffer, bytes).unwrap();
            u64::from(self.buffer.0)
        };
        let arguments = [handle, 0, 0, 0, block, from, u64::from(length), offset];
        let status = self.change(name, &arguments);
        (status, self.transferred(status))
    }

    /// Calls a function that changes a file. The first change copies the file, a long one in parts.
    fn change(&mut self, name: &str, arguments: &[u64]) -> NtStatus {
        loop {
            match self.harness.call(Library::xboxkrnl, name, arguments) {
                Flow::Return(status) => return NtStatus(status as u32),
                Flow::Repeat => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    /// Calls `NtQueryInformationFile`; returns the status and the structure.
    pub(super) fn query(&mut self, handle: u64, class: u64) -> (NtStatus, Vec<u8>) {
        const ROOM: u32 = 0x1000;
        let block = self.clear_status();
        let answer = self.at(ANSWER);
        let arguments = [handle, block, answer, u64::from(ROOM), class];
        let status = self.harness.status("NtQueryInformationFile", &arguments);
        let count = if status.is_success() { self.information(status) } else { 0 };
        (status, self.take(ANSWER, count))
    }

    /// Calls `NtSetInformationFile` with a structure.
    pub(super) fn set(&mut self, handle: u64, class: u64, bytes: &[u8]) -> NtStatus {
        let block = self.clear_status();
        let at = self.put(SMALL, bytes);
        let status = self.change("NtSetInformationFile", &[handle, block, at, bytes.len() as u64, class]);
        self.information(status);
        status
    }

    pub(super) fn rename(&mut self, handle: u64, root: Option<u64>, path: &[u8], replace: bool) -> NtStatus {
        let buffer = self.put(SECOND_STRING, path) as u32;
        let length = path.len() as u32 * 0x1_0001;
        // A BOOLEAN, and three bytes of whatever the compiler has left there.
        let replace = u32::from(replace) << 24 | 0xFF_00FF;
        let words = [replace, root.unwrap_or(0) as u32, length, buffer];
        self.set(handle, 10, &words.map(u32::to_be_bytes).concat())
    }

    /// Calls `NtQueryFullAttributesFile` for a path.
    pub(super) fn attributes_of(&mut self, root: Option<u64>, path: &[u8]) -> (NtStatus, Vec<u8>) {
        let attributes = self.put_path(root.unwrap_or(0), path);
        let answer = self.at(ANSWER);
        let status = self.harness.status("NtQueryFullAttributesFile", &[attributes, answer]);
        (status, self.take(ANSWER, 0x38))
    }

    pub(super) fn delete(&mut self, root: Option<u64>, path: &[u8]) -> NtStatus {
        let attributes = self.put_path(root.unwrap_or(0), path);
        self.harness.status("NtDeleteFile", &[attributes])
    }

    pub(super) fn flush(&mut self, handle: u64) -> NtStatus {
        let block = self.clear_status();
        let status = self.harness.status("NtFlushBuffersFile", &[handle, block]);
        self.information(status);
        status
    }

    /// Reads the next entry of a directory; returns the status and the structure.
    pub(super) fn list(
        &mut self,
        handle: u64,
        room: u32,
        pattern: Option<&[u8]>,
        restart: bool,
    ) -> (NtStatus, Vec<u8>) {
        let block = self.clear_status();
        let answer = self.at(ANSWER);
        let pattern = pattern.map_or(0, |pattern| self.put_bytes(SECOND_STRING, pattern));
        let arguments = [handle, 0, 0, 0, block, answer, u64::from(room), pattern, u64::from(restart)];
        let status = self.harness.status("NtQueryDirectoryFile", &arguments);
        let count = self.information(status);
        (status, self.take(ANSWER, count))
    }

    /// Lists a directory with a buffer too small for any entry.
    pub(super) fn list_short(&mut self, handle: u64, room: u32) -> NtStatus {
        let block = self.clear_status();
        let answer = self.at(ANSWER);
        let arguments = [handle, 0, 0, 0, block, answer, u64::from(room), 0, 0];
        self.harness.status("NtQueryDirectoryFile", &arguments)
    }

    /// Reads `FILE_FS_SIZE_INFORMATION`; returns the numbers of all and of free allocation units.
    pub(super) fn volume(&mut self, handle: u64) -> (u64, u64) {
        let block = self.clear_status();
        let answer = self.at(ANSWER);
        let status = self.harness.status("NtQueryVolumeInformationFile", &[handle, block, answer, 0x18, 3]);
        assert_eq!(status, NtStatus::SUCCESS);
        let bytes = self.take(ANSWER, 0x10);
        (long(&bytes, 0), long(&bytes, 8))
    }

    pub(super) fn link(&mut self, name: &str, target: &[u8]) -> NtStatus {
        let name = self.put_bytes(ATTRIBUTES, name.as_bytes());
        let target = self.put_bytes(SECOND_STRING, target);
        self.harness.status("ObCreateSymbolicLink", &[name, target])
    }

    pub(super) fn unlink(&mut self, name: &str) -> NtStatus {
        let name = self.put_bytes(ATTRIBUTES, name.as_bytes());
        self.harness.status("ObDeleteSymbolicLink", &[name])
    }
}

/// Returns a 64-bit field of a structure.
pub(super) fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// Returns a 32-bit field of a structure.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}
