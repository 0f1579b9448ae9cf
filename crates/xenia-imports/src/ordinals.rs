//! Export tables of the console's libraries: ordinals, names and result types, for import tables
//! and `#[exports]`.
//!
//! The tables have one row per export, implemented or not. `#[exports]` does not compile with a
//! name that has no row.

use xenia_guest::Ordinal;

/// Kind of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// Code, called through a thunk.
    Function,
    /// Data; the import slot receives its address.
    Variable,
}

/// Kind of a function's result in r3. It determines the value that reports a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Returns {
    /// An `NTSTATUS` code.
    Status,
    /// A Win32 or Winsock error number, 0 for success.
    Win32,
    /// An `HRESULT` code.
    Hresult,
    /// A Boolean; 0 for false and for failure.
    Bool,
    /// A socket or a count of bytes; −1 for failure.
    Socket,
    /// A handle; null for failure.
    Handle,
    /// An address; null for failure.
    Pointer,
    /// A number; failures, if any, are specific to the function.
    Count,
    /// No result: callers ignore r3.
    Void,
    /// The result type is unknown.
    Unsure,
}

impl Returns {
    /// All result kinds.
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

    /// Name in reports and in the tables.
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

    /// Whether a function of this kind can be declared with a result type that represents one of
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

/// Result type of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// Kind of the result.
    pub returns: Returns,
    /// Whether the kind is inferred from the function's name or family, because neither a
    /// declaration nor a documented namesake was found.
    pub guessed: bool,
}

/// An export of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrdinalRow {
    pub ordinal: Ordinal,
    /// Function or variable.
    pub kind: ExportKind,
    pub name: &'static str,
    /// Subsystem it belongs to, such as `threading`.
    pub area: &'static str,
    /// Result type; `None` for variables.
    pub result: Option<ResultRow>,
}

/// Expands rows `ordinal fn Name area result [guessed];` and `ordinal var Name area;` to constants
/// per name and the table `ROWS`, sorted by ordinal.
macro_rules! ordinals {
    ($($ordinal:literal $kind:ident $name:ident $area:ident $($result:ident $($guessed:ident)?)?;)*) => {
        use super::{ExportKind, OrdinalRow};
        use xenia_guest::Ordinal;

        /// All exports, sorted by ordinal.
        pub static ROWS: &[OrdinalRow] = &[$(OrdinalRow {
            ordinal: Ordinal($ordinal),
            kind: super::kind!($kind),
            name: stringify!($name),
            area: stringify!($area),
            result: super::result!($($result $($guessed)?)?),
        }),*];

        /// The ordinals by name.
        #[allow(non_upper_case_globals, missing_docs)] // exports by their own names
        pub mod number {
            $(pub const $name: u16 = $ordinal;)*
        }

        /// Result kinds of the functions by name.
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
        $crate::ordinals::Returns::Status
    };
    (win32) => {
        $crate::ordinals::Returns::Win32
    };
    (hresult) => {
        $crate::ordinals::Returns::Hresult
    };
    (bool) => {
        $crate::ordinals::Returns::Bool
    };
    (socket) => {
        $crate::ordinals::Returns::Socket
    };
    (handle) => {
        $crate::ordinals::Returns::Handle
    };
    (pointer) => {
        $crate::ordinals::Returns::Pointer
    };
    (count) => {
        $crate::ordinals::Returns::Count
    };
    (void) => {
        $crate::ordinals::Returns::Void
    };
    (unsure) => {
        $crate::ordinals::Returns::Unsure
    };
}

macro_rules! result {
    () => {
        None
    };
    ($result:ident) => {
        Some($crate::ordinals::ResultRow { returns: $crate::ordinals::returns!($result), guessed: false })
    };
    ($result:ident guessed) => {
        Some($crate::ordinals::ResultRow { returns: $crate::ordinals::returns!($result), guessed: true })
    };
}

use {kind, ordinals, result, returns};

pub mod xam;
pub mod xboxkrnl;

/// Finds the row of `ordinal` in a sorted table.
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
    fn only_functions_have_results() {
        for row in [xboxkrnl::ROWS, xam::ROWS].into_iter().flatten() {
            assert_eq!(row.result.is_some(), row.kind == ExportKind::Function, "{}", row.name);
            // A result of unknown type cannot be marked as certain.
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
