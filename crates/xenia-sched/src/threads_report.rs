//! Every live thread at one moment: what it does or waits for, its pc and stack. For deadlocks, for
//! runs that show no frames, and for whoever asks; a guest can't notice that it was made.

use crate::{GuestTicks, Scheduler, System, TICKS_PER_SECOND, ThreadRef, ThreadState};
use std::fmt;

/// One thread of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedThread {
    /// Its name in the scheduler.
    pub reference: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// The hardware thread it runs on.
    pub slot: u8,
    /// Priority now.
    pub priority: u8,
    /// Where it stands, in words: what it waits for, or that it is suspended.
    pub state: String,
    /// When its wait began, and which wait of the machine that is.
    pub since: Option<(GuestTicks, u64)>,
    /// When its wait ends by itself.
    pub until: Option<GuestTicks>,
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

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadsReport {
    /// Guest time.
    pub now: GuestTicks,
    /// Every live thread, by guest thread id.
    pub threads: Vec<ReportedThread>,
}

impl ThreadsReport {
    /// Looks at every live thread. None runs while anybody can ask for this: all have their registers.
    pub fn new<S: System>(scheduler: &Scheduler, system: &S) -> Self {
        let mut threads: Vec<_> = scheduler
            .threads()
            .filter(|thread| !matches!(thread.state(), ThreadState::Exited { .. }))
            .filter_map(|thread| Some((thread, thread.context()?)))
            .map(|(thread, ctx)| ReportedThread {
                reference: thread.reference(),
                id: thread.id,
                slot: thread.slot(),
                priority: thread.priority(),
                state: match thread.state() {
                    ThreadState::Waiting { wait, .. } => wait.reason.to_string(),
                    _ if thread.suspend_count() > 0 => format!("suspended {} times", thread.suspend_count()),
                    state => format!("{state:?}"),
                },
                since: match thread.state() {
                    ThreadState::Waiting { since, serial, .. } => Some((*since, *serial)),
                    _ => None,
                },
                until: thread.wait().and_then(|wait| wait.deadline),
                pc: ctx.pc,
                lr: ctx.lr as u32,
                stack_pointer: ctx.gpr[1] as u32,
                stack: system.call_stack(ctx),
                service: thread.is_service(),
            })
            .collect();
        threads.sort_by_key(|thread| thread.id);
        Self { now: scheduler.now(), threads }
    }

    /// The thread of the title that has waited longest.
    pub fn longest_waiting(&self) -> Option<&ReportedThread> {
        self.threads
            .iter()
            .filter(|thread| !thread.service)
            .filter_map(|thread| Some((thread.since?.1, thread)))
            .min_by_key(|&(serial, _)| serial)
            .map(|(_, thread)| thread)
    }
}

impl fmt::Display for ThreadsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |ticks: GuestTicks| ticks as f64 / TICKS_PER_SECOND as f64;
        writeln!(f, "threads at tick {} ({:.3} guest seconds):", self.now, seconds(self.now))?;
        for thread in &self.threads {
            write!(
                f,
                "  thread {:#x}{} hw{} priority {}: ",
                thread.id,
                if thread.service { " (kernel)" } else { "" },
                thread.slot,
                thread.priority
            )?;
            match thread.since {
                None => f.write_str(&thread.state)?,
                Some((since, _)) => {
                    write!(f, "waits for {} since tick {since} ({:.3} s)", thread.state, seconds(since))?;
                    if let Some(until) = thread.until {
                        write!(f, " until tick {until}")?;
                    }
                }
            }
            write!(
                f,
                "; pc {:#010x} lr {:#010x} r1 {:#010x}; stack",
                thread.pc, thread.lr, thread.stack_pointer
            )?;
            for address in &thread.stack {
                write!(f, " {address:#010x}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
