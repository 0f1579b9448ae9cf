//! The machine as a debugger sees it, and runs under gdb.
//!
//! A run under gdb is the run without, cut into slices: in lockstep, breakpoints and single steps
//! change nothing of the title's time, so the same breakpoint is met at the same instruction in
//! each run.

mod back;
mod front_end;
mod history;
mod inspect;
mod launch;
mod monitor;
mod scan;
mod watches;

use super::parts::MachineInside;
use super::{ActiveRun, Machine};
use crate::say::{self, errln};
use anyhow::Result;
use back::Back;
pub(super) use front_end::Debugger;
pub use front_end::FrontEnd;
use history::{History, Interrupted};
pub use inspect::LastWriter;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use watches::Watches;
use xenia_cpu::{PpcContext, WatchedAccess, WatchedRange};
use xenia_gdb::{Debuggee, Listener, Progress, SessionEnd, serve};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_sched::{
    EndKind, Executor, GuestThread, GuestTicks, Limits, RunEnd, SingleStep, TICKS_PER_SECOND, ThreadRef,
    ThreadState,
};

/// Guest time for which other threads run while a step waits for its thread: a millisecond.
const MOMENT: GuestTicks = TICKS_PER_SECOND / 1000;

/// Limit of instructions between two polls of gdb while memory is watched.
const MAX_WATCHED_INSTRUCTIONS: u32 = 50_000;

/// A machine under a debugger: [`Debuggee`] has the operations of a session, its own methods give
/// the views that are shown.
pub struct Debugged<'a, 'b> {
    machine: &'a mut Machine,
    run: &'a mut ActiveRun<'b>,
    watches: Watches,
    /// Addresses of the breakpoints.
    breakpoints: BTreeSet<u32>,
    /// The past, or why there is none.
    history: Result<History, String>,
    /// Whether gdb has changed memory or registers since the machine ran last.
    is_edited: bool,
    /// Why the run ended, once it has.
    end: Option<RunEnd>,
    /// Notes for the debugger, if it shows them itself.
    notes: Option<Vec<String>>,
}

impl Machine {
    /// Waits for gdb and lets it control the run. Returns why the run ended; `None` if gdb detached
    /// and the title continues.
    pub(super) fn debug(&mut self, listener: &Listener, run: &mut ActiveRun<'_>) -> Option<RunEnd> {
        // Before gdb may connect, since it waits two seconds for its first answer.
        let history = History::begin(self, run.pace.is_some()).map_err(|error| say::chain(&error));
        errln!("waiting for gdb: target remote {}", listener.address());
        let stop = self.inside.executor.stop_flag();
        let mut debugged = Debugged::new(self, run, history);
        let served = match listener.accept(&stop, || debugged.idle()) {
            Ok(Some(link)) => serve(link, &mut debugged),
            Ok(None) => return Some(RunEnd::Stopped),
            Err(error) => Err(error.into()),
        };
        let Debugged { machine, end, .. } = debugged;
        machine.inside.kernel.breakpoints.clear(&machine.inside.memory);
        match served {
            Ok(SessionEnd::Killed) => Some(end.unwrap_or(RunEnd::Stopped)),
            Ok(SessionEnd::Ended) => end,
            Ok(SessionEnd::Detached) => {
                errln!("gdb has detached: the title continues");
                end
            }
            Err(error) => {
                errln!("the connection to gdb has ended: {}: the title continues", say::chain(&error.into()));
                end
            }
        }
    }
}

impl<'a, 'b> Debugged<'a, 'b> {
    fn new(machine: &'a mut Machine, run: &'a mut ActiveRun<'b>, history: Result<History, String>) -> Self {
        Self {
            machine,
            run,
            watches: Watches::default(),
            breakpoints: BTreeSet::new(),
            history,
            is_edited: false,
            end: None,
            notes: None,
        }
    }
}

impl Debugged<'_, '_> {
    /// Shows the debugger's user a note that is not part of an answer.
    fn note(&mut self, note: String) {
        match &mut self.notes {
            Some(notes) => notes.push(note),
            None => errln!("{note}"),
        }
    }

    /// The threads that have not exited.
    fn alive(&self) -> impl Iterator<Item = &GuestThread> {
        let threads = self.machine.inside.executor.scheduler().threads();
        threads.filter(|thread| !matches!(thread.state(), ThreadState::Exited { .. }))
    }

    fn thread(&self, id: u32) -> Option<ThreadRef> {
        self.alive().find(|thread| thread.id == id).map(GuestThread::reference)
    }

