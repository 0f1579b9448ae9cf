//! Tests of the library's pages: driven by keys and clicks, without a window.

use super::*;
use crate::testing::Driver;
use crate::{LibraryIcon, LibrarySort, PageFailure, StoredData, StoredKind};
use egui::Key;
use std::sync::Arc;

fn title(name: &str, path: Option<&str>) -> LibraryEntry {
    LibraryEntry { name: name.to_owned(), path: path.map(Into::into), ..LibraryEntry::default() }
}

fn model(entries: Vec<LibraryEntry>) -> PageModel {
    let library = LibraryModel { entries: Arc::new(entries), ..LibraryModel::default() };
    PageModel { library: Some(Arc::new(library)), is_home: true, ..PageModel::default() }
}

fn few() -> PageModel {
    model(vec![
        title("Demo", None),
        title("Fog", Some("/games/fog.xex")),
        title("Red Bay", Some("/games/red.iso")),
    ])
}

/// The demo and 500 titles, 001 to 500.
fn many() -> PageModel {
    let titles = (1..=500).map(|n| title(&format!("{n:03}"), Some(&format!("/games/{n:03}"))));
    model([title("Demo", None)].into_iter().chain(titles).collect())
}

fn opens(path: &str) -> Vec<PageCommand> {
    vec![PageCommand::Open(Some(path.into()))]
}

#[test]
fn titles_are_chosen_by_keys() {
    let mut driver = Driver::new(MenuPage::Library, few());
    assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Open(None)]);
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), opens("/games/fog.xex"));
    let at_once = driver.keys_at_once(&[Key::Home, Key::ArrowDown, Key::ArrowDown, Key::Enter]);
    assert_eq!(at_once, opens("/games/red.iso"));
    assert_eq!(driver.click("Fog"), opens("/games/fog.xex"));
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::Enter]), opens("/games/red.iso"));
    assert_eq!(driver.keys(&[Key::Escape]), []);
    assert_eq!(driver.page(), Some(MenuPage::Menu));
    assert_eq!(driver.keys(&[Key::Escape, Key::Enter]), opens("/games/red.iso"), "it has the focus again");
}

#[test]
fn keys_after_one_that_leaves_the_library_are_for_the_next_page() {
    let mut driver = Driver::new(MenuPage::Library, few());
    let keys = [Key::ArrowDown, Key::Escape, Key::ArrowDown, Key::Enter];
    assert_eq!(driver.keys_at_once(&keys), [PageCommand::ShowFolders(None, 0)]);
    assert_eq!(driver.keys(&[Key::Escape, Key::Enter]), opens("/games/fog.xex"), "moved once");
}

#[test]
fn the_bar_is_reached_by_keys() {
    let mut driver = Driver::new(MenuPage::Library, few());
    driver.keys(&[Key::ArrowUp, Key::Enter]);
    let has_left = driver.page() != Some(MenuPage::Library);
    assert!(has_left || driver.shows("Grid") || driver.shows("By last played"), "no button was pressed");
    driver.open(MenuPage::Library);
    driver.keys(&[Key::ArrowUp]);
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::Open(None)], "and left again");
}

#[test]
fn titles_beyond_the_page_are_reached_by_keys() {
    let mut driver = Driver::new(MenuPage::Library, many());
    assert!(driver.shows("001") && !driver.shows("400"), "only titles on the page are drawn");
    driver.keys(&[Key::ArrowDown; 40]);
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/040"));
    assert!(driver.shows("040"));
    driver.keys(&[Key::ArrowUp; 30]);
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/010"));
    assert_eq!(driver.keys(&[Key::End, Key::Enter]), opens("/games/500"));
    driver.keys(&[Key::PageUp, Key::PageDown]);
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/500"));
    assert_eq!(driver.keys(&[Key::Home, Key::Enter]), [PageCommand::Open(None)]);
}

