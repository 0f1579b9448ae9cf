//! The report of a deadlock: every thread's wait, pc and stack.

use crate::{GuestTicks, Scheduler, System, ThreadRef, ThreadState};
use std::fmt;

/// One thread of a deadlocked machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingThread {
    /// Its name in the scheduler.
    pub reference: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// Where it stands, in words: what it waits for, or that it is suspended.
    pub state: String,
    /// When its wait began, and which wait of the machine that is.
    pub since: Option<(GuestTicks, u64)>,
    /// Its pc.
    pub pc: u32,
    /// Its link register.
    pub lr: u32,
    /// Its stack pointer.
    pub stack_pointer: u32,
    /// Return addresses, innermost first.
    pub stack: Vec<u32>,
    /// Whether it is one of the kernel's own threads.
    pub service: bool,
}

/// Nothing is runnable, nothing is timed, and no interrupt is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlockReport {
    /// Guest time.
    pub now: GuestTicks,
    /// Every live thread, by guest thread id.
    pub threads: Vec<WaitingThread>,
}

impl DeadlockReport {
    /// Looks at every live thread.
    pub(crate) fn new<S: System>(scheduler: &Scheduler, system: &S) -> Self {
        let mut threads: Vec<_> = scheduler
            .threads()
            .filter(|thread| !matches!(thread.state(), ThreadState::Exited { .. }))
            .map(|thread| WaitingThread {
                reference: thread.reference(),
                id: thread.id,
                state: match thread.state() {
                    ThreadState::Waiting { wait, .. } => wait.reason.to_string(),
                    _ if thread.suspend_count() > 0 => format!("suspended {} times", thread.suspend_count()),
                    state => format!("{state:?}"),
                },
                since: match thread.state() {
                    ThreadState::Waiting { since, serial, .. } => Some((*since, *serial)),
                    _ => None,
                },
                pc: thread.ctx.pc,
                lr: thread.ctx.lr as u32,
                stack_pointer: thread.ctx.gpr[1] as u32,
                stack: system.call_stack(&thread.ctx),
                service: thread.is_service(),
            })
            .collect();
        threads.sort_by_key(|thread| thread.id);
        Self { now: scheduler.now(), threads }
    }

    /// The thread of the title that has waited longest.
    pub fn longest_waiting(&self) -> Option<&WaitingThread> {
        self.threads
            .iter()
            .filter(|thread| !thread.service)
            .filter_map(|thread| Some((thread.since?.1, thread)))
            .min_by_key(|&(serial, _)| serial)
            .map(|(_, thread)| thread)
    }
}

impl fmt::Display for DeadlockReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "deadlock at tick {}: nothing can run, and nothing is to come", self.now)?;
        for thread in &self.threads {
            write!(
                f,
                "  thread {:#x}{}: {}; pc {:#010x} lr {:#010x} r1 {:#010x}; stack",
                thread.id,
                if thread.service { " (kernel)" } else { "" },
                thread.state,
                thread.pc,
                thread.lr,
                thread.stack_pointer
            )?;
            for address in &thread.stack {
                write!(f, " {address:#010x}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
