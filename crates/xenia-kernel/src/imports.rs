//! Bindings of titles' imports: exported variables, thunks, call targets. The tables of the
//! libraries are those of [`xenia_imports`].
//!
//! The layer below the exports (crate `xenia-exports`): it does not depend on the behaviour of any
//! export.

mod bindings;
mod call_targets;
mod costs;
mod history;
mod missing;
mod registry;
pub mod thunks;
mod trace;
pub mod variables;

pub(crate) use bindings::{CallObservers, ImportsState};
pub use bindings::{ImportBindings, MissingCall};
pub use costs::{CallCost, CallCosts};
pub(crate) use history::Callee;
pub use history::{CallHistory, PastCall, UnfinishedCall};
pub use missing::{MissingAnswer, MissingAnswers, has_special_failure};
pub use registry::{Continuations, ExportRegistry, StatusCounts};
pub(crate) use trace::CallSite;
pub use trace::{CallFilter, CallFilterError, CallTrace, CallTraceSink};
pub use xenia_imports::{Library, Status, ordinals};

use crate::abi::{Call, Flow, ShownArguments};

/// An exported function, made by `#[exports]`.
#[derive(Debug)]
pub struct Export {
    pub library: Library,
    pub name: &'static str,
    pub ordinal: u16,
    /// Implementation status of the export.
    pub status: Status,
    /// Documentation of the function.
    pub doc: &'static str,
    /// Implementation status of the export.
    pub parameters: &'static [&'static str],
    /// Shim: reads the arguments from the guest, calls the function, and writes the result.
    pub shim: fn(&mut Call) -> Flow,
    /// Shows the arguments of a call that is about to be made; `None` if they can't be read.
    pub describe: fn(&mut Call) -> Option<ShownArguments>,
}
