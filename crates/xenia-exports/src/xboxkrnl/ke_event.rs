//! Events in the title's own memory (`Ke*Event`).

use crate::abi::{Call, Ptr};
use crate::objects::dispatcher::initialize;
use crate::status::failure::Fallible;
use xenia_guest::layout::dispatcher_header;
use xenia_kernel_macros::exports;

/// The exports for events by address.
pub struct KeEvent;

#[exports(xboxkrnl)]
impl KeEvent {
    /// Initialises an event: kind 0 stays signalled, kind 1 is consumed by one waiter.
    #[export(Done)]
    fn KeInitializeEvent(call: &mut Call, event: Ptr<()>, kind: u32, signalled: bool) -> Fallible<()> {
        let kind = u8::from(kind != 0);
        initialize(call.memory(), event.addr(), kind, dispatcher_header::SIZE, i32::from(signalled))
    }

    /// Signals an event; returns the previous state. Woken threads get a priority boost of
    /// `increment`.
    #[export(Done)]
    fn KeSetEvent(call: &mut Call, event: Ptr<()>, increment: u32, _wait: bool) -> Fallible<i32> {
        call.kernel.dispatcher.set_event(&call.kernel.memory, call.cpu, event.addr(), increment as u8)
    }

    /// Signals an event for its current waiters, then resets it; returns the previous state.
    #[export(Done)]
    fn KePulseEvent(call: &mut Call, event: Ptr<()>, increment: u32, _wait: bool) -> Fallible<i32> {
        call.kernel.dispatcher.pulse_event(&call.kernel.memory, call.cpu, event.addr(), increment as u8)
    }

    /// Resets an event; returns the previous state.
    #[export(Done)]
    fn KeResetEvent(call: &mut Call, event: Ptr<()>) -> Fallible<i32> {
        call.kernel.dispatcher.reset_event(call.memory(), event.addr())
    }
}
