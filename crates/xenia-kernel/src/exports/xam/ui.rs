//! Dialogs (`XamShow*`). Whoever is behind the port answers messages and enters text; users are signed in
//! without being asked.

use crate::abi::{Call, Flow, Out, Ptr, WideText};
use crate::ports::{Icon, MessageBox, TextRequest};
use crate::status::failure::Fallible;
use crate::title;
use crate::user::notifications::{Notification, id};
use crate::user::overlapped::{Completed, complete};
use crate::user::profile::USERS;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Ui;

/// Buttons of a message box.
const BUTTON_LIMIT: u32 = 3;

/// The interface appears and disappears at once; listeners hear both.
pub(super) fn appear(call: &mut Call) -> Fallible<()> {
    for parameter in [1, 0] {
        call.kernel.notify(call.cpu, Notification { id: id::SYSTEM_UI, parameter })?;
    }
    Ok(())
}

/// Any user, as an index.
const ANY_USER: u32 = 0xFF;
/// Flag of the sign-in dialog: profiles of the online service alone.
const ONLINE_ONLY: u32 = 2;
/// Flags: a passcode is entered in place of a button.
const PASSCODE: u32 = 0x3_0000;

/// Signs users in, and tells who listens; also if nobody was to be signed in.
fn sign_in(call: &mut Call, panes: u32, flags: u32) -> Fallible<Win32Error> {
    if !matches!(panes, 1 | 2 | 4) {
        return Ok(Win32Error::INVALID_PARAMETER);
    }
    call.kernel.notify(call.cpu, Notification { id: id::SYSTEM_UI, parameter: 1 })?;
    let (users, new) = {
        let mut profiles = call.kernel.user.profiles.lock();
        let panes = if flags & ONLINE_ONLY == 0 { panes } else { 0 };
        let free: Vec<u32> = (0..panes).filter(|&user| profiles.get(user).is_none()).collect();
        let new: Vec<_> = free.into_iter().filter_map(|user| profiles.sign_in(user).cloned()).collect();
        (profiles.mask(), new)
    };
    for profile in new {
        if let Err(error) = call.kernel.files.lock().packages.store.save_profile(&profile) {
            tracing::error!(target: "vfs", "the profile {} is not saved: {error}", profile.name());
        }
    }
    call.kernel.notify(call.cpu, Notification { id: id::SIGN_IN_CHANGED, parameter: users })?;
    call.kernel.notify(call.cpu, Notification { id: id::SYSTEM_UI, parameter: 0 })?;
    Ok(Win32Error::SUCCESS)
}

/// A dialog's user; `None` for any.
fn user_of(index: u32) -> Result<Option<u32>, Win32Error> {
    match index {
        ANY_USER => Ok(None),
        index if index < USERS => Ok(Some(index)),
        _ => Err(Win32Error::INVALID_PARAMETER),
    }
}

fn text_or_empty(call: &Call, text: Option<WideText>) -> Fallible<String> {
    Ok(text.map(|text| text.text(call.memory())).transpose()?.unwrap_or_default())
}

/// Arguments of a message box.
#[derive(Clone, Copy)]
struct Message {
    user: u32,
    title: Option<WideText>,
    text: Option<WideText>,
    buttons: u32,
    labels: Ptr<GuestAddr>,
    focus: u32,
    flags: u32,
    result: Option<Out<u32>>,
    overlapped: Option<GuestAddr>,
}

impl Message {
    /// What is to be shown, with its labels; `None` if the arguments are not valid.
    fn request(&self, call: &Call) -> Fallible<Option<MessageBox>> {
        let Ok(user) = user_of(self.user) else { return Ok(None) };
        if !(1..=BUTTON_LIMIT).contains(&self.buttons) || self.focus >= self.buttons || self.labels.is_null()
        {
            return Ok(None);
        }
        let memory = call.memory();
        let label = |index| -> Fallible<String> {
            let label = self.labels.at(index).read(memory)?;
            text_or_empty(call, Some(WideText(label)).filter(|label| !label.0.is_null()))
        };
        Ok(Some(MessageBox {
            user,
            icon: match self.flags & 0xF {
                1 => Icon::Error,
                2 => Icon::Warning,
                3 => Icon::Alert,
                _ => Icon::None,
            },
            title: text_or_empty(call, self.title)?,
            text: text_or_empty(call, self.text)?,
            buttons: (0..self.buttons).map(label).collect::<Fallible<_>>()?,
            focus: self.focus,
        }))
    }

    fn show(self, call: &mut Call) -> Fallible<Win32Error> {
        let (Some(request), Some(result)) = (self.request(call)?, self.result) else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        // The console's owner has set no passcode, so none that is entered is right.
        let pressed = if self.flags & PASSCODE == 0 {
            call.kernel.devices.dialogs.lock().message_box(&request).filter(|&button| button < self.buttons)
        } else {
            None
        };
        tracing::info!(target: "kernel", "{request:?}: {pressed:?}");
        if let Some(button) = pressed {
            result.set(call.memory(), button)?;
        }
        appear(call)?;
        let outcome = if pressed.is_some() { Win32Error::SUCCESS } else { Win32Error::CANCELLED };
        complete(call, self.overlapped, Completed::with(outcome))
    }
}

