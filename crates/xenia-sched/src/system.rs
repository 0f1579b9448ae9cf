//! What the layers above the scheduler do for it.

use crate::{BlockReason, Cpu, GuestTicks, Running, Wait, WaitTicket};
use std::fmt;
use xenia_cpu::{GuestException, PpcContext};
use xenia_memory::DeviceStore;

/// How a machine ended by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// The title ended.
    Exit {
        /// Its exit code.
        code: u32,
    },
    /// The guest did something that nobody handles.
    Crash {
        /// Guest thread id.
        thread: u32,
        /// Address of the instruction.
        pc: u32,
        /// Its thread's link register.
        lr: u32,
        /// The access that failed, if it was one.
        access: Option<FailedAccess>,
        /// Return addresses, innermost first.
        stack: Vec<u32>,
        /// What happened, as one line or more.
        text: String,
    },
}

/// An access to memory that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedAccess {
    /// `read`, `write` or `fetch`.
    pub kind: &'static str,
    /// Where to.
    pub address: u32,
}

/// Who has something that a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Guest address of what it is.
    pub object: u32,
    /// Guest thread id of who has it.
    pub thread: u32,
}

/// An address in code, by what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The module, and the function if one is known.
    pub name: String,
    /// Bytes from its beginning.
    pub offset: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.offset != 0 { write!(f, "+{:#x}", self.offset) } else { Ok(()) }
    }
}

/// What happens after a thread needed somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The slot goes on: with the same thread if it still has the slot, otherwise with the next.
    Continue,
    /// The visit ends; what is left of it counts as time, not as instructions.
    EndVisit,
    /// The thread waits, and the slot goes on with the next. The executor parks it when its
    /// registers are back in its record, unless the wait is over by then.
    Park(Wait),
    /// The machine stops.
    End(EndKind),
}

/// Tells the guest of work that has been carried out.
pub type WorkReport = Box<dyn FnOnce(&mut dyn Cpu)>;

/// The operating system and the devices, as the executor sees them.
///
/// `Cpu::now` is the guest time of the call in all of these. What is about devices does nothing
/// unless a system has some.
pub trait System {
    /// `running` completed `sc` with this LEV; its `pc` is the instruction after.
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, lev: u8) -> Disposition;

    /// An instruction of `running` could not complete.
    fn exception(
        &mut self,
        cpu: &mut dyn Cpu,
        running: &mut Running,
        exception: GuestException,
    ) -> Disposition;

    /// The wait that a call of `running` came to was over before the thread parked: it goes on with
    /// the value that it was woken with, and with what its waker left for it.
    fn go_on(&mut self, cpu: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition;

    /// A slot that had nobody took this thread from another, and it is about to run: what guests
    /// read of its processor is out of date.
    fn moved(&mut self, running: &Running);

    /// The scheduler has changed the priority of the thread with this guest id by itself: a boost
    /// on wake, or the decay of one. [`Cpu::priority`] says what it is now. Comes before the
    /// thread runs again; in lockstep before any guest code does. No lock of the scheduler's is
    /// held.
    fn priority_changed(&mut self, _cpu: &mut dyn Cpu, _id: u32) {}

    /// A slot's visit ended; its device stores take effect now, in order.
    fn end_visit(&mut self, cpu: &mut dyn Cpu, hw_id: u8, stores: &[DeviceStore]);

    /// A hardware thread has made these stores; they take effect soon, by [`Self::end_visit`].
    /// Until then, loads of any hardware thread see what was stored.
    fn show_stores(&mut self, _stores: &[DeviceStore]) {}

    /// The deadline of this wait has come, or nothing else can ever end it: takes it off its lists,
    /// and wakes the thread, unless it is over by now.
    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, wait: &Wait);

    /// Guest time has moved on: what is due by the clock alone, such as timers.
    fn advance(&mut self, cpu: &mut dyn Cpu);

    /// Guest time has moved on: the devices catch up. They may take long; where threads run at
    /// once, on a host thread of their own.
    fn advance_devices(&mut self, _cpu: &mut dyn Cpu) {}

    /// Carries out a piece of the work that calls have left, on a host thread for that. What it
    /// returns tells the guest, at the guest time at which it is called; until that is over the
    /// work is under way. `None`: there is none now.
    fn work(&mut self) -> Option<WorkReport> {
        None
    }

    /// Whether work is left or under way, so that something is to come though nobody runs and no
    /// time is due. Takes no lock: it is asked under the scheduler's.
    fn has_work(&self) -> bool {
        false
    }

    /// Whether a wait may end by what guest code does without a call, so that [`Self::advance`] is
    /// to look soon, not only when something is due. Takes no lock.
    fn watches_memory(&self) -> bool {
        false
    }

    /// Guest time of the next thing that [`Self::advance`] would do, and that a guest could notice.
    /// `None` if there is none.
    fn next_event(&self) -> Option<GuestTicks>;

    /// Guest time of the next thing that the devices do, and that a guest could notice: a vertical
    /// blank, the end of a transfer. `None` if there is none.
    fn next_device_event(&self) -> Option<GuestTicks> {
        None
    }

    /// Until when, if not before `now`, nothing of the system's changes what guest code can see, as
    /// long as one thread alone runs, makes no call and stores to no device: [`Self::advance`]
    /// and [`Self::advance_devices`] may come as late as at the first quantum's end after that.
    /// `None`: they are wanted after each.
    fn quiet_until(&self, _now: GuestTicks) -> Option<GuestTicks> {
        None
    }

    /// Frames shown so far.
    fn frames(&self) -> u64;

    /// Return addresses of a thread, innermost first, for reports.
    fn call_stack(&self, context: &PpcContext) -> Vec<u32>;

    /// Who has what a thread waits for, as far as that is known, for reports. May come at any time,
    /// and takes locks of the system's.
    fn holders(&self, _: &BlockReason) -> Vec<Holder> {
        Vec::new()
    }

    /// What is known of the address of an instruction, for reports. As [`Self::holders`].
    fn place_of(&self, _: u32) -> Option<Place> {
        None
    }

    /// What is known of an address that a call returns to. The call is what is looked up: it may be
    /// the last instruction of its function.
    fn place_of_return(&self, address: u32) -> Option<Place> {
        let Place { name, offset } = self.place_of(address.wrapping_sub(4))?;
        Some(Place { name, offset: offset.wrapping_add(4) })
    }
}
