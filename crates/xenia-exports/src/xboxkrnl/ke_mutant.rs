//! Mutants in the title's own memory (`Ke*Mutant`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
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

    /// Releases a mutant once; returns the previous state. If another thread owns the mutant, the
    /// console raises an exception; here it stays unchanged. Abandoning another thread's mutant
    /// (`abandoned`) is not supported either.
    #[export(Partial)]
    fn KeReleaseMutant(
        call: &mut Call,
        mutant: Ptr<()>,
        increment: u32,
        _abandoned: bool,
        _wait: bool,
    ) -> Fallible<i32> {
        let kthread = call.kthread()?;
        call.kernel.dispatcher.release_mutant(
            &call.kernel.memory,
            call.cpu,
            mutant.addr(),
            kthread,
            increment as u8,
        )
    }
}
