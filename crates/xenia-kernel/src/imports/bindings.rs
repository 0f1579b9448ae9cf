//! Bindings of a machine's imports: stubs and thunks, storage of variables, counts of missing
//! exports.

mod state;

pub(crate) use state::ImportsState;

use super::call_targets::CallTargets;
use super::costs::CallCosts;
use super::history::{CallHistory, missing_name};
use super::thunks::{OwnStubs, Stubs, Target};
use super::trace::CallTrace;
use super::variables::{self, VariableValues, Variables};
use super::{Export, ExportRegistry};
use crate::objects::KernelPool;
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_imports::Library;
use xenia_imports::ordinals::{self, Returns};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex};

/// Calls of one unimplemented export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingCall {
    /// Name, or library and ordinal.
    pub name: String,
    /// Number of calls.
    pub count: u64,
}

/// Bindings of a machine's imports.
pub struct ImportBindings {
    /// The implemented exports.
    pub registry: &'static ExportRegistry,
    /// Stubs and thunks: addresses at which guest code enters the kernel.
    pub stubs: Mutex<Stubs>,
    /// Targets of the stubs and thunks.
    targets: Arc<CallTargets>,
    /// The kernel's return stubs; their addresses are constant.
    pub own_stubs: OwnStubs,
    variables: Mutex<Variables>,
    /// Address of `KeTimeStampBundle`, cached because every scheduler round reads it.
    time_stamp_bundle: OnceLock<GuestAddr>,
    missing: Mutex<BTreeMap<String, u64>>,
    /// Observers of calls, if there are any.
    pub(crate) observers: Option<Box<CallObservers>>,
}

/// Observers of a machine's calls. Calls of a machine without any pay for one test.
#[derive(Default)]
pub(crate) struct CallObservers {
    /// The last calls of each thread.
    pub(crate) history: Option<CallHistory>,
    /// The trace of calls.
    pub(crate) trace: Option<Arc<CallTrace>>,
    /// Numbers and times of calls.
    pub(crate) costs: Option<CallCosts>,
}

impl CallObservers {
    fn is_any(&self) -> bool {
        self.history.is_some() || self.trace.is_some() || self.costs.is_some()
    }
}

impl ImportBindings {
    /// The last calls of each thread, if the machine keeps them.
    pub fn history(&self) -> Option<&CallHistory> {
        self.observers.as_ref()?.history.as_ref()
    }

    /// Numbers and times of calls, if the machine keeps them.
    pub fn costs(&self) -> Option<&CallCosts> {
        self.observers.as_ref()?.costs.as_ref()
    }

    /// The trace of calls, if there is one.
    #[inline]
    pub(crate) fn trace(&self) -> Option<&CallTrace> {
        self.observers.as_ref()?.trace.as_deref()
    }

    /// Makes the kernel's return stubs in a separate page.
    pub(crate) fn new(
        memory: &GuestMemory,
        registry: &'static ExportRegistry,
        observers: CallObservers,
        limits: Arc<ResourceLimits>,
    ) -> Fallible<Self> {
        let mut stubs = Stubs::new(limits);
        stubs.initialize(memory)?;
        let own_stubs = stubs.own;
        let targets = stubs.targets.clone();
        Ok(Self {
            registry,
            stubs: Mutex::new(Level::Modules, stubs),
            targets,
            own_stubs,
            variables: Mutex::new(Level::Modules, Variables::default()),
            time_stamp_bundle: OnceLock::new(),
            missing: Mutex::new(Level::Leaf, BTreeMap::new()),
            observers: observers.is_any().then(|| Box::new(observers)),
        })
    }

    /// Initializes the variables that do not start as zeros.
    pub(crate) fn initialize_variables(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        values: &VariableValues<'_>,
    ) -> Fallible<()> {
        let mut variables = self.variables.lock();
        variables::initialize(memory, &mut pool.lock(), &mut variables, values)?;
        if let Some(bundle) = variables.address(Library::xboxkrnl, "KeTimeStampBundle") {
            self.time_stamp_bundle.get_or_init(|| bundle);
        }
        Ok(())
    }

    /// The target of the `sc 2` at `at`. Lock-free, because every kernel call needs it.
    pub(crate) fn target(&self, at: GuestAddr) -> Option<Target> {
        self.targets.find(at)
    }

    /// The stub of an export, made on first use.
    pub fn stub_of(&self, memory: &GuestMemory, export: &'static Export) -> Fallible<GuestAddr> {
        self.stubs.lock().export_stub(memory, export)
    }

    /// Address of an exported variable, if a title has imported it or the kernel uses it.
    pub fn variable(&self, library: Library, name: &str) -> Option<GuestAddr> {
        self.variables.lock().address(library, name)
    }

    /// Address of a variable by name; allocates its storage if necessary.
    pub fn make_variable(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        library: Library,
        name: &str,
    ) -> Fallible<GuestAddr> {
        self.variables.lock().storage(memory, &mut pool.lock(), library, name)
    }

    /// Like [`Self::make_variable`], by ordinal.
    pub fn make_variable_at(
        &self,
        memory: &GuestMemory,
        pool: &KernelPool,
        library: Library,
        ordinal: Ordinal,
    ) -> Fallible<GuestAddr> {
        self.variables.lock().storage_of(memory, &mut pool.lock(), library, ordinal)
    }

    /// Address of the `KeTimeStampBundle` variable.
    pub(crate) fn time_stamp_bundle(&self) -> Option<GuestAddr> {
        self.time_stamp_bundle.get().copied()
    }

    /// Counts a call of an unimplemented export; logs the first one.
    pub(crate) fn note_missing(
        &self,
        library: Option<Library>,
        ordinal: Ordinal,
        arguments: &[u64],
    ) -> String {
        let row = library.and_then(|library| ordinals::find(library.rows(), ordinal));
        let name = missing_name(library, ordinal);
        let mut missing = self.missing.lock();
        let count = missing.entry(name.clone()).or_default();
        *count += 1;
        if *count == 1 {
            let silent = row.and_then(|row| row.result).is_some_and(|result| result.returns == Returns::Void);
            let note = if silent { ", and has no result that could report this to the title" } else { "" };
            tracing::warn!(target: "kernel", "{name} is not implemented{note}; called with {arguments:x?}");
        }
        name
    }

    /// Name of the export that the `sc` at `at` calls.
    pub fn call_name(&self, at: u32) -> Option<String> {
        match self.target(GuestAddr(at))? {
            Target::Export(export) => Some(export.name.to_owned()),
            _ => None,
        }
    }

    /// Addresses of the stubs and thunks that call an export, implemented or not.
    pub fn addresses_of(&self, name: &str) -> Vec<GuestAddr> {
        self.targets.addresses(|target| match target {
            Target::Export(export) => export.name == name,
            Target::Missing { library: Some(library), ordinal } => {
                ordinals::find(library.rows(), ordinal).is_some_and(|row| row.name == name)
            }
            _ => false,
        })
    }

    /// Calls of unimplemented exports, by name.
    pub fn missing_calls(&self) -> Vec<MissingCall> {
        let missing = self.missing.lock();
        missing.iter().map(|(name, &count)| MissingCall { name: name.clone(), count }).collect()
    }
}
