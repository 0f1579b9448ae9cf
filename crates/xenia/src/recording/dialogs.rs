//! Dialogs in recordings: their answers, and the guest times of these.

use super::{PlayedRecording, WrittenRecording};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs};
use xenia_sched::GuestTicks;
use xenia_sync::Mutex;

/// A recorded answer; mirrors [`DialogAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answered {
    /// The dialog was cancelled.
    Left,
    /// Index of the button that was pressed.
    Pressed(u32),
    /// The text that was entered.
    Entered(String),
}

impl From<DialogAnswer> for Answered {
    fn from(answer: DialogAnswer) -> Self {
        match answer {
            DialogAnswer::Left => Self::Left,
            DialogAnswer::Pressed(button) => Self::Pressed(button),
            DialogAnswer::Entered(text) => Self::Entered(text),
        }
    }
}

impl From<Answered> for DialogAnswer {
    fn from(answer: Answered) -> Self {
        match answer {
            Answered::Left => Self::Left,
            Answered::Pressed(button) => Self::Pressed(button),
            Answered::Entered(text) => Self::Entered(text),
        }
    }
}

/// Forwards dialogs, and records their answers.
pub(super) struct DialogRecorder {
    inner: Box<dyn Dialogs>,
    written: Arc<Mutex<WrittenRecording>>,
}

impl DialogRecorder {
    pub(super) fn new(inner: Box<dyn Dialogs>, written: Arc<Mutex<WrittenRecording>>) -> Self {
        Self { inner, written }
    }
}

impl Dialogs for DialogRecorder {
    fn open(&mut self, request: DialogRequest, now: GuestTicks) {
        self.inner.open(request, now);
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        self.written.lock().advance_to(now);
        let answer = self.inner.answer(now)?;
        self.written.lock().write_dialog(now, answer.clone().into());
        Some(answer)
    }

    fn withdraw(&mut self) {
        self.inner.withdraw();
    }
}

/// Answers dialogs from a recording.
pub(super) struct DialogReplayer(Arc<Mutex<PlayedRecording>>);

impl DialogReplayer {
    pub(super) fn new(played: Arc<Mutex<PlayedRecording>>) -> Self {
        Self(played)
    }
}

impl Dialogs for DialogReplayer {
    fn open(&mut self, _: DialogRequest, _: GuestTicks) {}

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        self.0.lock().answer_dialog(now).map(DialogAnswer::from)
    }
}
