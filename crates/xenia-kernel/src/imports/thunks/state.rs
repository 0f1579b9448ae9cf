//! State of the stubs and thunks: which address calls which export.

use super::{OwnStubs, PAGE, STUB, Stubs, Target};
use crate::imports::ExportRegistry;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::Library;
use xenia_state::{Impossible, Unsaveable, check};

/// Largest number of pages with calls: each takes as much host memory as guest memory. The thunks
/// of an image are side by side, so some titles fill ten.
const CALL_PAGES: usize = 0x1000;

/// State of [`Stubs`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StubsState {
    /// By ascending address.
    calls: Vec<CallState>,
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

/// Whether calls at these addresses are few enough.
fn is_bounded(calls: &[CallState]) -> bool {
    calls.iter().map(|call| call.at.page_base()).collect::<BTreeSet<_>>().len() <= CALL_PAGES
}

impl Stubs {
    /// The state of the stubs and thunks.
    pub(crate) fn state(&self) -> Result<StubsState, Unsaveable> {
        // The numbers of targets are seen by no guest; they are assigned again.
        let Self { targets, numbers: _, exports, missing, page, used, own } = self;
        let calls = targets.all().into_iter().map(|(at, target)| CallState { at, target: target.into() });
        let calls: Vec<_> = calls.collect();
        if !is_bounded(&calls) {
            return Err("the title has kernel calls in too many pages".into());
        }
        let exports = exports.clone();
        let missing = missing.clone();
        Ok(StubsState { calls, exports, missing, page: *page, used: *used, own: *own })
    }

    /// Replaces the stubs and thunks by those of a state.
    pub(crate) fn restore(&mut self, registry: &ExportRegistry, state: StubsState) -> Result<(), Impossible> {
        let StubsState { calls, exports, missing, page, used, own } = state;
        check(own == self.own, "the kernel's return stubs are at other addresses")?;
        check(used <= PAGE && used.is_multiple_of(STUB), "the page of stubs is overfull")?;
        check(calls.is_sorted_by(|one, next| one.at < next.at), "the kernel calls are not in order")?;
        check(
            calls.iter().all(|call| call.at.0.is_multiple_of(4)),
            "a kernel call is not at an instruction",
        )?;
        check(is_bounded(&calls), "there are kernel calls in too many pages")?;
        // The end of the range is behind the last word.
        self.unbind(GuestAddr::NULL, u32::MAX);
        for CallState { at, target } in calls {
            self.bind(at, target.target(registry)?);
        }
        self.exports = exports;
        self.missing = missing;
        self.page = page;
        self.used = used;
        Ok(())
    }
}
