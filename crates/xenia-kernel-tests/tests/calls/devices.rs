//! Test of devices that are lent to one kernel after the other.

use super::*;
use std::path::PathBuf;
use xenia_kernel::ports::{
    Audio, DialogAnswer, DialogRequest, Dialogs, Gamepad, Input, RenderFrame, SongBytes, Storage,
};
use xenia_sched::GuestTicks;

/// Offsets in the scratch memory.
const PAD: u32 = 0;
const RESULT: u32 = 0x20;
const OVERLAPPED: u32 = 0x40;
const MOTORS: u32 = 0x60;
const LABELS: u32 = 0x80;
const TEXT: u32 = 0x100;

/// All ports of a host. They count reads of the controller and list the rest.
#[derive(Clone, Default)]
struct OneHost {
    reads: Arc<Mutex<u32>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl OneHost {
    fn note(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }
}

impl Audio for OneHost {
    fn play(&mut self, _: &[Box<RenderFrame>], _: Option<f32>) {}
    fn set_song(&mut self, _: u64, _: Option<SongBytes>) {}
    fn start_over(&mut self) {
        self.note("song stops");
    }
}

impl Dialogs for OneHost {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {
        self.note("dialog opens");
    }
    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        None
    }
    fn withdraw(&mut self) {
        self.note("dialog closes");
    }
}

impl Input for OneHost {
    fn gamepad(&mut self, _: u32, _: GuestTicks) -> Option<Gamepad> {
        let mut reads = self.reads.lock().unwrap();
        *reads += 1;
        Some(Gamepad { packet: *reads, ..Gamepad::default() })
    }
    fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        self.note("motors run");
        true
    }
    fn start_over(&mut self) {
        self.note("motors stop");
    }
}

#[derive(Debug)]
struct SharedDisk(PathBuf);

impl Storage for SharedDisk {
    fn hard_disk(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

/// Prints a text, runs the motors and leaves a message box open. Returns the packet number of the
/// controller.
fn play(b: &mut Harness, text: &str) -> u32 {
    assert!(b.kernel.files.lock().vfs.resolve(r"hdd:\save").is_ok(), "the host's disk");
    let text = b.put_text(TEXT, text);
    b.kernel_call("DbgPrint", &[text]);
    let at = |offset: u32| u64::from(b.scratch.offset(offset).0);
    let pad = at(PAD);
    let motors = at(MOTORS);
    let message = [0, 0, 0, 2, at(LABELS), 1, 0, at(RESULT), at(OVERLAPPED)];
    assert_eq!(b.xam_call("XamInputGetState", &[0, 0, pad]), 0);
    assert_eq!(b.xam_call("XamInputSetState", &[0, 0, motors, 0, 0]), 0);
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &message), IO_PENDING);
    b.word(PAD)
}

#[test]
fn a_new_kernel_runs_under_the_devices_of_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let host = OneHost::default();
    let mut first = Harness::with_ports(Ports {
        audio: Box::new(host.clone()),
        input: Box::new(host.clone()),
        dialogs: Box::new(host.clone()),
        storage: Box::new(SharedDisk(folder.path().to_owned())),
        ..Ports::default()
    });
    let packet = play(&mut first, "first ");
    let mut second = first.replaced();
    assert!(play(&mut second, "second") > packet, "it reads the same controller");
    assert_eq!(*second.text.lock().unwrap(), "first second");
    let title = ["motors run", "dialog opens"];
    let between = ["dialog closes", "song stops", "motors stop"];
    assert_eq!(*host.calls.lock().unwrap(), [&title[..], &between, &title].concat());
}
