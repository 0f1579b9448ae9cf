//! Stretches of a run under a debugger in which breakpoints and accesses to watched memory are
//! noted.
//!
//! Breakpoints are met at full speed. Watched memory needs the interpreter, which notes the exact
//! instruction of each access ([`AccessWatch`]); in lockstep all engines execute the same.

use super::super::Machine;
use super::Debugged;
use super::back::{FIRST_STRETCH, GROWTH, Stop};
use super::history::Interrupted;
use anyhow::{Result, bail};
use std::ops::Range;
use std::sync::Arc;
use xenia_cpu::{AccessNote, AccessNotes, AccessWatch, EngineConfig, Execute, Interpreter, WatchedRange};
use xenia_gdb::Progress;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, Watch};
use xenia_sched::{Executor, RunEnd, SingleStep, ThreadRef};

/// Instructions in a stretch of a run with watched memory.
const WATCHED_STRETCH: u64 = 5_000_000;

/// Shortest stretch that is first executed at full speed to see whether it writes the page.
const MIN_FAST_STRETCH: u64 = 1 << 20;

/// Result of a stretch.
#[derive(Default)]
pub(super) struct Scan {
    /// The last breakpoint met.
    pub(super) hit: Option<Stop>,
    /// Accesses to the watched memory, with counts from the stretch's beginning on.
    pub(super) notes: AccessNotes,
    /// Why the run ended within the stretch, if it did.
    pub(super) end: Option<RunEnd>,
    /// Whether the stretch was left at a breakpoint.
    pub(super) is_cut: bool,
}

impl Scan {
    /// Checks that the stretch was executed to its end, or to its last breakpoint.
    ///
    /// # Errors
    /// [`Interrupted`], or the run did not repeat.
    pub(super) fn check_end(&self) -> Result<()> {
        match &self.end {
            None => Ok(()),
            Some(RunEnd::Stopped) => Err(Interrupted.into()),
            Some(_) => bail!("the replay ended earlier than the run: the run is not repeatable"),
        }
    }
}

impl Machine {
    /// Lets another engine run guest code from now on, and returns the one that did so; `None` in
    /// parallel mode, where nothing changes.
    pub(crate) fn replace_engine(&mut self, engine: Box<dyn Execute>) -> Option<Box<dyn Execute>> {
        match &mut self.inside.executor {
            Executor::Lockstep(executor) => Some(executor.replace_engine(engine)),
            Executor::Parallel(_) => None,
        }
    }
}

impl Debugged<'_, '_> {
    /// Executes a stretch: notes the accesses to `ranges` and the breakpoints, and leaves at the
    /// breakpoint number `max_hits`. With 0 there are no breakpoints.
    pub(super) fn scan(
        &mut self,
        Range { start: lower, end: upper }: Range<u64>,
        ranges: Vec<WatchedRange>,
        max_hits: u32,
    ) -> Result<Scan> {
        self.go_to(lower)?;
        self.keep_checkpoint();
        if max_hits > 0 {
            self.plant();
        }
        let watch =
            (!ranges.is_empty()).then(|| Arc::new(AccessWatch::new(&self.machine.inside.memory, ranges)));
        let engine = watch.as_ref().and_then(|watch| self.watch_accesses(watch));
        let mut scan = Scan::default();
        self.run_through(upper, max_hits, &mut scan);
        if let Some(engine) = engine {
            self.machine.replace_engine(engine);
        }
        if let Some(watch) = watch {
            scan.notes = watch.notes(&self.machine.inside.memory, self.moment() - lower);
        }
        Ok(scan)
    }

    /// Lets an interpreter that notes accesses run the guest, and returns the engine that did so.
    fn watch_accesses(&mut self, watch: &Arc<AccessWatch>) -> Option<Box<dyn Execute>> {
        // Machines with states have no reservation table.
        let mut interpreter = Interpreter::new(self.machine.memory().clone(), EngineConfig::default());
        interpreter.watch_accesses(Arc::clone(watch));
        self.machine.replace_engine(Box::new(interpreter))
    }

    /// Executes an instruction of a thread while loads are watched, and returns the first access to
    /// watched memory, too.
    pub(super) fn step_watched(&mut self, thread: ThreadRef) -> (SingleStep, Option<AccessNote>) {
        let watch = Arc::new(AccessWatch::new(&self.machine.inside.memory, self.watches.ranges()));
        let engine = self.watch_accesses(&watch);
        let step = self.machine.inside.executor.single_step(thread, &self.run.limits);
        if let Some(engine) = engine {
            self.machine.replace_engine(engine);
        }
        (step, watch.notes(&self.machine.inside.memory, 0).first_stop)
    }

