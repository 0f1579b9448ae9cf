//! Module notifications: calls of library entry points on load and unload, one after the other.
//! A library's entry point is called with its handle and 1 after it is loaded, and 0 before it is
//! unloaded. If it returns 0 from the former, all modules of the load are unloaded and the load
//! fails. All of this happens under the loader lock.

use crate::abi::{Call, Continuation, EntryReason, Flow, GuestCall, IntoFlow, KernelResumption};
use crate::exceptions::crash;
use crate::loader::ModuleLoader;
use crate::loader::lock::unlock_when_done;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use xenia_guest::{GuestAddr, NtStatus};

/// A step of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    /// Notify a module of its load.
    Attach(GuestAddr),
    /// Notify a module of its unload.
    Detach(GuestAddr),
    /// Remove a module from memory.
    Discard(GuestAddr),
}

/// A load or unload that waits for guest code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    steps: VecDeque<Step>,
    /// Modules loaded by the operation.
    loaded: Vec<GuestAddr>,
    status: NtStatus,
    /// Address and value of the handle to store on success, if any.
    result: Option<(GuestAddr, GuestAddr)>,
    then: Then,
}

/// Continuation of the thread after the operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Then {
    /// Return from the call, with the status.
    Return,
    /// End the thread with this exit code.
    Exit(u32),
    /// Jump to the title's entry point; end if a library refused to load.
    Begin(GuestAddr),
}

impl Operation {
    /// An operation for loaded modules, in notification order.
    pub(crate) fn load(modules: Vec<GuestAddr>) -> Self {
        let steps = modules.iter().map(|&module| Step::Attach(module)).collect();
        Self { steps, loaded: modules, status: NtStatus::SUCCESS, result: None, then: Then::Return }
    }

    /// An operation for modules to unload, in notification order.
    pub(crate) fn unload(modules: Vec<GuestAddr>) -> Self {
        let steps = modules.into_iter().flat_map(|module| [Step::Detach(module), Step::Discard(module)]);
        Self {
            steps: steps.collect(),
            loaded: Vec::new(),
            status: NtStatus::SUCCESS,
            result: None,
            then: Then::Return,
        }
    }

    /// Stores the handle at an address, if any, on success.
    pub fn store(self, at: Option<GuestAddr>, handle: GuestAddr) -> Self {
        Self { result: at.map(|at| (at, handle)), ..self }
    }

    /// Ends the thread afterwards, because its code may be gone.
    pub fn exit(self, code: u32) -> Self {
        Self { then: Then::Exit(code), ..self }
    }

    /// Starts the title afterwards.
    pub(super) fn begin(self, entry: GuestAddr) -> Self {
        Self { then: Then::Begin(entry), ..self }
    }

    /// Handles a module's refusal to load: unloads all modules of the operation, the last first.
    /// Returns them.
    fn fail(&mut self) -> Vec<GuestAddr> {
        self.status = NtStatus::DLL_INIT_FAILED;
        self.result = None;
        let loaded = std::mem::take(&mut self.loaded);
        self.steps = Self::unload(loaded.iter().rev().copied().collect()).steps;
        loaded
    }
}

/// Runs an operation under the loader lock.
pub fn run(call: &mut Call, operation: Operation) -> Fallible<Flow> {
    let number = {
        let mut modules = call.kernel.modules.lock();
        let number = modules.next_operation;
        modules.next_operation += 1;
        modules.operations.insert(number, operation);
        number
    };
    run_steps(call, number)
}

/// Takes steps up to the next call of guest code, or to the end.
fn run_steps(call: &mut Call, number: u64) -> Fallible<Flow> {
    loop {
        let step = {
            let mut modules = call.kernel.modules.lock();
            let Some(operation) = modules.operations.get_mut(&number) else {
                return Ok(NtStatus::UNSUCCESSFUL.into_flow());
            };
            operation.steps.pop_front()
        };
        match step {
            Some(Step::Attach(module)) => {
                if let Some(flow) = call_entry_point(call, number, module, EntryReason::Attach) {
                    return Ok(flow);
                }
            }
            Some(Step::Detach(module)) => {
                if let Some(flow) = call_entry_point(call, number, module, EntryReason::Detach) {
                    return Ok(flow);
                }
            }
            Some(Step::Discard(module)) => call.kernel.loader().discard(module),
            None => return finish(call, number),
        }
    }
}

