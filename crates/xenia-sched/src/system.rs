//! The interface of the layers above the scheduler: the operating system and the devices.

use crate::{BlockReason, Cpu, GuestTicks, Running, Wait, WaitTicket};
use std::fmt;
use xenia_cpu::{GuestException, PpcContext};
use xenia_memory::DeviceStore;

/// How a machine ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// The title exited.
    Exit {
        /// Its exit code.
        code: u32,
    },
    /// The guest crashed: an unhandled exception, or another action that the system can't handle.
    Crash {
        /// Guest thread id.
        thread: u32,
        /// Address of the faulting instruction.
        pc: u32,
        /// Link register of the thread.
        lr: u32,
        /// The failed access, if the exception was one.
        access: Option<FailedAccess>,
        /// Return addresses, innermost first.
        stack: Vec<u32>,
        /// Description of the exception, in one or more lines.
        text: String,
    },
}

/// A failed access to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedAccess {
    /// `read`, `write` or `fetch`.
    pub kind: &'static str,
    /// Guest address of the access.
    pub address: u32,
}

/// The owner of an object that a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Guest address of the object.
    pub object: u32,
    /// Guest thread id of the owner.
    pub thread: u32,
}

/// A code address in symbolic form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolicAddress {
    /// The module, and the function if it is known.
    pub name: String,
    /// Offset in bytes from the start of the function or module.
    pub offset: u32,
}

impl fmt::Display for SymbolicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.offset != 0 { write!(f, "+{:#x}", self.offset) } else { Ok(()) }
    }
}

/// How the executor continues after a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The slot continues: with the same thread if it still has the slot, otherwise with the next.
    Continue,
    /// The visit ends; the rest of its quantum counts as time, not as instructions.
    EndVisit,
    /// The thread waits, and the slot continues with the next. The executor parks the thread once
    /// its registers are back in its record, unless the wait has ended by then.
    Park(Wait),
    /// The run stops with [`crate::RunEnd::Stopped`], as if its stop flag were set. The thread
    /// continues at its `pc` in the next run: for the breakpoints of a debugger.
    Stop,
    /// The machine stops.
    End(EndKind),
}

/// Reports completed work to the guest.
pub type WorkReport = Box<dyn FnOnce(&mut dyn Cpu)>;

/// The operating system and the devices, as the executor sees them.
///
/// In all methods, `Cpu::now` is the guest time of the call. Most methods for devices
/// have defaults for systems without devices.
pub trait System {
    /// Handles an `sc` of `running` with this LEV; its `pc` is that of the next instruction.
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, lev: u8) -> Disposition;

    /// Handles an instruction of `running` that could not complete.
    fn exception(
        &mut self,
        cpu: &mut dyn Cpu,
        running: &mut Running,
        exception: GuestException,
    ) -> Disposition;

    /// Resumes a thread whose wait ended before it parked, with the value of the wake and with the
    /// changes that the waker left for it.
    fn resume_unparked(&mut self, cpu: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition;

    /// Called before a thread runs on a slot that took it from another: the processor number that
    /// the guest reads is outdated.
    fn thread_moved(&mut self, running: &Running);

    /// Called when the scheduler has changed the priority of the thread with this guest id: a boost
    /// on wake, or the decay of one. [`Cpu::priority`] returns the current value. Called before the
    /// thread runs again; in lockstep before any guest code runs. No lock of the scheduler is held.
    fn priority_changed(&mut self, _cpu: &mut dyn Cpu, _id: u32) {}

    /// Called at the end of a slot's visit: applies its device stores in order. In parallel runs,
    /// the stores to the graphics chip and those to other devices come in separate calls, from two
    /// host threads.
    fn end_visit(&mut self, cpu: &mut dyn Cpu, hw_id: u8, stores: &[DeviceStore]);

    /// Called when a hardware thread has made these stores, which [`Self::end_visit`] will apply
    /// soon. Until then, loads of all hardware threads must see the stored values.
    fn show_stores(&mut self, _stores: &[DeviceStore]) {}

    /// Handles the expiry of a wait's deadline, also when a deadlock ends the wait: removes it from
    /// its lists, and wakes the thread, unless the wait has ended meanwhile.
    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, wait: &Wait);

    /// Handles the advance of guest time: events that depend on the clock alone, such as timers.
    fn advance(&mut self, cpu: &mut dyn Cpu);

    /// Advances the devices to the present guest time. May take long; in parallel runs it has its
    /// own host thread. Returns whether it has stopped earlier, so that the caller can do its other
    /// work and call again.
    fn advance_devices(&mut self, _cpu: &mut dyn Cpu) -> bool {
        false
    }

    /// Carries out a piece of deferred work, on a worker thread. The returned closure reports to
    /// the guest, at the guest time at which it is called; until it returns, the work is in
    /// progress. `None` if there is no work.
    fn work(&mut self) -> Option<WorkReport> {
        None
    }

    /// Whether work is waiting or in progress, so that the machine is not idle though no thread
    /// runs and no deadline is pending. Must take no lock: it is called under the scheduler's.
    fn has_work(&self) -> bool {
        false
    }

    /// Whether a wait may end by a store of guest code, without a call, so that [`Self::advance`]
    /// must poll, not only run when an event is due. Must take no lock.
    fn watches_memory(&self) -> bool {
        false
    }

    /// Guest time at which [`Self::advance`] must be called next though no event is due, because
    /// guest code reads the time from memory. `None` if it does not. Must take no lock.
    fn next_stamp(&self, _now: GuestTicks) -> Option<GuestTicks> {
        None
    }

    /// Guest time of the next event that [`Self::advance`] handles and a guest could notice. `None`
    /// if there is none.
    fn next_event(&self) -> Option<GuestTicks>;

    /// Guest time of the next event of the devices that a guest could notice: a vertical blank, the
    /// end of a transfer. `None` if there is none.
    fn next_device_event(&self) -> Option<GuestTicks> {
        None
    }

    /// The guest time until which the system does not change any state that guest code can see,
    /// provided that one thread alone runs, makes no call and stores to no device.
    /// [`Self::advance`] and [`Self::advance_devices`] may then be delayed to the end of the first
    /// quantum after that time. `None` if they must be called after each quantum.
    fn quiet_until(&self, _now: GuestTicks) -> Option<GuestTicks> {
        None
    }

    /// Number of frames presented so far.
    fn frames(&self) -> u64;

    /// Return addresses of a thread, innermost first, for reports.
    fn call_stack(&self, context: &PpcContext) -> Vec<u32>;

    /// The owners of the objects that a thread waits for, if known, for reports. May be called at
    /// any time, and takes locks of the system.
    fn holders(&self, _: &BlockReason) -> Vec<Holder> {
        Vec::new()
    }

    /// The symbolic form of an instruction's address, if known, for reports. Same conditions as for
    /// [`Self::holders`].
    fn place_of(&self, _: u32) -> Option<SymbolicAddress> {
        None
    }

    /// The symbolic form of a return address, if known. Looks up the call before it, which may be
    /// the last instruction of its function.
    fn place_of_return(&self, address: u32) -> Option<SymbolicAddress> {
        let SymbolicAddress { name, offset } = self.place_of(address.wrapping_sub(4))?;
        Some(SymbolicAddress { name, offset: offset.wrapping_add(4) })
    }
}
