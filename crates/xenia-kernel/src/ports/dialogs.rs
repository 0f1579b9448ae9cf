//! Dialogs of the console's user interface, as the kernel sees them.
//!
//! A dialog is over when the call returns: the guest does not run meanwhile, and what a person answers reaches it as the
//! result of its call.

/// The picture beside a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// None.
    None,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Something to be looked at.
    Alert,
}

/// A message with buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageBox {
    /// The user it is for, 0–3; `None`: any.
    pub user: Option<u32>,
    /// The picture beside it.
    pub icon: Icon,
    /// Its title; may be empty.
    pub title: String,
    /// Its text; may have several lines.
    pub text: String,
    /// Labels of the buttons, 1–3.
    pub buttons: Vec<String>,
    /// The button that has the focus at first, an index.
    pub focus: u32,
}

/// A line of text to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRequest {
    /// The user it is for, 0–3; `None`: any.
    pub user: Option<u32>,
    /// Title of the keyboard; may be empty.
    pub title: String,
    /// What the text is for; may be empty.
    pub description: String,
    /// The text that is there already.
    pub default: String,
    /// The longest text, in UTF-16 units.
    pub limit: u32,
}

/// Whoever answers dialogs.
pub trait Dialogs: Send {
    /// The button that was pressed, an index; `None`: the dialog was left without one.
    fn message_box(&mut self, request: &MessageBox) -> Option<u32>;

    /// The text that was entered; what is too long is cut. `None`: the dialog was left without one.
    fn text(&mut self, request: &TextRequest) -> Option<String>;
}

/// Nobody is asked: the button with the focus is pressed, the text that is there is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDialogs;

impl Dialogs for NoDialogs {
    fn message_box(&mut self, request: &MessageBox) -> Option<u32> {
        Some(request.focus)
    }

    fn text(&mut self, request: &TextRequest) -> Option<String> {
        Some(request.default.clone())
    }
}
