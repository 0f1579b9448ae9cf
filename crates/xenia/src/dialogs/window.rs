//! Dialogs in the window: drawn over the picture, answered by the keyboard, the mouse or a pad.
//!
//! Key presses and clicks arrive from the window's thread. Pads are polled when the machine asks
//! for the answer, 60 times per second of guest time; a button counts if it goes down while the
//! dialog is open, and a direction that does repeats while it is held. The title sees it when it is
//! pressed again.

use super::panel::{Panel, Press};
use crate::input::{Controllers, held};
use crate::lock_order;
use std::sync::Arc;
use xenia_guest::USERS;
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs, Input};
use xenia_render::{ConsoleDialog, DialogPick, KeyCode};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex};

/// Functions of a pad's buttons in dialogs.
const BUTTONS: [(u16, Press); 9] = [
    (0x0001, Press::Up),
    (0x0002, Press::Down),
    (0x0004, Press::Left),
    (0x0008, Press::Right),
    (0x0010, Press::Finish),
    (0x1000, Press::Accept),
    (0x2000, Press::Cancel),
    (0x4000, Press::Erase),
    (0x8000, Press::Shift),
];
/// Bits of the directions, which repeat while they are held.
const DIRECTIONS: u16 = 0x000F;
/// Guest time before a held direction repeats. This time and the next one are about those of the
/// window's pages (`pad.rs` of xenia-ui).
const FIRST_REPEAT: GuestTicks = TICKS_PER_SECOND * 2 / 5;
/// Guest time between two repetitions.
const NEXT_REPEAT: GuestTicks = TICKS_PER_SECOND / 11;

/// Function of a key in dialogs; text arrives as letters instead.
fn press_of(key: KeyCode, wants_text: bool) -> Option<Press> {
    Some(match key {
        KeyCode::ArrowUp => Press::Up,
        KeyCode::ArrowDown => Press::Down,
        KeyCode::ArrowLeft => Press::Left,
        KeyCode::ArrowRight => Press::Right,
        KeyCode::Enter | KeyCode::NumpadEnter if wants_text => Press::Finish,
        KeyCode::Enter | KeyCode::NumpadEnter | KeyCode::Space if !wants_text => Press::Accept,
        KeyCode::Escape => Press::Cancel,
        KeyCode::Backspace => Press::Erase,
        _ => return None,
    })
}

/// The window's handle: passes keys to the open dialog, if there is one.
#[derive(Clone, Debug)]
pub struct DialogKeys(Arc<Mutex<Option<Panel>>>);

impl Default for DialogKeys {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::DIALOG, None)))
    }
}

impl DialogKeys {
    /// Handles a key and the text that it produces. Returns the dialog as it is now; `None` if none
    /// is open.
    pub fn key(&self, key: KeyCode, text: Option<&str>) -> Option<ConsoleDialog> {
        let mut open = self.0.lock();
        let panel = open.as_mut()?;
        match press_of(key, panel.wants_text()) {
            Some(press) => panel.press(press),
            None => text.unwrap_or_default().chars().for_each(|letter| panel.press(Press::Type(letter))),
        }
        Some(panel.view())
    }

    /// Chooses a part, as the mouse does. Returns the dialog as it is now; `None` if none is open.
    pub fn pick(&self, pick: DialogPick) -> Option<ConsoleDialog> {
        let mut open = self.0.lock();
        let panel = open.as_mut()?;
        panel.pick(pick);
        Some(panel.view())
    }
}

/// Shows a dialog; `None` removes it.
pub(super) type Show = Box<dyn FnMut(Option<ConsoleDialog>) + Send>;

/// The machine's handle: opens dialogs and polls their answers.
pub struct WindowDialogs {
    keys: DialogKeys,
    controllers: Controllers,
    show: Show,
    /// Buttons held at the last poll; `None`: not polled yet.
    held: [Option<u16>; USERS as usize],
    /// Times at which held directions repeat; `None`: none that was pressed in the dialog is held.
    repeats_at: [Option<GuestTicks>; USERS as usize],
}

impl WindowDialogs {
    /// Dialogs that are drawn by `show`.
    pub fn new(keys: DialogKeys, controllers: Controllers, show: Show) -> Self {
        let held = [None; USERS as usize];
        Self { keys, controllers, show, held, repeats_at: [None; USERS as usize] }
    }

    /// Buttons that went down since the last poll, and held directions that repeat.
    fn presses(&mut self, now: GuestTicks) -> Vec<Press> {
        let mut presses = Vec::new();
        for ((user, before), repeats_at) in (0..).zip(&mut self.held).zip(&mut self.repeats_at) {
            let held = self.controllers.gamepad(user, now).as_ref().map_or(0, held);
            // Buttons that were held when the dialog opened are ignored.
            let mut new = before.replace(held).map_or(0, |before| held & !before);
            if new & DIRECTIONS != 0 {
                *repeats_at = Some(now.saturating_add(FIRST_REPEAT));
            } else if held & DIRECTIONS == 0 {
                *repeats_at = None;
            } else if repeats_at.is_some_and(|at| at <= now) {
                *repeats_at = Some(now.saturating_add(NEXT_REPEAT));
                new |= held & DIRECTIONS;
            }
            presses.extend(BUTTONS.iter().filter(|(bit, _)| new & bit != 0).map(|(_, press)| *press));
        }
        presses
    }
}

impl Dialogs for WindowDialogs {
    fn open(&mut self, request: DialogRequest, now: GuestTicks) {
        self.held = [None; USERS as usize];
        self.repeats_at = [None; USERS as usize];
        let _ = self.presses(now);
        let panel = Panel::new(request);
        (self.show)(Some(panel.view()));
        *self.keys.0.lock() = Some(panel);
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        let presses = self.presses(now);
        let mut open = self.keys.0.lock();
        let panel = open.as_mut()?;
        for &press in &presses {
            panel.press(press);
        }
        if let Some(answer) = panel.take_answer() {
            *open = None;
            drop(open);
            self.controllers.take_held_buttons();
            (self.show)(None);
            return Some(answer);
        }
        if !presses.is_empty() {
            (self.show)(Some(panel.view()));
        }
        None
    }

