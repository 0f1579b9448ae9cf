//! A [`Debuggee`] as gdbstub's target: its traits become calls of the debuggee. Addresses, lengths
//! and register numbers come from gdb and may be anything; those without an answer get gdb's error
//! reply.

use crate::Debuggee;
use crate::registers::{GdbRegister, GdbRegisters, Xenon};
use gdbstub::common::{Signal, Tid};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadResume, MultiThreadResumeOps, MultiThreadSchedulerLocking,
    MultiThreadSchedulerLockingOps, MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps};
use gdbstub::target::ext::base::single_register_access::{SingleRegisterAccess, SingleRegisterAccessOps};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint,
    SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps, outputln};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{Target, TargetError, TargetResult};
use std::convert::Infallible;
use xenia_cpu::WatchedAccess;

/// A debuggee as gdbstub's target.
pub(crate) struct Stub<'a, D> {
    pub(crate) debuggee: &'a mut D,
    /// The thread that is to execute one instruction when the machine resumes.
    pub(crate) step: Option<u32>,
    /// Whether the machine is to go back.
    pub(crate) is_back: bool,
    /// Whether the length in the packet that is being answered is wrong.
    pub(crate) is_wrong: bool,
}

/// Guest id of gdb's thread.
fn guest_id(tid: Tid) -> u32 {
    u32::try_from(tid.get()).unwrap_or(0)
}

/// gdb's thread of a guest id.
pub(crate) fn thread_id(id: u32) -> Option<Tid> {
    Tid::new(id as usize)
}

impl<D: Debuggee> Target for Stub<'_, D> {
    type Arch = Xenon;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Xenon, Infallible> {
        BaseOps::MultiThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> MultiThreadBase for Stub<'_, D> {
    fn read_registers(&mut self, registers: &mut GdbRegisters, tid: Tid) -> TargetResult<(), Self> {
        let ctx = self.debuggee.context(guest_id(tid)).ok_or(TargetError::NonFatal)?;
        *registers = GdbRegisters::of(ctx);
        Ok(())
    }

    fn write_registers(&mut self, registers: &GdbRegisters, tid: Tid) -> TargetResult<(), Self> {
        if !registers.is_complete() {
            return Err(TargetError::NonFatal);
        }
        let ctx = self.debuggee.context_mut(guest_id(tid)).ok_or(TargetError::NonFatal)?;
        if registers.store(ctx) { Ok(()) } else { Err(TargetError::NonFatal) }
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u32, data: &mut [u8], _: Tid) -> TargetResult<usize, Self> {
        if self.is_wrong {
            return Err(TargetError::NonFatal);
        }
        match self.debuggee.read(start, data) {
            0 if !data.is_empty() => Err(TargetError::NonFatal),
            count => Ok(count),
        }
    }

    fn write_addrs(&mut self, start: u32, data: &[u8], _: Tid) -> TargetResult<(), Self> {
        if !self.is_wrong && self.debuggee.write(start, data) { Ok(()) } else { Err(TargetError::NonFatal) }
    }

    fn list_active_threads(&mut self, thread: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        self.debuggee.threads().into_iter().filter_map(thread_id).for_each(thread);
        Ok(())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> SingleRegisterAccess<Tid> for Stub<'_, D> {
    fn read_register(
        &mut self,
        tid: Tid,
        register: GdbRegister,
        buf: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let ctx = self.debuggee.context(guest_id(tid)).ok_or(TargetError::NonFatal)?;
        let bytes = register.bytes(ctx);
        buf.get_mut(..bytes.len()).ok_or(TargetError::NonFatal)?.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn write_register(&mut self, tid: Tid, register: GdbRegister, value: &[u8]) -> TargetResult<(), Self> {
        if register.size() != value.len() {
            return Err(TargetError::NonFatal);
        }
        if register.is_constant() {
            return Ok(());
        }
        let ctx = self.debuggee.context_mut(guest_id(tid)).ok_or(TargetError::NonFatal)?;
        if register.set_bytes(ctx, value) { Ok(()) } else { Err(TargetError::NonFatal) }
    }
}

impl<D: Debuggee> ThreadExtraInfo for Stub<'_, D> {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, Infallible> {
        let text = self.debuggee.describe(guest_id(tid));
        let count = text.len().min(buf.len());
        buf[..count].copy_from_slice(&text.as_bytes()[..count]);
        Ok(count)
    }
}

