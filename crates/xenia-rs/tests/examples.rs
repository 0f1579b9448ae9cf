//! Runs every example in the program's help and in the book: none may be a wrong usage or panic.
//! Examples that run titles or measure take long, and are ended after a moment; all others must
//! end. Examples with tools that may be missing, or with placeholders, are left out.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use tempfile::TempDir;
use xenia::digest::sha256;
use xenia::drawing::stores::image_of;
use xenia::title::{Title, key_ring};
use xenia_render::backend::exchange::{PipelineExporter, PipelineTitle};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");
/// Starts of examples that are ended after a moment.
const LONG_EXAMPLES: [&str; 13] = [
    "bench",
    "check",
    "compat",
    "conformance",
    "exec",
    "fuzz --blocks",
    "fuzz --scene",
    "fuzz --seconds",
    "fuzz --tier",
    "precompile",
    "scale",
    "trace play",
    "trace record",
];
/// Seconds after which these are ended, in usual and in long runs. The program starts in less.
const MOMENTS: [&str; 2] = ["0.1", "2"];
/// Seconds in which all others must end. They take less than one on an idle host.
const LONGEST: &str = "600";
/// Chapters and other texts with examples.
const TEXTS: [&str; 11] = [
    "README.md",
    "docs/src/using/playing.md",
    "docs/src/using/saves-and-settings.md",
    "docs/src/states.md",
    "docs/src/traces.md",
    "docs/src/internals/shaders.md",
    "docs/src/testing/index.md",
    "docs/src/testing/suites.md",
    "docs/src/adding-an-export.md",
    "docs/src/adding-an-instruction.md",
    "golden/README.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn output_of(words: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(words).args(["--config", "/dev/null"]).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The examples in the help of a command and its subcommands.
fn add_help_examples(command: &[&str], examples: &mut Vec<String>) {
    let help = output_of(&[command, &["--help"]].concat());
    let section = |name: &'static str| {
        let lines = help.lines().skip_while(move |line| !line.starts_with(name)).skip(1);
        lines.take_while(|line| line.starts_with("  "))
    };
    for line in section("Example").map(str::trim) {
        // A remark follows after two spaces. A line too long for the help continues on the next.
        let example = line.split_once("  ").map_or(line, |(example, _)| example);
        match examples
            .last_mut()
            .filter(|_| !example.starts_with("xenia-rs ") && !example.starts_with("echo "))
        {
            Some(last) => *last = format!("{last} {example}"),
            None => examples.push(example.to_owned()),
        }
    }
    for line in section("Commands:") {
        let name = line.split_whitespace().next().unwrap_or("help");
        if name != "help" && line.starts_with("  ") && !line.starts_with("   ") {
            add_help_examples(&[command, &[name]].concat(), examples);
        }
    }
}

/// The examples in the `sh` blocks of a text.
fn add_text_examples(text: &str, examples: &mut Vec<String>) {
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            let line = line.split(" #").next().unwrap_or(line).trim();
            if let Some(words) = line.strip_prefix("cargo run --release") {
                let words = words.trim();
                examples.push(format!("xenia-rs {}", words.strip_prefix("-- ").unwrap_or(words)));
            } else if line.starts_with("xenia-rs ") {
                examples.push(line.to_owned());
            }
        }
    }
}

fn can_run(example: &str) -> bool {
    let placeholder = |word: &str| word.len() > 3 && word.chars().all(|c| c.is_ascii_uppercase());
    // The debugger needs a terminal.
    let needs_terminal = example.starts_with("xenia-rs debug") && !example.contains("--script");
    // The C compiler of a generated title would run on after the timeout; `bench` has tests of it.
    !needs_terminal
        && !example.contains("qemu")
        && !example.contains("--much-code")
        && !example.split([' ', '/', '_']).any(placeholder)
}

/// Whether an example runs on for long. A title may be given without a command.
fn is_lengthy(example: &str) -> bool {
    let words = example.split_once("xenia-rs").map_or("", |(_, words)| words.trim());
    let first = words.split(' ').next().unwrap_or_default();
    first.is_empty()
        || first.starts_with('-')
        || first.contains(['/', '.'])
        || LONG_EXAMPLES.iter().any(|start| words.starts_with(start))
}

