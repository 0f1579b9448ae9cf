//! Commands that run the machine, forwards and backwards.
//!
//! Breakpoints and watches are in the machine only while it runs, as under gdb, so the same
//! commands have the same answers.

use super::{DebugSession, Watcher, moment};
use crate::model::MemoryWatch;
use crate::panes::code::is_call;
use crate::text::{MAX_NAME_LENGTH, escaped_text};
use anyhow::{Context, Result, bail};
use std::sync::atomic::Ordering::Relaxed;
use xenia::machine::{Debugged, LastWriter};
use xenia_cpu::{PpcContext, WatchedAccess};
use xenia_gdb::{Debuggee, Progress};
use xenia_isa::word::{BCTR, BLR};
use xenia_isa::{Instruction, Op, Syntax, decode, disassemble};
use xenia_sched::{EndKind, RunEnd};

/// Instructions that `back N` undoes between two looks at the keys.
const STEPS_AT_ONCE: u64 = 1024;

/// Whether an instruction stores r0 at the stack pointer, as prologues do with LR, or may call a
/// helper that does.
fn saves_link(word: u32) -> bool {
    /// `stw r0,0(r1)` and `std r0,0(r1)`, without the offset.
    const STORES: [u32; 2] = [0x9001_0000, 0xF801_0000];
    STORES.contains(&(word & 0xFFFF_0000)) || is_call(word)
}

/// Whether a function has made a frame of its own before `pc`, and has not dropped it.
fn has_frame(machine: &Debugged<'_, '_>, begin: u32, pc: u32) -> bool {
    /// `stwu r1,X(r1)`, without the offset.
    const STORE_WORD: u32 = 0x9421_0000;
    /// `stdu r1,X(r1)`, without the offset.
    const STORE_DOUBLE: u32 = 0xF821_0001;
    /// `stwux r1,r1,rX`, without the last register.
    const STORE_INDEXED: u32 = 0x7C21_016E;
    let makes = |word: u32| {
        word & 0xFFFF_0000 == STORE_WORD
            || word & 0xFFFF_0003 == STORE_DOUBLE
            || word & 0xFFFF_07FF == STORE_INDEXED
    };
    /// `addi r1,rX,Y`, `lwz r1,X(rY)` and `ld r1,X(rY)`, without the operands.
    const RESTORES: [u32; 3] = [0x3820_0000, 0x8020_0000, 0xE820_0000];
    /// `mr r1,rX`, without the register.
    const MOVE: u32 = 0x7C01_0378;
    let drops = |word: u32| RESTORES.contains(&(word & 0xFFE0_0000)) || word & 0xFC1F_07FE == MOVE;
    let is_jump = |word: u32| decode(word) == Some(Op::bx) && !Instruction(word).lk();
    let leaves = |word: u32| matches!(word, BLR | BCTR) || is_jump(word);
    // The instruction before one that always branches is not on the way to `pc`.
    let mut is_behind_branch = false;
    for word in (begin..pc).step_by(4).rev().filter_map(|at| machine.word_at(at)) {
        if makes(word) {
            return true;
        }
        if drops(word) && !is_behind_branch {
            return false;
        }
        is_behind_branch |= leaves(word);
    }
    false
}

/// A frame of a thread.
#[derive(Clone, Copy)]
struct StackFrame {
    thread: u32,
    /// Lowest stack pointer of the frame; inner frames have lower ones.
    stack: u32,
}

impl DebugSession {
    /// Checks that the machine can continue.
    fn check_runs(machine: &Debugged<'_, '_>) -> Result<()> {
        if machine.end().is_some() {
            bail!("the run has ended: `back`, `back-continue` or `goto N` go back, `quit` ends");
        }
        Ok(())
    }

