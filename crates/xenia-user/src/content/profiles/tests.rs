//! Tests of the files of profiles.

use super::*;
use crate::content::PackageHeader;
use crate::profile_settings::DASHBOARD;
use std::path::Path;
use std::sync::Arc;
use xenia_vfs::HostFolder;

fn store(folder: &Path) -> ContentStore {
    ContentStore::new(Box::new(HostFolder::writable(folder, Arc::default()).unwrap()))
}

#[test]
fn profiles_are_found_again_with_what_they_have_set() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path()).load_profiles(None);
    let mut profile = first.get(0).unwrap().clone();
    let number = Value::Bits(7 << 32);
    let all = SettingId(0x1004_0002);
    let own = SettingId(0x63E8_3FFF);
    let of_title = folder.path().join(format!("Profiles/{:016X}/00000005.settings", profile.xuid.0));
    for (id, value) in [
        (all, number.clone()),
        (own, Value::Bytes(vec![1, 0xAB])),
        (SettingId(0x402C_0011), Value::Bytes(vec![])),
    ] {
        assert!(profile.set(5, id, value));
    }
    let mut without_options = Profile::new(profile.xuid, profile.name()).unwrap();
    for (id, value) in profile.settings_of(DASHBOARD) {
        assert!(without_options.set(5, id, value.clone()));
    }
    store(folder.path()).save_options(&profile, 5).unwrap();
    for owner in [5, DASHBOARD] {
        store(folder.path()).save_settings(&profile, owner).unwrap();
    }
    assert!(!of_title.exists(), "the title has options only");
    let again = store(folder.path()).load_profiles(None);
    assert_eq!(again.get(0), Some(&without_options));
    assert_eq!(again.mask(), 1);
    let gpd = store(folder.path()).gpd(profile.xuid, 5).unwrap();
    assert_eq!(gpd.binary_setting(own.0), Some(&[1, 0xAB][..]));
}

#[test]
fn options_of_an_earlier_version_go_to_the_database_with_all_others() {
    let folder = tempfile::tempdir().unwrap();
    let xuid = Profile::made_for(0).xuid;
    let store = store(folder.path());
    let mut gpd = store.gpd(xuid, 5).unwrap();
    for (id, value) in [(0x63E8_3FFD, b"a"), (0x63E8_3FFF, b"b")] {
        gpd.set_binary_setting(id, value);
    }
    store.save_gpd(xuid, 5, &gpd).unwrap();
    store.save_profile(&Profile::made_for(0)).unwrap();
    let text = folder.path().join(format!("Profiles/{:016X}/00000005.settings", xuid.0));
    std::fs::write(&text, format!("{SETTINGS}\n10040038 = 0000000700000000\n63E83FFF = 63\n")).unwrap();
    let profiles = store.load_profiles(None);
    let profile = profiles.get(0).unwrap();
    let before = std::fs::read(&text).unwrap();
    store.save_settings(profile, 5).unwrap();
    assert_eq!(std::fs::read(&text).unwrap(), before, "the database has another value");
    store.save_options(profile, 5).unwrap();
    store.save_settings(profile, 5).unwrap();
    let gpd = store.gpd(xuid, 5).unwrap();
    let stored = [0x63E8_3FFD, 0x63E8_3FFE, 0x63E8_3FFF].map(|id| gpd.binary_setting(id));
    assert_eq!(stored, [Some(&b"a"[..]), None, Some(&b"c"[..])]);
    let text = std::fs::read_to_string(text).unwrap();
    assert_eq!(text, format!("{SETTINGS}\n10040038 = 0000000700000000\n"));
}

#[test]
fn the_first_profile_of_a_console_with_a_number_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = store(folder.path()).load_profiles(Some(0x1234_5678_9ABC_DEF0));
    let xuid = first.get(0).unwrap().xuid;
    assert_eq!(xuid, Xuid(0xE234_5678_9ABC_0001));
    for number in [Some(7), None] {
        assert_eq!(store(folder.path()).load_profiles(number).get(0), first.get(0));
    }
}

