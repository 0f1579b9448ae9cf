//! The page of all settings: each with its value and the source that holds.
//!
//! ```text
//!  list ──Enter──▶ one setting ──"Type it"──▶ letters
//!   └─ left, right: the next value; Delete: as it is without the table; letters: search
//! ```
//!
//! A change is written to the settings file at once. Settings that are live act at once, too.

mod offered;
mod one;
#[cfg(test)]
mod tests;

pub(super) use one::{show as show_one, type_text};

use super::input::walk;
use super::model::worded;
use super::page::{MenuPage, Outcome};
use super::typing::{MAX_SEARCH, TypedText, extended_search};
use super::widgets::{entry, row_of};
use super::{PageCommand, PageModel, SettingEntry, SettingTarget, SettingValue, SettingsModel};
use egui::{Event, EventFilter, Key, Response, RichText, ScrollArea, Ui};

/// Longest value of a row in letters.
const MAX_VALUE: usize = 30;
/// Room around the list in points.
const AROUND: f32 = 330.0;

/// State of the pages.
#[derive(Debug, Default)]
pub(super) struct SettingsState {
    search: String,
    /// Key of the setting that was chosen.
    chosen: Option<String>,
    /// Whether its row takes the focus.
    needs_focus: bool,
    /// Element of the list that is typed; `None`: a new one, or the only value.
    element: Option<usize>,
    /// Text that is typed.
    pub(super) typed: TypedText,
}

impl SettingsState {
    /// Prepares a page that is opened.
    pub(super) fn open(&mut self, page: MenuPage) {
        match page {
            MenuPage::AllSettings => self.needs_focus = self.chosen.is_some(),
            MenuPage::Menu | MenuPage::Library => {
                self.chosen = None;
                self.search = String::new();
            }
            MenuPage::FindSetting => self.typed.begin(&self.search),
            _ => {}
        }
    }

    /// The setting that was chosen.
    fn entry<'a>(&self, model: &'a PageModel) -> Option<&'a SettingEntry> {
        let chosen = self.chosen.as_deref()?;
        model.all_settings.as_ref()?.entries.iter().find(|entry| entry.key == chosen)
    }

    /// Takes the keys that search out of the events of a pass.
    pub(super) fn take_keys(&mut self, events: &mut Vec<Event>) {
        let before = self.search.clone();
        events.retain(|event| match event {
            Event::Text(text) => {
                if let Some(search) = extended_search(&self.search, text) {
                    self.search = search;
                }
                false
            }
            Event::Key { key: Key::Space, .. } => self.search.is_empty(),
            Event::Key { key: Key::Backspace, pressed: true, .. } => {
                self.search.pop();
                false
            }
            Event::Key { key: Key::Escape, pressed: true, .. } if !self.search.is_empty() => {
                self.search.clear();
                false
            }
            _ => true,
        });
        if self.search != before {
            self.chosen = None;
            self.needs_focus = true;
        }
    }
}

/// The value that holds, as the page shows it: of live settings the present one, which may have
/// been changed by a key.
fn present(model: &PageModel, shown: &SettingEntry) -> (Option<String>, String) {
    let target = model.all_settings.as_ref().map(|settings| &settings.target);
    let is_here = !matches!(target, Some(SettingTarget::Title(_)));
    let live = model.settings.iter().find(|live| live.key == shown.key && shown.is_live && is_here);
    let own = (!shown.values.is_empty()).then(|| shown.values.join(", "));
    match live {
        // Of a setting that may be unset, such as `osd`, the window names its default, `off`.
        Some(live) if own.as_ref() != Some(&live.value) && !(own.is_none() && live.value == "off") => {
            (Some(live.value.clone()), "this window".to_owned())
        }
        _ => (own, shown.source.clone()),
    }
}

/// Value and source at the right side of a row.
fn details(model: &PageModel, shown: &SettingEntry) -> String {
    let (value, source) = present(model, shown);
    let value = value.as_deref().map_or("-", |value| worded(&shown.form, value));
    let letters = value.chars().count();
    // The end of a path is more informative than its beginning.
    let value = if letters > MAX_VALUE {
        format!("\u{2026}{}", value.chars().skip(letters - MAX_VALUE).collect::<String>())
    } else {
        value.to_owned()
    };
    format!("{value}  ({source})")
}

