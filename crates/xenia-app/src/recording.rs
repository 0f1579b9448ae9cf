//! Recordings: everything from outside that reaches the guest of a lockstep run, and feeding it back.
//!
//! In lockstep guest time comes from instruction counts, files come with the title, and saves start empty, so
//! what is left from outside is the controllers. A recording is JSON lines: a [`Header`], then a line for each
//! answer of a controller that differs from the one before:
//!
//! ```text
//! {"recording":1,"program":"0.1.0","title":"t.xex","image_loaded_sha256":"…","sched_order":"fixed","quantum":50000}
//! {"at":73125,"ask":12,"user":0,"pad":{"packet":1,"buttons":16,"left_trigger":0,…}}
//! {"at":99000,"ask":31,"user":0,"pad":null}
//! {"at":99000,"ask":32,"user":0,"motors":false}
//! ```
//!
//! `ask` counts the guest's questions to the controllers: two questions may fall on one tick, and the answer
//! may have changed between them. `at` is guest time; a replay in which a question comes at another time
//! than it was recorded for has left the recording, and says so. A line written by hand may leave `ask` out: it
//! holds from the first question at or after `at`.

use crate::cli::EngineArgs;
use crate::digest::sha256;
use crate::output::Losses;
use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use xenia_kernel::ports::{Gamepad, Input};
use xenia_sched::{GuestTicks, QUANTUM_DEFAULT};

/// Version of the format.
const FORMAT: u32 = 1;
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
}

impl Header {
    /// The conditions of a run.
    pub fn new(title: &str, image_loaded_sha256: &str, engine: &EngineArgs) -> Result<Self> {
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

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// The controller's state; `null`: there is none.
    Pad(Option<Pad>),
    /// Whether running its motors works.
    Motors(bool),
}

/// A line after the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    motors: [bool; USERS],
}

/// Passes questions on to the real controllers, and writes down each answer that is new.
pub struct Recorder {
    inner: Box<dyn Input>,
    out: File,
    path: String,
    asks: u64,
    last: Answers,
    losses: Losses,
    failed: bool,
}

impl Recorder {
    /// Creates the file and writes the header.
    pub fn create(path: &Path, header: &Header, inner: Box<dyn Input>, losses: Losses) -> Result<Self> {
        let shown = path.display().to_string();
        let mut out = File::create(path).with_context(|| format!("cannot create the recording {shown}"))?;
        let line = serde_json::to_string(header)? + "\n";
        out.write_all(line.as_bytes()).with_context(|| format!("cannot write the recording {shown}"))?;
        Ok(Self { inner, out, path: shown, asks: 0, last: Answers::default(), losses, failed: false })
    }

    fn write(&mut self, at: GuestTicks, user: u32, change: Change) {
        if self.failed {
            return;
        }
        let line = Line { at, ask: Some(self.asks), user: user as u8, change };
        // Whole lines at once, unbuffered: they are rare, and an end by force leaves a recording that can be read.
        let written = serde_json::to_string(&line)
            .map_err(std::io::Error::from)
            .and_then(|text| self.out.write_all((text + "\n").as_bytes()));
        if let Err(error) = written {
            self.failed = true;
            self.losses.note(format!("the recording {} is not whole: {error}", self.path));
        }
    }
}

impl Input for Recorder {
    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.asks += 1;
        let answer = self.inner.gamepad(user, now);
        let pad = answer.map(Pad::from);
        if let Some(last) = self.last.pads.get_mut(user as usize)
            && *last != pad
        {
            *last = pad;
            self.write(now, user, Change::Pad(pad));
        }
        answer
    }

    fn set_vibration(&mut self, user: u32, left: u16, right: u16, now: GuestTicks) -> bool {
        self.asks += 1;
        let answer = self.inner.set_vibration(user, left, right, now);
        if let Some(last) = self.last.motors.get_mut(user as usize)
            && *last != answer
        {
            *last = answer;
            self.write(now, user, Change::Motors(answer));
        }
        answer
    }
}

/// Answers as a recording says.
pub struct Replayer {
    lines: VecDeque<Line>,
    asks: u64,
    now: Answers,
    trouble: Trouble,
}

impl Replayer {
    /// Reads a recording; refuses one of another title or under other conditions than `run`'s.
    pub fn open(path: &Path, run: &Header, trouble: Trouble) -> Result<Self> {
        let shown = path.display();
        let text = crate::source::text(path).with_context(|| format!("cannot read the recording {shown}"))?;
        Self::parse(&text, run, trouble).with_context(|| format!("cannot replay {shown}"))
    }

    fn parse(text: &str, run: &Header, trouble: Trouble) -> Result<Self> {
        let mut numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = numbered.next().context("it is empty")?;
        let header: Header = serde_json::from_str(first).context("line 1 is no header of a recording")?;
        header.check(run)?;
        let mut lines: VecDeque<Line> = VecDeque::new();
        for (index, text) in numbered {
            let number = index + 1;
            let line: Line = serde_json::from_str(text).with_context(|| format!("line {number}"))?;
            if usize::from(line.user) >= USERS {
                bail!("line {number}: there is no user {}", line.user);
            }
            if lines.back().is_some_and(|last| last.at > line.at || last.ask > line.ask && line.ask.is_some())
            {
                bail!("line {number}: it belongs before the line above it");
            }
            lines.push_back(line);
        }
        Ok(Self { lines, asks: 0, now: Answers::default(), trouble })
    }

