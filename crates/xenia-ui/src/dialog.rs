//! A dialog of the console over the picture: a message with buttons, or a text that is entered with
//! a keyboard of letters.
//!
//! The machine's owner moves the choice, by guest time; here it is only shown. The focus follows
//! the choice, so that it can be read out.

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

/// Shows a dialog in the middle.
pub(super) fn show(context: &Context, dialog: &ConsoleDialog) {
    let area = Area::new(Id::unique("console dialog")).order(Order::Middle);
    area.anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        Frame::window(ui.style()).inner_margin(20.0).show(ui, |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 60.0));
            contents(ui, dialog);
        });
    });
}

fn contents(ui: &mut Ui, dialog: &ConsoleDialog) {
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
                        let button = ui.add(Button::new(letter.to_string()).min_size(vec2(LETTER, LETTER)));
                        let button = if *letter == ' ' { button.accessible_name("space") } else { button };
                        if (row, column) == *chosen {
                            button.request_focus();
                        }
                    }
                });
            }
        }
    }
    ui.add_space(8.0);
    for line in &dialog.keys {
        ui.label(RichText::new(line).size(15.0).weak());
    }
}
