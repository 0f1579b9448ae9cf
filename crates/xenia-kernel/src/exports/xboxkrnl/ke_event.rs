//! Events in the title's own memory (`Ke*Event`).

use crate::abi::{Call, Ptr};
use crate::layout::dispatcher_header;
use crate::objects::dispatcher::initialize;
use crate::status::failure::Fallible;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct KeEvent;

#[exports(xboxkrnl)]
impl KeEvent {
    /// Makes an event: kind 0 stays signalled, kind 1 is consumed by one waiter.
    #[export(Done)]
    fn KeInitializeEvent(call: &mut Call, event: Ptr<()>, kind: u32, signalled: bool) -> Fallible<()> {
        let kind = u8::from(kind != 0);
        initialize(call.memory(), event.addr(), kind, dispatcher_header::SIZE, i32::from(signalled))
    }

    /// Signals an event; returns its state before. Woken threads are boosted by `increment`.
    #[export(Done)]
    fn KeSetEvent(call: &mut Call, event: Ptr<()>, increment: u32, _wait: bool) -> Fallible<i32> {
        call.kernel.dispatcher.set_event(&call.kernel.memory, call.cpu, event.addr(), increment as u8)
    }

    /// Signals an event for the threads that wait now, and resets it; returns its state before.
    #[export(Done)]
    fn KePulseEvent(call: &mut Call, event: Ptr<()>, increment: u32, _wait: bool) -> Fallible<i32> {
        call.kernel.dispatcher.pulse_event(&call.kernel.memory, call.cpu, event.addr(), increment as u8)
    }

    /// Resets an event; returns its state before.
    #[export(Done)]
    fn KeResetEvent(call: &mut Call, event: Ptr<()>) -> Fallible<i32> {
        call.kernel.dispatcher.reset_event(call.memory(), event.addr())
    }
}
