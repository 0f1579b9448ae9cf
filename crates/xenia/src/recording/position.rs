//! The position of a run in its recording, which its states hold.

use super::Answers;
use super::recorder::WrittenRecording;
use super::replayer::{PlayedRecording, ReplayMark};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xenia_sched::GuestTicks;
use xenia_state::StateSection;
use xenia_sync::Mutex;

/// Position in a recording, as part of a state. Counts are those since the recording's begin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordingState {
    /// Identity of the state at which the recording begins; `None`: it begins with the title.
    pub(super) begins_at: Option<String>,
    /// Number of questions to the controllers.
    pub(super) asks: u64,
    /// Latest guest time of a question to the controllers.
    pub(super) asked_at: GuestTicks,
    /// Number of answers to dialogs.
    pub(super) dialogs: u64,
    /// The controllers' last answers.
    pub(super) answers: Answers,
}

impl StateSection for RecordingState {
    const NAME: &'static str = "recording";
    const VERSION: u16 = 1;
}

/// The recording that a run makes or replays.
pub struct RunRecording(Side);

enum Side {
    Made(Arc<Mutex<WrittenRecording>>),
    Replayed(Arc<Mutex<PlayedRecording>>),
}

impl RunRecording {
    pub(super) fn made(written: Arc<Mutex<WrittenRecording>>) -> Self {
        Self(Side::Made(written))
    }

    pub(super) fn replayed(played: Arc<Mutex<PlayedRecording>>) -> Self {
        Self(Side::Replayed(played))
    }

    /// Marks the beginning of the run.
    pub(crate) fn begin(&self) {
        if let Side::Made(written) = &self.0 {
            written.lock().begin();
        }
    }

    /// Marks the end of the run.
    pub(crate) fn end(&self, now: GuestTicks) {
        if let Side::Made(written) = &self.0 {
            written.lock().end(now);
        }
    }

    /// The position of the run in it.
    pub(crate) fn state(&self) -> RecordingState {
        match &self.0 {
            Side::Made(written) => written.lock().state(),
            Side::Replayed(played) => played.lock().state(),
        }
    }

    /// A mark of the position in the recording that is replayed; `None` if it is made.
    pub(crate) fn mark(&self) -> Option<ReplayMark> {
        match &self.0 {
            Side::Made(_) => None,
            Side::Replayed(played) => Some(played.lock().mark()),
        }
    }

    /// Goes to a marked position.
    pub(crate) fn go_to(&self, mark: ReplayMark) {
        if let Side::Replayed(played) = &self.0 {
            played.lock().go_to(mark);
        }
    }

    /// Continues from a state, by its identity and the position that it holds.
    ///
    /// # Errors
    /// The recording does not pass through this state.
    pub(crate) fn begin_at(&self, identity: String, saved: Option<&RecordingState>) -> Result<()> {
        match &self.0 {
            Side::Made(written) => written.lock().begin_at(identity),
            Side::Replayed(played) => played.lock().begin_at(identity, saved)?,
        }
        Ok(())
    }
}
