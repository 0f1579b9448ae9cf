//! Records the answers of controllers and dialogs.

use super::{Answers, Change, Line, Model, Pad, RecordingHeader, USERS};
use crate::output::{self, WriteErrors};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_kernel::ports::{Gamepad, Input, PadModel};
use xenia_sched::GuestTicks;

/// The recording being written.
pub(super) struct Tape {
    /// Created when the run begins, so that a run that cannot start does not replace a file.
    out: Option<File>,
    path: PathBuf,
    /// The header line.
    header: String,
    asks: u64,
    /// Guest time of the latest question, which may be ahead of the machine's.
    latest: GuestTicks,
    write_errors: WriteErrors,
    failed: bool,
}

/// Forwards questions to the real controllers, and records each answer that changed.
pub(super) struct Recorder {
    inner: Box<dyn Input>,
    tape: Arc<Mutex<Tape>>,
    last: Answers,
}

impl Tape {
    /// Checks that the file can be written, without creating it.
    pub(super) fn new(path: &Path, header: &RecordingHeader, write_errors: WriteErrors) -> Result<Self> {
        output::check(path).context("the recording")?;
        let header = serde_json::to_string(header)? + "\n";
        Ok(Self { out: None, path: path.to_owned(), header, asks: 0, latest: 0, write_errors, failed: false })
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
            None => File::create(&self.path).and_then(|file| {
                self.out.insert(file).write_all((std::mem::take(&mut self.header) + line).as_bytes())
            }),
        };
        if let Err(error) = written {
            self.failed = true;
            self.write_errors.note(format!("the recording {} is not whole: {error}", self.path.display()));
        }
    }

    /// Counts a question to the controllers.
    fn ask(&mut self, now: GuestTicks) {
        self.asks += 1;
        self.look(now);
    }

    /// Advances the latest guest time.
    pub(super) fn look(&mut self, now: GuestTicks) {
        self.latest = self.latest.max(now);
    }

    /// Records the end of the run.
    pub(super) fn end(&mut self, now: GuestTicks) {
        self.write(now.max(self.latest), 0, Change::End(true));
    }

    fn write(&mut self, at: GuestTicks, user: u32, change: Change) {
        self.put(&Line { at, ask: Some(self.asks), user: user as u8, change });
    }

    /// Records a change that does not answer a question to the controllers; it has a time but no
    /// number.
    pub(super) fn write_timed(&mut self, at: GuestTicks, change: Change) {
        self.put(&Line { at, ask: None, user: 0, change });
    }

    fn put(&mut self, line: &Line) {
        match serde_json::to_string(line) {
            Ok(text) => self.append(&(text + "\n")),
            Err(error) => self.write_errors.note(format!("a line of the recording is lost: {error}")),
        }
    }
}

impl Recorder {
    pub(super) fn new(inner: Box<dyn Input>, tape: Arc<Mutex<Tape>>) -> Self {
        Self { inner, tape, last: Answers::default() }
    }

    fn note_pad(&mut self, user: u32, answer: Option<Gamepad>, now: GuestTicks) {
        let pad = answer.map(Pad::from);
        if let Some(last) = self.last.pads.get_mut(user as usize)
            && *last != pad
        {
            *last = pad;
            self.tape.lock().write(now, user, Change::Pad(pad));
        }
    }
}

impl Input for Recorder {
    fn connected(&mut self, now: GuestTicks) -> u8 {
        self.tape.lock().ask(now);
        (0..USERS as u32).fold(0, |connected, user| {
            let answer = self.inner.gamepad(user, now);
            // Changes of a controller that stays connected are recorded by the question about its
            // state.
            if self.last.pads[user as usize].is_some() != answer.is_some() {
                self.note_pad(user, answer, now);
            }
            connected | u8::from(answer.is_some()) << user
        })
    }

    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.tape.lock().ask(now);
        let answer = self.inner.gamepad(user, now);
        self.note_pad(user, answer, now);
        answer
    }

    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.tape.lock().ask(now);
        let answer = self.inner.model(user, now);
        let model = answer.map(Model::from);
        if let Some(last) = self.last.models.get_mut(user as usize)
            && *last != model
        {
            *last = model;
            self.tape.lock().write(now, user, Change::Model(model));
        }
        answer
    }

    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool {
        self.tape.lock().ask(now);
        let answer = self.inner.set_vibration(user, left, right, now);
        if let Some(last) = self.last.motors.get_mut(user as usize)
            && *last != answer
        {
            *last = answer;
            self.tape.lock().write(now, user, Change::Motors(answer));
        }
        answer
    }
}
