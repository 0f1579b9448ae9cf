//! Tests of dialogs: requests, the time of the answer, and notification.

mod cancelled_requests;
mod gamer_card;
mod kinect;

use super::*;
use xenia_kernel::ports::{
    DialogAnswer, DialogRequest, Dialogs, Gamepad, Icon, Input, MessageBox, TextRequest,
};
use xenia_sched::GuestTicks;

/// A dialog port with scripted answers after some polls; it records the requests.
#[derive(Clone, Default)]
struct Scripted {
    button: Option<u32>,
    line: Option<String>,
    /// Number of polls without an answer.
    polls_left: Arc<Mutex<u32>>,
    asked: Arc<Mutex<Vec<DialogRequest>>>,
}

impl Scripted {
    fn boxes(&self) -> Vec<MessageBox> {
        let asked = self.asked.lock().unwrap().clone().into_iter();
        asked
            .filter_map(
                |request| if let DialogRequest::Message(message) = request { Some(message) } else { None },
            )
            .collect()
    }

    fn texts(&self) -> Vec<TextRequest> {
        let asked = self.asked.lock().unwrap().clone().into_iter();
        asked
            .filter_map(|request| if let DialogRequest::Text(text) = request { Some(text) } else { None })
            .collect()
    }
}

impl Dialogs for Scripted {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        self.asked.lock().unwrap().push(request);
    }

    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        let mut polls_left = self.polls_left.lock().unwrap();
        if *polls_left > 0 {
            *polls_left -= 1;
            return None;
        }
        Some(match self.asked.lock().unwrap().last()? {
            DialogRequest::Message(_) => self.button.map_or(DialogAnswer::Left, DialogAnswer::Pressed),
            DialogRequest::Text(_) => self.line.clone().map_or(DialogAnswer::Left, DialogAnswer::Entered),
        })
    }
}

const OVERLAPPED: u32 = 0x40;
const RESULT: u32 = 0x20;
const SUCCESS: u64 = 0;
const INVALID_PARAMETER: u64 = 0x57;
const CANCELLED: u64 = 0x4C7;
const ACCESS_DENIED: u64 = 5;
const FOCUSED: u64 = 0xFD;
/// Fields from an answer to the end of the user interface.
const CLOSING_FIELDS: usize = 6;

fn harness(answers: &Scripted) -> Harness {
    let b = Harness::new();
    *b.kernel.devices.dialogs.lock() = Box::new(answers.clone());
    b
}

#[test]
fn a_message_box_shows_all_its_texts() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    let base = u64::from(b.scratch.0);
    let title = b.put_wide_text(0x100, "Title");
    let text = b.put_wide_text(0x200, "Zwölf");
    for (index, label) in ["Yes", "No"].into_iter().enumerate() {
        let label = b.put_wide_text(0x300 + 0x40 * index as u32, label);
        b.memory().write(b.scratch.offset(0x80 + 4 * index as u32), label as u32).unwrap();
    }
    b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
    let labels = base + 0x80;
    let result = base + 0x20;
    let overlapped = base + 0x40;
    let plain = [0xFF, title, text, 2, labels, 1, 2, result, overlapped];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &plain), IO_PENDING);
    assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (99, IO_PENDING));
    b.pass_a_field();
    assert_eq!((b.word(RESULT), b.word(OVERLAPPED)), (0, 0));
    let extended = [3, title, text, 2, labels, 1, 1, 0x1234, result, overlapped];
    assert_eq!(b.xam_call("XamShowMessageBoxUIEx", &extended), IO_PENDING);
    b.pass_a_field();
    let asked: Vec<MessageBox> = answers.boxes();
    assert_eq!(asked[0].user, None);
    assert_eq!((asked[0].icon, asked[1].icon), (Icon::Warning, Icon::Error));
    assert_eq!(asked[1].user, Some(3));
    assert_eq!((asked[0].title.as_str(), asked[0].text.as_str()), ("Title", "Zwölf"));
    assert_eq!((asked[0].buttons.as_slice(), asked[0].focus), (&["Yes".to_owned(), "No".to_owned()][..], 1));
}

