//! Execution history of a machine under a debugger: any earlier moment can be restored.
//!
//! The address of a moment is the number of instructions executed before it. A moment is reached
//! from the last checkpoint before it by executing the same instructions again, which lockstep
//! guarantees. Checkpoints have no breakpoints in their memory, so these are lifted for each.

use super::super::rewind::Rewind;
use super::super::{Machine, REWIND_MEMORY};
use super::Debugged;
use crate::recording::RunRecording;
use crate::say;
use anyhow::{Context, Result, anyhow, bail};
use std::error::Error;
use std::fmt;
use xenia_guest::GuestAddr;
use xenia_sched::{Executor, Limits, RunEnd};
use xenia_state::Unsaveable;

/// Instructions between two checkpoints.
const INTERVAL: u64 = 50_000_000;

/// Instructions until another attempt if the machine can't be saved at a moment.
const RETRY: u64 = 1_000_000;

/// Travel to another moment was interrupted by gdb or by the user.
#[derive(Debug)]
pub(super) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl Error for Interrupted {}

/// A checkpoint's place.
struct CheckpointPlace {
    /// Its number in the order of moments.
    index: usize,
    moment: u64,
}

/// The checkpoints of a machine under a debugger.
pub(super) struct History {
    rewind: Rewind,
    /// Moment of the next checkpoint.
    next: u64,
}

impl History {
    /// Begins at this moment of the machine.
    ///
    /// # Errors
    /// Runs of this machine do not repeat, or it has no states.
    pub(super) fn begin(machine: &mut Machine, has_live_input: bool) -> Result<Self> {
        if machine.has_host_clock() {
            bail!("only a run with --lockstep goes back");
        }
        if has_live_input {
            bail!("a run in a window does not go back, since its input would not repeat: use --headless");
        }
        machine.check_restores()?;
        let rewind = machine.outside.rewind.take();
        let rewind = rewind.unwrap_or_else(|| Rewind::new(&machine.inside, REWIND_MEMORY));
        let mut history = Self { rewind, next: 0 };
        history.keep(machine)?;
        Ok(history)
    }

    /// Keeps a checkpoint of this moment, if there is none.
    fn keep(&mut self, machine: &mut Machine) -> Result<()> {
        let now = machine.position().instructions;
        if self.last_at(now).is_none_or(|last| last.moment != now) {
            let mark = machine.outside.recorded.as_ref().and_then(RunRecording::mark);
            self.rewind.take(&mut machine.inside, mark)?;
        }
        self.next = now + INTERVAL;
        Ok(())
    }

    /// The last checkpoint at `moment` or before.
    fn last_at(&self, moment: u64) -> Option<CheckpointPlace> {
        let moments = self.rewind.moments().map(|position| position.instructions).enumerate();
        let mut places = moments.map(|(index, moment)| CheckpointPlace { index, moment });
        places.rfind(|checkpoint| checkpoint.moment <= moment)
    }

    /// The earliest moment.
    pub(super) fn beginning(&self) -> u64 {
        self.rewind.moments().next().map_or(0, |position| position.instructions)
    }

    /// A line about the checkpoints.
    pub(super) fn describe(&self) -> String {
        let count = self.rewind.moments().len();
        let mib = self.rewind.size() >> 20;
        format!("{count} checkpoints from instruction {} on, {mib} MiB", self.beginning())
    }
}

impl Debugged<'_, '_> {
    /// The present moment.
    pub(super) fn moment(&self) -> u64 {
        self.machine.inside.executor.instructions()
    }

    /// The checkpoints.
    ///
    /// # Errors
    /// The machine cannot go back; the error says why.
    pub(super) fn history(&mut self) -> Result<&mut History> {
        self.history.as_mut().map_err(|reason| anyhow!("{reason}"))
    }

    /// Takes the breakpoints out of the memory.
    pub(super) fn lift(&mut self) {
        let inside = &self.machine.inside;
        inside.kernel.breakpoints.clear(&inside.memory);
    }

    /// Puts the breakpoints into the memory, where that is mapped.
    pub(super) fn plant(&mut self) {
        let inside = &self.machine.inside;
        for &at in &self.breakpoints {
            let _ = inside.kernel.breakpoints.insert(&inside.memory, GuestAddr(at));
        }
    }

    /// Restarts the history at this moment if gdb has changed memory or registers, since replaying
    /// earlier moments would not lead here.
    pub(super) fn begin_edited(&mut self) {
        if std::mem::take(&mut self.is_edited) && self.history.is_ok() {
            self.lift();
            // The old log of written pages must be gone before there is another.
            self.history = Err(String::new());
            self.history = History::begin(self.machine, false).map_err(|error| say::chain(&error));
            self.plant();
        }
    }

