//! The console's dialog: keys and clicks that it gets.

use super::Events;
use winit::keyboard::KeyCode;
use xenia_ui::{ConsoleDialog, DialogPick};

impl Events {
    /// Passes a key press to the open dialog. Returns false if the dialog doesn't use it.
    pub(super) fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> bool {
        let open = self.mailbox.open().dialog.is_some();
        let hotkeys = &self.config.hotkeys;
        let is_windows = hotkeys.stays_in_dialogs(key) || hotkeys.is_of_states(key);
        if !open || self.modifiers.alt_key() || is_windows {
            return false;
        }
        let dialog = self.client.dialog_key(key, text);
        self.change_dialog(dialog);
        true
    }

    /// Shows the dialog as it is now.
    fn change_dialog(&mut self, dialog: Option<ConsoleDialog>) {
        if let Some(dialog) = dialog {
            // Unless the machine has closed the dialog in the meantime.
            if let Some(current) = &mut self.mailbox.open().dialog {
                *current = dialog;
            }
            self.refresh();
        }
    }

    /// Passes clicks to the open dialog.
    pub(super) fn pick(&mut self, pick: DialogPick) {
        let dialog = self.client.dialog_pick(pick);
        self.change_dialog(dialog);
    }
}
