//! Open files: what a file handle names, its position and rights, reading and writing guest memory.
//!
//! The state of a file object is here, by the address of its body; in guest memory it has a dispatcher header that is
//! signalled when a request has completed. Requests complete at once, in the order they are made.

mod completion;
mod directory;
pub mod information;
pub mod mounts;
mod request;

pub use completion::{Completion, CompletionPorts, Receiver};
pub use directory::Scan;
pub(crate) use request::COMPLETION_WAIT;
pub use request::{IoRequest, Outcome};

use crate::failure::Fallible;
use crate::vfs::{Disposition, FileData, Location, OpenAction, OpenRequest, Vfs, VfsError};
use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{FaultKind, FileReadError, GuestMemory, MemoryFault};

/// Bytes that are copied at a time where the host can't read straight into guest memory.
const CHUNK: u32 = 0x1_0000;
/// Bytes of a page that scattered reads fill one by one.
const PAGE: u32 = 0x1000;
/// Bytes of a file object's body.
pub const FILE_OBJECT: u32 = 0x50;

/// Access rights that an open may ask for.
#[allow(missing_docs)] // the names are NT's
pub mod access {
    pub const READ_DATA: u32 = 1;
    pub const WRITE_DATA: u32 = 2;
    pub const APPEND_DATA: u32 = 4;
    pub const DELETE: u32 = 0x1_0000;
    pub const MAXIMUM_ALLOWED: u32 = 0x0200_0000;
    pub const GENERIC_ALL: u32 = 0x1000_0000;
    pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
    pub const GENERIC_WRITE: u32 = 0x4000_0000;
    pub const GENERIC_READ: u32 = 0x8000_0000;
}

/// Create options.
#[allow(missing_docs)] // the names are NT's
pub mod options {
    pub const DIRECTORY_FILE: u32 = 1;
    pub const SYNCHRONOUS_IO_ALERT: u32 = 0x10;
    pub const SYNCHRONOUS_IO_NONALERT: u32 = 0x20;
    pub const NON_DIRECTORY_FILE: u32 = 0x40;
    pub const DELETE_ON_CLOSE: u32 = 0x1000;
}

/// Rights that allow reading. What is allowed at most is reading: whoever wants to write says so.
const READABLE: u32 = access::READ_DATA
    | access::GENERIC_READ
    | access::GENERIC_ALL
    | access::GENERIC_EXECUTE
    | access::MAXIMUM_ALLOWED;

/// What `NtCreateFile` asks for.
#[derive(Clone, Copy, Debug)]
pub struct OpenParameters<'a> {
    /// Body of the open directory that the path is relative to; `None`: it is absolute.
    pub root: Option<GuestAddr>,
    /// The path.
    pub path: &'a str,
    /// [`access`] rights.
    pub access: u32,
    /// What to do if it exists, or does not.
    pub disposition: Disposition,
    /// [`options`].
    pub options: u32,
}

/// An open file, directory or device.
pub struct OpenFile {
    /// Where it is.
    pub location: Location,
    /// Contents; `None`: a directory or device.
    pub data: Option<Box<dyn FileData>>,
    /// Where the next access without an offset begins.
    pub position: u64,
    /// Whether requests return when they are complete, instead of `PENDING`.
    pub synchronous: bool,
    /// Removed when the last handle is closed.
    pub delete_on_close: bool,
    /// The directory listing under way.
    pub scan: Option<Scan>,
    /// Body of the completion port that requests are reported to, and the key for it.
    pub port: Option<(GuestAddr, u32)>,
    readable: bool,
    writable: bool,
    append_only: bool,
}

/// All open files, and the file system that they are on.
#[derive(Default)]
pub struct Files {
    /// The file system.
    pub vfs: Vfs,
    /// Completion ports.
    pub ports: CompletionPorts,
    open: BTreeMap<GuestAddr, OpenFile>,
    /// Symbolic link objects: body to the link's name.
    pub links: BTreeMap<GuestAddr, String>,
}

impl Files {
    /// The location of a path, relative to an open directory if there is one.
    pub fn resolve(&self, root: Option<GuestAddr>, path: &str) -> Fallible<Location> {
        Ok(match root {
            Some(root) => self.vfs.resolve_below(&self.get(root)?.location, path)?,
            None => self.vfs.resolve(path)?,
        })
    }

