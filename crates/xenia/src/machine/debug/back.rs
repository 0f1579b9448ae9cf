//! Reverse execution under a debugger: to the last stop, and by instructions of a thread.
//!
//! The stretches before the present moment are executed again, the last one first, and what stops
//! in them is noted. They become longer with the distance, up to the distance of two checkpoints.

use super::Debugged;
use super::history::Interrupted;
use anyhow::{Result, bail};
use xenia_cpu::WatchedRange;
use xenia_gdb::Progress;
use xenia_sched::{Executor, OneInstruction, RunEnd};

/// Length of the first stretch, in instructions.
pub(super) const FIRST_STRETCH: u64 = 512;

/// Ratio of a stretch's length to that of the one after it.
pub(super) const GROWTH: u64 = 8;

/// Longest stretch that is executed by single steps.
const MAX_STEPPED: u64 = 1 << 18;

/// Instructions of all threads that are searched for the next step back of a thread.
const STEP_REACH: u64 = 20_000_000;

/// Number of breakpoint hits in a stretch after which its later half is searched first.
const MAX_HITS: u32 = 64;

/// A moment at which the run stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    pub(super) moment: u64,
    pub(super) progress: Progress,
}

/// The moment to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Back {
    LastStop,
    /// Before the last `count` instructions of a thread.
    Steps {
        thread: u32,
        count: u64,
    },
}

impl Debugged<'_, '_> {
    /// Goes back by `count` instructions of a thread, or to the earliest moment if it has run fewer
    /// since then. If that fails (an interruption, or a thread that has not run for long), the
    /// machine stays where it is.
    pub fn step_back(&mut self, thread: u32, count: u64) -> Progress {
        self.go_back(Back::Steps { thread, count })
    }

    pub(super) fn go_back(&mut self, to: Back) -> Progress {
        self.begin_edited();
        let progress = self.check_goes_on().and_then(|()| self.turn_back(to));
        self.stop_reply(progress)
    }

    /// # Errors
    /// [`Interrupted`], or the machine can't go back. It is where it was, unless it is broken.
    fn turn_back(&mut self, to: Back) -> Result<Progress> {
        let from = self.moment();
        let found = match to {
            Back::Steps { thread, count } => self.last_steps(thread, count, from),
            Back::LastStop => self.last_stop(from),
        };
        let to = found.as_ref().map_or(from, |stop| stop.moment);
        if !self.machine.is_broken() {
            self.return_to(to)?;
            self.arrive();
        }
        found.map(|stop| stop.progress)
    }

    fn beginning(&mut self) -> Result<Stop> {
        Ok(Stop { moment: self.history()?.beginning(), progress: Progress::Beginning })
    }

    /// The moment before the last `count` instructions of a thread.
    fn last_steps(&mut self, thread: u32, count: u64, from: u64) -> Result<Stop> {
        if count == 0 {
            return Ok(Stop { moment: from, progress: Progress::Stepped { thread } });
        }
        let mut left = count as usize;
        let mut earliest = from;
        let mut upper = from;
        let mut length = FIRST_STRETCH;
        while let Some(lower) = self.stretch_before(upper, length) {
            let steps = self.steps_between(lower, upper, thread)?;
            if let Some(&moment) = steps.len().checked_sub(left).and_then(|index| steps.get(index)) {
                return Ok(Stop { moment, progress: Progress::Stepped { thread } });
            }
            left -= steps.len();
            earliest = steps.first().copied().unwrap_or(earliest);
            if earliest - lower > STEP_REACH {
                bail!("thread {thread} has not run in the last {STEP_REACH} instructions");
            }
            upper = lower;
            length = (length * GROWTH).min(MAX_STEPPED);
        }
        self.beginning()
    }

    /// The moments before the instructions of a thread in a stretch.
    fn steps_between(&mut self, lower: u64, upper: u64, thread: u32) -> Result<Vec<u64>> {
        self.go_to(lower)?;
        self.keep_checkpoint();
        let mut steps = Vec::new();
        while self.moment() < upper {
            let before = self.moment();
            let limits = self.limits_to(upper);
            // Only lockstep has a history.
            let Executor::Lockstep(executor) = &mut self.machine.inside.executor else { break };
            let OneInstruction { has_run, end } = executor.run_one(&limits);
            let is_stopped = end == Some(RunEnd::Stopped);
            if is_stopped && self.make_report_at_stop() {
                if !has_run {
                    continue;
                }
            } else if is_stopped && !self.is_at_recordings_end() {
                return Err(Interrupted.into());
            } else if !has_run {
                break;
            }
            if self.last_thread() == thread {
                steps.push(before);
            }
        }
        Ok(steps)
    }

    /// The last moment before `from` at which a breakpoint is met, or the next instruction accesses
    /// watched memory.
    fn last_stop(&mut self, from: u64) -> Result<Stop> {
        if self.breakpoints.is_empty() && self.watches.is_empty() {
            return self.beginning();
        }
        let mut upper = from;
        let mut length = FIRST_STRETCH;
        while let Some(lower) = self.stretch_before(upper, length) {
            if let Some(stop) = self.last_stop_between(lower, upper)? {
                return Ok(stop);
            }
            upper = lower;
            length = length.saturating_mul(GROWTH);
        }
        self.beginning()
    }

    fn last_stop_between(&mut self, lower: u64, upper: u64) -> Result<Option<Stop>> {
        let scan = self.scan(lower..upper, self.watches.ranges(), MAX_HITS)?;
        scan.check_end()?;
        if scan.is_cut {
            // Breakpoints are met often: the last one is close to the end.
            let here = scan.hit.map_or(lower, |hit| hit.moment);
            let middle = here + (upper - here) / 2;
            for (from, to) in [(middle, upper), (here, middle)] {
                if lower < from
                    && from < to
                    && let Some(stop) = self.last_stop_between(from, to)?
                {
                    return Ok(Some(stop));
                }
            }
        }
        let Some(note) = scan.notes.last_stop else { return Ok(scan.hit) };
        let moment = lower + note.instructions_before();
        if let Some(hit) = scan.hit.filter(|hit| hit.moment > moment) {
            return Ok(Some(hit));
        }
        self.go_to(moment + 1)?;
        let thread = self.last_thread();
        let WatchedRange { addr, access, .. } = note.watched;
        Ok(Some(Stop { moment, progress: Progress::Watch { thread, at: addr.0, access } }))
    }
}
