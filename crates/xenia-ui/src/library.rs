//! Library: the titles that can be run. It is the page of a window without a title.

mod keys;
mod order;
mod rows;
#[cfg(test)]
mod tests;

pub(super) use keys::take_keys;

use super::input::walk;
use super::page::{MenuPage, Outcome};
use super::typing::{MAX_SEARCH, TypedText};
use super::widgets::{entry, focus_first};
use super::{LibraryEntry, LibraryModel, LibraryView, PageCommand, PageModel};
use crate::pictures::Textures;
use egui::{
    Align, Button, Color32, EventFilter, Frame, Id, Label, Layout, Margin, RichText, ScrollArea, Sense, Ui,
};
use order::Order;
use std::time::Duration;

/// Largest number of files on the page of unread ones.
const MAX_UNREAD: usize = 200;
/// Room on that page for its heading and its entry in points.
const AROUND_UNREAD: f32 = 200.0;

/// Hint if the folders have no titles.
const NO_TITLES: &str =
    "No titles were found: .xex and .elf files, disc images, packages and archives are titles";
/// Seconds between two updates of the ages of the titles' last runs.
const AGE_PERIOD: f64 = 60.0;

/// State of the library's page.
#[derive(Default)]
pub(super) struct LibraryState {
    /// Letters that are searched for.
    search: String,
    /// How titles are shown.
    view: LibraryView,
    /// Whether that was changed on the page.
    is_changed: bool,
    /// Titles that the page shows.
    order: Order,
    /// Position of the title that has the focus, or had it last.
    position: usize,
    /// Whether this title has the focus.
    has_focus: bool,
    /// Whether the title at the position is to get the focus.
    needs_focus: bool,
    /// Titles in a row, and rows that fit on the page.
    columns: usize,
    visible_rows: usize,
    /// Outcome of a key.
    outcome: Option<Outcome>,
    /// Time of the last update of the ages, in seconds.
    renewed_at: Option<f64>,
    /// Textures of the icons that were shown last.
    icons: Textures,
}

impl std::fmt::Debug for LibraryState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LibraryState").field("search", &self.search).finish_non_exhaustive()
    }
}

impl LibraryState {
    /// Lets the title that had the focus last have it again.
    pub(super) fn open(&mut self) {
        self.needs_focus = true;
    }

    /// The title that has the focus, or had it last.
    pub(super) fn chosen(&self) -> Option<&LibraryEntry> {
        self.order.entry(self.position)
    }

    /// Shows the titles that match another text.
    fn find(&mut self, search: String) {
        self.search = search;
        self.position = 0;
        self.needs_focus = true;
    }
}

/// Shows the titles.
pub(super) fn show(ui: &mut Ui, model: &PageModel, state: &mut LibraryState) -> Vec<Outcome> {
    let library = model.library.clone().unwrap_or_default();
    if !state.is_changed {
        state.view = library.view;
    }
    state.position = state.order.update(&library.entries, &state.search, state.view.sort, state.position);
    let mut outcome = state.outcome.take();
    Frame::NONE.fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(24, 14)).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        outcome = outcome.take().or(bar(ui, &library, state));
        ui.add_space(6.0);
        let foot = 56.0;
        let height = (ui.available_height() - foot).max(60.0);
        let chosen = rows::show(ui, height, &library, state);
        outcome = outcome.take().or(chosen);
        below(ui, &library, state.chosen().filter(|_| state.view.is_grid));
    });
    let ages = renew_ages(ui, state);
    outcome.into_iter().chain(ages).collect()
}

/// The command that brings ages up to date, once a minute. The page is shown again for it.
fn renew_ages(ui: &Ui, state: &mut LibraryState) -> Option<Outcome> {
    let now = ui.input(|input| input.time);
    let rest = *state.renewed_at.get_or_insert(now) + AGE_PERIOD - now;
    if rest > 0.0 {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(rest.min(AGE_PERIOD)));
        return None;
    }
    state.renewed_at = Some(now);
    ui.ctx().request_repaint_after(Duration::from_secs_f64(AGE_PERIOD));
    Some(Outcome::Do(PageCommand::RenewAges))
}

