//! Tests of the data that the pages of profiles show, and of their effects on files.

use super::*;
use std::fs;
use xenia_formats::gpd::{EARNED, Record};
use xenia_guest::TitleId;
use xenia_kernel::content::{PackageHeader, PackageName};
use xenia_kernel::user::profile::Profile;
use xenia_kernel::vfs::FileDevice as _;

/// A title with two achievements, of which the second is a secret.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");
/// The suite's id.
const ID: u32 = 0x5841_0002;
/// A moment of 2008-11-22.
const DAY: u64 = 128_718_234_000_000_000;

/// A folder of saves of two profiles, and the suite's data.
struct Console {
    folder: tempfile::TempDir,
    profiles: [Xuid; 2],
}

impl Console {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = to_write(&folder.path().join("content")).unwrap();
        let first = Xuid::first_of(0);
        let profiles = [first, Xuid(first.0 + 1)];
        for (xuid, name) in profiles.into_iter().zip(["Ada", "Bo"]) {
            store.save_profile(&Profile::new(xuid, name).unwrap()).unwrap();
        }
        Self { folder, profiles }
    }

    fn store(&self) -> ContentStore {
        to_write(&self.content()).unwrap()
    }

    fn content(&self) -> PathBuf {
        self.folder.path().join("content")
    }

    fn exports(&self) -> PathBuf {
        self.folder.path().join("exports")
    }

    fn subject(&self) -> DataSubject {
        let own = ExecArgs::default();
        let subject = DataSubject::open(&own, Some(Path::new(SUITE))).unwrap();
        DataSubject { content: Some(self.content()), ..subject }
    }

    fn saves(&self, xuid: Option<Xuid>) -> xenia_render::SavesModel {
        packages::model(&Ok(self.subject()), xuid, Some(&self.exports()))
    }

    /// Saves a game of this many bytes.
    fn save(&self, owner: Xuid, file: &str, bytes: usize) -> PackageId {
        let store = self.store();
        let name = PackageName::new(owner, ID, SAVED_GAME, file).unwrap();
        let header = store.prepare(&name, None, PackageHeader::new(owner, &format!("The {file}"))).unwrap();
        let mut files = store.folder(name.files(header.folder));
        files.create_file(&["a".to_owned()]).unwrap().write_at(0, &vec![7; bytes]).unwrap();
        store.commit(&name, &header).unwrap();
        PackageId { owner: owner.0, title: ID, kind: SAVED_GAME, file: file.to_owned() }
    }
}

#[test]
fn achievements_are_a_profiles_own_and_secrets_stay_secret() {
    let console = Console::new();
    let [ada, bo] = console.profiles;
    let store = console.store();
    let mut gpd = store.gpd(bo, ID).unwrap();
    let record = Record { id: 7, gamerscore: 25, flags: EARNED | 3, unlocked_at: DAY, ..Record::default() };
    gpd.set_achievement(&Record {
        label: "Second".to_owned(),
        description: "Done\u{1b}[2J".to_owned(),
        ..record
    });
    store.save_gpd(bo, ID, &gpd).unwrap();

    let model_of = |xuid| achievements_model(&Ok(console.subject()), xuid);
    let first = model_of(None);
    assert_eq!((first.choice.chosen().map(|it| it.xuid), first.failure.as_deref()), (Some(ada.0), None));
    assert_eq!(first.totals, "0 of 2 achievements, 0 of 35 G");
    let names: Vec<&str> = first.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names[1], "Secret achievement 2", "{names:?}");
    assert!(!names[0].is_empty() && !first.rows[0].description.is_empty(), "{first:?}");
    assert_eq!((first.rows[1].details.as_str(), first.rows[1].description.as_str()), ("25 G", ""));

    let of_user = DataSubject { user: Some(bo), ..console.subject() };
    assert_eq!(achievements_model(&Ok(of_user), None).choice.chosen, 1, "of --user");
    let second = model_of(Some(bo));
    assert_eq!((second.choice.chosen, second.totals.as_str()), (1, "1 of 2 achievements, 25 of 35 G"));
    let row = &second.rows[1];
    assert_eq!(
        (row.name.as_str(), row.details.as_str(), row.is_earned),
        ("Second", "25 G, 2008-11-22", true)
    );
    assert!(!row.description.contains('\u{1b}'), "{row:?}");

    // A damaged database is reported, and stays where it is.
    let file = console.content().join(format!("Profiles/{:016X}/{ID:08X}.gpd", bo.0));
    fs::write(&file, "XDBF and then nothing").unwrap();
    let damaged = model_of(Some(bo));
    assert!(damaged.failure.is_some() && damaged.rows.len() == 2 && file.exists(), "{damaged:?}");
}