impl<D: Debuggee> MultiThreadResume for Stub<'_, D> {
    fn resume(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.step = None;
        self.is_back = false;
        Ok(())
    }

    fn set_resume_action_continue(&mut self, _: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        if self.debuggee.can_go_back() { Some(self) } else { None }
    }

    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        if self.debuggee.can_go_back() { Some(self) } else { None }
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> MultiThreadSingleStep for Stub<'_, D> {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.step = Some(guest_id(tid));
        Ok(())
    }
}

impl<D: Debuggee> ReverseCont<Tid> for Stub<'_, D> {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.step = None;
        self.is_back = true;
        Ok(())
    }
}

impl<D: Debuggee> ReverseStep<Tid> for Stub<'_, D> {
    fn reverse_step(&mut self, tid: Tid) -> Result<(), Infallible> {
        self.step = Some(guest_id(tid));
        self.is_back = true;
        Ok(())
    }
}

impl<D: Debuggee> MultiThreadSchedulerLocking for Stub<'_, D> {
    /// Does nothing: a step executes one instruction of its thread, and lets others run only if it
    /// is their turn.
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<D: Debuggee> Breakpoints for Stub<'_, D> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl<D: Debuggee> SwBreakpoint for Stub<'_, D> {
    fn add_sw_breakpoint(&mut self, at: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.debuggee.insert_breakpoint(at))
    }

    fn remove_sw_breakpoint(&mut self, at: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.debuggee.remove_breakpoint(at))
    }
}

/// Hardware breakpoints are software breakpoints: both are unlimited, and titles notice neither.
impl<D: Debuggee> HwBreakpoint for Stub<'_, D> {
    fn add_hw_breakpoint(&mut self, at: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.debuggee.insert_breakpoint(at))
    }

    fn remove_hw_breakpoint(&mut self, at: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.debuggee.remove_breakpoint(at))
    }
}

/// The accesses that a watch of gdb stops at.
fn watched_access(kind: WatchKind) -> WatchedAccess {
    match kind {
        WatchKind::Write => WatchedAccess::Change,
        WatchKind::Read => WatchedAccess::Load,
        WatchKind::ReadWrite => WatchedAccess::Any,
    }
}

/// The watch of gdb that stops at these accesses.
pub(crate) fn watch_kind(access: WatchedAccess) -> WatchKind {
    match access {
        WatchedAccess::Change => WatchKind::Write,
        WatchedAccess::Load => WatchKind::Read,
        WatchedAccess::Any => WatchKind::ReadWrite,
    }
}

impl<D: Debuggee> HwWatchpoint for Stub<'_, D> {
    fn add_hw_watchpoint(&mut self, at: u32, len: u32, kind: WatchKind) -> TargetResult<bool, Self> {
        Ok(self.debuggee.insert_watch(at, len, watched_access(kind)))
    }

    fn remove_hw_watchpoint(&mut self, at: u32, len: u32, kind: WatchKind) -> TargetResult<bool, Self> {
        Ok(self.debuggee.remove_watch(at, len, watched_access(kind)))
    }
}

impl<D: Debuggee> MonitorCmd for Stub<'_, D> {
    fn handle_monitor_cmd(&mut self, command: &[u8], mut out: ConsoleOutput<'_>) -> Result<(), Infallible> {
        let answer = match std::str::from_utf8(command) {
            Ok(command) => self.debuggee.command(command.trim()),
            Err(_) => "a command is UTF-8 text".to_owned(),
        };
        outputln!(out, "{answer}");
        Ok(())
    }
}
