//! Page of a machine that has stopped: why, and what can be done now.

use super::page::{MenuPage, Outcome};
use super::widgets::{row, text_lines};
use super::{PageCommand, PageModel, StateList};
use egui::Ui;

/// Room for the heading and the entries in points; the lines have the rest.
const AROUND: f32 = 450.0;

/// Shows the page.
pub(super) fn show(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let stopped = model.stopped.as_ref()?;
    ui.vertical_centered(|ui| ui.heading(&stopped.heading));
    ui.add_space(8.0);
    let height = (ui.ctx().content_rect().height() - AROUND).max(60.0);
    text_lines(ui, height, &stopped.lines);
    ui.add_space(8.0);
    let leave = if stopped.has_library { "Library" } else { "Close the window" };
    let entries = [
        (stopped.again.as_deref(), "Run again", PageCommand::Restart),
        (stopped.report.as_deref(), "Write a bug report, without your names and paths", PageCommand::Report),
        (Some(stopped.leave.as_str()), leave, PageCommand::LeaveStopped),
    ];
    let [again, report, leave] = entries.map(|(key, label, command)| (key, label, Outcome::Do(command)));
    let has_state = model.states.as_ref().is_some_and(StateList::has_any);
    let load = (has_state.then_some(""), "Load state", Outcome::Go(MenuPage::LoadState));
    let copy = (stopped.can_copy.then_some(""), "Copy the reason", Outcome::Do(PageCommand::CopyReason));
    let open = stopped.folder.clone().map(|folder| {
        (Some(""), "Open the folder of the report", Outcome::Do(PageCommand::OpenFile(folder)))
    });
    let mut outcome = None;
    for (key, label, then) in [again, load, report, copy].into_iter().chain(open).chain([leave]) {
        if key.is_some_and(|key| row(ui, label, key)) {
            outcome = Some(then);
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use crate::{SavedSlot, StoppedModel};
    use egui::Key;

    fn model() -> PageModel {
        let stopped = StoppedModel {
            heading: "Knot has crashed".to_owned(),
            lines: vec!["0x82010004: read of 0x00000018".to_owned(), r"  game:\media".to_owned()],
            again: Some("R".to_owned()),
            report: Some("F9".to_owned()),
            leave: "Escape".to_owned(),
            has_library: true,
            can_copy: true,
            folder: Some("/state/crashes".into()),
        };
        PageModel { stopped: Some(stopped), ..PageModel::default() }
    }

    #[test]
    fn a_stopped_title_is_run_again_reported_or_left() {
        let mut driver = Driver::new(MenuPage::Stopped, model());
        assert!(driver.shows("Knot has crashed") && driver.shows("0x82010004: read of 0x00000018"));
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Restart]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::Report]);
        assert_eq!(driver.click("Library"), [PageCommand::LeaveStopped]);
        assert_eq!(driver.click("Copy the reason"), [PageCommand::CopyReason]);
        let opened = driver.click("Open the folder of the report");
        assert_eq!(opened, [PageCommand::OpenFile("/state/crashes".into())]);
        assert_eq!(driver.keys(&[Key::Escape]), [PageCommand::LeaveStopped]);
        driver.change(|model| {
            let stopped = model.stopped.as_mut().unwrap();
            stopped.again = None;
            stopped.report = None;
            stopped.has_library = false;
            stopped.can_copy = false;
            stopped.folder = None;
        });
        assert!(!driver.shows("Run again") && !driver.shows("F9"));
        assert!(!driver.shows("Copy the reason") && driver.shows("Close the window"));
    }

    #[test]
    fn a_state_is_loaded_after_a_crash_if_there_is_one() {
        let mut driver = Driver::new(MenuPage::Stopped, model());
        assert!(!driver.shows("Load state"));
        driver.change(|model| {
            let slots = vec![None, Some(SavedSlot::default())];
            model.states = Some(StateList { slots, ..StateList::default() });
        });
        driver.click("Load state");
        assert_eq!(driver.page(), Some(MenuPage::LoadState));
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Stopped));
        driver.click("Load state");
        driver.click("Back");
        assert_eq!(driver.page(), Some(MenuPage::Stopped));
    }

    #[test]
    fn long_reasons_leave_room_for_the_entries() {
        let mut long = model();
        long.stopped.as_mut().unwrap().lines = vec!["word ".repeat(2000); 50];
        let mut driver = Driver::new(MenuPage::Stopped, long);
        assert_eq!(driver.click("Run again"), [PageCommand::Restart]);
        assert_eq!(driver.click("Library"), [PageCommand::LeaveStopped]);
    }

    #[test]
    fn keys_and_pads_scroll_long_reasons() {
        let mut long = model();
        long.stopped.as_mut().unwrap().lines = (0..60).map(|number| format!("line {number}")).collect();
        let mut driver = Driver::new(MenuPage::Stopped, long);
        assert!(driver.shows("line 0") && !driver.shows("line 59"));
        for (key, end) in [(Key::PageDown, "line 59"), (Key::PageUp, "line 0")] {
            for _ in 0..10 {
                driver.keys(&[key]);
                for _ in 0..20 {
                    driver.still();
                }
            }
            assert!(driver.shows(end), "{key:?}");
        }
        assert!(!driver.shows("line 59"));
    }

    #[test]
    fn the_reason_of_another_crash_is_shown_from_its_beginning() {
        let lines = |name: &str| (0..60).map(|number| format!("{name} {number}")).collect::<Vec<_>>();
        let mut long = model();
        long.stopped.as_mut().unwrap().lines = lines("first");
        let mut driver = Driver::new(MenuPage::Stopped, long);
        driver.keys(&[Key::PageDown]);
        for _ in 0..20 {
            driver.still();
        }
        assert!(!driver.shows("first 0"));
        driver.change(|model| model.stopped.as_mut().unwrap().lines = lines("second"));
        driver.still();
        assert!(driver.shows("second 0"));
    }
}