#[test]
fn a_title_that_cannot_be_opened_has_a_reason() {
    let own = ExecArgs::default();
    let missing = DataSubject::open(&own, Some(Path::new("/nowhere/a.xex")));
    let model = achievements_model(&missing, None);
    assert!(model.failure.unwrap().contains("/nowhere/a.xex"));
    assert!(packages::model(&missing, None, None).failure.is_some());
    // Without a folder of saves there is nothing to change.
    let console = Console::new();
    let in_memory = DataSubject { content: None, ..console.subject() };
    let model = packages::model(&Ok(in_memory), None, Some(&console.exports()));
    assert_eq!(
        (model.failure.as_deref(), model.fixed.is_some()),
        (Some("the title's saves are in memory only."), true)
    );
}

#[test]
fn packages_that_are_set_aside_are_counted() {
    let console = Console::new();
    let [ada, bo] = console.profiles;
    console.save(ada, "Save", 5000);
    let store = console.store();
    let name = PackageName::new(ada, ID, SAVED_GAME, "Save").unwrap();
    let old = store.find(&name).unwrap();
    let header = store.prepare(&name, old.as_ref(), PackageHeader::new(ada, "Newer")).unwrap();
    store.folder(name.files(header.folder)).create_file(&["a".to_owned()]).unwrap();
    store.set_aside(&name, &header).unwrap();
    drop(store);
    let totals = console.saves(Some(ada)).totals;
    assert_eq!(totals, "1 package, 4 KiB; 1 package set aside (xenia-rs content list)");
    assert_eq!(console.saves(Some(bo)).totals, "There is no saved game and no content.");
}

#[test]
fn packages_of_a_profile_are_listed_and_exported_as_the_command_does() {
    let console = Console::new();
    let [ada, bo] = console.profiles;
    let id = console.save(ada, "Save", 5000);
    console.save(bo, "Other", 100);
    console.save(Xuid::NOBODY, "Everyone", 10);
    let names = |xuid| {
        let model = console.saves(xuid);
        let mut names: Vec<String> = model.packages.into_iter().map(|package| package.name).collect();
        names.sort();
        (names, model.totals)
    };
    assert_eq!(
        names(None),
        (vec!["The Everyone".to_owned(), "The Save".to_owned()], "2 packages, 4 KiB".to_owned())
    );
    assert_eq!(names(Some(bo)).0, ["The Everyone", "The Other"]);
    let model = console.saves(None);
    let package = model.packages.iter().find(|package| package.id == id).unwrap();
    let date = date_text(xenia::config::file_time(std::time::SystemTime::now()));
    assert_eq!(package.details, format!("saved game, 4 KiB, {date}"));
    assert!(model.importable.is_empty() && model.fixed.is_none());

    // A second export does not replace the first one.
    let to =
        |number: &str| console.exports().join(number).join(format!("{:016X}/{ID:08X}/00000001/Save", ada.0));
    for expected in [to(""), to("2")] {
        assert_eq!(export(&console.subject(), &id, Some(&console.exports())).unwrap(), expected);
        assert!(fs::read(expected).unwrap().starts_with(b"CON "));
    }
    assert_eq!(console.saves(None).importable.len(), 2);
    let running = packages::model(&Ok(DataSubject { runs: true, ..console.subject() }), None, None);
    assert!(running.fixed.is_some() && running.packages.len() == 2, "{running:?}");
}

#[test]
fn packages_are_imported_for_the_profile_that_is_shown() {
    let console = Console::new();
    let [ada, bo] = console.profiles;
    let id = console.save(ada, "Save", 5000);
    let file = export(&console.subject(), &id, Some(&console.exports())).unwrap();
    let store = console.store();
    let import = |owner, replaces| take_in(&store, &file, Some(ID), Some(owner), replaces);
    assert!(import(bo, false).unwrap().starts_with("imported Save for the title 58410002"));
    assert!(console.saves(Some(bo)).packages.iter().any(|package| package.id.owner == bo.0));
    assert!(import(bo, false).unwrap_err().is::<PackageExists>());
    import(bo, true).unwrap();
    let (name, header) = packages::find(&store, &id).unwrap();
    store.remove(&name, &header).unwrap();
    assert!(packages::find(&store, &id).unwrap_err().to_string().contains("gone"));
    take_in(&store, &file, None, None, false).unwrap();
    assert!(packages::find(&store, &id).is_ok(), "the package names its profile");
}

#[test]
fn a_dropped_package_goes_to_the_folder_of_its_title_if_the_library_has_that() {
    let console = Console::new();
    let id = console.save(console.profiles[0], "Save", 5000);
    let file = export(&console.subject(), &id, Some(&console.exports())).unwrap();
    let settings = console.folder.path().join("config.toml");
    let at = |name: &str| console.folder.path().join(name);
    let [all, other] = ["all", "other"].map(at);
    let table = |name: &str, content: &Path| format!("[{name}]\ncontent = '{}'\n", content.display());
    fs::write(&settings, table("exec", &all) + &table("title.58410002", &other)).unwrap();
    let typed = vec!["xenia-rs".into(), "--config".into(), settings.into()];
    let own = ExecArgs { typed, ..ExecArgs::default() };
    let place = |library| {
        let pages = ProfilePages::new(&own, &SharedOpenTitle::default(), Some(library));
        pages.place_of(&file).unwrap()
    };
    let suite = Path::new(SUITE);
    assert_eq!(place(WindowLibrary::with_title(suite, TitleId(ID))), Some(other));
    assert_eq!(place(WindowLibrary::with_title(suite, TitleId(0x4D53_07D1))), Some(all));
}

