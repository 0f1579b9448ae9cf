//! Mailbox from the machine's thread to the window: the newest frame, and figures.

use super::ControllerKeys;
use super::meter::{Figures, Meter};
use super::osd::MailedText;
use super::page::{Phase, Stopped};
use super::profile::ProfileNews;
use crate::backend::Device;
use crate::backend::device::WindowDevice;
use crate::picture::PictureChange;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use winit::event_loop::EventLoopProxy;
use xenia_gpu::SwapPicture;
use xenia_sync::{Level, Mutex, MutexGuard};
use xenia_ui::{ConsoleDialog, InternalsPane, LibraryModel, PageFailure, StoredData};

/// Event that wakes the window.
#[derive(Debug)]
pub(crate) enum WindowMessage {
    /// The mailbox has new contents.
    Mail,
    /// Pads hold other parts now.
    Pads(HeldParts),
    /// A backend has lost the window's graphics device, and waits for the next one.
    DeviceLost,
    /// The machine has ended.
    Ended,
}

/// The parts that pads hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldParts {
    /// Buttons, as bits of the console's own states; a stick acts as the directional pad.
    pub buttons: u16,
    /// Parts that are pressed on purpose, triggers and directions of sticks, too, as the client
    /// numbers them ([`super::InputClient::bind_parts`]).
    pub parts: u32,
}

/// Change of the title that is open.
#[derive(Debug)]
pub(super) enum TitleChange {
    /// A title of this name is opened.
    Open(String),
    /// No title is open, maybe because of a failure.
    Home(Option<PageFailure>),
}

/// Data that a title has left on the disk.
#[derive(Debug)]
pub(super) struct TitleStored {
    /// The title's file; `None`: the demo.
    pub(super) path: Option<PathBuf>,
    pub(super) data: StoredData,
}

/// A frame of the machine, and its number from the start of the run.
#[derive(Clone, Debug)]
pub(super) struct NumberedPicture {
    pub(super) number: u64,
    pub(super) picture: SwapPicture,
}

/// Contents of the [`Mailbox`].
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// Newest frame, if the window has not taken it yet.
    pub(super) frame: Option<NumberedPicture>,
    /// Whether there are figures that the window has not shown.
    pub(super) news: bool,
    /// Meter of the figures.
    pub(super) meter: Meter,
    /// Activity of a machine before its first frame.
    pub(super) phase: Phase,
    /// Keys of the machine's controller.
    pub(super) controller: ControllerKeys,
    /// The machine's open dialog.
    pub(super) dialog: Option<ConsoleDialog>,
    /// The machine's internals, once they have arrived.
    pub(super) internals: Option<Arc<Vec<InternalsPane>>>,
    /// Messages to show for a while, the oldest first.
    pub(super) messages: Vec<MailedText>,
    /// Changes of the picture's settings that the window has not made yet, the oldest first.
    pub(super) pictures: Vec<PictureChange>,
    /// Reason why the machine has stopped.
    pub(super) stopped: Option<Stopped>,
    /// The newest library, if the window has not taken it yet.
    pub(super) library: Option<Arc<LibraryModel>>,
    /// The data that a title has left, if the window has not taken it yet.
    pub(super) stored: Option<TitleStored>,
    /// Data of profiles that the window has not taken yet, the oldest first.
    pub(super) profile: Vec<ProfileNews>,
    /// Whether another title or none is open now, if the window was not notified of that yet.
    pub(super) change: Option<TitleChange>,
    /// Whether a wake-up event is pending.
    woken: bool,
}

impl Mail {
    /// Drops what is shown of a machine that has ended.
    fn forget_machine(&mut self) {
        self.frame = None;
        self.stopped = None;
        self.dialog = None;
        self.meter = Meter::default();
    }

    /// Adds a message, in place of the oldest one if the window has taken none for long.
    fn add_message(&mut self, text: MailedText) {
        if self.messages.len() >= MAX_MAILED {
            self.messages.remove(0);
        }
        self.messages.push(text);
    }

    /// Notes the activity of a machine before its first frame.
    fn begin(&mut self, phase: Phase) {
        if phase == Phase::Loading {
            self.forget_machine();
        }
        self.phase = phase;
        self.news = true;
    }

    /// Notes that no title is open any more.
    fn come_home(&mut self, failure: Option<PageFailure>) {
        self.forget_machine();
        self.phase = Phase::Loading;
        self.controller = ControllerKeys::default();
        self.change = Some(TitleChange::Home(failure));
    }
}

/// Contents that the window takes out of the [`Mailbox`].
pub(super) struct NewMail {
    /// The newest frame.
    pub(super) frame: Option<NumberedPicture>,
    /// Whether the meter has figures that the window has not shown.
    pub(super) has_figures: bool,
    /// Whether a title is being loaded, so that the last frame belongs to the previous title.
    pub(super) is_loading: bool,
    /// Messages, the oldest first.
    pub(super) messages: Vec<MailedText>,
    /// Changes of the picture's settings, the oldest first.
    pub(super) pictures: Vec<PictureChange>,
    pub(super) library: Option<Arc<LibraryModel>>,
    pub(super) stored: Option<TitleStored>,
    pub(super) profile: Vec<ProfileNews>,
    pub(super) change: Option<TitleChange>,
}

