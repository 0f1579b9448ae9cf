//! Races of transfers: a slow host file does not block other threads, and concurrent appends are
//! not lost.

use super::*;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use xenia_kernel::files::{OpenParameters, access, share};
use xenia_vfs::{
    CreateDisposition, Entry, FileData, FileDevice, OpenMode, Stamp, VfsError, VfsResult, VolumeProperties,
};

/// Maximum time that a thread waits for another in a test that passes.
pub(super) const TIMEOUT: Duration = Duration::from_mins(1);
const SYNCHRONOUS: u64 = 0x20;
/// Size of the files of a [`SlowDisc`], in bytes: a sector.
pub(super) const SECTOR: u32 = 0x200;
/// Rights of handles that can only append.
const ADDING: u32 = access::APPEND_DATA | access::SYNCHRONIZE;

/// A disc with a file `slow`, reads of which block until they are released, a file `sought`, whose
/// look-up does, and other files.
struct SlowDisc(Arc<Gate>);

struct Gate {
    entered: SyncSender<()>,
    left: Mutex<Receiver<()>>,
}

impl Gate {
    /// Signals that a thread is here, and waits until it may go on.
    fn wait(&self) {
        self.entered.send(()).unwrap();
        self.left.lock().unwrap().recv_timeout(TIMEOUT).expect("the others wait for this thread");
    }
}

struct SlowFile(Option<Arc<Gate>>);

impl FileDevice for SlowDisc {
    fn volume(&self) -> VolumeProperties {
        VolumeProperties::DISC
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let name = path.last().cloned().unwrap_or_default();
        if name == "sought" {
            self.0.wait();
        }
        Ok(Entry {
            directory: path.is_empty(),
            name,
            size: SECTOR.into(),
            read_only: true,
            stamp: Stamp::default(),
        })
    }

    fn list(&self, _path: &[String]) -> VfsResult<Vec<Entry>> {
        Ok(Vec::new())
    }

    fn open(&self, path: &[String], _mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        let slow = path.last().is_some_and(|name| name == "slow");
        Ok(Box::new(SlowFile(slow.then(|| self.0.clone()))))
    }
}

impl FileData for SlowFile {
    fn size(&self) -> VfsResult<u64> {
        Ok(SECTOR.into())
    }

    fn read_at(&self, _offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        if let Some(gate) = &self.0 {
            gate.wait();
        }
        into.fill(7);
        Ok(into.len())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn set_size(&self, _: u64) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(())
    }
}

/// Opens a file with these rights for synchronous access; returns its handle. Uses 0x100 bytes at
/// `at`.
fn open(guest: &mut Guest, at: GuestAddr, path: &str, rights: u32) -> u64 {
    open_with(guest, at, path, rights, SYNCHRONOUS)
}

/// Like [`open`], with these options.
pub(super) fn open_with(guest: &mut Guest, at: GuestAddr, path: &str, rights: u32, options: u64) -> u64 {
    let string = at.offset(0x20);
    let text = at.offset(0x40);
    guest.memory().write_bytes(text, path.as_bytes()).unwrap();
    guest.memory().write(string, (path.len() as u32) << 16 | path.len() as u32).unwrap();
    guest.memory().write(string.offset(4), text).unwrap();
    for (index, word) in (4..).zip([0, string.0, 0x40]) {
        guest.memory().write(at.offset(4 * index), word).unwrap();
    }
    let base = u64::from(at.0);
    let arguments = [base, rights.into(), base + 0x10, base + 8, share::ALL.into(), options];
    assert_eq!(guest.status("NtOpenFile", &arguments), NtStatus::SUCCESS, "{path}");
    u64::from(guest.memory().read::<u32>(at).unwrap())
}

