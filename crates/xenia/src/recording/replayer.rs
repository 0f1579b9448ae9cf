//! Replays recorded answers to the guest's questions, in the format that the parent module
//! describes.
//!
//! The whole file is checked when it is opened: the lines are in the order of the questions, and
//! none follows the end. A replay never refuses a question: one that comes at another time than in
//! the recording gets the recorded answer, and the first such difference is reported as
//! [`Trouble`].

use super::dialogs::Answered;
use super::{Answers, Change, End, Line, RecordingHeader, RecordingState, Trouble, USERS};
use crate::say::remark;
use crate::source::bytes;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::path::Path;
use std::sync::Arc;
use xenia_host::input_pipe::into_text;
use xenia_kernel::ports::{Gamepad, Input, PadModel};
use xenia_sched::GuestTicks;
use xenia_sync::Mutex;

/// Maximum number of input queries before a state.
const MAX_ASKS: u64 = 1 << 62;

/// The recording that is replayed, and the position.
pub(super) struct PlayedRecording {
    lines: Vec<Line>,
    /// Number of lines that hold.
    passed: usize,
    dialogs: Vec<(GuestTicks, Answered)>,
    end: Option<End>,
    /// Guest time of the end, or the latest one of a recording without the line of the end.
    last: GuestTicks,
    position: RecordingState,
    trouble: Trouble,
}

/// Whether a line belongs before another. In lockstep all hardware threads begin a round at the
/// same time, so only the questions' numbers are in the order of the file.
fn is_before(line: &Line, other: &Line) -> bool {
    match (line.ask, other.ask) {
        (Some(ask), Some(of_other)) => ask < of_other,
        _ => line.at < other.at,
    }
}

/// Parses the line with this number. The parser sees one line at a time, so its own line numbers
/// are always 1.
fn parse_line(text: &str, number: usize) -> Result<Line> {
    serde_json::from_str(text).map_err(|error| {
        let reason = error.to_string();
        if reason.starts_with("no variant of enum Change") {
            return anyhow!("line {number}: it has none of {}", Change::NAMES);
        }
        anyhow!("line {number}: {}", reason.replace(" at line 1 column ", ", column "))
    })
}

/// Length of the text without a last line that was cut, maybe within a character, because the disk
/// was full or the host has crashed. After a crash, file systems may have zeros for its rest.
fn whole_length(text: &[u8]) -> usize {
    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    let start = text[..end].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let last = text[start..end].trim_ascii();
    let is_cut = serde_json::from_slice::<Line>(last).is_err_and(|error| error.is_eof());
    // The first line is the header.
    if is_cut && start > 0 && !last.is_empty() { start } else { end }
}

/// A position of a replay, to go back to.
#[derive(Clone, Debug)]
pub(crate) struct ReplayMark {
    passed: usize,
    position: RecordingState,
    difference: Option<String>,
}

impl PlayedRecording {
    /// Reads a recording; refuses one of another title, or under other conditions than `run`'s, and
    /// one that begins at a state, unless `loads_state`.
    pub(super) fn open(
        path: &Path,
        run: &RecordingHeader,
        loads_state: bool,
        trouble: Trouble,
    ) -> Result<Self> {
        let name = path.display();
        let cannot = || format!("cannot read the recording {name}");
        let mut bytes = bytes(path).with_context(cannot)?;
        let whole = whole_length(&bytes);
        if whole < bytes.len() {
            remark!("xenia-rs: the recording {name} was cut: its incomplete end is left out");
            bytes.truncate(whole);
        }
        let text = into_text(bytes).with_context(cannot)?;
        let played = Self::parse(&text, run, trouble).with_context(|| format!("cannot replay {name}"))?;
        if let Some(identity) = played.position.begins_at.as_ref().filter(|_| !loads_state) {
            bail!("the recording {name} begins at the state {identity:.16}: name its file with --load-state");
        }
        Ok(played)
    }

