//! Semaphores in the title's own memory (`Ke*Semaphore`).

use crate::abi::{Call, Ptr};
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::{Failure, Fallible};
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

    /// Adds to a semaphore's count; returns the previous count. Beyond the limit the console raises
    /// an exception; here the semaphore stays unchanged.
    #[export(Partial)]
    fn KeReleaseSemaphore(
        call: &mut Call,
        semaphore: Ptr<()>,
        increment: u32,
        adjustment: i32,
        _wait: bool,
    ) -> Fallible<i32> {
        let released = call.kernel.dispatcher.release_semaphore(
            &call.kernel.memory,
            call.cpu,
            semaphore.addr(),
            adjustment,
            increment as u8,
        )?;
        released.ok_or(Failure::Status(NtStatus::SEMAPHORE_LIMIT_EXCEEDED))
    }
}
