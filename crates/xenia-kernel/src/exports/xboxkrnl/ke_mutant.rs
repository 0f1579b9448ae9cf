//! Mutants in the title's own memory (`Ke*Mutant`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct KeMutant;

#[exports(xboxkrnl)]
impl KeMutant {
    /// Makes a mutant, owned by the caller if asked.
    #[export(Done)]
    fn KeInitializeMutant(call: &mut Call, mutant: Ptr<()>, owned: bool) -> Fallible<()> {
        let owner = if owned { Some(call.kthread()?) } else { None };
        call.kernel.dispatcher.initialize_mutant(call.memory(), mutant.addr(), owner)
    }

    /// The owner releases a mutant once; returns its state before. Of one that another thread owns
    /// the console raises an exception; here it stays as it is. Nobody can give up another
    /// thread's mutant (`abandoned`) either.
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
