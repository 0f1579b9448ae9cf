//! Graphics notification routines, called on changes of the picture (`Vd*GraphicsNotification*`).
//!
//! Direct3D calls them with kind 1 and the sizes of the front buffer and of the display and the
//! scaling between them, or with kind 9 and memory in which the system may draw, or null.

use crate::abi::{Call, Continuation, ExportResumption, Flow, GuestCall, Ptr};
use crate::notification_list::CallOrder;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for graphics notification routines.
pub struct VdNotification;

/// Calls the routine after the one at `last`; its continuation calls the rest. Returns 0 after the
/// last routine.
pub(crate) fn call_next(call: &mut Call, last: Option<CallOrder>, kind: u32, data: GuestAddr) -> Flow {
    let Some((order, next)) = call.kernel.display.lock().routines.next(last) else { return Flow::Return(0) };
    let then = Continuation::Export(ExportResumption::GraphicsNotification { last: order, kind, data });
    let args = vec![u64::from(next.registration.0), u64::from(kind), u64::from(data.0)];
    Flow::CallGuest(GuestCall { args, ..GuestCall::new(next.routine, then) })
}

#[exports(xboxkrnl)]
impl VdNotification {
    /// Registers a routine with its priority, or unregisters it. The result is a pointer of unknown
    /// meaning: null.
    #[export(Done)]
    fn VdRegisterGraphicsNotification(
        call: &mut Call,
        registration: Ptr<u32>,
        create: bool,
    ) -> Fallible<GuestAddr> {
        let routines = &mut call.kernel.display.lock().routines;
        routines.change(call.memory(), registration.addr(), create)?;
        Ok(GuestAddr::NULL)
    }

    /// Sets the routine of the system's user interface, which is called without a registration;
    /// null removes it.
    #[export(Done)]
    fn VdRegisterXamGraphicsNotification(call: &mut Call, routine: GuestAddr) {
        call.kernel.display.lock().routines.set_system_routine(routine);
    }

    /// Calls the registered routines in order: `routine(registration, kind, data)`.
    #[export(Done)]
    fn VdCallGraphicsNotificationRoutines(call: &mut Call, kind: u32, data: GuestAddr) -> Flow<NtStatus> {
        call_next(call, None, kind, data).map(|status| NtStatus(status as u32))
    }
}
