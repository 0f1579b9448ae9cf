//! A dialog of the console over the picture: a message with buttons, or a text that is entered with
//! a keyboard of letters.
//!
//! The machine's owner moves the choice, by guest time; here it is only shown, and clicks are
//! passed on. The focus follows the choice, so that it can be read out.

use egui::{Align2, Area, Button, Context, Frame, Id, Label, Order, RichText, Role, Ui, WidgetInfo, vec2};

/// Width of a dialog in points.
const WIDTH: f32 = 560.0;
/// Size of a letter's button in points.
const LETTER: f32 = 34.0;

/// A dialog, with its present choice. Texts are cut to what fits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleDialog {
    /// Heading; empty for none.
    pub title: String,
    /// The text, line by line.
    pub text: Vec<String>,
    /// The buttons or letters.
    pub choice: DialogChoice,
    /// The keys and buttons by which it is operated, line by line.
    pub keys: Vec<String>,
}

/// Choice in a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogChoice {
    /// One of these buttons.
    Buttons {
        /// Labels of the buttons.
        labels: Vec<String>,
        /// Index of the one that is chosen.
        chosen: usize,
    },
    /// A text, from letters.
    Letters {
        /// The text so far.
        typed: String,
        /// The letters, row by row.
        rows: Vec<Vec<char>>,
        /// Row and column of the letter that is chosen.
        chosen: (usize, usize),
    },
}

impl Default for DialogChoice {
    fn default() -> Self {
        Self::Buttons { labels: Vec::new(), chosen: 0 }
    }
}

/// Part of a dialog that the mouse has clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogPick {
    /// The button with this index.
    Button(usize),
    /// The letter in this row and column.
    Letter(usize, usize),
    /// Capital letters, or small ones.
    Capitals,
    /// The last letter is taken away.
    Erase,
    /// The text is taken.
    Finish,
    /// The dialog is left.
    Leave,
}

/// Buttons below the letters, for the mouse.
const BELOW: [(&str, DialogPick); 4] = [
    ("Capitals", DialogPick::Capitals),
    ("Erase", DialogPick::Erase),
    ("Done", DialogPick::Finish),
    ("Cancel", DialogPick::Leave),
];

/// Shows a dialog in the middle. Returns the clicked part.
pub(super) fn show(context: &Context, dialog: &ConsoleDialog) -> Option<DialogPick> {
    let area = Area::new(Id::unique("console dialog")).order(Order::Middle);
    let shown = area.anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        let frame = Frame::window(ui.style()).inner_margin(20.0);
        frame.show(ui, |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 60.0));
            contents(ui, dialog)
        })
    });
    shown.inner.inner
}

fn contents(ui: &mut Ui, dialog: &ConsoleDialog) -> Option<DialogPick> {
    let mut picked = None;
    if !dialog.title.is_empty() {
        ui.vertical_centered(|ui| ui.heading(&dialog.title));
    }
    for line in &dialog.text {
        ui.label(line);
    }
    ui.add_space(8.0);
    match &dialog.choice {
        DialogChoice::Buttons { labels, chosen } => {
            for (index, label) in labels.iter().enumerate() {
                let width = ui.available_width();
                let button = ui.add(Button::new(label).min_size(vec2(width, 0.0)).truncate());
                if index == *chosen {
                    button.request_focus();
                }
                if button.clicked() {
                    picked = Some(DialogPick::Button(index));
                }
            }
        }
        DialogChoice::Letters { typed, rows, chosen } => {
            let field = ui.add(Label::new(RichText::new(format!("{typed}\u{2581}")).monospace().strong()));
            field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, typed));
            ui.add_space(8.0);
            for (row, letters) in rows.iter().enumerate() {
                ui.horizontal(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    for (column, letter) in letters.iter().enumerate() {
                        // The letter itself would be a button without a label.
                        let label = if *letter == ' ' { "space".to_owned() } else { letter.to_string() };
                        let button = ui.add(Button::new(label).min_size(vec2(LETTER, LETTER)));
                        if (row, column) == *chosen {
                            button.request_focus();
                        }
                        if button.clicked() {
                            picked = Some(DialogPick::Letter(row, column));
                        }
                    }
                });
            }
            ui.horizontal(|ui| {
                for (label, pick) in BELOW {
                    if ui.add(Button::new(label)).clicked() {
                        picked = Some(pick);
                    }
                }
            });
        }
    }
    ui.add_space(8.0);
    for line in &dialog.keys {
        ui.label(RichText::new(line).size(15.0).weak());
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::super::{OverlayText, PageCommand};
    use super::*;
    use egui::Key;

    fn driver(choice: DialogChoice) -> Driver {
        let dialog = ConsoleDialog { title: "Save?".to_owned(), choice, ..ConsoleDialog::default() };
        Driver::without_page(OverlayText { dialog: Some(dialog), ..OverlayText::default() })
    }

    #[test]
    fn the_mouse_clicks_buttons_and_keys_are_left_to_the_machines_owner() {
        let labels = ["Yes", "No"].map(str::to_owned).to_vec();
        let mut driver = driver(DialogChoice::Buttons { labels, chosen: 0 });
        assert_eq!(driver.click("No"), [PageCommand::Pick(DialogPick::Button(1))]);
        assert_eq!(driver.click("Yes"), [PageCommand::Pick(DialogPick::Button(0))]);
        assert_eq!(driver.click("Save?"), []);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Escape]), []);
    }

    #[test]
    fn the_mouse_writes_a_text_and_ends_it() {
        let rows = vec![vec!['a', 'b'], vec!['c', 'd', ' ']];
        let mut driver = driver(DialogChoice::Letters { typed: "Pla".to_owned(), rows, chosen: (0, 0) });
        for (label, pick) in [
            ("d", DialogPick::Letter(1, 1)),
            ("space", DialogPick::Letter(1, 2)),
            ("Capitals", DialogPick::Capitals),
            ("Erase", DialogPick::Erase),
            ("Done", DialogPick::Finish),
            ("Cancel", DialogPick::Leave),
        ] {
            assert_eq!(driver.click(label), [PageCommand::Pick(pick)]);
        }
    }
}
