//! Tests of the tree of each page, which assistive technologies would read: roles, names, focus.

use super::testing::Driver;
use super::{
    AchievementsModel, ConsoleDialog, DialogChoice, EarnedRow, ImportableFile, OverlayText, ProfileChoice,
    ProfileModel, ProfileName, ProfilesModel, SavesModel, StoredPackage, StoredProfile,
};
use super::{
    GalleryEntry, GalleryModel, InputModel, InputPad, InputPart, InternalsPane, LibraryEntry, LibraryModel,
    LiveSetting, MenuPage, PageFailure, PageModel, SavedSlot, SettingControl, SettingEntry, SettingTarget,
    SettingsModel, StateList, StoppedModel, StoredData,
};
use egui::Key;
use egui::accesskit::{Action, Node, NodeId, Role, TreeUpdate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Achievements, and saved games of two profiles.
fn profile() -> ProfileModel {
    let profiles = [(7, "Ada"), (8, "Bo")];
    let profiles = profiles.map(|(xuid, name)| ProfileName { xuid, name: name.to_owned() }).to_vec();
    let choice = ProfileChoice { profiles, chosen: 0 };
    let earned =
        |name: &str| EarnedRow { name: name.to_owned(), details: "20 G".to_owned(), ..EarnedRow::default() };
    let rows = (0..9).map(|number| earned(&format!("Number {number}"))).collect();
    let achievements = AchievementsModel { choice: choice.clone(), rows, ..AchievementsModel::default() };
    let package = |name: &str| StoredPackage { name: name.to_owned(), ..StoredPackage::default() };
    let file = |name: &str| ImportableFile { path: name.into(), ..ImportableFile::default() };
    let saves = SavesModel {
        choice,
        packages: vec![package("First"), package("Second")],
        importable: vec![file("/e/1.con"), file("/e/2.con")],
        exports: Some("/e".into()),
        ..SavesModel::default()
    };
    let stored = |name: &str| StoredProfile { name: name.to_owned(), ..StoredProfile::default() };
    let stored = ProfilesModel { profiles: vec![stored("Ada"), stored("Bo")], failure: None };
    ProfileModel {
        has_title: true,
        profiles: Some(Arc::new(stored)),
        achievements: Some(Arc::new(achievements)),
        saves: Some(Arc::new(saves)),
        ..ProfileModel::default()
    }
}

/// A model with something on each page.
fn model() -> PageModel {
    const FILTERS: &[(&str, &str)] = &[("linear", "smooth"), ("nearest", "sharp")];
    let setting = |key, label, control, value: &str| LiveSetting { key, label, control, value: value.into() };
    let volume = SettingControl::Percent { range: 0..=200, step: 10 };
    let settings = vec![
        setting("volume", "Volume", volume.clone(), "100"),
        setting("mute", "Mute", SettingControl::Switch, "true"),
        setting("filter", "Filter", SettingControl::Choice(FILTERS), "linear"),
    ];
    let part = |name, label: &str| InputPart { name, label: label.into(), ..InputPart::default() };
    let input = InputModel {
        parts: vec![part("a", "A"), part("up", "D-pad up")],
        pads: vec![InputPad { name: "Gamepad: controller 1".to_owned(), assignment: None }],
        settings: vec![setting("dead-zone", "Dead zone of sticks", volume, "10")],
        assignment: Some("racing".to_owned()),
    };
    let entry = |name: &str| LibraryEntry { name: name.to_owned(), ..LibraryEntry::default() };
    let library = LibraryModel {
        entries: Arc::new(vec![entry("Demo"), entry("Knot")]),
        folders: Some(vec!["/games".into(), "/discs".into()]),
        ..LibraryModel::default()
    };
    let rows = (0..50).map(|row| format!("row {row}")).collect();
    let internals = ["threads", "files"].map(|name| InternalsPane {
        name: name.to_owned(),
        title: name.to_owned(),
        heading: None,
        rows: Vec::clone(&rows),
    });
    let file = |name: &str| GalleryEntry { name: name.to_owned(), ..GalleryEntry::default() };
    let entries = vec![file("knot_7.png"), file("knot_1.mp4")];
    let gallery = GalleryModel { entries, total: 9, ..GalleryModel::default() };
    let entry = |key: &str| SettingEntry { key: key.to_owned(), is_set: true, ..SettingEntry::default() };
    let all_settings = SettingsModel {
        name: "all titles".to_owned(),
        other: Some(SettingTarget::OpenTitle),
        entries: vec![entry("mute"), entry("frame-limit")],
        ..SettingsModel::default()
    };
    PageModel {
        title: "Knot".to_owned(),
        all_settings: Some(Arc::new(all_settings)),
        has_all_settings: true,
        can_restart: true,
        is_running: true,
        can_keep: true,
        settings,
        has_input: true,
        input: Some(input),
        states: Some(StateList {
            slots: vec![Some(SavedSlot::default()), None],
            can_undo: true,
            ..StateList::default()
        }),
        library: Some(Arc::new(library)),
        stored: Some(StoredData { caches: Some("1 MiB".to_owned()), saves: Some("2 saves".to_owned()) }),
        failure: PageFailure { heading: "It can't be run".to_owned(), lines: vec!["why".to_owned()] },
        stopped: Some(StoppedModel { again: Some("R".to_owned()), ..StoppedModel::default() }),
        internals: Some(Arc::new(internals.into())),
        has_gallery: true,
        gallery: Some(Arc::new(gallery)),
        video: Some(false),
        profile: profile(),
        ..PageModel::default()
    }
}

/// Name of a node, as assistive technologies compute it.
fn name(node: &Node, nodes: &BTreeMap<NodeId, &Node>) -> String {
    let label = |id: &NodeId| {
        let node = nodes.get(id)?;
        node.value().or(node.label())
    };
    let own = node.label().map(str::to_owned);
    own.unwrap_or_else(|| node.labelled_by().iter().filter_map(label).collect::<Vec<_>>().join(" "))
}

/// Roles and names of the nodes that take the focus.
fn controls(tree: &TreeUpdate) -> Vec<(NodeId, Role, String)> {
    let nodes = tree.nodes.iter().map(|(id, node)| (*id, node)).collect();
    let takes_focus = |node: &&(NodeId, Node)| node.1.supports_action(Action::Focus);
    let control = |(id, node): &(NodeId, Node)| (*id, node.role(), name(node, &nodes));
    tree.nodes.iter().filter(takes_focus).map(control).collect()
}

#[test]
fn every_focusable_element_has_a_unique_name() {
    for &page in MenuPage::ALL {
        let mut driver = Driver::new(MenuPage::Library, model());
        driver.open(page);
        let tree = driver.tree();
        let controls = controls(&tree);
        assert!(!controls.is_empty(), "{page:?}");
        let mut names = BTreeSet::new();
        for (_, role, name) in &controls {
            assert!(*role != Role::Unknown && !name.trim().is_empty(), "{page:?}: {controls:?}");
            assert!(names.insert(name), "{page:?} has two of {name}: {controls:?}");
        }
        assert!(controls.iter().any(|(id, ..)| *id == tree.focus), "{page:?}: the focus is on none");
    }
}

#[test]
fn a_setting_has_its_label_as_name_and_its_value() {
    let mut driver = Driver::new(MenuPage::Settings, model());
    let tree = driver.tree();
    let found = |label: &str| {
        let (id, role, _) = controls(&tree).into_iter().find(|(.., name)| name == label).expect(label);
        let (_, node) = tree.nodes.iter().find(|(of, _)| *of == id).expect(label);
        (role, node.clone())
    };
    let (role, volume) = found("Volume");
    assert_eq!(
        (role, volume.numeric_value(), volume.max_numeric_value()),
        (Role::Slider, Some(100.0), Some(200.0))
    );
    let (role, mute) = found("Mute");
    assert_eq!((role, mute.toggled()), (Role::CheckBox, Some(true.into())));
    assert_eq!(found("Filter: smooth").1.toggled(), Some(true.into()));
    assert_eq!(found("Filter: sharp").1.toggled(), Some(false.into()));
}

#[test]
fn a_title_of_the_library_has_its_facts_in_its_name() {
    let [name, kind, played] = ["Fog", "4D5307D1, iso", "5 min ago"].map(str::to_owned);
    let entry = LibraryEntry { name, kind, played, state: Some("plays"), ..LibraryEntry::default() };
    let library = LibraryModel { entries: Arc::new(vec![entry]), ..LibraryModel::default() };
    let page = PageModel { library: Some(Arc::new(library)), ..PageModel::default() };
    let controls = controls(&Driver::new(MenuPage::Library, page).tree());
    let is_named = controls.iter().any(|(.., name)| name == "Fog, 4D5307D1, iso, 5 min ago, plays");
    assert!(is_named, "{controls:?}");
}

#[test]
fn the_focus_that_is_told_follows_the_keys() {
    let mut driver = Driver::new(MenuPage::Menu, model());
    let mut focused = |keys: &[Key]| {
        driver.keys(keys);
        let tree = driver.tree();
        let focus = tree.focus;
        controls(&tree).into_iter().find(|(id, ..)| *id == focus).map(|(.., name)| name)
    };
    assert_eq!(focused(&[]).as_deref(), Some("Resume"));
    assert_eq!(focused(&[Key::ArrowDown]).as_deref(), Some("Save state"));
}

#[test]
fn a_console_dialog_has_controls_with_the_focus_on_the_chosen_one() {
    let shown = |choice| {
        let dialog = ConsoleDialog { title: "Save?".to_owned(), choice, ..ConsoleDialog::default() };
        let mut driver = Driver::without_page(OverlayText { dialog: Some(dialog), ..OverlayText::default() });
        assert!(driver.shows("Save?"), "it is there once it is measured");
        let tree = driver.tree();
        let controls = controls(&tree);
        let chosen = controls.iter().find(|(id, ..)| *id == tree.focus).map(|(.., name)| name.clone());
        let named =
            |wanted: &str| controls.iter().find(|(.., name)| name == wanted).map(|(_, role, _)| *role);
        let fields = tree.nodes.iter().filter(|(_, node)| node.role() == Role::TextInput).count();
        (chosen, named("No"), fields)
    };
    let labels = ["Yes", "No"].map(str::to_owned).to_vec();
    let message = DialogChoice::Buttons { labels, chosen: 1 };
    assert_eq!(shown(message), (Some("No".to_owned()), Some(Role::Button), 0));
    let rows = vec![vec!['a', 'b'], vec!['c', ' ']];
    let keyboard = DialogChoice::Letters { typed: "Pla".to_owned(), rows, chosen: (1, 1) };
    assert_eq!(shown(keyboard), (Some("space".to_owned()), None, 1));
}
