//! Tests of saved states of the kernel's areas: a machine that has made the same calls gets the
//! state of another one, and continues as that one does.

use super::*;
use xenia_kernel::AreasState;
use xenia_kernel::files::{ChangedFiles, FilesState};
use xenia_kernel::ports::{Audio, DialogAnswer, DialogRequest, Dialogs, RenderFrame, SongBytes};
use xenia_sched::{GuestTicks, System};
use xenia_state::{StateSection, StoredSection};

const CALLBACK: u32 = 0x8200_4000;
/// Offsets in the scratch memory.
const MESSAGE: u32 = 0x100;
const RESULT: u32 = 0x200;
const OVERLAPPED: u32 = 0x240;
const ADDRESS: u32 = 0x280;
const LABELS: u32 = 0x300;
const SONGS: u32 = 0x800;
const LIST: u32 = 0xA00;
const DATA: u32 = 0x1000;
const TEXTS: u32 = 0x4000;

/// All that reaches the ports, one line each.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn say(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Audio for Seen {
    fn play(&mut self, frames: &[Box<RenderFrame>], song: Option<f32>) {
        let first: Vec<u8> = frames.iter().map(|frame| frame[0]).collect();
        self.say(format!("frames {first:?} {song:?}"));
    }

    fn set_song(&mut self, number: u64, song: Option<SongBytes>) {
        let mut bytes = [0; 4];
        let length = song.map(|mut read| read(1, &mut bytes));
        self.say(format!("song {number} {length:?} {bytes:?}"));
    }

    fn skip_song(&mut self, frames: u64) {
        self.say(format!("skip {frames}"));
    }
}

impl Dialogs for Seen {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        self.say(format!("{request:?}"));
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        self.say(format!("asked at {now}"));
        (now > TICKS_PER_SECOND / 10).then_some(DialogAnswer::Pressed(1))
    }
}

fn machine(folder: &Path) -> (Harness, Seen) {
    let seen = Seen::default();
    let ports = Ports { audio: Box::new(seen.clone()), dialogs: Box::new(seen.clone()), ..Ports::default() };
    let b = Harness::with_ports(ports);
    b.mount(folder);
    (b, seen)
}

fn at(b: &Harness, offset: u32) -> u64 {
    u64::from(b.scratch.offset(offset).0)
}

fn put(b: &Harness, offset: u32, words: &[u32]) -> u64 {
    for (index, word) in words.iter().enumerate() {
        b.memory().write(b.scratch.offset(offset + 4 * index as u32), *word).unwrap();
    }
    at(b, offset)
}

fn send(b: &mut Harness, application: u64, message: u64, words: &[u32]) -> u32 {
    let buffer = put(b, MESSAGE, words);
    b.xam_call("XMsgInProcessCall", &[application, message, buffer, 4 * words.len() as u64]) as u32
}

fn pass(b: &mut Harness, ticks: GuestTicks) {
    let now = b.scheduler.now() + ticks;
    b.scheduler.set_now(now);
    KernelSystem::new(b.kernel.clone()).advance(&mut b.scheduler);
}

