//! Pause menu, and the questions before a running title is closed.

use super::page::{MenuPage, Outcome};
use super::widgets::entry;
use super::{DataOwner, PageCommand, PageModel, profile};
use egui::Ui;

/// Entries of the menu.
fn entries(model: &PageModel) -> Vec<(&'static str, Outcome)> {
    let controllers = model.has_input.then_some(("Controllers", Outcome::Go(MenuPage::Input)));
    let gallery = model.has_gallery.then_some(("Gallery", Outcome::Do(PageCommand::ShowGallery(0))));
    if model.is_home {
        let mut entries = vec![
            ("Library", Outcome::Go(MenuPage::Library)),
            ("Add a folder", Outcome::Do(PageCommand::ShowFolders(None, 0))),
        ];
        let folders = model.library.as_ref().and_then(|library| library.folders.as_ref());
        if folders.is_some_and(|folders| !folders.is_empty()) {
            entries.push(("Remove a folder", Outcome::Go(MenuPage::RemoveFolder)));
        }
        entries.push(("Scan again", Outcome::Do(PageCommand::Rescan)));
        if model.library.as_ref().is_some_and(|library| !library.failures.is_empty()) {
            entries.push(("Unread files", Outcome::Go(MenuPage::Unread)));
        }
        entries.push(("Settings", Outcome::Go(MenuPage::Settings)));
        entries.extend(controllers);
        entries.extend(gallery.into_iter().chain(profile::entry_of_profiles(model)));
        entries.push(("Quit", Outcome::Do(PageCommand::Quit)));
        return entries;
    }
    let ask = |page: MenuPage, command: PageCommand| {
        if model.is_running { Outcome::Go(page) } else { Outcome::Do(command) }
    };
    let mut entries = Vec::new();
    if model.is_running {
        entries.push(("Resume", Outcome::Do(PageCommand::Resume)));
    }
    if let Some(states) = &model.states {
        if model.is_running {
            entries.push(("Save state", Outcome::Go(MenuPage::SaveState)));
        }
        if states.has_any() {
            entries.push(("Load state", Outcome::Go(MenuPage::LoadState)));
        }
    }
    if model.can_restart {
        entries.push(("Restart", ask(MenuPage::AskRestart, PageCommand::Restart)));
    }
    if model.profile.has_title {
        entries.extend(profile::entries(&DataOwner::Running));
    }
    entries.push(("Settings", Outcome::Go(MenuPage::Settings)));
    entries.extend(controllers);
    entries.push(("Screenshot", Outcome::Do(PageCommand::Screenshot)));
    if let Some(is_on) = model.video.filter(|_| model.is_running) {
        let label = if is_on { "End the video" } else { "Record a video" };
        entries.push((label, Outcome::Do(PageCommand::ToggleVideo)));
    }
    entries.extend(gallery);
    if model.is_running {
        entries.push(("Internals", Outcome::Go(MenuPage::Internals)));
    }
    if model.library.is_some() {
        entries.push(("Library", ask(MenuPage::AskHome, PageCommand::Home)));
    }
    entries.push(("Quit", ask(MenuPage::AskQuit, PageCommand::Quit)));
    entries
}

/// Shows the pause menu.
pub(super) fn show(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading(if model.is_home { "xenia-rs" } else { &model.title }));
    ui.add_space(8.0);
    let mut outcome = None;
    for (label, then) in entries(model) {
        if entry(ui, label) {
            outcome = Some(then);
        }
    }
    outcome
}

/// Effect of a restart on the title's progress.
const LOSS: &str = "Progress since the title's last save is lost.";

/// Effect of leaving the title on its progress.
pub(super) fn effect_of_leaving(model: &PageModel) -> &'static str {
    let resumes = model.states.as_ref().is_some_and(|states| states.resumes);
    if resumes { "The next start continues here, if the state can be saved." } else { LOSS }
}

