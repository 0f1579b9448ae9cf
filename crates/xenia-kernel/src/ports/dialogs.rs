//! Dialogs of the console's user interface, as the kernel sees them.
//!
//! The guest runs while a dialog is open, and looks as little like it as on a console: whoever
//! shows one is asked from time to time whether it was answered.

use xenia_sched::GuestTicks;

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

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogRequest {
    /// A message with buttons.
    Message(MessageBox),
    /// A line of text.
    Text(TextRequest),
}

/// What came of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogAnswer {
    /// It was left.
    Left,
    /// The button that was pressed, an index.
    Pressed(u32),
    /// The text that was entered; what is too long is cut.
    Entered(String),
}

impl DialogRequest {
    /// What the title suggests: the button with the focus, the text that is there.
    pub fn suggestion(&self) -> DialogAnswer {
        match self {
            Self::Message(message) => DialogAnswer::Pressed(message.focus),
            Self::Text(text) => DialogAnswer::Entered(text.default.clone()),
        }
    }
}

/// Whoever answers dialogs. There is one at a time.
pub trait Dialogs: Send {
    /// A dialog appears.
    fn open(&mut self, request: DialogRequest, now: GuestTicks);

    /// What the dialog that is open was answered, once it was. Asked again and again until then.
    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer>;
}

/// Nobody is asked: what the title suggests is the answer.
#[derive(Clone, Debug, Default)]
pub struct NoDialogs(Option<DialogAnswer>);

impl Dialogs for NoDialogs {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        self.0 = Some(request.suggestion());
    }

    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.0.take()
    }
}
