//! What titles import and how a call reaches it: the console's libraries and their ordinals,
//! exported variables, thunks.
//!
//! The ground floor under [`crate::exports`]: nothing here knows a single export's behaviour.

mod bindings;
mod call_targets;
pub mod ordinals;
pub mod thunks;
pub mod variables;

pub use bindings::{Bindings, MissingCall};

use crate::abi::{Call, Flow};
use ordinals::OrdinalRow;

/// How much of an export there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Does all that titles can ask of it.
    Done,
    /// Has nothing to do on this machine, or one answer only; its documentation says why.
    Constant,
    /// Does what its documentation says, and not more.
    Partial,
    /// Answers plausibly, without the effect.
    Stub,
    /// Not there; the call returns its documented failure.
    Missing,
}

impl Status {
    /// Every status, the best first.
    pub const ALL: [Self; 5] = [Self::Done, Self::Constant, Self::Partial, Self::Stub, Self::Missing];

    /// As reports name it.
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

/// The console's libraries.
#[allow(non_camel_case_types)] // `#[exports(xboxkrnl)]` names them
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Library {
    /// `xboxkrnl.exe`: the kernel.
    xboxkrnl,
    /// `xam.xex`: users, content, the user interface.
    xam,
}

impl Library {
    /// Both.
    pub const ALL: [Self; 2] = [Self::xboxkrnl, Self::xam];

    /// The library of an import table's name, which may have an extension; case does not matter.
    pub fn of_file(name: &str) -> Option<Self> {
        let stem = name.split('.').next().unwrap_or(name);
        Self::ALL.into_iter().find(|library| stem.eq_ignore_ascii_case(library.name()))
    }

    /// Its name without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::xboxkrnl => "xboxkrnl",
            Self::xam => "xam",
        }
    }

    /// Every export that the console's library has.
    pub fn rows(self) -> &'static [OrdinalRow] {
        match self {
            Self::xboxkrnl => ordinals::xboxkrnl::ROWS,
            Self::xam => ordinals::xam::ROWS,
        }
    }
}

/// A function that titles can import. Made by `#[exports]`.
#[derive(Debug)]
pub struct Export {
    /// Its library.
    pub library: Library,
    /// Its name.
    pub name: &'static str,
    /// Its ordinal.
    pub ordinal: u16,
    /// How much of it there is.
    pub status: Status,
    /// Its documentation.
    pub doc: &'static str,
    /// Names of its parameters.
    pub parameters: &'static [&'static str],
    /// Takes the arguments from the guest, runs the function, and gives the result back.
    pub shim: fn(&mut Call) -> Flow,
}
