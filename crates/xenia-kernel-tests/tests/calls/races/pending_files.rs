//! Tests of asynchronous transfers: the caller continues and is notified of the completion;
//! closing, cancellation and thread ends meanwhile.

use super::files::{SECTOR, TIMEOUT, make, mount_slow_disc, open_with};
use super::*;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use xenia_kernel::files::access;
use xenia_limits::Limit;
use xenia_vfs::HostFolder;

const SLOW: &str = r"\Device\Slow\slow";
const ROUTINE: u64 = 0x8200_1000;
const BOTH: u32 = access::GENERIC_READ | access::GENERIC_WRITE;
/// Option of unbuffered transfers, which alone are left to workers.
const UNBUFFERED: u64 = 8;
/// Contents of a status block that was not written.
const UNTOUCHED: u32 = 0x5555_5555;

/// One thread's memory for requests: slots, each with a status block, an offset, an event and a
/// buffer of a sector.
struct Places {
    at: GuestAddr,
    events: Vec<u64>,
}

impl Places {
    const BYTES: u32 = 0x20 + SECTOR;

    fn new(guest: &mut Guest, at: GuestAddr, count: u32) -> Self {
        let events = (0..count).map(|_| {
            assert_eq!(guest.status("NtCreateEvent", &[at.0.into(), 0, 0, 0]), NtStatus::SUCCESS);
            u64::from(guest.memory().read::<u32>(at).unwrap())
        });
        Self { at, events: events.collect() }
    }

    fn place(&self, index: u32) -> GuestAddr {
        self.at.offset(0x100 + index * Self::BYTES)
    }

    fn buffer(&self, index: u32) -> GuestAddr {
        self.place(index).offset(0x20)
    }

    /// Returns the arguments of a transfer of a sector at an offset.
    fn arguments(&self, guest: &Guest, index: u32, file: u64, offset: u64) -> [u64; 8] {
        let place = self.place(index);
        for word in [0, 4] {
            guest.memory().write(place.offset(word), UNTOUCHED).unwrap();
        }
        guest.memory().write(place.offset(8), offset).unwrap();
        let at = u64::from(place.0);
        [file, self.events[index as usize], 0, 0, at, at + 0x20, SECTOR.into(), at + 8]
    }

    fn outcome(&self, guest: &Guest, index: u32) -> (NtStatus, u32) {
        let word = |at| guest.memory().read::<u32>(self.place(index).offset(at)).unwrap();
        (NtStatus(word(0)), word(4))
    }

    /// Waits for the completion of the request in a slot.
    fn wait(&self, guest: &mut Guest, index: u32) -> (NtStatus, u32) {
        assert_eq!(wait(guest, self.events[index as usize], false), NtStatus::SUCCESS);
        self.outcome(guest, index)
    }

    /// Returns whether the request in a slot has signalled its event, without waiting.
    fn is_signalled(&self, guest: &mut Guest, index: u32) -> bool {
        let state = self.at.0.into();
        assert_eq!(guest.status("NtQueryEvent", &[self.events[index as usize], state]), NtStatus::SUCCESS);
        guest.memory().read::<u32>(self.at.offset(4)) == Ok(1)
    }
}

fn wait(guest: &mut Guest, handle: u64, alertable: bool) -> NtStatus {
    guest.status("NtWaitForSingleObjectEx", &[handle, 1, alertable.into(), 0])
}

/// Runs `code` with this many workers.
fn with_workers<R>(machine: &HostThreads, workers: usize, code: impl FnOnce() -> R) -> R {
    machine.have_workers();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| machine.work());
        }
        let _ends = Ends(machine);
        code()
    })
}

