//! Tests of titles with several discs.

use super::*;
use std::collections::VecDeque;
use std::path::PathBuf;
use xenia_kernel::files::{ChangedFiles, FilesState};
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs, Disc, DiscId, Drive, TextRequest};
use xenia_sched::GuestTicks;
use xenia_vfs::SavedBytes;

const TITLE: u32 = 0x4D53_07D1;
const EVENT: u32 = 0x40;
const CANCELLED: u64 = 0x4C7;
const INVALID_PARAMETER: u64 = 0x57;

/// Folders with a file each, `1`, `2` and `3`; the second disc is ready.
struct Shelf(PathBuf);

impl Drive for Shelf {
    fn ready(&mut self, disc: DiscId) -> Option<Disc> {
        (disc.number == 2).then(|| Disc::Folder(self.0.join("2")))
    }

    fn insert(&mut self, disc: DiscId, place: &str) -> Result<Disc, String> {
        match place.parse::<u8>() {
            Ok(number) if disc.number == number => Ok(Disc::Folder(self.0.join(place))),
            _ => Err("it is another".to_owned()),
        }
    }
}

/// A dialog port that gives answers in order and records the requests.
#[derive(Clone, Default)]
struct Answers {
    left: Arc<Mutex<VecDeque<DialogAnswer>>>,
    asked: Arc<Mutex<Vec<TextRequest>>>,
}

impl Dialogs for Answers {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        let DialogRequest::Text(request) = request else { panic!("{request:?}") };
        self.asked.lock().unwrap().push(request);
    }

    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.left.lock().unwrap().pop_front()
    }
}

/// Creates a title of three discs, with the first one inserted.
fn title(folder: &Path, answers: &[&str]) -> (Harness, Answers) {
    for number in ["1", "2", "3"] {
        std::fs::create_dir(folder.join(number)).unwrap();
        std::fs::write(folder.join(number).join("data"), number).unwrap();
        std::fs::write(folder.join(number).join(number), number).unwrap();
    }
    let entered = |text: &&str| match *text {
        "" => DialogAnswer::Left,
        text => DialogAnswer::Entered(text.to_owned()),
    };
    let left: VecDeque<_> = answers.iter().map(entered).collect();
    let answers = Answers { left: Arc::new(Mutex::new(left)), ..Answers::default() };
    let drive = Box::new(Shelf(folder.to_owned()));
    let ports = Ports { drive, dialogs: Box::new(answers.clone()), ..Ports::default() };
    let mut b = Harness::with_ports(ports);
    b.mount(&folder.join("1"));
    let mut image = title_image(TITLE);
    let execution = image.execution.as_mut().unwrap();
    execution.disc_number = 1;
    execution.disc_count = 3;
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    let event = u64::from(b.scratch.offset(EVENT).0);
    b.kernel_call("KeInitializeEvent", &[event, 0, 0]);
    (b, answers)
}

/// Requests a disc; `None` means that the caller waits.
fn swap(b: &mut Harness, number: u64, message: u64) -> Option<u64> {
    let event = u64::from(b.scratch.offset(EVENT).0);
    let flow = b.call(Library::xam, "XamSwapDisc", &[number, event, message]);
    let kernel = b.kernel.clone();
    b.act(b.thread, |cpu, running| {
        let mut call = Call::new(&kernel, cpu, running);
        kernel.apply(&mut call, flow)
    });
    b.answer(b.thread)
}

/// Returns whether the event was set since the last call.
fn take_event_signal(b: &mut Harness) -> bool {
    let event = u64::from(b.scratch.offset(EVENT).0);
    b.kernel_call("KeResetEvent", &[event]) != 0
}

/// Opens a file of the disc; returns its handle.
fn open(b: &mut Harness, path: &str) -> Result<u64, NtStatus> {
    let attributes = b.put_attributes(0x600, path);
    let base = u64::from(b.scratch.0);
    let status = b.status("NtOpenFile", &[base, GENERIC_READ, attributes, base + 8, 7, SYNCHRONOUS]);
    if status == NtStatus::SUCCESS { Ok(u64::from(b.word(0))) } else { Err(status) }
}

fn first_byte(b: &mut Harness, handle: u64) -> u8 {
    let at = |offset: u32| u64::from(b.scratch.offset(offset).0);
    b.memory().write(b.scratch.offset(0x28), 0_u64).unwrap();
    let read = [handle, 0, 0, 0, at(0x20), at(0x30), 1, at(0x28)];
    assert_eq!(b.status("NtReadFile", &read), NtStatus::SUCCESS);
    b.memory().read(b.scratch.offset(0x30)).unwrap()
}

