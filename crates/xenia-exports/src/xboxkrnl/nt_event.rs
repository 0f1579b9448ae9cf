//! Events by handle (`Nt*Event`).

use crate::abi::{Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::named_objects::create_object;
use crate::objects::dispatcher::{initialize, signal_state};
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use xenia_guest::NtStatus;
use xenia_guest::layout::dispatcher_header;
use xenia_kernel_macros::exports;

/// The exports for events by handle.
pub struct NtEvent;

fn resolve<'a>(call: &Call<'a>, event: Handle) -> Fallible<ObjectRef<'a>> {
    call.kernel.objects.resolve_kind(event, ObjectKind::Event)
}

#[exports(xboxkrnl)]
impl NtEvent {
    /// Creates an event (kind 0 stays signalled, kind 1 is consumed by one waiter), or opens the
    /// event with this name.
    #[export(Done)]
    fn NtCreateEvent(
        call: &mut Call,
        handle: Option<Out<Handle>>,
        attributes: Option<Ptr<ObjectAttributes>>,
        kind: u32,
        signalled: bool,
    ) -> Fallible<NtStatus> {
        if kind > 1 {
            return Ok(NtStatus::INVALID_PARAMETER);
        }
        let size = dispatcher_header::SIZE;
        create_object(call, handle, attributes, ObjectKind::Event, size, |call, event| {
            initialize(call.memory(), event, u8::from(kind != 0), size, i32::from(signalled))
        })
    }

    /// Signals an event and stores its previous state.
    #[export(Done)]
    fn NtSetEvent(call: &mut Call, event: Handle, previous: Option<Out<i32>>) -> Fallible<NtStatus> {
        let event = resolve(call, event)?;
        let before = call.kernel.dispatcher.set_event(&call.kernel.memory, call.cpu, event.body(), 1)?;
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Signals an event for its current waiters, resets it, and stores its previous state.
    #[export(Done)]
    fn NtPulseEvent(call: &mut Call, event: Handle, previous: Option<Out<i32>>) -> Fallible<NtStatus> {
        let event = resolve(call, event)?;
        let before = call.kernel.dispatcher.pulse_event(&call.kernel.memory, call.cpu, event.body(), 1)?;
        previous.set(call.memory(), before)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Resets an event.
    #[export(Done)]
    fn NtClearEvent(call: &mut Call, event: Handle) -> Fallible<NtStatus> {
        let event = resolve(call, event)?;
        call.kernel.dispatcher.reset_event(call.memory(), event.body())?;
        Ok(NtStatus::SUCCESS)
    }

    /// Stores an event's kind and state.
    #[export(Done)]
    fn NtQueryEvent(call: &mut Call, event: Handle, information: Ptr<u32>) -> Fallible<NtStatus> {
        let event = resolve(call, event)?;
        let memory = call.memory();
        information.write(memory, u32::from(memory.read::<u8>(event.body())?))?;
        information.at(1).write(memory, signal_state(memory, event.body())? as u32)?;
        Ok(NtStatus::SUCCESS)
    }
}