/// Mounts a disc whose slow operations signal on the first channel that they have begun, and wait
/// for the second.
pub(super) fn mount_slow_disc(machine: &HostThreads) -> (Receiver<()>, SyncSender<()>) {
    let (entered, inside) = sync_channel(1);
    let (go, left) = sync_channel(1);
    let gate = Arc::new(Gate { entered, left: Mutex::new(left) });
    machine.kernel.files.lock().vfs.mount(r"\Device\Slow", Box::new(SlowDisc(gate))).unwrap();
    (inside, go)
}

/// Creates an empty file on a scratch disk.
pub(super) fn make(machine: &HostThreads, path: &str) {
    let parameters = OpenParameters {
        disposition: CreateDisposition::Create,
        access: access::GENERIC_WRITE,
        ..OpenParameters::to_read(path, 0)
    };
    let mut files = machine.kernel.files.lock();
    let (file, _) = files.open(&parameters).unwrap();
    files.close(file);
}

#[test]
fn slow_read_does_not_block_other_threads() {
    let machine = HostThreads::new(&no_routine);
    let (inside, go) = mount_slow_disc(&machine);
    let [reader, other] = [0, 1].map(|_| machine.add_thread().0);
    thread::scope(|scope| {
        scope.spawn(|| {
            machine.run(reader, |guest| {
                let at = machine.scratch.offset(0x1000);
                let file = open(guest, at, r"\Device\Slow\slow", access::GENERIC_READ);
                let base = u64::from(at.0);
                let read = [file, 0, 0, 0, base + 8, base + 0x80, 16, 0];
                assert_eq!(guest.status("NtReadFile", &read), NtStatus::SUCCESS);
                assert_eq!(guest.memory().read(at.offset(0x8C)), Ok(0x0707_0707_u32));
                assert_eq!(guest.status("NtClose", &[file]), NtStatus::SUCCESS);
            });
        });
        inside.recv_timeout(TIMEOUT).expect("the read has begun");
        // While the host reads, another thread opens, reads, queries and closes a file.
        machine.run(other, |guest| {
            let at = machine.scratch.offset(0x2000);
            let base = u64::from(at.0);
            let file = open(guest, at, r"\Device\Slow\fast", access::GENERIC_READ);
            let read = [file, 0, 0, 0, base + 8, base + 0x80, 16, 0];
            assert_eq!(guest.status("NtReadFile", &read), NtStatus::SUCCESS);
            let slow = open(guest, at, r"\Device\Slow\slow", access::GENERIC_READ);
            let ask = [slow, base + 8, base + 0x80, 0x38, 34];
            assert_eq!(guest.status("NtQueryInformationFile", &ask), NtStatus::SUCCESS);
            for handle in [file, slow] {
                assert_eq!(guest.status("NtClose", &[handle]), NtStatus::SUCCESS);
            }
        });
        go.send(()).unwrap();
    });
    assert_eq!(machine.kernel.files.lock().iter().count(), 0);
}

#[test]
fn requests_on_an_open_file_do_not_wait_for_an_open_on_the_host() {
    let machine = HostThreads::new(&no_routine);
    let (inside, go) = mount_slow_disc(&machine);
    let [opener, reader] = [0, 1].map(|_| machine.add_thread().0);
    let at = machine.scratch.offset(0x1000);
    let file = machine
        .run(machine.add_thread().0, |guest| open(guest, at, r"\Device\Slow\fast", access::GENERIC_READ));
    let (done, waited) = sync_channel(1);
    thread::scope(|scope| {
        let machine = &machine;
        scope.spawn(move || {
            machine.run(opener, |guest| {
                let at = machine.scratch.offset(0x2000);
                let sought = open(guest, at, r"\Device\Slow\sought", access::GENERIC_READ);
                assert_eq!(guest.status("NtClose", &[sought]), NtStatus::SUCCESS);
            });
        });
        inside.recv_timeout(TIMEOUT).expect("the look-up has begun");
        scope.spawn(move || {
            machine.run(reader, |guest| {
                let base = u64::from(at.0);
                let read = [file, 0, 0, 0, base + 8, base + 0x80, 16, 0];
                let mut statuses = vec![guest.status("NtReadFile", &read)];
                // The position.
                for name in ["NtQueryInformationFile", "NtSetInformationFile"] {
                    statuses.push(guest.status(name, &[file, base + 8, base + 0x90, 8, 14]));
                }
                let position = guest.memory().read::<u64>(at.offset(0x90)).unwrap();
                done.send((statuses, position)).unwrap();
            });
        });
        let results = waited.recv_timeout(TIMEOUT);
        go.send(()).unwrap();
        let (statuses, position) = results.expect("a request waits for a look-up of another file");
        assert_eq!((statuses, position), (vec![NtStatus::SUCCESS; 3], 16));
    });
}

