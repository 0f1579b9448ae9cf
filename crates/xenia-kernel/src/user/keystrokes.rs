//! Keystrokes of controllers: `XamInputGetKeystroke` derives them from buttons, triggers and
//! sticks.
//!
//! Each call compares the controller with the state reported so far and reports one difference, so
//! a title that polls until there is no keystroke gets all of them. The key pressed last repeats
//! while it is held.

use crate::ports::Gamepad;
use serde::{Deserialize, Serialize};
use xenia_guest::USERS;
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_state::{Impossible, check};

/// Guest time until a held key repeats for the first time, and between repeats.
const REPEAT_DELAY: GuestTicks = TICKS_PER_SECOND * 2 / 5;
const REPEAT_STEP: GuestTicks = TICKS_PER_SECOND / 10;
/// Triggers above this value count as pressed; the value of the controller's documentation.
const TRIGGER_THRESHOLD: u8 = 30;
/// Sticks at or above this value count as pushed: half way.
const STICK_THRESHOLD: i16 = 0x4000;

/// Virtual keys of the buttons, by their bits.
const BUTTONS: [(u16, u16); 14] = [
    (Gamepad::A, 0x5800),
    (Gamepad::B, 0x5801),
    (Gamepad::X, 0x5802),
    (Gamepad::Y, 0x5803),
    (Gamepad::RIGHT_SHOULDER, 0x5804),
    (Gamepad::LEFT_SHOULDER, 0x5805),
    (Gamepad::UP, 0x5810),
    (Gamepad::DOWN, 0x5811),
    (Gamepad::LEFT, 0x5812),
    (Gamepad::RIGHT, 0x5813),
    (Gamepad::START, 0x5814),
    (Gamepad::BACK, 0x5815),
    (Gamepad::LEFT_STICK, 0x5816),
    (Gamepad::RIGHT_STICK, 0x5817),
];
/// Virtual keys of the triggers, left and right.
const TRIGGERS: [u16; 2] = [0x5806, 0x5807];
/// First virtual keys of the sticks, left and right; the direction is added.
const STICKS: [u16; 2] = [0x5820, 0x5830];

/// A key that went down or up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keystroke {
    /// Virtual key, 0x5800–0x5837.
    pub key: u16,
    /// 1 down, 2 up, 5 repeated while it is held.
    pub flags: u16,
}

impl Keystroke {
    const DOWN: u16 = 1;
    const UP: u16 = 2;
    const REPEAT: u16 = 4;
}

/// A key that repeats.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct RepeatingKey {
    key: u16,
    /// Guest time of the next repeat.
    due: GuestTicks,
}

/// The state of one controller that was reported to the title.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ReportedKeys {
    /// Keys that are down, ascending.
    down: Vec<u16>,
    /// The key that was pressed last, while it is held.
    repeat: Option<RepeatingKey>,
}

/// Keystroke state of all controllers (see [the module](self)).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Keystrokes {
    users: [ReportedKeys; USERS as usize],
}

/// Returns a stick's direction as an offset from its first key; `None` in the middle.
fn direction(x: i16, y: i16) -> Option<u16> {
    let side = |axis: i16| i16::from(axis >= STICK_THRESHOLD) - i16::from(axis <= -STICK_THRESHOLD);
    Some(match (side(x), side(y)) {
        (0, 1) => 0,
        (0, -1) => 1,
        (1, 0) => 2,
        (-1, 0) => 3,
        (-1, 1) => 4,
        (1, 1) => 5,
        (1, -1) => 6,
        (-1, -1) => 7,
        _ => return None,
    })
}

/// The keys that a controller holds down, ascending.
fn keys(pad: &Gamepad) -> Vec<u16> {
    let buttons = BUTTONS.iter().filter(|(bit, _)| pad.buttons & bit != 0).map(|&(_, key)| key);
    let triggers = [pad.left_trigger, pad.right_trigger].into_iter().zip(TRIGGERS);
    let triggers = triggers.filter(|&(value, _)| value > TRIGGER_THRESHOLD).map(|(_, key)| key);
    let sticks = [(pad.left_x, pad.left_y), (pad.right_x, pad.right_y)].into_iter().zip(STICKS);
    let sticks = sticks.filter_map(|((x, y), first)| direction(x, y).map(|offset| first + offset));
    let mut keys: Vec<u16> = buttons.chain(triggers).chain(sticks).collect();
    keys.sort_unstable();
    keys
}

impl Keystrokes {
    /// Checks keys that come from a saved state.
    pub(super) fn check_state(&self) -> Result<(), Impossible> {
        let Self { users } = self;
        let keys = BUTTONS.len() + TRIGGERS.len() + STICKS.len();
        let is_possible = |reported: &ReportedKeys| {
            let ReportedKeys { down, repeat: _ } = reported;
            down.len() <= keys && down.is_sorted_by(|one, next| one < next)
        };
        check(users.iter().all(is_possible), "a controller has too many keys down")
    }