    /// Opens or makes a file. It belongs to nobody yet: see [`Self::insert`].
    pub fn open(&mut self, parameters: &OpenParameters) -> Fallible<(OpenFile, OpenAction)> {
        let OpenParameters { root, path, access: rights, disposition, options } = *parameters;
        let location = self.resolve(root, path)?;
        let has = |bits: u32| rights & bits != 0;
        let write_data = has(access::WRITE_DATA | access::GENERIC_WRITE | access::GENERIC_ALL);
        let writable = write_data || has(access::APPEND_DATA);
        let directory =
            match (options & options::DIRECTORY_FILE != 0, options & options::NON_DIRECTORY_FILE != 0) {
                (true, true) => return Err(NtStatus::INVALID_PARAMETER.into()),
                (true, false) => Some(true),
                (false, true) => Some(false),
                (false, false) => None,
            };
        let delete_on_close = options & options::DELETE_ON_CLOSE != 0;
        if delete_on_close && self.vfs.volume(&location)?.read_only {
            return Err(VfsError::ReadOnly.into());
        }
        let request = OpenRequest { disposition, directory, write: writable };
        let opened = self.vfs.open(&location, &request)?;
        let synchronous = options & (options::SYNCHRONOUS_IO_ALERT | options::SYNCHRONOUS_IO_NONALERT) != 0;
        let file = OpenFile {
            location: opened.location,
            data: opened.data,
            position: 0,
            synchronous,
            delete_on_close,
            scan: None,
            port: None,
            readable: has(READABLE),
            writable,
            append_only: writable && !write_data,
        };
        Ok((file, opened.action))
    }

    /// Says which body an open file's object has.
    pub fn insert(&mut self, body: GuestAddr, file: OpenFile) {
        self.open.insert(body, file);
    }