#[test]
fn a_closed_message_box_is_cancelled() {
    for (button, flags) in [(None, 0), (Some(2), 0), (Some(0), 0x1_0000)] {
        let mut b = harness(&Scripted { button, ..Scripted::default() });
        let base = u64::from(b.scratch.0);
        b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
        let arguments = [FOCUSED, 0, 0, 2, base + 0x80, 1, flags, base + 0x20, base + 0x40];
        assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
        b.pass_a_field();
        assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (99, CANCELLED));
        assert_eq!(b.word(OVERLAPPED + 0x18), 0x8007_04C7);
    }
}

#[test]
fn message_boxes_that_make_no_sense_are_refused() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    let base = u64::from(b.scratch.0);
    let labels = base + 0x80;
    let result = base + 0x20;
    for (user, buttons, labels, focus, result) in [
        (4, 1, labels, 0, result),
        (0xFE, 1, labels, 0, result),
        (0, 4, labels, 0, result),
        (0, 0xFFFF_FFFF, labels, 0, result),
        (0, 1, labels, 1, result),
        (0, 1, 0, 0, result),
        (0, 1, 0x10, 0, result),
        (0, 1, labels, 0, 0),
    ] {
        let arguments = [user, 0, 0, buttons, labels, focus, 0, result, 0];
        assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), INVALID_PARAMETER, "{arguments:x?}");
    }
    // A label with an invalid address.
    b.memory().write(b.scratch.offset(0x80), 8_u32).unwrap();
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &[0, 0, 0, 1, labels, 0, 0, result, 0]), INVALID_PARAMETER);
    assert!(answers.boxes().is_empty());
}

#[test]
fn buttons_without_a_text_are_not_shown_and_one_is_always_there() {
    for (count, labels, focus, buttons, focused, stored) in [
        (0, [None, None, None], 0, "OK", 0, 0),
        (1, [Some(""), None, None], 0, "OK", 0, 0),
        (3, [Some(""), None, Some("Yes")], 2, "Yes", 0, 2),
        (3, [Some("No"), Some(""), Some("Yes")], 2, "No|Yes", 1, 0),
    ] {
        let answers = Scripted { button: Some(0), ..Scripted::default() };
        let mut b = harness(&answers);
        let base = u64::from(b.scratch.0);
        for (index, label) in (0..).zip(labels) {
            let text = label.map_or(0, |label| b.put_wide_text(0x200 + 0x20 * index, label) as u32);
            b.memory().write(b.scratch.offset(0x80 + 4 * index), text).unwrap();
        }
        b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
        let result = base + u64::from(RESULT);
        let overlapped = base + u64::from(OVERLAPPED);
        let labels = if count == 0 { 0 } else { base + 0x80 };
        let arguments = [0, 0, 0, count, labels, focus, 0, result, overlapped];
        assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
        b.pass_a_field();
        let asked = answers.boxes();
        assert_eq!((asked[0].buttons.join("|"), asked[0].focus), (buttons.to_owned(), focused));
        assert_eq!(b.word(RESULT), stored);
    }
}

