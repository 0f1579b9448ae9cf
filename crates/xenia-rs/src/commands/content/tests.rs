//! Tests of export and import, and of refused input.

use super::*;
use crate::cli::{Cli, Command};
use clap::Parser;
use std::sync::Arc;
use xenia::interrupt::Cause;
use xenia_kernel::vfs::{FileDevice, ScratchDisks};

pub(super) fn run(words: &[&str]) -> Result<Code> {
    match Cli::try_parse_from(["xenia-rs", "content"].iter().chain(words))?.command {
        Some(Command::Content(args)) => super::run(&args.command),
        _ => panic!("{words:?}"),
    }
}

fn error(words: &[&str]) -> String {
    format!("{:#}", run(words).unwrap_err())
}

/// Makes a save with a picture in a content folder.
pub(super) fn save_in(folder: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let store = ContentStore::new(Box::new(HostFolder::writable(Path::new(folder), Arc::default()).unwrap()));
    let owner = store.load_profiles(None).get(0).unwrap().xuid;
    let name = PackageName::new(owner, 0x4D53_07D1, 1, "Save 1").unwrap();
    let mut header = PackageHeader::new(owner, "Kapitel zw\u{f6}lf");
    header.license = 3;
    let header = store.prepare(&name, None, header).unwrap();
    let mut files = store.folder(name.files(header.folder));
    files.create_directory(&["sub".to_owned()]).unwrap();
    for (path, bytes) in [(&["a"][..], &[7; 5000][..]), (&["sub", "b"], b"")] {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        files.create_file(&path).unwrap().write_at(0, bytes).unwrap();
    }
    store.commit(&name, &header).unwrap();
    store.set_thumbnail(&name, b"\x89PNG picture").unwrap();
}

fn rows(folder: &str, json: &str) -> serde_json::Value {
    run(&["list", "--content", folder, "--json", json]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    json["packages"].clone()
}

#[test]
fn an_exported_save_is_imported_with_its_metadata() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let before = rows(&at("one"), &at("1.json"));
    assert_eq!((&before[0]["name"], &before[0]["bytes"]), (&"Save 1".into(), &5000.into()));
    assert!(before[0]["title_name"].is_null(), "there is no database of the title");
    run(&["export", &at("out"), "--content", &at("one")]).unwrap();
    let owner = before[0]["owner"].as_str().unwrap().to_owned();
    let package = at(&format!("out/{owner}/4D5307D1/00000001/Save 1"));
    assert!(std::fs::read(&package).unwrap().starts_with(b"CON "));
    assert!(error(&["export", &at("out"), "--content", &at("one")]).contains("exists"));
    run(&["import", &package, "--content", &at("two")]).unwrap();
    // There it belongs to a profile that no other console has.
    let there = |json: &str| {
        let mut rows = rows(&at("two"), &at(json));
        let own = std::mem::replace(&mut rows[0]["owner"], owner.as_str().into());
        assert!(own.as_str().unwrap().starts_with('E') && own != owner.as_str());
        rows
    };
    assert_eq!(there("2.json"), before);
    let store = to_read(Path::new(&at("two"))).unwrap();
    let (name, header) = store.every_package().unwrap().remove(0);
    assert_eq!((header.license, header.display_name()), (3, "Kapitel zw\u{f6}lf"));
    assert_eq!(store.thumbnail(&name).unwrap().unwrap(), b"\x89PNG picture");
    let files = store.folder(name.files(header.folder));
    assert_eq!(files.find(&["sub".to_owned(), "b".to_owned()]).unwrap().size, 0);
    assert!(error(&["import", &package, "--content", &at("two")]).contains("--replace"));
    run(&["import", &package, "--content", &at("two"), "--replace", "--title-id", "4D5307D1"]).unwrap();
    assert_eq!(there("3.json"), before);
    // Export as a folder, and import again.
    run(&["export", &at("plain"), "save 1", "--content", &at("one"), "--as", "folder"]).unwrap();
    let folder = at(&format!("plain/{owner}/4D5307D1/00000001/Save 1"));
    assert_eq!(std::fs::read(format!("{folder}/a")).unwrap(), [7; 5000]);
    assert!(error(&["import", &folder, "--content", &at("three")]).contains("--title-id"));
    run(&["import", &folder, "--content", &at("three"), "--title-id", "4D5307D1"]).unwrap();
    assert_eq!(rows(&at("three"), &at("4.json"))[0]["bytes"], 5000);
}

