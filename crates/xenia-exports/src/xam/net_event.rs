//! Winsock events (`NetDll_WSA*Event*`): the kernel's manual-reset events.

use super::wait::{INFINITE, WAIT_FAILED, interval};
use crate::abi::{Call, Flow, Handle, ProcessorMode, Ptr};
use crate::named_objects::make_nameless;
use crate::objects::dispatcher::{MAX_WAIT_OBJECTS, WaitSet, WaitType, initialize, kind};
use crate::objects::{ObjectKind, ObjectRef};
use crate::sockets::{self, answer, hold_event, set_last_error};
use crate::thread::waiting::{KeepAlive, WaitRequest, deadline_of, wait};
use xenia_guest::layout::dispatcher_header;
use xenia_kernel_macros::exports;
use xenia_net::WsaError;

/// Exports of Winsock events.
pub struct NetEvent;

fn resolve<'a>(call: &Call<'a>, event: Handle) -> Result<ObjectRef<'a>, WsaError> {
    Ok(call.kernel.objects.resolve_kind(event, ObjectKind::Event)?)
}

/// Returns whether an operation succeeded; sets the thread's last error if not.
fn done(call: &Call, result: Result<(), WsaError>) -> bool {
    if let Err(error) = result {
        set_last_error(call, error);
    }
    result.is_ok()
}

#[exports(xam)]
impl NetEvent {
    /// Creates an event, not signalled.
    #[export(Done)]
    fn NetDll_WSACreateEvent(call: &mut Call) -> Handle {
        let size = dispatcher_header::SIZE;
        let made = make_nameless(call, ObjectKind::Event, size, |call, event| {
            initialize(call.memory(), event, kind::MANUAL_EVENT, size, 0)
        });
        made.unwrap_or_else(|_| {
            set_last_error(call, WsaError::NO_BUFFERS);
            Handle::NULL
        })
    }

    /// Closes the handle of an event.
    #[export(Done)]
    fn NetDll_WSACloseEvent(call: &mut Call, event: Handle) -> bool {
        let closed = resolve(call, event).and_then(|object| {
            drop(object);
            Ok(call.kernel.close(event)?)
        });
        done(call, closed)
    }

    /// Signals an event object.
    #[export(Done)]
    fn NetDll_WSASetEvent(call: &mut Call, event: Handle) -> bool {
        let kernel = call.kernel;
        let signalled = resolve(call, event)
            .and_then(|event| Ok(kernel.dispatcher.set_event(&kernel.memory, call.cpu, event.body(), 1)?));
        done(call, signalled.map(|_| ()))
    }

    /// Resets an event object.
    #[export(Done)]
    fn NetDll_WSAResetEvent(call: &mut Call, event: Handle) -> bool {
        let reset = resolve(call, event)
            .and_then(|event| Ok(call.kernel.dispatcher.reset_event(call.memory(), event.body())?));
        done(call, reset.map(|_| ()))
    }

    /// Waits for one or all of up to 64 events; returns the index of the signalled one, or the
    /// timeout.
    #[export(Done)]
    fn NetDll_WSAWaitForMultipleEvents(
        call: &mut Call,
        count: u32,
        events: Option<Ptr<Handle>>,
        all: bool,
        milliseconds: u32,
        alertable: bool,
    ) -> Flow<u32> {
        let found = (|| {
            let events =
                events.filter(|_| count != 0 && count <= MAX_WAIT_OBJECTS).ok_or(WsaError::INVALID)?;
            let event = |index| resolve(call, events.at(index).read(call.memory())?);
            (0..count).map(event).collect::<Result<Vec<_>, _>>()
        })();
        let waited = found.and_then(|found| {
            let bodies: Vec<_> = found.iter().map(ObjectRef::body).collect();
            let deadline = (milliseconds != INFINITE)
                .then(|| deadline_of(call.kernel.clock, call.now(), interval(milliseconds)));
            let wait_type = if all { WaitType::All } else { WaitType::Any };
            let set = WaitSet { objects: &bodies, wait_type };
            let alertable = ProcessorMode::User.interruptions(alertable);
            Ok(wait(call, WaitRequest { set, alertable, deadline, keep: KeepAlive::Counted })?)
        });
        match waited {
            Ok(flow) => flow.map(|status| status.0),
            Err(error) => {
                set_last_error(call, error);
                Flow::Return(WAIT_FAILED)
            }
        }
    }

    /// Selects the event that a socket signals for network events; makes the socket non-blocking.
    #[export(Done)]
    fn NetDll_WSAEventSelect(call: &mut Call, _caller: u32, socket: u32, event: Handle, wanted: u32) -> i32 {
        let event = if event == Handle::NULL {
            Ok(None)
        } else {
            resolve(call, event).map(|event| hold_event(&call.kernel.objects, event.body()))
        };
        let result = event.and_then(|event| sockets::change(call, |net| net.watch(socket, event, wanted)));
        answer(call, result.map(|()| 0))
    }
}
