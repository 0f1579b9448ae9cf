//! Dynamic thread-local storage (`KeTls*`).

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct KeTls;

/// `TLS_OUT_OF_INDEXES`.
const OUT_OF_INDEXES: u32 = u32::MAX;

/// Where the caller's slot lies.
fn slot(call: &Call, index: u32) -> Fallible<Option<GuestAddr>> {
    call.kernel.tls.slot(call.memory(), call.kpcr(), index)
}

#[exports(xboxkrnl)]
impl KeTls {
    /// Takes a slot, which is 0 in every thread.
    #[export(Done)]
    fn KeTlsAlloc(call: &mut Call) -> Fallible<u32> {
        let tls = &call.kernel.tls;
        let Some(index) = tls.allocate() else { return Ok(OUT_OF_INDEXES) };
        // Held meanwhile: a thread that ends gives its block back after it has said so here.
        let threads = call.kernel.threads.lock();
        for record in threads.iter().filter(|record| !record.ended) {
            if let Some(slot) = tls.layout().slot(record.tls, index) {
                call.memory().write(slot, 0_u32)?;
            }
        }
        Ok(index)
    }

    /// Gives a slot back; says whether it was taken.
    #[export(Done)]
    fn KeTlsFree(call: &mut Call, index: u32) -> bool {
        call.kernel.tls.free(index)
    }

    /// The caller's value of a slot; 0 beyond the last.
    #[export(Done)]
    fn KeTlsGetValue(call: &mut Call, index: u32) -> Fallible<GuestAddr> {
        match slot(call, index)? {
            Some(at) => Ok(call.memory().read(at)?),
            None => Ok(GuestAddr::NULL),
        }
    }

    /// Sets the caller's value of a slot; says whether there is such a slot.
    #[export(Done)]
    fn KeTlsSetValue(call: &mut Call, index: u32, value: u32) -> Fallible<bool> {
        match slot(call, index)? {
            Some(at) => Ok(call.memory().write(at, value).map(|()| true)?),
            None => Ok(false),
        }
    }
}