/// Calls a module's entry point, if it has to be notified.
fn call_entry_point(call: &Call, operation: u64, handle: GuestAddr, reason: EntryReason) -> Option<Flow> {
    let mut modules = call.kernel.modules.lock();
    let module = modules.find_mut(handle)?;
    let attach = reason == EntryReason::Attach;
    if !module.is_library || module.entry.is_null() || module.attached == attach {
        return None;
    }
    module.attached = attach;
    let then = Continuation::Kernel(KernelResumption::LibraryEntry { operation, module: handle, reason });
    let args = vec![u64::from(handle.0), reason as u64, 0];
    Some(Flow::CallGuest(GuestCall { args, ..GuestCall::new(module.entry, then) }))
}

/// Releases the modules that a refused load needs and that were loaded before it. Returns the steps
/// for those that were released by all other users meanwhile.
fn release_needed(loader: &ModuleLoader<'_>, refused: &[GuestAddr]) -> Vec<Step> {
    let needed: Vec<_> = {
        let modules = loader.modules.lock();
        let needed = refused.iter().flat_map(|&handle| modules.dependencies_of(handle));
        needed.filter(|needed| !refused.contains(needed)).collect()
    };
    let released = needed.into_iter().filter_map(|needed| loader.unload(needed).ok());
    released.flat_map(|operation| operation.steps).collect()
}

/// Continues an operation after a library's entry point.
pub(crate) fn after_entry_point(
    call: &mut Call,
    number: u64,
    handle: GuestAddr,
    reason: EntryReason,
    result: u64,
) -> Flow {
    if reason == EntryReason::Attach && result as u32 == 0 {
        let refused = {
            let mut modules = call.kernel.modules.lock();
            if let Some(module) = modules.find(handle) {
                let name = &module.name;
                tracing::error!(target: "kernel", "{name} refuses to be loaded: its entry has returned 0");
            }
            modules.operations.get_mut(&number).map(Operation::fail).unwrap_or_default()
        };
        let steps = release_needed(&call.kernel.loader(), &refused);
        if let Some(operation) = call.kernel.modules.lock().operations.get_mut(&number) {
            operation.steps.extend(steps);
        }
    }
    let flow = run_steps(call, number);
    match unlock_when_done(call, flow) {
        Ok(flow) => flow,
        Err(failure) => failure.status().into_flow(),
    }
}

fn finish(call: &mut Call, number: u64) -> Fallible<Flow> {
    let operation = call.kernel.modules.lock().operations.remove(&number);
    let Some(operation) = operation else { return Ok(NtStatus::UNSUCCESSFUL.into_flow()) };
    if let Some((at, handle)) = operation.result {
        call.memory().write(at, handle)?;
    }
    Ok(match operation.then {
        Then::Exit(code) => Flow::Exit { code },
        Then::Begin(_) if operation.status != NtStatus::SUCCESS => {
            let pc = GuestAddr(call.ctx().pc.wrapping_sub(4));
            let what = "a library that the title imports from refuses to be loaded";
            Flow::End(crash(call, pc, what))
        }
        Then::Begin(entry) => {
            call.ctx_mut().pc = entry.0;
            Flow::Return(0)
        }
        Then::Return => operation.status.into_flow(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_attach_detaches_modules_in_reverse_order() {
        let a = GuestAddr(1);
        let b = GuestAddr(2);
        let mut operation = Operation::load(vec![a, b]).store(Some(GuestAddr(8)), b);
        assert_eq!(operation.steps, [Step::Attach(a), Step::Attach(b)]);
        operation.steps.pop_front();
        assert_eq!(operation.fail(), [a, b]);
        let reversed = [Step::Detach(b), Step::Discard(b), Step::Detach(a), Step::Discard(a)];
        assert_eq!(operation.steps, reversed);
        assert_eq!((operation.status, operation.result), (NtStatus::DLL_INIT_FAILED, None));
    }
}
