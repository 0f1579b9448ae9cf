//! Rewind in a run: a checkpoint each [`REWIND_INTERVAL`], and the way back while a key is held.

use super::super::{ActiveRun, Machine};
use super::{REWIND_INTERVAL, Rewind};
use crate::pace::Pace;
use crate::say;
use anyhow::Result;
use std::time::{Duration, Instant};
use xenia_kernel::files::FilesState;
use xenia_sched::{GuestTicks, Limits, RunEnd, TICKS_PER_SECOND};
use xenia_state::{StateError, StateSection, Unsaveable};

/// Host time of a step back.
const STEP: Duration = Duration::from_millis(100);
/// Guest time in which a frame is shown after a step back.
const SHOWN: GuestTicks = TICKS_PER_SECOND / 10;
/// Guest time in which a frame is shown after a step back, where guest time is the host's clock: a
/// slow host may need so long.
const SHOWN_BY_CLOCK: GuestTicks = TICKS_PER_SECOND;
/// Guest time of the first step back, at least.
const FIRST_STEP: GuestTicks = REWIND_INTERVAL / 2;

/// Receives texts for the user.
pub type RewindSink = Box<dyn FnMut(String) + Send>;

/// The user's side of rewind.
pub(super) struct Held {
    pub(super) sink: RewindSink,
    /// Guest time from which the user goes back, for as long as the key is held.
    from: Option<GuestTicks>,
    /// Guest time since which the machine could not be saved.
    gap: Option<GuestTicks>,
    /// Whether the reason was reported.
    has_reported_gap: bool,
    /// Whether it was reported that files are not undone.
    has_reported_files: bool,
}

impl Default for Held {
    fn default() -> Self {
        let sink = Box::new(|_| {});
        Self { sink, from: None, gap: None, has_reported_gap: false, has_reported_files: false }
    }
}

impl Machine {
    /// `limits`, or the moment of the next checkpoint if it comes earlier.
    pub(in crate::machine) fn rewind_limits(&self, limits: Limits) -> Limits {
        let next = match &self.outside.rewind {
            // In parallel mode the pace stops the machine often enough, and a stop is dear.
            Some(rewind) if !self.has_host_clock() => Some(rewind.next.max(self.position().now + 1)),
            _ => None,
        };
        let ticks = limits.ticks.into_iter().chain(next).min();
        Limits { ticks, ..limits }
    }

    /// Makes a checkpoint if one is due.
    pub(in crate::machine) fn make_due_checkpoint(&mut self) {
        let now = self.position().now;
        let Some(rewind) = self.outside.rewind.as_mut().filter(|rewind| now >= rewind.next) else { return };
        match rewind.take(&mut self.inside, None) {
            Ok(()) => {
                rewind.held.gap = None;
                rewind.held.has_reported_gap = false;
            }
            Err(error) => {
                let is_soon = error.is::<Unsaveable>();
                rewind.next = now + REWIND_INTERVAL / 10;
                let since = *rewind.held.gap.get_or_insert(now);
                let is_news = !is_soon || now - since >= TICKS_PER_SECOND;
                if is_news && !std::mem::replace(&mut rewind.held.has_reported_gap, true) {
                    (rewind.held.sink)(format!("no way back: {}", say::chain(&error)));
                }
                if !is_soon {
                    self.outside.rewind = None;
                }
            }
        }
    }

    /// Goes back by a checkpoint, shows a frame, and waits. Returns why the run ended, if it did.
    pub(in crate::machine) fn step_back(&mut self, run: &mut ActiveRun<'_>) -> Option<RunEnd> {
        let begin = Instant::now();
        let now = self.position().now;
        let Some(rewind) = &mut self.outside.rewind else { return None };
        let index = rewind.next_back(now);
        let from = *rewind.held.from.get_or_insert(now);
        let index = match index.map(|index| self.go_back_to_files(index)).transpose() {
            Ok(index) => index,
            Err(error) => {
                let text = format!("cannot go back: {}", say::chain(&error));
                if self.is_broken() {
                    self.outside.write_errors.note(text);
                    return Some(RunEnd::Stopped);
                }
                self.send_rewind_text(text);
                self.outside.rewind = None;
                return None;
            }
        };
        let position = self.position();
        let stays = self.inside.kernel.files.lock().packages.store.is_kept();
        let back = from.saturating_sub(position.now) as f64 / TICKS_PER_SECOND as f64;
        let end = if index.is_some() { "" } else { ", as far as it goes" };
        self.send_rewind_text(format!("back {back:.1} s{end}"));
        if stays
            && let Some(rewind) = &mut self.outside.rewind
            && !std::mem::replace(&mut rewind.held.has_reported_files, true)
        {
            (rewind.held.sink)("files that the title has saved stay as they are".to_owned());
        }
        let shown_in = if self.has_host_clock() { SHOWN_BY_CLOCK } else { SHOWN };
        let limits = Limits {
            frames: Some(position.frames + 1),
            ticks: Some(position.now + shown_in),
            ..run.limits.clone()
        };
        let ended = index.map_or(RunEnd::Ticks, |_| self.show(&limits, run));
        if let Some(pace) = &mut run.pace {
            pace.hold(STEP.saturating_sub(begin.elapsed()));
        }
        let goes_further = run.pace.as_ref().is_some_and(Pace::is_rewinding);
        let now = self.position().now;
        if !goes_further && let Some(rewind) = &mut self.outside.rewind {
            rewind.held.from = None;
            rewind.next = now + REWIND_INTERVAL;
        }
        match ended {
            RunEnd::Stopped | RunEnd::Ticks | RunEnd::Frames | RunEnd::Instructions => {}
            // The title ends here again; the user may go further back.
            _ if goes_further => {}
            end => return Some(end),
        }
        let goes_on = self.outside.interrupt.cause().is_none() && self.wait_for_pace(run);
        (!goes_on).then_some(RunEnd::Stopped)
    }

