//! The keyboard as the first user's controller, in a window.
//!
//! Keys are meant by their place on the keyboard, not by what is printed on them:
//!
//! ```text
//!  Q left shoulder   W right shoulder      arrows  directional pad      Enter      start
//!  A X   S Y                               I J K L left stick           Backspace  back
//!  Z A   X B         1 left trigger   2 right trigger
//! ```

use parking_lot::Mutex;
use std::sync::Arc;
use xenia_kernel::ports::{Gamepad, Input};
use xenia_render::KeyCode;
use xenia_sched::GuestTicks;

/// What a key does.
#[derive(Clone, Copy)]
enum Role {
    /// Sets these bits of the buttons.
    Button(u16),
    LeftTrigger,
    RightTrigger,
    /// Moves the left stick in this direction, right and up being positive.
    Stick(i16, i16),
}

const KEYS: &[(KeyCode, Role)] = &[
    (KeyCode::ArrowUp, Role::Button(0x0001)),
    (KeyCode::ArrowDown, Role::Button(0x0002)),
    (KeyCode::ArrowLeft, Role::Button(0x0004)),
    (KeyCode::ArrowRight, Role::Button(0x0008)),
    (KeyCode::Enter, Role::Button(0x0010)),
    (KeyCode::Backspace, Role::Button(0x0020)),
    (KeyCode::KeyQ, Role::Button(0x0100)),
    (KeyCode::KeyW, Role::Button(0x0200)),
    (KeyCode::KeyZ, Role::Button(0x1000)),
    (KeyCode::KeyX, Role::Button(0x2000)),
    (KeyCode::KeyA, Role::Button(0x4000)),
    (KeyCode::KeyS, Role::Button(0x8000)),
    (KeyCode::Digit1, Role::LeftTrigger),
    (KeyCode::Digit2, Role::RightTrigger),
    (KeyCode::KeyI, Role::Stick(0, 1)),
    (KeyCode::KeyK, Role::Stick(0, -1)),
    (KeyCode::KeyJ, Role::Stick(-1, 0)),
    (KeyCode::KeyL, Role::Stick(1, 0)),
];

/// The keys, and what of the controller they are, for people.
pub const CONTROLLER: &[(&str, &str)] = &[
    ("arrows", "directional pad"),
    ("Z X A S", "A B X Y"),
    ("Q W, 1 2", "shoulders, triggers"),
    ("I J K L", "left stick"),
    ("Enter, Backspace", "start, back"),
];

#[derive(Debug, Default)]
struct State {
    /// Keys of [`KEYS`] that are down, a bit each.
    down: u32,
    packet: u32,
}

/// The keyboard; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Keyboard(Arc<Mutex<State>>);

impl Keyboard {
    /// A key went down or up.
    pub fn key(&self, key: KeyCode, pressed: bool) {
        let Some(index) = KEYS.iter().position(|(known, _)| *known == key) else { return };
        let mut state = self.0.lock();
        let down = if pressed { state.down | 1 << index } else { state.down & !(1 << index) };
        state.change(down);
    }

    /// The window can't see keys any more: all are up.
    pub fn release_all(&self) {
        self.0.lock().change(0);
    }
}

impl State {
    fn change(&mut self, down: u32) {
        // Keys that repeat change nothing.
        if self.down != down {
            self.down = down;
            self.packet = self.packet.wrapping_add(1);
        }
    }

    fn pad(&self) -> Gamepad {
        let mut pad = Gamepad { packet: self.packet, ..Gamepad::default() };
        let (mut x, mut y) = (0, 0);
        for (index, (_, role)) in KEYS.iter().enumerate() {
            if self.down & 1 << index == 0 {
                continue;
            }
            match *role {
                Role::Button(bits) => pad.buttons |= bits,
                Role::LeftTrigger => pad.left_trigger = u8::MAX,
                Role::RightTrigger => pad.right_trigger = u8::MAX,
                Role::Stick(dx, dy) => (x, y) = (x + dx, y + dy),
            }
        }
        (pad.left_x, pad.left_y) = (x * i16::MAX, y * i16::MAX);
        pad
    }
}

impl Input for Keyboard {
    fn gamepad(&mut self, user: u32, _: GuestTicks) -> Option<Gamepad> {
        (user == 0).then(|| self.0.lock().pad())
    }

    fn set_vibration(&mut self, user: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        // A keyboard has no motors; a controller that is there takes the request.
        user == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_buttons_triggers_and_a_stick() {
        let mut keyboard = Keyboard::default();
        assert_eq!(keyboard.gamepad(0, 0), Some(Gamepad::default()));
        assert_eq!(keyboard.gamepad(1, 0), None);
        for key in [KeyCode::KeyZ, KeyCode::KeyZ, KeyCode::Enter, KeyCode::Digit2, KeyCode::KeyJ, KeyCode::F1]
        {
            keyboard.key(key, true);
        }
        let pad = keyboard.gamepad(0, 0).unwrap();
        assert_eq!((pad.buttons, pad.right_trigger, pad.left_x, pad.left_y), (0x1010, 255, -32767, 0));
        assert_eq!(pad.packet, 4, "each change once");
        keyboard.key(KeyCode::KeyL, true);
        assert_eq!(keyboard.gamepad(0, 0).unwrap().left_x, 0, "both ways is no way");
        keyboard.key(KeyCode::KeyZ, false);
        assert_eq!(keyboard.gamepad(0, 0).unwrap().buttons, 0x0010);
        keyboard.release_all();
        assert_eq!(keyboard.gamepad(0, 0), Some(Gamepad { packet: 7, ..Gamepad::default() }));
    }

    #[test]
    fn no_key_is_the_windows() {
        for binding in xenia_render::BINDINGS.iter().filter(|binding| !binding.alt) {
            assert!(KEYS.iter().all(|(key, _)| *key != binding.key), "{}", binding.name);
        }
    }

    #[test]
    fn no_two_keys_are_the_same() {
        for (index, (key, _)) in KEYS.iter().enumerate() {
            assert!(KEYS[..index].iter().all(|(other, _)| other != key), "{key:?}");
        }
    }
}