    fn withdraw(&mut self) {
        if self.keys.0.lock().take().is_some() {
            self.controllers.take_held_buttons();
            (self.show)(None);
        }
    }
}

impl Drop for WindowDialogs {
    fn drop(&mut self) {
        // Remove an open dialog: the machine is gone and cannot receive the answer.
        self.withdraw();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, text};
    use super::*;
    use crate::input::config::Tuning;
    use crate::input::motors::Motors;
    use crate::input::shape::console_pad;
    use std::sync::mpsc;
    use xenia_kernel::ports::Gamepad;
    use xenia_render::DialogChoice;

    const A: u16 = 0x130;
    const B: u16 = 0x131;

    fn dialogs_and_ports() -> (WindowDialogs, DialogKeys, Controllers, mpsc::Receiver<Option<ConsoleDialog>>)
    {
        let (sender, receiver) = mpsc::channel();
        let keys = DialogKeys::default();
        let controllers = Controllers::default();
        controllers.tune(Tuning { keyboard: None, ..Tuning::default() });
        let show = Box::new(move |lines| drop(sender.send(lines)));
        (WindowDialogs::new(keys.clone(), controllers.clone(), show), keys, controllers, receiver)
    }

    #[test]
    fn a_pad_answers_with_what_it_presses_while_the_dialog_is_open() {
        let (mut dialogs, _, controllers, drawn) = dialogs_and_ports();
        let pad = controllers.plug(console_pad(), Motors::default());
        controllers.key(pad, A, true);
        dialogs.open(message(), 0);
        assert!(drawn.try_recv().unwrap().is_some());
        assert_eq!((dialogs.answer(1), drawn.try_recv().is_err()), (None, true), "A was held before");
        controllers.key(pad, A, false);
        controllers.axis(pad, 0, -32768);
        assert_eq!(dialogs.answer(2), None);
        let drawn_dialog = drawn.try_recv().unwrap().unwrap();
        assert!(matches!(drawn_dialog.choice, DialogChoice::Buttons { chosen: 0, .. }), "{drawn_dialog:?}");
        assert_eq!(dialogs.answer(3), None, "a stick that stays moves once");
        controllers.key(pad, A, true);
        assert_eq!(dialogs.answer(4), Some(DialogAnswer::Pressed(0)));
        assert_eq!(drawn.try_recv(), Ok(None));
        assert_eq!(dialogs.answer(5), None, "a dialog is answered once");
        let seen = || controllers.clone().gamepad(0, 5).map(|pad| pad.buttons);
        assert_eq!(seen(), Some(0), "the button that answers is the dialog's until it is released");
        controllers.key(pad, A, false);
        assert_eq!(seen(), Some(0));
        controllers.key(pad, A, true);
        assert_eq!(seen(), Some(Gamepad::A));
        dialogs.open(message(), 6);
        controllers.key(pad, B, true);
        assert_eq!(dialogs.answer(7), Some(DialogAnswer::Left));
    }

    #[test]
    fn a_held_direction_repeats_in_guest_time() {
        let (mut dialogs, _, controllers, drawn) = dialogs_and_ports();
        let pad = controllers.plug(console_pad(), Motors::default());
        dialogs.open(text(), 0);
        assert!(drawn.try_recv().unwrap().is_some());
        controllers.axis(pad, 0, 32767);
        let mut column = |now| {
            assert_eq!(dialogs.answer(now), None);
            drawn.try_iter().flatten().last().map(|dialog| match dialog.choice {
                DialogChoice::Letters { chosen, .. } => chosen.1,
                other @ DialogChoice::Buttons { .. } => panic!("{other:?}"),
            })
        };
        assert_eq!((column(1), column(FIRST_REPEAT)), (Some(1), None));
        assert_eq!((column(1 + FIRST_REPEAT), column(2 + FIRST_REPEAT)), (Some(2), None));
        assert_eq!(column(1 + FIRST_REPEAT + NEXT_REPEAT), Some(3));
        controllers.axis(pad, 0, 0);
        assert_eq!(column(3 * FIRST_REPEAT), None);
    }

    #[test]
    fn dialog_keyboard_input_enters_text_not_buttons() {
        let (mut dialogs, keys, _, drawn) = dialogs_and_ports();
        assert_eq!(keys.key(KeyCode::KeyZ, Some("z")), None, "no dialog");
        dialogs.open(text(), 0);
        let text_after = |key, text| match keys.key(key, Some(text)).unwrap().choice {
            DialogChoice::Letters { typed, .. } => typed,
            other @ DialogChoice::Buttons { .. } => panic!("{other:?}"),
        };
        assert_eq!(text_after(KeyCode::KeyZ, "z"), "Playerz");
        assert_eq!(text_after(KeyCode::Backspace, "\x08"), "Player");
        keys.key(KeyCode::Enter, Some("\r")).unwrap();
        assert_eq!(dialogs.answer(1), Some(DialogAnswer::Entered("Player".to_owned())));
        dialogs.open(message(), 2);
        keys.key(KeyCode::Escape, None).unwrap();
        assert_eq!(dialogs.answer(3), Some(DialogAnswer::Left));
        dialogs.open(message(), 4);
        drop(dialogs);
        assert_eq!(drawn.iter().last(), Some(None), "a machine that is gone leaves no dialog");
        assert_eq!(keys.key(KeyCode::Enter, None), None);
    }
}
