//! Scheduler of guest threads on the six hardware threads, and the executors that run them.
//!
//! - [`Scheduler`]: six [`HwSlot`]s with per-priority FIFO run queues, guest threads named by
//!   counted, generation-checked [`ThreadRef`]s, park and wake, timed waits, suspend counts,
//!   affinity.
//! - [`LockstepExecutor`]: one host thread visits the slots in round order; every run repeats bit
//!   for bit.
//! - [`ParallelExecutor`]: a host thread per slot; guest time is the host's.
//! - [`System`]: the callbacks into the layers above, such as system calls and device time.
//! - [`Cpu`]: the services that those layers may use in a callback; it hides the executor.
//!
//! Invariants: a thread that is ready, not suspended, and whose registers are in its record is in
//! one run queue, once; a slot's `running` thread is in none. A thread's registers have one owner:
//! its record, the host thread of its slot during a visit, or the code that ends its wait. Nothing
//! here depends on host time, host addresses or map iteration order.
#![forbid(unsafe_code)]

mod activity;
mod affinity;
mod common;
mod contention;
mod counters;
mod cpu;
mod deadlock;
mod device_stores;
mod directory;
mod event;
mod executor;
mod limits;
mod lockstep;
#[cfg(feature = "model")]
pub mod model;
mod new_thread;
mod observer;
mod order;
mod parallel;
mod parks;
mod priority;
mod queue;
mod sampling;
mod sched_error;
mod scheduler;
mod single_step;
mod slot;
mod system;
mod thread;
mod thread_ref;
mod thread_table;
mod threads_report;
mod time;
mod wait_word;

pub use activity::{Activity, Doing};
pub use contention::{MAX_RECORDED_CONTENTIONS, NotedContention, RecordedContention};
pub use counters::SchedulerCounters;
pub use cpu::{Cpu, Placement, Running, WaitTicket, WakeResult, Woken};
pub use event::{Event, EventSink, NoEvents};
pub use executor::{Executor, ExecutorState};
pub use limits::{Limits, RunEnd};
pub use lockstep::{LockstepExecutor, LockstepState};
pub use new_thread::SpawnParameters;
pub use observer::{RunObserver, RunProgress};
pub use order::{Contention, ContentionManifest, OrderError, OrderMode};
pub use parallel::{ParallelExecutor, ParallelState};
pub use priority::{BASE_PRIORITY, MAX_PRIORITY, REAL_TIME, base_from_increment, boosted};
pub use sampling::{CollectedSamples, GuestSample, GuestSampler};
pub use sched_error::SchedError;
pub use scheduler::{Scheduler, SchedulerConfig, SchedulerState};
pub use single_step::{OneInstruction, SingleStep};
pub use slot::HwSlot;
pub use system::{Disposition, EndKind, FailedAccess, Holder, SymbolicAddress, System, WorkReport};
pub use thread::{AwaitedObjects, BlockReason, GuestThread, ThreadState, Wait};
pub use thread_ref::ThreadRef;
pub use threads_report::{CodeAddress, ReportedRegisters, ReportedThread, ThreadsReport};
pub use time::{
    GuestTicks, INSTRUCTIONS_PER_TICK_SHIFT, MAX_TICKS, QUANTUM_DEFAULT, START_FILETIME, TICKS_PER_SECOND,
    TIME_READS_PER_VISIT, filetime, ticks_from_100ns, ticks_to_100ns,
};
pub use wait_word::{Alertable, Commit, Ended, Interruption, WaitSerial, WaitWord, Which};
pub use xenia_guest::{FIELDS_PER_SECOND, HW_THREADS};