    /// Registers of the thread that is chosen.
    pub(super) fn chosen_context<'m>(&self, machine: &'m Debugged<'_, '_>) -> Result<&'m PpcContext> {
        machine.context(self.model.thread).context("the thread has ended: choose another one")
    }

    /// Notes the registers, so that changes are highlighted.
    fn note_registers(&mut self, machine: &Debugged<'_, '_>) {
        let ctx = machine.context(self.model.thread);
        self.model.before = ctx.map(|ctx| (self.model.thread, Box::new(ctx.clone())));
    }

    fn pc(machine: &Debugged<'_, '_>, thread: u32) -> Option<u32> {
        machine.context(thread).map(|ctx| ctx.pc)
    }

    /// Sets breakpoints and watches, but those at `except`.
    fn plant(&mut self, machine: &mut Debugged<'_, '_>, except: Option<u32>) {
        let mut missing = Vec::new();
        for &at in self.model.breakpoints.iter().filter(|&&at| Some(at) != except) {
            if !machine.insert_breakpoint(at) {
                missing.push(at);
            }
        }
        for &MemoryWatch { at, size, access } in &self.model.watches {
            if !machine.insert_watch(at, size, access) {
                missing.push(at);
            }
        }
        if !missing.is_empty() {
            let places = crate::text::list(&missing);
            self.warning = Some(format!("not stopped at, since nothing is mapped there: {places}"));
        }
    }

    fn lift(&self, machine: &mut Debugged<'_, '_>) {
        for &at in &self.model.breakpoints {
            machine.remove_breakpoint(at);
        }
        for &MemoryWatch { at, size, access } in &self.model.watches {
            machine.remove_watch(at, size, access);
        }
    }

    /// Runs the machine until it stops. `None`: it was interrupted.
    fn run(
        &mut self,
        step: Option<u32>,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Option<Progress> {
        loop {
            match machine.resume(step) {
                Progress::Running => {
                    if !machine.idle() {
                        self.model.is_over = true;
                        return None;
                    }
                    if !watcher.continues(&self.model, machine.position()) {
                        return None;
                    }
                }
                stop => return Some(stop),
            }
        }
    }

    /// Executes an instruction of a thread, with breakpoints but the one under it.
    fn step_once(
        &mut self,
        thread: u32,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Option<Progress> {
        self.plant(machine, Self::pc(machine, thread));
        let progress = self.run(Some(thread), machine, watcher);
        self.lift(machine);
        progress
    }

    pub(super) fn step(
        &mut self,
        count: u64,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        Self::check_runs(machine)?;
        self.note_registers(machine);
        let thread = self.model.thread;
        for _ in 0..count {
            let progress = self.step_once(thread, machine, watcher);
            self.arrive(progress, machine);
            if progress != Some(Progress::Stepped { thread }) {
                break;
            }
            if count > 1 && !watcher.continues(&self.model, machine.position()) {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn next(&mut self, machine: &mut Debugged<'_, '_>, watcher: &mut dyn Watcher) -> Result<()> {
        let ctx = self.chosen_context(machine)?;
        let pc = ctx.pc;
        let frame = StackFrame { thread: self.model.thread, stack: ctx.gpr[1] as u32 };
        if machine.word_at(pc).is_some_and(is_call) {
            self.run_to(pc.wrapping_add(4), Some(frame), machine, watcher)
        } else {
            self.step(1, machine, watcher)
        }
    }

    pub(super) fn finish(&mut self, machine: &mut Debugged<'_, '_>, watcher: &mut dyn Watcher) -> Result<()> {
        let thread = self.model.thread;
        let ctx = self.chosen_context(machine)?;
        let pc = ctx.pc;
        let stack = ctx.gpr[1] as u32;
        let link = ctx.lr as u32;
        let begin = machine.machine().place_of(pc).map_or(pc, |place| pc.wrapping_sub(place.offset));
        // A function that calls itself may have the address to which it returns in its own frame.
        let own = u32::from(has_frame(machine, begin, pc));
        let frame = StackFrame { thread, stack: stack.saturating_add(own) };
        let is_saved = (begin..pc).step_by(4).any(|at| machine.word_at(at).is_some_and(saves_link));
        let report = machine.machine().threads_report();
        let found = report.threads.into_iter().find(|other| other.id == thread);
        let caller = found.and_then(|thread| Some(thread.registers?.stack.first()?.address));
        let back = if is_saved { caller.context("the function has no caller that is known")? } else { link };
        self.run_to(back, Some(frame), machine, watcher)
    }

    pub(super) fn run_until(
        &mut self,
        at: u32,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        self.run_to(at, None, machine, watcher)
    }

    /// Runs to an address; with a frame, until its thread arrives there and has left the inner
    /// frames.
    fn run_to(
        &mut self,
        at: u32,
        frame: Option<StackFrame>,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        Self::check_runs(machine)?;
        if !at.is_multiple_of(4) || machine.word_at(at).is_none() {
            bail!("no instruction can be at {at:#010x}");
        }
        self.note_registers(machine);
        let mut thread = self.model.thread;
        let progress = loop {
            // The breakpoint under the thread, and the place itself, are left first.
            if Self::pc(machine, thread).is_some_and(|pc| pc == at || self.model.breakpoints.contains(&pc)) {
                let stepped = self.step_once(thread, machine, watcher);
                if !matches!(stepped, Some(Progress::Stepped { .. })) {
                    break stepped;
                }
            }
            self.plant(machine, None);
            machine.insert_breakpoint(at);
            let progress = self.run(None, machine, watcher);
            self.lift(machine);
            machine.remove_breakpoint(at);
            let Some(Progress::Breakpoint { thread: stopped }) = progress else { break progress };
            let is_there = Self::pc(machine, stopped) == Some(at);
            let is_frame = frame.is_none_or(|StackFrame { thread, stack }| {
                thread == stopped && machine.context(stopped).is_some_and(|ctx| ctx.gpr[1] as u32 >= stack)
            });
            if !is_there || is_frame || self.model.breakpoints.contains(&at) {
                if is_there && !self.model.breakpoints.contains(&at) {
                    break Some(Progress::Stepped { thread: stopped });
                }
                break progress;
            }
            thread = stopped;
        };
        self.arrive(progress, machine);
        Ok(())
    }

    pub(super) fn resume(&mut self, machine: &mut Debugged<'_, '_>, watcher: &mut dyn Watcher) -> Result<()> {
        Self::check_runs(machine)?;
        self.note_registers(machine);
        let thread = self.model.thread;
        let mut progress = Some(Progress::Stepped { thread });
        if Self::pc(machine, thread).is_some_and(|pc| self.model.breakpoints.contains(&pc)) {
            progress = self.step_once(thread, machine, watcher);
        }
        if matches!(progress, Some(Progress::Stepped { .. })) {
            self.plant(machine, None);
            progress = self.run(None, machine, watcher);
            self.lift(machine);
        }
        self.arrive(progress, machine);
        Ok(())
    }

    pub(super) fn step_back(
        &mut self,
        count: u64,
        machine: &mut Debugged<'_, '_>,
        watcher: &mut dyn Watcher,
    ) {
        self.note_registers(machine);
        let thread = self.model.thread;
        let mut left = count;
        while left > 0 {
            let round = left.min(STEPS_AT_ONCE);
            left -= round;
            machine.stop_flag().store(false, Relaxed);
            let progress = machine.step_back(thread, round);
            self.arrive(Some(progress).filter(|&progress| progress != Progress::Running), machine);
            let is_stepped = progress == Progress::Stepped { thread };
            if !is_stepped || left > 0 && !watcher.continues(&self.model, machine.position()) {
                break;
            }
        }
    }

    pub(super) fn resume_backwards(&mut self, machine: &mut Debugged<'_, '_>) {
        self.note_registers(machine);
        self.plant(machine, None);
        machine.stop_flag().store(false, Relaxed);
        let progress = machine.resume_backwards(None);
        self.lift(machine);
        self.arrive(Some(progress).filter(|&progress| progress != Progress::Running), machine);
    }

    pub(super) fn travel(&mut self, to: u64, machine: &mut Debugged<'_, '_>) -> Result<()> {
        self.note_registers(machine);
        machine.stop_flag().store(false, Relaxed);
        let gone = machine.travel_to(to);
        self.model.state = format!("at {}", moment(machine.position().instructions));
        self.choose(machine, machine.visited_thread());
        self.show_position(machine);
        gone
    }

    /// Shows how a run has ended. `None`: it was interrupted.
    fn arrive(&mut self, progress: Option<Progress>, machine: &mut Debugged<'_, '_>) {
        let thread = match progress {
            Some(
                Progress::Breakpoint { thread }
                | Progress::Watch { thread, .. }
                | Progress::Stepped { thread }
                | Progress::Launched { thread }
                | Progress::Crashed { thread },
            ) => thread,
            _ => 0,
        };
        if let Some(Progress::Launched { .. }) = progress {
            self.find_breakpoints_again(machine);
        }
        self.choose(machine, thread);
        self.model.state = match progress {
            None | Some(Progress::Running) => "interrupted".to_owned(),
            Some(Progress::Breakpoint { .. }) => "breakpoint".to_owned(),
            Some(Progress::Watch { at, access: WatchedAccess::Change, .. }) => format!("watched {at:#010x}"),
            Some(Progress::Watch { at, .. }) => format!("access to {at:#010x}"),
            Some(Progress::Stepped { .. }) => "stopped".to_owned(),
            Some(Progress::Launched { .. }) => "launched by the title before".to_owned(),
            Some(Progress::Beginning) => "at the earliest moment".to_owned(),
            Some(Progress::RecordingEnd) => "at the end of the recording".to_owned(),
            Some(Progress::Crashed { .. }) => "crashed".to_owned(),
            Some(Progress::Exited { code }) => format!("the title has ended with code {code}"),
            Some(Progress::Ended) => "the run has ended".to_owned(),
        };
        if let Some(RunEnd::Ended(EndKind::Crash { text, .. })) = machine.end() {
            self.model.message = escaped_text(text.lines().next().unwrap_or_default(), 300);
        } else if let Some(warning) = &self.warning {
            self.model.message.clone_from(warning);
        } else {
            self.show_position(machine);
        }
    }

    /// Shows the last store to bytes.
    pub(super) fn writer(&mut self, at: u32, size: u32, machine: &mut Debugged<'_, '_>) -> Result<()> {
        /// Maximum size in bytes of the range whose last store is searched for.
        const MAX_STORED_BYTES: u32 = 4096;
        if size > MAX_STORED_BYTES {
            bail!("{size} bytes: LEN is at most {MAX_STORED_BYTES}");
        }
        machine.stop_flag().store(false, Relaxed);
        self.model.message = match machine.last_writer(at, size)? {
            LastWriter::Nobody { since } => {
                format!("no store to {at:#010x} since instruction {}", moment(since))
            }
            LastWriter::Kernel { moment } => format!("the kernel or a device, after: goto {moment}"),
            LastWriter::Instruction { moment, pc } => {
                let word = machine.word_at(pc).unwrap_or_default();
                let place = machine
                    .machine()
                    .place_of(pc)
                    .map(|place| escaped_text(&place.to_string(), MAX_NAME_LENGTH));
                let text = disassemble(word, pc, Syntax::default());
                format!("{pc:#010x}: {text} in {}, executed after: goto {moment}", place.unwrap_or_default())
            }
        };
        Ok(())
    }
}
