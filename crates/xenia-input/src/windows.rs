//! Controllers on Windows: those of XInput, whose buttons and axes are the console's.
//!
//! One thread asks for the states of all of them, 250 times a second, and for those that are not
//! plugged in once a second, as asking for them takes long. Each controller has another thread,
//! which drives its motors. These threads never block the machine.

use super::motors::{MotorCommand, Motors};
use super::shape::{PadInputs, Range, Shape, code};
use super::{Controllers, PadId};
use std::time::{Duration, Instant};
use xenia_host::pads::{self, MAX_PADS, PadState};

/// Interval between the states of a controller.
const STATE_EACH: Duration = Duration::from_millis(4);
/// Interval between polls for controllers, and of their batteries.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Interval after which the speeds of running motors are sent again.
const MOTOR_RENEWAL: Duration = Duration::from_secs(20);
/// Linux's number of the bus USB; XInput does not report how a controller is connected.
const USB: u16 = 3;

/// Keys by the bit of a button. Directions are an axis on Linux's controllers of this kind, and
/// keys on others.
const KEYS: [(u16, u16); 14] = [
    (0x0001, code::BTN_DPAD_UP),
    (0x0002, code::BTN_DPAD_DOWN),
    (0x0004, code::BTN_DPAD_LEFT),
    (0x0008, code::BTN_DPAD_RIGHT),
    (0x0010, code::BTN_START),
    (0x0020, code::BTN_SELECT),
    (0x0040, code::BTN_THUMBL),
    (0x0080, code::BTN_THUMBR),
    (0x0100, code::BTN_TL),
    (0x0200, code::BTN_TR),
    (0x1000, code::BTN_SOUTH),
    (0x2000, code::BTN_EAST),
    (0x4000, code::BTN_NORTH),
    (0x8000, code::BTN_WEST),
];

/// A controller that is plugged in.
struct Plugged {
    pad: PadId,
    motors: Motors,
    reported: PadState,
}

/// Starts asking for controllers; it ends when `controllers` is dropped.
pub(super) fn start(controllers: &Controllers) {
    let watched = controllers.downgrade();
    let started = std::thread::Builder::new().name("pads".to_owned()).spawn(move || {
        let mut plugged: [Option<Plugged>; MAX_PADS as usize] = [const { None }; MAX_PADS as usize];
        let mut last_poll = None;
        while let Some(controllers) = watched.upgrade() {
            let polls = last_poll.is_none_or(|last: Instant| last.elapsed() >= POLL_INTERVAL);
            if polls {
                last_poll = Some(Instant::now());
            }
            for (place, plugged) in (0..MAX_PADS).zip(&mut plugged) {
                if plugged.is_some() || polls {
                    update(&controllers, place, plugged, pads::state(place), polls);
                }
            }
            drop(controllers);
            std::thread::sleep(STATE_EACH);
        }
        plugged.iter().flatten().for_each(|plugged| plugged.motors.end());
    });
    if let Err(error) = started {
        tracing::warn!(target: "pads", "controllers are not looked for: {error}");
    }
}

/// Takes over the state of the controller at a place; `None`: none is plugged in there.
fn update(
    controllers: &Controllers,
    place: u32,
    plugged: &mut Option<Plugged>,
    state: Option<PadState>,
    polls: bool,
) {
    let Some(state) = state else {
        if let Some(Plugged { pad, motors, .. }) = plugged.take() {
            motors.end();
            controllers.unplug(pad);
        }
        return;
    };
    let is_new = plugged.is_none();
    let known = plugged.get_or_insert_with(|| {
        let motors = Motors::default();
        let pad = controllers.plug(shape(), motors.clone());
        drive_motors(place, motors.clone());
        Plugged { pad, motors, reported: state }
    });
    if is_new || known.reported != state {
        known.reported = state;
        controllers.with(known.pad, |parts| show(&state, parts));
    }
    if polls {
        controllers.set_battery(known.pad, pads::battery(place));
    }
}

/// Starts the thread of a controller's motors.
fn drive_motors(place: u32, motors: Motors) {
    let started = std::thread::Builder::new().name("pad motors".to_owned()).spawn(move || {
        while let MotorCommand::Run(left, right) = motors.next(MOTOR_RENEWAL) {
            if !pads::run_motors(place, left, right) {
                break;
            }
        }
        pads::run_motors(place, 0, 0);
    });
    if let Err(error) = started {
        tracing::debug!(target: "pads", "motors: {error}");
    }
}

/// A controller by XInput: that of the console, as Linux names its parts.
fn shape() -> Shape {
    let mut keys = KEYS.map(|(_, key)| key).to_vec();
    keys.sort_unstable();
    let stick = Range { minimum: -32_768, maximum: 32_767 };
    let trigger = Range { minimum: 0, maximum: 255 };
    let axes = [code::ABS_X, code::ABS_Y, code::ABS_Z, code::ABS_RX, code::ABS_RY, code::ABS_RZ];
    let is_trigger = |axis| matches!(axis, code::ABS_Z | code::ABS_RZ);
    Shape {
        name: "XInput controller".to_owned(),
        bus: USB,
        vendor: 0x045E,
        product: 0x028E,
        version: 0,
        keys,
        axes: axes.map(|axis| (axis, if is_trigger(axis) { trigger } else { stick })).to_vec(),
        has_motors: true,
    }
}

/// Sets all parts of a controller. On Linux's axes sticks point down.
fn show(state: &PadState, parts: &mut PadInputs) {
    for (bit, key) in KEYS {
        parts.key(key, state.buttons & bit != 0);
    }
    let [left_x, left_y, right_x, right_y] = state.sticks.map(i32::from);
    let [left, right] = state.triggers.map(i32::from);
    for (axis, value) in [
        (code::ABS_X, left_x),
        // `!` keeps the range, which a negation of -32768 would leave.
        (code::ABS_Y, !left_y),
        (code::ABS_Z, left),
        (code::ABS_RX, right_x),
        (code::ABS_RY, !right_y),
        (code::ABS_RZ, right),
    ] {
        parts.axis(axis, value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::config::Tuning;
    use super::*;
    use xenia_kernel::ports::{Gamepad, Input};

    #[test]
    fn each_part_of_a_controller_is_that_of_the_console() {
        let mut controllers = Controllers::default();
        controllers.tune(Tuning { keyboard: None, ..Tuning::default() });
        let mut plugged = None;
        let mut reported = |state| {
            update(&controllers, 2, &mut plugged, state, false);
            controllers.gamepad(0, 0).map(|pad| Gamepad { packet: 0, ..pad })
        };
        assert_eq!(reported(None), None);
        assert_eq!(reported(Some(PadState::default())), Some(Gamepad::default()));
        for (bit, _) in KEYS {
            let pad = reported(Some(PadState { buttons: bit, ..PadState::default() })).unwrap();
            assert_eq!(pad, Gamepad { buttons: bit, ..Gamepad::default() }, "{bit:#x}");
        }
        let pad = reported(Some(PadState {
            triggers: [255, 0],
            sticks: [i16::MAX, i16::MAX, -32768, -32768],
            ..PadState::default()
        }));
        let pad = pad.unwrap();
        assert_eq!((pad.left_trigger, pad.right_trigger), (255, 0));
        assert_eq!([pad.left_x, pad.left_y, pad.right_x, pad.right_y], [i16::MAX, i16::MAX, -32768, -32768]);
        assert_eq!(reported(None), None);
    }
}
