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
fn slot(call: &Call, index: u32) -> Option<GuestAddr> {
    let threads = call.kernel.threads.lock();
    threads.tls_slot(threads.get(call.thread_id())?, index)
}

#[exports(xboxkrnl)]
impl KeTls {
    /// Takes a slot, which is 0 in every thread.
    #[export(Done)]
    fn KeTlsAlloc(call: &mut Call) -> Fallible<u32> {
        let (index, slots) = {
            let mut threads = call.kernel.threads.lock();
            let Some(index) = threads.allocate_tls() else { return Ok(OUT_OF_INDEXES) };
            let live = threads.iter().filter(|record| !record.ended);
            let slots: Vec<GuestAddr> = live.filter_map(|record| threads.tls_slot(record, index)).collect();
            (index, slots)
        };
        for slot in slots {
            call.memory().write(slot, 0_u32)?;
        }
        Ok(index)
    }

    /// Gives a slot back; says whether it was taken.
    #[export(Done)]
    fn KeTlsFree(call: &mut Call, index: u32) -> bool {
        call.kernel.threads.lock().free_tls(index)
    }

    /// The caller's value of a slot; 0 beyond the last.
    #[export(Done)]
    fn KeTlsGetValue(call: &mut Call, index: u32) -> Fallible<GuestAddr> {
        match slot(call, index) {
            Some(at) => Ok(call.memory().read(at)?),
            None => Ok(GuestAddr::NULL),
        }
    }

    /// Sets the caller's value of a slot; says whether there is such a slot.
    #[export(Done)]
    fn KeTlsSetValue(call: &mut Call, index: u32, value: u32) -> Fallible<bool> {
        match slot(call, index) {
            Some(at) => Ok(call.memory().write(at, value).map(|()| true)?),
            None => Ok(false),
        }
    }
}
