//! Keys of the terminal, and their names in scripts.

use anyhow::{Result, bail};
use crossterm::event::KeyCode;

/// A key without modifiers; the letter has its case.
pub(crate) type HostKey = KeyCode;

/// The key of a word in a script.
pub(crate) fn parse_key(word: &str) -> Result<HostKey> {
    let mut letters = word.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Ok(KeyCode::Char(letter));
    }
    Ok(match word {
        "Tab" => KeyCode::Tab,
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "PageUp" => KeyCode::PageUp,
        "PageDown" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "Space" => KeyCode::Char(' '),
        _ => bail!(
            "`{word}` is not a key: Tab, Enter, Esc, Up, Down, PageUp, PageDown, Backspace, Space, a letter"
        ),
    })
}