#[test]
fn a_caller_continues_during_a_read_and_is_notified_in_each_way() {
    let called = AtomicU32::new(0);
    let routine = |guest: &mut Guest, pc: u32, arguments: [u64; 4]| {
        let block = guest.machine.scratch.offset(0x1100).0;
        assert_eq!((u64::from(pc), &arguments[..3]), (ROUTINE, &[0x77, u64::from(block), 0][..]));
        called.fetch_add(1, SeqCst).into()
    };
    let machine = HostThreads::new(&routine);
    let (inside, go) = mount_slow_disc(&machine);
    let at = machine.scratch.offset(0x1000);
    with_workers(&machine, 1, || {
        machine.run(machine.add_thread().0, |guest| {
            let base = u64::from(at.0);
            let places = Places::new(guest, at, 2);
            let file = open_with(guest, at, SLOW, access::GENERIC_READ, UNBUFFERED);
            assert_eq!(guest.status("NtCreateIoCompletion", &[base, 0, 0, 0]), NtStatus::SUCCESS);
            let port: u32 = guest.memory().read(at).unwrap();
            guest.memory().write(at.offset(0x10), port).unwrap();
            guest.memory().write(at.offset(0x14), 0x99_u32).unwrap();
            let set = [file, base + 8, base + 0x10, 8, 30];
            assert_eq!(guest.status("NtSetInformationFile", &set), NtStatus::SUCCESS);
            let mut read = places.arguments(guest, 0, file, 0);
            read[2] = ROUTINE;
            read[3] = 0x77;
            // The request must reset an event that was signalled before.
            guest.call("NtSetEvent", &[places.events[0], 0]);
            assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
            inside.recv_timeout(TIMEOUT).expect("a worker reads");
            assert_eq!(places.outcome(guest, 0), (NtStatus(UNTOUCHED), UNTOUCHED));
            assert!(!places.is_signalled(guest, 0));
            // Invalid requests are refused immediately, without waiting for the disc.
            let behind = places.arguments(guest, 1, file, SECTOR.into());
            assert_eq!(guest.status("NtReadFile", &behind), NtStatus::END_OF_FILE);
            let torn = places.arguments(guest, 1, file, u64::from(SECTOR) + 1);
            assert_eq!(guest.status("NtReadFile", &torn), NtStatus::INVALID_PARAMETER, "as in lockstep");
            let write = places.arguments(guest, 1, file, 0);
            assert_eq!(guest.status("NtWriteFile", &write), NtStatus::ACCESS_DENIED);
            go.send(()).unwrap();
            assert_eq!(wait(guest, file, false), NtStatus::SUCCESS);
            assert_eq!(places.wait(guest, 0), (NtStatus::SUCCESS, SECTOR));
            assert_eq!(guest.memory().read(places.buffer(0).offset(12)), Ok(0x0707_0707_u32));
            // This event is never signalled.
            guest.call("NtClearEvent", &[places.events[1]]);
            assert_eq!(wait(guest, places.events[1], true), NtStatus::USER_APC);
            assert_eq!(called.load(SeqCst), 1);
            let remove = [port.into(), base + 0x10, base + 0x14, base + 0x18, 0];
            assert_eq!(guest.status("NtRemoveIoCompletion", &remove), NtStatus::SUCCESS);
            let words: [u32; 4] =
                [0, 4, 8, 12].map(|word| guest.memory().read(at.offset(0x10 + word)).unwrap());
            assert_eq!(words, [0x99, 0x77, 0, SECTOR]);
        });
    });
}

#[test]
fn a_file_that_is_closed_while_a_worker_reads_stays_until_the_end() {
    let machine = HostThreads::new(&no_routine);
    let (inside, go) = mount_slow_disc(&machine);
    let at = machine.scratch.offset(0x1000);
    with_workers(&machine, 2, || {
        machine.run(machine.add_thread().0, |guest| {
            let places = Places::new(guest, at, 1);
            let file = open_with(guest, at, SLOW, access::GENERIC_READ, UNBUFFERED);
            let read = places.arguments(guest, 0, file, 0);
            assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
            inside.recv_timeout(TIMEOUT).expect("a worker reads");
            assert_eq!(guest.status("NtClose", &[file]), NtStatus::SUCCESS);
            assert_eq!(machine.kernel.files.lock().iter().count(), 1);
            go.send(()).unwrap();
            assert_eq!(places.wait(guest, 0), (NtStatus::SUCCESS, SECTOR));
        });
    });
    assert_eq!(machine.kernel.files.lock().iter().count(), 0);
    assert!(machine.kernel.transfers.is_empty());
}

