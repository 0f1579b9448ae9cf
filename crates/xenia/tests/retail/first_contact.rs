//! The first messages that a user sees give the next step.

use super::make::{DOWNLOAD, KEY, UPDATE, files, package};
use super::media::{Added, MediumKind, stage};
use std::path::Path;
use std::sync::Arc;
use xenia::library;
use xenia::say::chain;
use xenia::title::Title;
use xenia_formats::KeyRing;

fn refusal(path: &Path, keys: &KeyRing) -> String {
    chain(&Title::open(path, keys).unwrap_err())
}

fn has_all(text: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn a_missing_or_wrong_key_is_reported_with_its_place() {
    for kind in MediumKind::ALL {
        let staged = stage(kind, Added::Nothing);
        assert!(Title::open(&staged.path, &KeyRing::with_retail(KEY)).is_ok());
        let none = refusal(&staged.path, &KeyRing::development());
        has_all(
            &none,
            &[
                "does not open with the development key",
                "write `retail = \"32 hexadecimal digits\"`",
                "keys.toml",
            ],
        );
        let wrong = refusal(&staged.path, &KeyRing::with_retail([8; 16]));
        has_all(&wrong, &["correct the digits of `retail`", "keys.toml", "`xenia-rs verify`"]);
        assert!(!wrong.contains("0808"), "a message shows no key");
    }
}

#[test]
fn a_library_reads_a_title_again_when_there_is_a_key() {
    let staged = stage(MediumKind::Folder, Added::Nothing);
    let cache = staged.place.path().join("cache");
    let scanned = |keys: &KeyRing| {
        let scan = library::scan(std::slice::from_ref(&staged.path), Some(&cache), keys, &|_| ());
        (scan.titles[0].described.name.clone(), scan.opened)
    };
    let none = KeyRing::development();
    assert_eq!([scanned(&none), scanned(&none)], [(None, 1), (None, 0)]);
    let key = KeyRing::with_retail(KEY);
    let name = Some("Console suite".to_owned());
    assert_eq!([scanned(&key), scanned(&key)], [(name.clone(), 1), (name, 0)]);
}

#[test]
fn an_update_or_download_without_its_title_names_the_title() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("TU_1");
    let alone = |kind, name| {
        std::fs::write(&path, package(kind, &[(name, files().patch.clone())])).unwrap();
        refusal(&path, &KeyRing::development())
    };
    let update = alone(UPDATE, "default.xexp");
    has_all(
        &update,
        &["TU_1", "kind: update", "title 58410009", "`xenia-rs content import", "run the title's own"],
    );
    has_all(&alone(DOWNLOAD, "map.bin"), &["kind: add on", "`xenia-rs content import"]);
    // The patch itself, taken out of its package.
    let patch = dir.path().join("default.xexp");
    std::fs::write(&patch, &**files().patch).unwrap();
    has_all(&refusal(&patch, &KeyRing::development()), &["title update", "put it beside the title's .xex"]);
}

#[test]
fn an_update_for_another_executable_is_named_and_the_title_runs_without_it() {
    let staged = stage(MediumKind::Folder, Added::Packages);
    let package_at = staged.parts.iter().find(|part| part.ends_with("TU_1")).unwrap();
    let mut patch = files().patch.to_vec();
    let end = patch.len() - 1;
    patch[end] ^= 1;
    std::fs::write(package_at, package(UPDATE, &[("default.xexp", Arc::new(patch))])).unwrap();
    assert!(super::run::open(&staged, true).is_ok());
}
