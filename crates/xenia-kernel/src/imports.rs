//! Imports of titles: the console's libraries and their ordinals, exported variables, thunks.
//!
//! The layer below [`crate::exports`]: it does not depend on the behaviour of any export.

mod bindings;
mod call_targets;
pub mod ordinals;
pub mod thunks;
pub mod variables;

pub use bindings::{Bindings, MissingCall};

use crate::abi::{Call, Flow};
use ordinals::OrdinalRow;

/// Implementation status of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Complete: does all that titles can ask of it.
    Done,
    /// Has no effect on this machine, or a constant result; its documentation gives the reason.
    Constant,
    /// Implements only the documented part.
    Partial,
    /// Returns a plausible result without the effect.
    Stub,
    /// Not implemented; the call returns its documented failure.
    Missing,
}

impl Status {
    /// All statuses, best first.
    pub const ALL: [Self; 5] = [Self::Done, Self::Constant, Self::Partial, Self::Stub, Self::Missing];

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Constant => "constant",
            Self::Partial => "partial",
            Self::Stub => "stub",
            Self::Missing => "missing",
        }
    }
}

/// The console's system libraries.
#[allow(non_camel_case_types)] // `#[exports(xboxkrnl)]` names them
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// `xboxkrnl.exe`: the kernel.
    xboxkrnl,
    /// `xam.xex`: users, content, user interface.
    xam,
}

impl Library {
    pub const ALL: [Self; 2] = [Self::xboxkrnl, Self::xam];

    /// The library with this name in an import table, with or without an extension;
    /// case-insensitive.
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.split('.').next().unwrap_or(name);
        Self::ALL.into_iter().find(|library| stem.eq_ignore_ascii_case(library.name()))
    }

    /// Name without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::xboxkrnl => "xboxkrnl",
            Self::xam => "xam",
        }
    }

    /// All exports of the library on the console.
    pub fn rows(self) -> &'static [OrdinalRow] {
        match self {
            Self::xboxkrnl => ordinals::xboxkrnl::ROWS,
            Self::xam => ordinals::xam::ROWS,
        }
    }
}

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
}