/// Largest number of messages that wait for the window, more than it shows.
const MAX_MAILED: usize = 64;

/// Ordinal of the mailbox's lock, after those of the crate xenia (`lock_order.rs` there).
const MAILBOX: u32 = 16;

/// Shared mailbox; clones refer to the same contents.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    mail: Arc<Mutex<Mail>>,
    start: Instant,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        let mail = Mutex::numbered(Level::Host, MAILBOX, Mail::default());
        Self { mail: Arc::new(mail), start: Instant::now() }
    }

    /// Time when the window was created.
    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Time since the window was created.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Locks the contents; must be held only briefly.
    pub(super) fn open(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock()
    }

    /// Takes new contents in response to a wake-up event, so that the next change sends another
    /// one.
    pub(super) fn take_new(&self) -> NewMail {
        let mut mail = self.open();
        mail.woken = false;
        NewMail {
            frame: mail.frame.take(),
            has_figures: std::mem::take(&mut mail.news),
            is_loading: mail.phase == Phase::Loading,
            messages: std::mem::take(&mut mail.messages),
            pictures: std::mem::take(&mut mail.pictures),
            library: mail.library.take(),
            stored: mail.stored.take(),
            profile: std::mem::take(&mut mail.profile),
            change: mail.change.take(),
        }
    }

    /// Changes the contents. Returns true if the window must be woken.
    fn put(&self, into: impl FnOnce(&mut Mail, Duration)) -> bool {
        let mut mail = self.open();
        into(&mut mail, self.now());
        !std::mem::replace(&mut mail.woken, true)
    }
}

/// Sender of frames to the window. The window closes when the machine ends.
#[derive(Clone)]
pub struct FrameSender {
    pub(super) mailbox: Mailbox,
    pub(super) device: Arc<WindowDevice>,
    pub(super) proxy: EventLoopProxy<WindowMessage>,
}

impl FrameSender {
    /// The device on which a backend can make pictures that the window shows without a copy;
    /// `None` if the window's can't draw.
    pub fn device(&self) -> Option<Device> {
        self.device.offered()
    }

    /// Shows frame `number`.
    pub fn frame(&self, number: u64, picture: SwapPicture) {
        self.put(|mail, now| {
            mail.frame = Some(NumberedPicture { number, picture });
            mail.meter.frame(now);
        });
    }

    /// Sends figures; a few times per second is enough.
    pub fn figures(&self, figures: &Figures) {
        self.put(|mail, now| {
            mail.meter.sample(now, figures);
            mail.news = true;
        });
    }

    /// Sets the activity of a machine before its first frame. [`Phase::Loading`] means a new
    /// machine: it clears the last one's frame, dialog and figures.
    pub fn phase(&self, phase: Phase) {
        self.put(|mail, _| mail.begin(phase));
    }

    /// Shows the library as it is now.
    pub fn library(&self, library: Arc<LibraryModel>) {
        self.put(|mail, _| mail.library = Some(library));
    }

    /// Shows the data that the title in this file, or the demo, has left on the disk.
    pub fn stored(&self, path: Option<PathBuf>, data: StoredData) {
        self.put(|mail, _| mail.stored = Some(TitleStored { path, data }));
    }

    /// Shows data of profiles on their pages. Each request has few answers.
    pub fn profile(&self, news: ProfileNews) {
        self.put(|mail, _| mail.profile.push(news));
    }

    /// Shows the page of the library, because no title is open any more, and the failure that is
    /// the reason.
    pub fn home(&self, failure: Option<PageFailure>) {
        self.put(|mail, _| mail.come_home(failure));
    }

    /// Sets the name of the title that is opened, and leaves the page of the library.
    pub fn title(&self, name: String) {
        self.put(|mail, _| mail.change = Some(TitleChange::Open(name)));
    }

    /// Changes the picture's settings between titles.
    pub fn change_picture(&self, change: PictureChange) {
        self.put(|mail, _| mail.pictures.push(change));
    }

    /// Sets the keys of the machine's controller.
    pub fn controller(&self, keys: ControllerKeys) {
        self.put(|mail, _| {
            mail.controller = keys;
            mail.news = true;
        });
    }

    /// Shows a dialog of the machine over the frame; `None` closes it.
    pub fn dialog(&self, dialog: Option<ConsoleDialog>) {
        self.put(|mail, _| {
            mail.dialog = dialog;
            mail.news = true;
        });
    }

    /// Shows over the last frame why the machine has stopped.
    pub fn stopped(&self, why: Stopped) {
        self.put(|mail, _| {
            mail.stopped = Some(why);
            mail.news = true;
        });
    }