    pub(super) fn parse(text: &str, run: &RecordingHeader, trouble: Trouble) -> Result<Self> {
        let mut numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = numbered.next().context("it is empty")?;
        let header: RecordingHeader =
            serde_json::from_str(first).context("line 1 is not the header of a recording")?;
        header.check(run)?;
        let mut lines: Vec<Line> = Vec::new();
        let mut dialogs: Vec<(GuestTicks, Answered)> = Vec::new();
        let mut end = None;
        let mut last = 0;
        for (index, text) in numbered {
            let number = index + 1;
            let line = parse_line(text, number)?;
            if end.is_some() {
                bail!("line {number}: the recording has ended above it");
            }
            if usize::from(line.user) >= USERS {
                bail!("line {number}: there is no user {}", line.user);
            }
            if let Change::End(is_end) = line.change {
                if !is_end {
                    bail!("line {number}: `end` must be true");
                }
                end = Some(End { at: line.at, asks: line.ask });
                last = line.at;
                continue;
            }
            last = last.max(line.at);
            if let Change::Dialog(answer) = line.change {
                if dialogs.last().is_some_and(|(last, _)| *last > line.at) {
                    bail!("line {number}: it belongs before the line above it");
                }
                dialogs.push((line.at, answer));
                continue;
            }
            if lines.last().is_some_and(|last| is_before(&line, last)) {
                bail!("line {number}: it belongs before the line above it");
            }
            lines.push(line);
        }
        let position = RecordingState { begins_at: header.begins_at, ..RecordingState::default() };
        Ok(Self { lines, passed: 0, dialogs, end, last, position, trouble })
    }

    /// Applies the changes that hold from this question on.
    fn apply_until(&mut self, now: GuestTicks) {
        let position = &mut self.position;
        position.asks += 1;
        position.asked_at = position.asked_at.max(now);
        let asks = position.asks;
        if let Some(end) = self.end.filter(|end| end.is_before_question(asks, now)) {
            self.trouble.end(|| {
                format!(
                    "the recording ends at tick {}, and the title polls the controllers after that",
                    end.at
                )
            });
        }
        while let Some(line) = self.pass(|line| line.ask.map_or(line.at <= now, |ask| ask <= asks)) {
            if line.ask.is_some() && line.at != now {
                self.trouble.note(|| {
                    format!(
                        "the run left the recording: question {asks} to the controllers was recorded at tick {} and \
                         came at tick {now}",
                        line.at
                    )
                });
            }
            self.apply(line);
        }
    }

    /// The next line, if it holds.
    fn pass(&mut self, holds: impl FnOnce(&Line) -> bool) -> Option<Line> {
        let line = self.lines.get(self.passed).filter(|line| holds(line))?.clone();
        self.passed += 1;
        Some(line)
    }

    /// The next answer to a dialog.
    fn next_dialog(&self) -> Option<&(GuestTicks, Answered)> {
        self.dialogs.get(usize::try_from(self.position.dialogs).ok()?)
    }

    /// Makes a line's answer the last one.
    fn apply(&mut self, line: Line) {
        let user = usize::from(line.user);
        let answers = &mut self.position.answers;
        match line.change {
            Change::Pad(pad) => answers.pads[user] = pad,
            Change::Model(model) => answers.models[user] = model,
            Change::Motors(motors) => answers.motors[user] = motors,
            // Dialogs and the end were separated before.
            Change::Dialog(_) | Change::End(_) => {}
        }
    }

    /// The answer to the open dialog, if it came until now.
    pub(super) fn answer_dialog(&mut self, now: GuestTicks) -> Option<Answered> {
        let Some((at, answer)) = self.next_dialog().cloned() else {
            // Until then the title may cancel the dialog, or the recorded run end with it.
            let last = self.last;
            if now > last {
                self.trouble
                    .end(|| format!("the recording ends at tick {last}, and a dialog is open after that"));
            }
            return None;
        };
        if at > now {
            return None;
        }
        self.position.dialogs += 1;
        if at != now {
            self.trouble.note(|| {
                format!("the run left the recording: a dialog was answered at tick {at}, and is polled at tick {now}")
            });
        }
        Some(answer)
    }

    /// The position of the run in the recording.
    pub(super) fn state(&self) -> RecordingState {
        self.position.clone()
    }

    /// A mark of this position.
    pub(super) fn mark(&self) -> ReplayMark {
        let position = self.position.clone();
        let difference = self.trouble.get();
        ReplayMark { passed: self.passed, position, difference }
    }

    /// Goes to a marked position.
    pub(super) fn go_to(&mut self, mark: ReplayMark) {
        let ReplayMark { passed, position, difference } = mark;
        self.passed = passed;
        self.position = position;
        self.trouble.restore(difference);
    }

