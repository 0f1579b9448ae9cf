//! Typed text: by the host's keyboard, or by letters on the page, which a pad chooses.

use super::widgets::focus_first;
use egui::{Button, Event, Key, Ui, vec2};

/// Longest text in bytes.
const MAX_TEXT: usize = 4096;
/// Longest search text in bytes.
pub(super) const MAX_SEARCH: usize = 100;
/// Size of a letter's button in points.
const LETTER: egui::Vec2 = vec2(36.0, 30.0);

/// Letters of the page, by row: plain, and with shift.
const ROWS: [(&str, &str); 4] = [
    ("1234567890-_", "!\"#$%&()[]+;"),
    ("qwertyuiop.:", "QWERTYUIOP.:"),
    ("asdfghjkl/\\~", "ASDFGHJKL/\\~"),
    ("zxcvbnm,=*@'", "ZXCVBNM<>|?^"),
];

/// A search text with typed letters added; `None` if it stays as it is. A space does not begin it:
/// that key presses the widget with the focus.
pub(super) fn extended_search(search: &str, typed: &str) -> Option<String> {
    let letters: String = typed.chars().filter(|letter| !letter.is_control()).collect();
    let is_start = search.is_empty() && letters.trim().is_empty();
    (!is_start && search.len() + letters.len() <= MAX_SEARCH).then(|| format!("{search}{letters}"))
}

/// Text that is typed.
#[derive(Debug, Default)]
pub(super) struct TypedText {
    pub(super) text: String,
    /// Whether the letters of the page are those with shift.
    shift: bool,
}

impl TypedText {
    /// Begins with this text.
    pub(super) fn begin(&mut self, text: &str) {
        *self = Self { text: text.to_owned(), shift: false };
    }

    /// Adds letters, up to the text's limit.
    fn add(&mut self, letters: &str) {
        if self.text.len() + letters.len() <= MAX_TEXT {
            self.text.extend(letters.chars().filter(|letter| !letter.is_control()));
        }
    }

    /// Takes the letters of the keyboard out of the events of a pass. Delete, a pad's Y, takes the
    /// last letter away.
    pub(super) fn take_keys(&mut self, events: &mut Vec<Event>) {
        events.retain(|event| match event {
            Event::Text(letters) => {
                self.add(letters);
                false
            }
            Event::Key { key: Key::Backspace | Key::Delete, pressed: true, .. } => {
                self.text.pop();
                false
            }
            // Its text follows.
            Event::Key { key: Key::Space, .. } => false,
            _ => true,
        });
    }

    /// Shows the text, its letters, and the button that ends it. Returns true if that was chosen.
    pub(super) fn show(&mut self, ui: &mut Ui, done: &str) -> bool {
        ui.monospace(format!("{}\u{2581}", self.text));
        ui.add_space(6.0);
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for (plain, shifted) in ROWS {
            ui.horizontal(|ui| {
                for letter in if self.shift { shifted } else { plain }.chars() {
                    let button = Button::new(letter.to_string()).min_size(LETTER);
                    if ui.add(button).clicked() {
                        self.add(letter.encode_utf8(&mut [0; 4]));
                    }
                }
            });
        }
        ui.horizontal(|ui| {
            let wide = |label| Button::new(label).min_size(vec2(3.0 * LETTER.x, LETTER.y));
            if ui.add(wide("Shift")).clicked() {
                self.shift = !self.shift;
            }
            if ui.add(wide("Space")).clicked() {
                self.add(" ");
            }
            if ui.add(wide("Delete")).clicked() {
                self.text.pop();
            }
            // A keyboard's Enter ends the text: the focus is here first.
            let response = ui.add(wide(done));
            focus_first(&response);
            response.clicked()
        })
        .inner
    }
}
