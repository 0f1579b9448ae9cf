//! An external oracle: qemu-ppc64 in user mode runs code from a given state and returns the state
//! after it.
//!
//! ```text
//! jobs (code, state) ─► pipe ─► server in the guest: load, run, save ─► pipe ─► answers (state)
//! ```
//! One process answers any number of jobs: a small program, made with our assembler ([`program`]),
//! reads code and states from standard input and writes states to standard output, so there is no
//! start-up cost per job, and no tool chain is needed. User programs start in 64-bit mode; qemu's
//! gdb stub clears MSR\[SF\] if 32-bit mode is requested, and FE0 and FE1 always, so that enabled
//! floating-point exceptions change results as the book specifies, but end no process.
//!
//! A job that ends the process (an illegal word, a taken trap, an access outside the sandbox) or
//! never returns is an answer too: the process is started again for the remaining jobs.

mod process;
mod program;
mod state;
mod twin;

pub use process::{Job, Qemu, QemuAnswer, QemuError, QemuMode, available, place};
pub use program::{CODE_BASE, CODE_SIZE, EXIT, EXIT_OTHER, SANDBOX, SANDBOX_SIZE};
pub use state::QemuState;
pub use twin::{Twins, has_twin};