#[exports(xam)]
impl Ui {
    /// Shows a message with one to three buttons, and stores the index of the one that was pressed.
    #[export(Done)]
    fn XamShowMessageBoxUI(
        call: &mut Call,
        user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        labels: Ptr<GuestAddr>,
        focus: u32,
        flags: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Message { user, title, text, buttons, labels, focus, flags, result, overlapped }.show(call)
    }

    /// As `XamShowMessageBoxUI`, with one more argument, which changes nothing that titles see.
    #[export(Done)]
    fn XamShowMessageBoxUIEx(
        call: &mut Call,
        user: u32,
        title: Option<WideText>,
        text: Option<WideText>,
        buttons: u32,
        labels: Ptr<GuestAddr>,
        focus: u32,
        flags: u32,
        _unknown: u32,
        result: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Message { user, title, text, buttons, labels, focus, flags, result, overlapped }.show(call)
    }

    /// Lets as many users sign in as there are panes. Nobody is asked: where a place is free, a profile of the console's own
    /// takes it, unless only one of the online service will do.
    #[export(Partial)]
    fn XamShowSigninUI(call: &mut Call, panes: u32, flags: u32) -> Fallible<Win32Error> {
        sign_in(call, panes, flags)
    }

    /// As `XamShowSigninUI`, for a user who has asked for it.
    #[export(Partial)]
    fn XamShowSigninUIp(call: &mut Call, _user: u32, panes: u32, flags: u32) -> Fallible<Win32Error> {
        sign_in(call, panes, flags)
    }

    /// Lets a user enter text, and stores what fits, with its end.
    #[export(Done)]
    fn XamShowKeyboardUI(
        call: &mut Call,
        user: u32,
        _flags: u32,
        default: Option<WideText>,
        title: Option<WideText>,
        description: Option<WideText>,
        buffer: Option<Ptr<u16>>,
        length: u32,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let (Ok(user), Some(buffer), Some(limit)) = (user_of(user), buffer, length.checked_sub(1)) else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        let request = TextRequest {
            user,
            title: text_or_empty(call, title)?,
            description: text_or_empty(call, description)?,
            default: text_or_empty(call, default)?,
            limit,
        };
        let entered = call.kernel.devices.dialogs.lock().text(&request);
        tracing::info!(target: "kernel", "{request:?}: {entered:?}");
        appear(call)?;
        let Some(text) = entered else {
            return complete(call, overlapped, Completed::with(Win32Error::CANCELLED));
        };
        let units = text.encode_utf16().take(limit as usize).chain([0]);
        for (index, unit) in units.enumerate() {
            buffer.at(index as u32).write(call.memory(), unit)?;
        }
        complete(call, overlapped, Completed::with(Win32Error::SUCCESS))
    }

    /// Whether a dialog is on the screen: each is over before the guest runs again.
    #[export(Constant)]
    fn XamIsUIActive(_call: &mut Call) -> bool {
        false
    }

