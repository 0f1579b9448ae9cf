//! Keeps the end of a title's output, for runs that end unexpectedly.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use xenia_kernel::ports::TextSink;

/// Number of bytes kept.
const LENGTH: usize = 16 << 10;

/// A ring buffer of the title's latest output; clones share it.
#[derive(Clone)]
pub(super) struct OutputTail(Arc<Mutex<VecDeque<u8>>>);

impl OutputTail {
    /// An empty buffer, fully allocated, so that the process's memory does not grow with the
    /// output.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(VecDeque::with_capacity(LENGTH))))
    }

    /// Clears the buffer, and returns a sink for the next title.
    pub(super) fn next_title_sink(&self) -> TextSink {
        self.0.lock().clear();
        let words = self.clone();
        Box::new(move |text| words.take(text))
    }

    fn take(&self, text: &[u8]) {
        let mut kept = self.0.lock();
        let new = &text[text.len().saturating_sub(LENGTH)..];
        let excess = (kept.len() + new.len()).saturating_sub(LENGTH);
        kept.drain(..excess);
        kept.extend(new);
    }

    /// The contents; a character whose first bytes were dropped is left out.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.0.lock().make_contiguous()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_within_the_initial_capacity() {
        let words = OutputTail::new();
        let mut say = words.next_title_sink();
        let room = words.0.lock().capacity();
        for number in 0..10_000 {
            say(format!("line {number}\n").as_bytes());
        }
        assert!(words.text().ends_with("\nline 9998\nline 9999\n"));
        assert_eq!(words.text().len(), LENGTH);
        say("é".repeat(LENGTH).as_bytes());
        say(b"!");
        assert!(words.text().starts_with("\u{FFFD}é") && words.text().ends_with("é!"));
        assert_eq!(words.0.lock().capacity(), room);
        words.next_title_sink()(b"short");
        assert_eq!(words.text(), "short");
    }
}
