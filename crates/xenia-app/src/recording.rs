//! Recordings: everything from outside that reaches the guest of a lockstep run, and feeding it
//! back.
//!
//! In lockstep guest time comes from instruction counts, files come with the title, and a recorded
//! run begins without saves, so what is left from outside is the controllers and the answers to
//! dialogs. A recording is JSON lines: a [`Header`], then a line for each answer of a controller
//! that differs from the one before:
//!
//! ```text
//! {"recording":2,"program":"0.1.0","title":"t.xex","image_loaded_sha256":"…","sched_order":"fixed","quantum":50000,"start_time":132500000000000000,"network":"loopback","gpu":"reference","arguments":[]}
//! {"at":73125,"ask":12,"user":0,"pad":{"packet":1,"buttons":16,"left_trigger":0,…}}
//! {"at":73125,"ask":13,"user":0,"model":{"kind":1,"has_motors":true,"wireless":false,"battery":null}}
//! {"at":99000,"ask":31,"user":0,"pad":null}
//! {"at":99000,"ask":32,"user":0,"motors":false}
//! {"at":831250,"user":0,"dialog":{"pressed":1}}
//! {"at":900000,"ask":32,"user":0,"end":true}
//! ```
//!
//! `ask` counts the guest's questions to the controllers: two questions may fall on one tick, and
//! the answer may have changed between them. `at` is guest time; a replay in which a question comes
//! at another time than it was recorded for has left the recording, and says so. A line written by
//! hand may leave `ask` out: it holds from the first question at or after `at`.
//!
//! The last line says when the run ended, and how many questions it had asked; one that was killed
//! has none. Nobody knows what a title would have been answered after that: the replay that comes
//! to ask for it ends there.

mod dialogs;
mod header;
mod recorder;
mod replayer;

pub use header::Header;

use crate::output::Losses;
use anyhow::Result;
use dialogs::{Answered, DialogRecorder};
use parking_lot::Mutex;
use recorder::{Recorder, Tape};
use replayer::Replayer;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use xenia_kernel::ports::{Dialogs, Gamepad, Input, PadKind, PadModel};
use xenia_sched::GuestTicks;

/// Controllers.
const USERS: usize = 4;

/// A controller's state as recorded; the fields of [`Gamepad`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pad {
    packet: u32,
    buttons: u16,
    left_trigger: u8,
    right_trigger: u8,
    left_x: i16,
    left_y: i16,
    right_x: i16,
    right_y: i16,
}

impl From<Gamepad> for Pad {
    fn from(pad: Gamepad) -> Self {
        let Gamepad { packet, buttons, left_trigger, right_trigger, left_x, left_y, right_x, right_y } = pad;
        Self { packet, buttons, left_trigger, right_trigger, left_x, left_y, right_x, right_y }
    }
}

impl From<Pad> for Gamepad {
    fn from(pad: Pad) -> Self {
        let Pad { packet, buttons, left_trigger, right_trigger, left_x, left_y, right_x, right_y } = pad;
        Self { packet, buttons, left_trigger, right_trigger, left_x, left_y, right_x, right_y }
    }
}

/// What a controller is, as recorded; the fields of [`PadModel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    /// As titles are told it.
    kind: u8,
    has_motors: bool,
    wireless: bool,
    battery: Option<u8>,
}

impl From<PadModel> for Model {
    fn from(model: PadModel) -> Self {
        let PadModel { kind, has_motors, wireless, battery } = model;
        Self { kind: kind as u8, has_motors, wireless, battery }
    }
}

impl From<Model> for PadModel {
    fn from(model: Model) -> Self {
        let Model { kind, has_motors, wireless, battery } = model;
        let known = PadKind::ALL.into_iter().find(|known| *known as u8 == kind);
        Self { kind: known.unwrap_or_default(), has_motors, wireless, battery }
    }
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// The controller's state; `null`: there is none.
    Pad(Option<Pad>),
    /// What it is; `null`: there is none.
    Model(Option<Model>),
    /// Whether running its motors works.
    Motors(bool),
    /// What the dialog that is open was answered.
    Dialog(Answered),
    /// The run ended; always true.
    End(bool),
}

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// Guest time, in ticks.
    at: GuestTicks,
    /// Which question to the controllers this answers, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<u64>,
    #[serde(default)]
    user: u8,
    #[serde(flatten)]
    change: Change,
}

/// Where a recorded run ended.
#[derive(Clone, Copy, Debug)]
struct End {
    at: GuestTicks,
    /// Questions to the controllers until then, if it says so.
    asks: Option<u64>,
}

impl End {
    /// Whether a question of this number and time comes after it.
    fn is_before_question(&self, number: u64, now: GuestTicks) -> bool {
        self.asks.map_or(now > self.at, |asks| number > asks)
    }
}

#[derive(Debug, Default)]
struct Left {
    /// Where; the first time only.
    said: Option<String>,
    /// The recording is over.
    is_over: bool,
    /// Stops the machine.
    stop: Option<Arc<AtomicBool>>,
}

/// Where a replay left its recording; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<Mutex<Left>>);

impl Trouble {
    fn note(&self, what: impl FnOnce() -> String) {
        self.0.lock().said.get_or_insert_with(what);
    }

    /// There is nothing more to answer with: the run ends.
    fn end(&self, what: impl FnOnce() -> String) {
        self.note(what);
        let mut left = self.0.lock();
        left.is_over = true;
        if let Some(stop) = &left.stop {
            stop.store(true, Relaxed);
        }
    }

    /// Sets `stop` when the recording is over.
    pub fn watch(&self, stop: Arc<AtomicBool>) {
        self.0.lock().stop = Some(stop);
    }

    /// Whether the recording is over, and the run with it.
    pub fn is_over(&self) -> bool {
        self.0.lock().is_over
    }

    /// What went wrong, if something did.
    pub fn get(&self) -> Option<String> {
        self.0.lock().said.clone()
    }
}

/// A recording that is being made.
pub struct Made(Arc<Mutex<Tape>>);

impl Made {
    /// The run begins.
    pub fn begin(&self) {
        self.0.lock().begin();
    }

    /// The run has ended.
    pub fn end(&self, now: GuestTicks) {
        self.0.lock().end(now);
    }
}

/// The answers that the guest got last.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    pads: [Option<Pad>; USERS],
    models: [Option<Model>; USERS],
    motors: [bool; USERS],
}

/// The controllers and whoever answers dialogs: all that is outside.
pub type Outside = (Box<dyn Input>, Box<dyn Dialogs>);

/// Passes questions on, and writes down what is answered.
pub fn record(path: &Path, header: &Header, outside: Outside, losses: Losses) -> Result<(Outside, Made)> {
    let tape = Arc::new(Mutex::new(Tape::new(path, header, losses)?));
    let input = Recorder::new(outside.0, tape.clone());
    let dialogs = DialogRecorder::new(outside.1, tape.clone());
    Ok(((Box::new(input), Box::new(dialogs)), Made(tape)))
}

/// Answers as a recording says; refuses one of another title or under other conditions than
/// `run`'s.
pub fn replay(path: &Path, run: &Header, trouble: Trouble) -> Result<Outside> {
    let (input, dialogs) = Replayer::open(path, run, trouble)?;
    Ok((Box::new(input), Box::new(dialogs)))
}

#[cfg(test)]
mod tests;
