//! State of the bindings of imports: stubs and thunks, addresses of variables, and the number of
//! calls of missing exports.

use super::ImportBindings;
use crate::imports::thunks::StubsState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;
use xenia_imports::Library;
use xenia_state::{Impossible, check, is_count};

/// State of [`ImportBindings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportsState {
    stubs: StubsState,
    variables: BTreeMap<(Library, u16), GuestAddr>,
    missing: BTreeMap<String, u64>,
}

impl ImportBindings {
    /// The bindings' state.
    pub(crate) fn state(&self) -> ImportsState {
        let Self {
            registry: _,          // the same in every machine
            targets: _,           // shared with the stubs
            own_stubs: _,         // constant, and checked with the stubs
            time_stamp_bundle: _, // the address of a variable
            observers: _,         // the guest can't observe them
            stubs,
            variables,
            missing,
        } = self;
        let stubs = stubs.lock().state();
        let variables = variables.lock().state();
        ImportsState { stubs, variables, missing: missing.lock().clone() }
    }

    /// Replaces the bindings by those of a state.
    pub(crate) fn restore(&self, state: ImportsState) -> Result<(), Impossible> {
        let ImportsState { stubs, variables, missing } = state;
        check(missing.values().all(|&count| is_count(count)), "a count of missing calls is too high")?;
        self.stubs.lock().restore(self.registry, stubs)?;
        self.variables.lock().restore(variables)?;
        *self.missing.lock() = missing;
        Ok(())
    }
}