    /// Says that the disc can't be read, and ends the title.
    #[export(Done)]
    fn XamShowDirtyDiscErrorUI(call: &mut Call, _user: u32) -> Flow<()> {
        tracing::error!(target: "kernel", "the title reports a disc that can't be read");
        title::terminate(call).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use crate::exports::bench::Bench;
    use crate::ports::{Dialogs, Icon, MessageBox, TextRequest};
    use std::sync::{Arc, Mutex};

    /// Answers as it was told to, and keeps what it was asked.
    #[derive(Clone, Default)]
    struct Scripted {
        button: Option<u32>,
        line: Option<String>,
        boxes: Arc<Mutex<Vec<MessageBox>>>,
        texts: Arc<Mutex<Vec<TextRequest>>>,
    }

    impl Dialogs for Scripted {
        fn message_box(&mut self, request: &MessageBox) -> Option<u32> {
            self.boxes.lock().unwrap().push(request.clone());
            self.button
        }
        fn text(&mut self, request: &TextRequest) -> Option<String> {
            self.texts.lock().unwrap().push(request.clone());
            self.line.clone()
        }
    }

    const OVERLAPPED: u32 = 0x40;
    const RESULT: u32 = 0x20;
    const SUCCESS: u64 = 0;
    const INVALID_PARAMETER: u64 = 0x57;
    const CANCELLED: u64 = 0x4C7;
    const IO_PENDING: u64 = 0x3E5;

    fn bench(answers: &Scripted) -> Bench {
        let b = Bench::new();
        *b.kernel.devices.dialogs.lock() = Box::new(answers.clone());
        b
    }

    #[test]
    fn a_message_box_is_asked_with_all_it_says() {
        let answers = Scripted { button: Some(0), ..Scripted::default() };
        let mut b = bench(&answers);
        let base = u64::from(b.scratch.0);
        let (title, text) = (b.put_wide_text(0x100, "Title"), b.put_wide_text(0x200, "Zwölf"));
        for (index, label) in ["Yes", "No"].into_iter().enumerate() {
            let label = b.put_wide_text(0x300 + 0x40 * index as u32, label);
            b.memory().write(b.scratch.offset(0x80 + 4 * index as u32), label as u32).unwrap();
        }
        b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
        let (labels, result, overlapped) = (base + 0x80, base + 0x20, base + 0x40);
        let plain = [0xFF, title, text, 2, labels, 1, 2, result, overlapped];
        assert_eq!(b.xam_call("XamShowMessageBoxUI", &plain), IO_PENDING);
        assert_eq!((b.word(RESULT), b.word(OVERLAPPED)), (0, 0));
        let extended = [3, title, text, 2, labels, 1, 1, 0x1234, result, 0];
        assert_eq!(b.xam_call("XamShowMessageBoxUIEx", &extended), SUCCESS);
        let asked = answers.boxes.lock().unwrap();
        assert_eq!(asked[0].user, None);
        assert_eq!((asked[0].icon, asked[1].icon), (Icon::Warning, Icon::Error));
        assert_eq!(asked[1].user, Some(3));
        assert_eq!((asked[0].title.as_str(), asked[0].text.as_str()), ("Title", "Zwölf"));
        assert_eq!(
            (asked[0].buttons.as_slice(), asked[0].focus),
            (&["Yes".to_owned(), "No".to_owned()][..], 1)
        );
    }

    #[test]
    fn a_message_box_that_is_left_is_cancelled() {
        for (button, flags) in [(None, 0), (Some(2), 0), (Some(0), 0x1_0000)] {
            let mut b = bench(&Scripted { button, ..Scripted::default() });
            let base = u64::from(b.scratch.0);
            b.memory().write(b.scratch.offset(RESULT), 99_u32).unwrap();
            let arguments = [0, 0, 0, 2, base + 0x80, 1, flags, base + 0x20, base + 0x40];
            assert_eq!(b.xam_call("XamShowMessageBoxUI", &arguments), IO_PENDING);
            assert_eq!((b.word(RESULT), u64::from(b.word(OVERLAPPED))), (99, CANCELLED));
            assert_eq!(b.word(OVERLAPPED + 0x18), 0x8007_04C7);
        }
    }

    #[test]
    fn message_boxes_that_make_no_sense_are_refused() {
        let answers = Scripted { button: Some(0), ..Scripted::default() };
        let mut b = bench(&answers);
        let base = u64::from(b.scratch.0);
        let (labels, result) = (base + 0x80, base + 0x20);
        for (user, buttons, labels, focus, result) in [
            (4, 1, labels, 0, result),
            (0xFE, 1, labels, 0, result),
            (0, 0, labels, 0, result),
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
        // A label that is no address.
        b.memory().write(b.scratch.offset(0x80), 8_u32).unwrap();
        assert_eq!(
            b.xam_call("XamShowMessageBoxUI", &[0, 0, 0, 1, labels, 0, 0, result, 0]),
            INVALID_PARAMETER
        );
        assert!(answers.boxes.lock().unwrap().is_empty());
    }

    #[test]
    fn entered_text_is_cut_to_the_buffer() {
        for (line, length, outcome, units) in [
            (Some("Abcdef"), 4, SUCCESS, [0x41, 0x62, 0x63, 0, 0xFFFF]),
            (Some("Ab"), 0xFFFF_FFFF, SUCCESS, [0x41, 0x62, 0, 0xFFFF, 0xFFFF]),
            (Some("Ab"), 1, SUCCESS, [0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]),
            (Some("Ab"), 0, INVALID_PARAMETER, [0xFFFF; 5]),
            (None, 4, CANCELLED, [0xFFFF; 5]),
        ] {
            let answers = Scripted { line: line.map(str::to_owned), ..Scripted::default() };
            let mut b = bench(&answers);
            let default = b.put_wide_text(0x100, "Default");
            let buffer = b.scratch.offset(0x400);
            b.memory().fill(buffer, 0x20, 0xFF).unwrap();
            let arguments = [0, 0, default, 0, 0, u64::from(buffer.0), length, 0];
            assert_eq!(b.xam_call("XamShowKeyboardUI", &arguments), outcome);
            let found: [u16; 5] =
                std::array::from_fn(|index| b.memory().read(buffer.offset(2 * index as u32)).unwrap());
            assert_eq!(found, units);
            if outcome != INVALID_PARAMETER {
                let asked = answers.texts.lock().unwrap();
                assert_eq!((asked[0].default.as_str(), asked[0].limit), ("Default", length as u32 - 1));
            }
        }
        let mut b = bench(&Scripted { line: Some(String::new()), ..Scripted::default() });
        assert_eq!(b.xam_call("XamShowKeyboardUI", &[0, 0, 0, 0, 0, 0, 4, 0]), INVALID_PARAMETER);
        assert_eq!(b.xam_call("XamShowKeyboardUI", &[4, 0, 0, 0, 0, 8, 4, 0]), INVALID_PARAMETER);
    }
}
