//! Dynamic thread-local storage (`KeTls*`).

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for dynamic TLS slots.
pub struct KeTls;

/// Result of a failed allocation, `TLS_OUT_OF_INDEXES`.
const OUT_OF_INDEXES: u32 = u32::MAX;

/// Address of the caller's slot.
fn slot(call: &Call, index: u32) -> Fallible<Option<GuestAddr>> {
    call.kernel.tls.slot(call.memory(), call.kpcr(), index)
}

#[exports(xboxkrnl)]
impl KeTls {
    /// Allocates a TLS slot and sets it to 0 in every thread.
    #[export(Done)]
    fn KeTlsAlloc(call: &mut Call) -> Fallible<u32> {
        let tls = &call.kernel.tls;
        let Some(index) = tls.allocate() else { return Ok(OUT_OF_INDEXES) };
        // Held meanwhile: an ending thread marks its record under this lock before it frees its
        // block.
        let threads = call.kernel.threads.lock();
        for record in threads.iter().filter(|record| !record.ended) {
            if let Some(slot) = tls.layout().slot(record.tls, index) {
                call.memory().write(slot, 0_u32)?;
            }
        }
        Ok(index)
    }

    /// Frees a TLS slot; returns whether it was allocated.
    #[export(Done)]
    fn KeTlsFree(call: &mut Call, index: u32) -> bool {
        call.kernel.tls.free(index)
    }

    /// Returns the caller's value of a TLS slot; 0 beyond the last slot.
    #[export(Done)]
    fn KeTlsGetValue(call: &mut Call, index: u32) -> Fallible<GuestAddr> {
        match slot(call, index)? {
            Some(at) => Ok(call.memory().read(at)?),
            None => Ok(GuestAddr::NULL),
        }
    }

    /// Sets the caller's value of a TLS slot; returns whether the slot exists.
    #[export(Done)]
    fn KeTlsSetValue(call: &mut Call, index: u32, value: u32) -> Fallible<bool> {
        match slot(call, index)? {
            Some(at) => Ok(call.memory().write(at, value).map(|()| true)?),
            None => Ok(false),
        }
    }
}
