//! Registry of the implemented exports, by ordinal.

use super::FAMILIES;
use crate::abi::Call;
use crate::imports::{Export, variables};
use crate::status::failure::Fallible;
use ordinals::ExportKind;
use std::sync::OnceLock;
use xenia_guest::{GuestAddr, NtStatus, Ordinal};
use xenia_imports::{Library, Status, ordinals};

/// All implemented exports, by library and ordinal. All machines share it.
#[derive(Debug)]
pub struct Registry {
    tables: [Vec<Option<&'static Export>>; 2],
}

/// Numbers of a library's exports by implementation status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// Exports with a complete implementation.
    pub done: usize,
    /// Exports that have nothing to do here.
    pub constant: usize,
    /// Exports with a partial implementation.
    pub partial: usize,
    /// Exports that are accepted without effect.
    pub stub: usize,
    /// Exports without an implementation.
    pub missing: usize,
}

impl StatusCounts {
    /// Number of all exports in the library.
    pub fn total(self) -> usize {
        self.done + self.constant + self.partial + self.stub + self.missing
    }
}

impl FromIterator<Status> for StatusCounts {
    fn from_iter<I: IntoIterator<Item = Status>>(statuses: I) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            *match status {
                Status::Done => &mut counts.done,
                Status::Constant => &mut counts.constant,
                Status::Partial => &mut counts.partial,
                Status::Stub => &mut counts.stub,
                Status::Missing => &mut counts.missing,
            } += 1;
        }
        counts
    }
}

impl Registry {
    /// Returns the registry, which is built on first use.
    pub fn get() -> &'static Self {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            let mut tables = [Vec::new(), Vec::new()];
            for export in FAMILIES.iter().copied().flatten() {
                let table: &mut Vec<Option<&'static Export>> = &mut tables[export.library as usize];
                let index = usize::from(export.ordinal);
                if table.len() <= index {
                    table.resize(index + 1, None);
                }
                table[index] = Some(export);
            }
            Self { tables }
        })
    }

    /// Returns the implementation of a function, if there is one.
    pub fn find(&self, library: Library, ordinal: Ordinal) -> Option<&'static Export> {
        *self.tables[library as usize].get(usize::from(ordinal.0))?
    }

    /// Returns the implementation of a function by name.
    pub fn find_by_name(&self, library: Library, name: &str) -> Option<&'static Export> {
        self.tables[library as usize].iter().flatten().copied().find(|export| export.name == name)
    }

    /// Returns the status of an export, function or variable.
    pub fn status(&self, library: Library, ordinal: Ordinal) -> Status {
        match ordinals::find(library.rows(), ordinal).map(|row| row.kind) {
            Some(ExportKind::Variable) => {
                variables::find(library, ordinal).map_or(Status::Missing, |variable| variable.status)
            }
            _ => self.find(library, ordinal).map_or(Status::Missing, |export| export.status),
        }
    }

    /// Counts the exports of a library, or of one area of it, by status.
    pub fn counts(&self, library: Library, area: Option<&str>) -> StatusCounts {
        let rows = library.rows().iter().filter(|row| area.is_none_or(|area| area == row.area));
        rows.map(|row| self.status(library, row.ordinal)).collect()
    }

    /// Status of the export with this name, function or variable, of any library; `None` if there
    /// is none.
    pub fn status_of_name(&self, name: &str) -> Option<Status> {
        Library::ALL.iter().find_map(|&library| {
            let row = library.rows().iter().find(|row| row.name == name)?;
            Some(self.status(library, row.ordinal))
        })
    }
}

/// Returns the address of a kernel function, for exports that call one as guest code does.
pub(super) fn kernel_function(call: &Call, name: &str) -> Fallible<GuestAddr> {
    let export = Registry::get().find_by_name(Library::xboxkrnl, name).ok_or(NtStatus::NOT_IMPLEMENTED)?;
    call.kernel.imports.stub_of(call.memory(), export)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_export_is_implemented_twice_and_none_is_a_variable() {
        let mut seen = std::collections::BTreeSet::new();
        for export in FAMILIES.iter().copied().flatten() {
            assert!(seen.insert((export.library, export.ordinal)), "{} twice", export.name);
            let row = ordinals::find(export.library.rows(), Ordinal(export.ordinal)).unwrap();
            assert_eq!(row.kind, ExportKind::Function, "{}", export.name);
            assert_eq!(row.name, export.name);
            assert_ne!(export.status, Status::Missing, "{}", export.name);
        }
    }

    #[test]
    fn counts_add_up_to_the_library() {
        let registry = Registry::get();
        for library in Library::ALL {
            assert_eq!(registry.counts(library, None).total(), library.rows().len());
        }
        assert!(registry.find_by_name(Library::xboxkrnl, "DbgBreakPoint").is_some());
        assert!(registry.find_by_name(Library::xboxkrnl, "NoSuchExport").is_none());
    }

    #[test]
    fn libraries_are_found_by_file_name() {
        assert_eq!(Library::of_file("XBOXKRNL.EXE"), Some(Library::xboxkrnl));
        assert_eq!(Library::of_file("xam.xex"), Some(Library::xam));
        assert_eq!(Library::of_file("xbdm.xex"), None);
    }
}
