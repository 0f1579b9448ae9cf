//! Requests that a driver makes, or passes on to another.

use super::*;
use xenia_guest::layout::dispatcher_header;

/// Offset in the scratch memory of an event.
const EVENT: u32 = 0x5000;
/// Offsets in a stack location of the control byte, the completion routine and its argument.
const CONTROL: u32 = 3;
const ROUTINE: u32 = 0x1C;
const CONTEXT: u32 = 0x20;
/// Control bits: the routine is called for a success, for a failure, in all cases.
const ON_SUCCESS: u8 = 0x40;
const ON_ERROR: u8 = 0x80;
const ALWAYS: u8 = 0xE0;
const MORE_PROCESSING_REQUIRED: NtStatus = NtStatus(0xC000_0016);

impl Rig {
    /// Passes a write on to the same device as a flush, as a driver above another does.
    pub(super) fn pass(&mut self, packet: u32) -> u64 {
        self.set_next(packet, major::FLUSH_BUFFERS, ALWAYS);
        let status = self.call("IoCallDriver", &[self.device.into(), packet.into()]);
        status.unwrap().to_register()
    }

    /// Fills the stack location of the next driver, as the macros of a driver's header do.
    fn set_next(&mut self, packet: u32, kind: u8, control: u8) {
        let current = self.read(GuestAddr(packet).offset(irp::CURRENT_STACK_LOCATION));
        let next = GuestAddr(current - io_stack_location::SIZE);
        let memory = self.b.memory();
        memory.write(next.offset(io_stack_location::MAJOR), kind).unwrap();
        memory.write(next.offset(CONTROL), control).unwrap();
        memory.write(next.offset(ROUTINE), COMPLETION).unwrap();
        memory.write(next.offset(CONTEXT), 0x77_u32).unwrap();
    }

    /// Calls a function that returns an IRP.
    fn packet(&mut self, name: &str, arguments: &[u64]) -> u32 {
        self.call(name, arguments).unwrap().0
    }

    fn is_allocated(&mut self, packet: u32) -> bool {
        self.b.kernel_call("ExQueryPoolBlockSize", &[packet.into(), 0]) != 0
    }

    fn new_event(&mut self) -> u64 {
        let event = self.at(EVENT);
        assert!(self.call("KeInitializeEvent", &[event, 0, 0]).is_some());
        event
    }

    fn is_event_set(&self) -> bool {
        self.b.word(EVENT + dispatcher_header::SIGNAL_STATE) != 0
    }
}

#[test]
fn a_request_that_a_driver_builds_ends_by_status_block_and_event() {
    let mut rig = Rig::new();
    let device = u64::from(rig.device);
    let data = rig.at(DATA);
    let block = rig.at(BLOCK);
    rig.b.memory().write(rig.b.scratch.offset(OFFSET), 0x1_0000_0200_u64).unwrap();
    let offset = rig.at(OFFSET);
    for keeps in [false, true] {
        let event = rig.new_event();
        rig.set_block(9);
        rig.keeps = if keeps { vec![major::READ] } else { Vec::new() };
        rig.end = (NtStatus::SUCCESS, 0x66);
        let build = [major::READ.into(), device, data, 0x80, offset, event, block];
        let packet = rig.packet("IoBuildSynchronousFsdRequest", &build);
        assert!(rig.is_allocated(packet));
        let called = rig.call("IoCallDriver", &[device, packet.into()]);
        let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
        let expected = ([0x80, 0, 1, 0x200], data as u32, 0, packet);
        assert_eq!((seen.parameters, seen.buffer, seen.file, seen.packet), expected);
        if keeps {
            assert_eq!((called, rig.block(), rig.is_event_set()), (Some(NtStatus::PENDING), [9, 9], false));
            rig.complete(packet);
        } else {
            assert_eq!(called, Some(NtStatus::SUCCESS));
        }
        assert_eq!((rig.block(), rig.is_event_set()), ([0, 0x66], true), "{keeps}");
        assert!(!rig.is_allocated(packet), "the kernel frees it");
    }
    rig.keeps.clear();
    let event = rig.new_event();
    let control = [0x22_0004, device, data, 0x30, data + 0x100, 0x40, 0, event, block];
    let packet = rig.packet("IoBuildDeviceIoControlRequest", &control);
    assert_eq!(rig.call("IoCallDriver", &[device, packet.into()]), Some(NtStatus::SUCCESS));
    let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
    assert_eq!((seen.major, seen.parameters), (9, [0x40, data as u32, 0x30, 0x22_0004]));
    assert_eq!((seen.buffer, rig.is_event_set()), (data as u32 + 0x100, true));
    // The kernel's own request waits for the end.
    rig.end = (NtStatus::DISK_FULL, 0);
    for (kind, parameters) in [(major::WRITE, [0x80, 0, 1, 0x200]), (major::FLUSH_BUFFERS, [0; 4])] {
        let sent = rig.call("IoSynchronousFsdRequest", &[kind.into(), device, data, 0x80, offset]);
        assert_eq!(sent, Some(NtStatus::DISK_FULL));
        let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
        assert_eq!((seen.major, seen.parameters), (kind, parameters));
    }
}

