//! Controllers by XInput: states, motors and batteries of up to four.
//!
//! Source: Microsoft, "XInput game controller APIs".

use windows_sys::Win32::UI::Input::XboxController::{
    BATTERY_DEVTYPE_GAMEPAD, BATTERY_TYPE_ALKALINE, BATTERY_TYPE_NIMH, XINPUT_BATTERY_INFORMATION,
    XINPUT_STATE, XINPUT_VIBRATION, XInputGetBatteryInformation, XInputGetState, XInputSetState,
};

/// Number of controllers that the system knows.
pub const MAX_PADS: u32 = 4;

/// State of a controller. The buttons have the console's bits, sticks point right and up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadState {
    /// Buttons that are down.
    pub buttons: u16,
    /// The left and the right trigger, 0 to 255.
    pub triggers: [u8; 2],
    /// The left stick to the right and up, then the right one.
    pub sticks: [i16; 4],
}

/// State of the controller at this place, 0 to 3; `None` if none is plugged in there.
pub fn state(place: u32) -> Option<PadState> {
    let mut found = XINPUT_STATE::default();
    // SAFETY: the structure is writable.
    let answer = unsafe { XInputGetState(place, &raw mut found) };
    let pad = found.Gamepad;
    (answer == 0).then_some(PadState {
        buttons: pad.wButtons,
        triggers: [pad.bLeftTrigger, pad.bRightTrigger],
        sticks: [pad.sThumbLX, pad.sThumbLY, pad.sThumbRX, pad.sThumbRY],
    })
}

/// Runs the motors at these speeds, the one of low frequency first. False: the controller is gone.
pub fn run_motors(place: u32, left: u16, right: u16) -> bool {
    let speeds = XINPUT_VIBRATION { wLeftMotorSpeed: left, wRightMotorSpeed: right };
    // SAFETY: the structure is only read.
    unsafe { XInputSetState(place, &raw const speeds) == 0 }
}

/// Charge of the controller's battery, 0 to 3; `None` without a battery, or if it is unknown.
pub fn battery(place: u32) -> Option<u8> {
    let mut found = XINPUT_BATTERY_INFORMATION::default();
    // SAFETY: the structure is writable.
    let answer = unsafe { XInputGetBatteryInformation(place, BATTERY_DEVTYPE_GAMEPAD, &raw mut found) };
    let has_one = matches!(found.BatteryType, BATTERY_TYPE_ALKALINE | BATTERY_TYPE_NIMH);
    (answer == 0 && has_one).then_some(found.BatteryLevel.min(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_has_no_controller() {
        assert_eq!((state(MAX_PADS), battery(MAX_PADS)), (None, None));
        assert!(!run_motors(MAX_PADS, 1, 1));
    }
}
