//! The camera that sees players (`XamNui*`): there is none.

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct Nui;

/// Bytes of `X_NUI_DEVICE_STATUS`: six words.
const DEVICE_STATUS: u32 = 24;

#[exports(xam)]
impl Nui {
    /// How the camera is: not connected, which is all zeros.
    #[export(Constant)]
    fn XamNuiGetDeviceStatus(call: &mut Call, status: Option<GuestAddr>) -> Fallible<()> {
        if let Some(status) = status {
            call.memory().fill(status, DEVICE_STATUS, 0)?;
        }
        Ok(())
    }
}