#[test]
fn entered_text_is_cut_to_the_buffer() {
    for (line, length, outcome, units) in [
        (Some("Abcdef"), 4, SUCCESS, [0x41, 0x62, 0x63, 0, 0xFFFF]),
        (Some("Ab"), 0xFFFF_FFFF, SUCCESS, [0x41, 0x62, 0, 0xFFFF, 0xFFFF]),
        (Some("Ab"), 1, SUCCESS, [0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]),
        // Half a character is not stored.
        (Some("Ab\u{1F3AE}"), 4, SUCCESS, [0x41, 0x62, 0, 0xFFFF, 0xFFFF]),
        (Some("Ab"), 0, INVALID_PARAMETER, [0xFFFF; 5]),
        (None, 4, CANCELLED, [0xFFFF; 5]),
    ] {
        let answers = Scripted { line: line.map(str::to_owned), ..Scripted::default() };
        let mut b = harness(&answers);
        let default = b.put_wide_text(0x100, "Default");
        let buffer = b.scratch.offset(0x400);
        b.memory().fill(buffer, 0x20, 0xFF).unwrap();
        let overlapped = u64::from(b.scratch.offset(OVERLAPPED).0);
        let arguments = [0, 0, default, 0, 0, u64::from(buffer.0), length, overlapped];
        let returned = b.xam_call("XamShowKeyboardUI", &arguments);
        b.pass_a_field();
        let expected = if outcome == INVALID_PARAMETER { (outcome, 0) } else { (IO_PENDING, outcome) };
        assert_eq!((returned, u64::from(b.word(OVERLAPPED))), expected);
        let found: [u16; 5] =
            std::array::from_fn(|index| b.memory().read(buffer.offset(2 * index as u32)).unwrap());
        assert_eq!(found, units);
        if outcome != INVALID_PARAMETER {
            let asked = answers.texts();
            assert_eq!((asked[0].default.as_str(), asked[0].limit), ("Default", length as u32 - 1));
        }
    }
    let mut b = harness(&Scripted { line: Some(String::new()), ..Scripted::default() });
    assert_eq!(b.xam_call("XamShowKeyboardUI", &[0, 0, 0, 0, 0, 0, 4, 0]), INVALID_PARAMETER);
    assert_eq!(b.xam_call("XamShowKeyboardUI", &[4, 0, 0, 0, 0, 8, 4, 0]), INVALID_PARAMETER);
}

/// A controller whose button A is held.
struct Held;

impl Input for Held {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        (user == 0).then(|| Gamepad { packet: 1, buttons: 0x1000, ..Gamepad::default() })
    }
    fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        true
    }
}

#[test]
fn open_dialog_captures_controllers_and_refuses_others() {
    let answers = Scripted { button: Some(0), polls_left: Arc::new(Mutex::new(3)), ..Scripted::default() };
    let mut b = harness(&answers);
    *b.kernel.devices.input.lock() = Box::new(Held);
    let base = u64::from(b.scratch.0);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let ui = |b: &mut Harness| {
        let heard = b.xam_call("XNotifyGetNext", &[listener, 9, base + 0x60, base + 0x64]);
        (heard == 1).then(|| b.word(0x64))
    };
    assert_eq!(ui(&mut b), Some(0), "at first");
    let arguments = [0, 0, 0, 1, base + 0x80, 0, 0, base + 0x20, base + 0x40];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    for _ in 0..3 {
        assert_eq!(b.xam_call("XamIsUIActive", &[]), 1);
        assert_eq!(b.xam_call("XamInputGetState", &[0, 0, base]), SUCCESS);
        assert_eq!((b.word(0), b.word(4)), (1, 0), "the pad rests");
        assert_eq!(b.xam_call("XamInputGetKeystroke", &[0, 0, base]), 0x10D2);
        for (name, arguments) in [
            ("XamShowMessageBoxUI", &arguments[..]),
            ("XamShowSigninUI", &[1, 0]),
            ("XamShowFriendsUI", &[0]),
        ] {
            assert_eq!(b.xam_call(name, arguments), ACCESS_DENIED, "{name}");
        }
        // The kernel keeps the dialog that the port shows.
        let kept = b.kernel.user.dialog.request();
        assert!(kept.is_some() && kept.as_ref() == answers.asked.lock().unwrap().last());
        b.pass_a_field();
    }
    assert_eq!((ui(&mut b), ui(&mut b)), (Some(1), None));
    b.pass_a_field();
    assert_eq!(b.kernel.user.dialog.request(), None);
    assert_eq!((b.xam_call("XamIsUIActive", &[]), b.word(OVERLAPPED), ui(&mut b)), (1, 0, None));
    assert_eq!(b.xam_call("XamInputGetState", &[0, 0, base]), SUCCESS);
    assert_eq!(b.word(4), 0x1000_0000);
    (0..CLOSING_FIELDS).for_each(|_| b.pass_a_field());
    assert_eq!((b.xam_call("XamIsUIActive", &[]), ui(&mut b), ui(&mut b)), (0, Some(0), None));
}