#[test]
fn a_handle_that_is_closed_during_a_read_stays_until_the_read_is_over() {
    let machine = HostThreads::new(&no_routine);
    let (inside, go) = mount_slow_disc(&machine);
    let [reader, other] = [0, 1].map(|_| machine.add_thread().0);
    let at = machine.scratch.offset(0x1000);
    thread::scope(|scope| {
        scope.spawn(|| {
            machine.run(reader, |guest| {
                let file = open(guest, at, r"\Device\Slow\slow", access::GENERIC_READ);
                let base = u64::from(at.0);
                let read = [file, 0, 0, 0, base + 8, base + 0x80, 16, 0];
                assert_eq!(guest.status("NtReadFile", &read), NtStatus::SUCCESS);
                assert_eq!(guest.status("NtClose", &[file]), NtStatus::INVALID_HANDLE);
            });
        });
        inside.recv_timeout(TIMEOUT).expect("the read has begun");
        machine.run(other, |guest| {
            let file = u64::from(guest.memory().read::<u32>(at).unwrap());
            assert_eq!(guest.status("NtClose", &[file]), NtStatus::SUCCESS);
        });
        let open = machine.kernel.files.lock().iter().count();
        go.send(()).unwrap();
        assert_eq!(open, 1, "the read has it open");
    });
    assert_eq!(machine.kernel.files.lock().iter().count(), 0, "and closes it when it is over");
}

#[test]
fn concurrent_appends_to_one_file_are_all_kept() {
    const THREADS: usize = 4;
    const ROUNDS: u32 = 500;
    let machine = HostThreads::new(&no_routine);
    let path = r"cache:\log";
    make(&machine, path);
    let shared = machine.run(machine.add_thread().0, |guest| open(guest, machine.scratch, path, ADDING));
    race(&machine, THREADS, |guest, number| {
        let at = machine.scratch.offset(0x1000 * (1 + number as u32));
        let base = u64::from(at.0);
        let own = open(guest, at, path, ADDING);
        for round in 0..ROUNDS {
            let record = [number as u32, round, number as u32 ^ round, !round];
            for (index, word) in (0..).zip(record) {
                guest.memory().write(at.offset(0x80 + 4 * index), word).unwrap();
            }
            let file = if round % 2 == 0 { own } else { shared };
            let write = [file, 0, 0, 0, base + 8, base + 0x80, 16, 0];
            assert_eq!(guest.status("NtWriteFile", &write), NtStatus::SUCCESS);
        }
        assert_eq!(guest.status("NtClose", &[own]), NtStatus::SUCCESS);
    });
    let bytes = machine.kernel.loader().read_whole(path, 0).unwrap();
    let mut next = [0; THREADS];
    for record in bytes.chunks(16) {
        let words: Vec<u32> =
            record.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
        let &[number, round, both, not] = words.as_slice() else { panic!("half a record") };
        assert_eq!((both, not), (number ^ round, !round), "a record is whole");
        assert_eq!(
            std::mem::replace(&mut next[number as usize], round + 1),
            round,
            "each comes once, in order"
        );
    }
    assert_eq!(next, [ROUNDS; THREADS]);
}
