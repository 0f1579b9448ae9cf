//! An outside oracle: qemu-ppc64 in user mode runs code from a given state and says what it leaves.
//!
//! ```text
//! jobs (code, state before) ─► pipe ─► server in the guest ─► load, run, save ─► pipe ─► answers (state after)
//! ```
//! One process answers any number of jobs: a small program that our own assembler makes
//! ([`program`]) reads code and states from standard input and writes states to standard output, so
//! that neither qemu's start nor a tool chain costs anything. User programs start in 64-bit mode;
//! qemu's gdb stub clears MSR\[SF\] where 32-bit mode is asked for, and FE0 and FE1 always, so that
//! enabled floating-point exceptions change results as the book says but end nothing.
//!
//! What ends the process (an illegal word, a trap that is taken, an access outside the sandbox) or
//! never comes back is an answer too: the process is started again for the jobs behind.

mod process;
mod program;
mod state;
mod twin;

pub use process::{Answer, Job, Mode, Qemu, QemuError, available, place};
pub use program::{CODE_BASE, CODE_SIZE, EXIT, EXIT_OTHER, SANDBOX, SANDBOX_SIZE};
pub use state::State;
pub use twin::{Twins, has_twin};
