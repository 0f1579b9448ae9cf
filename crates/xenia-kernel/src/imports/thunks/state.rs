//! Saved state of the stubs and thunks: which address calls which export.
//!
//! Exports are saved by library and ordinal, not by their numbers in this program, so that states
//! outlive the addition of exports. A state that needs an export which this program lacks is
//! refused.

use super::{OwnStubs, PAGE, STUB, Stubs, Target};
use crate::imports::ExportRegistry;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::Library;
use xenia_limits::Limit;
use xenia_state::{Impossible, check};

/// State of [`Stubs`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StubsState {
    /// By ascending address.
    calls: Vec<CallState>,
    /// Pages that the limit counts: they have a call, or had one.
    pages: BTreeSet<GuestAddr>,
    exports: BTreeMap<(Library, u16), GuestAddr>,
    missing: BTreeMap<(Option<Library>, u16), GuestAddr>,
    page: Option<GuestAddr>,
    used: u32,
    own: OwnStubs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CallState {
    at: GuestAddr,
    target: TargetState,
}

/// A [`Target`], with the export by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum TargetState {
    Export { library: Library, ordinal: Ordinal },
    Missing { library: Option<Library>, ordinal: Ordinal },
    CallReturn,
    ThreadReturn,
    ProgramReturn,
    ServiceReturn,
    TitleBegin,
}

impl From<Target> for TargetState {
    fn from(target: Target) -> Self {
        match target {
            Target::Export(export) => {
                Self::Export { library: export.library, ordinal: Ordinal(export.ordinal) }
            }
            Target::Missing { library, ordinal } => Self::Missing { library, ordinal },
            Target::CallReturn => Self::CallReturn,
            Target::ThreadReturn => Self::ThreadReturn,
            Target::ProgramReturn => Self::ProgramReturn,
            Target::ServiceReturn => Self::ServiceReturn,
            Target::TitleBegin => Self::TitleBegin,
        }
    }
}

impl TargetState {
    /// The target in this program, which may lack an export.
    fn target(self, registry: &ExportRegistry) -> Result<Target, Impossible> {
        Ok(match self {
            Self::Export { library, ordinal } => {
                let export = registry.find(library, ordinal);
                Target::Export(export.ok_or_else(|| {
                    Impossible(format!("this program lacks export {ordinal} of {}", library.name()).into())
                })?)
            }
            Self::Missing { library, ordinal } => Target::Missing { library, ordinal },
            Self::CallReturn => Target::CallReturn,
            Self::ThreadReturn => Target::ThreadReturn,
            Self::ProgramReturn => Target::ProgramReturn,
            Self::ServiceReturn => Target::ServiceReturn,
            Self::TitleBegin => Target::TitleBegin,
        })
    }
}

impl Stubs {
    /// The state of the stubs and thunks.
    pub(crate) fn state(&self) -> StubsState {
        let Self {
            // Not visible to the guest, and assigned again.
            numbers: _,
            limits: _,
            targets,
            pages,
            exports,
            missing,
            page,
            used,
            own,
        } = self;
        let calls = targets.all().into_iter().map(|(at, target)| CallState { at, target: target.into() });
        StubsState {
            calls: calls.collect(),
            pages: pages.clone(),
            exports: exports.clone(),
            missing: missing.clone(),
            page: *page,
            used: *used,
            own: *own,
        }
    }

    /// Replaces the stubs and thunks by those of a state.
    pub(crate) fn restore(&mut self, registry: &ExportRegistry, state: StubsState) -> Result<(), Impossible> {
        let StubsState { calls, pages, exports, missing, page, used, own } = state;
        check(own == self.own, "the kernel's return stubs are at other addresses")?;
        check(used <= PAGE && used.is_multiple_of(STUB), "the page of stubs is overfull")?;
        check(calls.is_sorted_by(|one, next| one.at < next.at), "the kernel calls are not in order")?;
        check(
            calls.iter().all(|call| call.at.0.is_multiple_of(4)),
            "a kernel call is not at an instruction",
        )?;
        let most = self.limits.value(Limit::CallPages);
        check(pages.len() as u64 <= most, "there are kernel calls in too many pages")?;
        check(
            calls.iter().all(|call| pages.contains(&call.at.page_base())),
            "a kernel call is in a page that is not counted",
        )?;
        // The range ends after the last word.
        self.unbind(GuestAddr::NULL, u32::MAX);
        for CallState { at, target } in calls {
            self.targets.bind(&mut self.numbers, at, target.target(registry)?);
        }
        self.pages = pages;
        self.exports = exports;
        self.missing = missing;
        self.page = page;
        self.used = used;
        Ok(())
    }
}