/// The bar above the titles.
fn bar(ui: &mut Ui, library: &LibraryModel, state: &mut LibraryState) -> Option<Outcome> {
    let mut outcome = None;
    ui.horizontal(|ui| {
        ui.heading("Library");
        ui.add_space(12.0);
        let shown = state.order.titles().len();
        let text = match (&library.progress, state.search.as_str()) {
            (_, search) if !search.is_empty() => format!("\u{201c}{search}\u{201d}: {shown} found"),
            (Some(progress), _) => progress.clone(),
            (None, _) if shown == 1 => "1 title".to_owned(),
            (None, _) => format!("{shown} titles"),
        };
        ui.label(text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.add(Button::new("Menu")).clicked() {
                outcome = Some(Outcome::Go(MenuPage::Menu));
            }
            let mut view = state.view;
            if ui.add(Button::new(if view.is_grid { "Grid" } else { "List" })).clicked() {
                view.is_grid = !view.is_grid;
            }
            if ui.add(Button::new(format!("By {}", view.sort.name()))).clicked() {
                view.sort = view.sort.next();
                state.position = 0;
            }
            if ui.add(Button::new("Search")).clicked() {
                outcome = Some(Outcome::Go(MenuPage::FindTitle));
            }
            if view != state.view {
                state.view = view;
                state.is_changed = true;
                outcome = Some(Outcome::Do(PageCommand::ShowLibrary(view)));
            }
        });
    });
    outcome
}

/// Shows the letters that search, for a pad.
pub(super) fn find(ui: &mut Ui, state: &mut LibraryState, typed: &mut TypedText) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Search titles"));
    ui.add_space(4.0);
    let mut outcome = None;
    if typed.show(ui, "Done") {
        let text = typed.text.trim();
        state.find(text[..text.floor_char_boundary(MAX_SEARCH)].to_owned());
        outcome = Some(Outcome::Go(MenuPage::Library));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Library));
    }
    outcome
}

/// The lines below the titles: what went wrong, or the whole name of the title that is chosen in a
/// grid, whose cells cut it off; and the keys.
fn below(ui: &mut Ui, library: &LibraryModel, chosen: Option<&LibraryEntry>) {
    ui.add_space(4.0);
    let small = |text: &str, colour: Color32| RichText::new(text).size(15.0).color(colour);
    let weak = ui.visuals().weak_text_color();
    let first = match library.failures.as_slice() {
        [] if library.folders.as_ref().is_some_and(Vec::is_empty) => {
            "No folder of titles is named: drop one here, or choose Add a folder in the menu".to_owned()
        }
        [] if library.has_empty_folders() => NO_TITLES.to_owned(),
        [] => chosen.map(|entry| format!("{}    {}", entry.name, entry.kind)).unwrap_or_default(),
        // The end of a line may be cut off.
        [failure] => format!("See Unread files in the menu: {failure}"),
        [failure, ..] => format!("Unread files (all {} in the menu): {failure}", library.failures.len()),
    };
    let colour = if library.failures.is_empty() { weak } else { ui.visuals().warn_fg_color };
    ui.add(Label::new(small(&first, colour)).truncate());
    let keys = "Enter or A: start    Delete or Y: details    Escape or B: menu    Letters: search";
    ui.add(Label::new(small(keys, weak)).truncate());
}

/// Shows all files and folders that could not be read.
pub(super) fn show_unread(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let library = model.library.clone().unwrap_or_default();
    ui.vertical_centered(|ui| ui.heading("Unread files"));
    ui.add_space(8.0);
    let height = (ui.ctx().content_rect().height() - AROUND_UNREAD).max(60.0);
    let scrolled_to = Id::unique("unread file that was scrolled to");
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        let more = library.failures.len().checked_sub(MAX_UNREAD).filter(|more| *more > 0);
        let more = more.map(|more| format!("and {more} more"));
        let mut rows = Vec::new();
        for text in library.failures.iter().take(MAX_UNREAD).chain(&more) {
            // Keys and pads scroll by moving the focus.
            let row = ui.add(Label::new(text).sense(Sense::focusable_noninteractive()));
            focus_first(&row);
            // Only once, as a wheel may scroll away from it.
            if row.has_focus() && ui.ctx().data(|data| data.get_temp::<Id>(scrolled_to)) != Some(row.id) {
                ui.ctx().data_mut(|data| data.insert_temp(scrolled_to, row.id));
                row.scroll_to_me(None);
            }
            rows.push(row);
        }
        walk(ui, &rows, EventFilter::default());
    });
    ui.add_space(8.0);
    entry(ui, "Back").then_some(Outcome::Go(MenuPage::Library))
}

/// Opens a title.
fn open(entry: &LibraryEntry) -> Outcome {
    Outcome::Do(PageCommand::Open(entry.path.clone()))
}
