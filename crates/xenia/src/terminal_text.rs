//! Text for terminals: it may come from a title, and must not control them.

/// Text with terminal control characters made visible; line breaks and tabs stay.
pub fn visible(text: &str) -> String {
    let plain = |c: char| c == '\n' || c == '\t' || !c.is_control();
    text.chars().map(|c| if plain(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_control_characters_are_replaced() {
        assert_eq!(
            visible("a\tb\n\x1b]0;owned\x07\r\u{9b}1m"),
            "a\tb\n\u{FFFD}]0;owned\u{FFFD}\u{FFFD}\u{FFFD}1m"
        );
    }
}