    /// Takes in the changes that hold from this question on.
    fn ask(&mut self, now: GuestTicks) {
        self.asks += 1;
        while let Some(line) = self.lines.front().copied() {
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
                Change::Motors(motors) => self.now.motors[user] = motors,
            }
        }
    }
}

impl Input for Replayer {
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
mod tests {
    use super::*;

    fn header(image: &str) -> Header {
        Header::new("t.xex", image, &EngineArgs::default()).unwrap()
    }

    /// Presses a button for the third question, pulls the plug for the fifth.
    #[derive(Default)]
    struct Script(u64);

    impl Input for Script {
        fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
            self.0 += 1;
            let buttons = if self.0 >= 3 { 0x1000 } else { 0 };
            (user == 0 && self.0 < 5).then_some(Gamepad { buttons, left_x: -7, ..Gamepad::default() })
        }
        fn set_vibration(&mut self, user: u32, _: u16, _: u16, _: GuestTicks) -> bool {
            user == 0 && self.0 < 5
        }
    }

    /// Questions as a guest might put them, two of them on one tick.
    fn answers(input: &mut dyn Input) -> Vec<(Option<Gamepad>, bool)> {
        [10, 20, 20, 30, 40, 50]
            .map(|now| (input.gamepad(0, now), input.set_vibration(0, 1, 1, now + 1)))
            .to_vec()
    }

    fn recorded() -> (tempfile::TempDir, std::path::PathBuf, Vec<(Option<Gamepad>, bool)>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.jsonl");
        let losses = Losses::default();
        let mut recorder =
            Recorder::create(&path, &header("aa"), Box::<Script>::default(), losses.clone()).unwrap();
        let given = answers(&mut recorder);
        assert!(losses.is_empty());
        (dir, path, given)
    }

    #[test]
    fn a_replay_answers_as_the_controllers_did() {
        let (_dir, path, given) = recorded();
        let trouble = Trouble::default();
        let mut replayer = Replayer::open(&path, &header("aa"), trouble.clone()).unwrap();
        assert_eq!(answers(&mut replayer), given);
        assert_eq!(trouble.get(), None);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1 + 5, "changes only");
    }

    #[test]
    fn another_title_and_other_conditions_are_refused() {
        let (_dir, path, _) = recorded();
        let refused = |run: &Header| {
            format!("{:#}", Replayer::open(&path, run, Trouble::default()).err().expect("accepted"))
        };
        assert!(refused(&header("bb")).contains("another title"));
        let engine = EngineArgs { quantum: Some(10), ..EngineArgs::default() };
        assert!(refused(&Header::new("t", "aa", &engine).unwrap()).contains("--quantum 50000"));
    }

    #[test]
    fn a_run_that_leaves_the_recording_is_noticed() {
        let (_dir, path, _) = recorded();
        let trouble = Trouble::default();
        let mut replayer = Replayer::open(&path, &header("aa"), trouble.clone()).unwrap();
        replayer.gamepad(0, 11);
        let said = trouble.get().unwrap();
        assert!(said.contains("recorded at tick 10") && said.contains("came at tick 11"), "{said}");
    }

    #[test]
    fn lines_by_hand_hold_from_their_time_on() {
        let text = serde_json::to_string(&header("aa")).unwrap()
            + r#"
              {"at":100,"user":1,"pad":{"packet":1,"buttons":16,"left_trigger":0,"right_trigger":0,
              "left_x":0,"left_y":0,"right_x":0,"right_y":0}}"#
                .replace("\n              \"", "\"")
                .as_str();
        let mut replayer = Replayer::parse(&text, &header("aa"), Trouble::default()).unwrap();
        assert_eq!(replayer.gamepad(1, 99), None);
        assert_eq!(replayer.gamepad(1, 103).unwrap().buttons, 16);
        assert_eq!(replayer.gamepad(0, 104), None);
    }

    #[test]
    fn damaged_recordings_are_refused_with_their_line() {
        let header_line = serde_json::to_string(&header("aa")).unwrap();
        for (rest, said) in [
            ("{\"at\":5,\"user\":0", "line 2"),
            ("{\"at\":5,\"user\":9,\"pad\":null}", "no user 9"),
            ("{\"at\":5,\"user\":0,\"pad\":null}\n{\"at\":4,\"user\":0,\"pad\":null}", "line 3"),
            ("{\"at\":5,\"user\":0}", "line 2"),
        ] {
            let text = format!("{header_line}\n{rest}");
            let error = Replayer::parse(&text, &header("aa"), Trouble::default()).err().expect("accepted");
            assert!(format!("{error:#}").contains(said), "{rest}: {error:#}");
        }
        assert!(Replayer::parse("", &header("aa"), Trouble::default()).is_err());
        assert!(Replayer::parse("{}", &header("aa"), Trouble::default()).is_err());
    }
}