    /// Goes to the position of a state: the one at which the recording begins, or one that was
    /// saved by a run which made or replayed this recording.
    ///
    /// # Errors
    /// The recording does not pass through this state.
    pub(super) fn begin_at(&mut self, identity: String, saved: Option<&RecordingState>) -> Result<()> {
        if self.position.begins_at.as_ref() == Some(&identity) {
            return Ok(());
        }
        let saved = saved.context(
            "the state was saved by a run without a recording, so its place in this one is not known",
        )?;
        ensure!(
            saved.begins_at == self.position.begins_at,
            "the state was saved by a run whose recording begins elsewhere than this one"
        );
        let holds = |line: &Line| line.ask.map_or(line.at <= saved.asked_at, |ask| ask <= saved.asks);
        while let Some(line) = self.pass(holds) {
            self.apply(line);
        }
        let is_of_this = self.position.answers == saved.answers
            && saved.dialogs <= self.dialogs.len() as u64
            && saved.asks <= MAX_ASKS
            && self.end.is_none_or(|end| end.asks.is_none_or(|asks| saved.asks <= asks));
        if !is_of_this {
            bail!("the state is of another recording: the answers up to question {} differ", saved.asks);
        }
        self.position = saved.clone();
        Ok(())
    }
}

/// Answers questions to the controllers from a recording.
pub(super) struct Replayer(Arc<Mutex<PlayedRecording>>);

impl Replayer {
    pub(super) fn new(played: Arc<Mutex<PlayedRecording>>) -> Self {
        Self(played)
    }

    /// The answers that hold for a question at this time.
    fn answers_at(&self, now: GuestTicks) -> Answers {
        let mut played = self.0.lock();
        played.apply_until(now);
        played.position.answers
    }
}

impl Input for Replayer {
    fn connected(&mut self, now: GuestTicks) -> u8 {
        let pads = self.answers_at(now).pads.into_iter().enumerate();
        pads.fold(0, |connected, (user, pad)| connected | u8::from(pad.is_some()) << user)
    }

    fn model(&mut self, user: u32, now: GuestTicks) -> Option<PadModel> {
        self.answers_at(now).models.get(user as usize).copied().flatten().map(PadModel::from)
    }

    fn gamepad(&mut self, user: u32, now: GuestTicks) -> Option<Gamepad> {
        self.answers_at(now).pads.get(user as usize).copied().flatten().map(Gamepad::from)
    }

    fn set_vibration(&mut self, user: u32, _: u16, _: u16, now: GuestTicks) -> bool {
        self.answers_at(now).motors.get(user as usize).is_some_and(|motors| *motors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MachineConfig;
    use xenia_kernel::ports::Clock;

    #[test]
    fn a_last_line_that_ends_too_early_is_left_out() {
        let whole = "{}\n{\"at\":5,\"pad\":null}\n";
        let length = |end: &[u8]| whole_length(&[whole.as_bytes(), end].concat());
        for cut in [
            &b"{"[..],
            b"{\"at\":7,\"us",
            b"{\"at\":7,\"end\":tru",
            b"{\"at\":7,\"end\":true",
            b"{\"at\":7,\"dialog\":{\"entered\":\"\xE6\x97",
            b"{\"at\":7,\0\0",
            b"\0\0",
        ] {
            assert_eq!(length(cut), whole.len(), "{}", cut.escape_ascii());
        }
        for kept in ["", " ", "x", "{\"at\":7,\"end\":true}", "{\n", "{\n{\"at\":7,\"end\":true}"] {
            assert_eq!(length(kept.as_bytes()), whole.len() + kept.len(), "{kept}");
        }
        assert_eq!(whole_length(b"{"), 1, "the header");
    }

    #[test]
    fn a_recording_that_was_cut_within_a_letter_is_opened() {
        let header = RecordingHeader::new("t.xex", &MachineConfig::default(), Clock::default());
        let header = header.unwrap().with_image("aa");
        let mut text = serde_json::to_vec(&header).unwrap();
        text.extend(b"\n{\"at\":5,\"pad\":null}\n{\"at\":7,\"dialog\":{\"entered\":\"\xE6\x97");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let played = PlayedRecording::open(file.path(), &header, false, Trouble::default()).unwrap();
        assert_eq!((played.lines.len(), played.dialogs.len()), (1, 0));
    }
}