#[test]
fn a_whole_export_goes_in_again_in_both_forms() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let before = rows(&at("one"), &at("1.json"));
    let owner = before[0]["owner"].as_str().unwrap().to_owned();
    for form in ["stfs", "folder"] {
        let out = at(form);
        run(&["export", &out, "--content", &at("one"), "--as", form]).unwrap();
        // Exports that were killed leave such names.
        let temporary = format!("{out}/{owner}/4D5307D1/00000001/.xenia-rs-");
        std::fs::write(format!("{temporary}file"), "CON ").unwrap();
        std::fs::create_dir_all(format!("{temporary}folder/files")).unwrap();
        for part in ["", "/OWNER", "/OWNER/4D5307D1", "/OWNER/4D5307D1/00000001"] {
            let part = part.replace("OWNER", &owner);
            let new = at(&format!("new{form}{}", part.len()));
            // There is the same profile.
            std::fs::create_dir_all(format!("{new}/Profiles/{owner}")).unwrap();
            let profile = format!("Profiles/{owner}/profile");
            std::fs::copy(at(&format!("one/{profile}")), format!("{new}/{profile}")).unwrap();
            run(&["import", &format!("{out}{part}"), "--content", &new]).unwrap();
            let mut after = rows(&new, &at("2.json"));
            if form == "folder" {
                assert_eq!(after[0]["display_name"], "Save 1", "a folder says no other");
                after[0]["display_name"] = before[0]["display_name"].clone();
            }
            assert_eq!(after, before, "{form} {part}");
        }
    }
    std::fs::write(at("folder/notes.txt"), "mine").unwrap();
    let why = error(&["import", &at("folder"), "--content", &at("other")]);
    assert!(why.contains("notes.txt: name the packages"), "{why}");
}

#[test]
fn packages_whose_names_end_as_files_do_keep_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    for (name, size) in [("save", 1), ("save.con", 2)] {
        std::fs::create_dir(at(name)).unwrap();
        std::fs::write(at(&format!("{name}/a")), vec![0; size]).unwrap();
        run(&["import", &at(name), "--title-id", "4D5307D1", "--content", &at("one")]).unwrap();
    }
    run(&["export", &at("out"), "--content", &at("one")]).unwrap();
    run(&["import", &at("out"), "--content", &at("two")]).unwrap();
    let rows = rows(&at("two"), &at("2.json"));
    let mut found: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["name"].as_str(), row["bytes"].as_u64())).collect();
    found.sort_unstable();
    assert_eq!(found, [(Some("save"), Some(1)), (Some("save.con"), Some(2))]);
}

#[test]
fn an_export_continues_after_a_package_that_does_not_fit_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let owner = rows(&at("one"), &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    // A console's disk has names of 42 characters, a package of 40.
    let long = "n".repeat(41);
    let other = at(&format!("one/Content/{owner}/4D5307D1/00000001/A before the other"));
    std::fs::create_dir(&other).unwrap();
    std::fs::write(format!("{other}/{long}"), "x").unwrap();
    let why = error(&["export", &at("out"), "--content", &at("one")]);
    assert!(why.starts_with("1 package not exported:\n  A before the other: "), "{why}");
    assert!(why.ends_with("; --as folder takes it"), "{why}");
    assert!(Path::new(&at(&format!("out/{owner}/4D5307D1/00000001/Save 1"))).is_file());
    run(&["export", &at("plain"), "--content", &at("one"), "--as", "folder"]).unwrap();
}

#[test]
fn a_package_whose_header_cannot_be_read_is_listed_and_named_by_an_export() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let owner = rows(&at("one"), &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    std::fs::write(at(&format!("one/Content/{owner}/4D5307D1/00000001/Other=header")), "cut").unwrap();
    let listed = rows(&at("one"), &at("2.json"));
    assert_eq!((&listed[0]["name"], &listed[0]["bytes"]), (&"Other".into(), &serde_json::Value::Null));
    assert_eq!(listed[1]["name"], "Save 1");
    for words in [&["export", &at("out")][..], &["export", &at("named"), "Other"]] {
        let why = error(&[words, &["--content", &at("one")]].concat());
        assert!(why.starts_with("1 package not exported:\n  Other: cannot read the header"), "{why}");
    }
    assert!(Path::new(&at(&format!("out/{owner}/4D5307D1/00000001/Save 1"))).is_file());
}

