//! Mutants in the title's own memory (`Ke*Mutant`).

use crate::abi::{Call, Flow, Ptr};
use crate::exceptions::raise_from_call;
use crate::status::failure::{Failure, Fallible};
use xenia_kernel_macros::exports;

/// The exports for mutants by address.
pub struct KeMutant;

#[exports(xboxkrnl)]
impl KeMutant {
    /// Initialises a mutant, owned by the caller if requested.
    #[export(Done)]
    fn KeInitializeMutant(call: &mut Call, mutant: Ptr<()>, owned: bool) -> Fallible<()> {
        let owner = if owned { Some(call.kthread()?) } else { None };
        call.kernel.dispatcher.initialize_mutant(call.memory(), mutant.addr(), owner)
    }

    /// Releases a mutant once; returns the previous state. If the caller does not own the mutant,
    /// it raises `MUTANT_NOT_OWNED` or, if the last owner abandoned it, `ABANDONED_WAIT_0` in the
    /// caller, and the mutant stays unchanged. `abandoned` abandons the mutant instead, whichever
    /// thread owns it.
    #[export(Done)]
    fn KeReleaseMutant(
        call: &mut Call,
        mutant: Ptr<()>,
        increment: u32,
        abandoned: bool,
        _wait: bool,
    ) -> Fallible<Flow<i32>> {
        let kernel = call.kernel;
        let boost = increment as u8;
        let released = if abandoned {
            kernel.dispatcher.abandon_mutant(&kernel.memory, call.cpu, mutant.addr(), boost)
        } else {
            let kthread = call.kthread()?;
            kernel.dispatcher.release_mutant(&kernel.memory, call.cpu, mutant.addr(), kthread, boost)
        };
        match released {
            Err(Failure::Status(status)) => Ok(raise_from_call(call, status).map(|value| value as i32)),
            released => released.map(Flow::Return),
        }
    }
}