#[test]
fn completion_routines_are_called_for_the_ends_that_they_ask_for() {
    let mut rig = Rig::new();
    let device = u64::from(rig.device);
    rig.completion = MORE_PROCESSING_REQUIRED;
    for (control, status, is_called) in [
        (ALWAYS, NtStatus::SUCCESS, true),
        (ON_SUCCESS, NtStatus::SUCCESS, true),
        (ON_ERROR, NtStatus::SUCCESS, false),
        (ON_ERROR, NtStatus::DISK_FULL, true),
        (ON_SUCCESS, NtStatus::DISK_FULL, false),
        (0, NtStatus::SUCCESS, false),
    ] {
        let packet = rig.packet("IoAllocateIrp", &[1]);
        rig.set_next(packet, major::READ, control);
        rig.end = (status, 5);
        assert_eq!(rig.call("IoCallDriver", &[device, packet.into()]), Some(status));
        let calls = if is_called { vec![[0, packet, 0x77]] } else { Vec::new() };
        assert_eq!(std::mem::take(&mut rig.completed), calls, "{control:#x} {status:?}");
        // The request has left its last location: another completion has no effect.
        rig.complete(packet);
        assert!(rig.completed.is_empty() && rig.is_allocated(packet));
        rig.call("IoFreeIrp", &[packet.into()]);
        assert!(!rig.is_allocated(packet));
    }
    // One that the driver builds for itself has no other end.
    let build = [major::WRITE.into(), device, 0, 0, 0, rig.at(BLOCK)];
    rig.set_block(9);
    let packet = rig.packet("IoBuildAsynchronousFsdRequest", &build);
    assert_eq!(rig.call("IoCallDriver", &[device, packet.into()]), Some(NtStatus::SUCCESS));
    assert_eq!((rig.block(), rig.is_allocated(packet)), ([9, 9], true));
}

#[test]
fn a_request_that_a_driver_passes_on_comes_back_through_it() {
    let mut rig = Rig::new();
    rig.b.memory().write(GuestAddr(rig.device).offset(device_object::STACK_SIZE), 2_u8).unwrap();
    let file = rig.opened(SYNCHRONOUS);
    rig.kinds();
    rig.passes = true;
    rig.end = (NtStatus::SUCCESS, 0x80);
    assert_eq!(rig.transfer("NtWriteFile", file, 0), Some(NtStatus::SUCCESS));
    assert_eq!(rig.block(), [0, 0x80]);
    let packet = rig.seen[0].packet;
    assert_eq!(rig.kinds(), [major::WRITE, major::FLUSH_BUFFERS]);
    assert_eq!(std::mem::take(&mut rig.completed), [[rig.device, packet, 0x77]]);
    // A routine that keeps the request completes it later.
    rig.completion = MORE_PROCESSING_REQUIRED;
    rig.keeps = vec![major::FLUSH_BUFFERS];
    assert_eq!(rig.transfer("NtWriteFile", file, 0), None);
    let packet = rig.kept.pop().unwrap();
    rig.set_block(9);
    rig.complete(packet);
    assert_eq!((rig.completed.len(), rig.block()), (1, [9, 9]), "the driver has it again");
    rig.complete(packet);
    assert_eq!((rig.completed.len(), rig.block()), (1, [0, 0x80]));
    let then = rig.waiting.pop().unwrap();
    let flow = rig.b.resume(then, 0);
    assert_eq!(rig.play(flow), Some(NtStatus::SUCCESS));
}

#[test]
fn requests_that_no_driver_can_get_are_refused() {
    let mut rig = Rig::new();
    let device = u64::from(rig.device);
    let data = rig.at(DATA);
    let refused = NtStatus::INVALID_DEVICE_REQUEST;
    for (to, kind) in [(device, 11), (device, 0xFF), (data, major::READ)] {
        let packet = rig.packet("IoAllocateIrp", &[1]);
        rig.set_next(packet, kind, ON_ERROR);
        assert_eq!(rig.call("IoCallDriver", &[to, packet.into()]), Some(refused), "{kind}");
        assert_eq!(rig.read(GuestAddr(packet).offset(irp::IO_STATUS)), refused.0);
        assert_eq!(std::mem::take(&mut rig.completed), [[0, packet, 0x77]]);
    }
    for name in ["IoSynchronousFsdRequest", "IoCallDriver"] {
        for packet in [0, data, 0xFFFF_FFF0] {
            let sent = rig.call(name, &[packet, packet, 0, 0, 0]);
            assert!(sent.is_some_and(NtStatus::is_error), "{name} {packet:#x}");
        }
    }
    let empty = rig.packet("IoAllocateIrp", &[0]);
    assert_eq!(rig.call("IoCallDriver", &[device, empty.into()]), Some(NtStatus::INVALID_PARAMETER));
    assert_eq!(rig.packet("IoAllocateIrp", &[17]), 0);
    // An IRP in memory of the driver's own, and its address where a pool block is wanted.
    assert!(rig.call("IoInitializeIrp", &[data, 0x84, 1]).is_some());
    rig.set_next(data as u32, major::READ, 0);
    rig.call("IoFreeIrp", &[data]);
    rig.end = (NtStatus::SUCCESS, 0);
    assert_eq!(rig.call("IoCallDriver", &[device, data]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::READ]);
}
