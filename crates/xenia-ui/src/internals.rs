//! Page of the machine's internals, read-only: threads and what they wait for, kernel objects,
//! locks, files, the graphics chip. The rows are those of the debugger in the terminal.

use super::page::{MenuPage, Outcome};
use super::widgets::{entry, focus_first};
use super::{InternalsPane, PageCommand, PageModel};
use egui::{Button, Label, RichText, Ui};
use std::ops::Range;

/// Rows of a pane that are shown at a time.
const ROWS: usize = 20;

/// Size of the rows' letters in points.
const LETTERS: f32 = 12.0;

/// The part of the internals that the page shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InternalsView {
    pane: usize,
    /// The first row that is shown.
    first: usize,
}

impl InternalsView {
    /// The rows that are shown, out of this number.
    fn shown(self, rows: usize) -> Range<usize> {
        let first = self.first.min(rows.saturating_sub(1));
        first..rows.min(first + ROWS)
    }
}

/// Shows the page.
pub(super) fn show(ui: &mut Ui, model: &PageModel, view: &mut InternalsView) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Internals"));
    ui.add_space(8.0);
    let mut outcome = None;
    match &model.internals {
        Some(panes) => {
            ui.horizontal_wrapped(|ui| {
                for (index, pane) in panes.iter().enumerate() {
                    let response = ui.add(Button::selectable(view.pane == index, &pane.name));
                    focus_first(&response);
                    if response.clicked() {
                        *view = InternalsView { pane: index, first: 0 };
                    }
                }
            });
            if let Some(pane) = panes.get(view.pane) {
                show_pane(ui, pane, view);
            }
        }
        None => {
            ui.label("The machine has not answered yet: it may be busy.");
        }
    }
    ui.add_space(8.0);
    if entry(ui, "Look again") {
        outcome = Some(Outcome::Do(PageCommand::RequestInternals));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

fn show_pane(ui: &mut Ui, pane: &InternalsPane, view: &mut InternalsView) {
    let line = |ui: &mut Ui, text: RichText| ui.add(Label::new(text.monospace().size(LETTERS)).truncate());
    let shown = view.shown(pane.rows.len());
    let first = shown.start + 1;
    let last = shown.end;
    let all = pane.rows.len();
    ui.horizontal(|ui| {
        ui.label(format!("{}: rows {first} to {last}", pane.title));
        if all > ROWS {
            if ui.add_enabled(shown.start > 0, Button::new("Earlier rows")).clicked() {
                view.first = shown.start.saturating_sub(ROWS);
            }
            if ui.add_enabled(last < all, Button::new("Later rows")).clicked() {
                view.first = last;
            }
        }
    });
    if let Some(heading) = &pane.heading {
        line(ui, RichText::new(heading).strong());
    }
    for row in &pane.rows[shown] {
        line(ui, RichText::new(row));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use egui::Key;
    use std::sync::Arc;

    fn pane(name: &str, count: usize) -> InternalsPane {
        let rows = (1..=count).map(|number| format!("{name} row {number}.")).collect();
        let title = format!("{name} ({count})");
        InternalsPane { name: name.to_owned(), title, heading: Some(format!("{name} columns")), rows }
    }

    fn running() -> PageModel {
        PageModel { is_running: true, ..PageModel::default() }
    }

    #[test]
    fn the_page_queries_the_machine_when_it_is_opened() {
        let mut driver = Driver::new(MenuPage::Menu, running());
        assert_eq!(driver.click("Internals"), [PageCommand::RequestInternals]);
        assert_eq!(driver.page(), Some(MenuPage::Internals));
        assert!(driver.shows("The machine has not answered yet: it may be busy."));
        driver.change(|model| model.internals = Some(Arc::new(vec![pane("threads", 3), pane("files", 45)])));
        assert!(
            driver.shows("threads columns")
                && driver.shows("threads row 3.")
                && !driver.shows("files row 1.")
        );
        assert_eq!(driver.click("Look again"), [PageCommand::RequestInternals]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn long_panes_are_shown_in_parts() {
        let internals = Some(Arc::new(vec![pane("threads", 0), pane("files", 45)]));
        let mut driver = Driver::new(MenuPage::Internals, PageModel { internals, ..running() });
        assert!(!driver.shows("Later rows"));
        assert_eq!(driver.click("files"), []);
        assert!(driver.shows("files row 20.") && !driver.shows("files row 21."));
        driver.click("Later rows");
        driver.click("Later rows");
        assert!(driver.shows("files row 45.") && !driver.shows("files row 40."));
        driver.click("Earlier rows");
        assert!(driver.shows("files row 21.") && !driver.shows("files row 20."));
        // The machine has gone on: there are fewer rows than before.
        driver.change(|model| model.internals = Some(Arc::new(vec![pane("threads", 0), pane("files", 5)])));
        assert!(driver.shows("files row 5."));
        driver.change(|model| model.internals = Some(Arc::default()));
        assert!(!driver.shows("files row 5."));
    }

    #[test]
    fn a_title_that_has_ended_has_no_internals() {
        let mut driver = Driver::new(MenuPage::Menu, PageModel::default());
        assert!(!driver.shows("Internals"));
    }
}