/// Uses every area. Returns the handle of a listener.
fn use_all(b: &mut Harness) -> u64 {
    let base = at(b, 0);
    for size in [0x20, 0x1000, 0x99, 0x2_0000, 8] {
        let block = b.kernel_call("ExAllocatePoolWithTag", &[size, 0x7465_7374]);
        assert_ne!(block, 0, "{size:#x}");
        if size == 0x99 {
            b.kernel_call("ExFreePool", &[block]);
        }
    }
    b.kernel_call("XeCryptRandom", &[at(b, DATA), 77]);
    b.memory().write(b.scratch.offset(DATA), 5_u32).unwrap();
    b.xam_call("RtlRandom", &[at(b, DATA)]);
    let notification = put(b, DATA, &[CALLBACK, 7, 0, 0]);
    b.kernel_call("ExRegisterTitleTerminateNotification", &[notification, 1]);
    assert_eq!(b.xam_call("XamLoaderSetLaunchData", &[base, 0x20]), 0);
    let listener = b.xam_call("XamNotifyCreateListener", &[0x3F, 0]);
    assert_eq!(send(b, 0xFB, 0xB_0006, &[0, 0, 0, 0, 0x8001, 7]), 0);
    // A client of the render driver, with two frames.
    let client = put(b, DATA, &[CALLBACK, 0x77]);
    assert_eq!(b.kernel_call("XAudioRegisterRenderDriverClient", &[client, client + 8]), 0);
    let client = u64::from(b.word(DATA + 8));
    for byte in [4, 5] {
        b.memory().fill(b.scratch.offset(DATA), 6144, byte).unwrap();
        assert_eq!(b.kernel_call("XAudioSubmitRenderDriverFrame", &[client, at(b, DATA)]), 0);
    }
    assert_eq!(b.kernel_call("XMACreateContext", &[at(b, RESULT)]), 0);
    // A song.
    let path = b.put_wide_text(TEXTS, r"game:\song.mp3") as u32;
    let song = put(b, SONGS, &[path, 0, 0, 0, 0, 0, 1, 1000, 1]) as u32;
    let list = at(b, LIST) as u32;
    assert_eq!(send(b, 0xFA, 0x7_000D, &[2, list, 0x1000, song, 1, 0, 0, 0, 0]), 0);
    assert_eq!(send(b, 0xFA, 0x7_0002, &[2, list, 0]), 0);
    // A connection with bytes under way.
    assert_eq!(b.xam_call("NetDll_WSAStartupEx", &[1, 0x202, at(b, DATA), 2]), 0);
    let mut socket = || b.xam_call("NetDll_socket", &[1, 2, 1, 6]);
    let listening = socket();
    let client = socket();
    let address = put(b, ADDRESS, &[0x2_0000 + 1000, 0x7F00_0001, 0, 0]);
    assert_eq!(b.xam_call("NetDll_bind", &[1, listening, address, 16]), 0);
    assert_eq!(b.xam_call("NetDll_listen", &[1, listening, 2]), 0);
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    assert_eq!(b.xam_call("NetDll_WSAEventSelect", &[1, listening, event, 8]), 0);
    assert_eq!(b.xam_call("NetDll_connect", &[1, client, address, 16]), 0);
    assert_eq!(b.xam_call("NetDll_send", &[1, client, at(b, DATA), 9, 0]), 9);
    // A dialog, whose title waits with a structure.
    let labels = [b.put_wide_text(TEXTS + 0x100, "Yes") as u32, b.put_wide_text(TEXTS + 0x200, "No") as u32];
    let labels = put(b, LABELS, &labels);
    let arguments = [0xFF, 0, 0, 2, labels, 1, 2, at(b, RESULT), at(b, OVERLAPPED)];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    for _ in 0..3 {
        pass(b, TICKS_PER_SECOND / 100);
    }
    listener
}

/// Changes every area further, without an effect on memory that `goes_on` could see.
fn disturb(b: &mut Harness) {
    b.kernel_call("XeCryptRandom", &[at(b, DATA), 5]);
    b.memory().write(b.scratch.offset(DATA), 9_u32).unwrap();
    b.xam_call("RtlRandom", &[at(b, DATA)]);
    b.kernel_call("ExAllocatePoolWithTag", &[0x30, 0]);
    b.kernel_call("XMACreateContext", &[at(b, DATA)]);
    assert_eq!(b.xam_call("XamLoaderSetLaunchData", &[at(b, 0), 0x30]), 0);
    assert_eq!(send(b, 0xFB, 0xB_0006, &[0, 0, 0, 0, 0x8001, 8]), 0);
    assert_eq!(send(b, 0xFA, 0x7_0003, &[2]), 0);
    b.xam_call("NetDll_WSACleanup", &[1]);
    let stub = registry().find_by_name(Library::xam, "XamFree").unwrap();
    b.kernel.imports.stub_of(&b.kernel.memory, stub).unwrap();
}

/// Calls of each area, and their results.
fn goes_on(b: &mut Harness, listener: u64, seen: &Seen) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, value: u64| lines.push(format!("{what} {value:#x}"));
    b.kernel_call("XeCryptRandom", &[at(b, DATA), 8]);
    say("random", b.memory().read(b.scratch.offset(DATA)).unwrap());
    b.memory().write(b.scratch.offset(DATA), 1_u32).unwrap();
    say("uniform", b.xam_call("RtlRandom", &[at(b, DATA)]));
    for size in [0x90, 0x1000, 8] {
        say("pool", b.kernel_call("ExAllocatePoolWithTag", &[size, 0]));
    }
    let stub = registry().find_by_name(Library::xam, "XamAlloc").unwrap();
    say("stub", b.kernel.imports.stub_of(&b.kernel.memory, stub).unwrap().0.into());
    say("launch data", b.xam_call("XamLoaderGetLaunchDataSize", &[at(b, DATA)]));
    say("size", b.word(DATA).into());
    assert_eq!(b.kernel_call("XMACreateContext", &[at(b, DATA)]), 0);
    say("context", b.word(DATA).into());
    let get = [0, 0, 0, 0, 0, at(b, DATA) as u32, 0, 0];
    put(b, DATA, &[0x8001, 0]);
    say("presence", send(b, 0xFB, 0xB_0041, &get).into());
    say("value", b.word(DATA + 4).into());
    put(b, ADDRESS + 0x20, &[16]);
    let accepted = b.xam_call("NetDll_accept", &[1, 4, at(b, ADDRESS), at(b, ADDRESS + 0x20)]);
    say("accepted", accepted);
    say("received", b.xam_call("NetDll_recv", &[1, accepted, at(b, DATA), 100, 0]));
    for _ in 0..20 {
        pass(b, TICKS_PER_SECOND / 100);
        say("result", b.word(RESULT).into());
        say("overlapped", b.word(OVERLAPPED).into());
        while b.xam_call("XNotifyGetNext", &[listener, 0, at(b, DATA), at(b, DATA + 4)]) == 1 {
            say("heard", b.word(DATA).into());
            say("parameter", b.word(DATA + 4).into());
        }
    }
    lines.extend(seen.take());
    b.kernel.net.describe(&mut |line| lines.push(line.to_owned()));
    lines
}

