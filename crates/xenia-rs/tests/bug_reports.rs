//! Bug reports have the documented contents, and no data of the user.

use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use xenia_formats::zip;
use xenia_testing::hermetic;

const SUITE: &[u8] = include_bytes!("../../../guest/bin/retail/default.xex");
const LIBRARY: &[u8] = include_bytes!("../../../guest/bin/retail/library.xex");
/// Names that must not be in a report.
const USER: &str = "anna-k";
const FOLDER: &str = "annas secret folder";
const FILE: &str = "annas own game.xex";
const GAMERTAG: &str = "Player 1";

/// A file of the archive.
fn read(archive: &Path, name: &str) -> Option<Vec<u8>> {
    let volume = zip::open(Arc::new(std::fs::read(archive).unwrap())).unwrap();
    let file = volume.find(&[name])?.contents?;
    let size = file.size().unwrap();
    Some(xenia_formats::read_at::read_exact_at(file, "file", 0, size).unwrap())
}

fn has(bytes: &[u8], text: &str) -> bool {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    [text.as_bytes(), &wide].iter().any(|text| bytes.windows(text.len()).any(|part| part == *text))
}

#[test]
fn a_report_names_calls_and_imports_without_private_data_or_memory() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home").join(USER);
    let folder = home.join(FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(FILE), SUITE).unwrap();
    std::fs::write(folder.join("library.xex"), LIBRARY).unwrap();
    let report = dir.path().join("report.zip");
    let status = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("exec")
        .arg(folder.join(FILE))
        .args(["--headless", "--lockstep", "--frames", "20", "--report"])
        .arg(&report)
        .args(["--json"])
        .arg(home.join("run.json"))
        .args(["--", USER])
        .env("HOME", &home)
        .env("USER", USER)
        .current_dir(&home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");

    let text = read(&report, "report.json").unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        (json["schema"].as_str(), json["moment"].as_str()),
        (Some("xenia-rs/bug-report/1"), Some("end"))
    );
    let executable = &json["executable"];
    assert_eq!(executable["title_id"].as_str(), Some("58410009"));
    assert_eq!(json["run"]["image_loaded_sha256"].as_str().map(str::len), Some(64));
    for flag in ["--frames=20", "--lockstep", "--headless", "--json=...", "--report=..."] {
        assert!(json["flags"].as_array().unwrap().contains(&flag.into()), "{flag}: {}", json["flags"]);
    }
    let states = &json["imports_by_state"];
    assert!(states["done"].as_u64() > Some(30) && states["variable"].as_u64() == Some(3), "{states}");
    assert_eq!(states["file"].as_u64(), Some(2), "{states}");
    let threads = json["threads"].as_array().unwrap();
    assert!(threads.len() >= 6, "{}", threads.len());
    let calls = |thread: &Value| thread["calls"].as_array().unwrap().clone();
    assert!(threads.iter().all(|thread| (1..=32).contains(&calls(thread).len())));
    let names: Vec<String> = threads.iter().flat_map(calls).map(|call| call["name"].to_string()).collect();
    assert!(names.iter().any(|name| name.contains("XNotifyGetNext")), "{names:?}");
    // The partial call that the title makes once.
    let mut partial = json["calls"].as_array().unwrap().iter();
    let signed = partial.find(|call| call["first"]["name"] == "XeKeysConsolePrivateKeySign").unwrap();
    assert!(signed["count"].as_u64() == Some(1) && signed["first"]["caller"].as_str() > Some("0x82010000"));
    assert!(json["thread_states"].as_array().unwrap().len() > 6);
    assert_eq!(
        (json["run"]["frames"].as_u64(), json["run"]["gpu"]["backend"].as_str()),
        (Some(20), Some("reference"))
    );

    let picture = read(&report, "picture.png").unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    let whole = std::fs::read(&report).unwrap();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.or_else(|_| std::env::var("COMPUTERNAME")).unwrap();
    let mut secrets =
        vec![USER, FOLDER, FILE, GAMERTAG, home.to_str().unwrap(), dir.path().to_str().unwrap()];
    if host.trim().len() > 2 {
        secrets.push(host.trim());
    }
    // Words that are in the title's memory.
    secrets.extend(["first executable, version", "save:\\level", "progress"]);
    for secret in secrets {
        assert!(!has(&whole, secret), "{secret} is in the report");
    }
}