#[test]
fn foreign_and_hostile_packages_are_refused_with_the_reason() {
    let console = Console::new();
    let id = console.save(console.profiles[0], "Save", 5000);
    let file = export(&console.subject(), &id, Some(&console.exports())).unwrap();
    let store = console.store();
    let before = store.every_package().unwrap();
    let refused =
        |path: &Path, title| format!("{:#}", take_in(&store, path, Some(title), None, true).unwrap_err());
    let foreign = refused(&file, 0x4D53_07D1);
    assert!(foreign.contains("58410002") && foreign.contains("not to 4D5307D1"), "{foreign}");
    let at = |name: &str, bytes: &[u8]| {
        let path = console.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    assert!(refused(&at("noise", b"no package"), ID).contains("not a content package"));
    assert!(refused(&at("empty", b""), ID).contains("not a content package"));
    let whole = fs::read(&file).unwrap();
    for length in [4, 0x344, 0x1000, whole.len() / 2] {
        refused(&at("torn", &whole[..length]), ID);
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 0x1000;
    damaged[last] ^= 1;
    let why = refused(&at("damaged", &damaged), ID);
    assert!(why.contains("damaged"), "{why}");
    assert!(refused(console.folder.path(), ID).contains("a folder"));
    assert!(refused(Path::new("/nowhere"), ID).contains("/nowhere"));
    assert_eq!(store.every_package().unwrap(), before, "nothing was replaced");
    // While a run uses the folder, nothing is changed.
    let held = content::lock(&console.content()).unwrap();
    assert!(lock(&console.content()).unwrap_err().to_string().contains("close the title first"));
    drop(held);
    assert!(lock(&console.content()).is_ok());
}

#[test]
fn profiles_are_listed_with_their_saves_and_changed_while_no_run_uses_them() {
    let console = Console::new();
    let [ada, bo] = console.profiles;
    console.save(bo, "one", 10);
    console.save(bo, "two", 10);
    let details = || -> Vec<(u64, String)> {
        let model = profiles::profiles_model(Ok(console.content()));
        assert_eq!(model.failure, None);
        model.profiles.into_iter().map(|profile| (profile.xuid, profile.details)).collect()
    };
    let [none, two] = ["0 G, 0 saved games", "0 G, 2 saved games"].map(str::to_owned);
    assert_eq!(details(), [(ada.0, none.clone()), (bo.0, two)]);
    let remove = || {
        profiles::change_in(&console.content(), |store| {
            store.remove_profile(bo)?;
            Ok(String::new())
        })
    };
    let run = content::lock(&console.content()).unwrap();
    assert!(format!("{:#}", remove().unwrap_err()).contains("close the title first"));
    drop(run);
    remove().unwrap();
    assert_eq!(details(), [(ada.0, none)]);
    let missing = profiles::profiles_model(Ok(console.folder.path().join("none yet")));
    assert_eq!(missing, xenia_render::ProfilesModel::default());
    assert!(profiles::check_name("Ada 2").is_ok());
    assert!(profiles::check_name("2 Ada").unwrap_err().contains("15"));
}

#[test]
fn a_message_reports_that_the_profile_of_the_setting_user_is_gone() {
    let console = Console::new();
    let id = format!("{:016X}", console.profiles[0].0);
    let text = |user: &str| profiles::with_missing_user(String::new(), &console.content(), Some(user));
    assert_eq!([text("Ada"), text(&id)], ["", ""]);
    console.store().rename_profile(console.profiles[0], "Cy").unwrap();
    assert_eq!(text(&id), "");
    assert!(text("Ada").contains("no such profile"));
}

#[test]
fn readings_of_the_profiles_have_numbers_of_their_own() {
    let pages = ProfilePages::new(&ExecArgs::default(), &SharedOpenTitle::default(), None);
    let request = pages.note(&DataOwner::default(), None);
    assert_eq!([pages.note_listing(), pages.note_listing()], [1, 2]);
    assert_eq!(pages.page.lock().request, request);
}

#[test]
fn an_import_replaces_a_package_of_the_profile_that_was_shown_at_its_request() {
    let pages = ProfilePages::new(&ExecArgs::default(), &SharedOpenTitle::default(), None);
    let of = DataOwner::default();
    let [ada, bo] = [1, 2].map(Xuid);
    let file = Path::new("save.con");
    pages.note(&of, Some(bo.0));
    let asked = PageImport { of, xuid: Some(ada) };
    pages.page.lock().conflicts.insert(file.to_owned(), asked);
    let owner = |name: &str, replaces| pages.asked(Path::new(name), replaces).xuid;
    assert_eq!(owner("other.con", true), Some(bo));
    assert_eq!(owner("save.con", false), Some(bo));
    assert_eq!(owner("save.con", true), Some(ada));
    assert_eq!(owner("save.con", true), Some(bo), "the question has been answered");
}
