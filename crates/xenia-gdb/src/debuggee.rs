//! The machine as the protocol sees it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_cpu::{PpcContext, WatchedAccess};

/// State of a machine after it has run for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It still runs.
    Running,
    /// A thread is at a breakpoint.
    Breakpoint {
        /// Guest id of the thread.
        thread: u32,
    },
    /// A thread has accessed watched memory.
    Watch {
        /// Guest id of the thread.
        thread: u32,
        /// Address of the watched memory.
        at: u32,
        /// The accesses for which it is watched.
        access: WatchedAccess,
    },
    /// The title has launched another one, which is stopped before its first instruction.
    Launched {
        /// Guest id of its first thread.
        thread: u32,
    },
    /// The thread that was to execute one instruction has done so.
    Stepped {
        /// Guest id of the thread.
        thread: u32,
    },
    /// The title crashed; its threads can still be inspected.
    Crashed {
        /// Guest id of the thread.
        thread: u32,
    },
    /// It is at the earliest moment to which it can go back.
    Beginning,
    /// It is at the end of the recording that it replays.
    RecordingEnd,
    /// The title exited.
    Exited {
        /// Its exit code.
        code: u32,
    },
    /// The run ended for another reason: a limit, a deadlock, the end of the program.
    Ended,
}

/// A machine under a debugger. It does not run between two calls.
pub trait Debuggee {
    /// Guest ids of all threads that have not ended. Ids are not 0.
    fn threads(&self) -> Vec<u32>;

    /// Description of a thread in a few words: its state, priority and hardware thread.
    fn describe(&self, thread: u32) -> String;

    /// Registers of a thread; `None` if there is no such thread.
    fn context(&self, thread: u32) -> Option<&PpcContext>;

    /// Registers of a thread, for changes: they count as changed from then on.
    fn context_mut(&mut self, thread: u32) -> Option<&mut PpcContext>;

    /// Reads memory from `at` on, without breakpoints. Returns the number of bytes before the first
    /// one that is not mapped.
    fn read(&self, at: u32, bytes: &mut [u8]) -> usize;

    /// Writes memory. Returns `false` if a byte is not mapped; then nothing was written.
    fn write(&mut self, at: u32, bytes: &[u8]) -> bool;

    /// Sets a breakpoint at an instruction. Returns `false` if that is not possible.
    fn insert_breakpoint(&mut self, at: u32) -> bool;

    /// Removes a breakpoint. Returns `false` if there is none.
    fn remove_breakpoint(&mut self, at: u32) -> bool;

    /// Watches memory: until that is removed, each such access stops the run. Returns `false` if it
    /// is not possible.
    fn insert_watch(&mut self, at: u32, len: u32, access: WatchedAccess) -> bool;

    /// Removes a watch. Returns `false` if there is none.
    fn remove_watch(&mut self, at: u32, len: u32, access: WatchedAccess) -> bool;

    /// Runs for a bounded time, until `step` has executed one instruction if it names a thread, or
    /// until the flag is set that the [`crate::Link`] sets when gdb sends something.
    fn resume(&mut self, step: Option<u32>) -> Progress;

    /// Whether the machine can go back.
    fn can_go_back(&self) -> bool;

    /// Goes back to the last moment at which [`Self::resume`] would have stopped, or, if `step`
    /// names a thread, to the moment before its last instruction. [`Progress::Running`] means that
    /// gdb has interrupted that: the machine is where it was.
    fn resume_backwards(&mut self, step: Option<u32>) -> Progress;

    /// Called several times a second while gdb keeps the machine stopped, or sends packets. Returns
    /// `false` if the session must end.
    fn idle(&mut self) -> bool;

    /// The flag that ends [`Self::resume`] early. A launched title has another one.
    fn stop_flag(&self) -> Arc<AtomicBool>;

    /// Answers a command of gdb's `monitor`.
    fn command(&mut self, command: &str) -> String;
}
