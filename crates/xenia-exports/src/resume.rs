//! Continuation of exports: after the guest code that they called, and of long calls for another
//! turn.

use crate::abi::{Call, ExportResumption, Flow, IntoFlow, Rest};
use crate::xam::{message, thread, wait};
use crate::xboxkrnl::rtl_conversion::convert_in_turns;
use crate::xboxkrnl::rtl_memory::count_equal;
use crate::xboxkrnl::xe_crypt_cipher::rc4;
use crate::xboxkrnl::xe_crypt_hash::run_digest;
use crate::xboxkrnl::xe_crypt_signature::rot_sum_sha;
use crate::xboxkrnl::xe_keys::aes_chain;
use crate::xboxkrnl::{driver_file, driver_request, ldi, vd_notification};
use xenia_guest::{GuestAddr, HResult};

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
        ExportResumption::LdiAllocation { window_size, free, handle } => {
            ldi::after_allocation(call, window_size, free, handle, GuestAddr(result as u32))
        }
        ExportResumption::LdiRelease => HResult::OK.into_flow(),
        ExportResumption::HttpStatus => true.into_flow(),
    }
}

/// Continues a long call for another turn.
pub(crate) fn continue_long_call(call: &Call, rest: Rest) -> Flow {
    match rest {
        Rest::Rc4 { cipher, data } => rc4(call, cipher, data).into_flow(),
        Rest::Digest(digest) => run_digest(call, digest),
        Rest::RotSumSha(rest) => rot_sum_sha(call, rest).into_flow(),
        Rest::Compare(comparison) => count_equal(call, comparison).into_flow(),
        Rest::Convert(conversion) => convert_in_turns(call, conversion).into_flow(),
        Rest::AesChain(chain) => aes_chain(call, chain).into_flow(),
    }
}
