//! Pages of the saved states: the slots to save to, and those to load.

use super::page::{MenuPage, Outcome};
use super::widgets::{entry, row};
use super::{PageCommand, PageModel};
use crate::pictures::{Textures, draw, key_of};
use egui::{Ui, Vec2, vec2};

/// Size of a slot's picture in points.
const PICTURE: Vec2 = vec2(64.0, 36.0);

/// Use of a chosen slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotUse {
    Save,
    Load,
}

/// State of these pages, and the pictures that they draw.
pub(super) struct SlotView<'a> {
    /// Slot whose state is to be replaced.
    pub(super) replaced: &'a mut u8,
    pub(super) pictures: &'a mut Textures,
}

/// The page to which the slots lead back: that of a title that has stopped, or the menu.
pub(super) fn parent(model: &PageModel) -> MenuPage {
    if model.stopped.is_some() { MenuPage::Stopped } else { MenuPage::Menu }
}

/// Shows the slots.
pub(super) fn show(ui: &mut Ui, model: &PageModel, used_to: SlotUse, view: SlotView<'_>) -> Option<Outcome> {
    let SlotView { replaced, pictures } = view;
    let states = model.states.as_ref()?;
    let heading = if used_to == SlotUse::Save { "Save state" } else { "Load state" };
    ui.vertical_centered(|ui| ui.heading(heading));
    ui.add_space(8.0);
    let mut outcome = None;
    for (slot, saved) in (0_u8..).zip(&states.slots) {
        let can_be_chosen = used_to == SlotUse::Save || saved.is_some();
        let details = saved.as_ref().map_or("empty", |saved| &saved.details);
        let name = format!("Slot {}", slot + 1);
        let picture = saved.as_ref().and_then(|saved| saved.picture.as_ref());
        let chosen = ui.add_enabled_ui(can_be_chosen, |ui| {
            ui.horizontal(|ui| {
                draw(ui, PICTURE, picture, pictures);
                row(ui, &name, details)
            })
        });
        let chosen = chosen.inner.inner;
        if chosen {
            outcome = Some(match used_to {
                // Pressed twice, the button that opens the page would replace the first slot.
                SlotUse::Save if saved.is_some() => {
                    *replaced = slot;
                    Outcome::Go(MenuPage::AskSave)
                }
                SlotUse::Save => Outcome::Do(PageCommand::SaveState(slot)),
                SlotUse::Load => Outcome::Do(PageCommand::LoadState(slot)),
            });
        }
    }
    if used_to == SlotUse::Load
        && let Some(saved) = &states.replaced
    {
        let chosen = ui.horizontal(|ui| {
            draw(ui, PICTURE, saved.picture.as_ref(), pictures);
            row(ui, "Replaced last", &saved.details)
        });
        if chosen.inner {
            outcome = Some(Outcome::Do(PageCommand::LoadReplaced));
        }
    }
    let all = states.slots.iter().chain([&states.replaced]).flatten();
    let shown = all.filter_map(|saved| saved.picture.as_ref());
    pictures.keep(&shown.map(key_of).collect::<Vec<_>>());
    if used_to == SlotUse::Load && states.can_undo && entry(ui, "Undo the last load") {
        outcome = Some(Outcome::Do(PageCommand::UndoLoad));
    }
    ui.add_space(8.0);
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(parent(model)));
    }
    outcome
}

/// Asks before the state in a slot is replaced. The first answer is harmless.
pub(super) fn ask_save(ui: &mut Ui, model: &PageModel, slot: u8) -> Option<Outcome> {
    let slots = model.states.as_ref().map(|states| states.slots.as_slice());
    let saved = slots.and_then(|slots| slots.get(usize::from(slot))?.as_ref());
    ui.vertical_centered(|ui| ui.heading(format!("Replace the state in slot {}?", slot + 1)));
    ui.label(saved.map_or("", |saved| &saved.details));
    ui.label("It can be loaded until another one is replaced.");
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::SaveState));
    }
    if entry(ui, "Replace") {
        outcome = Some(Outcome::Do(PageCommand::SaveState(slot)));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::super::{LibraryIcon, SavedSlot, StateList};
    use super::*;
    use egui::Key;
    use std::sync::Arc;

    fn model() -> PageModel {
        let picture = Arc::new(LibraryIcon { size: [2, 1], rgba: vec![9; 8] });
        let details = "5 min ago, 12 min played".to_owned();
        let slots = vec![None, Some(SavedSlot { details, picture: Some(picture) }), None];
        PageModel {
            is_running: true,
            states: Some(StateList { slots, can_undo: true, ..StateList::default() }),
            ..PageModel::default()
        }
    }

    #[test]
    fn a_state_is_saved_to_any_slot() {
        let mut driver = Driver::new(MenuPage::SaveState, model());
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::SaveState(0)]);
        assert_eq!(driver.click("Slot 3"), [PageCommand::SaveState(2)]);
    }

    #[test]
    fn a_state_is_replaced_after_a_question() {
        let mut driver = Driver::new(MenuPage::SaveState, model());
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), []);
        assert_eq!(driver.page(), Some(MenuPage::AskSave));
        assert!(driver.shows("Replace the state in slot 2?") && driver.shows("5 min ago, 12 min played"));
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        assert_eq!(driver.page(), Some(MenuPage::SaveState));
        driver.click("Slot 2");
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::SaveState(1)]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::SaveState));
    }

    #[test]
    fn a_state_has_a_picture_and_details() {
        let mut driver = Driver::new(MenuPage::LoadState, model());
        assert!(driver.shows("5 min ago, 12 min played"));
        assert_eq!(driver.pictures(), 1);
        driver.change(|model| {
            if let Some(Some(saved)) = model.states.as_mut().and_then(|states| states.slots.get_mut(1)) {
                saved.picture = Some(Arc::new(LibraryIcon { size: [9, 9], rgba: vec![9; 8] }));
            }
        });
        assert!(driver.shows("Slot 2"));
        assert_eq!(driver.pictures(), 0, "pixels are missing");
    }

    #[test]
    fn only_existing_states_are_loaded() {
        let mut driver = Driver::new(MenuPage::LoadState, model());
        assert_eq!(driver.click("Slot 1"), []);
        assert_eq!(driver.click("Slot 2"), [PageCommand::LoadState(1)]);
        assert_eq!(driver.click("Undo the last load"), [PageCommand::UndoLoad]);
        assert!(!driver.shows("Replaced last"));
        driver.change(|model| {
            let picture = Some(Arc::new(LibraryIcon { size: [1, 1], rgba: vec![9; 4] }));
            model.states.as_mut().unwrap().replaced = Some(SavedSlot { picture, ..SavedSlot::default() });
        });
        assert_eq!(driver.click("Replaced last"), [PageCommand::LoadReplaced]);
        assert_eq!(driver.pictures(), 2);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }
}