#[test]
fn an_export_that_is_interrupted_leaves_no_temporary_files() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let owner = rows(&at("one"), &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    let interrupt = Interrupt::default();
    interrupt.request(Cause::Window);
    for form in ["stfs", "folder"] {
        let words = ["xenia-rs", "content", "export", &at(form), "--content", &at("one"), "--as", form];
        let Some(Command::Content(args)) = Cli::try_parse_from(words).unwrap().command else { panic!() };
        let ContentCommand::Export(args) = &args.command else { panic!() };
        let why = format!("{:#}", export(args, &interrupt).unwrap_err());
        assert!(why.contains("ended by window"), "{why}");
        let left = std::fs::read_dir(at(&format!("{form}/{owner}/4D5307D1/00000001"))).unwrap();
        assert_eq!(left.count(), 0, "{form}");
    }
}

#[test]
fn a_failed_import_lists_the_imported_packages() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    run(&["export", &at("out"), "--content", &at("one")]).unwrap();
    let owner = rows(&at("one"), &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    let names = ["out", &owner, "4D5307D1", "00000001", "Z"];
    let bad = names.iter().fold(dir.path().to_owned(), |folder, name| folder.join(name));
    std::fs::write(&bad, "noise").unwrap();
    let store = import::to_write(Path::new(&at("two"))).unwrap();
    let mut taken = Vec::new();
    let all = at("out");
    let done = import::import(&store, &[&all], import::ImportChoice::default(), |_, imported| {
        taken.push(imported.name.file().to_owned());
    });
    let why = format!("{:#}", done.unwrap_err());
    assert!(why.starts_with(&format!("cannot import {}", bad.display())), "{why}");
    assert_eq!(taken, ["Save 1"]);
}

#[test]
fn importing_a_profile_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::create_dir(at("E000000000000001")).unwrap();
    let words = ["--title-id", "FFFE07D1", "--kind", "0x10000", "--content", &at("one")];
    assert!(
        error(&[&["import", &at("E000000000000001")], &words[..]].concat())
            .contains("profiles cannot be imported")
    );
}

#[test]
fn content_commands_skip_unmatched_and_report_missing_items() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let export = ["export", &at("out"), "--content", &at("one")];
    for words in [["--title-id", "1"], ["--kind", "add-on"], ["--owner", "0"]] {
        run(&[&export[..], &words].concat()).unwrap();
    }
    assert!(!Path::new(&at("out")).exists());
    assert!(
        error(&["export", &at("out"), "Save 2", "--content", &at("one")]).contains("there is no \"Save 2\"")
    );
    assert!(error(&["list", "--content", &at("nowhere")]).contains("cannot read"));
    assert!(!Path::new(&at("nowhere")).exists(), "looking makes nothing");
    let default = PlaceArgs { content: None, portable: false };
    assert!(store_of(&default, Path::new(&at("nowhere"))).unwrap().is_none(), "nothing was saved yet");
    assert!(store_of(&default, Path::new(&at("one"))).unwrap().is_some());
    assert!(error(&["list", "--owner", "1"]).contains("is not a profile ID"));
    let words = ["--owner", "E000000000000077", "--title-id", "1"];
    std::fs::create_dir(at("folder")).unwrap();
    let import = ["import", &at("folder"), "--content", &at("one")];
    assert!(error(&[&import[..], &words].concat()).contains("there is no profile E000000000000077"));
}

