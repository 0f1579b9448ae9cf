//! The Kinect camera (`XamNui*`), which is never connected.

use super::ui::{OK, own_message};
use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use crate::user::dialogs::{self, AnswerAction, AnswerRecipient};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_kernel_macros::exports;

/// Exports of the Kinect camera.
pub struct Nui;

/// Size in bytes of `X_NUI_DEVICE_STATUS`: six words.
const DEVICE_STATUS: u32 = 24;

/// Shows a message that the camera is missing. Titles wait until it has disappeared.
fn show_missing_camera(call: &mut Call) -> Fallible<Flow<Win32Error>> {
    let text = "This title uses a Kinect camera, and none is connected.";
    let request = own_message("Kinect", text, vec![OK.to_owned()]);
    dialogs::open(call, request, AnswerAction::Nothing, AnswerRecipient::Nobody)
}

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

    /// Shows help for a camera that does not work: a page says that it is missing.
    #[export(Constant)]
    fn XamShowNuiTroubleshooterUI(
        call: &mut Call,
        _user: u32,
        _player: u32,
        _flags: u32,
    ) -> Fallible<Flow<Win32Error>> {
        show_missing_camera(call)
    }

    /// Shows a user that the title needs a camera: a page says that it is missing.
    #[export(Constant)]
    fn XamShowNuiHardwareRequiredUI(call: &mut Call) -> Fallible<Flow<Win32Error>> {
        show_missing_camera(call)
    }
}