#[test]
fn a_listener_made_after_the_answer_hears_the_end_of_the_dialog() {
    let mut b = harness(&Scripted { button: Some(0), ..Scripted::default() });
    let base = u64::from(b.scratch.0);
    let first = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let ui = |b: &mut Harness, listener| {
        let heard = b.xam_call("XNotifyGetNext", &[listener, 9, base + 0x60, base + 0x64]);
        (heard == 1).then(|| b.word(0x64))
    };
    let arguments = [0, 0, 0, 1, base + 0x80, 0, 0, base + 0x20, base + 0x40];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    b.pass_a_field();
    assert_eq!(b.word(OVERLAPPED), 0);
    let second = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    assert_eq!((ui(&mut b, second), ui(&mut b, second)), (Some(1), None));
    // The next dialog opens before the user interface of the first has disappeared.
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    assert_eq!([(); 3].map(|()| ui(&mut b, second)), [Some(0), Some(1), None]);
    (0..=CLOSING_FIELDS).for_each(|_| b.pass_a_field());
    assert_eq!([(); 2].map(|()| ui(&mut b, second)), [Some(0), None]);
    assert_eq!([(); 6].map(|()| ui(&mut b, first)), [Some(0), Some(1), Some(0), Some(1), Some(0), None]);
    let last = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    assert_eq!([(); 2].map(|()| ui(&mut b, last)), [Some(0), None]);
}

#[test]
fn a_device_that_is_chosen_without_a_dialog_notifies_of_a_user_interface() {
    let answers = Scripted::default();
    let mut b = harness(&answers);
    let base = u64::from(b.scratch.0);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    let ui = |b: &mut Harness| {
        let heard = b.xam_call("XNotifyGetNext", &[listener, 9, base + 0x60, base + 0x64]);
        (heard == 1).then(|| b.word(0x64))
    };
    assert_eq!([(); 2].map(|()| ui(&mut b)), [Some(0), None]);
    let arguments = [0, 1, 0, 0x10_0000, base + 0x20, base + 0x40];
    for _ in 0..2 {
        assert_eq!(b.xam_call("XamShowDeviceSelectorUI", &arguments), IO_PENDING);
        b.pass_a_field();
        assert_eq!((b.word(RESULT), b.word(OVERLAPPED), b.xam_call("XamIsUIActive", &[])), (1, 0, 1));
        assert_eq!([(); 2].map(|()| ui(&mut b)), [Some(1), None]);
        (0..CLOSING_FIELDS).for_each(|_| b.pass_a_field());
        assert_eq!([(); 2].map(|()| ui(&mut b)), [Some(0), None]);
        assert_eq!(b.xam_call("XamIsUIActive", &[]), 0);
    }
    assert!(answers.boxes().is_empty());
}

#[test]
fn a_call_without_an_overlapped_waits_for_its_answer() {
    let answers =
        Scripted { line: Some("Ab".to_owned()), polls_left: Arc::new(Mutex::new(1)), ..Scripted::default() };
    let mut b = harness(&answers);
    let buffer = u64::from(b.scratch.offset(0x400).0);
    let flow = b.call(Library::xam, "XamShowKeyboardUI", &[0, 0, 0, 0, 0, buffer, 8, 0]);
    let kernel = b.kernel.clone();
    let thread = b.thread;
    b.act(thread, |cpu, running| {
        let mut call = Call::new(&kernel, cpu, running);
        kernel.apply(&mut call, flow)
    });
    assert_eq!(b.answer(thread), None);
    b.pass_a_field();
    assert_eq!(b.answer(thread), None, "it was not answered");
    b.pass_a_field();
    assert_eq!((b.answer(thread), b.word(0x400)), (Some(SUCCESS), 0x0041_0062));
}

