//! Tests of drivers that a title contains: the calls for files send requests to the functions of
//! the driver, which the test plays.

mod ends;
mod hostile;
mod own_requests;

use super::*;
use xenia_guest::layout::{device_object, driver_object, file_object, io_stack_location, irp, major};
use xenia_kernel::abi::{Continuation, GuestCall};
use xenia_kernel::objects::ObjectKind;

/// Function of the driver for the request of kind 0; those of the others follow.
const FUNCTIONS: u32 = 0x8210_0000;
const STEP: u32 = 0x10;
/// The driver's functions for a deleted device and for a cancelled request.
const DELETE: u32 = 0x8211_0000;
const CANCEL: u32 = 0x8212_0000;
/// The driver's function that dismounts a volume, and its offset in the driver object.
const DISMOUNT: u32 = 0x8213_0000;
const DISMOUNT_AT: u32 = 8;
/// The driver's completion routine.
const COMPLETION: u32 = 0x8214_0000;
/// Offsets in the scratch memory.
const DRIVER: u32 = 0x8000;
const BLOCK: u32 = 0x40;
const OFFSET: u32 = 0x60;
const DATA: u32 = 0x4000;
const SYNCHRONOUS: u64 = 0x20;
const READ_AND_WRITE: u64 = 0xC010_0000;

/// A request as the driver has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    major: u8,
    parameters: [u32; 4],
    buffer: u32,
    file: u32,
    packet: u32,
}

/// A machine with a driver and a device of it.
struct Rig {
    b: Harness,
    device: u32,
    /// Requests in the order in which the driver got them.
    seen: Vec<Seen>,
    /// Kinds of requests that the driver keeps; its other requests end at once.
    keeps: Vec<u8>,
    /// Kinds of requests that the driver returns from with success, without completing them.
    forgets: Vec<u8>,
    /// End of the requests that the driver completes.
    end: (NtStatus, u32),
    /// Packets that the driver has kept.
    kept: Vec<u32>,
    /// Calls that wait for the end of a request.
    waiting: Vec<Continuation>,
    deleted: Vec<u32>,
    cancelled: Vec<u32>,
    /// Arguments of the driver's completion routine, and its result.
    completed: Vec<[u32; 3]>,
    completion: NtStatus,
    /// Whether writes are passed on as flushes.
    passes: bool,
    wait: GuestAddr,
}

impl Rig {
    fn new() -> Self {
        let mut b = Harness::new();
        let export = registry().find_by_name(Library::xboxkrnl, "KeWaitForSingleObject").unwrap();
        let wait = b.kernel.imports.stub_of(b.memory(), export).unwrap();
        let driver = b.scratch.offset(DRIVER);
        b.memory().write(driver.offset(driver_object::DELETE_DEVICE), DELETE).unwrap();
        for kind in 0..=u32::from(major::CLEANUP) {
            let at = driver.offset(driver_object::MAJOR_FUNCTIONS + 4 * kind);
            b.memory().write(at, FUNCTIONS + STEP * kind).unwrap();
        }
        let name = b.put_string(0x100, r"\Device\Own");
        let base = u64::from(b.scratch.0);
        let make = [u64::from(driver.0), 0x20, name, 0x22, 0, base];
        assert_eq!(b.status("IoCreateDevice", &make), NtStatus::SUCCESS);
        let device = b.word(0);
        let link = b.put_string(0x300, r"\??\own:");
        let target = b.put_string(0x200, r"\Device\Own");
        assert_eq!(b.status("ObCreateSymbolicLink", &[link, target]), NtStatus::SUCCESS);
        let mut rig = Self {
            b,
            device,
            seen: Vec::new(),
            keeps: Vec::new(),
            forgets: Vec::new(),
            end: (NtStatus::SUCCESS, 0),
            kept: Vec::new(),
            waiting: Vec::new(),
            deleted: Vec::new(),
            cancelled: Vec::new(),
            completed: Vec::new(),
            completion: NtStatus::SUCCESS,
            passes: false,
            wait,
        };
        assert_eq!(rig.open(r"own:\a", SYNCHRONOUS), Some(NtStatus::NO_SUCH_DEVICE), "it is being made");
        let flags = GuestAddr(device).offset(device_object::FLAGS);
        assert_eq!(rig.read(flags), 0x18);
        rig.b.memory().write(flags, 8_u32).unwrap();
        rig
    }

    fn read(&self, at: GuestAddr) -> u32 {
        self.b.memory().read(at).unwrap()
    }

    fn at(&self, offset: u32) -> u64 {
        u64::from(self.b.scratch.offset(offset).0)
    }

