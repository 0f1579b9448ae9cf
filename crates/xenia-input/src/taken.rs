//! Buttons that are held but taken from the machine: a menu, a dialog or a combination with the
//! guide button had them, and keeps them until they are released.

use super::{Controllers, State};
use xenia_guest::USERS;
use xenia_kernel::ports::Gamepad;

/// Buttons of each user that are taken from the machine.
#[derive(Debug, Default)]
pub(super) struct TakenButtons([u16; USERS as usize]);

impl TakenButtons {
    /// Returns those of a user's held buttons that the machine sees; `before` are the ones that it
    /// has seen last.
    pub(super) fn seen(&mut self, user: u32, held: u16, before: u16) -> u16 {
        let Some(taken) = self.0.get_mut(user as usize) else { return held };
        *taken &= held;
        // On the console the guide button opens the guide, which then has the pad.
        if held & Gamepad::GUIDE != 0 {
            *taken |= held & !before & !Gamepad::GUIDE;
        }
        held & !*taken
    }
}

impl State {
    /// Takes the buttons that are held now.
    fn take_held(&mut self) {
        let held = |user: usize| self.gamepad(user as u32).map_or(0, |pad| pad.buttons);
        self.taken = TakenButtons(std::array::from_fn(held));
    }
}

impl Controllers {
    /// Takes pads from the machine while a menu is open. Buttons that are held when it closes are
    /// the machine's once they were released.
    pub fn set_in_menu(&self, in_menu: bool) {
        let mut state = self.0.lock();
        if std::mem::replace(&mut state.in_menu, in_menu) {
            state.take_held();
        }
    }

    /// Lets go of all pads while another window has the keyboard: nothing is pressed, and motors
    /// rest. Buttons that are held when that ends count once they were released; sticks and
    /// triggers count at once.
    pub fn set_in_background(&self, in_background: bool) {
        let mut state = self.0.lock();
        if std::mem::replace(&mut state.in_background, in_background) != in_background {
            state.take_held();
            state.run_motors();
            state.notify_watcher();
        }
    }

    /// Takes the buttons that are held now, such as the one that has answered a dialog, from the
    /// machine until they are released.
    pub fn take_held_buttons(&self) {
        self.0.lock().take_held();
    }
}
