//! Replays recorded answers to the guest's questions.

use super::dialogs::DialogReplayer;
use super::{Answers, Change, End, Line, RecordingHeader, Trouble, USERS};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::path::Path;
use xenia_kernel::ports::{Gamepad, Input, PadModel};
use xenia_sched::GuestTicks;

/// Answers questions to the controllers from a recording.
pub(super) struct Replayer {
    lines: VecDeque<Line>,
    asks: u64,
    end: Option<End>,
    now: Answers,
    trouble: Trouble,
}

impl Replayer {
    /// Reads a recording; refuses one of another title, or under other conditions than `run`'s.
    pub(super) fn open(
        path: &Path,
        run: &RecordingHeader,
        trouble: Trouble,
    ) -> Result<(Self, DialogReplayer)> {
        let shown = path.display();
        let text = crate::source::text(path).with_context(|| format!("cannot read the recording {shown}"))?;
        Self::parse(&text, run, trouble).with_context(|| format!("cannot replay {shown}"))
    }

    pub(super) fn parse(
        text: &str,
        run: &RecordingHeader,
        trouble: Trouble,
    ) -> Result<(Self, DialogReplayer)> {
        let mut numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = numbered.next().context("it is empty")?;
        let header: RecordingHeader =
            serde_json::from_str(first).context("line 1 is not the header of a recording")?;
        header.check(run)?;
        let mut lines: VecDeque<Line> = VecDeque::new();
        let mut dialogs = VecDeque::new();
        let mut end = None;
        for (index, text) in numbered {
            let number = index + 1;
            let line: Line = serde_json::from_str(text).with_context(|| format!("line {number}"))?;
            if end.is_some() {
                bail!("line {number}: the recording has ended above it");
            }
            if usize::from(line.user) >= USERS {
                bail!("line {number}: there is no user {}", line.user);
            }
            if let Change::End(is_end) = line.change {
                if !is_end {
                    bail!("line {number}: an end is true");
                }
                end = Some(End { at: line.at, asks: line.ask });
                continue;
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
        let dialogs = DialogReplayer::new(dialogs, end, trouble.clone());
        Ok((Self { lines, asks: 0, end, now: Answers::default(), trouble }, dialogs))
    }

    /// Applies the changes that hold from this question on.
    fn ask(&mut self, now: GuestTicks) {
        self.asks += 1;
        if let Some(end) = self.end.filter(|end| end.is_before_question(self.asks, now)) {
            self.trouble.end(|| {
                format!(
                    "the recording ends at tick {}, and the title asks the controllers after that",
                    end.at
                )
            });
        }
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
                // Dialogs and the end were separated before.
                Change::Dialog(_) | Change::End(_) => {}
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
