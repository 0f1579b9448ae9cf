//! Keyboards and mice (`Hid*`), which are never connected.

use crate::abi::Call;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// Exports of keyboards and mice.
pub struct Hid;

#[exports(xboxkrnl)]
impl Hid {
    /// Fails, as there is no keyboard. `XInputGetKeystroke`, which is part of the title, recognises
    /// two failures, this one and 0x103 (no key yet), and takes all other results for a keystroke.
    #[export(Constant)]
    fn HidReadKeys(_call: &mut Call, _device: u32, _keys: GuestAddr, _buffer: GuestAddr) -> NtStatus {
        NtStatus::DEVICE_NOT_CONNECTED
    }
}

#[cfg(test)]
mod tests {
    use crate::harness::Harness;
    use xenia_guest::NtStatus;

    #[test]
    fn reading_keys_returns_that_no_keyboard_is_connected() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        assert_eq!(b.status("HidReadKeys", &[0, base + 8, base]), NtStatus(0xC000_009D));
        assert_eq!([b.word(0), b.word(8)], [0, 0]);
    }
}