#[test]
fn a_grid_has_columns() {
    let mut driver = Driver::new(MenuPage::Library, many());
    let grid = LibraryView { sort: LibrarySort::Name, is_grid: true };
    assert_eq!(driver.click("List"), [PageCommand::ShowLibrary(grid)]);
    assert!(driver.shows("Grid"));
    driver.open(MenuPage::Library);
    assert_eq!(driver.keys(&[Key::ArrowRight, Key::ArrowRight, Key::Enter]), opens("/games/002"));
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::ArrowLeft, Key::Enter]), opens("/games/008"));
    assert_eq!(driver.keys(&[Key::End, Key::Enter]), opens("/games/500"));
}

#[test]
fn a_grid_shows_the_whole_name_of_the_chosen_title() {
    let name = "A name that is too long for a cell of the grid";
    let long = LibraryEntry { kind: "4D5307D1, xex".to_owned(), ..title(name, Some("/games/long")) };
    let mut driver = Driver::new(MenuPage::Library, model(vec![title("Demo", None), long]));
    let whole = format!("{name}    4D5307D1, xex");
    driver.click("List");
    driver.open(MenuPage::Library);
    assert!(!driver.shows(&whole));
    driver.keys(&[Key::ArrowRight]);
    assert!(driver.shows(&whole));
}

#[test]
fn letters_search() {
    let mut driver = Driver::new(MenuPage::Library, few());
    driver.types(" red");
    assert!(driver.shows("Red Bay") && !driver.shows("Fog"));
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/red.iso"));
    driver.types(" b");
    assert!(driver.shows("\u{201c}red b\u{201d}: 1 found"));
    assert_eq!(driver.keys(&[Key::Space]), [], "a part of the text");
    driver.types("x");
    assert_eq!(driver.keys(&[Key::Enter, Key::ArrowDown, Key::Delete]), [], "there is none");
    driver.keys(&[Key::Backspace]);
    assert!(driver.shows("Red Bay"));
    driver.keys(&[Key::Escape]);
    assert!(driver.page() == Some(MenuPage::Library) && driver.shows("Fog"), "all again");
    assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Open(None)]);
}

#[test]
fn a_pad_searches_by_letters_on_a_page() {
    let mut driver = Driver::new(MenuPage::Library, few());
    driver.click("Search");
    assert_eq!(driver.page(), Some(MenuPage::FindTitle));
    driver.click("r");
    driver.click("e");
    driver.click("Done");
    assert_eq!(driver.page(), Some(MenuPage::Library));
    assert!(driver.shows("Red Bay") && !driver.shows("Fog"));
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/red.iso"));
    driver.keys(&[Key::Escape]);
    assert!(driver.page() == Some(MenuPage::Library) && driver.shows("Fog"), "all again");
}

#[test]
fn titles_keep_their_place_when_the_library_changes() {
    let mut driver = Driver::new(MenuPage::Library, few());
    driver.keys(&[Key::ArrowDown]);
    driver.change(|model| {
        let mut library = (**model.library.as_ref().unwrap()).clone();
        Arc::make_mut(&mut library.entries).push(title("Alps", Some("/games/alps.zip")));
        model.library = Some(Arc::new(library));
    });
    assert_eq!(driver.keys(&[Key::Enter]), opens("/games/fog.xex"));
}

#[test]
fn saves_are_deleted_after_a_question() {
    let mut driver = Driver::new(MenuPage::Library, few());
    let fog = || Some("/games/fog.xex".into());
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::Delete]), [PageCommand::Inspect(fog())]);
    let words = |text: &str| Some(text.to_owned());
    driver.change(|model| {
        model.stored = Some(StoredData { caches: words("caches: 5 MB"), saves: words("2 saved games") });
    });
    driver.open(MenuPage::Title);
    assert!(driver.shows("/games/fog.xex") && driver.shows("caches: 5 MB"));
    let deletes = |kind| vec![PageCommand::Delete(fog(), kind)];
    assert_eq!(driver.click("Delete caches"), deletes(StoredKind::Caches));
    assert_eq!(driver.click("Delete saves\u{2026}"), []);
    assert_eq!(driver.page(), Some(MenuPage::AskDelete));
    assert!(driver.shows("2 saved games"), "what is lost");
    assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
    assert_eq!(driver.page(), Some(MenuPage::Title));
    driver.click("Delete saves\u{2026}");
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), deletes(StoredKind::Saves));
    driver.keys(&[Key::Escape, Key::Escape]);
    assert_eq!(driver.page(), Some(MenuPage::Library));
}