    /// Returns the next keystroke of `user`'s controller, whose state is `pad` at `now`. Releases
    /// come first.
    pub fn next(&mut self, user: u32, pad: &Gamepad, now: GuestTicks) -> Option<Keystroke> {
        let reported = self.users.get_mut(user as usize)?;
        let held = keys(pad);
        if let Some(index) = reported.down.iter().position(|key| !held.contains(key)) {
            let key = reported.down.remove(index);
            reported.repeat = reported.repeat.filter(|repeat| repeat.key != key);
            return Some(Keystroke { key, flags: Keystroke::UP });
        }
        if let Some(&key) = held.iter().find(|key| !reported.down.contains(key)) {
            reported.down.push(key);
            reported.down.sort_unstable();
            reported.repeat = Some(RepeatingKey { key, due: now + REPEAT_DELAY });
            return Some(Keystroke { key, flags: Keystroke::DOWN });
        }
        let repeat = reported.repeat.as_mut().filter(|repeat| repeat.due <= now)?;
        repeat.due = now + REPEAT_STEP;
        Some(Keystroke { key: repeat.key, flags: Keystroke::DOWN | Keystroke::REPEAT })
    }

    /// Resets the state of a controller that was disconnected.
    pub fn disconnected(&mut self, user: u32) {
        if let Some(reported) = self.users.get_mut(user as usize) {
            *reported = ReportedKeys::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: GuestTicks = TICKS_PER_SECOND / 1000;

    #[test]
    fn keys_of_a_state_are_released_and_repeat_as_the_saved_ones() {
        let mut keystrokes = Keystrokes::default();
        let pad = Gamepad { buttons: 0x1001, ..Gamepad::default() };
        (0..2).for_each(|_| assert!(keystrokes.next(2, &pad, 0).is_some()));
        let mut read = crate::kernel::round_trip(&keystrokes);
        assert_eq!(read.check_state(), Ok(()));
        for now in [1, 401, 402, 700] {
            let pad = if now < 700 { pad } else { Gamepad::default() };
            let reported = [&mut keystrokes, &mut read].map(|one| one.next(2, &pad, now * MILLISECOND));
            assert_eq!(reported[0], reported[1], "{now}");
        }
        read.users[0].down = vec![5, 5];
        assert!(read.check_state().is_err());
        read.users[0].down = (0..100).collect();
        assert!(read.check_state().is_err());
    }

    #[test]
    fn keystrokes_are_reported_one_at_a_time_and_last_key_repeats() {
        let mut keystrokes = Keystrokes::default();
        let none = Gamepad::default();
        let a = Gamepad { buttons: 0x1000, ..none };
        let a_and_up = Gamepad { buttons: 0x1001, ..none };
        for (milliseconds, pad, expected) in [
            (0, none, None),
            (0, a_and_up, Some((0x5800, 1))),
            (1, a_and_up, Some((0x5810, 1))),
            (2, a_and_up, None),
            (400, a_and_up, None),
            (401, a_and_up, Some((0x5810, 5))),
            (402, a_and_up, None),
            (501, a_and_up, Some((0x5810, 5))),
            (700, a, Some((0x5810, 2))),
            (2000, a, None),
            (2001, none, Some((0x5800, 2))),
            (2002, none, None),
        ] {
            let reported = keystrokes.next(1, &pad, milliseconds * MILLISECOND);
            assert_eq!(reported.map(|stroke| (stroke.key, stroke.flags)), expected, "{milliseconds} ms");
            assert_eq!(keystrokes.next(0, &none, milliseconds * MILLISECOND), None);
        }
        assert_eq!(keystrokes.next(4, &a, 0), None);
    }

    #[test]
    fn triggers_and_sticks_are_keys() {
        let none = Gamepad::default();
        for (pad, expected) in [
            (Gamepad { left_trigger: 30, right_trigger: 31, ..none }, vec![0x5807]),
            (Gamepad { left_y: 0x4000, ..none }, vec![0x5820]),
            (Gamepad { left_x: i16::MIN, left_y: i16::MIN, ..none }, vec![0x5827]),
            (Gamepad { left_x: 0x3FFF, right_x: 0x7FFF, ..none }, vec![0x5832]),
            (Gamepad { right_x: -0x4000, right_y: 0x7FFF, ..none }, vec![0x5834]),
            (Gamepad { buttons: 0x400, ..none }, vec![]),
        ] {
            assert_eq!(keys(&pad), expected, "{pad:?}");
        }
    }

    #[test]
    fn a_reconnected_controller_starts_fresh() {
        let mut keystrokes = Keystrokes::default();
        let start = Gamepad { buttons: 0x10, ..Gamepad::default() };
        assert!(keystrokes.next(2, &start, 0).is_some() && keystrokes.next(2, &start, 0).is_none());
        keystrokes.disconnected(2);
        keystrokes.disconnected(u32::MAX);
        assert_eq!(keystrokes.next(2, &start, 0), Some(Keystroke { key: 0x5814, flags: 1 }));
    }
}
