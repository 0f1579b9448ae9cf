//! The USB camera (`XUsbcam*`), which is never connected.
//!
//! Titles call `XUsbcamCreate` at their start and abandon their own start if it fails, as
//! xenia-canary's `xboxkrnl_usbcam.cc` reports of one; they use a camera only while
//! `XUsbcamGetState` says that there is one. No public source describes further results, so calls
//! that need a camera fail as a missing device does.

use crate::abi::Call;
use xenia_guest::NtStatus;
use xenia_kernel_macros::exports;

/// Exports of the USB camera.
pub struct Usbcam;

/// State of a port without a camera.
const NOT_CONNECTED: u32 = 0;

#[exports(xboxkrnl)]
impl Usbcam {
    /// Prepares the port for cameras. A port without a camera needs no buffer.
    #[export(Constant)]
    fn XUsbcamCreate(_call: &mut Call) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Ends the use of the port.
    #[export(Constant)]
    fn XUsbcamDestroy(_call: &mut Call) -> NtStatus {
        NtStatus::SUCCESS
    }

    /// Returns the state of the port: no camera.
    #[export(Constant)]
    fn XUsbcamGetState(_call: &mut Call) -> u32 {
        NOT_CONNECTED
    }

    /// Fails, as there is no camera to configure.
    #[export(Constant)]
    fn XUsbcamSetConfig(_call: &mut Call) -> NtStatus {
        NtStatus::NO_SUCH_DEVICE
    }

    /// Fails, as there is no camera to configure.
    #[export(Constant)]
    fn XUsbcamSetCaptureMode(_call: &mut Call) -> NtStatus {
        NtStatus::NO_SUCH_DEVICE
    }

    /// Fails, as there is no camera to configure.
    #[export(Constant)]
    fn XUsbcamSetView(_call: &mut Call) -> NtStatus {
        NtStatus::NO_SUCH_DEVICE
    }

    /// Fails, as there is no camera to read from.
    #[export(Constant)]
    fn XUsbcamReadFrame(_call: &mut Call) -> NtStatus {
        NtStatus::NO_SUCH_DEVICE
    }
}
