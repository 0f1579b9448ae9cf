//! The page of one setting: its documentation, each source of its value, and all of its values.

use super::{SettingsState, change, offered, present};
use crate::input::walk;
use crate::model::{OFF, worded};
use crate::page::{MenuPage, Outcome};
use crate::widgets::{entry, focus_first, row_of};
use crate::{PageModel, SettingEntry, SettingForm, SettingTarget, SettingValue};
use egui::{EventFilter, Grid, Response, ScrollArea, Slider, SliderClamping, Ui};

/// Height of a list of values in points.
const LIST_HEIGHT: f32 = 190.0;

/// Shows the page.
pub(in super::super) fn show(ui: &mut Ui, model: &PageModel, state: &mut SettingsState) -> Option<Outcome> {
    let Some(shown) = state.entry(model) else {
        return entry(ui, "Back").then_some(Outcome::Go(MenuPage::AllSettings));
    };
    ui.vertical_centered(|ui| ui.heading(shown.label()));
    ui.label(&shown.says);
    ui.add_space(4.0);
    Grid::new("layers").num_columns(2).spacing([24.0, 2.0]).show(ui, |ui| {
        for (number, layer) in shown.layers.iter().enumerate() {
            ui.label(&layer.source);
            let values = worded(&shown.form, &layer.values);
            let is_last = number + 1 == shown.layers.len();
            ui.label(if is_last { format!("{values}  (holds)") } else { values.to_owned() });
            ui.end_row();
        }
    });
    ui.label(effect(model, shown));
    ui.add_space(4.0);
    let (value, _) = present(model, shown);
    let mut outcome = values(ui, shown, value.as_deref(), state);
    if shown.is_set && entry(ui, "Reset") {
        outcome = Some(change(shown, None));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::AllSettings));
    }
    outcome
}

/// When a change acts.
fn effect(model: &PageModel, shown: &SettingEntry) -> &'static str {
    let target = model.all_settings.as_ref().map(|settings| &settings.target);
    match target {
        Some(SettingTarget::OpenTitle | SettingTarget::Title(_)) if shown.is_of_start => {
            "A change acts when xenia-rs is started with the title."
        }
        _ if shown.is_of_start => "A change acts when xenia-rs is started again.",
        Some(SettingTarget::All) if shown.is_of_title => "The title has its own: a change acts on others.",
        Some(SettingTarget::Title(_)) => "A change acts when the title is started.",
        _ if shown.is_live => "A change acts at once.",
        _ => "A change acts when a title is started or restarted.",
    }
}

fn change_to(shown: &SettingEntry, value: &str) -> Outcome {
    change(shown, Some(SettingValue::One(value.to_owned())))
}

/// Shows a slider if the value is a number.
fn slider(ui: &mut Ui, shown: &SettingEntry, value: Option<&str>) -> Option<Outcome> {
    let SettingForm::Number { range, step, .. } = &shown.form else { return None };
    let mut number = value.and_then(|value| value.parse().ok()).unwrap_or(*range.start());
    let mut outcome = None;
    ui.horizontal(|ui| {
        // A number that was typed, beyond the range or between the steps, stays as it is.
        let wide = (*range.start()).min(number)..=(*range.end()).max(number);
        let slider = Slider::new(&mut number, wide).step_by(*step as f64).show_value(false);
        let slider = slider.clamping(SliderClamping::Edits);
        let response = ui.add(slider).on_hover_text(&shown.key);
        focus_first(&response);
        if response.changed() {
            outcome = Some(change_to(shown, &number.to_string()));
        }
        ui.label(number.to_string());
    });
    outcome
}

/// Shows the typed elements of a list, which can be changed.
fn typed_elements(
    ui: &mut Ui,
    shown: &SettingEntry,
    state: &mut SettingsState,
    rows: &mut Vec<Response>,
) -> Option<Outcome> {
    let mut outcome = None;
    for (number, element) in shown.values.iter().enumerate() {
        if offered::has(shown, element) {
            continue;
        }
        let response = row_of(ui, element, "change");
        if response.clicked() {
            state.typed.begin(element);
            state.element = Some(number);
            outcome = Some(Outcome::Go(MenuPage::TypeSetting));
        }
        rows.push(response);
    }
    outcome
}

