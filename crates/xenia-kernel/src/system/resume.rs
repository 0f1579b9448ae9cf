//! Continuation of calls after the guest code that they called.

use crate::abi::{Call, Flow, KernelResumption};
use crate::loader::operation;
use crate::thread::{apc, notification};
use crate::title;

/// Continues a function of the kernel with its state and the guest code's result (r3).
pub(super) fn resume(call: &mut Call, resumption: KernelResumption, state: [u64; 4], result: u64) -> Flow {
    match resumption {
        KernelResumption::TitleTermination => title::go_on(call, state),
        KernelResumption::ThreadNotification => notification::go_on(call, state),
        KernelResumption::ApcRundown => apc::rundown_returned(state),
        KernelResumption::ApcKernelRoutine => apc::kernel_routine_returned(call, state),
        KernelResumption::ApcNormalRoutine => apc::normal_routine_returned(call, state),
        KernelResumption::LibraryEntry => operation::after_entry_point(call, result, state),
    }
}
