//! The USB camera (`XUsbcam*`), which is never connected.
//!
//! Titles call `XUsbcamCreate` at their start and abandon their own start if it fails, as
//! xenia-canary's `xboxkrnl_usbcam.cc` reports of one; they use a camera only while
//! `XUsbcamGetState` says that there is one. The library that calls the others returns their
//! results as its own, which are Win32 errors (997 while a frame is read).

use crate::abi::Call;
use xenia_guest::{NtStatus, Win32Error};
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
    fn XUsbcamDestroy(_call: &mut Call) -> Win32Error {
        Win32Error::SUCCESS
    }

    /// Returns the state of the port: no camera.
    #[export(Constant)]
    fn XUsbcamGetState(_call: &mut Call) -> u32 {
        NOT_CONNECTED
    }

    /// Fails, as there is no camera to configure.
    #[export(Constant, XUsbcamSetConfig)]
    /// Fails, as there is no camera to configure.
    #[export(Constant, XUsbcamSetCaptureMode)]
    /// Fails, as there is no camera to configure.
    #[export(Constant, XUsbcamSetView)]
    /// Fails, as there is no camera to read from.
    #[export(Constant, XUsbcamReadFrame)]
    fn fail(_call: &mut Call) -> Win32Error {
        Win32Error::DEVICE_NOT_CONNECTED
    }
}
