//! Keys of the library: the arrows lead from title to title, also to those that are not on the
//! page, and letters search.

use super::LibraryState;
use crate::PageCommand;
use crate::page::Outcome;
use crate::typing::extended_search;
use egui::{Event, Key};

/// Takes the keys that are the library's out of the events of a pass.
pub(crate) fn take_keys(state: &mut LibraryState, events: &mut Vec<Event>) {
    events.retain(|event| match event {
        Event::Text(text) => {
            if let Some(search) = extended_search(&state.search, text) {
                state.find(search);
            }
            false
        }
        // Its text follows.
        Event::Key { key: Key::Space, .. } => state.search.is_empty(),
        Event::Key { key, pressed: true, .. } => !press(state, *key),
        _ => true,
    });
}

/// Presses a key. Returns false if it is not the library's.
fn press(state: &mut LibraryState, key: Key) -> bool {
    match key {
        Key::Backspace => {
            let mut search = state.search.clone();
            search.pop();
            state.find(search);
            return true;
        }
        Key::Escape if !state.search.is_empty() => {
            state.find(String::new());
            return true;
        }
        // Before the first pass that draws the title, which has no focus yet.
        Key::Enter if state.needs_focus => {
            state.outcome = state.chosen().map(super::open);
            return true;
        }
        Key::Delete => {
            if let Some(entry) = state.chosen().filter(|_| state.has_focus || state.needs_focus) {
                state.outcome = Some(Outcome::Do(PageCommand::Inspect(entry.path.clone())));
            }
            return true;
        }
        _ => {}
    }
    let Some(last) = state.order.titles().len().checked_sub(1) else { return false };
    let at = state.position;
    let columns = state.columns.max(1);
    let page = columns * state.visible_rows.max(1);
    let to = match key {
        Key::PageUp => at.saturating_sub(page),
        Key::PageDown => (at + page).min(last),
        Key::Home => 0,
        Key::End => last,
        // From the bar the way down leads to the title that was left for it.
        Key::ArrowDown if !state.has_focus && !state.needs_focus => at,
        _ if !state.has_focus && !state.needs_focus => return false,
        Key::ArrowUp if at >= columns => at - columns,
        Key::ArrowDown if at / columns < last / columns => (at + columns).min(last),
        Key::ArrowDown => at,
        Key::ArrowLeft if columns > 1 => at.saturating_sub(1),
        Key::ArrowRight if columns > 1 => (at + 1).min(last),
        _ => return false,
    };
    state.position = to;
    state.needs_focus = true;
    true
}