/// Creates the files that examples use.
fn prepare(folder: &Path) {
    let at = |name: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path.display().to_string()
    };
    let copy = |from: &str, to: &str| std::fs::copy(root().join(from), at(to)).map(drop).unwrap();
    for title in ["t.xex", "game/default.xex", "path/to/default.xex", "path/to/folder/default.xex"] {
        copy("guest/bin/demo.xex", title);
    }
    copy("guest/bin/cpu-suite.elf", "program.elf");
    // A title with an ID, and a patch of another executable of it.
    copy("guest/bin/console-suite.xex", "game/title.xex");
    std::fs::create_dir(at("game/console-suite")).unwrap();
    for library in ["counter", "refusing", "rival", "slow", "user"] {
        let file = format!("console-suite/{library}.xex");
        copy(&format!("guest/bin/{file}"), &format!("game/{file}"));
    }
    std::fs::create_dir(at("games")).unwrap();
    copy("guest/bin/hello.xex", "games/hello.xex");
    let patches = "title_name = 'T'\ntitle_id = '58410002'\nhash = '0000000000000001'\n\
         [[patch]]\nname = '60 FPS'\n[[patch.be8]]\naddress = 0x82000000\nvalue = 1\n";
    for folder in ["game-patches/patches", ".local/share/xenia-rs/patches"] {
        std::fs::write(at(&format!("{folder}/58410002 - T.patch.toml")), patches).unwrap();
    }
    std::os::unix::fs::symlink(root().join("jit-tests"), at("jit-tests")).unwrap();
    std::fs::write(at("water.s"), "mul oC0, r0, c[0]\n").unwrap();
    std::fs::create_dir(at("found")).unwrap();
    std::fs::write(at("found/sampling-33.scene"), "family sampling\nwords 00000001 00000002\n").unwrap();
    std::fs::write(at("commands.txt"), "step 3\nback\nquit\n").unwrap();
    std::fs::write(at("code.s"), "addi 3, 3, 1\nblr\n").unwrap();
    std::fs::write(at("dlc/map.bin"), [0; 100]).unwrap();
    // An empty database of a profile.
    let mut database = [&b"XDBF\0\x01\0\0"[..], &[0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]].concat();
    database.resize(24 + 512 * (18 + 8), 0);
    std::fs::write(at("4D5307D1.gpd"), database).unwrap();
    // A saved game, as a package and in a folder of saves.
    std::fs::create_dir_all(at("map")).unwrap();
    std::fs::write(at("map/level"), [1; 100]).unwrap();
    output_of(&["make-stfs", &at("map"), &at("save.con"), "--kind", "saved-game", "--title-id", "4D5307D1"]);
    std::fs::write(at("Save 1"), std::fs::read(at("save.con")).unwrap()).unwrap();
    output_of(&["content", "import", &at("Save 1"), "--content", &at("saves")]);
    // Stored pipelines of a title without an ID, and an exported file.
    let game = Title::open(at("game/default.xex").as_ref(), &key_ring(None).unwrap()).unwrap();
    let image = image_of(&sha256(&game.image.bytes)).unwrap();
    let title = PipelineTitle { name: "game".to_owned(), image };
    let store = PipelineExporter::default().into_bytes();
    let mut exporter = PipelineExporter::default();
    exporter.add(&title, &store).unwrap();
    let stored = format!(".cache/xenia-rs/pipelines/game-{image:016x}.pipelines");
    std::fs::write(at(&stored), store).unwrap();
    std::fs::write(at("game.pipelines"), exporter.into_bytes()).unwrap();
    std::fs::write(at("my.toml"), "[exec]\nheadless = true\n").unwrap();
    std::fs::write(at("sweep.toml"), "[[fuzz]]\nseeds = \"1\"\nblocks = 2\n").unwrap();
    output_of(&["sweep", "plan", &at("sweep.toml"), "--out", &at("sweep")]);
    output_of(&["sweep", "run", &at("sweep"), "--out", &at("sweep")]);
    for log in ["a", "b"] {
        std::fs::write(at(log), "0 swap 1\n").unwrap();
    }
    std::fs::create_dir_all(at(".local/share/bash-completion/completions")).unwrap();
    let t = at("t.xex");
    output_of(&["asm", &at("code.s"), "-o", &at("code.bin")]);
    output_of(&["shader", "asm", &at("water.s"), "-o", &at("water.bin")]);
    output_of(&["shader", "asm", &at("water.s"), "-o", &at("Media/Shaders/SeaFloor.xvu")]);
    // Formats are detected by content, whatever the name.
    output_of(&["make-iso", &at("path/to/folder"), &at("game.iso")]);
    for image in ["path/to/game.iso", "path/to/package", "path/to/header", "path/to/game.zip"] {
        std::fs::copy(at("game.iso"), at(image)).unwrap();
    }
    output_of(&["exec", &t, "--headless", "-n", "1000", "--record", &at("play.jsonl")]);
    for (file, first) in [("runs.jsonl", "0"), ("more.jsonl", "100")] {
        output_of(&["fuzz", "--blocks", "5", "--first", first, "--append", &at(file)]);
    }
    // Golden files with the limits of the examples, and with results of shorter runs.
    for (golden, flag, short, limit, number) in [
        ("t.json", "--frames", "1", "limit_frames", 60),
        ("golden/t.json", "-n", "1000", "limit_instructions", 2_000_000),
    ] {
        output_of(&["check", &t, flag, short, "--expect", &at(golden), "--bless"]);
        let text = std::fs::read_to_string(at(golden)).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json[limit] = number.into();
        std::fs::write(at(golden), json.to_string()).unwrap();
    }
    output_of(&["trace", "record", &t, "--frames", "2", "-o", &at("t.trace")]);
    for trace in ["frame.trace", "a.trace", "b.trace"] {
        std::fs::copy(at("t.trace"), at(trace)).unwrap();
    }
    // As the examples run: their home folder is not mounted as the title's.
    let state = format!("1000:{}", at("a.state"));
    let saved = Command::new(PROGRAM)
        .args(["exec", &t, "--headless", "-n", "1001", "--save-state", &state])
        .args(["--config", "/dev/null"])
        .env("HOME", folder)
        .env_remove("XDG_DATA_HOME")
        .output();
    assert!(saved.unwrap().status.success());
    // Replaces the program by a wrapper that ends it in time.
    let wrapper = at("bin/xenia-rs");
    std::fs::write(&wrapper, format!("#!/bin/sh\nexec timeout $LIMIT '{PROGRAM}' \"$@\"\n")).unwrap();
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let status = Command::new("cp").arg("-a").arg(folder.join(".")).arg(copy.path()).status();
    assert!(status.unwrap().success());
    copy
}

