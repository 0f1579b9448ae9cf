//! Pages of the saved states: the slots to save to, and those to load.

use super::interface::{MenuPage, Outcome, entry, row};
use super::{PageCommand, PageModel};
use egui::Ui;

/// Use of a chosen slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotUse {
    Save,
    Load,
}

/// Shows the slots.
pub(super) fn show(ui: &mut Ui, model: &PageModel, used_to: SlotUse) -> Option<Outcome> {
    let states = model.states.as_ref()?;
    let heading = if used_to == SlotUse::Save { "Save state" } else { "Load state" };
    ui.vertical_centered(|ui| ui.heading(heading));
    ui.add_space(8.0);
    let mut outcome = None;
    for (slot, saved) in (0_u8..).zip(&states.slots) {
        let can_be_chosen = used_to == SlotUse::Save || saved.is_some();
        let details = saved.as_deref().unwrap_or("empty");
        let name = format!("Slot {}", slot + 1);
        let chosen = ui.add_enabled_ui(can_be_chosen, |ui| row(ui, &name, details)).inner;
        if chosen {
            outcome = Some(Outcome::Do(match used_to {
                SlotUse::Save => PageCommand::SaveState(slot),
                SlotUse::Load => PageCommand::LoadState(slot),
            }));
        }
    }
    if used_to == SlotUse::Load && states.can_undo && entry(ui, "Undo the last load") {
        outcome = Some(Outcome::Do(PageCommand::UndoLoad));
    }
    ui.add_space(8.0);
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::StateList;
    use super::super::testing::Driver;
    use super::*;
    use egui::Key;

    fn model() -> PageModel {
        let slots = vec![None, Some("5 min ago".to_owned()), None];
        PageModel {
            is_running: true,
            states: Some(StateList { slots, can_undo: true }),
            ..PageModel::default()
        }
    }

    #[test]
    fn a_state_is_saved_to_any_slot() {
        let mut driver = Driver::new(MenuPage::SaveState, model());
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::SaveState(0)]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::SaveState(1)]);
        assert_eq!(driver.click("Slot 3"), [PageCommand::SaveState(2)]);
    }

    #[test]
    fn only_states_that_are_there_are_loaded() {
        let mut driver = Driver::new(MenuPage::LoadState, model());
        assert_eq!(driver.click("Slot 1"), []);
        assert_eq!(driver.click("Slot 2"), [PageCommand::LoadState(1)]);
        assert_eq!(driver.click("Undo the last load"), [PageCommand::UndoLoad]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }
}
