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
}

/// Rows `ordinal fn|var Name area;` become a constant per name and the table `ROWS`, by ascending ordinal.
macro_rules! ordinals {
    ($($ordinal:literal $kind:ident $name:ident $area:ident;)*) => {
        use super::{ExportKind, OrdinalRow};
        use xenia_guest::Ordinal;

        /// Every export, by ascending ordinal.
        pub const ROWS: &[OrdinalRow] = &[$(OrdinalRow {
            ordinal: Ordinal($ordinal),
            kind: super::kind!($kind),
            name: stringify!($name),
            area: stringify!($area),
        }),*];

        /// The ordinal of each name.
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod number {
            $(pub const $name: u16 = $ordinal;)*
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

use {kind, ordinals};

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
    fn names_and_ordinals_agree() {
        assert_eq!(xboxkrnl::number::KeSetAffinityThread, 0x97);
        assert_eq!(xboxkrnl::number::KeSetBasePriorityThread, 0x99);
        assert_eq!(xboxkrnl::number::KeQueryBasePriorityThread, 0x81);
        let row = find(xboxkrnl::ROWS, Ordinal(0x1C1)).unwrap();
        assert_eq!((row.name, row.kind), ("VdHSIOCalibrationLock", ExportKind::Variable));
        assert!(find(xboxkrnl::ROWS, Ordinal(0xFFFF)).is_none());
    }
}
