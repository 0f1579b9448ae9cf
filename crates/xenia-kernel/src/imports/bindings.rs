//! What the imports of a machine are bound to: stubs and thunks, the storage of variables, what was
//! called in vain.

use super::call_targets::CallTargets;
use super::ordinals::{self, Returns};
use super::thunks::{OwnStubs, Stubs, Target};
use super::variables::{self, Variables};
use super::{Export, Library};
use crate::KernelConfig;
use crate::memory::KernelPool;
use crate::ports::Clock;
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex};

/// Calls of an export that is not implemented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCall {
    /// Its name, or library and ordinal.
    pub name: String,
    /// Calls so far.
    pub count: u64,
}

/// See the module's documentation.
pub struct Bindings {
    /// Where guest code enters the kernel.
    pub(crate) stubs: Mutex<Stubs>,
    /// What they call.
    targets: Arc<CallTargets>,
    /// The kernel's own stubs, which never move.
    pub(crate) own_stubs: OwnStubs,
    variables: Mutex<Variables>,
    /// Where `KeTimeStampBundle` is: every scheduler round asks.
    time_stamp_bundle: OnceLock<GuestAddr>,
    missing: Mutex<BTreeMap<String, u64>>,
}

impl Bindings {
    /// The kernel's own stubs, in a page of their own.
    pub(crate) fn new(memory: &GuestMemory) -> Fallible<Self> {
        let mut stubs = Stubs::default();
        stubs.initialize(memory)?;
        let (own_stubs, targets) = (stubs.own, stubs.targets.clone());
        Ok(Self {
            stubs: Mutex::new(Level::Modules, stubs),
            targets,
            own_stubs,
            variables: Mutex::new(Level::Modules, Variables::default()),
            time_stamp_bundle: OnceLock::new(),
            missing: Mutex::new(Level::Leaf, BTreeMap::new()),
        })
    }

    /// Gives the variables that don't begin as zeros their values.
    pub(crate) fn initialize_variables(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        config: &KernelConfig,
        clock: Clock,
    ) -> Fallible<()> {
        let mut variables = self.variables.lock();
        variables::initialize(memory, &mut pool.lock(), &mut variables, config, clock)?;
        if let Some(bundle) = variables.address(Library::xboxkrnl, "KeTimeStampBundle") {
            self.time_stamp_bundle.get_or_init(|| bundle);
        }
        Ok(())
    }

    /// What the `sc 2` at `at` calls. Takes no lock: every kernel call asks.
    pub(crate) fn target(&self, at: GuestAddr) -> Option<Target> {
        self.targets.find(at)
    }

    /// The stub of an export, made at the first question.
    pub(crate) fn stub_of(&self, memory: &GuestMemory, export: &'static Export) -> Fallible<GuestAddr> {
        self.stubs.lock().of_export(memory, export)
    }

    /// Guest address of an exported variable, if a title has imported it or the kernel has it
    /// anyway.
    pub fn variable(&self, library: Library, name: &str) -> Option<GuestAddr> {
        self.variables.lock().address(library, name)
    }

    /// Guest address of a variable by name, which gets its storage now if it has none.
    pub(crate) fn make_variable(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        library: Library,
        name: &str,
    ) -> Fallible<GuestAddr> {
        self.variables.lock().storage(memory, &mut pool.lock(), library, name)
    }

    /// As [`Self::make_variable`], by ordinal.
    pub(crate) fn make_variable_at(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        library: Library,
        ordinal: Ordinal,
    ) -> Fallible<GuestAddr> {
        self.variables.lock().storage_of(memory, &mut pool.lock(), library, ordinal)
    }

    /// Guest address of the `KeTimeStampBundle` variable.
    pub(crate) fn time_stamp_bundle(&self) -> Option<GuestAddr> {
        self.time_stamp_bundle.get().copied()
    }

    /// Counts a call of something that is not implemented, and logs the first.
    pub(crate) fn note_missing(
        &self,
        library: Option<Library>,
        ordinal: Ordinal,
        arguments: &[u64],
    ) -> String {
        let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
        let name = match (row, library) {
            (Some(row), _) => row.name.to_owned(),
            (None, Some(library)) => format!("{}#{ordinal}", library.name()),
            (None, None) => format!("unknown#{ordinal}"),
        };
        let mut missing = self.missing.lock();
        let count = missing.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 {
            let silent = row.and_then(|row| row.result).is_some_and(|result| result.returns == Returns::Void);
            let note = if silent { ", and has no result that could tell the title so" } else { "" };
            tracing::warn!(target: "kernel", "{name} is not implemented{note}; called with {arguments:x?}");
        }
        name
    }

    /// The name of the export that the `sc` at `at` calls.
    pub fn call_name(&self, at: u32) -> Option<String> {
        match self.target(GuestAddr(at))? {
            Target::Export(export) => Some(export.name.to_owned()),
            _ => None,
        }
    }

    /// Calls of exports that are not implemented, by name.
    pub fn missing_calls(&self) -> Vec<MissingCall> {
        let missing = self.missing.lock();
        missing.iter().map(|(name, &count)| MissingCall { name: name.clone(), count }).collect()
    }
}
