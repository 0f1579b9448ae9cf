//! Tests `bench --programs` with a whole program: files, steps, first and second starts, and
//! verified answers. Tests `bench --much-code` with small generated titles.

use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use xenia_testing::hermetic;

/// A folder with one program: cpu-suite as a title, and a script that prints what `native` says of
/// the file that it finds.
fn folder(native: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = folder.path().join("native");
    std::fs::write(&script, format!("#!/bin/sh\ntest \"$SETTING\" = here || exit 3\n{native}\n")).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir(folder.path().join("files")).unwrap();
    std::fs::write(folder.path().join("files/input"), "a line\nsha256 of 1\n").unwrap();
    let title = root.join("guest/bin/cpu-suite.elf");
    let list = json!({ "programs": [{
        "name": "p", "kind": "whole", "unseen": false, "files": folder.path().join("files"), "to_main": title,
        "steps": [{ "native": script, "title": title, "arguments": ["input"], "settings": ["SETTING=here"], "shows": ["sha256 "] }],
    }]});
    std::fs::write(folder.path().join("programs.json"), list.to_string()).unwrap();
    folder
}

/// The exit code and the program's report.
fn bench(folder: &Path) -> (Option<i32>, Value) {
    let json = folder.join("out.json");
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    // By default, loops become hot on some hosts only.
    command.args(["bench", "--runs=1", "--peers=native,interp", "--warm-up=20000"]);
    command.arg(format!("--programs={}", folder.display())).arg("--json").arg(&json);
    let plot = folder.join("out.svg");
    let status = command.arg("--plot").arg(&plot).stdout(Stdio::null()).status().unwrap();
    assert!(std::fs::read_to_string(plot).unwrap().starts_with("<svg"));
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    (status.code(), report["programs"][0].clone())
}

#[test]
fn a_whole_program_is_timed_on_both_starts_and_to_main() {
    let folder = folder("cat \"$1\"");
    let (code, program) = bench(folder.path());
    assert_eq!((code, &program["checksum_ok"]), (Some(0), &true.into()), "{program}");
    for column in ["native_s", "interp_s", "auto_s", "second_s"] {
        assert!(program[column]["median"].is_f64(), "{column}: {program}");
    }
    assert!(program["qemu_s"].is_null() && program["function_s"].is_null());
    assert!(program["guest_instructions"].as_u64().unwrap() > 1_000_000);
    assert_eq!(program["to_main"]["instructions"], program["guest_instructions"]);
    assert!(program["compiled_guest_instructions"].as_u64().unwrap() > 100, "{program}");
    assert!(program["compile_s"].as_f64().unwrap() > 0.0, "{program}");
    // The second start finds the code that the first has compiled: loops without calls, and the
    // functions around them.
    let compiled = |key: &str| program[key].as_u64().unwrap();
    let first = compiled("compiled_guest_instructions");
    assert!(compiled("second_compiled_guest_instructions") < first, "{program}");
}

#[test]
fn a_program_that_does_not_show_what_it_should_fails() {
    for native in ["echo nothing of the kind", "cat \"$1\"; exit 1"] {
        let folder = folder(native);
        let (code, program) = bench(folder.path());
        assert_eq!((code, &program["checksum_ok"]), (Some(1), &false.into()), "{program}");
    }
}

#[test]
fn the_baseline_tier_is_measured_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("out.json");
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["bench", "--runs=1", "--tier=baseline", "--filter=fib", "--json"]).arg(&json);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let kernel = &report["kernels"][0];
    assert!(kernel["baseline_s"]["min"].is_f64() && kernel["baseline_mips"].is_f64(), "{kernel}");
    assert!(["interp_s", "function_s", "auto_s"].iter().all(|key| kernel[key].is_null()), "{kernel}");
    assert!(report["jit_baseline_guest_instructions"].as_u64() > Some(0), "{report}");
    assert_eq!(report["jit_functions"], 0);
}

#[test]
fn generated_titles_are_timed_and_can_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("out.json");
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["bench", "--much-code=30x40,20x2:threads", "--runs=1", "--json"]).arg(&json);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let title = &report["much_code"][0];
    assert_eq!((&title["name"], &title["variant"]), (&"30x40".into(), &"plain".into()));
    assert_eq!((&title["functions"], &title["calls"]), (&30.into(), &40.into()));
    for title in report["much_code"].as_array().unwrap() {
        assert_eq!(title["checksum_ok"], true, "{title}");
        // A host with cargo has cc.
        for column in ["native_s", "interp_s", "first_s", "second_s"] {
            assert!(title[column]["min"].is_f64(), "{column}: {title}");
        }
        for key in ["native_peak_bytes", "interp_peak_bytes", "first_peak_bytes", "second_peak_bytes"] {
            assert!(title[key].as_u64() > Some(1 << 20), "{key}: {title}");
        }
        assert!(title["first_bytes_per_instruction"].is_f64(), "{title}");
        // In so short a run only the baseline tier compiles, where the host has it.
        let has_compiled = title["first_compile_s"].as_f64() > Some(0.0);
        assert_eq!(has_compiled, cfg!(target_arch = "x86_64"), "{title}");
        for column in ["parallel_first_s", "parallel_second_s"] {
            assert_eq!(title[column]["min"].is_f64(), title["variant"] == "threads", "{column}: {title}");
        }
        let counts = ["static_guest_instructions", "guest_instructions"].map(|key| title[key].as_u64());
        assert!(counts.iter().all(|count| *count > Some(1000)), "{title}");
    }
    assert_eq!(report["much_code"][1]["name"], "20x2:threads");

    let kept = folder.path().join("kept");
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(["bench", "--much-code", "3x2:wide", "--much-code=3x2:threads", "--keep"]).arg(&kept);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    for name in ["3x2-wide.elf", "3x2-threads.xex", "3x2-wide/main.c", "3x2-wide/leaves.c"] {
        assert!(kept.join(name).is_file(), "{name}");
    }
    for wrong in ["3", "0x1", "3x0", "1x1:other", "400_001x1"] {
        let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
        let status = command.args(["bench", "--much-code", wrong]).stderr(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(2), "{wrong}");
    }
}
