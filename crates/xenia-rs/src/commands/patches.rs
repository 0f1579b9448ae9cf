//! `xenia-rs patches`: lists the patches of a title, or checks a folder of patch files.

use crate::cli::PatchesArgs;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::path::Path;
use xenia::config::TitleConfig;
use xenia::patches::{FolderFile, files_in, folder, for_title, is_on, read};
use xenia::report::{check_json, write_json};
use xenia::say::{outln, visible};
use xenia::title::Title;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_patches::{ExecutableHash, TitlePatch, executable_hash};

documented! {
    /// Patches of a title.
    #[derive(Debug, Serialize)]
    pub struct PatchesReport {
        /// Title id, eight hexadecimal digits; null if the executable has none.
        title_id: Option<String>,
        /// Hash of the executable's code; null if it has none.
        hash: Option<String>,
        /// Folder of the patch files.
        folder: String,
        /// The patches for the title, of any of its executables.
        patches: Vec<PatchRow>,
    }

    /// A patch of a title.
    #[derive(Debug, Serialize)]
    pub struct PatchRow {
        /// Name by which it is switched on.
        name: String,
        /// Description; may be empty.
        description: String,
        /// Author; may be empty.
        author: String,
        /// Path of its file.
        file: String,
        /// Line in the file.
        line: usize,
        /// Number of writes.
        writes: usize,
        /// Whether it is for this executable, by its hash.
        fits: bool,
        /// Whether flags, settings or its file switch it on.
        on: bool,
        /// Why it can't be used; null if it can.
        fault: Option<String>,
    }

    /// Result of a check of a folder of patch files.
    #[derive(Debug, Serialize)]
    pub struct PatchCheckReport {
        /// Number of files.
        files: usize,
        /// Number of patches.
        patches: usize,
        /// Number of writes of all patches.
        writes: usize,
        /// Everything that is wrong.
        faults: Vec<PatchFaultRow>,
    }

    /// A fault of a patch file.
    #[derive(Debug, Serialize)]
    pub struct PatchFaultRow {
        /// Path of the file.
        file: String,
        /// Line in the file, from 1.
        line: usize,
        /// Description of the fault.
        reason: String,
    }
}

/// Lists or checks. The exit code is 1 if a check finds a fault.
pub fn run(args: &PatchesArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    match (&args.check, &args.title) {
        (Some(folder), _) => check(folder, args.json.as_deref()),
        (None, Some(title)) => list(title, args),
        (None, None) => bail!("name a title, or use --check DIR"),
    }
}

fn check(folder: &Path, json: Option<&Path>) -> Result<Code> {
    let files = files_in(folder)?;
    if files.is_empty() {
        bail!("{} has no patch files: their names end in .patch.toml", folder.display());
    }
    let mut report = PatchCheckReport { files: files.len(), patches: 0, writes: 0, faults: Vec::new() };
    for path in files {
        let found = read(&path);
        report.patches += found.file.patches.len();
        report.writes += found.file.patches.iter().map(|patch| patch.write_count).sum::<usize>();
        report.faults.extend(found.file.faults.into_iter().map(|fault| PatchFaultRow {
            file: path.display().to_string(),
            line: fault.line,
            reason: fault.reason,
        }));
    }
    if let Some(path) = json {
        write_json(path, "patch-check", &report)?;
    }
    for fault in &report.faults {
        outln!("{}, line {}: {}", visible(&fault.file), fault.line, visible(&fault.reason));
    }
    outln!(
        "{}, {}, {}: {}",
        count(report.files, "file"),
        count(report.patches, "patch"),
        count(report.writes, "write"),
        count(report.faults.len(), "fault")
    );
    Ok(if report.faults.is_empty() { Code::Done } else { Code::Mismatch })
}

fn list(path: &Path, args: &PatchesArgs) -> Result<Code> {
    // Which patches are switched on is shown here, not decided, so that a fault is a row.
    // The executable has its update, as in a window.
    let config = TitleConfig { key_file: args.key_file.clone(), repeats: false, ..TitleConfig::default() };
    let off = xenia::config::PatchConfig { chosen: vec!["off".to_owned()], folder: None };
    let title = Title::open_or_demo(Some(path), &TitleConfig { patches: off, ..config })?;
    let folder = folder(args.patches.patch_folder.as_deref())
        .context("there is no folder of patches, as HOME is not set: --patch-folder DIR names one")?;
    let hash = executable_hash(&title.image);
    let id = title.image.execution.map(|execution| execution.title_id);
    let is_there = args.patches.patch_folder.is_some() || folder.is_dir();
    // No patch is for an executable without an ID, but a named folder must be readable.
    let files = if is_there { for_title(&folder, id.unwrap_or_default())? } else { Vec::new() };
    let rows = files.iter().flat_map(|found| {
        found.file.patches.iter().map(|patch| row(found, patch, hash, &args.patches.patches))
    });
    let report = PatchesReport {
        title_id: id.map(|id| id.to_string()),
        hash: hash.map(|hash| hash.to_string()),
        folder: folder.display().to_string(),
        patches: rows.collect(),
    };
    if let Some(path) = &args.json {
        write_json(path, "patches", &report)?;
    } else {
        print(&report, is_there);
    }
    Ok(Code::Done)
}

fn row(found: &FolderFile, patch: &TitlePatch, hash: Option<ExecutableHash>, chosen: &[String]) -> PatchRow {
    PatchRow {
        name: patch.name.clone(),
        description: patch.description.clone(),
        author: patch.author.clone(),
        file: found.path.display().to_string(),
        line: patch.line,
        writes: patch.write_count,
        fits: hash.is_some_and(|hash| found.file.hashes.contains(&hash)),
        on: is_on(patch, chosen),
        fault: found.file.fault_of(patch).map(|fault| format!("line {}: {}", fault.line, fault.reason)),
    }
}