#[test]
fn others_sign_in_in_order_and_new_ones_get_free_ids() {
    let folder = tempfile::tempdir().unwrap();
    for (xuid, name) in
        [("E000000000000002", "Second"), ("E000000000000001", "First"), ("0000000000000001", "No")]
    {
        let at = folder.path().join("Profiles").join(xuid);
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("profile"), format!("{PROFILE}\nname = {name}\n")).unwrap();
    }
    std::fs::create_dir_all(folder.path().join("Profiles/E000000000000003")).unwrap();
    std::fs::write(folder.path().join("Profiles/x"), "noise").unwrap();
    let mut profiles = store(folder.path()).load_profiles(None);
    for user in 1..4 {
        profiles.sign_in(user);
    }
    let names: Vec<_> = (0..4).map(|user| profiles.get(user).unwrap().name().to_owned()).collect();
    assert_eq!(names, ["First", "Second", "Player 3", "Player 4"]);
}

#[test]
fn profiles_are_made_named_and_removed_with_their_saves() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let first = store.create_profile("Ada", Some(7 << 16)).unwrap();
    assert_eq!(first.xuid, Xuid::first_of(7 << 16));
    let second = store.create_profile("Bo", Some(9 << 16)).unwrap();
    assert!(second.xuid > first.xuid, "the first user stays");
    for name in ["", "1a", "sixteen letters."] {
        assert_eq!(store.create_profile(name, None), Err(VfsError::InvalidName), "{name}");
        assert_eq!(store.rename_profile(first.xuid, name), Err(VfsError::InvalidName), "{name}");
    }
    store.rename_profile(second.xuid, "Cy").unwrap();
    assert_eq!(store.rename_profile(Xuid(second.xuid.0 + 1), "Di"), Err(VfsError::NotFound));
    let names = || -> Vec<String> {
        store.read_profiles().unwrap().iter().map(|profile| profile.name().to_owned()).collect()
    };
    assert_eq!(names(), ["Ada", "Cy"]);

    store.save_settings(&second, 5).unwrap();
    let owners = [first.xuid, second.xuid, Xuid::NOBODY];
    for owner in owners {
        let name = PackageName::new(owner, 5, 1, "save").unwrap();
        store.commit(&name, &PackageHeader::new(owner, "A save")).unwrap();
    }
    store.remove_profile(second.xuid).unwrap();
    assert_eq!(store.remove_profile(second.xuid), Err(VfsError::NotFound));
    assert_eq!(names(), ["Ada"]);
    let left: Vec<Xuid> = store.every_package().unwrap().iter().map(|(name, _)| name.owner).collect();
    assert_eq!(left, [Xuid::NOBODY, first.xuid], "others' saves stay");
    let id = format!("{:016X}", second.xuid.0);
    assert!(!folder.path().join("Profiles").join(id).exists());
}

#[cfg(unix)]
#[test]
fn a_profile_is_removed_without_the_targets_of_its_links() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let profiles = [0, 1, 2].map(|_| store.create_profile("Ada", Some(7 << 16)).unwrap().xuid);
    let [first, second, third] = profiles;
    let save = PackageName::new(first, 5, 1, "save").unwrap();
    store.commit(&save, &PackageHeader::new(first, "A save")).unwrap();
    store.save_gpd(first, 5, &Gpd::default()).unwrap();
    let link = |from: String, to: String| {
        let from = folder.path().join(from);
        std::fs::create_dir_all(from.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, from).unwrap();
    };
    let id = |xuid: Xuid| format!("{:016X}", xuid.0);
    link(format!("Content/{}/00000005", id(second)), format!("../{}/00000005", id(first)));
    link(format!("Profiles/{}/00000005.gpd", id(second)), format!("../{}/00000005.gpd", id(first)));
    // Another letter case, which an exact path does not find.
    link(format!("Content/{}", id(third).to_lowercase()), id(first));
    for xuid in [second, third] {
        store.remove_profile(xuid).unwrap();
    }
    let left = store.every_package().unwrap();
    assert_eq!(left.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), [save]);
    assert!(folder.path().join(format!("Profiles/{}/00000005.gpd", id(first))).exists());
    for (parent, count) in [("Content", 1), ("Profiles", 1)] {
        assert_eq!(std::fs::read_dir(folder.path().join(parent)).unwrap().count(), count, "{parent}");
    }
}

