//! Tests of access and sharing rules, of deletion at the last close, and of closes before an
//! unmount.

use super::*;
use std::sync::mpsc::{Sender, channel};
use xenia_vfs::{Entry, FileData, FileDevice, OpenMode, VfsResult, VolumeProperties};

#[test]
fn rights_and_kinds_are_kept() {
    let mut b = harness();
    let denied = Some(NtStatus::ACCESS_DENIED);
    assert_eq!(Harness::status(b.open(r"game:\data.bin", WRITE, CreateDisposition::Open, 0)), denied);
    assert_eq!(Harness::status(b.open(r"game:\new", READ, CreateDisposition::Create, 0)), denied);
    assert_eq!(
        Harness::status(b.open(
            r"game:\data.bin",
            READ | access::DELETE,
            CreateDisposition::Open,
            options::DELETE_ON_CLOSE
        )),
        denied
    );
    let directory = b.open(r"game:\", READ, CreateDisposition::Open, options::DIRECTORY_FILE).unwrap();
    assert_eq!(
        Harness::status(directory.read(&b.memory, b.buffer, 4, None)),
        Some(NtStatus::INVALID_DEVICE_REQUEST)
    );
    let append = b.open(r"cache:\log", access::APPEND_DATA, CreateDisposition::Create, 0).unwrap();
    append.write(&b.memory, b.buffer, 4, Some(100)).unwrap();
    append.write(&b.memory, b.buffer, 4, Some(0)).unwrap();
    assert_eq!(append.data().unwrap().size(), Ok(8));
    assert_eq!(Harness::status(append.read(&b.memory, b.buffer, 4, None)), denied);
    let reader = b.open(r"cache:\log", READ, CreateDisposition::Open, SYNC).unwrap();
    assert_eq!(Harness::status(reader.write(&b.memory, b.buffer, 4, None)), denied);
    assert_eq!(Harness::status(reader.set_size(0)), denied);
}

#[test]
fn deleting_happens_when_the_last_handle_is_closed() {
    let mut b = harness();
    let rights = WRITE | access::DELETE;
    let one = GuestAddr(0x1000);
    let other = GuestAddr(0x2000);
    let first = b.open(r"cache:\x", rights, CreateDisposition::Create, 0).unwrap();
    b.files.insert(one, first);
    let second = b.open(r"CACHE:\X", access::READ_DATA, CreateDisposition::Open, 0).unwrap();
    b.files.insert(other, second);
    assert_eq!(Harness::status(b.files.set_delete(other, true)), Some(NtStatus::ACCESS_DENIED));
    b.files.set_delete(one, true).unwrap();
    assert!(b.files.is_delete_pending(other).unwrap());
    let pending = Some(NtStatus::DELETE_PENDING);
    assert_eq!(Harness::status(b.open(r"cache:\x", READ, CreateDisposition::Open, 0)), pending);
    assert_eq!(Harness::status(b.open(r"cache:\x", READ, CreateDisposition::Create, 0)), pending);
    let at = b.files.vfs.resolve(r"cache:\x").unwrap();
    b.files.remove(one);
    assert!(b.files.vfs.find(&at).is_ok());
    b.files.remove(other);
    assert_eq!(b.files.vfs.find(&at), Err(VfsError::NotFound));
    assert!(b.files.get(one).is_err());
    let third = b.open(r"cache:\x", rights, CreateDisposition::Create, options::DELETE_ON_CLOSE).unwrap();
    b.files.close(third);
    assert_eq!(b.files.vfs.find(&at), Err(VfsError::NotFound));
}

#[test]
fn deleting_by_name_follows_the_rules_of_opening() {
    let mut b = harness();
    let open = |b: &mut Harness, share| {
        let parameters = OpenParameters {
            share,
            disposition: CreateDisposition::OpenOrCreate,
            ..OpenParameters::to_read(r"cache:\d", NOW)
        };
        b.files.open(&parameters).unwrap().0
    };
    let file = open(&mut b, share::READ);
    let sharing = Some(NtStatus::SHARING_VIOLATION);
    assert_eq!(Harness::status(b.files.delete(None, r"cache:\d", NOW)), sharing);
    b.files.close(file);
    let file = open(&mut b, share::ALL);
    b.files.delete(None, r"cache:\d", NOW).unwrap();
    assert_eq!(Harness::status(b.files.delete(None, r"cache:\d", NOW)), Some(NtStatus::DELETE_PENDING));
    b.files.close(file);
    for (path, status) in [
        (r"cache:\d", NtStatus::OBJECT_NAME_NOT_FOUND),
        (r"game:\data.bin", NtStatus::CANNOT_DELETE),
        (r"cache:\", NtStatus::CANNOT_DELETE),
    ] {
        assert_eq!(Harness::status(b.files.delete(None, path, NOW)), Some(status), "{path}");
    }
}

#[test]
fn opens_are_refused_as_on_nt() {
    use CreateDisposition::*;
    let mut b = harness();
    let directory = b.open(r"cache:\dir", READ, Create, options::DIRECTORY_FILE).unwrap();
    b.files.close(directory);
    let make = |b: &mut Harness, path: &str, attributes| {
        let parameters = OpenParameters {
            attributes,
            disposition: Create,
            access: WRITE,
            ..OpenParameters::to_read(path, NOW)
        };
        let (file, action) = b.files.open(&parameters).unwrap();
        assert_eq!(action, OpenAction::Created);
        b.files.close(file);
    };
    make(&mut b, r"cache:\plain", 0x80);
    make(&mut b, r"cache:\protected", 1);
    make(&mut b, r"cache:\hidden", 2);
    let delete = READ | access::DELETE;
    for (path, access, disposition, options, status) in [
        (r"cache:\plain", READ, Open, options::DIRECTORY_FILE, NtStatus::NOT_A_DIRECTORY),
        (r"cache:\plain\", READ, Open, 0, NtStatus::OBJECT_NAME_INVALID),
        (r"cache:\plain\x", READ, Create, 0, NtStatus::OBJECT_PATH_NOT_FOUND),
        (r"cache:\plain", READ, Create, 0, NtStatus::OBJECT_NAME_COLLISION),
        (r"cache:\plain", READ, Open, SYNC | options::SYNCHRONOUS_IO_ALERT, NtStatus::INVALID_PARAMETER),
        (r"cache:\plain", access::READ_DATA, Open, SYNC, NtStatus::INVALID_PARAMETER),
        (r"cache:\plain", READ, Open, options::DELETE_ON_CLOSE, NtStatus::INVALID_PARAMETER),
        (r"cache:\new\", READ, Create, 0, NtStatus::OBJECT_NAME_INVALID),
        (r"cache:\new", READ, Overwrite, options::DIRECTORY_FILE, NtStatus::INVALID_PARAMETER),
        (r"cache:\dir", READ, Open, options::NON_DIRECTORY_FILE, NtStatus::FILE_IS_A_DIRECTORY),
        (r"cache:\dir", READ, Overwrite, 0, NtStatus::OBJECT_NAME_COLLISION),
        (r"cache:\protected", WRITE, Open, 0, NtStatus::ACCESS_DENIED),
        (r"cache:\protected", READ, Supersede, 0, NtStatus::ACCESS_DENIED),
        (r"cache:\protected", delete, Open, options::DELETE_ON_CLOSE, NtStatus::CANNOT_DELETE),
        (r"cache:\hidden", WRITE, Overwrite, 0, NtStatus::ACCESS_DENIED),
        (r"cache:\", READ, Create, 0, NtStatus::ACCESS_DENIED),
        (r"cache:\", READ, Open, options::NON_DIRECTORY_FILE, NtStatus::FILE_IS_A_DIRECTORY),
        (r"x:\f", READ, Open, 0, NtStatus::OBJECT_PATH_NOT_FOUND),
    ] {
        let found = Harness::status(b.open(path, access, disposition, options));
        assert_eq!(found, Some(status), "{path} {access:#x} {disposition:?} {options:#x}");
    }
    // Permitted: the device itself, a write-protected file for reading, and the maximum of rights.
    let device = b.open("cache:", READ, Open, options::NON_DIRECTORY_FILE).unwrap();
    assert!(device.data().is_none() && device.location.is_root());
    let protected = b.open(r"cache:\protected", access::MAXIMUM_ALLOWED, Open, 0).unwrap();
    assert!(protected.require(access::WRITE_DATA).is_err() && protected.require(access::DELETE).is_ok());
    assert!(
        b.open(r"cache:\plain", access::MAXIMUM_ALLOWED, Open, 0)
            .unwrap()
            .require(access::WRITE_DATA)
            .is_ok()
    );
}

#[test]
fn paths_below_a_directory_begin_there() {
    let mut b = harness();
    let body = GuestAddr(0x1000);
    let directory = b.open(r"cache:\dir", READ, CreateDisposition::Create, options::DIRECTORY_FILE).unwrap();
    b.files.insert(body, directory);
    let parameters = OpenParameters {
        root: Some(body),
        disposition: CreateDisposition::Create,
        ..OpenParameters::to_read("file", NOW)
    };
    let (file, _) = b.files.open(&parameters).unwrap();
    assert_eq!(file.location.path(), r"\dir\file");
    let absolute = OpenParameters { path: r"\file", ..parameters };
    assert_eq!(Harness::status(b.files.open(&absolute)), Some(NtStatus::OBJECT_NAME_INVALID));
}

/// A device with a root only. While its metadata is flushed, it sends the completion port that the
/// end of a request on a file finds.
struct PortProbe {
    tables: Arc<RequestTables>,
    file: GuestAddr,
    found: Sender<Option<PortKey>>,
}

impl FileDevice for PortProbe {
    fn volume(&self) -> VolumeProperties {
        VolumeProperties::DISC
    }

    fn find(&self, _path: &[String]) -> VfsResult<Entry> {
        Ok(Entry { name: String::new(), directory: true, size: 0, read_only: true, stamp: Stamp::default() })
    }

    fn list(&self, _path: &[String]) -> VfsResult<Vec<Entry>> {
        Ok(Vec::new())
    }

    fn open(&self, _path: &[String], _mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        Err(VfsError::IsDirectory)
    }

    fn flush_metadata(&self) -> VfsResult<()> {
        let port = self.tables.stream(self.file).ok().and_then(|stream| stream.port());
        self.found.send(port).unwrap();
        Ok(())
    }
}

#[test]
fn requests_that_end_during_the_close_of_their_device_find_the_port() {
    let mut b = harness();
    let body = GuestAddr(0x1000);
    let (found, ports) = channel();
    let probe = PortProbe { tables: b.files.tables.clone(), file: body, found };
    b.files.vfs.mount(r"\Device\Probe", Box::new(probe)).unwrap();
    let root = b.open(r"\Device\Probe\", READ, CreateDisposition::Open, options::DIRECTORY_FILE).unwrap();
    b.files.insert(body, root);
    let port = PortKey { port: GuestAddr(0x2000), key: 7 };
    assert!(b.files.get(body).unwrap().set_port(port));
    b.files.close_files_on(r"\Device\Probe");
    assert_eq!(ports.try_iter().collect::<Vec<_>>(), [Some(port)]);
    assert_eq!(b.files.tables.stream(body).unwrap().port(), Some(port), "and afterwards");
}
