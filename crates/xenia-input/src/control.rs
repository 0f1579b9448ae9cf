//! The parts of the console's controller, by their names in settings, and how far each is pressed.
//!
//! Several sources (keys, buttons, axes of pads) may press one part: the largest amount counts.
//! Dead zones are applied when the state for titles is computed.

use serde::Deserialize;
use xenia_kernel::ports::Gamepad;

/// Left or right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Left,
    Right,
}

/// Direction of a stick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StickDirection {
    Up,
    Down,
    Left,
    Right,
}

/// A part of the controller; for a stick, one of its directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum PadControl {
    /// A button, as its bit in the state that titles read.
    Button(u16),
    Trigger(Side),
    Stick(Side, StickDirection),
}

/// All parts, by name.
pub const CONTROLS: [(&str, PadControl); 25] = [
    ("up", PadControl::Button(Gamepad::UP)),
    ("down", PadControl::Button(Gamepad::DOWN)),
    ("left", PadControl::Button(Gamepad::LEFT)),
    ("right", PadControl::Button(Gamepad::RIGHT)),
    ("start", PadControl::Button(Gamepad::START)),
    ("back", PadControl::Button(Gamepad::BACK)),
    ("left-stick", PadControl::Button(Gamepad::LEFT_STICK)),
    ("right-stick", PadControl::Button(Gamepad::RIGHT_STICK)),
    ("left-shoulder", PadControl::Button(Gamepad::LEFT_SHOULDER)),
    ("right-shoulder", PadControl::Button(Gamepad::RIGHT_SHOULDER)),
    ("guide", PadControl::Button(Gamepad::GUIDE)),
    ("a", PadControl::Button(Gamepad::A)),
    ("b", PadControl::Button(Gamepad::B)),
    ("x", PadControl::Button(Gamepad::X)),
    ("y", PadControl::Button(Gamepad::Y)),
    ("left-trigger", PadControl::Trigger(Side::Left)),
    ("right-trigger", PadControl::Trigger(Side::Right)),
    ("left-stick-up", PadControl::Stick(Side::Left, StickDirection::Up)),
    ("left-stick-down", PadControl::Stick(Side::Left, StickDirection::Down)),
    ("left-stick-left", PadControl::Stick(Side::Left, StickDirection::Left)),
    ("left-stick-right", PadControl::Stick(Side::Left, StickDirection::Right)),
    ("right-stick-up", PadControl::Stick(Side::Right, StickDirection::Up)),
    ("right-stick-down", PadControl::Stick(Side::Right, StickDirection::Down)),
    ("right-stick-left", PadControl::Stick(Side::Right, StickDirection::Left)),
    ("right-stick-right", PadControl::Stick(Side::Right, StickDirection::Right)),
];

impl PadControl {
    /// Name of the part in settings.
    pub fn name(self) -> &'static str {
        CONTROLS.iter().find(|(_, control)| *control == self).map_or("", |(name, _)| name)
    }
}

impl TryFrom<String> for PadControl {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        number_of(&name).map(|number| CONTROLS[number].1)
    }
}

/// Index in [`CONTROLS`] of the part with this name; the error suggests one.
pub(super) fn number_of(name: &str) -> Result<usize, String> {
    CONTROLS.iter().position(|(known, _)| *known == name).ok_or_else(|| {
        let tip = xenia_wording::nearest::tip(name, CONTROLS.iter().map(|(known, _)| *known));
        format!("`{name}` is not a part of a controller{tip}")
    })
}

/// How far each part is pressed, from 0 to 1; combines buttons, keys and axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressed {
    buttons: u16,
    triggers: [f32; 2],
    /// For each stick: up, down, left, right.
    sticks: [[f32; 4]; 2],
}

/// How far a part must be pressed for its button to count as down.
const DOWN: f32 = 0.5;

impl Pressed {
    /// Presses a part this far, unless it is pressed further already.
    pub fn press(&mut self, control: PadControl, amount: f32) {
        let amount = amount.clamp(0.0, 1.0);
        match control {
            PadControl::Button(bit) if amount > DOWN => self.buttons |= bit,
            PadControl::Button(_) => {}
            PadControl::Trigger(side) => {
                let trigger = &mut self.triggers[side as usize];
                *trigger = trigger.max(amount);
            }
            PadControl::Stick(side, direction) => {
                let pushed = &mut self.sticks[side as usize][direction as usize];
                *pushed = pushed.max(amount);
            }
        }
    }

    /// The state that titles read. `stick_zone` and `trigger_zone` are the dead zones, as fractions
    /// of the range.
    pub fn gamepad(&self, stick_zone: f32, trigger_zone: f32) -> Gamepad {
        let stick = |side: Side| {
            let [up, down, left, right] = self.sticks[side as usize];
            let x = right - left;
            let y = up - down;
            let way = x.hypot(y);
            // The range outside the dead zone is stretched to the full range, to avoid a step at
            // its edge.
            let scale = if way <= stick_zone { 0.0 } else { (way - stick_zone) / (1.0 - stick_zone) / way };
            (axis(x * scale), axis(y * scale))
        };
        let trigger = |side: Side| {
            let way = ((self.triggers[side as usize] - trigger_zone) / (1.0 - trigger_zone)).clamp(0.0, 1.0);
            (way * 255.0).round() as u8
        };
        let (left_x, left_y) = stick(Side::Left);
        let (right_x, right_y) = stick(Side::Right);
        Gamepad {
            packet: 0,
            buttons: self.buttons,
            left_trigger: trigger(Side::Left),
            right_trigger: trigger(Side::Right),
            left_x,
            left_y,
            right_x,
            right_y,
        }
    }