#[test]
fn a_dialog_ends_though_its_result_cannot_be_stored() {
    let mut b = harness(&Scripted { button: Some(0), ..Scripted::default() });
    let base = u64::from(b.scratch.0);
    let arguments = [0, 0, 0, 1, base + 0x80, 0, 0, 8, base + 0x40];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    b.pass_a_field();
    assert_eq!(u64::from(b.word(OVERLAPPED)), INVALID_PARAMETER);
    (0..CLOSING_FIELDS).for_each(|_| b.pass_a_field());
    assert_eq!(b.xam_call("XamIsUIActive", &[]), 0);
    let arguments = [0, 0, 0, 1, base + 0x80, 0, 0, base, 0x10];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), INVALID_PARAMETER, "nowhere to say it");
    assert_eq!(b.xam_call("XamIsUIActive", &[]), 0);
}

#[test]
fn pages_of_the_online_service_appear_and_say_so() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    for (name, arguments, result) in [
        ("XamShowFriendsUI", &[0][..], SUCCESS),
        ("XamShowFriendsUI", &[3], ACCESS_DENIED),
        ("XamShowMessagesUI", &[0], SUCCESS),
        ("XamShowMessageComposeUI", &[0], SUCCESS),
        ("XamShowMessageComposeUI", &[3], ACCESS_DENIED),
        ("XamShowGameInviteUI", &[0, 5, 1], SUCCESS),
        ("XamShowGameInviteUI", &[3, 5, 1], ACCESS_DENIED),
        ("XamShowPlayersUI", &[0], SUCCESS),
        ("XamShowGamerCardUI", &[1], ACCESS_DENIED),
        ("XamShowGamerCardUIForXUID", &[0, 5], SUCCESS),
        ("XamShowFriendRequestUI", &[0, 5], SUCCESS),
        ("XamShowPlayerReviewUI", &[0, 5], SUCCESS),
        ("XamShowAchievementsUI", &[0, 0], SUCCESS),
        ("XamShowAchievementsUI", &[9, 0], 0x525),
        ("XamShowEditProfileUI", &[0], SUCCESS),
        ("XamShowMarketplaceUI", &[0, 0, 1, 2], SUCCESS),
        ("XamShowMarketplaceUI", &[1, 0, 1, 2], 0x525),
        ("XamShowMarketplaceUIEx", &[0, 0, 1, 2], SUCCESS),
        ("XamShowMarketplaceUIEx", &[4, 0, 1, 2], INVALID_PARAMETER),
        ("XamShowPartyUI", &[0], 0x65B),
        ("XamShowCommunitySessionsUI", &[0], 0x65B),
    ] {
        let before = answers.boxes().len();
        assert_eq!(b.xam_call(name, arguments), result, "{name}");
        assert_eq!(answers.boxes().len() - before, usize::from(result == SUCCESS), "{name}");
        b.pass_a_field();
        assert!(!b.kernel.user.dialog.is_open());
    }
}

