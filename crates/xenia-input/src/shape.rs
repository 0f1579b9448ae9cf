//! The keys and axes of a host controller, and their default mapping to the console's controller.
//!
//! Numbers are those of Linux's input events, which name a gamepad's keys by position. The default
//! mapping follows SDL's, so that it agrees with other programs.

use super::control::{PadControl, Pressed, Side, StickDirection};
use std::collections::{BTreeMap, BTreeSet};
use xenia_kernel::ports::{Gamepad, PadKind};

/// Numbers of keys and axes.
pub mod code {
    pub const BTN_JOYSTICK: u16 = 0x120;
    pub const BTN_SOUTH: u16 = 0x130;
    pub const BTN_EAST: u16 = 0x131;
    /// On the console's controllers this is X, whatever its position.
    pub const BTN_NORTH: u16 = 0x133;
    pub const BTN_WEST: u16 = 0x134;
    pub const BTN_TL: u16 = 0x136;
    pub const BTN_TR: u16 = 0x137;
    pub const BTN_TL2: u16 = 0x138;
    pub const BTN_TR2: u16 = 0x139;
    pub const BTN_SELECT: u16 = 0x13A;
    pub const BTN_START: u16 = 0x13B;
    pub const BTN_MODE: u16 = 0x13C;
    pub const BTN_THUMBL: u16 = 0x13D;
    pub const BTN_THUMBR: u16 = 0x13E;
    pub const BTN_DIGI: u16 = 0x140;
    pub const BTN_DPAD_UP: u16 = 0x220;
    pub const BTN_DPAD_DOWN: u16 = 0x221;
    pub const BTN_DPAD_LEFT: u16 = 0x222;
    pub const BTN_DPAD_RIGHT: u16 = 0x223;
    pub const ABS_X: u16 = 0;
    pub const ABS_Y: u16 = 1;
    pub const ABS_Z: u16 = 2;
    pub const ABS_RX: u16 = 3;
    pub const ABS_RY: u16 = 4;
    pub const ABS_RZ: u16 = 5;
    pub const ABS_WHEEL: u16 = 8;
    pub const ABS_GAS: u16 = 9;
    pub const ABS_BRAKE: u16 = 0xA;
    pub const ABS_HAT0X: u16 = 0x10;
    pub const ABS_HAT0Y: u16 = 0x11;
    pub const ABS_HAT2X: u16 = 0x14;
    pub const ABS_HAT2Y: u16 = 0x15;
    pub const ABS_HAT3Y: u16 = 0x17;
    /// Axes from here on are fingers on a touch surface.
    pub const ABS_MISC: u16 = 0x28;
}

/// A vendor whose keys are named by position.
const SONY: u16 = 0x054C;

/// Smallest and largest value of an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub minimum: i32,
    pub maximum: i32,
}

impl Range {
    /// Scales a value to −1 to 1, with 0 in the middle.
    fn normal(self, value: i32) -> f32 {
        let [minimum, maximum, value] = [self.minimum, self.maximum, value].map(i64::from);
        // Rounded up: the middle of -32768 to 32767 is 0, where a stick rests.
        let middle = (minimum + maximum + 1).div_euclid(2);
        let way = if value < middle { middle - minimum } else { maximum - middle };
        if way <= 0 { 0.0 } else { ((value - middle) as f32 / way as f32).clamp(-1.0, 1.0) }
    }
}

/// Identity, keys and axes of a host controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Name that the device reports.
    pub name: String,
    /// Bus, vendor and product ids.
    pub bus: u16,
    pub vendor: u16,
    pub product: u16,
    pub version: u16,
    /// Numbers of its keys, ascending.
    pub keys: Vec<u16>,
    /// Numbers and ranges of its axes, ascending.
    pub axes: Vec<(u16, Range)>,
    /// Whether it has motors for rumble.
    pub has_motors: bool,
}