    /// The part of the limits up to a moment.
    pub(super) fn limits_to(&self, moment: u64) -> Limits {
        let limit = self.run.limits.instructions.map_or(moment, |limit| limit.min(moment));
        Limits { instructions: Some(limit), ..self.run.limits.clone() }
    }

    /// Moment of the next checkpoint; `None` if the machine can't go back.
    pub(super) fn next_checkpoint(&self) -> Option<u64> {
        self.history.as_ref().ok().map(|history| history.next)
    }

    /// Keeps a checkpoint of this moment. If that is permanently impossible, the history ends. The
    /// breakpoints are lifted.
    pub(super) fn keep_checkpoint(&mut self) {
        self.lift();
        let now = self.moment();
        let Ok(history) = &mut self.history else { return };
        match history.keep(self.machine) {
            Ok(()) => {}
            Err(error) if error.is::<Unsaveable>() => history.next = now + RETRY,
            Err(error) => {
                let reason = say::chain(&error);
                self.note(format!("from here on the run does not go back: {reason}"));
                self.history = Err(reason);
            }
        }
    }

    /// The beginning of the stretch before `upper` that is executed again at once: of this length,
    /// or from the last checkpoint on. `None` at the beginning.
    pub(super) fn stretch_before(&self, upper: u64, length: u64) -> Option<u64> {
        let history = self.history.as_ref().ok()?;
        let checkpoint = history.last_at(upper.checked_sub(1)?)?;
        Some(checkpoint.moment.max(upper.saturating_sub(length)))
    }

    /// Goes to a moment, without breakpoints.
    ///
    /// # Errors
    /// [`Interrupted`] on the way; the run ends before that moment; the machine can't go back.
    pub(super) fn go_to(&mut self, moment: u64) -> Result<()> {
        self.lift();
        if moment < self.moment() || self.end.is_some() {
            let history = self.history.as_mut().map_err(|reason| anyhow!("{reason}"))?;
            let checkpoint = history.last_at(moment).context("the moment is before the first checkpoint")?;
            self.machine.go_back_along(&mut history.rewind, checkpoint.index)?;
            history.next = checkpoint.moment + INTERVAL;
            self.end = None;
        }
        while self.moment() < moment {
            let until = self.limits_to(moment.min(self.next_checkpoint().unwrap_or(moment)));
            match self.machine.inside.run(&until) {
                RunEnd::Instructions if self.moment() >= moment => {}
                RunEnd::Instructions if self.is_at_limit() => {
                    bail!("moment {moment} is beyond the run's limit (-n)")
                }
                RunEnd::Instructions => self.keep_checkpoint(),
                RunEnd::Stopped if self.is_at_recordings_end() || self.make_report_at_stop() => {}
                RunEnd::Stopped => return Err(Interrupted.into()),
                end => {
                    let at = self.moment();
                    self.end = Some(end);
                    bail!("the run ends at instruction {at}");
                }
            }
        }
        Ok(())
    }

    /// Whether the run has reached its limit of instructions.
    pub(super) fn is_at_limit(&self) -> bool {
        self.run.limits.instructions.is_some_and(|limit| self.moment() >= limit)
    }

    /// Whether the recording that is replayed has no more answers, which stops the run.
    pub(super) fn is_at_recordings_end(&self) -> bool {
        self.machine.outside.recording.is_over()
    }

    /// Makes the report for which the machine was stopped. Returns whether it was stopped for that
    /// alone (by the watchdog, a signal or a key): it isn't interrupted then.
    pub(super) fn make_report_at_stop(&mut self) -> bool {
        let is_made = self.machine.make_requested_reports(self.run.start);
        is_made && self.machine.outside.interrupt.cause().is_none()
    }

    /// Checks that the end was not requested. A request sets the stop flag once, and a stop for
    /// another reason may have reset it.
    ///
    /// # Errors
    /// [`Interrupted`] if it was.
    pub(super) fn check_goes_on(&self) -> Result<()> {
        match self.machine.outside.interrupt.cause() {
            None => Ok(()),
            Some(_) => Err(Interrupted.into()),
        }
    }

    /// Goes to a moment, ignoring interruptions.
    pub(super) fn return_to(&mut self, moment: u64) -> Result<()> {
        loop {
            match self.go_to(moment) {
                Err(error) if error.is::<Interrupted>() => {}
                gone => return gone,
            }
        }
    }

    /// Guest id of the thread that executed the last instruction; 0 if its visit is over.
    pub(super) fn last_thread(&self) -> u32 {
        let Executor::Lockstep(executor) = &self.machine.inside.executor else { return 0 };
        let thread = executor.visited().and_then(|thread| executor.scheduler.thread(thread).ok());
        thread.map_or(0, |thread| thread.id)
    }
}