#[test]
fn a_thread_cancels_its_own_requests_and_waits_for_the_one_that_has_begun() {
    let machine = HostThreads::new(&no_routine);
    let (inside, go) = mount_slow_disc(&machine);
    let [own, foreign] = [0x1000, 0x2000].map(|at| machine.scratch.offset(at));
    let [canceller, other] = [0, 1].map(|_| machine.add_thread().0);
    let (send_file, opened) = sync_channel(1);
    let (tell_other, other_has_left) = sync_channel(1);
    let has_cancelled = AtomicBool::new(false);
    let machine = &machine;
    let go = &go;
    let has_cancelled = &has_cancelled;
    with_workers(machine, 2, || {
        thread::scope(|scope| {
            scope.spawn(move || {
                machine.run(canceller, |guest| {
                    let places = Places::new(guest, own, 3);
                    let file = open_with(guest, own, SLOW, access::GENERIC_READ, UNBUFFERED);
                    for index in 0..3 {
                        let read = places.arguments(guest, index, file, 0);
                        assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
                    }
                    inside.recv_timeout(TIMEOUT).expect("a worker reads");
                    send_file.send(file).unwrap();
                    other_has_left.recv_timeout(TIMEOUT).unwrap();
                    let cancel = [file, u64::from(own.0) + 8];
                    assert_eq!(guest.status("NtCancelIoFile", &cancel), NtStatus::SUCCESS);
                    has_cancelled.store(true, SeqCst);
                    assert_eq!(guest.memory().read(own.offset(8)), Ok(0_u32));
                    let outcomes = [0, 1, 2].map(|index| places.outcome(guest, index));
                    let cancelled = (NtStatus::CANCELLED, 0);
                    assert_eq!(outcomes, [(NtStatus::SUCCESS, SECTOR), cancelled, cancelled]);
                    assert!((0..3).all(|index| places.is_signalled(guest, index)));
                    inside.recv_timeout(TIMEOUT).expect("the other's comes next");
                    go.send(()).unwrap();
                });
            });
            machine.run(other, |guest| {
                let file = opened.recv_timeout(TIMEOUT).unwrap();
                let places = Places::new(guest, foreign, 1);
                let read = places.arguments(guest, 0, file, 0);
                assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
                tell_other.send(()).unwrap();
                thread::sleep(Duration::from_millis(20));
                assert!(!has_cancelled.load(SeqCst), "the disc still reads");
                let owns = Places { at: own, events: Vec::new() };
                let untouched = (NtStatus(UNTOUCHED), UNTOUCHED);
                assert_eq!(owns.outcome(guest, 1), untouched, "the first request ends first");
                go.send(()).unwrap();
                assert_eq!(places.wait(guest, 0), (NtStatus::SUCCESS, SECTOR));
                let cancel = [file, u64::from(foreign.0) + 8];
                assert_eq!(guest.status("NtCancelIoFile", &cancel), NtStatus::SUCCESS, "nothing is left");
            });
        });
    });
}

