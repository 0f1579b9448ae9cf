//! Recordings: records all input from outside that reaches the guest of a lockstep run, and replays
//! it.
//!
//! In lockstep guest time comes from instruction counts, files come with the title, and a recorded
//! run begins without saves; the remaining input from outside is that of the controllers and the
//! answers to dialogs. A recording is a file of JSON lines: a [`RecordingHeader`], then a line for
//! each answer of a controller that differs from the previous one:
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
//! the answer may have changed between them. `at` is guest time; a replay that asks a question at
//! another time than the recorded one has left the recording, and reports it. Lines written by
//! hand may omit `ask`: they hold from the first question at or after `at`.
//!
//! The last line has the time of the run's end and the number of its questions; it is missing if
//! the run was killed, and a line that was cut then is left out. Answers after the end are unknown,
//! so a replay that asks for one ends there.
//!
//! A run that continues from a saved state can be recorded, too: its header names the state, and
//! its questions are counted from there. A state that was saved by a run with a recording holds the
//! position in it ([`RecordingState`]), so that a replay can begin at that state.

mod dialogs;
mod header;
mod position;
mod recorder;
mod replayer;

pub use header::RecordingHeader;
pub(crate) use position::RecordingState;
pub use position::RunRecording;
pub(crate) use replayer::ReplayMark;

use crate::lock_order;
use crate::output::WriteErrors;
use anyhow::Result;
use dialogs::{Answered, DialogRecorder, DialogReplayer};
use recorder::{Recorder, WrittenRecording};
use replayer::{PlayedRecording, Replayer};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use xenia_kernel::ports::{Dialogs, Gamepad, Input, PadKind, PadModel};
use xenia_sched::GuestTicks;
use xenia_sync::{Level, Mutex};

/// Number of controllers.
const USERS: usize = xenia_guest::USERS as usize;

/// Recorded state of a controller; the fields of [`Gamepad`].
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

/// Recorded model of a controller; the fields of [`PadModel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    /// Kind of the controller, as titles see it.
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

/// A recorded answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// The controller's state; `null` if it is disconnected.
    Pad(Option<Pad>),
    /// The controller's model; `null` if it is disconnected.
    Model(Option<Model>),
    /// Whether setting the motors succeeds.
    Motors(bool),
    /// Answer to the open dialog.
    Dialog(Answered),
    /// The end of the run; always true.
    End(bool),
}

impl Change {
    /// The names of all variants, for messages.
    const NAMES: &str = "pad, model, motors, dialog and end";
}

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// Guest time, in ticks.
    at: GuestTicks,
    /// Number of the question to the controllers, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<u64>,
    #[serde(default)]
    user: u8,
    #[serde(flatten)]
    change: Change,
}

/// End of a recorded run.
#[derive(Clone, Copy, Debug)]
struct End {
    at: GuestTicks,
    /// Number of questions until the end, if it is recorded.
    asks: Option<u64>,
}

impl End {
    /// Whether the end precedes a question of this number and time.
    fn is_before_question(&self, number: u64, now: GuestTicks) -> bool {
        self.asks.map_or(now > self.at, |asks| number > asks)
    }
}

#[derive(Debug, Default)]
struct Left {
    /// First difference between the replay and the recording.
    difference: Option<String>,
    /// Whether the recording has ended.
    is_over: bool,
    /// Stops the machine.
    stop: Option<Arc<AtomicBool>>,
}

/// Where a replay left its recording; clones share their state.
#[derive(Clone, Debug)]
pub struct Trouble(Arc<Mutex<Left>>);

impl Default for Trouble {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Level::Leaf, Left::default())))
    }
}

impl Trouble {
    fn note(&self, what: impl FnOnce() -> String) {
        self.0.lock().difference.get_or_insert_with(what);
    }

    /// Ends the run, because the recording has no more answers.
    fn end(&self, what: impl FnOnce() -> String) {
        self.note(what);
        let mut left = self.0.lock();
        left.is_over = true;
        if let Some(stop) = &left.stop {
            stop.store(true, Relaxed);
        }
    }

    /// Sets `stop` when the recording ends.
    pub fn watch(&self, stop: Arc<AtomicBool>) {
        self.0.lock().stop = Some(stop);
    }

    /// Whether the recording, and with it the run, has ended.
    pub fn is_over(&self) -> bool {
        self.0.lock().is_over
    }

    /// The replay went back to a moment at which this was reported.
    fn restore(&self, difference: Option<String>) {
        let mut left = self.0.lock();
        left.difference = difference;
        left.is_over = false;
    }

    /// Description of the first difference, if there was one.
    pub fn get(&self) -> Option<String> {
        self.0.lock().difference.clone()
    }
}

/// The last answers that the guest got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Answers {
    pads: [Option<Pad>; USERS],
    models: [Option<Model>; USERS],
    motors: [bool; USERS],
}

/// All sources of outside input.
pub struct OutsideInput {
    /// Input of the controllers.
    pub input: Box<dyn Input>,
    /// The dialogs' answers.
    pub dialogs: Box<dyn Dialogs>,
}

/// A recording, for its input sources and its position.
fn shared<T>(recording: T) -> Arc<Mutex<T>> {
    Arc::new(Mutex::numbered(Level::Host, lock_order::RECORDING, recording))
}

/// Wraps the input sources so that their answers are recorded.
pub fn record(
    path: &Path,
    header: &RecordingHeader,
    outside: OutsideInput,
    write_errors: WriteErrors,
) -> Result<(OutsideInput, RunRecording)> {
    let written = shared(WrittenRecording::new(path, header, write_errors)?);
    let input = Box::new(Recorder::new(outside.input, written.clone()));
    let dialogs = Box::new(DialogRecorder::new(outside.dialogs, written.clone()));
    Ok((OutsideInput { input, dialogs }, RunRecording::made(written)))
}

/// Input sources that answer from a recording. Recordings of another title, or made under other
/// conditions than `run`'s, are refused; one that begins at a state, unless `loads_state`.
pub fn replay(
    path: &Path,
    run: &RecordingHeader,
    loads_state: bool,
    trouble: Trouble,
) -> Result<(OutsideInput, RunRecording)> {
    let played = shared(PlayedRecording::open(path, run, loads_state, trouble)?);
    let input = Box::new(Replayer::new(played.clone()));
    let dialogs = Box::new(DialogReplayer::new(played.clone()));
    Ok((OutsideInput { input, dialogs }, RunRecording::replayed(played)))
}

#[cfg(test)]
mod tests;
