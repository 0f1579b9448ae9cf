//! Continuation of exports after the guest code that they called.

use crate::abi::{Call, ExportResumption, Flow};
use crate::xam::{message, thread, wait};
use crate::xboxkrnl::{driver_file, driver_request, vd_notification};

/// Continues an export with its state and the guest code's result (r3).
pub(crate) fn resume(call: &mut Call, resumption: ExportResumption, state: [u64; 4], result: u64) -> Flow {
    match resumption {
        ExportResumption::GraphicsNotification => vd_notification::go_on(call, state),
        ExportResumption::RequestWait => message::waited(call, state),
        ExportResumption::Sleep => wait::slept(call, result, state),
        ExportResumption::ObjectWait => wait::waited(call, result, state),
        ExportResumption::ThreadCreation => thread::created(call, result),
        ExportResumption::DriverRequest => driver_request::go_on(call, result, state),
        ExportResumption::DriverCancel => driver_file::go_on_cancelling(call, state),
    }
}