    /// How far a part is pressed.
    pub fn amount(&self, control: PadControl) -> f32 {
        match control {
            PadControl::Button(bit) => f32::from(u8::from(self.buttons & bit != 0)),
            PadControl::Trigger(side) => self.triggers[side as usize],
            PadControl::Stick(side, direction) => self.sticks[side as usize][direction as usize],
        }
    }

    /// Combines two states: each part as far as it is pressed in either.
    pub fn with(mut self, other: &Self) -> Self {
        self.buttons |= other.buttons;
        let parts = self.triggers.iter_mut().chain(self.sticks.as_flattened_mut());
        for (part, more) in parts.zip(other.triggers.iter().chain(other.sticks.as_flattened())) {
            *part = part.max(*more);
        }
        self
    }
}

/// Parts as a set: bit N is the part with number N in [`CONTROLS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartSet(pub u32);

impl PartSet {
    /// The first of the parts; `None` of an empty set.
    pub fn first(self) -> Option<PadControl> {
        CONTROLS.get(self.0.trailing_zeros() as usize).map(|(_, control)| *control)
    }
}

impl Pressed {
    /// The parts that are pressed on purpose: sticks and triggers more than halfway between their
    /// dead zones and full deflection, so that neither a drift nor a touch counts.
    pub fn meant(&self, stick_zone: f32, trigger_zone: f32) -> PartSet {
        let is_meant = |control: PadControl| {
            let zone = match control {
                PadControl::Button(_) => 0.0,
                PadControl::Trigger(_) => trigger_zone,
                PadControl::Stick(..) => stick_zone,
            };
            self.amount(control) > f32::midpoint(zone, 1.0)
        };
        let bits = (0..).zip(CONTROLS).filter(|(_, (_, control))| is_meant(*control));
        PartSet(bits.fold(0, |all, (number, _)| all | 1_u32 << number))
    }
}

/// Converts a stick's position, −1 to 1, to the console's number.
fn axis(way: f32) -> i16 {
    let full = if way < 0.0 { 32768.0 } else { 32767.0 };
    // Casts saturate.
    (way * full).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(x: f32, y: f32) -> Pressed {
        let mut pressed = Pressed::default();
        let parts = [
            (StickDirection::Right, x),
            (StickDirection::Left, -x),
            (StickDirection::Up, y),
            (StickDirection::Down, -y),
        ];
        for (direction, amount) in parts {
            pressed.press(PadControl::Stick(Side::Left, direction), amount);
        }
        pressed
    }

    #[test]
    fn names_are_found_both_ways_and_wrong_ones_get_a_tip() {
        for (name, control) in CONTROLS {
            assert_eq!(PadControl::try_from(name.to_owned()), Ok(control));
            assert_eq!(control.name(), name);
        }
        let message = PadControl::try_from("left-sholder".to_owned()).unwrap_err();
        assert!(message.contains("left-shoulder"), "{message}");
    }

    #[test]
    fn sticks_have_a_round_zone_without_a_step_at_its_end() {
        for ((x, y), expected) in [
            ((0.0, 0.0), (0, 0)),
            ((0.1, 0.0), (0, 0)),
            ((0.07, -0.07), (0, 0)),
            ((0.101, 0.0), (36, 0)),
            ((1.0, 0.0), (32767, 0)),
            ((-1.0, 0.0), (-32768, 0)),
            ((0.0, -1.0), (0, -32768)),
            ((1.0, 1.0), (32767, 32767)),
            ((0.55, 0.0), (16384, 0)),
        ] {
            let pad = pushed(x, y).gamepad(0.1, 0.0);
            assert_eq!((pad.left_x, pad.left_y), expected, "{x} {y}");
        }
        assert_eq!(pushed(0.1, 0.0).gamepad(0.0, 0.0).left_x, 3277);
    }

    #[test]
    fn parts_are_selected_from_halfway_beyond_the_dead_zone() {
        let meant = |control: PadControl, amount: f32| {
            let mut pressed = Pressed::default();
            pressed.press(control, amount);
            pressed.meant(0.2, 0.1).first()
        };
        for (name, control) in CONTROLS {
            assert_eq!(meant(control, 1.0), Some(control), "{name}");
            assert_eq!(meant(control, 0.5), None, "{name}");
        }
        let stick = CONTROLS[17].1;
        let trigger = CONTROLS[15].1;
        assert_eq!((meant(stick, 0.59), meant(stick, 0.61)), (None, Some(stick)));
        assert_eq!((meant(trigger, 0.54), meant(trigger, 0.56)), (None, Some(trigger)));
        assert_eq!(PartSet::default().first(), None);
    }

    #[test]
    fn triggers_have_a_zone_and_buttons_are_down_from_half_way() {
        for (amount, value) in [(0.0, 0), (0.1, 0), (0.55, 128), (1.0, 255), (f32::NAN, 0), (9.0, 255)] {
            let mut pressed = Pressed::default();
            pressed.press(PadControl::Trigger(Side::Right), amount);
            assert_eq!(pressed.gamepad(0.0, 0.1).right_trigger, value, "{amount}");
        }
        let mut pressed = Pressed::default();
        pressed.press(PadControl::Button(0x10), 0.5);
        pressed.press(PadControl::Button(0x20), 0.6);
        assert_eq!(pressed.gamepad(0.0, 0.0).buttons, 0x20);
        assert_eq!(pressed.with(&pushed(1.0, 0.0)).gamepad(0.0, 0.0).left_x, 32767);
    }
}
