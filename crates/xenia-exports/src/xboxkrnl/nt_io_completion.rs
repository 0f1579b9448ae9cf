//! Completion ports (`Nt*IoCompletion`).

use crate::abi::{Call, Flow, Handle, ObjectAttributes, Out, Ptr};
use crate::files::{Completion, Receiver};
use crate::named_objects::create_object;
use crate::objects::dispatcher::{initialize, kind};
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use crate::thread::waiting::{Timeout, deadline};
use xenia_guest::layout::dispatcher_header;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::{Alertable, BlockReason, Wait};

/// The exports for completion ports.
pub struct NtIoCompletion;

fn resolve<'a>(call: &Call<'a>, port: Handle) -> Fallible<ObjectRef<'a>> {
    call.kernel.objects.resolve_kind(port, ObjectKind::IoCompletion)
}

#[exports(xboxkrnl)]
impl NtIoCompletion {
    /// Creates a completion port. The limit on concurrent threads is ignored.
    #[export(Partial)]
    fn NtCreateIoCompletion(
        call: &mut Call,
        handle: Option<Out<Handle>>,
        _access: u32,
        attributes: Option<Ptr<ObjectAttributes>>,
        _threads: u32,
    ) -> Fallible<NtStatus> {
        let size = dispatcher_header::SIZE;
        create_object(call, handle, attributes, ObjectKind::IoCompletion, size, |call, port| {
            call.kernel.file_tables.ports.lock().insert(port);
            initialize(call.memory(), port, kind::MANUAL_EVENT, size, 0)
        })
    }

    /// Posts a completion to a port.
    #[export(Done)]
    fn NtSetIoCompletion(
        call: &mut Call,
        port: Handle,
        key: u32,
        context: u32,
        status: u32,
        information: u32,
    ) -> Fallible<NtStatus> {
        let port = resolve(call, port)?;
        call.kernel.file_requests().post_completion(
            call.cpu,
            port.body(),
            Completion { key, context, status, information },
        )?;
        Ok(NtStatus::SUCCESS)
    }

    /// Removes the oldest completion from a port, or waits for one.
    #[export(Done)]
    fn NtRemoveIoCompletion(
        call: &mut Call,
        port: Handle,
        key: GuestAddr,
        context: GuestAddr,
        status_block: GuestAddr,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let port = resolve(call, port)?;
        let deadline = deadline(call, timeout)?;
        let receiver = Receiver { thread: call.thread(), key, context, status_block };
        let held = call.kernel.objects.hold(port.body());
        // Held from the check of the queue until the receiver is registered.
        let mut ports = call.kernel.file_tables.ports.lock();
        if let Some(completion) = ports.take(port.body()) {
            receiver.deliver(call.memory(), completion)?;
            return Ok(Flow::Return(NtStatus::SUCCESS));
        }
        if deadline.is_some_and(|deadline| deadline <= call.now()) {
            return Ok(Flow::Return(NtStatus::TIMEOUT));
        }
        call.cpu.open_wait(receiver.thread, Alertable::No)?;
        ports.wait(port.body(), receiver, held);
        Ok(Flow::Block(Wait { reason: BlockReason::Completion, deadline, alertable: Alertable::No }))
    }

    /// Stores the number of queued completions of a port.
    #[export(Done)]
    fn NtQueryIoCompletion(call: &mut Call, port: Handle, depth: Out<u32>) -> Fallible<NtStatus> {
        let port = resolve(call, port)?;
        let count = call.kernel.file_tables.ports.lock().depth(port.body()) as u32;
        depth.set(call.memory(), count)?;
        Ok(NtStatus::SUCCESS)
    }
}
