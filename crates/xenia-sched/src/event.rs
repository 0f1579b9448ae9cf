//! The deterministic event log: all scheduling events in order, with guest times.
//!
//! One line per kernel call, wait, wake, spawn, exit, interrupt and swap. Two runs of the same
//! machine give the same bytes; `diff` compares them. Without an installed sink, an event costs one
//! test.

use crate::{BlockReason, GuestTicks, Wait};
use std::fmt;

/// An event in the machine. `thread` is a guest thread id.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // the fields are named for what they are
pub enum Event<'a> {
    /// An image is about to run.
    Image { sha256: &'a str },
    /// A thread called an export.
    Call { thread: u32, hw_id: u8, name: &'a str, arguments: &'a str },
    /// A thread began a wait.
    Wait { thread: u32, wait: &'a Wait },
    /// A wait ended; the waiter receives `value`.
    Wake { thread: u32, value: u64 },
    /// A thread was created.
    Spawn { thread: u32, hw_id: u8, pc: u32, suspended: bool },
    /// A thread ended.
    Exit { thread: u32, code: u32 },
    /// A thread moved to another hardware thread.
    Migrate { thread: u32, from: u8, to: u8 },
    /// An interrupt or deferred call began on a hardware thread.
    Interrupt { hw_id: u8, kind: &'a str, pc: u32 },
    /// A frame was presented.
    Swap { frame: u64 },
    /// The guest printed text.
    Text { thread: u32, text: &'a str },
    /// A waiting thread was woken to resolve a deadlock.
    DeadlockRecovery { thread: u32 },
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { sha256 } => write!(f, "image image_loaded_sha256={sha256}"),
            Self::Call { thread, hw_id, name, arguments } => {
                write!(f, "t{thread} hw{hw_id} call {name}({arguments})")
            }
            Self::Wait { thread, wait } => {
                write!(f, "t{thread} wait {}", wait.reason)?;
                if let Some(deadline) = wait.deadline {
                    write!(f, " until={deadline}")?;
                }
                if wait.alertable.is_alertable() {
                    f.write_str(" alertable")?;
                }
                Ok(())
            }
            Self::Wake { thread, value } => write!(f, "t{thread} wake value={value:#x}"),
            Self::Spawn { thread, hw_id, pc, suspended } => {
                write!(f, "t{thread} hw{hw_id} spawn pc={pc:#010x} suspended={suspended}")
            }
            Self::Exit { thread, code } => write!(f, "t{thread} exit code={code:#x}"),
            Self::Migrate { thread, from, to } => write!(f, "t{thread} migrate hw{from} hw{to}"),
            Self::Interrupt { hw_id, kind, pc } => write!(f, "hw{hw_id} interrupt {kind} pc={pc:#010x}"),
            Self::Swap { frame } => write!(f, "swap frame={frame}"),
            Self::Text { thread, text } => write!(f, "t{thread} text {text:?}"),
            Self::DeadlockRecovery { thread } => write!(f, "t{thread} deadlock-recovery"),
        }
    }
}

impl fmt::Display for BlockReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Objects { objects, all } => {
                f.write_str(if *all { "all" } else { "any" })?;
                for object in objects.as_slice() {
                    write!(f, " {object}")?;
                }
                Ok(())
            }
            Self::CriticalSection { section } => write!(f, "critical-section {section:#010x}"),
            Self::SpinLock { lock } => write!(f, "spin-lock {lock:#010x}"),
            Self::Delay => f.write_str("delay"),
            Self::Idle => f.write_str("idle"),
            Self::Socket => f.write_str("socket"),
            Self::Completion => f.write_str("io-completion"),
            Self::Overlapped => f.write_str("overlapped"),
            Self::Dialog => f.write_str("dialog"),
        }
    }
}

/// Receives the events of a machine in order.
pub trait EventSink: Send {
    /// Handles an event at guest time `now`.
    fn event(&mut self, now: GuestTicks, event: &Event<'_>);

    /// Returns `false` to let the machine skip building events.
    fn is_enabled(&self) -> bool {
        true
    }
}

/// An event sink that discards all events.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn event(&mut self, _: GuestTicks, _: &Event<'_>) {}

    fn is_enabled(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Alertable;
    use xenia_guest::GuestAddr;

    #[test]
    fn events_are_one_plain_line() {
        let wait = Wait {
            reason: BlockReason::Objects {
                objects: vec![GuestAddr(0x10), GuestAddr(0x20)].into(),
                all: false,
            },
            deadline: Some(7),
            alertable: Alertable::InUserMode,
        };
        for (event, line) in [
            (Event::Wait { thread: 1, wait: &wait }, "t1 wait any 0x00000010 0x00000020 until=7 alertable"),
            (
                Event::Call { thread: 2, hw_id: 3, name: "KeSetEvent", arguments: "event=0x10" },
                "t2 hw3 call KeSetEvent(event=0x10)",
            ),
            (Event::Text { thread: 1, text: "a\nb" }, "t1 text \"a\\nb\""),
        ] {
            assert_eq!(event.to_string(), line);
        }
    }
}
