//! What the machine's thread leaves for the window: the newest frame, and the figures.

use super::meter::{Figures, Meter};
use super::page::{Phase, Stopped};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use winit::event_loop::EventLoopProxy;
use xenia_gpu::Frame;

/// Wakes the window.
#[derive(Debug)]
pub(crate) enum Message {
    /// There is something in the mailbox.
    Mail,
    /// The machine has ended.
    Ended,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The newest frame, if the window has not taken it yet, and its number.
    pub(super) frame: Option<(u64, Frame)>,
    /// Whether there are figures that the window has not seen.
    pub(super) news: bool,
    /// What the figures come to.
    pub(super) meter: Meter,
    /// What a machine without a frame is doing.
    pub(super) phase: Phase,
    /// The dialog that is open.
    pub(super) dialog: Option<Vec<String>>,
    /// Why the machine has stopped.
    pub(super) stopped: Option<Stopped>,
    /// Whether the window has been woken and not looked yet.
    woken: bool,
}

/// The mailbox; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    mail: Arc<Mutex<Mail>>,
    start: Instant,
}

impl Mailbox {
    pub(super) fn new() -> Self {
        Self { mail: Arc::default(), start: Instant::now() }
    }

    /// When the window was made.
    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// Time since then.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// What is in it. Held for a moment only.
    pub(super) fn open(&self) -> MutexGuard<'_, Mail> {
        // What a thread that panicked has left is whole: it only puts things in.
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is in it, on the window's waking: the next thing put in wakes it again.
    pub(super) fn answer(&self) -> MutexGuard<'_, Mail> {
        let mut mail = self.open();
        mail.woken = false;
        mail
    }

    /// Puts something in. True if the window must be woken.
    fn put(&self, into: impl FnOnce(&mut Mail, Duration)) -> bool {
        let mut mail = self.open();
        into(&mut mail, self.now());
        !std::mem::replace(&mut mail.woken, true)
    }
}

/// Sends frames to the window; the window closes when the machine says that it ended.
#[derive(Clone)]
pub struct FrameSender {
    pub(super) mailbox: Mailbox,
    pub(super) proxy: EventLoopProxy<Message>,
}

impl FrameSender {
    /// Shows frame `number`.
    pub fn frame(&self, number: u64, frame: Frame) {
        self.put(|mail, now| {
            mail.frame = Some((number, frame));
            mail.meter.frame(now);
        });
    }

    /// Says how the machine is doing; a few times a second is enough.
    pub fn figures(&self, figures: Figures) {
        self.put(|mail, now| {
            mail.meter.sample(now, figures);
            mail.news = true;
        });
    }

    /// Says what a machine that has shown nothing yet is doing. [`Phase::Loading`] is that of a new
    /// one: what the last one has left in the window goes.
    pub fn phase(&self, phase: Phase) {
        self.put(|mail, _| {
            if phase == Phase::Loading {
                (mail.frame, mail.stopped, mail.dialog, mail.meter) = (None, None, None, Meter::default());
            }
            mail.phase = phase;
            mail.news = true;
        });
    }

    /// Shows a dialog of the machine's over the picture, in these lines; `None`: it is over.
    pub fn dialog(&self, lines: Option<Vec<String>>) {
        self.put(|mail, _| {
            mail.dialog = lines;
            mail.news = true;
        });
    }

    /// Says why the machine has stopped, over the last frame.
    pub fn stopped(&self, why: Stopped) {
        self.put(|mail, _| {
            mail.stopped = Some(why);
            mail.news = true;
        });
    }

    /// Closes the window.
    pub fn end(&self) {
        // An error says that it is closed already.
        let _ = self.proxy.send_event(Message::Ended);
    }

    fn put(&self, into: impl FnOnce(&mut Mail, Duration)) {
        if self.mailbox.put(into) {
            // An error says that the window is closed: nobody looks any more.
            let _ = self.proxy.send_event(Message::Mail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32) -> Frame {
        Frame { width, height: 1, rgba: vec![0; width as usize * 4] }
    }

    #[test]
    fn the_newest_frame_is_what_the_window_finds_and_it_is_woken_once() {
        let mailbox = Mailbox::new();
        let send = |number, width| mailbox.put(|mail, _| mail.frame = Some((number, frame(width))));
        assert!(send(1, 10));
        assert!(!send(2, 20) && !send(3, 30), "woken, but has not looked");
        let taken = mailbox.answer().frame.take().map(|(number, frame)| (number, frame.width));
        assert_eq!(taken, Some((3, 30)));
        assert!(mailbox.open().frame.is_none());
        assert!(send(4, 40), "looking is not answering twice");
    }
}
