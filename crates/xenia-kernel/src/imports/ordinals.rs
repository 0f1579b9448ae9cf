//! Ordinals by name: what a title's import table means, and what `#[exports]` looks names up in.
//!
//! One row per export of the console's libraries, whether it is implemented or not. A name that is
//! not a row does not compile in `#[exports]`.

use xenia_guest::Ordinal;

/// What an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Code, called through a thunk.
    Function,
    /// Data; the import slot receives its address.
    Variable,
}

/// What a function's result, r3 after the call, is. It says what a failure looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Returns {
    /// An `NTSTATUS`.
    Status,
    /// A Win32 or Winsock error number, 0 for success.
    Win32,
    /// An `HRESULT`.
    Hresult,
    /// 0 for false and for failure.
    Bool,
    /// A socket or a count of bytes; −1 for failure.
    Socket,
    /// A handle; null for failure.
    Handle,
    /// An address; null for failure.
    Pointer,
    /// A number, whose failure, if there is one, is the function's own.
    Count,
    /// Nothing: r3 is not looked at.
    Void,
    /// Nobody has found out.
    Unsure,
}

impl Returns {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Status,
        Self::Win32,
        Self::Hresult,
        Self::Bool,
        Self::Socket,
        Self::Handle,
        Self::Pointer,
        Self::Count,
        Self::Void,
        Self::Unsure,
    ];

    /// As reports and the tables name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Win32 => "win32",
            Self::Hresult => "hresult",
            Self::Bool => "bool",
            Self::Socket => "socket",
            Self::Handle => "handle",
            Self::Pointer => "pointer",
            Self::Count => "count",
            Self::Void => "void",
            Self::Unsure => "unsure",
        }
    }

    /// Whether a function of this kind may be written with a result type that stands for one of
    /// `kinds`.
    pub const fn is_among(self, kinds: &[Self]) -> bool {
        if matches!(self, Self::Unsure) {
            return true;
        }
        let mut index = 0;
        while index < kinds.len() {
            if kinds[index] as u8 == self as u8 {
                return true;
            }
            index += 1;
        }
        false
    }
}

/// The result of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// What it is.
    pub returns: Returns,
    /// Concluded from the function's name or family alone: no declaration and no documented
    /// namesake was found.
    pub guessed: bool,
}

/// One export of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrdinalRow {
    /// Its number.
    pub ordinal: Ordinal,
    /// Function or variable.
    pub kind: ExportKind,
    /// Its name.
    pub name: &'static str,
    /// The subsystem it belongs to, such as `threading`.
    pub area: &'static str,
    /// What it returns; `None` for variables.
    pub result: Option<ResultRow>,
}

/// Rows `ordinal fn Name area result [guessed];` and `ordinal var Name area;` become constants per
/// name and the table `ROWS`, by ascending ordinal.
macro_rules! ordinals {
    ($($ordinal:literal $kind:ident $name:ident $area:ident $($result:ident $($guessed:ident)?)?;)*) => {
        use super::{ExportKind, OrdinalRow};
        use xenia_guest::Ordinal;

        /// Every export, by ascending ordinal.
        pub const ROWS: &[OrdinalRow] = &[$(OrdinalRow {
            ordinal: Ordinal($ordinal),
            kind: super::kind!($kind),
            name: stringify!($name),
            area: stringify!($area),
            result: super::result!($($result $($guessed)?)?),
        }),*];

        /// The ordinal of each name.
        #[allow(non_upper_case_globals, missing_docs)] // exports by their own names
        pub mod number {
            $(pub const $name: u16 = $ordinal;)*
        }

        /// What each function returns.
        #[allow(non_upper_case_globals, missing_docs)] // exports by their own names
        pub mod returns {
            $($(pub const $name: super::super::Returns = super::super::returns!($result);)?)*
        }
    };
}

macro_rules! kind {
    (fn) => {
        ExportKind::Function
    };
    (var) => {
        ExportKind::Variable
    };
}

macro_rules! returns {
    (status) => {
        $crate::imports::ordinals::Returns::Status
    };
    (win32) => {
        $crate::imports::ordinals::Returns::Win32
    };
    (hresult) => {
        $crate::imports::ordinals::Returns::Hresult
    };
    (bool) => {
        $crate::imports::ordinals::Returns::Bool
    };
    (socket) => {
        $crate::imports::ordinals::Returns::Socket
    };
    (handle) => {
        $crate::imports::ordinals::Returns::Handle
    };
    (pointer) => {
        $crate::imports::ordinals::Returns::Pointer
    };
    (count) => {
        $crate::imports::ordinals::Returns::Count
    };
    (void) => {
        $crate::imports::ordinals::Returns::Void
    };
    (unsure) => {
        $crate::imports::ordinals::Returns::Unsure
    };
}

macro_rules! result {
    () => {
        None
    };
    ($result:ident) => {
        Some($crate::imports::ordinals::ResultRow {
            returns: $crate::imports::ordinals::returns!($result),
            guessed: false,
        })
    };
    ($result:ident guessed) => {
        Some($crate::imports::ordinals::ResultRow {
            returns: $crate::imports::ordinals::returns!($result),
            guessed: true,
        })
    };
}

use {kind, ordinals, result, returns};

pub mod xam;
pub mod xboxkrnl;

/// The row of `ordinal` in a table of ascending ordinals.
pub fn find(rows: &'static [OrdinalRow], ordinal: Ordinal) -> Option<&'static OrdinalRow> {
    rows.binary_search_by_key(&ordinal, |row| row.ordinal).ok().map(|index| &rows[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_ascending_and_names_unique() {
        for rows in [xboxkrnl::ROWS, xam::ROWS] {
            assert!(rows.windows(2).all(|pair| pair[0].ordinal < pair[1].ordinal));
            let mut names: Vec<_> = rows.iter().map(|row| row.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), rows.len());
        }
        assert_eq!((xboxkrnl::ROWS.len(), xam::ROWS.len()), (922, 1736));
    }

    #[test]
    fn functions_and_nothing_else_have_results() {
        for row in [xboxkrnl::ROWS, xam::ROWS].into_iter().flatten() {
            assert_eq!(row.result.is_some(), row.kind == ExportKind::Function, "{}", row.name);
            // Where nobody has found out, it is not known for certain either.
            let unsure = row.result.is_some_and(|result| result.returns == Returns::Unsure);
            assert!(!unsure || row.result.is_some_and(|result| result.guessed), "{}", row.name);
        }
        assert_eq!(xam::returns::NetDll_socket, Returns::Socket);
        assert!(Returns::Count.is_among(&[Returns::Socket, Returns::Count]));
        assert!(!Returns::Status.is_among(&[Returns::Win32]) && !Returns::Void.is_among(&[]));
    }

    #[test]
    fn names_and_ordinals_agree() {
        assert_eq!(xboxkrnl::number::KeSetAffinityThread, 0x97);
        assert_eq!(xboxkrnl::number::KeSetBasePriorityThread, 0x99);
        assert_eq!(xboxkrnl::number::KeQueryBasePriorityThread, 0x81);
        let row = find(xboxkrnl::ROWS, Ordinal(0x1C1)).unwrap();
        assert_eq!((row.name, row.kind), ("VdHSIOCalibrationLock", ExportKind::Variable));
        assert!(find(xboxkrnl::ROWS, Ordinal(0xFFFF)).is_none());
    }
}