    /// Runs for a moment, so that a thread that waits can be woken. In lockstep the step itself has
    /// done so.
    fn run_others(&mut self) -> Progress {
        let executor = &mut self.machine.inside.executor;
        if matches!(executor, Executor::Lockstep(_)) {
            return Progress::Running;
        }
        let ticks = Some(executor.now() + MOMENT);
        match executor.run(&Limits { ticks, ..self.run.limits.clone() }) {
            RunEnd::Ticks | RunEnd::Stopped => self.stopped(),
            end => self.note_end(end),
        }
    }

    /// Runs to the next checkpoint, or until something stops it.
    fn run_slice(&mut self) -> Progress {
        let Some(next) = self.next_checkpoint() else {
            return match self.machine.run_slice(self.run) {
                Some(end) => self.note_end(end),
                None => self.stopped(),
            };
        };
        let limits = self.limits_to(next);
        let whole = std::mem::replace(&mut self.run.limits, limits);
        let end = self.machine.run_slice(self.run);
        self.run.limits = whole;
        match end {
            Some(RunEnd::Instructions) if !self.is_at_limit() => {
                self.keep_checkpoint();
                self.plant();
                Progress::Running
            }
            Some(RunEnd::Stopped) if self.is_at_recordings_end() => Progress::RecordingEnd,
            Some(end) => self.note_end(end),
            None => self.stopped(),
        }
    }

    /// Completes a move to another moment: restores the breakpoints in memory, and ignores earlier
    /// changes of watched memory.
    fn arrive(&mut self) {
        self.plant();
        self.watches.find_change(&self.machine.inside.memory);
    }

    /// Stop reply after a goto, which may have failed.
    fn stop_reply(&mut self, progress: Result<Progress>) -> Progress {
        match progress {
            Ok(progress) => progress,
            Err(error) if error.is::<Interrupted>() => {
                if self.idle() {
                    Progress::Running
                } else {
                    self.note_end(RunEnd::Stopped)
                }
            }
            Err(error) if self.machine.is_broken() => {
                self.machine.outside.write_errors.note(say::chain(&error));
                self.note_end(RunEnd::Stopped)
            }
            Err(error) => {
                self.note(format!("the run cannot go back: {}", say::chain(&error)));
                Progress::Beginning
            }
        }
    }

    /// Runs by single instructions, and checks the watches after each.
    fn run_compared(&mut self) -> Progress {
        for _ in 0..MAX_WATCHED_INSTRUCTIONS {
            // Nothing is watched in parallel.
            let Executor::Lockstep(executor) = &mut self.machine.inside.executor else { break };
            let end = executor.run_one(&self.run.limits).end;
            if let Some(progress) = self.check_watches() {
                return progress;
            }
            match end {
                None => {}
                Some(RunEnd::Stopped) => break,
                Some(end) => return self.note_end(end),
            }
        }
        if self.idle() { self.stopped() } else { self.note_end(RunEnd::Stopped) }
    }

    /// The state reported to gdb if the last instruction has changed watched memory.
    fn check_watches(&mut self) -> Option<Progress> {
        let MachineInside { executor, memory, .. } = &self.machine.inside;
        let (at, access) = self.watches.find_change(memory)?;
        let progress = || Progress::Watch { thread: self.last_thread(), at, access };
        matches!(executor, Executor::Lockstep(_)).then(progress)
    }

    /// Executes an instruction of a thread. Also returns its access to watched memory, if any.
    fn step(&mut self, thread: ThreadRef) -> (SingleStep, Option<Progress>) {
        let (step, note) = if self.watches.has_loads() {
            self.step_watched(thread)
        } else {
            (self.machine.inside.executor.single_step(thread, &self.run.limits), None)
        };
        let changed = self.check_watches();
        let noted = note.map(|note| {
            let WatchedRange { addr, access, .. } = note.watched;
            Progress::Watch { thread: self.last_thread(), at: addr.0, access }
        });
        (step, noted.or(changed))
    }

    /// The state reported to gdb after a run was stopped.
    fn stopped(&self) -> Progress {
        match self.machine.inside.kernel.breakpoints.take_hit() {
            Some(thread) => Progress::Breakpoint { thread },
            None => Progress::Running,
        }
    }

    /// The state to report to gdb at the end of the run. If the title has launched another one, the
    /// run continues there.
    fn note_end(&mut self, end: RunEnd) -> Progress {
        if let Some(thread) = self.follow_launch(&end) {
            return Progress::Launched { thread };
        }
        let progress = match &end {
            RunEnd::Ended(EndKind::Exit { code }) => Progress::Exited { code: *code },
            RunEnd::Ended(EndKind::Crash { thread, .. }) => Progress::Crashed { thread: *thread },
            _ => Progress::Ended,
        };
        self.end = Some(end);
        progress
    }
}

impl Debuggee for Debugged<'_, '_> {
    fn threads(&self) -> Vec<u32> {
        self.alive().map(|thread| thread.id).collect()
    }