/// Shows a question whose second answer executes the command. The first one is harmless.
pub(super) fn ask(
    ui: &mut Ui,
    model: &PageModel,
    question: &str,
    answer: &str,
    command: PageCommand,
) -> Option<Outcome> {
    let effect = if command == PageCommand::Restart { LOSS } else { effect_of_leaving(model) };
    ui.vertical_centered(|ui| ui.heading(question));
    ui.vertical_centered(|ui| ui.label(effect));
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    if entry(ui, answer) {
        outcome = Some(Outcome::Do(command));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::StateList;
    use super::super::testing::Driver;
    use super::*;
    use egui::Key;
    use std::sync::Arc;

    fn running() -> PageModel {
        PageModel { title: "Knot".to_owned(), is_running: true, can_restart: true, ..PageModel::default() }
    }

    #[test]
    fn the_menu_works_with_keys_only() {
        let mut driver = Driver::new(MenuPage::Menu, running());
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Resume]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::ArrowDown]), []);
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Screenshot]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
        assert_eq!(driver.keys(&[Key::Escape]), [PageCommand::Resume]);
    }

    #[test]
    fn a_running_title_is_closed_after_a_question() {
        let down = [Key::ArrowDown; 5];
        let mut driver = Driver::new(MenuPage::Menu, running());
        driver.keys(&down);
        assert_eq!(driver.keys(&[Key::Enter]), []);
        assert_eq!(driver.page(), Some(MenuPage::AskQuit));
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        assert_eq!(driver.page(), Some(MenuPage::Menu));
        driver.keys(&down);
        assert_eq!(driver.keys(&[Key::Enter, Key::ArrowDown, Key::Enter]), [PageCommand::Quit]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu), "back, not on");
    }

    #[test]
    fn a_title_that_resumes_loses_progress_by_a_restart_only() {
        let states = StateList { resumes: true, ..StateList::default() };
        let model = PageModel { states: Some(states), ..running() };
        let mut driver = Driver::new(MenuPage::AskQuit, model.clone());
        for page in [MenuPage::AskQuit, MenuPage::AskHome, MenuPage::AskOpen] {
            driver.open(page);
            assert!(driver.shows(effect_of_leaving(&model)) && !driver.shows(LOSS), "{page:?}");
        }
        driver.open(MenuPage::AskRestart);
        assert!(driver.shows(LOSS));
    }

    #[test]
    fn a_video_is_begun_and_ended_by_the_menu() {
        let mut driver = Driver::new(MenuPage::Menu, PageModel { video: Some(false), ..running() });
        assert_eq!(driver.click("Record a video"), [PageCommand::ToggleVideo]);
        driver.change(|model| model.video = Some(true));
        assert_eq!(driver.click("End the video"), [PageCommand::ToggleVideo]);
        driver.change(|model| model.is_running = false);
        assert!(!driver.shows("End the video") && !driver.shows("Record a video"));
    }

    #[test]
    fn a_title_that_has_ended_has_nothing_to_lose() {
        let entries = entries(&PageModel { is_running: false, ..running() });
        let labels: Vec<&str> = entries.iter().map(|(label, _)| *label).collect();
        assert_eq!(labels, ["Restart", "Settings", "Screenshot", "Quit"]);
        assert!(entries.iter().any(|(_, then)| *then == Outcome::Do(PageCommand::Quit)));
    }

    #[test]
    fn a_slow_pass_loses_no_key() {
        let mut driver = Driver::new(MenuPage::Menu, running());
        let mut keys = vec![Key::ArrowDown; 5];
        // The question is a new page, whose first pass only measures it.
        keys.extend([Key::Enter, Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.keys_at_once(&keys), [PageCommand::Quit]);
    }

    #[test]
    fn a_title_is_left_for_the_library_after_a_question() {
        let mut driver =
            Driver::new(MenuPage::Menu, PageModel { library: Some(Arc::default()), ..running() });
        assert_eq!(driver.click("Library"), []);
        assert_eq!(driver.page(), Some(MenuPage::AskHome));
        assert_eq!(driver.click("To the library"), [PageCommand::Home]);
    }

    #[test]
    fn without_a_title_the_menu_is_the_librarys() {
        let home = PageModel { is_home: true, library: Some(Arc::default()), ..PageModel::default() };
        let mut driver = Driver::new(MenuPage::Menu, home);
        assert_eq!(driver.click("Scan again"), [PageCommand::Rescan]);
        assert_eq!(driver.click("Quit"), [PageCommand::Quit], "there is nothing to lose");
        assert_eq!(driver.keys(&[Key::Escape]), []);
        assert_eq!(driver.page(), Some(MenuPage::Library));
    }

    #[test]
    fn a_mouse_clicks_entries() {
        let mut driver = Driver::new(MenuPage::Menu, running());
        assert_eq!(driver.click("Screenshot"), [PageCommand::Screenshot]);
        assert_eq!(driver.click("Settings"), []);
        assert_eq!(driver.page(), Some(MenuPage::Settings));
    }
}