#[test]
fn the_focus_stays_when_the_data_of_a_title_has_been_read() {
    let mut driver = Driver::new(MenuPage::Library, few());
    driver.open(MenuPage::Title);
    assert!(driver.shows("Caches: being read\u{2026}") && driver.shows("Saves: being read\u{2026}"));
    assert_eq!(driver.click("Delete caches"), []);
    driver.open(MenuPage::Title);
    driver.keys(&[Key::ArrowDown]);
    let caches = Some("5 MB".to_owned());
    driver.change(|model| model.stored = Some(StoredData { caches, saves: None }));
    assert!(driver.shows("5 MB") && driver.shows("Saves: none"));
    driver.keys(&[Key::Enter]);
    assert_eq!(driver.page(), Some(MenuPage::Library), "\"Back\" was the next one below \"Start\"");
}

#[test]
fn a_folder_is_typed() {
    let mut driver = Driver::new(MenuPage::AddFolder, few());
    assert_eq!(driver.keys(&[Key::Enter]), [], "nothing is typed");
    driver.types("/my gamess");
    assert_eq!(driver.keys(&[Key::Space, Key::Backspace]), []);
    assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::AddFolder("/my games".into())]);
}

#[test]
fn failures_and_dropped_files_have_pages() {
    let failure = PageFailure { heading: "fog can't be run".to_owned(), lines: vec!["no key".to_owned()] };
    let dropped = Some("/tmp/new.iso".into());
    let mut driver = Driver::new(MenuPage::Failure, PageModel { failure, dropped, ..few() });
    assert!(driver.shows("fog can't be run") && driver.shows("no key"));
    driver.keys(&[Key::Enter]);
    assert_eq!(driver.page(), Some(MenuPage::Library));
    driver.change(|model| model.failure.lines = vec!["word ".repeat(200); 50]);
    driver.open(MenuPage::Failure);
    driver.click("Back");
    assert_eq!(driver.page(), Some(MenuPage::Library), "long reasons leave room for it");
    driver.open(MenuPage::AskOpen);
    assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Resume]);
    assert_eq!(driver.click("Start"), opens("/tmp/new.iso"));
}

#[test]
fn a_page_without_input_does_not_change() {
    let mut entries = Vec::clone(&few().library.unwrap().entries);
    entries[1].icon = Some(Arc::new(LibraryIcon { size: [2, 1], rgba: vec![9; 8] }));
    // Its size is wrong, so it is not shown.
    entries[2].icon = Some(Arc::new(LibraryIcon { size: [9, 9], rgba: vec![9; 8] }));
    let mut driver = Driver::new(MenuPage::Library, model(entries));
    driver.keys(&[Key::ArrowDown]);
    assert!(driver.passes_until_still(200) < 200);
}

#[test]
fn an_empty_library_explains_how_to_add_folders() {
    let entries = Arc::new(vec![title("Demo", None)]);
    let library = LibraryModel { entries, folders: Some(Vec::new()), ..LibraryModel::default() };
    let mut driver = Driver::new(
        MenuPage::Library,
        PageModel { library: Some(Arc::new(library)), is_home: true, ..PageModel::default() },
    );
    assert!(driver.shows("No folder of titles is named: drop one here, or choose Add a folder in the menu"));
}

