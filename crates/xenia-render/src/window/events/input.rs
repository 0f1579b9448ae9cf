//! The page of controllers: takes the next key or button for the part that waits, and carries out
//! the page's commands.

use super::Events;
use crate::window::{ControllerKeys, InputClient};
use winit::event::{ElementState, WindowEvent};
use winit::keyboard::{KeyCode, PhysicalKey};

/// Input for a part that waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum PressedInput {
    Key(KeyCode),
    /// Buttons of pads, as bits of the console's own states.
    Buttons(u16),
}

impl Events {
    /// Takes a key for the part that waits, if one does and the event is a press. Escape leaves the
    /// part as it is. Returns true if the event is not the page's.
    pub(super) fn takes_key(&mut self, event: &WindowEvent) -> bool {
        let WindowEvent::KeyboardInput { event, .. } = event else { return false };
        if self.waiting_part().is_none() || event.state != ElementState::Pressed {
            return false;
        }
        match event.physical_key {
            // The key that chose the part may still be held.
            _ if event.repeat => {}
            PhysicalKey::Code(KeyCode::Escape) => self.end_waiting(),
            PhysicalKey::Code(key) => self.bind(PressedInput::Key(key)),
            PhysicalKey::Unidentified(_) => {}
        }
        true
    }

    fn waiting_part(&self) -> Option<&'static str> {
        self.view.as_ref()?.pages.waiting_part()
    }

    fn end_waiting(&mut self) {
        if let Some(view) = &mut self.view {
            view.pages.end_waiting();
        }
        self.refresh();
    }

    /// Binds what was pressed to the part that waits.
    pub(super) fn bind(&mut self, pressed: PressedInput) {
        let Some(part) = self.waiting_part() else { return };
        self.end_waiting();
        self.change_input(|input| match pressed {
            PressedInput::Key(key) => input.bind_key(part, key),
            PressedInput::Buttons(bits) => input.bind_button(part, bits),
        });
    }

    /// Changes the controllers' assignment; says why, if it can't be changed.
    pub(super) fn change_input(
        &mut self,
        change: impl FnOnce(&dyn InputClient) -> Result<ControllerKeys, String>,
    ) {
        let Some(input) = self.client.input() else { return };
        match change(input) {
            Ok(keys) => self.mailbox.open().controller = keys,
            Err(reason) => {
                if let Some(view) = &mut self.view {
                    view.say(&self.mailbox, reason);
                }
            }
        }
        self.refresh();
    }
}