/// The first word of each sector of a file.
fn first_words(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> {
    bytes.chunks(SECTOR as usize).map(|sector| sector[..4].try_into().unwrap())
}

/// Starts writes and a read that no worker begins, and then runs an `end`.
fn leave_and_end(end: impl Fn(&mut Guest)) {
    const WRITES: u32 = 20;
    let machine = HostThreads::new(&no_routine);
    make(&machine, r"cache:\log");
    make(&machine, r"cache:\read");
    let at = machine.scratch.offset(0x1000);
    machine.run(machine.add_thread().0, |guest| {
        let places = Places::new(guest, at, WRITES + 1);
        let [log, other] =
            [r"cache:\log", r"cache:\read"].map(|path| open_with(guest, at, path, BOTH, UNBUFFERED));
        let write = places.arguments(guest, 0, other, 0);
        assert_eq!(guest.status("NtWriteFile", &write), NtStatus::PENDING);
        assert_eq!(places.wait(guest, 0), (NtStatus::SUCCESS, SECTOR), "nobody has workers yet");
        machine.have_workers();
        for index in 0..WRITES {
            guest.memory().write(places.buffer(index), index).unwrap();
            let write = places.arguments(guest, index, log, u64::MAX);
            assert_eq!(guest.status("NtWriteFile", &write), NtStatus::PENDING);
        }
        guest.memory().write(places.buffer(WRITES), UNTOUCHED).unwrap();
        let read = places.arguments(guest, WRITES, other, 0);
        assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
        end(guest);
        assert!((0..WRITES).all(|index| places.outcome(guest, index) == (NtStatus::SUCCESS, SECTOR)));
        assert_eq!(places.outcome(guest, WRITES), (NtStatus::CANCELLED, 0));
        assert_eq!(guest.memory().read(places.buffer(WRITES)), Ok(UNTOUCHED));
    });
    let bytes = machine.kernel.loader().read_whole(r"cache:\log", 0).unwrap();
    assert!(first_words(&bytes).eq((0..WRITES).map(u32::to_be_bytes)));
    assert!(machine.kernel.transfers.is_empty());
}

#[test]
fn thread_end_completes_writes_and_cancels_reads() {
    leave_and_end(|guest| {
        guest.call("ExTerminateThread", &[0]);
    });
}

#[test]
fn title_end_completes_writes_and_cancels_reads() {
    leave_and_end(|guest: &mut Guest| {
        guest.end_title();
    });
}

/// Leaves two writes that no worker begins to a file on the host, and runs an `end` of the machine.
/// Returns the first words of the file's sectors.
fn leave_writes(end: impl Fn(HostThreads)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let machine = HostThreads::new(&no_routine);
    machine.have_workers();
    let disk = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    machine.kernel.files.lock().vfs.mount(r"\Device\Disk", Box::new(disk)).unwrap();
    make(&machine, r"\Device\Disk\log");
    let at = machine.scratch.offset(0x1000);
    machine.run(machine.add_thread().0, |guest| {
        let places = Places::new(guest, at, 2);
        let file = open_with(guest, at, r"\Device\Disk\log", BOTH, UNBUFFERED);
        for (index, word) in [(0, *b"save"), (1, *b"game")] {
            guest.memory().write_bytes(places.buffer(index), &word).unwrap();
            let write = places.arguments(guest, index, file, u64::MAX);
            assert_eq!(guest.status("NtWriteFile", &write), NtStatus::PENDING);
        }
    });
    assert_eq!(std::fs::read(folder.path().join("log")).unwrap(), b"");
    end(machine);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().filter(is_temporary).count(), 0);
    first_words(&std::fs::read(folder.path().join("log")).unwrap()).collect::<Vec<_>>().concat()
}

fn is_temporary(entry: &std::io::Result<std::fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".xenia-draft")
}

#[test]
fn machine_drop_completes_pending_writes() {
    assert_eq!(leave_writes(|machine| drop(machine)), b"savegame");
}

#[test]
fn machine_discard_drops_pending_writes() {
    let saved = leave_writes(|machine| {
        machine.kernel.discard();
        assert!(machine.kernel.transfers.is_empty());
    });
    assert_eq!(saved, b"");
}

#[test]
fn a_title_that_never_waits_for_its_requests_is_bounded() {
    let machine = HostThreads::new(&no_routine);
    machine.have_workers();
    make(&machine, r"cache:\log");
    let at = machine.scratch.offset(0x1000);
    machine.run(machine.add_thread().0, |guest| {
        let places = Places::new(guest, at, 1);
        let file = open_with(guest, at, r"cache:\log", BOTH, UNBUFFERED);
        let write = places.arguments(guest, 0, file, 0);
        let limit = Limit::PendingTransfers.row();
        for _ in 0..2 {
            for _ in 0..limit.value {
                assert_eq!(guest.status("NtWriteFile", &write), NtStatus::PENDING);
            }
            assert_eq!(guest.status("NtWriteFile", &write), limit.status);
            let cancel = [file, u64::from(at.0) + 8];
            assert_eq!(guest.status("NtCancelIoFile", &cancel), NtStatus::SUCCESS);
            assert!(machine.kernel.transfers.is_empty());
        }
    });
    assert_eq!(machine.kernel.limits_hit().get("pending_transfers"), Some(&2));
}