/// Part of an axis's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The whole range; 0 at the lower end.
    Whole,
    /// The whole range; 0 at the upper end.
    Inverted,
    /// From the middle to the upper end.
    Up,
    /// From the middle to the lower end.
    Down,
}

/// A key or part of an axis, whose value is from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlSource {
    Key(u16),
    Axis(u16, Way),
}

/// Maps a source to a part of the console's controller.
pub type ControlBinding = (ControlSource, PadControl);

/// Current values of a controller's keys and axes.
#[derive(Clone, Debug, Default)]
pub struct PadInputs {
    down: BTreeSet<u16>,
    axes: BTreeMap<u16, i32>,
}

impl PadInputs {
    /// Updates a key.
    pub fn key(&mut self, key: u16, down: bool) {
        if down {
            self.down.insert(key)
        } else {
            self.down.remove(&key)
        };
    }

    /// Updates an axis.
    pub fn axis(&mut self, axis: u16, value: i32) {
        self.axes.insert(axis, value);
    }

    /// The state of the console's controller that follows from the bindings.
    pub fn pressed(&self, shape: &Shape, bindings: &[ControlBinding]) -> Pressed {
        let mut pressed = Pressed::default();
        for &(source, control) in bindings {
            pressed.press(control, self.amount(shape, source));
        }
        pressed
    }

    fn amount(&self, shape: &Shape, source: ControlSource) -> f32 {
        match source {
            ControlSource::Key(key) => f32::from(u8::from(self.down.contains(&key))),
            ControlSource::Axis(axis, way) => {
                let range = shape.axes.iter().find(|(known, _)| *known == axis).map(|(_, range)| *range);
                // An axis without an event so far is at rest.
                let (Some(range), Some(&value)) = (range, self.axes.get(&axis)) else { return 0.0 };
                let value = range.normal(value);
                match way {
                    Way::Whole => f32::midpoint(value, 1.0),
                    Way::Inverted => f32::midpoint(-value, 1.0),
                    Way::Up => value,
                    Way::Down => -value,
                }
            }
        }
    }
}

impl Shape {
    fn has_key(&self, key: u16) -> bool {
        self.keys.binary_search(&key).is_ok()
    }

    fn has_axis(&self, axis: u16) -> bool {
        self.axes.iter().any(|(known, _)| *known == axis)
    }

    /// Whether a device is a controller, judged by its keys: keyboards, mice and tablets are not.
    pub fn is_controller(&self) -> bool {
        let key = self.keys.iter().any(|key| (code::BTN_JOYSTICK..code::BTN_DIGI).contains(key));
        let stick = self.has_axis(code::ABS_X) && self.has_axis(code::ABS_Y);
        let cross = self.has_axis(code::ABS_HAT0X) || self.has_key(code::BTN_DPAD_UP);
        key && (stick || cross || self.has_axis(code::ABS_WHEEL))
    }

    /// Kind of controller, judged by its axes.
    pub fn kind(&self) -> PadKind {
        if self.has_axis(code::ABS_WHEEL) { PadKind::Wheel } else { PadKind::Gamepad }
    }

