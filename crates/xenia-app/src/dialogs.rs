//! Dialogs of the console's user interface, on the terminal.
//!
//! What a title says is printed; the answer is the one that the title suggests, so that a run needs nobody and is the same
//! every time.

use std::io::Write;
use xenia_kernel::ports::{Dialogs, Icon, MessageBox, NoDialogs, TextRequest};

/// Prints dialogs, and answers them as [`NoDialogs`] does.
pub struct TerminalDialogs<W> {
    out: W,
}

impl<W: Write> TerminalDialogs<W> {
    /// Prints to `out`.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// All of a dialog at once: it is one message of the log.
    fn print(&mut self, heading: &str, title: &str, lines: &str, choices: &[String]) {
        let name = if title.is_empty() { heading.to_owned() } else { format!("{heading}: {title}") };
        let mut text = visible(&name) + "\n";
        for line in lines.lines().chain(choices.iter().map(String::as_str)) {
            text.extend(["  ", &visible(line), "\n"]);
        }
        // A terminal that is gone must not end the title.
        let _ = self.out.write_all(text.as_bytes());
    }
}

/// Text of a title without what would command the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The log, as [`TerminalDialogs`] writes to it: a dialog is a message, and a title that asks without end is thinned out.
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

impl<W: Write + Send> Dialogs for TerminalDialogs<W> {
    fn message_box(&mut self, request: &MessageBox) -> Option<u32> {
        let heading = match request.icon {
            Icon::None => "the title asks",
            Icon::Error => "the title reports an error",
            Icon::Warning => "the title warns",
            Icon::Alert => "the title has something to say",
        };
        let answer = NoDialogs.message_box(request);
        let mark = |index| if answer == Some(index as u32) { " <- taken" } else { "" };
        let choices = request.buttons.iter().enumerate();
        let choices: Vec<String> =
            choices.map(|(index, label)| format!("[{label}]{}", mark(index))).collect();
        self.print(heading, &request.title, &request.text, &choices);
        answer
    }

    fn text(&mut self, request: &TextRequest) -> Option<String> {
        let answer = NoDialogs.text(request);
        let choice = format!("{:?} <- taken", answer.as_deref().unwrap_or_default());
        self.print("the title asks for text", &request.title, &request.description, &[choice]);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_printed_with_its_buttons() {
        let mut out = Vec::new();
        let request = MessageBox {
            user: None,
            icon: Icon::Error,
            title: String::new(),
            text: "No disc.\nInsert\x1b[2J one.".to_owned(),
            buttons: vec!["Retry".to_owned(), "Quit".to_owned()],
            focus: 1,
        };
        assert_eq!(TerminalDialogs::new(&mut out).message_box(&request), Some(1));
        let expected = "the title reports an error\n  No disc.\n  Insert\u{FFFD}[2J one.\n  [Retry]\n  [Quit] <- taken\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_request_for_text_takes_what_is_there() {
        let mut out = Vec::new();
        let request = TextRequest {
            user: Some(0),
            title: "Name".to_owned(),
            description: String::new(),
            default: "Player".to_owned(),
            limit: 15,
        };
        assert_eq!(TerminalDialogs::new(&mut out).text(&request).as_deref(), Some("Player"));
        assert_eq!(String::from_utf8(out).unwrap(), "the title asks for text: Name\n  \"Player\" <- taken\n");
    }
}