    /// Shows the machine's internals on its page.
    pub fn internals(&self, panes: Vec<InternalsPane>) {
        self.put(|mail, _| {
            mail.internals = Some(Arc::new(panes));
            mail.news = true;
        });
    }

    /// Shows a message over the frame for a while.
    pub fn message(&self, text: String) {
        self.put(|mail, _| mail.add_message(MailedText::Note(text)));
    }

    /// Shows a value that changes over the frame for a while, in place of the one before.
    pub fn value(&self, text: String) {
        self.put(|mail, _| mail.add_message(MailedText::Value(text)));
    }

    /// Sends what pads hold now, for the menu.
    pub fn pads(&self, held: HeldParts) {
        // The send fails if the window is closed, so no thread needs the event.
        let _ = self.proxy.send_event(WindowMessage::Pads(held));
    }

    /// Closes the window.
    pub fn end(&self) {
        // The send fails if the window is closed already.
        let _ = self.proxy.send_event(WindowMessage::Ended);
    }

    fn put(&self, into: impl FnOnce(&mut Mail, Duration)) {
        if self.mailbox.put(into) {
            // The send fails if the window is closed, so no thread needs the event.
            let _ = self.proxy.send_event(WindowMessage::Mail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::Frame;

    fn frame(number: u64, width: u32) -> NumberedPicture {
        let rgba = vec![0; width as usize * 4];
        NumberedPicture { number, picture: SwapPicture::Bytes(Frame { width, height: 1, rgba }) }
    }

    #[test]
    fn the_newest_frame_is_what_the_window_finds_and_it_is_woken_once() {
        let mailbox = Mailbox::new();
        let send = |number, width| mailbox.put(|mail, _| mail.frame = Some(frame(number, width)));
        assert!(send(1, 10));
        assert!(!send(2, 20) && !send(3, 30), "woken, but has not looked");
        let taken = mailbox.take_new().frame.map(|frame| (frame.number, frame.picture.size().width));
        assert_eq!(taken, Some((3, 30)));
        assert!(mailbox.open().frame.is_none());
        assert!(send(4, 40), "looking is not answering twice");
    }

    #[test]
    fn messages_are_all_taken_once_and_of_the_library_the_newest() {
        let mailbox = Mailbox::new();
        let library = |progress: &str| {
            Arc::new(LibraryModel { progress: Some(progress.to_owned()), ..LibraryModel::default() })
        };
        for text in ["one", "two"] {
            mailbox.put(|mail, _| mail.messages.push(MailedText::Note(text.to_owned())));
            mailbox.put(|mail, _| mail.library = Some(library(text)));
        }
        mailbox.put(|mail, _| mail.change = Some(TitleChange::Home(None)));
        mailbox.put(|mail, _| mail.change = Some(TitleChange::Open("next".to_owned())));
        let taken = mailbox.take_new();
        let texts: Vec<&str> = taken
            .messages
            .iter()
            .map(|message| match message {
                MailedText::Note(text) | MailedText::Value(text) => text.as_str(),
            })
            .collect();
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(taken.library, Some(library("two")));
        assert!(matches!(taken.change, Some(TitleChange::Open(name)) if name == "next"));
        let again = mailbox.take_new();
        assert!(again.messages.is_empty() && again.library.is_none() && again.change.is_none());
    }

    #[test]
    fn messages_that_no_window_takes_are_bounded() {
        let mailbox = Mailbox::new();
        for number in 0..=MAX_MAILED {
            mailbox.put(|mail, _| mail.add_message(MailedText::Note(number.to_string())));
        }
        let messages = mailbox.take_new().messages;
        assert_eq!(messages.len(), MAX_MAILED);
        assert!(matches!(&messages[0], MailedText::Note(text) if text == "1"), "the oldest is gone");
    }

    #[test]
    fn a_new_machine_replaces_what_is_shown_of_the_last_one() {
        let last = |mailbox: &Mailbox| {
            mailbox.put(|mail, now| {
                mail.frame = Some(frame(1, 10));
                mail.stopped = Some(Stopped::default());
                mail.meter.frame(now);
                mail.messages.push(MailedText::Note("saved".to_owned()));
                mail.phase = Phase::Running;
            });
        };
        let begin: fn(&mut Mail) = |mail| mail.begin(Phase::Loading);
        let come_home: fn(&mut Mail) = |mail| mail.come_home(None);
        for change in [begin, come_home] {
            let mailbox = Mailbox::new();
            last(&mailbox);
            mailbox.put(|mail, _| change(mail));
            assert!(mailbox.open().stopped.is_none());
            let taken = mailbox.take_new();
            assert!(taken.frame.is_none() && taken.is_loading && taken.messages.len() == 1);
        }
        // The phases after it belong to the same machine.
        let mailbox = Mailbox::new();
        last(&mailbox);
        mailbox.put(|mail, _| mail.begin(Phase::Running));
        assert!(mailbox.open().stopped.is_some());
        let taken = mailbox.take_new();
        assert!(taken.frame.is_some() && !taken.is_loading && taken.has_figures);
    }
}