    /// The default mapping; `None` if the keys' positions are unknown.
    pub fn default_bindings(&self) -> Option<Vec<ControlBinding>> {
        use code::*;
        if !self.has_key(BTN_SOUTH) {
            return None;
        }
        let (x, y) = if self.vendor == SONY { (BTN_WEST, BTN_NORTH) } else { (BTN_NORTH, BTN_WEST) };
        let mut bindings: Vec<ControlBinding> = [
            (BTN_SOUTH, Gamepad::A),
            (BTN_EAST, Gamepad::B),
            (x, Gamepad::X),
            (y, Gamepad::Y),
            (BTN_TL, Gamepad::LEFT_SHOULDER),
            (BTN_TR, Gamepad::RIGHT_SHOULDER),
            (BTN_SELECT, Gamepad::BACK),
            (BTN_START, Gamepad::START),
            (BTN_MODE, Gamepad::GUIDE),
            (BTN_THUMBL, Gamepad::LEFT_STICK),
            (BTN_THUMBR, Gamepad::RIGHT_STICK),
            (BTN_DPAD_UP, Gamepad::UP),
            (BTN_DPAD_DOWN, Gamepad::DOWN),
            (BTN_DPAD_LEFT, Gamepad::LEFT),
            (BTN_DPAD_RIGHT, Gamepad::RIGHT),
        ]
        .into_iter()
        .filter(|(key, _)| self.has_key(*key))
        .map(|(key, bit)| (ControlSource::Key(key), PadControl::Button(bit)))
        .collect();
        bindings.extend([
            (ControlSource::Axis(ABS_HAT0Y, Way::Down), PadControl::Button(Gamepad::UP)),
            (ControlSource::Axis(ABS_HAT0Y, Way::Up), PadControl::Button(Gamepad::DOWN)),
            (ControlSource::Axis(ABS_HAT0X, Way::Down), PadControl::Button(Gamepad::LEFT)),
            (ControlSource::Axis(ABS_HAT0X, Way::Up), PadControl::Button(Gamepad::RIGHT)),
        ]);
        bindings.extend(stick(Side::Left, ABS_X, ABS_Y));
        // Without a second stick of that name, the axes that are triggers on other pads are the
        // stick.
        let second = self.has_axis(ABS_RX) && self.has_axis(ABS_RY);
        bindings.extend(if second {
            stick(Side::Right, ABS_RX, ABS_RY)
        } else {
            stick(Side::Right, ABS_Z, ABS_RZ)
        });
        let left = [(ABS_Z, second), (ABS_BRAKE, true), (ABS_HAT2Y, true)];
        let right = [(ABS_RZ, second), (ABS_GAS, true), (ABS_HAT2X, true)];
        for (side, axes, key) in [(Side::Left, left, BTN_TL2), (Side::Right, right, BTN_TR2)] {
            let axis = axes.into_iter().find(|&(axis, may)| may && self.has_axis(axis));
            let source =
                axis.map_or(ControlSource::Key(key), |(axis, _)| ControlSource::Axis(axis, Way::Whole));
            bindings.push((source, PadControl::Trigger(side)));
        }
        Some(bindings)
    }
}

/// Bindings of a stick with two axes, of which the second points down.
pub fn stick(side: Side, x: u16, y: u16) -> [ControlBinding; 4] {
    [
        (ControlSource::Axis(x, Way::Up), PadControl::Stick(side, StickDirection::Right)),
        (ControlSource::Axis(x, Way::Down), PadControl::Stick(side, StickDirection::Left)),
        (ControlSource::Axis(y, Way::Up), PadControl::Stick(side, StickDirection::Down)),
        (ControlSource::Axis(y, Way::Down), PadControl::Stick(side, StickDirection::Up)),
    ]
}

/// Range of a stick of the console's pad.
const STICK: Range = Range { minimum: -32768, maximum: 32767 };
/// Range of a trigger.
const TRIGGER: Range = Range { minimum: 0, maximum: 255 };
/// Range of the directional pad.
const HAT: Range = Range { minimum: -1, maximum: 1 };

