//! Dialogs of the console's user interface.
//!
//! The guest continues to run while a dialog is open, as on a console. The kernel polls the dialog
//! port for the answer.

use serde::{Deserialize, Serialize};
use xenia_sched::GuestTicks;

/// Icon of a message box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Icon {
    /// No icon is shown.
    None,
    /// Icon of an error.
    Error,
    /// Icon of a warning.
    Warning,
    /// Icon of an alert.
    Alert,
}

/// A message box with buttons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBox {
    /// User it is for, 0–3; `None` for any user.
    pub user: Option<u32>,
    /// Icon beside the message.
    pub icon: Icon,
    /// Title; may be empty.
    pub title: String,
    /// Message; may have several lines.
    pub text: String,
    /// Labels of the buttons, 1–3.
    pub buttons: Vec<String>,
    /// Index of the button with the initial focus.
    pub focus: u32,
}

/// A request for a line of text (on-screen keyboard).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRequest {
    /// User it is for, 0–3; `None` for any user.
    pub user: Option<u32>,
    /// Title of the keyboard; may be empty.
    pub title: String,
    /// Purpose of the text; may be empty.
    pub description: String,
    /// Initial text of the field.
    pub default: String,
    /// Maximum length of the text in UTF-16 units.
    pub limit: u32,
}

/// A dialog to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DialogRequest {
    Message(MessageBox),
    Text(TextRequest),
}

/// Result of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogAnswer {
    /// The dialog was cancelled.
    Left,
    /// Index of the pressed button.
    Pressed(u32),
    /// The entered text; the kernel truncates text over the limit.
    Entered(String),
}

impl DialogRequest {
    /// The title's default: the focused button, or the initial text.
    pub fn suggestion(&self) -> DialogAnswer {
        match self {
            Self::Message(message) => DialogAnswer::Pressed(message.focus),
            Self::Text(text) => DialogAnswer::Entered(text.default.clone()),
        }
    }
}

/// Dialog port. At most one dialog is open at a time.
pub trait Dialogs: Send {
    /// Opens a dialog.
    fn open(&mut self, request: DialogRequest, now: GuestTicks);

    /// Polls for the answer of the open dialog; `None` until it is answered.
    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer>;

    /// Closes the open dialog without an answer: the title cancels it, the machine goes back to a
    /// moment before it, or it belongs to a kernel that another replaces.
    fn withdraw(&mut self) {}
}

/// Answers every dialog with the title's default.
#[derive(Clone, Debug, Default)]
pub struct NoDialogs(Option<DialogAnswer>);

impl Dialogs for NoDialogs {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        self.0 = Some(request.suggestion());
    }

    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.0.take()
    }

    fn withdraw(&mut self) {
        self.0 = None;
    }
}
