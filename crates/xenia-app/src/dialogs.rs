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

    fn print(&mut self, heading: &str, title: &str, lines: &str) {
        let name = if title.is_empty() { heading.to_owned() } else { format!("{heading}: {title}") };
        // A terminal that is gone must not end the title.
        let _ = writeln!(self.out, "{}", visible(&name));
        for line in lines.lines() {
            let _ = writeln!(self.out, "  {}", visible(line));
        }
    }
}

/// Text of a title without what would command the terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl<W: Write + Send> Dialogs for TerminalDialogs<W> {
    fn message_box(&mut self, request: &MessageBox) -> Option<u32> {
        let heading = match request.icon {
            Icon::None => "the title asks",
            Icon::Error => "the title reports an error",
            Icon::Warning => "the title warns",
            Icon::Alert => "the title has something to say",
        };
        self.print(heading, &request.title, &request.text);
        let answer = NoDialogs.message_box(request);
        for (index, label) in request.buttons.iter().enumerate() {
            let mark = if answer == Some(index as u32) { " <- taken" } else { "" };
            let _ = writeln!(self.out, "  [{}]{mark}", visible(label));
        }
        answer
    }

    fn text(&mut self, request: &TextRequest) -> Option<String> {
        self.print("the title asks for text", &request.title, &request.description);
        let answer = NoDialogs.text(request);
        let _ = writeln!(self.out, "  {:?} <- taken", answer.as_deref().unwrap_or_default());
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
