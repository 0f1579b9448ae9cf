//! Records the answers of controllers and dialogs, in the format that the parent module describes.
//!
//! Each line is written at once, so a killed run leaves a recording that can be replayed up to that
//! point. The guest gets the real answer even if the file can't be written: the error is reported,
//! and the recording ends there.

use super::dialogs::Answered;
use super::{Answers, Change, Line, Model, Pad, RecordingHeader, RecordingState, USERS};
use crate::output::{self, StreamFile, WriteErrors};
use anyhow::{Context, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_kernel::ports::{Gamepad, Input, PadModel};
use xenia_sched::GuestTicks;
use xenia_sync::Mutex;

/// The recording being written.
pub(super) struct WrittenRecording {
    /// Created when the run begins, so that a run that cannot start does not replace a file.
    out: Option<StreamFile>,
    path: PathBuf,
    header: RecordingHeader,
    /// Guest time of the latest query of a pad or a dialog, which may be ahead of the machine's.
    latest: GuestTicks,
    position: RecordingState,
    write_errors: WriteErrors,
    failed: bool,
}

/// Forwards questions to the real controllers, and records each answer that changed.
pub(super) struct Recorder {
    inner: Box<dyn Input>,
    written: Arc<Mutex<WrittenRecording>>,
}

impl WrittenRecording {
    /// Checks that the file can be written, without creating it.
    pub(super) fn new(path: &Path, header: &RecordingHeader, write_errors: WriteErrors) -> Result<Self> {
        output::check(path).context("the recording")?;
        Ok(Self {
            out: None,
            path: path.to_owned(),
            header: header.clone(),
            latest: 0,
            position: RecordingState::default(),
            write_errors,
            failed: false,
        })
    }

    /// Lets the recording begin at a saved state.
    pub(super) fn begin_at(&mut self, identity: String) {
        self.header.begins_at = Some(identity.clone());
        self.position = RecordingState { begins_at: Some(identity), ..RecordingState::default() };
    }

    /// The position of the run in the recording.
    pub(super) fn state(&self) -> RecordingState {
        self.position.clone()
    }

    /// Creates the file and writes the header, unless that is done.
    pub(super) fn begin(&mut self) {
        self.append("");
    }

    /// Appends a line, unbuffered: lines are rare, and a killed process leaves a readable
    /// recording.
    fn append(&mut self, line: &str) {
        if self.failed {
            return;
        }
        let written = match &mut self.out {
            Some(out) => out.write_all(line.as_bytes()),
            None => serde_json::to_string(&self.header).map_err(Into::into).and_then(|header| {
                let file = StreamFile::create(&self.path)?;
                self.out.insert(file).write_all(format!("{header}\n{line}").as_bytes())
            }),
        };
        if let Err(error) = written {
            self.failed = true;
            self.write_errors.note(format!("the recording {} is incomplete: {error}", self.path.display()));
        }
    }

    /// Counts a question to the controllers.
    fn count_question(&mut self, now: GuestTicks) {
        self.position.asks += 1;
        self.position.asked_at = self.position.asked_at.max(now);
        self.advance_to(now);
    }

    /// Advances the latest guest time.
    pub(super) fn advance_to(&mut self, now: GuestTicks) {
        self.latest = self.latest.max(now);
    }

    /// Records the end of the run.
    pub(super) fn end(&mut self, now: GuestTicks) {
        self.write(now.max(self.latest), 0, Change::End(true));
    }

    fn write(&mut self, at: GuestTicks, user: u32, change: Change) {
        self.put(&Line { at, ask: Some(self.position.asks), user: user as u8, change });
    }

    /// Records the answer to a dialog. It does not answer a controller query, so it has a time but
    /// no number.
    pub(super) fn write_dialog(&mut self, at: GuestTicks, answer: Answered) {
        self.position.dialogs += 1;
        self.put(&Line { at, ask: None, user: 0, change: Change::Dialog(answer) });
    }

    /// Records an answer, if it differs from the last one in its place, which `last` finds.
    fn record_answer<A: PartialEq + Copy>(
        &mut self,
        user: u32,
        now: GuestTicks,
        answer: A,
        last: impl FnOnce(&mut Answers) -> &mut [A; USERS],
        change: impl FnOnce(A) -> Change,
    ) {
        if let Some(last) = last(&mut self.position.answers).get_mut(user as usize)
            && *last != answer
        {
            *last = answer;
            self.write(now, user, change(answer));
        }
    }

    fn put(&mut self, line: &Line) {
        match serde_json::to_string(line) {
            Ok(text) => self.append(&(text + "\n")),
            Err(error) => self.write_errors.note(format!("a line of the recording is lost: {error}")),
        }
    }
}

impl Recorder {
    pub(super) fn new(inner: Box<dyn Input>, written: Arc<Mutex<WrittenRecording>>) -> Self {
        Self { inner, written }
    }

    fn note_pad(&mut self, user: u32, answer: Option<Gamepad>, now: GuestTicks) {
        let pad = answer.map(Pad::from);
        self.written.lock().record_answer(user, now, pad, |last| &mut last.pads, Change::Pad);
    }
}

impl Input for Recorder {
    fn connected(&mut self, now: GuestTicks) -> u8 {
        self.written.lock().count_question(now);
        (0..USERS as u32).fold(0, |connected, user| {
            let answer = self.inner.gamepad(user, now);
            // Changes of a controller that stays connected are recorded by the question about its
            // state.
            let was_there = self.written.lock().position.answers.pads[user as usize].is_some();
            if was_there != answer.is_some() {
                self.note_pad(user, answer, now);
            }
            connected | u8::from(answer.is_some()) << user
        })
    }

    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.written.lock().count_question(now);
        let answer = self.inner.gamepad(user, now);
        self.note_pad(user, answer, now);
        answer
    }

    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.written.lock().count_question(now);
        let answer = self.inner.model(user, now);
        let model = answer.map(Model::from);
        self.written.lock().record_answer(user, now, model, |last| &mut last.models, Change::Model);
        answer
    }

    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool {
        self.written.lock().count_question(now);
        let answer = self.inner.set_vibration(user, left, right, now);
        self.written.lock().record_answer(user, now, answer, |last| &mut last.motors, Change::Motors);
        answer
    }
}
