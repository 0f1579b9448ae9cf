//! Recordings: everything from outside that reaches the guest of a lockstep run, and feeding it back.
//!
//! In lockstep guest time comes from instruction counts, files come with the title, and a recorded run begins without saves, so
//! what is left from outside is the controllers and the answers to dialogs. A recording is JSON lines: a [`Header`], then a line for each
//! answer of a controller that differs from the one before:
//!
//! ```text
//! {"recording":2,"program":"0.1.0","title":"t.xex","image_loaded_sha256":"…","sched_order":"fixed","quantum":50000,"start_time":132500000000000000}
//! {"at":73125,"ask":12,"user":0,"pad":{"packet":1,"buttons":16,"left_trigger":0,…}}
//! {"at":73125,"ask":13,"user":0,"model":{"kind":1,"has_motors":true,"wireless":false,"battery":null}}
//! {"at":99000,"ask":31,"user":0,"pad":null}
//! {"at":99000,"ask":32,"user":0,"motors":false}
//! {"at":831250,"user":0,"dialog":{"pressed":1}}
//! ```
//!
//! `ask` counts the guest's questions to the controllers: two questions may fall on one tick, and the answer
//! may have changed between them. `at` is guest time; a replay in which a question comes at another time
//! than it was recorded for has left the recording, and says so. A line written by hand may leave `ask` out: it
//! holds from the first question at or after `at`.

mod dialogs;

use crate::cli::{EngineArgs, NetworkKind};
use crate::digest::sha256;
use crate::output::Losses;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use dialogs::{Answered, DialogRecorder, DialogReplayer};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use xenia_kernel::calendar::TimeFields;
use xenia_kernel::ports::{Clock, Dialogs, Gamepad, Input, PadKind, PadModel};
use xenia_sched::{GuestTicks, QUANTUM_DEFAULT};

/// Version of the format.
const FORMAT: u32 = 2;
/// Controllers.
const USERS: usize = 4;

/// The first line: what the recording is of. A replay under other conditions would mean nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Version of the format.
    recording: u32,
    /// Version of the program that recorded.
    program: String,
    /// The title's name; for people.
    title: String,
    /// SHA-256 of the loaded image.
    image_loaded_sha256: String,
    /// Order of visits; a manifest is named by its hash.
    sched_order: String,
    /// Instructions per visit.
    quantum: u64,
    /// System time (100 ns since 1601) at which guest time began.
    start_time: u64,
    /// The network that the title was on; recordings without it were made on the machine's own.
    #[serde(default = "own_network")]
    network: String,
}

fn own_network() -> String {
    network_name(NetworkKind::Loopback)
}

/// As the flag says it.
fn network_name(kind: NetworkKind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

impl Header {
    /// The conditions of a run.
    pub fn new(title: &str, image_loaded_sha256: &str, engine: &EngineArgs, clock: Clock) -> Result<Self> {
        let manifest = |path: &Path| -> Result<String> {
            let bytes =
                crate::source::bytes(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(format!("replay:sha256={}", sha256(&bytes)))
        };
        let sched_order = match (&engine.contention_manifest, engine.sched_order.as_deref()) {
            (Some(path), _) => manifest(path)?,
            (None, None) => "fixed".to_owned(),
            (None, Some(order)) => match order.strip_prefix("replay:") {
                Some(path) => manifest(path.as_ref())?,
                None => order.replace('_', ""),
            },
        };
        Ok(Self {
            recording: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            title: title.to_owned(),
            image_loaded_sha256: image_loaded_sha256.to_owned(),
            sched_order,
            quantum: engine.quantum.unwrap_or(u64::from(QUANTUM_DEFAULT)),
            start_time: clock.system_time(0),
            network: network_name(engine.network),
        })
    }

    /// Refuses a recording of another title or under other conditions.
    fn check(&self, run: &Self) -> Result<()> {
        if self.recording != run.recording {
            bail!("its format is version {}; this build reads version {FORMAT}", self.recording);
        }
        if self.image_loaded_sha256 != run.image_loaded_sha256 {
            bail!(
                "it is of another title: {} with image {}, not {} with image {}",
                self.title,
                self.image_loaded_sha256,
                run.title,
                run.image_loaded_sha256
            );
        }
        if (&self.sched_order, self.quantum) != (&run.sched_order, run.quantum) {
            bail!(
                "it was made with --sched-order {} --quantum {}, not --sched-order {} --quantum {}",
                self.sched_order,
                self.quantum,
                run.sched_order,
                run.quantum
            );
        }
        if self.start_time != run.start_time {
            let [of, is] = [self, run].map(|header| {
                let [year, month, day, hour, minute, second, ..] = TimeFields::new(header.start_time).words();
                format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
            });
            bail!("it was made with --start-time {of}, not {is}");
        }
        if self.network != run.network {
            bail!("it was made with --network {}, not --network {}", self.network, run.network);
        }
        if self.program != run.program {
            tracing::warn!("the recording was made by version {}; the run may leave it", self.program);
        }
        Ok(())
    }
}

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
}

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    /// Guest time, in ticks.
    at: GuestTicks,
    /// Which question to the controllers this answers, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<u64>,
    user: u8,
    #[serde(flatten)]
    change: Change,
}

