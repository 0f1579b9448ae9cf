//! The page of controllers: assigns the next key or button to the part that waits for one, and
//! executes the page's commands.

use super::Events;
use crate::window::{ControllerKeys, HeldParts, InputClient};
use winit::event::{ElementState, WindowEvent};
use winit::event_loop::ActiveEventLoop;
use winit::keyboard::{KeyCode, PhysicalKey};
use xenia_ui::InputCommand;

/// Input for a part that waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum PressedInput {
    Key(KeyCode),
    /// Parts of pads ([`HeldParts::parts`]).
    Parts(u32),
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

    /// Takes what pads hold now: for the part that waits, the open page, or the menu.
    pub(super) fn take_pads(&mut self, event_loop: &ActiveEventLoop, held: HeldParts) {
        let now = self.mailbox.now();
        let new = held.parts & !std::mem::replace(&mut self.held_parts, held.parts);
        let Some(view) = &mut self.view else { return };
        let before = view.pages.held();
        let waits = view.pages.waiting_part().is_some();
        let asked = view.pages.pads(held.buttons, now);
        view.page_due(now);
        if waits && new != 0 {
            self.bind(PressedInput::Parts(new));
            return;
        }
        if asked {
            self.toggle_menu();
        }
        self.chords(event_loop, before, held.buttons);
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

    /// Binds the pressed key or button to the part that waits.
    pub(super) fn bind(&mut self, pressed: PressedInput) {
        let Some(part) = self.waiting_part() else { return };
        self.end_waiting();
        self.change_input(|input| match pressed {
            PressedInput::Key(key) => input.bind_key(part, key),
            PressedInput::Parts(pressed) => input.bind_parts(part, pressed),
        });
    }

    /// Carries out a command of the page of controllers.
    pub(super) fn run_input_command(&mut self, command: InputCommand) {
        match command {
            InputCommand::Unbind(part) => self.change_input(|input| input.unbind(part)),
            InputCommand::NextPadAssignment(number) => {
                self.change_input(|input| input.next_pad_assignment(number));
            }
            InputCommand::NextAssignment => self.change_input(|input| input.next_assignment()),
            InputCommand::Reset => self.change_input(|input| input.reset()),
            InputCommand::StartMotors => self.try_motors(true),
            InputCommand::StopMotors => self.try_motors(false),
        }
    }

    fn try_motors(&self, on: bool) {
        if let Some(input) = self.client.input() {
            input.try_motors(on);
        }
    }

    /// Changes the controllers' assignment; reports the reason if it can't be changed.
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
