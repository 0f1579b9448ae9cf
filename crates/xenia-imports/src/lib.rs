//! The console's system libraries and the tables of their exports.
//!
//! - [`Library`]: `xboxkrnl` and `xam`, by the name in an import table.
//! - [`ordinals`]: a row for each export: ordinal, name, kind, result. A crate that implements
//!   exports looks up its ordinals by name, so a misspelt name does not compile.
//! - [`Status`]: how much of an export is implemented.
//!
//! Invariants: the tables are data of the console and do not depend on which functions are
//! implemented; they are sorted by ordinal, and names are unique within a library.
#![forbid(unsafe_code)]

pub mod ordinals;

use ordinals::OrdinalRow;
use serde::{Deserialize, Serialize};

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
    /// Whether nothing is left to do.
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Constant)
    }

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
