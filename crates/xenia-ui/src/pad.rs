//! Pads as keyboards: turns held buttons into the keys by which pages are operated.

use egui::{Event, Key, Modifiers};
use std::time::Duration;

// The bits of the console's own states of pads. This crate does not depend on the emulator, so they
// are repeated here.
const UP: u16 = 0x0001;
const DOWN: u16 = 0x0002;
const LEFT: u16 = 0x0004;
const RIGHT: u16 = 0x0008;
const START: u16 = 0x0010;
const BACK: u16 = 0x0020;
const LEFT_SHOULDER: u16 = 0x0100;
const RIGHT_SHOULDER: u16 = 0x0200;
/// Bit of the guide button, as in the console's own states of pads.
pub const GUIDE: u16 = 0x0400;
const A: u16 = 0x1000;
const B: u16 = 0x2000;
const Y: u16 = 0x8000;
/// Time for which start and back must be held together to count as the guide button: the system
/// may have taken that button for itself.
const HOLD: Duration = Duration::from_secs(1);
/// Time before a held direction repeats.
const FIRST_REPEAT: Duration = Duration::from_millis(400);
/// Time between two repetitions.
const NEXT_REPEAT: Duration = Duration::from_millis(90);

/// Keys of the buttons.
const KEYS: [(u16, Key); 10] = [
    (UP, Key::ArrowUp),
    (DOWN, Key::ArrowDown),
    (LEFT, Key::ArrowLeft),
    (RIGHT, Key::ArrowRight),
    (START, Key::Escape),
    (A, Key::Enter),
    (B, Key::Escape),
    (Y, Key::Delete),
    (LEFT_SHOULDER, Key::PageUp),
    (RIGHT_SHOULDER, Key::PageDown),
];
/// Buttons that repeat while they are held.
const REPEATING: u16 = UP | DOWN | LEFT | RIGHT | LEFT_SHOULDER | RIGHT_SHOULDER;

/// State of the pads as a keyboard.
#[derive(Clone, Debug, Default)]
pub struct PadKeys {
    held: u16,
    /// Whether the guide button asks for the menu when it is released alone, and not at once, as it
    /// may become part of a combination.
    guide_waits: bool,
    /// Whether it is held, and no other button was pressed meanwhile.
    guide_alone: bool,
    repeats_at: Option<Duration>,
    menu_at: Option<Duration>,
}

impl PadKeys {
    /// Pads whose guide button is part of combinations: it asks for the menu when it is released
    /// alone.
    pub fn with_combinations(self) -> Self {
        Self { guide_waits: true, ..self }
    }

    /// The buttons that pads held last.
    pub fn held(&self) -> u16 {
        self.held
    }

    /// Takes the buttons that pads hold now. Returns true if they ask for the menu.
    pub fn set(&mut self, held: u16, now: Duration, events: &mut Vec<Event>) -> bool {
        let new = held & !self.held;
        self.held = held;
        for (bit, key) in KEYS {
            if new & bit != 0 {
                press(key, events);
            }
        }
        self.repeats_at = (held & REPEATING != 0).then(|| now + FIRST_REPEAT);
        let both = START | BACK;
        // A change of other buttons does not begin the time anew.
        self.menu_at = (held & both == both).then(|| self.menu_at.unwrap_or(now + HOLD));
        if !self.guide_waits {
            return new & GUIDE != 0;
        }
        let is_released = self.guide_alone && held & GUIDE == 0;
        self.guide_alone = held == GUIDE && (self.guide_alone || new == GUIDE);
        is_released && new == 0
    }

    /// Time of the next [`Self::tick`] that does something.
    pub fn next(&self) -> Option<Duration> {
        self.repeats_at.into_iter().chain(self.menu_at).min()
    }

    /// Repeats held buttons. Returns true if the menu was asked for.
    pub fn tick(&mut self, now: Duration, events: &mut Vec<Event>) -> bool {
        if self.repeats_at.is_some_and(|at| at <= now) {
            self.repeats_at = Some(now + NEXT_REPEAT);
            for (_, key) in KEYS.into_iter().filter(|(bit, _)| self.held & REPEATING & bit != 0) {
                press(key, events);
            }
        }
        self.menu_at.take_if(|at| *at <= now).is_some()
    }
}

fn press(key: Key, events: &mut Vec<Event>) {
    events.extend([true, false].map(|pressed| Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(events: &mut Vec<Event>) -> Vec<Key> {
        let pressed = |event: Event| match event {
            Event::Key { key, pressed: true, .. } => Some(key),
            _ => None,
        };
        events.drain(..).filter_map(pressed).collect()
    }

    #[test]
    fn buttons_are_keys_and_directions_repeat() {
        let mut pad = PadKeys::default();
        let mut events = Vec::new();
        let second = Duration::from_secs(1);
        assert!(!pad.set(0x1002, second, &mut events));
        assert_eq!(keys(&mut events), [Key::ArrowDown, Key::Enter]);
        assert!(!pad.set(0x0002, second, &mut events));
        assert_eq!((keys(&mut events).len(), pad.next()), (0, Some(second + FIRST_REPEAT)));
        pad.tick(second + FIRST_REPEAT, &mut events);
        assert_eq!(keys(&mut events), [Key::ArrowDown]);
        assert_eq!(pad.next(), Some(second + FIRST_REPEAT + NEXT_REPEAT));
        pad.set(0, second, &mut events);
        assert_eq!((pad.next(), events.len()), (None, 0));
    }

    #[test]
    fn a_held_shoulder_turns_page_after_page() {
        let mut pad = PadKeys::default();
        let mut events = Vec::new();
        pad.set(RIGHT_SHOULDER, Duration::ZERO, &mut events);
        pad.tick(FIRST_REPEAT, &mut events);
        assert_eq!(keys(&mut events), [Key::PageDown, Key::PageDown]);
    }

    #[test]
    fn a_combination_guide_button_opens_the_menu_if_released_without_another() {
        let mut pad = PadKeys::default().with_combinations();
        let mut events = Vec::new();
        let mut asks = |held: &[u16]| -> Vec<bool> {
            held.iter().map(|held| pad.set(*held, Duration::ZERO, &mut events)).collect()
        };
        assert_eq!(asks(&[GUIDE, 0, 0]), [false, true, false]);
        assert_eq!(asks(&[GUIDE, GUIDE | 1, GUIDE, 0]), [false; 4]);
        assert_eq!(asks(&[1, GUIDE | 1, GUIDE, 0]), [false; 4], "it was held with another");
        assert_eq!(asks(&[GUIDE, 1, 0]), [false; 3]);
    }

    #[test]
    fn guide_and_start_with_back_ask_for_the_menu() {
        let mut pad = PadKeys::default();
        let mut events = Vec::new();
        assert!(pad.set(GUIDE, Duration::ZERO, &mut events));
        assert!(!pad.set(GUIDE, Duration::ZERO, &mut events), "it is still held");
        pad.set(START | BACK, Duration::ZERO, &mut events);
        assert!(!pad.tick(HOLD / 2, &mut events));
        assert!(pad.tick(HOLD, &mut events) && !pad.tick(HOLD * 2, &mut events), "once");
        pad.set(0, HOLD, &mut events);
        pad.set(START | BACK, HOLD, &mut events);
        pad.set(START, HOLD, &mut events);
        assert_eq!(pad.next(), None, "let go too early");
    }
}