#[test]
fn requests_of_one_file_are_carried_out_in_order() {
    const WRITES: u32 = 2000;
    const PLACES: u32 = 20;
    let machine = HostThreads::new(&no_routine);
    make(&machine, r"cache:\log");
    let at = machine.scratch.offset(0x1000);
    with_workers(&machine, 2, || {
        machine.run(machine.add_thread().0, |guest| {
            let places = Places::new(guest, at, PLACES);
            let file = open_with(guest, at, r"cache:\log", BOTH, UNBUFFERED);
            for write in 0..WRITES {
                let index = write % PLACES;
                if write >= PLACES {
                    assert_eq!(places.wait(guest, index), (NtStatus::SUCCESS, SECTOR));
                }
                guest.memory().write(places.buffer(index), write).unwrap();
                let arguments = places.arguments(guest, index, file, u64::MAX);
                assert_eq!(guest.status("NtWriteFile", &arguments), NtStatus::PENDING);
            }
            for index in 0..PLACES {
                assert_eq!(places.wait(guest, index), (NtStatus::SUCCESS, SECTOR));
            }
        });
    });
    let bytes = machine.kernel.loader().read_whole(r"cache:\log", 0).unwrap();
    assert!(first_words(&bytes).eq((0..WRITES).map(u32::to_be_bytes)));
}

#[test]
fn concurrent_asynchronous_reads_and_writes_are_exact() {
    const THREADS: usize = 10;
    const PLACES: u32 = 16;
    const ROUNDS: u32 = 40;
    let machine = HostThreads::new(&no_routine);
    make(&machine, r"cache:\data");
    let record = |thread: usize, number: u32| {
        let seed = (thread as u32) << 16 | number;
        (0..SECTOR / 4).map(move |word| seed.wrapping_mul(0x9E37_79B1).rotate_left(word))
    };
    with_workers(&machine, 2, || {
        race(&machine, THREADS, |guest, thread| {
            let at = machine.scratch.offset(0x1000 + 0x2800 * thread as u32);
            let places = Places::new(guest, at, PLACES);
            let file = open_with(guest, at, r"cache:\data", BOTH, UNBUFFERED);
            // The threads' offsets are interleaved, so that every page is shared.
            let offset = |number: u32| u64::from(SECTOR * (number * THREADS as u32 + thread as u32));
            for round in 0..ROUNDS {
                let numbers = (0..PLACES).map(|index| (index, round * PLACES + index));
                for (index, number) in numbers.clone() {
                    for (word, value) in (0..).zip(record(thread, number)) {
                        guest.memory().write(places.buffer(index).offset(4 * word), value).unwrap();
                    }
                    let write = places.arguments(guest, index, file, offset(number));
                    assert_eq!(guest.status("NtWriteFile", &write), NtStatus::PENDING);
                }
                for (index, _) in numbers.clone() {
                    assert_eq!(places.wait(guest, index), (NtStatus::SUCCESS, SECTOR));
                    guest.memory().fill(places.buffer(index), SECTOR, 0).unwrap();
                }
                for (index, number) in numbers.clone() {
                    let read = places.arguments(guest, index, file, offset(number));
                    assert_eq!(guest.status("NtReadFile", &read), NtStatus::PENDING);
                }
                for (index, number) in numbers {
                    assert_eq!(places.wait(guest, index), (NtStatus::SUCCESS, SECTOR));
                    for (word, value) in (0..).zip(record(thread, number)) {
                        assert_eq!(guest.memory().read(places.buffer(index).offset(4 * word)), Ok(value));
                    }
                }
            }
        });
    });
    let bytes = machine.kernel.loader().read_whole(r"cache:\data", 0).unwrap();
    assert_eq!(bytes.len(), SECTOR as usize * THREADS * (ROUNDS * PLACES) as usize);
    for (index, bytes) in bytes.chunks(SECTOR as usize).enumerate() {
        let expected = record(index % THREADS, (index / THREADS) as u32).flat_map(u32::to_be_bytes);
        assert!(expected.eq(bytes.iter().copied()), "record {index}");
    }
}