/// Shows the values that can be chosen.
fn values(
    ui: &mut Ui,
    shown: &SettingEntry,
    value: Option<&str>,
    state: &mut SettingsState,
) -> Option<Outcome> {
    let mut outcome = slider(ui, shown, value);
    let is_list = matches!(shown.form, SettingForm::List(_));
    ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        let mut rows: Vec<Response> = Vec::new();
        if is_list {
            outcome = typed_elements(ui, shown, state, &mut rows).or(outcome.take());
        }
        let clicked = offered::show(ui, shown, &mut rows);
        outcome = outcome.take().or(clicked);
        for word in shown.form.words() {
            let is_there =
                if is_list { shown.values.iter().any(|known| known == word) } else { value == Some(word) };
            if is_list && is_there {
                continue;
            }
            let mark = if is_there { "chosen" } else { "" };
            let response = row_of(ui, worded(&shown.form, word), mark);
            if response.clicked() {
                outcome = Some(if is_list {
                    change(shown, Some(SettingValue::Many(with_element(shown, None, word))))
                } else {
                    change_to(shown, word)
                });
            }
            rows.push(response);
        }
        if !matches!(shown.form, SettingForm::Switch | SettingForm::Choice(_)) {
            let label = if is_list { "Type another one" } else { "Type it" };
            let response = row_of(ui, label, "");
            if response.clicked() {
                state.typed.begin(if is_list { "" } else { value.unwrap_or_default() });
                state.element = None;
                outcome = Some(Outcome::Go(MenuPage::TypeSetting));
            }
            rows.push(response);
        }
        walk(ui, &rows, EventFilter::default());
    });
    outcome
}

/// The elements of a list with another one, in place of that with this number if there is one: its
/// words exclude each other, and `off` excludes all. An empty one only removes.
fn with_element(shown: &SettingEntry, number: Option<usize>, new: &str) -> Vec<String> {
    let words = shown.form.words();
    let is_word = |element: &str| words.contains(&element);
    let excludes = |element: &str| new == OFF || element == OFF || is_word(new) && is_word(element);
    let mut all = Vec::new();
    let mut is_placed = new.is_empty();
    for (at, element) in shown.values.iter().enumerate() {
        if number == Some(at) {
            if !new.is_empty() {
                all.push(new.to_owned());
                is_placed = true;
            }
        } else if new.is_empty() || !excludes(element) {
            all.push(element.clone());
        }
    }
    if !is_placed {
        all.push(new.to_owned());
    }
    all
}

/// Shows the letters by which a value is typed. An empty one resets the setting, or removes the
/// element.
pub(in super::super) fn type_text(
    ui: &mut Ui,
    model: &PageModel,
    state: &mut SettingsState,
) -> Option<Outcome> {
    let Some(shown) = state.entry(model) else {
        return entry(ui, "Back").then_some(Outcome::Go(MenuPage::AllSettings));
    };
    ui.vertical_centered(|ui| ui.heading(shown.label()));
    ui.label(match shown.form {
        SettingForm::Path(_) => "A file or a folder; ~/ is your own folder.",
        SettingForm::List(_) => "One element of the list; none removes it.",
        _ => "A value; none resets the setting.",
    });
    ui.add_space(4.0);
    let mut outcome = None;
    if state.typed.show(ui, "Done") {
        let text = state.typed.text.trim().to_owned();
        let value = if matches!(shown.form, SettingForm::List(_)) {
            let all = with_element(shown, state.element, &text);
            (!all.is_empty()).then_some(SettingValue::Many(all))
        } else {
            (!text.is_empty()).then_some(SettingValue::One(text))
        };
        outcome = Some(change(shown, value));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::OneSetting));
    }
    outcome
}
