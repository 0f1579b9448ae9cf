//! Continuation of calls after the guest code that they called.

use crate::abi::{Call, Flow, KernelResumption};
use crate::loader::operation;
use crate::thread::{apc, notification};
use crate::title;

/// Continues a function of the kernel with the guest code's result (r3).
pub(super) fn resume(call: &mut Call, resumption: KernelResumption, result: u64) -> Flow {
    match resumption {
        KernelResumption::TitleTermination { code } => title::terminate_with(call, code),
        KernelResumption::ThreadNotification { last, kthread, event } => {
            notification::call_next(call, Some(last), kthread, event)
        }
        KernelResumption::ApcRundown { code } => Flow::Exit { code },
        KernelResumption::ApcKernelRoutine { level, mode, after } => {
            apc::after_kernel_routine(call, level, mode, after)
        }
        KernelResumption::ApcNormalRoutine { mode: _, after } => apc::finish(call, after),
        KernelResumption::LibraryEntry { operation, module, reason } => {
            operation::after_entry_point(call, operation, module, reason, result)
        }
    }
}