    /// The open file of a body.
    pub fn get(&self, body: GuestAddr) -> Fallible<&OpenFile> {
        self.open.get(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// The open file of a body.
    pub fn get_mut(&mut self, body: GuestAddr) -> Fallible<&mut OpenFile> {
        self.open.get_mut(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// Closes a file whose object is gone. Returns the completion port that it referred to.
    pub fn remove(&mut self, body: GuestAddr) -> Option<GuestAddr> {
        let file = self.open.remove(&body)?;
        if file.delete_on_close
            && let Err(error) = self.vfs.remove(&file.location)
        {
            let name = self.vfs.full_name(&file.location);
            tracing::warn!(target: "vfs", "{name} was to be deleted when closed: {error}");
        }
        file.port.map(|(port, _)| port)
    }

    /// Whether a file may be deleted when it is closed.
    pub fn set_delete_on_close(&mut self, body: GuestAddr, delete: bool) -> Fallible<()> {
        let file = self.get(body)?;
        if delete {
            let entry = self.vfs.find(&file.location)?;
            if entry.read_only || file.location.is_root() {
                return Err(NtStatus::CANNOT_DELETE.into());
            }
            if entry.directory && !self.vfs.list(&file.location)?.is_empty() {
                return Err(NtStatus::DIRECTORY_NOT_EMPTY.into());
            }
        }
        self.get_mut(body)?.delete_on_close = delete;
        Ok(())
    }

    /// Gives an open file another path on its device.
    pub fn rename(&mut self, body: GuestAddr, to: &Location, replace: bool) -> Fallible<()> {
        let from = self.get(body)?.location.clone();
        self.vfs.rename(&from, to, replace)?;
        self.get_mut(body)?.location = to.clone();
        Ok(())
    }

    /// Open files, by address of their bodies.
    pub fn iter(&self) -> impl Iterator<Item = (GuestAddr, &OpenFile)> {
        self.open.iter().map(|(&body, file)| (body, file))
    }
}

impl OpenFile {
    /// The offset at which an access begins. `None`, and the offset that NT reserves for it, mean the position.
    fn begin(&self, offset: Option<u64>) -> u64 {
        const USE_POSITION: u64 = 0xFFFF_FFFF_FFFF_FFFE;
        match offset {
            None | Some(USE_POSITION) => self.position,
            Some(offset) => offset,
        }
    }

    /// Moves the position behind an access.
    fn advance(&mut self, offset: Option<u64>, end: u64) {
        if self.synchronous || offset.is_none() {
            self.position = end;
        }
    }

    /// Reads into guest memory, up to the end of the file. Returns the bytes read; `END_OF_FILE` if there are none.
    pub fn read(
        &mut self,
        memory: &GuestMemory,
        at: GuestAddr,
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        self.read_pieces(memory, &[(at, length)], offset)
    }

    /// Reads into pages of 4 KiB that lie anywhere.
    pub fn read_scattered(
        &mut self,
        memory: &GuestMemory,
        pages: &[GuestAddr],
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        let pieces: Vec<_> = pages
            .iter()
            .enumerate()
            .map(|(index, &page)| (page, PAGE.min(length.saturating_sub(index as u32 * PAGE))))
            .collect();
        self.read_pieces(memory, &pieces, offset)
    }

    fn read_pieces(
        &mut self,
        memory: &GuestMemory,
        pieces: &[(GuestAddr, u32)],
        offset: Option<u64>,
    ) -> Fallible<u32> {
        let begin = self.begin(offset);
        let Some(data) = &self.data else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        if !self.readable {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        let mut done = 0;
        for &(at, length) in pieces {
            let read = read_piece(&**data, memory, at, length, begin.saturating_add(u64::from(done)))?;
            done += read;
            if read < length {
                break;
            }
        }
        if done == 0 && pieces.iter().any(|&(_, length)| length > 0) {
            return Err(NtStatus::END_OF_FILE.into());
        }
        self.advance(offset, begin.saturating_add(u64::from(done)));
        Ok(done)
    }

    /// Writes from guest memory. Returns the bytes written: all of them.
    pub fn write(
        &mut self,
        memory: &GuestMemory,
        at: GuestAddr,
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        const APPEND: u64 = u64::MAX;
        let position = self.begin(offset);
        let Some(data) = &mut self.data else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        if !self.writable {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        check_committed(memory, at, length)?;
        let begin = if self.append_only || position == APPEND { data.size()? } else { position };
        let mut buffer = vec![0; CHUNK.min(length) as usize];
        let mut done = 0;
        while done < length {
            let bytes = &mut buffer[..CHUNK.min(length - done) as usize];
            memory.read_bytes(at.offset(done), bytes)?;
            data.write_at(begin.saturating_add(u64::from(done)), bytes)?;
            done += bytes.len() as u32;
        }
        self.advance(offset, begin.saturating_add(u64::from(done)));
        Ok(done)
    }

    /// Writes from pages of 4 KiB that lie anywhere. Returns the bytes written: all of them.
    pub fn write_gathered(
        &mut self,
        memory: &GuestMemory,
        pages: &[GuestAddr],
        length: u32,
        offset: Option<u64>,
    ) -> Fallible<u32> {
        let begin = self.begin(offset);
        for (&page, index) in pages.iter().zip(0_u32..) {
            let count = PAGE.min(length.saturating_sub(index * PAGE));
            check_committed(memory, page, count)?;
        }
        let mut done = 0;
        for (&page, index) in pages.iter().zip(0_u32..) {
            let count = PAGE.min(length.saturating_sub(index * PAGE));
            // An offset for each page; the reserved ones mean the same for all.
            let at = if begin == u64::MAX { begin } else { begin.saturating_add(u64::from(done)) };
            done += self.write(memory, page, count, Some(at))?;
        }
        self.advance(offset, begin.saturating_add(u64::from(done)));
        Ok(done)
    }

    /// Changes the file's size.
    pub fn set_size(&mut self, size: u64) -> Fallible<()> {
        let Some(data) = &mut self.data else { return Err(NtStatus::INVALID_DEVICE_REQUEST.into()) };
        if !self.writable {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        Ok(data.set_size(size)?)
    }
}

/// Reads up to `length` bytes at `offset`; fewer only at the end of the file.
fn read_piece(
    data: &dyn FileData,
    memory: &GuestMemory,
    at: GuestAddr,
    length: u32,
    offset: u64,
) -> Fallible<u32> {
    // Hosts refuse offsets that no file can have; to a guest they are beyond the end like others.
    if offset >= data.size()? {
        check_committed(memory, at, length)?;
        return Ok(0);
    }
    if let Some(file) = data.host_file() {
        return memory.read_file_into(at, length, file, offset).map_err(|error| match error {
            FileReadError::Fault(fault) => fault.into(),
            FileReadError::Io { source, .. } => VfsError::from(source).into(),
        });
    }
    check_committed(memory, at, length)?;
    let mut buffer = vec![0; CHUNK.min(length) as usize];
    let mut done = 0;
    while done < length {
        let bytes = &mut buffer[..CHUNK.min(length - done) as usize];
        let read = data.read_at(offset.saturating_add(u64::from(done)), bytes)?;
        memory.write_bytes(at.offset(done), &bytes[..read])?;
        done += read as u32;
        if read < bytes.len() {
            break;
        }
    }
    Ok(done)
}

/// Refuses a range of guest memory that is not all there, before anything is done.
fn check_committed(memory: &GuestMemory, at: GuestAddr, length: u32) -> Fallible<()> {
    if length == 0 {
        return Ok(());
    }
    let unmapped = |addr| MemoryFault { addr, kind: FaultKind::Unmapped, write: false };
    let last = at.0.checked_add(length - 1).ok_or_else(|| unmapped(GuestAddr(u32::MAX)))?;
    for page in at.0 / PAGE..=last / PAGE {
        let addr = GuestAddr((page * PAGE).max(at.0));
        if !memory.is_committed(addr) {
            return Err(unmapped(addr).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::{HostFolder, MemoryDevice};
    use std::sync::Arc;
    use xenia_memory::{Heap, Protect};

    const READ: u32 = access::GENERIC_READ;
    const WRITE: u32 = access::GENERIC_READ | access::GENERIC_WRITE;
    const SYNC: u32 = options::SYNCHRONOUS_IO_NONALERT;

    struct Bench {
        memory: Arc<GuestMemory>,
        buffer: GuestAddr,
        files: Files,
        _folder: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let pattern: Vec<u8> = (0..0x2_8000_u32).map(|n| (n / 3) as u8).collect();
        std::fs::write(folder.path().join("Data.bin"), pattern).unwrap();
        let mut files = Files::default();
        files.vfs.mount(r"\Device\Cdrom0", Box::new(HostFolder::read_only(folder.path()).unwrap())).unwrap();
        files.vfs.mount(r"\Device\Cache0", Box::new(MemoryDevice::new(0x10_0000))).unwrap();
        files.vfs.link("game:", r"\Device\Cdrom0").unwrap();
        files.vfs.link("cache:", r"\Device\Cache0").unwrap();
        let memory = GuestMemory::new().unwrap();
        let buffer = memory.alloc(Heap::Virtual4K, 0x4_0000, 0x1000, Protect::READ_WRITE, false).unwrap();
        Bench { memory, buffer, files, _folder: folder }
    }

    impl Bench {
        fn open(
            &mut self,
            path: &str,
            access: u32,
            disposition: Disposition,
            options: u32,
        ) -> Fallible<OpenFile> {
            let parameters = OpenParameters { root: None, path, access, disposition, options };
            self.files.open(&parameters).map(|(file, _)| file)
        }

        fn status<T>(result: Fallible<T>) -> Option<NtStatus> {
            result.err().map(crate::failure::Failure::status)
        }
    }

    #[test]
    fn reads_move_the_position_and_stop_at_the_end() {
        let mut b = bench();
        let mut file = b.open(r"game:\data.BIN", READ, Disposition::Open, SYNC).unwrap();
        assert_eq!(file.read(&b.memory, b.buffer, 0x2_0000, None).unwrap(), 0x2_0000);
        assert_eq!(b.memory.read::<u8>(b.buffer.offset(300)).unwrap(), 100);
        assert_eq!(file.position, 0x2_0000);
        assert_eq!(file.read(&b.memory, b.buffer, 0x2_0000, None).unwrap(), 0x8000);
        assert_eq!(Bench::status(file.read(&b.memory, b.buffer, 1, None)), Some(NtStatus::END_OF_FILE));
        assert_eq!(file.read(&b.memory, b.buffer, 0, None).unwrap(), 0);
        assert_eq!(file.read(&b.memory, b.buffer, 4, Some(6)).unwrap(), 4);
        assert_eq!(b.memory.read::<u32>(b.buffer).unwrap(), 0x0202_0203);
        assert_eq!(file.position, 10, "a synchronous handle follows");
        assert_eq!(
            Bench::status(file.read(&b.memory, b.buffer, 4, Some(u64::MAX - 1))),
            None,
            "the reserved offset means the position"
        );
    }

    #[test]
    fn hostile_ranges_are_refused_before_anything_happens() {
        let mut b = bench();
        let mut host = b.open(r"game:\data.bin", READ, Disposition::Open, SYNC).unwrap();
        let mut volatile = b.open(r"cache:\x", WRITE, Disposition::Create, SYNC).unwrap();
        volatile.write(&b.memory, b.buffer, 0x100, None).unwrap();
        for (at, length) in [
            (GuestAddr(0), 4),
            (b.buffer.offset(0x3_FFFE), 4),
            (b.buffer, u32::MAX),
            (GuestAddr(0xFFFF_FFF0), 0x20),
            (GuestAddr(0x7FC8_0000), 4),
        ] {
            let violation = Some(NtStatus::ACCESS_VIOLATION);
            assert_eq!(
                Bench::status(host.read(&b.memory, at, length, Some(0))),
                violation,
                "{at} {length:#x}"
            );
            assert_eq!(Bench::status(volatile.read(&b.memory, at, length, Some(0))), violation);
            assert_eq!(Bench::status(volatile.write(&b.memory, at, length, Some(0))), violation);
        }
        assert_eq!(
            Bench::status(host.read(&b.memory, b.buffer, 4, Some(u64::MAX))),
            Some(NtStatus::END_OF_FILE)
        );
        assert_eq!(
            Bench::status(volatile.write(&b.memory, b.buffer, 4, Some(u64::MAX - 2))),
            Some(NtStatus::DISK_FULL)
        );
        assert_eq!(volatile.data.as_ref().unwrap().size(), Ok(0x100));
    }

    #[test]
    fn scattered_reads_fill_page_by_page() {
        let mut b = bench();
        let mut file = b.open(r"game:\data.bin", READ, Disposition::Open, 0).unwrap();
        let pages = [b.buffer.offset(0x3000), b.buffer, b.buffer.offset(0x5000)];
        assert_eq!(file.read_scattered(&b.memory, &pages, 0x2100, Some(0)).unwrap(), 0x2100);
        for (page, index) in pages.into_iter().zip(0_u32..) {
            assert_eq!(b.memory.read::<u8>(page).unwrap(), (index * 0x1000 / 3) as u8);
        }
        assert_eq!(b.memory.read::<u8>(pages[2].offset(0x100)).unwrap(), 0);
        assert_eq!(file.position, 0);
        let mut copy = b.open(r"cache:\copy", WRITE, Disposition::Create, SYNC).unwrap();
        assert_eq!(copy.write_gathered(&b.memory, &pages, 0x2100, None).unwrap(), 0x2100);
        assert_eq!(copy.position, 0x2100);
        let mut start = [0; 4];
        copy.data.as_ref().unwrap().read_at(0x1000, &mut start).unwrap();
        assert_eq!(start, [0x55, 0x55, 0x56, 0x56]);
        let wild = [pages[0], GuestAddr(4)];
        assert!(copy.write_gathered(&b.memory, &wild, 0x2000, Some(0)).is_err());
    }

    #[test]
    fn rights_and_kinds_are_kept() {
        let mut b = bench();
        let denied = Some(NtStatus::ACCESS_DENIED);
        assert_eq!(Bench::status(b.open(r"game:\data.bin", WRITE, Disposition::Open, 0)), denied);
        assert_eq!(Bench::status(b.open(r"game:\new", READ, Disposition::Create, 0)), denied);
        assert_eq!(
            Bench::status(b.open(r"game:\data.bin", READ, Disposition::Open, options::DELETE_ON_CLOSE)),
            denied
        );
        let mut directory = b.open(r"game:\", READ, Disposition::Open, options::DIRECTORY_FILE).unwrap();
        assert_eq!(
            Bench::status(directory.read(&b.memory, b.buffer, 4, None)),
            Some(NtStatus::INVALID_DEVICE_REQUEST)
        );
        let mut append = b.open(r"cache:\log", access::APPEND_DATA, Disposition::Create, SYNC).unwrap();
        append.write(&b.memory, b.buffer, 4, Some(100)).unwrap();
        append.write(&b.memory, b.buffer, 4, Some(0)).unwrap();
        assert_eq!(append.data.as_ref().unwrap().size(), Ok(8));
        assert_eq!(Bench::status(append.read(&b.memory, b.buffer, 4, None)), denied);
        let mut reader = b.open(r"cache:\log", READ, Disposition::Open, SYNC).unwrap();
        assert_eq!(Bench::status(reader.write(&b.memory, b.buffer, 4, None)), denied);
        assert_eq!(Bench::status(reader.set_size(0)), denied);
    }

    #[test]
    fn deleting_happens_when_the_last_handle_is_closed() {
        let mut b = bench();
        let file = b.open(r"cache:\x", WRITE, Disposition::Create, 0).unwrap();
        let body = GuestAddr(0x1000);
        b.files.insert(body, file);
        b.files.set_delete_on_close(body, true).unwrap();
        let at = b.files.vfs.resolve(r"cache:\x").unwrap();
        assert!(b.files.vfs.find(&at).is_ok());
        b.files.remove(body);
        assert_eq!(b.files.vfs.find(&at), Err(VfsError::NotFound));
        assert!(b.files.get(body).is_err());
    }
}