fn stored(b: &Harness) -> StoredSection {
    StoredSection::encode(&AreasState::of(&b.kernel).expect("it can be saved")).expect("it can be encoded")
}

#[test]
fn a_machine_with_the_state_of_another_continues_identically() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("song.mp3"), "1 one").unwrap();
    let (mut b, seen) = machine(folder.path());
    let listener = use_all(&mut b);
    let state = stored(&b);
    let played = seen.take();
    assert!(played.contains(&"song 1 Some(4) [32, 111, 110, 101]".to_owned()), "{played:?}");
    let expected = goes_on(&mut b, listener, &seen);
    for line in ["received 0x9", "value 0x7", "result 0x1", "overlapped 0x0", "frames [] Some(1.0)"] {
        assert!(expected.iter().any(|row| row == line), "{line}: {expected:#?}");
    }

    let (mut other, seen) = machine(folder.path());
    assert_eq!(use_all(&mut other), listener);
    assert_eq!(stored(&other), state, "the same calls have the same effects");
    disturb(&mut other);
    assert_ne!(stored(&other), state);
    seen.take();
    let now = other.scheduler.now();
    let areas: AreasState = state.decode().expect("its own bytes");
    areas.restore(&other.kernel, now).expect("it can be");
    assert_eq!(stored(&other), state);
    AreasState::resume_ports(&other.kernel, now);
    let resumed = seen.take();
    assert!(resumed[0].contains("Yes") && resumed[1] == "song 1 Some(4) [32, 111, 110, 101]", "{resumed:?}");
    assert_eq!(resumed[2..], ["skip 5"]);
    assert_eq!(goes_on(&mut other, listener, &seen), expected);
    assert_eq!(stored(&other), stored(&b));
}

#[test]
fn damaged_states_are_refused_or_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, _) = machine(folder.path());
    use_all(&mut b);
    let state = stored(&b);
    let now = b.scheduler.now();
    let mut refused = 0;
    let mut taken = 0;
    // A hostile file may have any value in any byte.
    for at in (0..state.bytes.len()).step_by(7) {
        for byte in [0, 0x7F, 0xFF] {
            let mut changed = state.clone();
            changed.bytes[at] = byte;
            let areas = changed.decode::<AreasState>();
            let is_taken = areas.is_ok_and(|areas| areas.restore(&b.kernel, now).is_ok());
            refused += u32::from(!is_taken);
            taken += u32::from(is_taken && changed != state);
        }
        b.kernel_call("ExAllocatePoolWithTag", &[8, 0]);
        b.kernel.describe_objects(&mut |_| {});
    }
    assert!(refused > 100 && taken > 0, "{refused} refused, {taken} taken with a changed byte");
    state.decode::<AreasState>().expect("its own bytes").restore(&b.kernel, now).expect("it can be");
    assert_eq!(stored(&b), state);
    assert_eq!(AreasState::VERSION, state.version);
}

/// A machine with a raised limit loads the states that it has saved.
#[test]
fn a_state_has_as_much_as_the_limits_of_its_machine() {
    let limits = ["open_files=1000", "completions=65537"].map(|limit| limit.parse().unwrap()).to_vec();
    let config = KernelConfig { limits, ..KernelConfig::default() };
    let mut b = Harness::with_config(config, Ports::default());
    let base = at(&b, 0);
    let attributes = b.put_attributes(0x100, r"cache:\file");
    let open = [base, GENERIC_READ, attributes, base + 8, 0, 0, 3, 3, 0];
    for number in 0..1000 {
        assert_eq!(b.status("NtCreateFile", &open), NtStatus::SUCCESS, "{number}");
    }
    assert_eq!(b.status("NtCreateFile", &open), NtStatus::TOO_MANY_OPENED_FILES);
    assert_eq!(b.status("NtCreateIoCompletion", &[base, 0, 0, 0]), NtStatus::SUCCESS);
    let port = u64::from(b.word(0));
    for _ in 0..0x1_0001 {
        assert_eq!(b.status("NtSetIoCompletion", &[port, 1, 2, 0, 3]), NtStatus::SUCCESS);
    }
    let (state, bytes) = FilesState::of(&b.kernel).unwrap();
    state.clone().restore(&b.kernel, bytes.clone(), ChangedFiles::Refused).unwrap();
    assert!(FilesState::of(&b.kernel) == Ok((state, bytes)), "the restored state is another");
}
