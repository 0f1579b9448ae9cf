//! Report of every live thread at one moment: state, owners of awaited objects, pc and stack. For
//! deadlocks, for runs without frames, and for monitoring; making it does not affect the guest.

use crate::{
    BlockReason, GuestThread, GuestTicks, Holder, Scheduler, SymbolicAddress, System, TICKS_PER_SECOND,
    ThreadRef, ThreadState,
};
use std::fmt;
use xenia_cpu::PpcContext;

/// A code address with its symbolic form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeAddress {
    /// Guest address of the instruction.
    pub address: u32,
    /// Symbolic form, if known.
    pub place: Option<SymbolicAddress>,
}

impl fmt::Display for CodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.address)?;
        self.place.as_ref().map_or(Ok(()), |place| write!(f, " {place}"))
    }
}

/// A thread's registers in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedRegisters {
    /// Program counter of the thread.
    pub pc: CodeAddress,
    /// Link register of the thread.
    pub lr: CodeAddress,
    /// Stack pointer of the thread.
    pub stack_pointer: u32,
    /// Return addresses, innermost first.
    pub stack: Vec<CodeAddress>,
}

impl ReportedRegisters {
    fn new<S: System>(ctx: &PpcContext, system: &S) -> Self {
        let plain = |address| CodeAddress { address, place: None };
        Self {
            pc: plain(ctx.pc),
            lr: plain(ctx.lr as u32),
            stack_pointer: ctx.gpr[1] as u32,
            stack: system.call_stack(ctx).into_iter().map(plain).collect(),
        }
    }

    fn explain<S: System>(&mut self, system: &S) {
        self.pc.place = system.place_of(self.pc.address);
        for address in self.stack.iter_mut().chain([&mut self.lr]) {
            address.place = system.place_of_return(address.address);
        }
    }
}

/// One thread of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedThread {
    /// Name of the thread in the scheduler.
    pub reference: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// The hardware thread it runs on.
    pub slot: u8,
    /// Priority including boosts.
    pub priority: u8,
    /// Priority without boosts.
    pub base_priority: u8,
    /// The answer of [`GuestThread::describe_state`].
    pub state: String,
    /// Number of suspensions that were not resumed.
    pub suspended: u32,
    /// The object that it waits for.
    pub reason: Option<BlockReason>,
    /// Owners of that object.
    pub holders: Vec<Holder>,
    /// Guest time at which its wait began, and the wait's number in the machine.
    pub since: Option<(GuestTicks, u64)>,
    /// Guest time of its wait's deadline.
    pub until: Option<GuestTicks>,
    /// Its registers; `None` while it runs on another host thread.
    pub registers: Option<ReportedRegisters>,
    /// Whether it is a kernel thread.
    pub service: bool,
}

impl ReportedThread {
    fn new<S: System>(thread: &GuestThread, system: &S) -> Self {
        let wait = thread.wait();
        Self {
            reference: thread.reference(),
            id: thread.id,
            slot: thread.slot(),
            priority: thread.priority(),
            base_priority: thread.base_priority(),
            reason: wait.map(|wait| wait.reason.clone()),
            state: thread.describe_state(),
            suspended: thread.suspend_count(),
            holders: Vec::new(),
            since: match thread.state() {
                ThreadState::Waiting { since, serial, .. } => Some((*since, *serial)),
                _ => None,
            },
            until: wait.and_then(|wait| wait.deadline),
            registers: thread.context().map(|ctx| ReportedRegisters::new(ctx, system)),
            service: thread.is_service(),
        }
    }
}

/// A report of all live threads at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadsReport {
    /// Guest time of the report.
    pub now: GuestTicks,
    /// Every live thread, by guest thread id.
    pub threads: Vec<ReportedThread>,
}

impl ThreadsReport {
    /// Creates a report of every live thread. The caller must hold no lock.
    pub fn new<S: System>(scheduler: &Scheduler, system: &S) -> Self {
        Self::of_threads(scheduler.threads(), scheduler.now(), system).explained_by(system)
    }

    /// First half of [`Self::new`], which takes no locks, for callers that hold the slots' locks.
    pub(crate) fn of_threads<'a, S: System>(
        threads: impl Iterator<Item = &'a GuestThread>,
        now: GuestTicks,
        system: &S,
    ) -> Self {
        let mut threads: Vec<_> = threads
            .filter(|thread| !matches!(thread.state(), ThreadState::Exited { .. }))
            .map(|thread| ReportedThread::new(thread, system))
            .collect();
        threads.sort_by_key(|thread| thread.id);
        Self { now, threads }
    }

    /// Second half of [`Self::new`]: adds the information that the system has. The caller must hold
    /// no lock.
    pub(crate) fn explained_by<S: System>(mut self, system: &S) -> Self {
        for thread in &mut self.threads {
            thread.holders = thread.reason.as_ref().map(|reason| system.holders(reason)).unwrap_or_default();
            if let Some(registers) = &mut thread.registers {
                registers.explain(system);
            }
        }
        self
    }

    /// The title's thread that has waited longest.
    pub fn longest_waiting(&self) -> Option<&ReportedThread> {
        self.threads
            .iter()
            .filter(|thread| !thread.service)
            .filter_map(|thread| Some((thread.since?.1, thread)))
            .min_by_key(|&(serial, _)| serial)
            .map(|(_, thread)| thread)
    }
}

fn seconds(ticks: GuestTicks) -> f64 {
    ticks as f64 / TICKS_PER_SECOND as f64
}

impl fmt::Display for ReportedThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kernel = if self.service { " (kernel)" } else { "" };
        write!(f, "thread {:#x}{kernel} hw{} priority {}", self.id, self.slot, self.priority)?;
        if self.priority != self.base_priority {
            write!(f, " (base {})", self.base_priority)?;
        }
        f.write_str(": ")?;
        if self.suspended > 0 {
            write!(f, "suspended {} times; ", self.suspended)?;
        }
        match self.since {
            None => f.write_str(&self.state)?,
            Some((since, _)) => {
                write!(f, "waits for {}", self.state)?;
                for Holder { object, thread } in &self.holders {
                    if *thread == self.id {
                        write!(f, ", {object:#010x} is its own")?;
                    } else {
                        write!(f, ", {object:#010x} is thread {thread:#x}'s")?;
                    }
                }
                write!(f, ", since tick {since} ({:.3} s)", seconds(since))?;
                if let Some(until) = self.until {
                    write!(f, " until tick {until}")?;
                }
            }
        }
        let Some(registers) = &self.registers else { return Ok(()) };
        let ReportedRegisters { pc, lr, stack_pointer, stack } = registers;
        write!(f, "\n    pc {pc}, lr {lr}, r1 {stack_pointer:#010x}")?;
        for address in stack {
            write!(f, "\n      {address}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ThreadsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "threads at tick {} ({:.3} guest seconds):", self.now, seconds(self.now))?;
        self.threads.iter().try_for_each(|thread| writeln!(f, "  {thread}"))
    }
}