#[test]
fn a_profile_is_removed_beside_files_that_guests_do_not_see() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let xuid = store.create_profile("Ada", Some(7 << 16)).unwrap().xuid;
    let save = PackageName::new(xuid, 5, 1, "save").unwrap();
    store.commit(&save, &PackageHeader::new(xuid, "A save")).unwrap();
    // No device of the console has such a name.
    let hidden = ["Content", "Profiles"]
        .map(|parent| folder.path().join(parent).join(format!("{:016X}", xuid.0)).join("\u{4e00}"));
    for path in &hidden {
        std::fs::write(path, "x").unwrap();
    }
    store.remove_profile(xuid).unwrap();
    assert!(!store.has_profile(xuid) && store.every_package().unwrap().is_empty());
    for path in hidden {
        let parent = path.parent().unwrap();
        assert_eq!(std::fs::read_dir(parent).unwrap().count(), 1, "{}", parent.display());
    }
}

// The file systems of other hosts take such names for one.
#[cfg(target_os = "linux")]
#[test]
fn a_profile_is_removed_with_names_that_differ_only_in_case() {
    let folder = tempfile::tempdir().unwrap();
    let xuid = Xuid(0xE000_0000_0000_0001);
    let id = format!("{:016X}", xuid.0);
    for id in [id.to_lowercase(), id] {
        for file in [
            format!("Content/{id}/4D5307D1/00000001/save/a"),
            format!("Content/{id}/4D5307D1/00000001/SAVE/a"),
            format!("Content/{id}/4d5307d1/00000001/save"),
            format!("Profiles/{id}/4d5307d1.gpd"),
            format!("Profiles/{id}/4D5307D1.gpd"),
            format!("Profiles/{id}/profile"),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("{PROFILE}\nname = Ada\n")).unwrap();
        }
    }
    store(folder.path()).remove_profile(xuid).unwrap();
    for parent in ["Content", "Profiles"] {
        assert_eq!(std::fs::read_dir(folder.path().join(parent)).unwrap().count(), 0, "{parent}");
    }
}

#[test]
fn a_profile_with_a_wrong_name_keeps_its_id_and_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("Profiles/E000000000000001");
    std::fs::create_dir_all(&at).unwrap();
    let text = format!("{PROFILE}\nname = Sixteen letters x\n");
    std::fs::write(at.join("profile"), &text).unwrap();
    let profiles = store(folder.path()).load_profiles(None);
    let profile = profiles.get(0).unwrap();
    assert_eq!((profile.xuid, profile.name()), (Xuid(0xE000_0000_0000_0001), "Player 1"));
    store(folder.path()).save_settings(profile, 5).unwrap();
    assert_eq!(std::fs::read_to_string(at.join("profile")).unwrap(), text, "it is the user's");
    assert_eq!(std::fs::read_dir(folder.path().join("Profiles")).unwrap().count(), 1);
    assert!(store(folder.path()).has_profile(profile.xuid));
}

#[test]
fn a_profile_whose_file_is_empty_keeps_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("Profiles/E000000000000001");
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("profile"), "").unwrap();
    let profiles = store(folder.path()).load_profiles(None);
    assert_eq!(profiles.get(0).unwrap().xuid, Xuid(0xE000_0000_0000_0001));
    let text = std::fs::read_to_string(at.join("profile")).unwrap();
    assert_eq!(text, format!("{PROFILE}\nname = Player 1\n"), "there is no text of the user's");
    assert_eq!(std::fs::read_dir(folder.path().join("Profiles")).unwrap().count(), 1);
}

#[test]
fn damaged_files_are_ignored() {
    for line in
        ["", "x", "10040002 = ", "10040002 = G", "10040002 =1", "63E83FFF = 1", "63E83FFF = \u{e9}", "= = ="]
    {
        assert_eq!(parse_setting(line), None, "{line}");
    }
    assert_eq!(parse_settings(b"\xFF"), []);
    assert_eq!(parse_settings(b"10040002 = 0000000000000001\n"), [], "no first line");
    for text in [
        &b""[..],
        b"xenia-rs profile 1\n",
        b"xenia-rs profile 1\nname = \n",
        b"xenia-rs profile 2\nname = A\n",
    ] {
        assert_eq!(parse_profile(Xuid(0xE000_0000_0000_0001), text), None);
    }
    let mut profile = Profile::made_for(0);
    assert!(!profile.set_of(5, SettingId(0x1004_0002), Value::Bits(0)), "not a title's own");
    assert!(!profile.set_of(DASHBOARD, SettingId(0x63E8_3FFF), Value::Bytes(vec![])), "not the dashboard's");
}
