//! Semaphores by handle (`Nt*Semaphore`).

use crate::abi::{Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::named_objects::create_object;
use crate::objects::ObjectKind;
use crate::objects::dispatcher::{initialize, kind, signal_state};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_guest::layout::ksemaphore;
use xenia_kernel_macros::exports;

/// The exports for semaphores by handle.
pub struct NtSemaphore;

#[exports(xboxkrnl)]
impl NtSemaphore {
    /// Creates a semaphore, or opens the semaphore with this name.
    #[export(Done)]
    fn NtCreateSemaphore(
        call: &mut Call,
        handle: Option<Out<Handle>>,
        attributes: Option<Ptr<ObjectAttributes>>,
        count: i32,
        limit: i32,
    ) -> Fallible<NtStatus> {
        if limit <= 0 || !(0..=limit).contains(&count) {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let size = ksemaphore::SIZE;
        create_object(call, handle, attributes, ObjectKind::Semaphore, size, |call, semaphore| {
            initialize(call.memory(), semaphore, kind::SEMAPHORE, size, count)?;
            Ok(call.memory().write(semaphore.offset(ksemaphore::LIMIT), limit)?)
        })
    }

    /// Stores a semaphore's count and its limit.
    #[export(Done)]
    fn NtQuerySemaphore(call: &mut Call, semaphore: Handle, information: Ptr<i32>) -> Fallible<NtStatus> {
        let semaphore = call.kernel.objects.resolve_kind(semaphore, ObjectKind::Semaphore)?;
        let memory = call.memory();
        information.write(memory, signal_state(memory, semaphore.body())?)?;
        information.at(1).write(memory, memory.read(semaphore.body().offset(ksemaphore::LIMIT))?)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Adds to a semaphore's count, and stores the previous count.
    #[export(Done)]
    fn NtReleaseSemaphore(
        call: &mut Call,
        semaphore: Handle,
        count: i32,
        previous: Option<Out<i32>>,
    ) -> Fallible<NtStatus> {
        let semaphore = call.kernel.objects.resolve_kind(semaphore, ObjectKind::Semaphore)?;
        if count <= 0 {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let released = call.kernel.dispatcher.release_semaphore(
            &call.kernel.memory,
            call.cpu,
            semaphore.body(),
            count,
            1,
        )?;
        let Some(before) = released else { return Ok(NtStatus::SEMAPHORE_LIMIT_EXCEEDED) };
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }
}