/// The console's wired pad, as its Linux driver presents it.
pub fn console_pad() -> Shape {
    let sticks = [(0, STICK), (1, STICK), (2, TRIGGER), (3, STICK), (4, STICK), (5, TRIGGER)];
    Shape {
        name: "Microsoft X-Box 360 pad".to_owned(),
        bus: 3,
        vendor: 0x045E,
        product: 0x028E,
        version: 0x0114,
        keys: vec![0x130, 0x131, 0x133, 0x134, 0x136, 0x137, 0x13A, 0x13B, 0x13C, 0x13D, 0x13E],
        axes: sticks.into_iter().chain([(0x10, HAT), (0x11, HAT)]).collect(),
        has_motors: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_minus_one_to_one() {
        for (range, value, normal) in [
            (STICK, -32768, -1.0),
            (STICK, 0, 0.0),
            (STICK, 32767, 1.0),
            (TRIGGER, 0, -1.0),
            (TRIGGER, 128, 0.0),
            (TRIGGER, 255, 1.0),
            (TRIGGER, 300, 1.0),
            (HAT, -1, -1.0),
            (HAT, 0, 0.0),
            (Range { minimum: 5, maximum: 5 }, 5, 0.0),
            (Range { minimum: 9, maximum: -9 }, 0, 0.0),
            (Range { minimum: i32::MIN, maximum: i32::MAX }, i32::MAX, 1.0),
        ] {
            assert!(
                (range.normal(value) - normal).abs() < 1e-6,
                "{range:?} {value}: {}",
                range.normal(value)
            );
        }
    }

    #[test]
    fn a_pad_of_the_consoles_needs_no_mapping() {
        let shape = console_pad();
        assert!(shape.is_controller() && shape.kind() == PadKind::Gamepad);
        let bindings = shape.default_bindings().unwrap();
        let mut parts = PadInputs::default();
        assert_eq!(parts.pressed(&shape, &bindings).gamepad(0.1, 0.05).left_trigger, 0, "at rest");
        for (key, bit) in [(0x130, 0x1000), (0x133, 0x4000), (0x134, 0x8000), (0x13C, 0x400), (0x136, 0x100)]
        {
            parts.key(key, true);
            assert_eq!(parts.pressed(&shape, &bindings).gamepad(0.0, 0.0).buttons, bit);
            parts.key(key, false);
        }
        for (axis, value) in [(0, 32767), (1, -32768), (2, 255), (4, 32767), (0x10, -1), (0x11, 1)] {
            parts.axis(axis, value);
        }
        let pad = parts.pressed(&shape, &bindings).gamepad(0.1, 0.05);
        assert_eq!((pad.left_x, pad.left_y, pad.right_x, pad.right_y), (32767, 32767, 0, -32768));
        assert_eq!((pad.left_trigger, pad.right_trigger, pad.buttons), (255, 0, 0x0006));
    }

    #[test]
    fn keys_by_place_and_sticks_on_other_axes() {
        let mut shape = Shape { vendor: SONY, ..console_pad() };
        let bindings = shape.default_bindings().unwrap();
        let mut parts = PadInputs::default();
        parts.key(0x134, true);
        assert_eq!(parts.pressed(&shape, &bindings).gamepad(0.0, 0.0).buttons, 0x4000, "west is X");
        shape.axes = vec![(0, STICK), (1, STICK), (2, STICK), (5, STICK)];
        shape.keys.extend([0x138, 0x139]);
        shape.keys.sort_unstable();
        let bindings = shape.default_bindings().unwrap();
        let mut parts = PadInputs::default();
        parts.axis(2, -32768);
        parts.key(0x139, true);
        let pad = parts.pressed(&shape, &bindings).gamepad(0.0, 0.0);
        assert_eq!((pad.right_x, pad.left_trigger, pad.right_trigger), (-32768, 0, 255));
    }

    #[test]
    fn non_controller_devices_are_recognized() {
        let keyboard = Shape { keys: (1..0x80).collect(), ..Shape::default() };
        let tablet = Shape { keys: vec![0x140], axes: vec![(0, STICK), (1, STICK)], ..Shape::default() };
        let sensors = Shape { axes: (0..6).map(|axis| (axis, STICK)).collect(), ..Shape::default() };
        for shape in [keyboard, tablet, sensors] {
            assert!(!shape.is_controller(), "{shape:?}");
        }
        let wheel = Shape { keys: vec![0x120], axes: vec![(8, STICK)], ..Shape::default() };
        assert!(
            wheel.is_controller() && wheel.kind() == PadKind::Wheel && wheel.default_bindings().is_none()
        );
    }
}