#[test]
fn folders_without_titles_are_reported_after_the_scan() {
    let library = LibraryModel { folders: Some(vec!["/games".into()]), ..LibraryModel::default() };
    let with = |progress: Option<&str>, entries: Vec<LibraryEntry>| {
        let progress = progress.map(str::to_owned);
        let library = LibraryModel { progress, entries: Arc::new(entries), ..library.clone() };
        let page = PageModel { library: Some(Arc::new(library)), is_home: true, ..PageModel::default() };
        Driver::new(MenuPage::Library, page).shows(NO_TITLES)
    };
    let demo = title("Demo", None);
    assert!(with(None, vec![demo.clone()]));
    assert!(!with(Some("looking for titles"), vec![demo.clone()]));
    assert!(!with(None, vec![demo, title("Fog", Some("/games/fog.xex"))]));
}

#[test]
fn all_unread_files_are_on_a_page_of_the_menu() {
    let failures = |count: usize| {
        let failures = (0..count).map(|number| format!("cannot read {number}")).collect();
        let library = LibraryModel { failures, ..LibraryModel::default() };
        PageModel { library: Some(Arc::new(library)), is_home: true, ..PageModel::default() }
    };
    let mut driver = Driver::new(MenuPage::Menu, failures(0));
    assert!(!driver.shows("Unread files"));
    driver.change(|model| *model = failures(1));
    assert!(driver.shows("Unread files"), "a long one is cut off in the library");
    driver.change(|model| *model = failures(2));
    driver.click("Unread files");
    assert!(driver.shows("cannot read 0") && driver.shows("cannot read 1"));
    driver.keys(&[Key::End, Key::ArrowDown, Key::Enter]);
    assert_eq!(driver.page(), Some(MenuPage::Library));
    assert!(driver.shows("Unread files (all 2 in the menu): cannot read 0"));
}

#[test]
fn unread_files_are_scrolled_by_keys() {
    let failures = (0..60).map(|number| format!("cannot read {number}")).collect();
    let library = Some(Arc::new(LibraryModel { failures, ..LibraryModel::default() }));
    let model = PageModel { library, is_home: true, ..PageModel::default() };
    let mut driver = Driver::new(MenuPage::Unread, model);
    assert!(driver.shows("cannot read 0") && !driver.shows("cannot read 59"));
    driver.keys(&[Key::End]);
    for _ in 0..60 {
        driver.still();
    }
    assert!(!driver.shows("cannot read 0") && driver.shows("cannot read 59"));
}

#[test]
fn unread_files_are_scrolled_by_the_wheel() {
    let failures = (0..60).map(|number| format!("cannot read {number}")).collect();
    let library = Some(Arc::new(LibraryModel { failures, ..LibraryModel::default() }));
    let model = PageModel { library, is_home: true, ..PageModel::default() };
    let mut driver = Driver::new(MenuPage::Unread, model);
    assert!(driver.shows("cannot read 0"));
    driver.wheel(-600.0);
    for _ in 0..60 {
        driver.still();
    }
    assert!(!driver.shows("cannot read 0"));
}

#[test]
fn the_page_begins_as_it_was_left() {
    let mut model = many();
    let mut library = (*model.library.take().unwrap()).clone();
    library.view = LibraryView { sort: LibrarySort::LastPlayed, is_grid: true };
    model.library = Some(Arc::new(library));
    let mut driver = Driver::new(MenuPage::Library, model);
    assert!(driver.shows("Grid") && driver.shows("By last played"));
    let other = LibraryView { sort: LibrarySort::TimePlayed, is_grid: true };
    assert_eq!(driver.click("By last played"), [PageCommand::ShowLibrary(other)]);
    assert!(driver.shows("By time played"), "before the model says so");
}

#[test]
fn ages_are_renewed_once_a_minute_while_the_page_is_shown() {
    let mut driver = Driver::new(MenuPage::Library, few());
    assert_eq!(driver.after(100.0), [PageCommand::RenewAges], "the page began at 0");
    assert_eq!((driver.after(159.0), driver.after(160.0)), (vec![], vec![PageCommand::RenewAges]));
    assert!(driver.passes_until_still(20) < 20);
    driver.open(MenuPage::Menu);
    assert_eq!(driver.after(400.0), []);
}
