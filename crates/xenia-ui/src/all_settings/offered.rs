//! Elements that are known for a list, such as the patches of a title. Each is switched by its
//! name.

use super::change;
use crate::model::OFF;
use crate::page::Outcome;
use crate::widgets::row_of;
use crate::{OfferedElement, SettingEntry, SettingValue};
use egui::{Response, Ui};

/// Shows the elements, and adds their rows to the others.
pub(super) fn show(ui: &mut Ui, shown: &SettingEntry, rows: &mut Vec<Response>) -> Option<Outcome> {
    let mut outcome = None;
    for element in &shown.offered {
        let response = row_of(ui, &element.name, if is_on(shown, element) { "on" } else { "off" });
        if response.clicked() {
            let all = switched(shown, element);
            outcome = Some(change(shown, (!all.is_empty()).then_some(SettingValue::Many(all))));
        }
        rows.push(response);
    }
    outcome
}

/// Whether an element of the list has its row among these.
pub(super) fn has(shown: &SettingEntry, name: &str) -> bool {
    shown.offered.iter().any(|element| element.name == name)
}

fn is_on(shown: &SettingEntry, element: &OfferedElement) -> bool {
    if shown.values.is_empty() { element.is_default } else { shown.values.contains(&element.name) }
}

/// The list after an element was switched. An empty list would be the default, so that `off` stands
/// for it if the form has it.
fn switched(shown: &SettingEntry, element: &OfferedElement) -> Vec<String> {
    let words = shown.form.words();
    let defaults = shown.offered.iter().filter(|offered| offered.is_default).map(|offered| &offered.name);
    let present: Vec<&String> =
        if shown.values.is_empty() { defaults.collect() } else { shown.values.iter().collect() };
    let others = present.into_iter().filter(|name| **name != element.name && !words.contains(&name.as_str()));
    let mut all: Vec<String> = others.cloned().collect();
    if !is_on(shown, element) {
        all.push(element.name.clone());
    }
    if all.is_empty() && words.contains(&OFF) {
        all.push(OFF.to_owned());
    }
    all
}
