//! Contents of the window.

use super::View;
use crate::window::mailbox::Mail;

/// Contents of the window, of which each covers those after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShownContents {
    /// A page of the user interface.
    Page,
    /// The page of keys.
    Keys,
    /// A machine that has stopped.
    Stopped,
    /// A dialog of the console.
    Dialog,
    /// The start of a machine that has shown no frame yet.
    Start,
    /// The newest frame.
    Frame,
}

impl View {
    /// The contents that the window shows.
    pub(super) fn shown(&self, mail: &Mail) -> ShownContents {
        if self.pages.page().is_some() {
            ShownContents::Page
        } else if self.help {
            ShownContents::Keys
        } else if mail.stopped.is_some() {
            ShownContents::Stopped
        } else if mail.dialog.is_some() {
            ShownContents::Dialog
        } else if self.frame.is_none() {
            ShownContents::Start
        } else {
            ShownContents::Frame
        }
    }
}