    /// Calls a kernel function and plays the driver. `None`: the call waits.
    fn call(&mut self, name: &str, arguments: &[u64]) -> Option<NtStatus> {
        let flow = self.b.call(Library::xboxkrnl, name, arguments);
        self.play(flow)
    }

    fn play(&mut self, mut flow: Flow) -> Option<NtStatus> {
        loop {
            match flow {
                Flow::Return(value) => return Some(NtStatus(value as u32)),
                Flow::CallGuest(guest) if guest.pc == self.wait => {
                    if self.read(GuestAddr(guest.args[0] as u32).offset(4)) == 0 {
                        self.waiting.push(guest.then);
                        return None;
                    }
                    flow = self.b.resume(guest.then, 0);
                }
                Flow::CallGuest(guest) => {
                    let result = self.function(&guest);
                    flow = self.b.resume(guest.then, result);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Plays a function of the driver; returns its result.
    fn function(&mut self, guest: &GuestCall) -> u64 {
        let device = guest.args[0] as u32;
        let packet = guest.args.get(1).map_or(0, |&packet| packet as u32);
        if guest.pc.0 == COMPLETION {
            self.completed.push([device, packet, guest.args[2] as u32]);
            return self.completion.to_register();
        }
        assert_eq!(device, self.device);
        match guest.pc.0 {
            DELETE => self.deleted.push(device),
            DISMOUNT => return self.end.0.to_register(),
            CANCEL => {
                self.cancelled.push(packet);
                self.end = (NtStatus::CANCELLED, 0);
                self.complete(packet);
            }
            pc => return self.dispatch(((pc - FUNCTIONS) / STEP) as u8, packet),
        }
        0
    }

    fn dispatch(&mut self, kind: u8, packet: u32) -> u64 {
        let at = |offset| GuestAddr(packet).offset(offset);
        let location = GuestAddr(self.read(at(irp::CURRENT_STACK_LOCATION)));
        assert_eq!(self.b.memory().read(location), Ok(kind));
        assert_eq!(self.read(location.offset(io_stack_location::DEVICE)), self.device);
        let word = |n: u32| self.read(location.offset(io_stack_location::PARAMETERS + 4 * n));
        self.seen.push(Seen {
            major: kind,
            parameters: [0, 1, 2, 3].map(word),
            buffer: self.read(at(irp::USER_BUFFER)),
            file: self.read(location.offset(io_stack_location::FILE)),
            packet,
        });
        if self.passes && kind == major::WRITE {
            return self.pass(packet);
        }
        if self.forgets.contains(&kind) {
            return 0;
        }
        if self.keeps.contains(&kind) {
            self.kept.push(packet);
            return NtStatus::PENDING.to_register();
        }
        let status = self.end.0;
        self.complete(packet);
        status.to_register()
    }

    /// Completes a request as the driver does.
    fn complete(&mut self, packet: u32) {
        let (status, information) = self.end;
        self.b.memory().write(GuestAddr(packet).offset(irp::IO_STATUS), status.0).unwrap();
        self.b.memory().write(GuestAddr(packet).offset(irp::IO_STATUS + 4), information).unwrap();
        assert!(self.call("IoCompleteRequest", &[packet.into(), 0]).is_some());
    }

    fn open(&mut self, path: &str, options: u64) -> Option<NtStatus> {
        let attributes = self.b.put_attributes(0x100, path);
        let arguments =
            [self.at(0), READ_AND_WRITE, attributes, self.at(BLOCK), 0, 0x80, 3, 3, 0x40 | options];
        self.call("NtCreateFile", &arguments)
    }

    /// Opens a file that the driver agrees to; returns its handle.
    fn opened(&mut self, options: u64) -> u64 {
        self.end = (NtStatus::SUCCESS, 1);
        assert_eq!(self.open(r"own:\a\b", options), Some(NtStatus::SUCCESS));
        self.b.word(0).into()
    }

    fn transfer(&mut self, name: &str, file: u64, event: u64) -> Option<NtStatus> {
        self.b.memory().write(self.b.scratch.offset(OFFSET), 0x1_0000_0200_u64).unwrap();
        let arguments = [file, event, 0, 0, self.at(BLOCK), self.at(DATA), 0x80, self.at(OFFSET)];
        self.call(name, &arguments)
    }

    /// Kinds of the requests that the driver got since the last call of this.
    fn kinds(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.seen).into_iter().map(|seen| seen.major).collect()
    }

    fn block(&self) -> [u32; 2] {
        [self.b.word(BLOCK), self.b.word(BLOCK + 4)]
    }

    fn set_block(&self, value: u32) {
        for offset in [BLOCK, BLOCK + 4] {
            self.b.memory().write(self.b.scratch.offset(offset), value).unwrap();
        }
    }

    fn counts(&self) -> Vec<(ObjectKind, GuestAddr)> {
        self.b.kernel.objects.list()
    }
}

#[test]
fn calls_for_files_reach_the_drivers_functions() {
    let mut rig = Rig::new();
    let before = rig.counts();
    rig.end = (NtStatus::SUCCESS, 2);
    assert_eq!(rig.open(r"OWN:\a\b\", SYNCHRONOUS), Some(NtStatus::SUCCESS));
    let file = u64::from(rig.b.word(0));
    assert_eq!(rig.block(), [0, 2], "created");
    let [create] = rig.seen[..] else { panic!("{:?}", rig.seen) };
    assert_eq!(create.parameters[..3], [READ_AND_WRITE as u32, 0x0300_0060, 0x0080_0003]);
    assert_eq!(rig.read(GuestAddr(rig.device).offset(device_object::REFERENCE_COUNT)), 1);
    let body = GuestAddr(create.file);
    assert_eq!(rig.read(body), 0x0500_0021, "a synchronous file with a handle");
    assert_eq!(rig.read(body.offset(file_object::DEVICE)), rig.device);
    rig.kinds();

    rig.end = (NtStatus::SUCCESS, 0x70);
    for (name, kind) in [("NtReadFile", major::READ), ("NtWriteFile", major::WRITE)] {
        assert_eq!(rig.transfer(name, file, 0), Some(NtStatus::SUCCESS));
        assert_eq!(rig.block(), [0, 0x70]);
        let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
        assert_eq!((seen.major, seen.file), (kind, body.0));
        assert_eq!((seen.parameters, u64::from(seen.buffer)), ([0x80, 0, 1, 0x200], rig.at(DATA)));
    }
    // Without an offset: at the position, which calls for information move.
    let block = rig.at(BLOCK);
    let data = rig.at(DATA);
    rig.b.memory().write(rig.b.scratch.offset(DATA), 0x1234_u64).unwrap();
    assert_eq!(rig.call("NtSetInformationFile", &[file, block, data, 8, 14]), Some(NtStatus::SUCCESS));
    rig.call("NtReadFile", &[file, 0, 0, 0, block, data, 0x10, 0]);
    assert_eq!(rig.seen.pop().map(|seen| seen.parameters), Some([0x10, 0, 0, 0x1234]));
    assert_eq!(rig.call("NtQueryInformationFile", &[file, block, data + 8, 8, 14]), Some(NtStatus::SUCCESS));
    assert_eq!([rig.b.word(DATA + 8), rig.b.word(DATA + 12)], [0, 0x1234]);

    let control = [file, 0, 0, 0, block, 0x22_0004, data, 0x30, data + 0x100, 0x40];
    assert_eq!(rig.call("NtDeviceIoControlFile", &control), Some(NtStatus::SUCCESS));
    let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
    assert_eq!((seen.parameters, seen.buffer), ([0x40, data as u32, 0x30, 0x22_0004], data as u32 + 0x100));
    for (name, arguments, kind, parameters) in [
        ("NtQueryInformationFile", vec![file, block, data, 0x38, 34], major::QUERY_INFORMATION, [0x38, 34]),
        ("NtSetInformationFile", vec![file, block, data, 8, 20], major::SET_INFORMATION, [8, 20]),
        ("NtFlushBuffersFile", vec![file, block], major::FLUSH_BUFFERS, [0, 0]),
        (
            "NtQueryVolumeInformationFile",
            vec![file, block, data, 0x18, 3],
            major::QUERY_VOLUME_INFORMATION,
            [0x18, 3],
        ),
        (
            "NtQueryDirectoryFile",
            vec![file, 0, 0, 0, block, data, 0x80, 0, 1],
            major::DIRECTORY_CONTROL,
            [0x80, 0],
        ),
    ] {
        rig.set_block(7);
        assert_eq!(rig.call(name, &arguments), Some(NtStatus::SUCCESS), "{name}");
        assert_eq!(rig.block(), [0, 0x70], "{name}");
        let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!("{name}") };
        assert_eq!((seen.major, &seen.parameters[..2]), (kind, &parameters[..]), "{name}");
    }
    // An error of the driver's is that of the call.
    rig.end = (NtStatus::DISK_FULL, 0);
    assert_eq!(rig.transfer("NtWriteFile", file, 0), Some(NtStatus::DISK_FULL));
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
    assert_eq!(rig.counts(), before);
    assert_eq!(rig.read(GuestAddr(rig.device).offset(device_object::REFERENCE_COUNT)), 0);
}

#[test]
fn names_reach_the_driver_as_they_are_below_its_device() {
    let mut rig = Rig::new();
    for (path, rest) in [
        (r"own:", ""),
        (r"own:\", r"\"),
        (r"\Device\OWN", ""),
        (r"own:\Some\File.txt", r"\Some\File.txt"),
        (r"\??\own:\dir\", r"\dir\"),
        (r"own:\..\x?*", r"\..\x?*"),
        (r" \Device\Own\a b ", r"\a b"),
    ] {
        rig.keeps = vec![major::CREATE];
        assert_eq!(rig.open(path, SYNCHRONOUS), None, "{path}");
        let string = GuestAddr(rig.seen.last().unwrap().parameters[3]);
        let length: u16 = rig.b.memory().read(string).unwrap();
        let mut bytes = vec![0; length.into()];
        rig.b.memory().read_bytes(GuestAddr(rig.read(string.offset(4))), &mut bytes).unwrap();
        assert_eq!(bytes, rest.as_bytes(), "{path}");
        rig.end = (NtStatus::OBJECT_NAME_NOT_FOUND, 0);
        let packet = rig.kept.pop().unwrap();
        rig.complete(packet);
        let then = rig.waiting.pop().unwrap();
        let flow = rig.b.resume(then, 0);
        assert_eq!(rig.play(flow), Some(NtStatus::OBJECT_NAME_NOT_FOUND), "{path}");
        assert_eq!(rig.b.word(0), u32::MAX);
        rig.keeps.clear();
        rig.kinds();
    }
    // Relative to an open directory of the driver's.
    let root = rig.opened(SYNCHRONOUS);
    let root_body = rig.seen.last().unwrap().file;
    let attributes = rig.b.put_attributes(0x100, "below");
    rig.b.memory().write(GuestAddr(attributes as u32), root as u32).unwrap();
    let arguments = [rig.at(0), READ_AND_WRITE, attributes, rig.at(BLOCK), 3, SYNCHRONOUS];
    assert_eq!(rig.call("NtOpenFile", &arguments), Some(NtStatus::SUCCESS));
    let below = GuestAddr(rig.seen.last().unwrap().file);
    assert_eq!(rig.read(below.offset(file_object::RELATED)), root_body);
}

#[test]
fn pages_of_a_caller_are_one_buffer_of_the_driver() {
    const PAGES: u32 = 0x90;
    let mut rig = Rig::new();
    let file = rig.opened(0);
    rig.kinds();
    rig.keeps = vec![major::READ, major::WRITE];
    let blocks = rig.b.kernel.pool.lock().blocks();
    let at = |rig: &Rig, offset: u32| rig.b.scratch.offset(offset);
    for (page, offset) in [0x6000_u32, 0x4000].into_iter().zip([PAGES, PAGES + 4]) {
        rig.b.memory().write(at(&rig, offset), at(&rig, page)).unwrap();
    }
    rig.b.memory().write(at(&rig, OFFSET), 0x200_u64).unwrap();
    let begin = |rig: &mut Rig, name: &str| {
        let arguments = [file, 0, 0, 0, rig.at(BLOCK), rig.at(PAGES), 0x1800, rig.at(OFFSET)];
        assert_eq!(rig.call(name, &arguments), Some(NtStatus::PENDING), "{name}");
        rig.seen.pop().unwrap()
    };
    let end = |rig: &mut Rig, information: u32| {
        rig.end = (NtStatus::SUCCESS, information);
        let packet = rig.kept.pop().unwrap();
        rig.complete(packet);
        assert_eq!(rig.block(), [0, information]);
    };
    let read = begin(&mut rig, "NtReadFileScatter");
    assert_eq!((read.major, read.parameters), (major::READ, [0x1800, 0, 0, 0x200]));
    let buffer = GuestAddr(read.buffer);
    rig.b.memory().fill(buffer, 0x1000, 1).unwrap();
    rig.b.memory().fill(buffer.offset(0x1000), 0x800, 2).unwrap();
    end(&mut rig, 0x1700);
    let words = [0x6000, 0x6FFC, 0x4000, 0x46FC, 0x4700].map(|offset| rig.b.word(offset));
    assert_eq!(words, [0x0101_0101, 0x0101_0101, 0x0202_0202, 0x0202_0202, 0], "no more than was read");
    let write = begin(&mut rig, "NtWriteFileGather");
    let buffer = GuestAddr(write.buffer);
    let words = [0, 0xFFC, 0x1000, 0x16FC, 0x1700].map(|offset| rig.read(buffer.offset(offset)));
    assert_eq!(words, [0x0101_0101, 0x0101_0101, 0x0202_0202, 0x0202_0202, 0]);
    end(&mut rig, 0x1800);
    assert_eq!(rig.b.kernel.pool.lock().blocks(), blocks, "all given back");
}
