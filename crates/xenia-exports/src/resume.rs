//! Continuation of exports after the guest code that they called.

use crate::abi::{Call, ExportResumption, Flow};
use crate::xam::{message, thread, wait};
use crate::xboxkrnl::{driver_file, driver_request, vd_notification};

/// Continues an export with the guest code's result (r3).
pub(crate) fn resume(call: &mut Call, resumption: ExportResumption, result: u64) -> Flow {
    match resumption {
        ExportResumption::GraphicsNotification { last, kind, data } => {
            vd_notification::call_next(call, Some(last), kind, data)
        }
        ExportResumption::RequestWait { overlapped, wants } => message::after_wait(call, overlapped, wants),
        ExportResumption::Sleep { milliseconds, alertable } => {
            wait::after_delay(call, milliseconds, alertable, result)
        }
        ExportResumption::ObjectWait { handle, milliseconds, alertable } => {
            wait::after_wait(call, handle, milliseconds, alertable, result)
        }
        ExportResumption::ThreadCreation => thread::after_creation(call, result),
        ExportResumption::DriverRequest(step) => driver_request::after_guest_call(call, step, result),
        ExportResumption::DriverCancel { file, status_block, packet } => {
            driver_file::after_cancel_routine(call, file, status_block, packet)
        }
    }
}