#[test]
fn marketplace_downloads_end_as_cancelled() {
    let answers = Scripted { button: Some(0), ..Scripted::default() };
    let mut b = harness(&answers);
    let base = u64::from(b.scratch.0);
    for (user, offers, count, result) in [
        (4, base, 1, INVALID_PARAMETER),
        (0, 0, 1, INVALID_PARAMETER),
        (0, base, 7, INVALID_PARAMETER),
        (0, base, 6, IO_PENDING),
    ] {
        // The development kit's function passes 0 before the result, and at the end.
        let arguments = [user, 1000, offers, count, 0, base + 0x20, base + 0x40, 0];
        assert_eq!(b.xam_call("XamShowMarketplaceDownloadItemsUI", &arguments), result);
    }
    assert_eq!(b.xam_call("XamIsUIActive", &[]), 1);
    b.pass_a_field();
    assert_eq!((b.word(RESULT), b.word(OVERLAPPED)), (0x8007_04C7, 0));
    let nobody = [3, 1000, base, 1, 0, base + 0x20, 0, 0];
    assert_eq!(b.xam_call("XamShowMarketplaceDownloadItemsUI", &nobody), 0x525);
}

#[test]
fn party_and_camera_calls_report_absence() {
    let mut b = harness(&Scripted::default());
    let base = u64::from(b.scratch.0);
    assert_eq!(b.xam_call("XamPartyGetUserList", &[0, base]) as u32, 0x807D_0003);
    for name in ["XamPartySendGameInvites", "XamPartySetCustomData", "XamPartyGetBandwidth"] {
        assert_eq!(b.xam_call(name, &[0, 0, 0, 0]), 0x65B, "{name}");
    }
    b.memory().fill(b.scratch, 28, 0xFF).unwrap();
    b.xam_call("XamNuiGetDeviceStatus", &[base]);
    assert_eq!([0, 4, 8, 12, 16, 20, 24].map(|at| b.word(at)), [0, 0, 0, 0, 0, 0, u32::MAX]);
    b.xam_call("XamNuiGetDeviceStatus", &[0]);
}

#[test]
fn cancelled_dialogs_select_nothing() {
    let mut b = harness(&Scripted::default());
    let base = u64::from(b.scratch.0);
    let arguments = [0, 1, 0x200, 0, base + 0x20, base + 0x40];
    assert_eq!(b.xam_call("XamShowDeviceSelectorUI", &arguments), IO_PENDING);
    b.pass_a_field();
    assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (0, CANCELLED));
    assert_eq!(b.xam_call("XamShowSigninUI", &[4, 0]), SUCCESS);
    b.pass_a_field();
    assert_eq!(b.kernel.user.profiles.lock().mask(), 1);
    assert_eq!(b.xam_call("XamShowSigninUIEx", &[2, 0, base + 0x40]), IO_PENDING);
    b.pass_a_field();
    assert_eq!((b.word(OVERLAPPED), b.kernel.user.profiles.lock().mask()), (0, 1));
}

#[test]
fn message_boxes_complete_through_their_overlapped() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 1, 0]), NtStatus::SUCCESS);
    let event = b.word(0);
    b.memory().write(b.scratch.offset(0x4C), event).unwrap();
    for (index, label) in (0..).zip(["No", "Yes"]) {
        let text = b.put_wide_text(0xA0 + 0x10 * index, label) as u32;
        b.memory().write(b.scratch.offset(0x90 + 4 * index), text).unwrap();
    }
    let arguments = [0, 0, 0, 2, base + 0x90, 1, 0, base + 0x20, base + 0x40];
    assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
    assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (0, IO_PENDING), "under way");
    b.pass_a_field();
    assert_eq!((b.word(0x20), b.word(0x40), b.word(0x58)), (1, 0, 0));
    assert_eq!(b.status("NtQueryEvent", &[u64::from(event), base + 0x80]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x84), 1);
    assert_eq!(b.xam_call("XamInputGetState", &[0, 0, base]), 0x48F);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    b.xam_call("XamShowSigninUI", &[1, 0]);
    (0..=CLOSING_FIELDS).for_each(|_| b.pass_a_field());
    let mut heard = Vec::new();
    while b.xam_call("XNotifyGetNext", &[listener, 0, base, base + 4]) == 1 {
        heard.push((b.word(0), b.word(4)));
    }
    assert_eq!(heard, [(9, 1), (0xA, 1), (9, 0), (9, 1), (0xA, 1), (9, 0)]);
}