    fn describe(&self, thread: u32) -> String {
        // gdb asks for every thread at each stop, and a report has the stacks of all.
        let Some(thread) = self.alive().find(|other| other.id == thread) else { return "ended".to_owned() };
        let state = thread.describe_state();
        format!("{state}, priority {}, hardware thread {}", thread.priority(), thread.slot())
    }

    fn context(&self, thread: u32) -> Option<&PpcContext> {
        let thread = self.thread(thread)?;
        self.machine.inside.executor.scheduler().thread(thread).ok()?.context()
    }

    fn context_mut(&mut self, thread: u32) -> Option<&mut PpcContext> {
        let thread = self.thread(thread)?;
        self.is_edited = true;
        self.machine.inside.executor.scheduler_mut().context_mut(thread).ok()
    }

    fn read(&self, at: u32, bytes: &mut [u8]) -> usize {
        let mut count = 0;
        while count < bytes.len() {
            let Some(start) = u32::try_from(count).ok().and_then(|count| at.checked_add(count)) else {
                break;
            };
            let page = (PAGE_SIZE - start % PAGE_SIZE) as usize;
            let end = bytes.len().min(count + page);
            if self.machine.inside.memory.read_bytes(GuestAddr(start), &mut bytes[count..end]).is_err() {
                break;
            }
            count = end;
        }
        let MachineInside { kernel, memory, .. } = &self.machine.inside;
        kernel.breakpoints.hide(memory, GuestAddr(at), &mut bytes[..count]);
        count
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> bool {
        let MachineInside { kernel, memory, .. } = &self.machine.inside;
        let is_written = kernel.breakpoints.write(memory, GuestAddr(at), bytes).is_ok();
        // A change ends the past, so a refused one must not count.
        self.is_edited |= is_written && !bytes.is_empty();
        is_written
    }

    fn insert_breakpoint(&mut self, at: u32) -> bool {
        let MachineInside { kernel, memory, .. } = &self.machine.inside;
        let is_set = kernel.breakpoints.insert(memory, GuestAddr(at)) == Ok(true);
        if is_set {
            self.breakpoints.insert(at);
        }
        is_set
    }

    fn remove_breakpoint(&mut self, at: u32) -> bool {
        let MachineInside { kernel, memory, .. } = &self.machine.inside;
        // At another moment the memory may not be mapped.
        kernel.breakpoints.remove(memory, GuestAddr(at));
        self.breakpoints.remove(&at)
    }

    fn insert_watch(&mut self, at: u32, len: u32, access: WatchedAccess) -> bool {
        let MachineInside { executor, memory, .. } = &self.machine.inside;
        matches!(executor, Executor::Lockstep(_))
            && (access == WatchedAccess::Change || self.history.is_ok())
            && self.watches.insert(memory, at, len, access)
    }

    fn remove_watch(&mut self, at: u32, len: u32, access: WatchedAccess) -> bool {
        self.watches.remove(at, len, access)
    }

    fn resume(&mut self, step: Option<u32>) -> Progress {
        if self.check_goes_on().is_err() {
            return self.note_end(RunEnd::Stopped);
        }
        self.begin_edited();
        if let Some(id) = step {
            let Some(thread) = self.thread(id) else { return Progress::Stepped { thread: id } };
            return match self.step(thread) {
                (SingleStep::Done | SingleStep::NotYet, Some(watched)) => watched,
                (SingleStep::Done, None) => Progress::Stepped { thread: id },
                (SingleStep::NotYet, None) => self.run_others(),
                (SingleStep::Ended(RunEnd::Stopped), _) => self.stopped(),
                (SingleStep::Ended(end), _) => self.note_end(end),
            };
        }
        if self.watches.is_empty() {
            self.run_slice()
        } else if self.history.is_ok() {
            let progress = self.run_watched();
            self.stop_reply(progress)
        } else {
            self.run_compared()
        }
    }

    fn can_go_back(&self) -> bool {
        // gdb asks before the first instruction. If history is missing, each request to go back
        // reports the reason.
        matches!(self.machine.inside.executor, Executor::Lockstep(_))
    }

    fn resume_backwards(&mut self, step: Option<u32>) -> Progress {
        self.go_back(step.map_or(Back::LastStop, |thread| Back::Steps { thread, count: 1 }))
    }

    fn idle(&mut self) -> bool {
        self.machine.outside.interrupt.cause().is_none() && self.machine.wait_for_pace(self.run)
    }

    fn stop_flag(&self) -> Arc<AtomicBool> {
        self.machine.inside.executor.stop_flag()
    }

    fn command(&mut self, command: &str) -> String {
        self.run_monitor_command(command)
    }
}