#[test]
fn a_prepared_disc_replaces_the_first_immediately() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, answers) = title(folder.path(), &[]);
    assert_eq!((swap(&mut b, 1, 0), take_event_signal(&mut b)), (Some(0), true), "it is in the drive");
    for number in [0, 4, 0x102, 0xFFFF_FFFF] {
        assert_eq!(b.xam_call("XamSwapDisc", &[number, 0, 0]), INVALID_PARAMETER, "{number:#x}");
    }
    let old = open(&mut b, r"game:\data").unwrap();
    assert_eq!((swap(&mut b, 2, 0), take_event_signal(&mut b)), (Some(0), true));
    let new = open(&mut b, r"D:\DATA").unwrap();
    assert_eq!((first_byte(&mut b, old), first_byte(&mut b, new)), (b'1', b'2'), "the open file goes on");
    assert!(open(&mut b, r"game:\1").is_err() && open(&mut b, r"game:\2").is_ok());
    assert_eq!((swap(&mut b, 2, 8), take_event_signal(&mut b)), (Some(0), true), "it is in the drive");
    assert!(answers.asked.lock().unwrap().is_empty());
    // An event with an invalid address.
    assert_eq!(b.xam_call("XamSwapDisc", &[2, 8, 0]), INVALID_PARAMETER);
    assert_eq!(b.xam_call("XamSwapDisc", &[2, 0, 0]), 0, "no listener is notified");
}

#[test]
fn disc_prompt_repeats_until_the_right_disc_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, answers) = title(folder.path(), &["1", "x", "3"]);
    for (index, text) in [0_u32, b.put_wide_text(0x700, "Wrong disc!") as u32].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(0x80 + 4 * index as u32), text).unwrap();
    }
    let message = u64::from(b.scratch.offset(0x80).0);
    assert_eq!(swap(&mut b, 3, message), None, "the caller waits");
    let other = b.add_thread();
    let caller = b.act_as(other);
    assert_eq!(b.xam_call("XamSwapDisc", &[3, 0, 0]), 5, "one asks at a time");
    b.act_as(caller);
    for _ in 0..2 {
        b.pass_a_field();
        assert_eq!(b.answer(b.thread), None);
        assert!(b.kernel.user.dialog.is_open());
        let kept = b.kernel.user.dialog.request();
        assert!(
            matches!(kept, Some(DialogRequest::Text(text)) if Some(&text) == answers.asked.lock().unwrap().last())
        );
    }
    b.pass_a_field();
    assert_eq!((b.answer(b.thread), take_event_signal(&mut b)), (Some(0), true));
    assert!(open(&mut b, r"game:\3").is_ok() && !b.kernel.user.dialog.is_open());
    let asked = answers.asked.lock().unwrap().clone();
    assert_eq!((asked[0].title.as_str(), asked[0].default.as_str()), ("Insert disc 3", ""));
    assert_eq!(asked[1].description, "Wrong disc!\nit is another");
    assert_eq!(asked[2].default, "x", "it can be mended");
}

#[test]
fn missing_disc_cancels_the_swap() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, _) = title(folder.path(), &["", "1", ""]);
    assert_eq!(swap(&mut b, 3, 0), None);
    b.pass_a_field();
    assert_eq!((b.answer(b.thread), take_event_signal(&mut b)), (Some(CANCELLED), false));
    // The title's message for a wrong disc has an invalid address.
    assert_eq!(swap(&mut b, 3, 8), None);
    b.pass_a_field();
    b.pass_a_field();
    assert_eq!(b.answer(b.thread), Some(CANCELLED));
    assert!(open(&mut b, r"game:\1").is_ok(), "the first is still there");
    let mut none = Harness::new();
    assert_eq!(none.xam_call("XamSwapDisc", &[1, 0, 0]), INVALID_PARAMETER, "a title without discs");
}

#[test]
fn a_machine_goes_back_to_the_disc_of_that_moment() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, _) = title(folder.path(), &["3"]);
    let kernel = b.kernel.clone();
    let saved = || FilesState::of(&kernel).unwrap();
    let restore =
        |(state, bytes): (FilesState, SavedBytes)| state.restore(&kernel, bytes, ChangedFiles::Opened);
    let first = saved();
    assert_eq!(swap(&mut b, 3, 0), None, "the user is asked");
    b.pass_a_field();
    assert_eq!(b.answer(b.thread), Some(0));
    let third = saved();
    for (moment, disc) in [(&third, Some(3)), (&first, None), (&third, Some(3)), (&first, None)] {
        assert_eq!(restore(moment.clone()), Ok(()));
        assert_eq!(kernel.files.lock().disc, disc);
    }
    assert!(open(&mut b, r"game:\1").is_ok() && open(&mut b, r"game:\3").is_err());
    let gone = folder.path().join("3");
    std::fs::remove_dir_all(&gone).unwrap();
    let reason = restore(third).unwrap_err().to_string();
    let named = format!("the disc that was in the drive ({}): ", gone.display());
    assert!(reason.starts_with(&named), "{reason}");
}

#[test]
fn the_title_that_follows_finds_the_disc_that_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let (mut b, _) = title(folder.path(), &[]);
    assert_eq!(swap(&mut b, 2, 0), Some(0));
    let launch = b.kernel.loader().prepare_launch(r"game:\2", 0);
    b.kernel.title.lock().launch = Some(launch);
    let successor = b.kernel.take_successor().unwrap();
    let next = Harness::new();
    next.kernel.inherit(successor.inheritance);
    assert_eq!(next.kernel.files.lock().disc, Some(2));
    assert!(next.kernel.files.lock().vfs.resolve(r"game:\2").is_ok());
}
