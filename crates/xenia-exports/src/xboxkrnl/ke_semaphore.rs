//! Semaphores in the title's own memory (`Ke*Semaphore`).

use crate::abi::{Call, Flow, Ptr};
use crate::exceptions::raise_from_call;
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_guest::layout::ksemaphore;
use xenia_kernel_macros::exports;

/// The exports for semaphores by address.
pub struct KeSemaphore;

#[exports(xboxkrnl)]
impl KeSemaphore {
    /// Initialises a semaphore with a count and a limit.
    #[export(Done)]
    fn KeInitializeSemaphore(call: &mut Call, semaphore: Ptr<()>, count: i32, limit: i32) -> Fallible<()> {
        initialize(call.memory(), semaphore.addr(), kind::SEMAPHORE, ksemaphore::SIZE, count)?;
        Ok(call.memory().write(semaphore.addr().offset(ksemaphore::LIMIT), limit)?)
    }

    /// Adds to a semaphore's count; returns the previous count. Beyond the limit it raises
    /// `SEMAPHORE_LIMIT_EXCEEDED` in the caller, and the semaphore stays unchanged.
    #[export(Done)]
    fn KeReleaseSemaphore(
        call: &mut Call,
        semaphore: Ptr<()>,
        increment: u32,
        adjustment: i32,
        _wait: bool,
    ) -> Fallible<Flow<i32>> {
        let released = call.kernel.dispatcher.release_semaphore(
            &call.kernel.memory,
            call.cpu,
            semaphore.addr(),
            adjustment,
            increment as u8,
        )?;
        Ok(match released {
            Some(before) => Flow::Return(before),
            None => raise_from_call(call, NtStatus::SEMAPHORE_LIMIT_EXCEEDED).map(|value| value as i32),
        })
    }
}
