//! Sweeps: many runs of the program on many machines, whose results can be merged and compared.
//!
//! ```text
//! spec.toml ─ plan ─► units.jsonl ─ run, in shards ─► results/*.jsonl ─ merge ─► result, hash
//! ```
//!
//! A *unit* is one command line of the program, with limits. Its id is the BLAKE3 of everything
//! that decides its result: the program, the bytes of every input file, the words and the limits.
//! Each run of a unit gives the same result on any machine, so
//!
//! - shards need no communication: a shard's units follow from their ids;
//! - a unit with a complete line of results is done, whichever process wrote the line;
//! - a result without its host-dependent parts (host, times, statistics) can be hashed and
//!   compared.
//!
//! There is no server and no lock: a process only writes its own files, and reads those of others.
//! The job system that starts the shards (Slurm, Kubernetes, GNU parallel) is the user's choice;
//! docs/src/testing/suites.md has examples.
#![forbid(unsafe_code)]

mod child;
mod diff;
mod error;
mod inputs;
mod judge;
mod limited;
mod lines;
mod merge;
mod plan;
mod report;
mod run;
mod shard;
mod spec;
mod unit;
mod verdict;

pub use child::{Limited, limit_this_process};
pub use diff::{Change, Difference, diff};
pub use error::Error;
pub use judge::Outcome;
pub use limited::{EndedProcess, run_limited};
pub use merge::{Conflict, FailedUnit, Merged, merge, merge_file, merge_folder};
pub use plan::{PlanConfig, Planned, plan};
pub use report::{escaped, write_report};
pub use run::{PICTURES, REPORTS, RunConfig, ShardProgress, ShardSummary, run};
pub use shard::Shard;
pub use spec::MAX_SECONDS;
pub use unit::{Bounds, ExpectedEnd, MAX_STATES, SweepUnit, UNITS, UnitsHeader};
pub use verdict::Verdict;
