//! Look-up of the implemented exports, by library and ordinal.

use super::{Export, variables};
use crate::abi::{Call, ExportResumption, Flow, Rest};
use ordinals::ExportKind;
use xenia_guest::Ordinal;
use xenia_imports::{Library, Status, ordinals};

/// All implemented exports, by library and ordinal. All machines share it.
#[derive(Debug)]
pub struct ExportRegistry {
    tables: [Vec<Option<&'static Export>>; 2],
    /// Functions that continue calls of exports.
    pub continuations: Continuations,
}

/// Functions that continue calls of exports, which are above the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Continuations {
    /// Continues an export after guest code, with the code's result (r3).
    pub resume: fn(&mut Call, ExportResumption, u64) -> Flow,
    /// Continues a long call for another turn.
    pub continue_long_call: fn(&Call, Rest) -> Flow,
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

impl ExportRegistry {
    /// Builds a registry of all exports in these tables.
    pub fn new(families: &'static [&'static [Export]], continuations: Continuations) -> Self {
        let mut tables = [Vec::new(), Vec::new()];
        for export in families.iter().copied().flatten() {
            let table: &mut Vec<Option<&'static Export>> = &mut tables[export.library as usize];
            let index = usize::from(export.ordinal);
            if table.len() <= index {
                table.resize(index + 1, None);
            }
            table[index] = Some(export);
        }
        Self { tables, continuations }
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