#[test]
fn damaged_packages_and_names_that_lead_elsewhere_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    run(&["export", &at("out"), "--content", &at("one")]).unwrap();
    let owner = rows(&at("one"), &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    let whole = std::fs::read(at(&format!("out/{owner}/4D5307D1/00000001/Save 1"))).unwrap();
    // Damage the last byte of the data, and the name in the header.
    for place in [whole.len() - 1, 0x412] {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        std::fs::write(at("damaged"), damaged).unwrap();
        assert!(
            error(&["import", &at("damaged"), "--content", &at("two")]).contains("damaged:"),
            "{place:#x}"
        );
    }
    std::fs::write(at("noise"), "noise").unwrap();
    assert!(error(&["import", &at("noise"), "--content", &at("two")]).contains("not a content package"));
    for name in ["a=header", "x+y", "x;y"] {
        std::fs::write(at(name), &whole).unwrap();
        assert!(error(&["import", &at(name), "--content", &at("two")]).contains("is not a valid"), "{name}");
        std::fs::create_dir_all(at("folder")).unwrap();
        std::fs::write(at(&format!("folder/{name}")), "").unwrap();
        let words = ["import", &at("folder"), "--content", &at("two"), "--title-id", "1"];
        assert!(error(&words).contains(name), "{name}");
        std::fs::remove_file(at(&format!("folder/{name}"))).unwrap();
    }
    assert_eq!(rows(&at("two"), &at("2.json")).as_array().unwrap().len(), 0);
    let left = std::fs::read_dir(at("two/Content")).map_or(0, Iterator::count);
    assert!(left <= 1, "nothing but the empty folder of the owner");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_named_and_does_not_block_a_replacement() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let saves = at("one");
    save_in(&saves);
    let owner = rows(&saves, &at("1.json"))[0]["owner"].as_str().unwrap().to_owned();
    let store = to_read(Path::new(&saves)).unwrap();
    let (name, header) = store.every_package().unwrap().remove(0);
    let files = links::host_path(Path::new(&saves), &name.files(header.folder));
    let link = |path: &Path| std::os::unix::fs::symlink(at("elsewhere"), path).unwrap();
    let export = |to: &str| run(&["export", &at(to), "--content", &saves, "--as", "folder"]);

    // Inside of the save.
    link(&files.join("out"));
    assert_eq!(links::that_lead_out(Path::new(&saves), &files), [files.join("out")]);
    export("a").unwrap();
    std::fs::create_dir(at("Save 1")).unwrap();
    std::fs::write(at("Save 1/new"), [1; 9000]).unwrap();
    let words = ["import", &at("Save 1"), "--content", &saves, "--title-id", "4D5307D1", "--replace"];
    run(&[&words[..], &["--owner", &owner]].concat()).unwrap();
    assert!(!files.exists() && rows(&saves, &at("2.json"))[0]["bytes"] == 9000);

    // In place of the save.
    let (name, header) = store.every_package().unwrap().remove(0);
    let files = links::host_path(Path::new(&saves), &name.files(header.folder));
    std::fs::rename(&files, at("elsewhere")).unwrap();
    link(&files);
    let refused = format!("{:#}", export("b").unwrap_err());
    assert!(refused.contains("is a link that leads out of"), "{refused}");
    assert_eq!(rows(&saves, &at("3.json"))[0]["bytes"], serde_json::Value::Null);
    assert!(!Path::new(&at("b")).join("Save 1").exists());
}

#[cfg(unix)]
#[test]
fn package_folders_that_link_out_are_reported_as_failures() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let export = |to: &str| run(&["export", &at(to), "--content", &at("one")]).unwrap();
    assert_eq!(export("a"), Code::Done);
    let content = at("one/Content");
    let owner = std::fs::read_dir(&content).unwrap().next().unwrap().unwrap().path();
    for (folder, to) in [(owner, "b"), (content.into(), "c")] {
        let moved = at(&format!("moved-{to}"));
        std::fs::rename(&folder, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &folder).unwrap();
        assert_eq!(links::above_packages(Path::new(&at("one")), &WhichArgs::default()), [folder]);
        assert_eq!(export(to), Code::Unusable);
    }
}

#[test]
fn a_failed_import_leaves_only_the_old_save() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    save_in(&at("one"));
    let before = rows(&at("one"), &at("1.json"));
    let tree = || {
        let mut ahead = vec![dir.path().join("one")];
        let mut all = Vec::new();
        while let Some(folder) = ahead.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with("in-use.lock") {
                    continue;
                }
                all.push((path.clone(), std::fs::read(&path).ok()));
                ahead.extend(path.is_dir().then_some(path));
            }
        }
        all.sort();
        all
    };
    let whole = tree();
    // The first file can be written, the second has a name that is invalid on the console.
    std::fs::create_dir_all(at("Save 1/a")).unwrap();
    std::fs::write(at("Save 1/a/b"), [1; 9000]).unwrap();
    std::fs::write(at("Save 1/z+"), "").unwrap();
    let owner = before[0]["owner"].as_str().unwrap();
    let words = ["import", &at("Save 1"), "--content", &at("one"), "--title-id", "4D5307D1", "--replace"];
    assert!(error(&words).contains("z+"));
    assert!(tree() == whole);
    std::fs::remove_file(at("Save 1/z+")).unwrap();
    run(&[&words[..], &["--owner", owner]].concat()).unwrap();
    assert_eq!(rows(&at("one"), &at("2.json"))[0]["bytes"], 9000);
    let store = to_read(Path::new(&at("one"))).unwrap();
    let (name, _) = store.every_package().unwrap().remove(0);
    assert_eq!(store.thumbnail(&name), Ok(None), "not the picture of the one before");
}

