//! Dialogs of the console's user interface: answering policies and their log messages.
//!
//! | `--dialogs` | answer |
//! |---|---|
//! | accept | the default that the title suggests; used without a window |
//! | cancel | every dialog is cancelled |
//! | ask | the user answers in the window |
//!
//! The text of a dialog is logged with its answer; one that the title cancels is not.

#[cfg(feature = "window")]
mod panel;
#[cfg(feature = "window")]
mod window;

#[cfg(feature = "window")]
pub use window::{DialogKeys, WindowDialogs};

use crate::config::DialogPolicy;
use std::io::Write;
use xenia_kernel::ports::{DialogAnswer, DialogRequest, Dialogs, Icon};
use xenia_sched::GuestTicks;

/// Answers without asking: the title's default, or cancels.
#[derive(Debug, Default)]
pub struct AutomaticDialogs {
    cancels: bool,
    answer: Option<DialogAnswer>,
}

impl AutomaticDialogs {
    /// Answers by the policy; `ask` acts as `accept`, because there is no user to ask.
    pub fn new(policy: DialogPolicy) -> Self {
        Self { cancels: policy == DialogPolicy::Cancel, answer: None }
    }
}

impl Dialogs for AutomaticDialogs {
    fn open(&mut self, request: DialogRequest, _: GuestTicks) {
        self.answer = Some(if self.cancels { DialogAnswer::Left } else { request.suggestion() });
    }

    fn answer(&mut self, _: GuestTicks) -> Option<DialogAnswer> {
        self.answer.take()
    }

    fn withdraw(&mut self) {
        self.answer = None;
    }
}

/// Logs each dialog and its answer, and forwards the dialog to `inner`.
pub struct LoggedDialogs<W> {
    inner: Box<dyn Dialogs>,
    asked: Option<DialogRequest>,
    out: W,
}

impl<W: Write> LoggedDialogs<W> {
    /// Writes to `out`.
    pub fn new(inner: Box<dyn Dialogs>, out: W) -> Self {
        Self { inner, asked: None, out }
    }

    /// Prints a dialog in a single write, so that it is one message of the log.
    fn print(&mut self, request: &DialogRequest, answer: &DialogAnswer) {
        let (heading, title, lines, mut choices) = match request {
            DialogRequest::Message(message) => {
                let heading = match message.icon {
                    Icon::None => "the title asks",
                    Icon::Error => "the title reports an error",
                    Icon::Warning => "the title warns",
                    Icon::Alert => "the title has a message",
                };
                let mark = |index| if *answer == DialogAnswer::Pressed(index) { " <- taken" } else { "" };
                let labels = message.buttons.iter().zip(0..);
                let choices = labels.map(|(label, index)| format!("[{label}]{}", mark(index)));
                (heading, &message.title, &message.text, choices.collect::<Vec<String>>())
            }
            DialogRequest::Text(text) => {
                let entered = match answer {
                    DialogAnswer::Entered(entered) => vec![format!("{entered:?} <- taken")],
                    _ => Vec::new(),
                };
                ("the title asks for text", &text.title, &text.description, entered)
            }
        };
        if *answer == DialogAnswer::Left {
            choices.push("it is left".to_owned());
        }
        let name = if title.is_empty() { heading.to_owned() } else { format!("{heading}: {title}") };
        let mut text = visible_line(&name) + "\n";
        for line in lines.lines().chain(choices.iter().map(String::as_str)) {
            text.extend(["  ", &visible_line(line), "\n"]);
        }
        // A closed terminal must not end the title.
        let _ = self.out.write_all(text.as_bytes());
    }
}

/// A line of a title's text with control characters made visible, line breaks among them.
fn visible_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The log as a writer for [`LoggedDialogs`]: each dialog is one message, so the rate limit applies
/// to titles that ask endlessly.
pub struct DialogLog;

impl Write for DialogLog {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        tracing::warn!(target: "dialog", "{}", String::from_utf8_lossy(text).trim_end());
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<W: Write + Send> Dialogs for LoggedDialogs<W> {
    fn open(&mut self, request: DialogRequest, now: GuestTicks) {
        self.asked = Some(request.clone());
        self.inner.open(request, now);
    }

    fn answer(&mut self, now: GuestTicks) -> Option<DialogAnswer> {
        let answer = self.inner.answer(now)?;
        if let Some(request) = self.asked.take() {
            self.print(&request, &answer);
        }
        Some(answer)
    }

    fn withdraw(&mut self) {
        self.asked = None;
        self.inner.withdraw();
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use xenia_kernel::ports::{MessageBox, TextRequest};

    pub fn message() -> DialogRequest {
        DialogRequest::Message(MessageBox {
            user: None,
            icon: Icon::Error,
            title: String::new(),
            text: "No disc.\nInsert\x1b[2J one.".to_owned(),
            buttons: vec!["Retry".to_owned(), "Quit".to_owned()],
            focus: 1,
        })
    }

    pub fn text() -> DialogRequest {
        DialogRequest::Text(TextRequest {
            user: Some(0),
            title: "Name".to_owned(),
            description: String::new(),
            default: "Player".to_owned(),
            limit: 8,
        })
    }

    fn logged(request: DialogRequest, policy: DialogPolicy) -> (DialogAnswer, String) {
        let mut out = Vec::new();
        let mut dialogs = LoggedDialogs::new(Box::new(AutomaticDialogs::new(policy)), &mut out);
        assert_eq!(dialogs.answer(0), None);
        dialogs.open(request, 0);
        let answer = dialogs.answer(1).unwrap();
        assert_eq!(dialogs.answer(2), None);
        (answer, String::from_utf8(out).unwrap())
    }

    #[test]
    fn dialogs_are_logged_with_their_answers() {
        for (request, policy, answer, text) in [
            (
                message(),
                DialogPolicy::Accept,
                DialogAnswer::Pressed(1),
                "the title reports an error\n  No disc.\n  Insert\u{FFFD}[2J one.\n  [Retry]\n  [Quit] <- taken\n",
            ),
            (
                text(),
                DialogPolicy::Accept,
                DialogAnswer::Entered("Player".to_owned()),
                "the title asks for text: Name\n  \"Player\" <- taken\n",
            ),
            (
                text(),
                DialogPolicy::Cancel,
                DialogAnswer::Left,
                "the title asks for text: Name\n  it is left\n",
            ),
        ] {
            assert_eq!(logged(request, policy), (answer, text.to_owned()));
        }
    }
}