/// Where a replay left its recording; the first time only.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    fn note(&self, what: impl FnOnce() -> String) {
        self.0.lock().get_or_insert_with(what);
    }

    /// What went wrong, if something did.
    pub fn get(&self) -> Option<String> {
        self.0.lock().clone()
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
pub fn record(path: &Path, header: &Header, outside: Outside, losses: Losses) -> Result<Outside> {
    let tape = Arc::new(Mutex::new(Tape::create(path, header, losses)?));
    let input = Recorder { inner: outside.0, tape: tape.clone(), last: Answers::default() };
    Ok((Box::new(input), Box::new(DialogRecorder::new(outside.1, tape))))
}

/// Answers as a recording says; refuses one of another title or under other conditions than `run`'s.
pub fn replay(path: &Path, run: &Header, trouble: Trouble) -> Result<Outside> {
    let (input, dialogs) = Replayer::open(path, run, trouble)?;
    Ok((Box::new(input), Box::new(dialogs)))
}

/// The recording that is written.
struct Tape {
    out: File,
    path: String,
    asks: u64,
    losses: Losses,
    failed: bool,
}

/// Passes questions on to the real controllers, and writes down each answer that is new.
struct Recorder {
    inner: Box<dyn Input>,
    tape: Arc<Mutex<Tape>>,
    last: Answers,
}

impl Tape {
    /// Creates the file and writes the header.
    fn create(path: &Path, header: &Header, losses: Losses) -> Result<Self> {
        let shown = path.display().to_string();
        let mut out = File::create(path).with_context(|| format!("cannot create the recording {shown}"))?;
        let line = serde_json::to_string(header)? + "\n";
        out.write_all(line.as_bytes()).with_context(|| format!("cannot write the recording {shown}"))?;
        Ok(Self { out, path: shown, asks: 0, losses, failed: false })
    }

    fn write(&mut self, at: GuestTicks, user: u32, change: Change) {
        self.put(&Line { at, ask: Some(self.asks), user: user as u8, change });
    }

    /// What is no answer to a question about controllers has its time alone.
    fn write_timed(&mut self, at: GuestTicks, change: Change) {
        self.put(&Line { at, ask: None, user: 0, change });
    }

    fn put(&mut self, line: &Line) {
        if self.failed {
            return;
        }
        // Whole lines at once, unbuffered: they are rare, and an end by force leaves a recording that can be read.
        let written = serde_json::to_string(line)
            .map_err(std::io::Error::from)
            .and_then(|text| self.out.write_all((text + "\n").as_bytes()));
        if let Err(error) = written {
            self.failed = true;
            self.losses.note(format!("the recording {} is not whole: {error}", self.path));
        }
    }
}

impl Recorder {
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
        self.tape.lock().asks += 1;
        (0..USERS as u32).fold(0, |connected, user| {
            let answer = self.inner.gamepad(user, now);
            // What a controller that stays does meanwhile is for the question about it.
            if self.last.pads[user as usize].is_some() != answer.is_some() {
                self.note_pad(user, answer, now);
            }
            connected | u8::from(answer.is_some()) << user
        })
    }

    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.tape.lock().asks += 1;
        let answer = self.inner.gamepad(user, now);
        self.note_pad(user, answer, now);
        answer
    }

    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.tape.lock().asks += 1;
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
        self.tape.lock().asks += 1;
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

