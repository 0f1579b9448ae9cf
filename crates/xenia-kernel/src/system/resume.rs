//! Continuation of exports after the guest code that they called.

use crate::abi::{Call, Flow, Resumption};
use crate::exports::xam::{message, thread, wait};
use crate::exports::xboxkrnl::vd_notification;
use crate::loader::operation;
use crate::thread::{apc, notification};
use crate::title;

/// Continues an export with its state and the guest code's result (r3).
pub(crate) fn resume(call: &mut Call, resumption: Resumption, state: [u64; 4], result: u64) -> Flow {
    match resumption {
        Resumption::TitleTermination => title::go_on(call, state),
        Resumption::GraphicsNotification => vd_notification::go_on(call, state),
        Resumption::ThreadNotification => notification::go_on(call, state),
        Resumption::RequestWait => message::waited(call, state),
        Resumption::Sleep => wait::slept(call, result, state),
        Resumption::ObjectWait => wait::waited(call, result, state),
        Resumption::ThreadCreation => thread::created(call, result),
        Resumption::ApcRundown => apc::rundown_returned(state),
        Resumption::ApcKernelRoutine => apc::kernel_routine_returned(call, state),
        Resumption::ApcNormalRoutine => apc::normal_routine_returned(call, state),
        Resumption::LibraryEntry => operation::told(call, result, state),
    }
}
