//! Random scenes of meaningful state, drawn by two GPU backends and compared.
//!
//! Each backend is the oracle of the other: after every step the words of both EDRAMs, the memory
//! written by resolves and the sample counts must be equal, or differ by no more than a tolerance
//! that is derived from the formats. A [`SceneFamily`] makes scenes of one subject from
//! [`Choices`]. All random numbers of a case are recorded there, so a case can be repeated, made
//! smaller ([`shrink`]) and stored as a file ([`SceneCase`]).
//!
//! Inputs are exact on both sides: coordinates are dyadic fractions, no edge passes through a
//! sample, and levels of detail stay away from the border of two behaviours. A case whose result is
//! not defined is [skipped](SceneOutcome::Skipped).
#![forbid(unsafe_code)]

mod case;
mod choices;
mod families;
mod fuzz;
mod outcome;
mod pair;
pub mod programs;
pub mod scene;
mod shared;
mod shrink;
mod side;

pub use case::{CaseError, SceneCase};
pub use choices::Choices;
pub use families::SceneFamily;
pub use fuzz::{Finding, SceneFuzzConfig, SceneFuzzReport, fuzz};
pub use outcome::{SceneDifference, SceneOutcome};
pub use pair::{Backends, Pair};
pub use shared::SharedBackend;
pub use shrink::shrink;
