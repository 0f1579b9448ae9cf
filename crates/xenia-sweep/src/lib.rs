//! Sweeps: many runs of the program on many machines, whose results can be put together and
//! compared.
//!
//! ```text
//! spec.toml ─ plan ─► units.jsonl ─ run (a shard here, another there) ─► results/*.jsonl ─ merge ─► one result, one hash
//! ```
//!
//! A *unit* is one command line of the program, with limits. Its id is the BLAKE3 of all that
//! decides its result: the program, the bytes of every file that goes in, the words, the limits.
//! Whoever runs a unit anywhere gets the same result, so
//!
//! - a shard needs to know nothing of the others: which units are its own follows from their ids;
//! - a unit that a whole line of results exists for is done, whoever wrote that line;
//! - a result without what depends on the place (host, times, figures) can be hashed and compared.
//!
//! There is no server and no lock: a process writes files that are its own, and reads those of
//! others. Engines that start the shards (Slurm, Kubernetes, GNU parallel) are the user's;
//! docs/src/sweeps.md shows them.
#![forbid(unsafe_code)]

mod child;
mod diff;
mod error;
mod inputs;
mod judge;
mod lines;
mod merge;
mod plan;
mod report;
mod run;
mod shard;
mod spec;
mod unit;

pub use child::{Limited, limit_this_process};
pub use diff::{Change, Difference, diff};
pub use error::Error;
pub use judge::{Outcome, Verdict};
pub use merge::{Conflict, Failure, Merged, merge, merge_file, merge_folder};
pub use plan::{Plan, Planned, plan};
pub use report::write_report;
pub use run::{Progress, RunConfig, Summary, run};
pub use shard::Shard;
pub use unit::{End, Header, MOST_STATES, UNITS, Unit};