    /// Goes back to a checkpoint, or to the last one before it whose open files the host still has;
    /// to the oldest if the run is to end meanwhile. Returns its index.
    fn go_back_to_files(&mut self, mut index: usize) -> Result<usize> {
        loop {
            match self.go_back_to(index) {
                // Files are restored after memory, so that the machine can go on to another moment.
                Err(error) if index > 0 && refuses_files(&error) => {
                    // There may be thousands, and between two moments no state can be saved.
                    index = if self.outside.interrupt.cause().is_some() { 0 } else { index - 1 };
                }
                gone => return gone.map(|()| index),
            }
        }
    }

    /// Runs to `limits`. The pace stops the machine a few times a second: on a slow host that may
    /// be before the frame is complete, so that none would ever be shown.
    fn show(&mut self, limits: &Limits, run: &ActiveRun<'_>) -> RunEnd {
        loop {
            let end = self.inside.run(limits);
            let goes_on = run.pace.as_ref().is_some_and(Pace::is_rewinding);
            if end != RunEnd::Stopped || !goes_on || self.outside.interrupt.cause().is_some() {
                return end;
            }
        }
    }

    fn send_rewind_text(&mut self, text: String) {
        if let Some(rewind) = &mut self.outside.rewind {
            (rewind.held.sink)(text);
        }
    }
}

impl Rewind {
    /// The checkpoint to go to from guest time `now`: at first the last one that is more than
    /// [`FIRST_STEP`] ago, or the oldest; then the one preceding the last destination. `None` if
    /// there is none.
    fn next_back(&self, now: GuestTicks) -> Option<usize> {
        let last = self.ring.len().checked_sub(1)?;
        if self.held.from.is_some() {
            return last.checked_sub(1);
        }
        Some(self.ring.iter().rposition(|one| one.position.now + FIRST_STEP < now).unwrap_or(0))
    }
}

/// Whether a state was refused because of its files.
fn refuses_files(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<StateError>();
    matches!(error, Some(StateError::Contents { section, .. }) if *section == FilesState::NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{GpuKind, MachineConfig, TitleConfig, VideoConfig};
    use crate::interrupt::Cause;
    use crate::machine::{MachineOptions, REWIND_MEMORY};
    use crate::pace::PaceControl;
    use crate::title::Title;
    use xenia_guest::GuestAddr;
    use xenia_kernel::files::OpenParameters;

    /// A machine with checkpoints of these frames, and later ones whose open file is gone.
    fn with_deleted_file(frames: &[u64]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        let title = folder.path().join("default.xex");
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");
        std::fs::copy(demo, &title).unwrap();
        std::fs::write(folder.path().join("data"), "data").unwrap();
        let title = Title::open_or_demo(Some(&title), &TitleConfig::default()).unwrap();
        let config = MachineConfig::default();
        // Drawing is most of the time, and not part of the tests.
        let video = VideoConfig { gpu: GpuKind::None, ..VideoConfig::default() };
        let mut machine = Machine::new(&title, MachineOptions::new(&config, &video)).unwrap();
        machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
        let frame = |number| Limits { frames: Some(number), ..Limits::default() };
        for number in frames {
            machine.run_until(&frame(*number));
            machine.make_checkpoint().unwrap();
        }
        {
            let mut files = machine.inside.kernel.files.lock();
            let (file, _) = files.open(&OpenParameters::to_read(r"game:\data", 0)).unwrap();
            files.insert(GuestAddr(0x1000), file);
        }
        machine.run_until(&frame(20));
        machine.make_checkpoint().unwrap();
        machine.run_until(&frame(30));
        std::fs::remove_file(folder.path().join("data")).unwrap();
        (folder, machine)
    }

    #[test]
    fn moments_whose_open_files_were_deleted_are_passed_over() {
        let (_folder, mut machine) = with_deleted_file(&[3]);
        let control = PaceControl::default();
        control.rewind(true);
        let player = control.clone();
        machine.set_rewind_sink(Box::new(move |text| {
            if text.contains("as far as it goes") {
                player.close();
            }
        }));
        machine.set_pace(Pace::new(control, None, |_| ()));
        let end = machine.run(&Limits::default()).end;
        assert_eq!((end, machine.position().frames), (RunEnd::Stopped, 4));
    }

    #[test]
    fn the_end_of_a_run_takes_the_oldest_moment() {
        let (_folder, mut machine) = with_deleted_file(&[2, 3]);
        machine.outside.interrupt.request(Cause::Window);
        let last = machine.checkpoints().len() - 1;
        assert_eq!(machine.go_back_to_files(last).unwrap(), 0);
        assert_eq!(machine.position().frames, 2);
    }
}