#[test]
fn a_single_file_download_is_exported_unchanged_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let of_type = at("one/Content/0000000000000000/4D5307D1/00000002");
    std::fs::create_dir_all(&of_type).unwrap();
    let mut volume = Volume::default();
    volume.add_file(Volume::ROOT, "map", Arc::new(vec![3; 5000])).unwrap();
    let info = PackageInfo {
        signer: Signer::Live,
        content_type: 2,
        title_id: TitleId(0x4D53_07D1),
        display_name: "Map".to_owned(),
        ..PackageInfo::default()
    };
    let mut package = Vec::new();
    stfs::write(&volume, &info, &mut package, &mut |_| ()).unwrap();
    std::fs::write(format!("{of_type}/MAP"), &package).unwrap();
    let before = rows(&at("one"), &at("1.json"));
    assert_eq!((&before[0]["display_name"], &before[0]["bytes"]), (&"Map".into(), &5000.into()));
    run(&["export", &at("out"), "--content", &at("one")]).unwrap();
    let out = at("out/0000000000000000/4D5307D1/00000002/MAP");
    assert!(std::fs::read(&out).unwrap() == package);
    run(&["export", &at("plain"), "--content", &at("one"), "--as", "folder"]).unwrap();
    let plain = at("plain/0000000000000000/4D5307D1/00000002/MAP");
    assert_eq!(std::fs::read(format!("{plain}/map")).unwrap(), [3; 5000]);
    assert!(error(&["import", &out, "--content", &at("one")]).contains("--replace"));
    run(&["import", &out, "--content", &at("one"), "--replace"]).unwrap();
    assert_eq!(rows(&at("one"), &at("2.json")), before);
    assert!(!Path::new(&format!("{of_type}/MAP")).exists(), "it is a folder of the store's");
    // A damaged package is reported, and nothing is left at the destination.
    package.truncate(0xC000);
    std::fs::write(format!("{of_type}/SHORT"), &package).unwrap();
    let after = rows(&at("one"), &at("3.json"));
    assert_eq!(
        (&after[0], &after[1]["name"], &after[1]["bytes"]),
        (&before[0], &"SHORT".into(), &serde_json::Value::Null)
    );
    let export = ["export", &at("bad"), "SHORT", "--content", &at("one")];
    assert!(error(&export).contains("damaged"));
    assert!(!Path::new(&at("bad")).exists());
}

#[test]
fn scratch_disks_are_listed_and_removed_unless_a_run_uses_them() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let saves = at("saves").to_str().unwrap().to_owned();
    let scratch = at("saves/Scratch");
    assert_eq!(run(&["scratch", "--content", &saves]).unwrap(), Code::Done, "a missing folder has none");
    let make = |title: &str| {
        let disks = ScratchDisks::open(&scratch.join(title), 1 << 20, Arc::default()).unwrap();
        disks
            .disk("Cache0")
            .unwrap()
            .create_file(&["a".to_owned()])
            .unwrap()
            .write_at(0, &[1; 5000])
            .unwrap();
        disks
    };
    let used = make("4D5307D1");
    drop(make("4D5307D2"));
    drop(make("4D5307D3"));
    std::fs::create_dir(scratch.join("mine")).unwrap();
    let there = || {
        let mut names: Vec<_> =
            std::fs::read_dir(&scratch).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    run(&["scratch", "--content", &saves]).unwrap();
    run(&["scratch", "--content", &saves, "--title-id", "4D5307D9", "--remove"]).unwrap();
    assert_eq!(there(), ["4D5307D1", "4D5307D2", "4D5307D3", "mine"]);
    run(&["scratch", "--scratch", scratch.to_str().unwrap(), "--title-id", "4D5307D3", "--remove"]).unwrap();
    assert_eq!(run(&["scratch", "--content", &saves, "--remove"]).unwrap(), Code::Mismatch);
    assert_eq!(there(), ["4D5307D1", "mine"]);
    drop(used);
    assert_eq!(run(&["scratch", "--content", &saves, "--remove"]).unwrap(), Code::Done);
    assert_eq!(there(), ["mine"], "other folders are not ours");
    assert!(error(&["scratch", "--scratch", "off"]).contains("--scratch DIR names one"));
}