/// Answers as a recording says.
struct Replayer {
    lines: VecDeque<Line>,
    asks: u64,
    now: Answers,
    trouble: Trouble,
}

impl Replayer {
    /// Reads a recording; refuses one of another title or under other conditions than `run`'s.
    fn open(path: &Path, run: &Header, trouble: Trouble) -> Result<(Self, DialogReplayer)> {
        let shown = path.display();
        let text = crate::source::text(path).with_context(|| format!("cannot read the recording {shown}"))?;
        Self::parse(&text, run, trouble).with_context(|| format!("cannot replay {shown}"))
    }

    fn parse(text: &str, run: &Header, trouble: Trouble) -> Result<(Self, DialogReplayer)> {
        let mut numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = numbered.next().context("it is empty")?;
        let header: Header = serde_json::from_str(first).context("line 1 is no header of a recording")?;
        header.check(run)?;
        let mut lines: VecDeque<Line> = VecDeque::new();
        let mut dialogs = VecDeque::new();
        for (index, text) in numbered {
            let number = index + 1;
            let line: Line = serde_json::from_str(text).with_context(|| format!("line {number}"))?;
            if usize::from(line.user) >= USERS {
                bail!("line {number}: there is no user {}", line.user);
            }
            if let Change::Dialog(answer) = line.change {
                if dialogs.back().is_some_and(|(last, _)| *last > line.at) {
                    bail!("line {number}: it belongs before the line above it");
                }
                dialogs.push_back((line.at, answer));
                continue;
            }
            if lines.back().is_some_and(|last| last.at > line.at || last.ask > line.ask && line.ask.is_some())
            {
                bail!("line {number}: it belongs before the line above it");
            }
            lines.push_back(line);
        }
        let dialogs = DialogReplayer::new(dialogs, trouble.clone());
        Ok((Self { lines, asks: 0, now: Answers::default(), trouble }, dialogs))
    }

    /// Takes in the changes that hold from this question on.
    fn ask(&mut self, now: GuestTicks) {
        self.asks += 1;
        while let Some(line) = self.lines.front().cloned() {
            if line.ask.map_or(line.at > now, |ask| ask > self.asks) {
                break;
            }
            self.lines.pop_front();
            if line.ask.is_some() && line.at != now {
                self.trouble.note(|| {
                    format!(
                        "the run left the recording: question {} to the controllers was recorded at tick {} and \
                         came at tick {now}",
                        self.asks, line.at
                    )
                });
            }
            let user = usize::from(line.user);
            match line.change {
                Change::Pad(pad) => self.now.pads[user] = pad,
                Change::Model(model) => self.now.models[user] = model,
                Change::Motors(motors) => self.now.motors[user] = motors,
                // Those are kept apart.
                Change::Dialog(_) => {}
            }
        }
    }
}

impl Input for Replayer {
    fn connected(&mut self, now: GuestTicks) -> u8 {
        self.ask(now);
        let pads = self.now.pads.iter().enumerate();
        pads.fold(0, |connected, (user, pad)| connected | u8::from(pad.is_some()) << user)
    }

    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.ask(now);
        self.now.models.get(user as usize).copied().flatten().map(PadModel::from)
    }

    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.ask(now);
        self.now.pads.get(user as usize).copied().flatten().map(Gamepad::from)
    }

    fn set_vibration(&mut self, user: u32, _: u16, _: u16, now: GuestTicks) -> bool {
        self.ask(now);
        self.now.motors.get(user as usize).is_some_and(|motors| *motors)
    }
}

#[cfg(test)]
mod tests;
