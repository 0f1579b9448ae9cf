//! The Kinect camera (`XamNui*`), which is never connected.

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// Exports of the Kinect camera.
pub struct Nui;

/// Size in bytes of `X_NUI_DEVICE_STATUS`: six words.
const DEVICE_STATUS: u32 = 24;

#[exports(xam)]
impl Nui {
    /// Returns the status of the camera: not connected, which is all zeros.
    #[export(Constant)]
    fn XamNuiGetDeviceStatus(call: &mut Call, status: Option<GuestAddr>) -> Fallible<()> {
        if let Some(status) = status {
            call.memory().fill(status, DEVICE_STATUS, 0)?;
        }
        Ok(())
    }
}
