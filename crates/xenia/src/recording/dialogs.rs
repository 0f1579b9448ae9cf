//! Dialogs in recordings: their answers, and the guest times of these.

use super::{Change, End, Tape, Trouble};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs};
use xenia_sched::GuestTicks;

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
    tape: Arc<Mutex<Tape>>,
}

impl DialogRecorder {
    pub(super) fn new(inner: Box<dyn Dialogs>, tape: Arc<Mutex<Tape>>) -> Self {
        Self { inner, tape }
    }
}

impl Dialogs for DialogRecorder {
    fn open(&mut self, request: DialogRequest, now: GuestTicks) {
        self.inner.open(request, now);
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        self.tape.lock().look(now);
        let answer = self.inner.answer(now)?;
        self.tape.lock().write_timed(now, Change::Dialog(answer.clone().into()));
        Some(answer)
    }
}

/// Answers dialogs from a recording.
pub(super) struct DialogReplayer {
    answers: VecDeque<(GuestTicks, Answered)>,
    end: Option<End>,
    trouble: Trouble,
}

impl DialogReplayer {
    pub(super) fn new(answers: VecDeque<(GuestTicks, Answered)>, end: Option<End>, trouble: Trouble) -> Self {
        Self { answers, end, trouble }
    }
}

impl Dialogs for DialogReplayer {
    fn open(&mut self, _: DialogRequest, now: GuestTicks) {
        // A recorded run may have ended with a dialog open.
        if self.answers.is_empty() && self.end.is_none() {
            self.trouble.end(|| {
                format!("the recording has no answer to the dialog that the title opens at tick {now}")
            });
        }
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        let Some((at, _)) = self.answers.front() else {
            if let Some(end) = self.end.filter(|end| now > end.at) {
                self.trouble.end(|| {
                    format!("the recording ends at tick {}, and a dialog is open after that", end.at)
                });
            }
            return None;
        };
        if *at > now {
            return None;
        }
        let (at, answer) = self.answers.pop_front()?;
        if at != now {
            self.trouble.note(|| {
                format!("the run left the recording: a dialog was answered at tick {at}, and is looked at at tick {now}")
            });
        }
        Some(answer.into())
    }
}