/// Shows the page.
pub(super) fn show(ui: &mut Ui, model: &PageModel, state: &mut SettingsState) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    ui.vertical_centered(|ui| ui.heading("All settings"));
    ui.add_space(4.0);
    let Some(settings) = &model.all_settings else { return outcomes };
    if let Some(failure) = &settings.failure {
        ui.label(failure);
        if entry(ui, "Back") {
            outcomes.push(back(model));
        }
        return outcomes;
    }
    match &settings.other {
        Some(other) if row_of(ui, "Table", &settings.name).clicked() => {
            outcomes.push(Outcome::Do(PageCommand::ShowSettings(other.clone())));
        }
        Some(_) => {}
        None => _ = ui.vertical_centered(|ui| ui.label(&settings.name)),
    }
    let search = if state.search.is_empty() { "letters search" } else { &state.search };
    if row_of(ui, "Search", search).clicked() {
        outcomes.push(Outcome::Go(MenuPage::FindSetting));
    }
    ui.add_space(4.0);
    let height = (ui.ctx().content_rect().height() - AROUND).clamp(100.0, 420.0);
    // Each table is scrolled by itself.
    let area = ScrollArea::vertical().id_salt(&settings.name);
    area.max_height(height).auto_shrink([false, false]).show(ui, |ui| {
        outcomes.extend(rows(ui, model, settings, state));
    });
    ui.add_space(4.0);
    ui.vertical_centered(|ui| ui.label("Left, right: change. Enter: more. Delete: reset."));
    if settings.entries.iter().any(|entry| entry.is_set) && entry(ui, "Reset all\u{2026}") {
        outcomes.push(Outcome::Go(MenuPage::AskReset));
    }
    if entry(ui, "Back") {
        outcomes.push(back(model));
    }
    outcomes
}

/// Result of leaving the page.
pub(super) fn back(model: &PageModel) -> Outcome {
    let settings = model.all_settings.as_ref();
    let is_of_library = settings.is_some_and(|settings| matches!(settings.target, SettingTarget::Title(_)));
    Outcome::Go(if is_of_library { MenuPage::Title } else { MenuPage::Settings })
}

/// Shows the rows of the settings that the search finds.
fn rows(ui: &mut Ui, model: &PageModel, settings: &SettingsModel, state: &mut SettingsState) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let mut rows: Vec<Response> = Vec::new();
    let mut heading = "";
    for shown in settings.entries.iter().filter(|shown| shown.has(&state.search)) {
        if shown.heading != heading {
            heading = &shown.heading;
            ui.label(RichText::new(heading).strong());
        }
        let response = row_of(ui, &shown.label(), &details(model, shown));
        let is_wanted = state.chosen.as_ref().is_none_or(|key| *key == shown.key);
        if state.needs_focus && is_wanted {
            state.needs_focus = false;
            response.request_focus();
            response.scroll_to_me(None);
        }
        if response.clicked() {
            state.chosen = Some(shown.key.clone());
            outcomes.push(Outcome::Go(MenuPage::OneSetting));
        }
        if response.has_focus() {
            outcomes.extend(keys(ui, model, shown));
        }
        rows.push(response);
    }
    if rows.is_empty() {
        ui.label("No setting has these words.");
    }
    walk(ui, &rows, EventFilter { horizontal_arrows: true, ..EventFilter::default() });
    outcomes
}

/// Changes a setting by the keys of its row.
fn keys(ui: &Ui, model: &PageModel, shown: &SettingEntry) -> Option<Outcome> {
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::Delete) && shown.is_set {
        return Some(change(shown, None));
    }
    let forward = pressed(Key::ArrowRight);
    if !forward && !pressed(Key::ArrowLeft) {
        return None;
    }
    let (value, _) = present(model, shown);
    let next = shown.form.step(value.as_deref(), forward)?;
    Some(change(shown, Some(SettingValue::One(next))))
}

/// The command that changes a setting; `None`: resets it.
fn change(shown: &SettingEntry, value: Option<SettingValue>) -> Outcome {
    Outcome::Do(PageCommand::Change { key: shown.key.clone(), value })
}

/// Shows the letters that search.
pub(super) fn find(ui: &mut Ui, state: &mut SettingsState) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Search settings"));
    ui.add_space(4.0);
    let mut outcome = None;
    if state.typed.show(ui, "Done") {
        state.search.clone_from(&state.typed.text);
        state.search.truncate(state.search.floor_char_boundary(MAX_SEARCH));
        state.chosen = None;
        outcome = Some(Outcome::Go(MenuPage::AllSettings));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::AllSettings));
    }
    outcome
}

/// Asks before all settings of a table are reset.
pub(super) fn ask_reset(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let settings = model.all_settings.as_ref()?;
    let set: Vec<&str> =
        settings.entries.iter().filter(|entry| entry.is_set).map(|entry| entry.key.as_str()).collect();
    ui.vertical_centered(|ui| ui.heading(format!("Reset all settings of {}?", settings.name)));
    ui.label(format!("These are removed from the settings file: {}.", set.join(", ")));
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::AllSettings));
    }
    if entry(ui, "Reset") {
        outcome = Some(Outcome::Do(PageCommand::ResetSettings));
    }
    outcome
}
