//! Lists that are shown part by part.

use super::widgets::entry;
use egui::Ui;
use std::ops::Range;

/// Rows of a list with pictures that are shown at a time.
pub const LIST_ROWS: usize = 6;

/// Shows which part of a list is on the page, if it is not all of it.
pub(super) fn place(ui: &mut Ui, shown: &Range<usize>, total: usize) {
    if shown.len() < total {
        ui.vertical_centered(|ui| ui.label(format!("{} to {} of {total}", shown.start + 1, shown.end)));
    }
}

/// Entries that turn to the previous and next parts; a part has this number of rows. Returns the
/// first row of the part that was chosen.
pub(super) fn turn(ui: &mut Ui, shown: &Range<usize>, total: usize, part: usize) -> Option<usize> {
    let before = (shown.start > 0 && entry(ui, "Previous")).then(|| shown.start.saturating_sub(part));
    let after = (shown.end < total && entry(ui, "Next")).then_some(shown.end);
    before.or(after)
}