    fn run_through(&mut self, upper: u64, max_hits: u32, scan: &mut Scan) {
        let mut hits = 0;
        while self.moment() < upper {
            let limits = self.limits_to(upper);
            let end = self.machine.inside.run(&limits);
            match (end, self.machine.inside.kernel.breakpoints.take_hit()) {
                (RunEnd::Instructions, _) if self.moment() >= upper => {}
                (RunEnd::Stopped, Some(thread)) => {
                    scan.hit =
                        Some(Stop { moment: self.moment(), progress: Progress::Breakpoint { thread } });
                    hits += 1;
                    if hits >= max_hits {
                        scan.is_cut = true;
                        return;
                    }
                    self.pass_breakpoint(thread);
                }
                (RunEnd::Stopped, None) if self.make_report_at_stop() => {}
                (RunEnd::Stopped, None) if self.is_at_recordings_end() && max_hits != 1 => {}
                (end, _) => {
                    scan.end = Some(end);
                    return;
                }
            }
        }
    }

    /// Executes the instruction under the breakpoint at which a thread is.
    fn pass_breakpoint(&mut self, thread: u32) {
        use xenia_gdb::Debuggee;
        let Some(at) = self.context(thread).map(|ctx| GuestAddr(ctx.pc)) else { return };
        let limits = self.run.limits.clone();
        let inside = &mut self.machine.inside;
        inside.kernel.breakpoints.remove(&inside.memory, at);
        if let Executor::Lockstep(executor) = &mut inside.executor {
            executor.run_one(&limits);
        }
        let _ = inside.kernel.breakpoints.insert(&inside.memory, at);
    }

    /// Runs for a while with watched memory, to the first stop.
    pub(super) fn run_watched(&mut self) -> Result<Progress> {
        let start = self.moment();
        let Scan { hit, notes, end, .. } =
            self.scan(start..start + WATCHED_STRETCH, self.watches.ranges(), 1)?;
        if let Some(note) = notes.first_stop {
            self.return_to(start + note.instructions_through())?;
            if note.pc.is_none() && self.watches.find_change(&self.machine.inside.memory).is_none() {
                // A device has written it since.
                self.return_to(self.moment() + 1)?;
            }
            let thread = self.last_thread();
            self.arrive();
            let WatchedRange { addr, access, .. } = note.watched;
            return Ok(Progress::Watch { thread, at: addr.0, access });
        }
        Ok(match (hit, end) {
            (Some(hit), _) => hit.progress,
            (None, Some(RunEnd::Stopped)) if self.is_at_recordings_end() => Progress::RecordingEnd,
            (None, None | Some(RunEnd::Stopped)) => Progress::Running,
            (None, Some(end)) => self.note_end(end),
        })
    }

    /// The moment before the last store to these bytes, and the instruction's address; `None` for
    /// the address if it was the kernel or a device, and `None` if there was no store since the
    /// earliest moment. The machine stays where it is.
    ///
    /// # Errors
    /// As [`Self::turn_back`].
    pub(super) fn last_store(&mut self, bytes: WatchedRange) -> Result<Option<(u64, Option<GuestAddr>)>> {
        let from = self.moment();
        let found = self.find_last_store(from, bytes);
        if !self.machine.is_broken() {
            self.return_to(from)?;
            self.arrive();
        }
        found
    }

    fn find_last_store(
        &mut self,
        from: u64,
        bytes: WatchedRange,
    ) -> Result<Option<(u64, Option<GuestAddr>)>> {
        let mut upper = from;
        let mut length = FIRST_STRETCH;
        while let Some(lower) = self.stretch_before(upper, length) {
            if upper - lower < MIN_FAST_STRETCH || self.is_page_written(lower, upper, &bytes)? {
                let scan = self.scan(lower..upper, vec![bytes], 0)?;
                scan.check_end()?;
                if let Some(note) = scan.notes.last_store {
                    return Ok(Some((lower + note.instructions_before(), note.pc)));
                }
            }
            upper = lower;
            length = length.saturating_mul(GROWTH);
        }
        Ok(None)
    }

    /// Whether a stretch may write the pages of these bytes.
    fn is_page_written(&mut self, lower: u64, upper: u64, bytes: &WatchedRange) -> Result<bool> {
        self.go_to(lower)?;
        self.keep_checkpoint();
        let last = bytes.addr.0.saturating_add(bytes.size.saturating_sub(1));
        let versions = |memory: &GuestMemory| {
            [bytes.addr, GuestAddr(last)]
                .map(|at| GuestMemory::page_index(at).map(|page| memory.page_version(page)))
        };
        let before = versions(&self.machine.inside.memory);
        if self.machine.inside.memory.watch(bytes.addr, bytes.size) != Ok(Watch::Protected) {
            return Ok(true);
        }
        self.go_to(upper)?;
        Ok(versions(&self.machine.inside.memory) != before)
    }
}