/// Sizes and times of the files in a folder and its subfolders.
fn listing(folder: &Path) -> std::io::Result<BTreeMap<PathBuf, (u64, SystemTime)>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&at))? {
            let entry = entry?;
            let data = entry.metadata()?;
            let path = at.join(entry.file_name());
            let size = if data.is_dir() { 0 } else { data.len() };
            found.insert(path.clone(), (size, data.modified()?));
            if data.is_dir() {
                folders.push(path);
            }
        }
    }
    Ok(found)
}

#[test]
fn the_front_page_has_the_number_of_exports() {
    let table = output_of(&["exports"]);
    let totals = table.lines().filter(|line| line.starts_with("xboxkrnl") || line.starts_with("xam"));
    let [mut there, mut done] = [0, 0];
    for total in totals {
        let counts: Vec<u32> = total.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [in_full, constant, partial, ..] = counts[..] else { panic!("{total}") };
        there = there + in_full + constant + partial;
        done += in_full;
    }
    let page = std::fs::read_to_string(root().join("README.md")).unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("{there} are implemented, {done} of them in full");
    assert!(done > 0 && page.contains(&expected), "README.md does not say: {expected}");
}

#[test]
fn every_example_of_the_help_and_the_book_runs() {
    let mut examples = Vec::new();
    add_help_examples(&[], &mut examples);
    let of_help = examples.len();
    for text in TEXTS {
        add_text_examples(&std::fs::read_to_string(root().join(text)).unwrap(), &mut examples);
    }
    assert!(
        of_help > 20 && examples.len() > of_help + 10,
        "{of_help} of the help, {} in all",
        examples.len()
    );
    examples.retain(|example| can_run(example));
    // Chapters repeat examples of the help.
    examples.sort_unstable();
    examples.dedup();
    let prepared = tempfile::tempdir().unwrap();
    prepare(prepared.path());
    let original = listing(prepared.path()).unwrap();
    let mut unchanged: Option<TempDir> = None;
    let moment = MOMENTS[usize::from(xenia_testing::is_long())];
    let mut wrong = Vec::new();
    let mut ended = 0;
    for example in &examples {
        let is_lengthy = is_lengthy(example);
        // Each example starts with the original files.
        let folder = unchanged.take().unwrap_or_else(|| copied(prepared.path()));
        // Leave out the rest of the pipeline, whose programs may be missing.
        let line = if example.starts_with("xenia-rs") {
            example.split(" | ").next().unwrap_or(example)
        } else {
            example
        };
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .args(["--norc", "-c", line])
            .current_dir(folder.path())
            .env("PATH", path)
            .env("LIMIT", if is_lengthy { moment } else { LONGEST })
            .env("HOME", folder.path())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XENIA_CACHE")
            .output()
            .unwrap();
        // 124: the timeout ended it. `check` may get another result than this test's golden file
        // has.
        let fine = match output.status.code() {
            Some(0) => true,
            Some(124) => is_lengthy,
            Some(1) => example.contains(" check ") || example.contains("diff"),
            _ => false,
        };
        unchanged = listing(folder.path()).is_ok_and(|files| files == original).then_some(folder);
        ended += u32::from(!is_lengthy);
        if !fine {
            wrong.push(format!("{example}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ended > 60, "{ended} of {} examples were run to their end", examples.len());
}