fn print(report: &PatchesReport, is_there: bool) {
    outln!("title id    {}", report.title_id.as_deref().unwrap_or("-"));
    outln!("hash        {}", report.hash.as_deref().unwrap_or("-"));
    let missing = if is_there { "" } else { " (not there)" };
    outln!("folder      {}{missing}", report.folder);
    let mut others: Vec<&str> = Vec::new();
    for patch in &report.patches {
        if !patch.fits {
            if others.last() != Some(&&*patch.file) {
                others.push(&patch.file);
            }
            continue;
        }
        outln!("  {:<3} {}", if patch.on { "on" } else { "off" }, visible(&patch.name));
        let by = if patch.author.is_empty() { String::new() } else { format!(" by {}", patch.author) };
        for line in [format!("{}{by}", patch.description), patch.fault.clone().unwrap_or_default()] {
            if !line.trim().is_empty() {
                outln!("      {}", visible(line.trim()));
            }
        }
    }
    for file in others {
        outln!("  for another executable of the title: {}", visible(file));
    }
    if !report.patches.iter().any(|patch| patch.fits) {
        outln!("  no patch is for this executable");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;
    use serde_json::Value;

    const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");
    const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex");

    fn run(words: &[&str]) -> (Result<u8>, Value) {
        let dir = tempfile::tempdir().unwrap();
        let json = dir.path().join("out.json").to_str().unwrap().to_owned();
        let words = [&["xenia-rs", "patches"], words, &["--json", &json]].concat();
        let code = crate::run(Cli::try_parse_from(words).unwrap());
        let value = std::fs::read_to_string(&json).map(|text| serde_json::from_str(&text).unwrap());
        (code, value.unwrap_or_default())
    }

    fn file(id: &str, hash: &str, address: &str) -> String {
        format!(
            "title_name = 'T'\ntitle_id = '{id}'\nhash = '{hash}'\n\
             [[patch]]\nname = 'one'\nis_enabled = true\n[[patch.be8]]\naddress = {address}\nvalue = 1\n\
             [[patch]]\nname = 'two'\n[[patch.be8]]\naddress = 0x82000000\nvalue = 1\n"
        )
    }

    #[test]
    fn a_collection_is_checked_by_file_and_line() {
        assert!(run(&[]).0.unwrap_err().to_string().contains("name a title, or use --check DIR"));
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_str().unwrap();
        let hash = "56209C4732826FCF";
        std::fs::write(dir.path().join("a.patch.toml"), file("4D5307D1", hash, "0x82000000")).unwrap();
        std::fs::write(dir.path().join("read.me"), "not one").unwrap();
        let (code, json) = run(&["--check", folder]);
        assert_eq!((code.unwrap(), &json["faults"]), (Code::Done.number(), &Value::Array(Vec::new())));
        std::fs::write(dir.path().join("b.patch.toml"), file("4D5307D1", hash, "0x182000000")).unwrap();
        std::fs::write(dir.path().join("c.patch.toml"), [0xFF, 0xFE]).unwrap();
        let (code, json) = run(&["--check", folder]);
        assert_eq!(code.unwrap(), Code::Mismatch.number());
        assert_eq!((&json["files"], &json["patches"], &json["writes"]), (&3.into(), &4.into(), &4.into()));
        let faults = json["faults"].as_array().unwrap();
        let at = |index: usize| (faults[index]["file"].as_str().unwrap(), faults[index]["line"].clone());
        assert!(at(0).0.ends_with("b.patch.toml") && at(0).1 == 8, "{faults:?}");
        assert!(at(1).0.ends_with("c.patch.toml") && at(1).1 == 1, "{faults:?}");
        assert!(run(&["--check", "/nowhere"]).0.is_err());
        std::fs::create_dir(dir.path().join("empty")).unwrap();
        let empty = dir.path().join("empty");
        assert!(
            run(&["--check", empty.to_str().unwrap()]).0.unwrap_err().to_string().contains("no patch files")
        );
    }

    #[test]
    fn the_patches_of_a_title_are_listed_with_their_state() {
        let title = Title::open(SUITE.as_ref(), &xenia_formats::KeyRing::development()).unwrap();
        let id = title.image.execution.unwrap().title_id.to_string();
        let hash = executable_hash(&title.image).unwrap().to_string();
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().to_str().unwrap();
        let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
        write("a.patch.toml", file(&id, &hash, "0x182000000"));
        write("b.patch.toml", file(&id, "0000000000000001", "0x82000000"));
        write("c.patch.toml", file("00000001", &hash, "0x82000000"));
        let states = |json: &Value| -> Vec<(bool, bool, bool)> {
            let rows = json["patches"].as_array().unwrap().iter();
            rows.map(|row| (row["fits"] == true, row["on"] == true, row["fault"].is_string())).collect()
        };
        let (code, json) = run(&[SUITE, "--patch-folder", folder]);
        assert_eq!(code.unwrap(), Code::Done.number());
        assert_eq!((&json["title_id"], &json["hash"]), (&id.into(), &hash.into()));
        let expected =
            [(true, true, true), (true, false, false), (false, true, false), (false, false, false)];
        assert_eq!(states(&json), expected);
        let (_, json) = run(&[SUITE, "--patch-folder", folder, "--patches", "two"]);
        let on: Vec<bool> = states(&json).iter().map(|state| state.1).collect();
        assert_eq!(on, [false, true, false, true]);
        for title in [SUITE, HELLO] {
            let error = run(&[title, "--patch-folder", "/nowhere"]).0.unwrap_err().to_string();
            assert!(error.contains("the folder of patches /nowhere"), "{title}: {error}");
        }
    }
}
