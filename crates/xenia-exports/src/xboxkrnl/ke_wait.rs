//! Waits for objects by address (`KeWait*`).

use crate::abi::{Call, Flow, ProcessorMode, Ptr};
use crate::objects::dispatcher::{MAX_WAIT_OBJECTS, WaitSet, WaitType};
use crate::status::failure::Fallible;
use crate::thread::waiting::{KeepAlive, Timeout, WaitRequest, deadline, wait};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for waits for objects by address.
pub struct KeWait;

#[exports(xboxkrnl)]
impl KeWait {
    /// Waits for one object.
    #[export(Done)]
    fn KeWaitForSingleObject(
        call: &mut Call,
        object: GuestAddr,
        _reason: u32,
        mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let deadline = deadline(call, timeout)?;
        let set = WaitSet::one(&object);
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        wait(call, WaitRequest { set, alertable, deadline, keep: KeepAlive::Unseen })
    }

    /// Waits for all (type 0) or any (type 1) of up to 64 objects. The status of a wait-any is the
    /// index of the object.
    #[export(Done)]
    fn KeWaitForMultipleObjects(
        call: &mut Call,
        count: u32,
        objects: Ptr<GuestAddr>,
        wait_type: u32,
        _reason: u32,
        mode: u32,
        alertable: bool,
        timeout: Timeout,
        _blocks: GuestAddr,
    ) -> Fallible<Flow<NtStatus>> {
        let wait_type = WaitType::of(wait_type).filter(|_| count != 0 && count <= MAX_WAIT_OBJECTS);
        let Some(wait_type) = wait_type else {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER));
        };
        let objects: Vec<GuestAddr> =
            (0..count).map(|index| objects.at(index).read(call.memory())).collect::<Result<_, _>>()?;
        let deadline = deadline(call, timeout)?;
        let set = WaitSet { objects: &objects, wait_type };
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        wait(call, WaitRequest { set, alertable, deadline, keep: KeepAlive::Unseen })
    }
}

#[cfg(test)]
mod tests {
    use crate::abi::Flow;
    use crate::harness::Harness;
    use xenia_guest::NtStatus;
    use xenia_imports::Library;

    #[test]
    fn usb_enumeration_event_stays_signalled() {
        let mut b = Harness::new();
        let name = "UsbdBootEnumerationDoneEvent";
        let imports = &b.kernel.imports;
        let pool = &b.kernel.pool;
        let event = imports.make_variable(b.memory(), pool, Library::xboxkrnl, name).unwrap();
        let wait = [u64::from(event.0), 0, 0, 0, 0];
        for _ in 0..2 {
            let flow = b.call(Library::xboxkrnl, "KeWaitForSingleObject", &wait);
            assert!(matches!(flow, Flow::Return(status) if status == NtStatus::SUCCESS.to_register()));
        }
    }
}
