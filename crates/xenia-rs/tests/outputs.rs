//! Results are never lost silently: runs the program with interruptions at arbitrary moments, and
//! with every output going to a full device.

mod pipes;

use super::handlers::wait_for_handler;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::{hermetic, number_in_environment};

/// Number of runs that are interrupted; `XENIA_INTERRUPTS` overrides it.
const INTERRUPTS: usize = 6;
/// Longest time before the signal.
const LATEST: Duration = Duration::from_millis(800);
/// Timeout, longer than anything here takes.
const TIMEOUT: Duration = Duration::from_mins(2);

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn demo() -> String {
    sources().join("guest/bin/demo.xex").display().to_string()
}

fn program(words: &[&str]) -> Command {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.args(words).env_remove("DISPLAY");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn wait(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > TIMEOUT {
            child.kill().unwrap();
            panic!("still running after {TIMEOUT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(child: &Child, signal: &str) {
    let status =
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(status.success(), "kill -{signal}");
}

/// Checks that the document is complete, and names the reason of the run's end.
fn check_json(path: &Path, by: &str) -> Value {
    let text = std::fs::read_to_string(path).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert_eq!(json["schema"], "xenia-rs/run/1");
    assert_eq!((&json["exit"], &json["interrupted_by"]), (&"interrupted".into(), &by.into()));
    json
}

/// Checks that the event log is complete up to the end in the report.
fn check_event_log(path: &Path, report: &Value) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is cut");
    let mut last = 0;
    for line in text.lines() {
        let time: u64 = line.split(' ').next().and_then(|word| word.parse().ok()).expect(line);
        assert!(time >= last, "{line}");
        last = time;
    }
    assert!(Some(last) <= report["guest_ticks"].as_u64());
    let swaps = text.lines().filter(|line| line.split(' ').nth(1) == Some("swap")).count();
    assert_eq!(Some(swaps as u64), report["swaps"].as_u64(), "swaps in the log and in the report");
}

fn check_recording(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    for (number, line) in text.lines().enumerate() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.get(if number == 0 { "recording" } else { "at" }).is_some(), "{line}");
    }
}

#[test]
fn an_interrupted_run_leaves_complete_files() {
    let runs = number_in_environment("XENIA_INTERRUPTS", INTERRUPTS);
    let mut rng = ChaCha8Rng::seed_from_u64(130);
    let mut interrupted = 0;
    for run in 0..runs {
        let dir = tempfile::tempdir().unwrap();
        let [json, log, recording] = ["run.json", "log", "play.jsonl"].map(|name| dir.path().join(name));
        let mut child = program(&["exec", &demo(), "--headless", "--gpu", "none"])
            .args([
                Path::new("--json"),
                &json,
                Path::new("--event-log"),
                &log,
                Path::new("--record"),
                &recording,
            ])
            .spawn()
            .unwrap();
        let (name, number) = [("INT", 2), ("TERM", 15), ("HUP", 1)][run % 3];
        let after = LATEST.mul_f64(rng.random());
        if run + 1 == runs {
            // The last run is past its start on any machine.
            wait_for_handler(&mut child, number as u32);
        } else {
            std::thread::sleep(after);
        }
        send(&child, name);
        let status = wait(&mut child);
        if status.signal() == Some(number) {
            // The signal arrived before it was handled: no output had been started.
            assert!(!json.exists() && !log.exists() && !recording.exists(), "{after:?}");
            continue;
        }
        assert_eq!(status.code(), Some(128 + number), "{after:?}");
        let report = check_json(&json, &format!("SIG{name}"));
        check_event_log(&log, &report);
        check_recording(&recording);
        interrupted += 1;
    }
    assert!(interrupted > 0, "no run had begun when its signal came");
}

#[test]
fn sigusr1_prints_the_threads_and_the_run_continues() {
    let dir = tempfile::tempdir().unwrap();
    let [json, errors] = ["run.json", "errors"].map(|name| dir.path().join(name));
    let mut child = program(&["exec", &demo(), "--headless", "--gpu", "none"])
        .arg("--json")
        .arg(&json)
        .stderr(File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    wait_for_handler(&mut child, 10);
    let messages = || std::fs::read_to_string(&errors).unwrap();
    let start = Instant::now();
    // Code addresses are shown with the title's name, and with the kernel call once a thread is in
    // one.
    let named =
        || messages().contains(" demo.xex+0x") && messages().contains(" NtWaitForSingleObjectEx, lr ");
    for times in 1.. {
        if times > 2 && named() {
            break;
        }
        send(&child, "USR1");
        while messages().matches("threads at tick").count() < times {
            assert!(start.elapsed() < TIMEOUT && child.try_wait().unwrap().is_none(), "{}", messages());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    send(&child, "TERM");
    assert_eq!(wait(&mut child).code(), Some(128 + 15));
    check_json(&json, "SIGTERM");
}

#[test]
fn a_second_signal_ends_the_process() {
    const TRIES: usize = 20;
    let is_killed = |_| {
        let mut child = program(&["exec", &demo(), "--headless", "--gpu", "none"]).spawn().unwrap();
        wait_for_handler(&mut child, 15);
        // Both signals are pending when the process continues.
        for signal in ["STOP", "INT", "TERM", "CONT"] {
            send(&child, signal);
        }
        let status = wait(&mut child);
        // Their order is up to the system. Two threads that receive one each at the same moment may
        // both take theirs for the first.
        if let Some(by) = status.signal() {
            assert!([2, 15].contains(&by), "{by}");
        } else {
            assert!([Some(130), Some(143)].contains(&status.code()), "{status}");
        }
        status.signal().is_some()
    };
    assert!((0..TRIES).any(is_killed), "a second signal never ended the process");
}

#[test]
fn fuzz_and_bench_keep_what_they_have_when_they_are_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("out.json");
    let bench = ["bench", "--runs", "1", "--tier", "interp"];
    let fuzz = ["fuzz", "--blocks", "1_000_000_000"];
    // A busy host may execute no block in a second.
    for (words, done, seconds) in [(&fuzz[..], "blocks", &[1, 10, 60][..]), (&bench, "kernels", &[0])] {
        let has_done = |seconds: &u64| {
            let report = interrupted(words, &json, *seconds);
            let done = &report[done];
            done.as_u64() > Some(0) || done.as_array().is_some_and(|done| !done.is_empty())
        };
        assert!(seconds.iter().any(has_done), "{words:?}");
    }
}

/// Interrupts a command after its first result, or after this time; returns its report.
fn interrupted(words: &[&str], json: &Path, seconds: u64) -> Value {
    let mut child = program(words).arg("--json").arg(json).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    if seconds == 0 {
        // The heading, and the first kernel.
        assert!(lines.by_ref().take(2).all(|line| line.is_ok()));
    } else {
        wait_for_handler(&mut child, 2);
        std::thread::sleep(Duration::from_secs(seconds));
    }
    send(&child, "INT");
    let messages: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(wait(&mut child).code(), Some(130), "{words:?}");
    assert!(messages.iter().any(|line| line.starts_with("interrupted by SIGINT: ")), "{messages:?}");
    let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["interrupted_by"], "SIGINT");
    report
}

#[test]
fn a_timeout_is_an_end_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("run.json");
    let words = ["exec", &demo(), "--headless", "--gpu", "none", "--timeout", "0.5"];
    let status = program(&words).arg("--json").arg(&json).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let report: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(report["exit"], "timeout");
}

/// A device that cannot be written, because it is full.
const FULL: &str = "/dev/full";

#[test]
fn write_failures_exit_with_code_2() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let root = sources();
    let of = |path: &str| root.join(path).display().to_string();
    std::fs::write(at("one.s"), "test_one:\n  addi r3, r4, 1\n  blr\n").unwrap();
    std::fs::write(at("shader.s"), "mul oC0, r0, c[0]\n").unwrap();
    std::fs::create_dir(at("frames")).unwrap();
    std::os::unix::fs::symlink(FULL, at("frames/frame000001.png")).unwrap();
    let demo = demo();
    let hello = of("guest/bin/hello.xex");
    let suite = of("guest/bin/cpu-suite.elf");
    let one = at("one.s");
    let shader = at("shader.s");
    let frames = at("frames");
    let case = of("jit-tests/integer");
    // OUT is replaced by a full device; without OUT, standard output is the full device.
    let outputs: &[&[&str]] = &[
        &["exec", &hello, "--headless", "--json", "OUT"],
        &["exec", &hello, "--headless", "--json", "-"],
        &["exec", &hello, "--headless", "--event-log", "OUT"],
        &["exec", &hello, "--headless", "--record", "OUT"],
        &["exec", &demo, "--headless", "--frames", "1", "--last-frame", "OUT"],
        &["exec", &demo, "--headless", "--frames", "2", "--dump-frames", &frames],
        &["check", &hello, "-n", "1_000", "--expect", "OUT", "--bless"],
        &["trace", "record", &demo, "--frames", "1", "-o", "OUT"],
        &["info", &hello],
        &["info", &hello, "--json", "-"],
        &["info", &hello, "--json", "OUT"],
        &["exports"],
        &["exports", "--json", "OUT"],
        &["dis", &hello],
        &["asm", &one],
        &["asm", &one, "-o", "OUT"],
        &["pack", &suite, "-o", "OUT"],
        &["shader", "asm", &shader],
        &["shader", "asm", &shader, "-o", "OUT"],
        &["conformance", &case, "--filter", "test_add_1", "--engine", "interp", "--json", "OUT"],
        &["fuzz", "--blocks", "5", "--json", "OUT"],
        &["fuzz", "--blocks", "5", "--append", "OUT"],
        &["bench", "--runs", "1", "--filter", "fib", "--tier", "interp", "--json", "OUT"],
        &["bench", "--runs", "1", "--filter", "fib", "--tier", "interp", "--plot", "OUT"],
        &["jit", "dump", &suite, "--pc", "0x82010000"],
        &["diff", &one, &one],
        &["config"],
        &["generate", "packets"],
        &["completions", "bash"],
        &["man"],
    ];
    for words in outputs {
        let to_file = words.contains(&"OUT");
        let words: Vec<&str> = words.iter().map(|&word| if word == "OUT" { FULL } else { word }).collect();
        let mut command = program(&words);
        if !to_file {
            command.stdout(File::options().write(true).open(FULL).unwrap());
        }
        let file = at("messages");
        let status = command.stderr(File::create(&file).unwrap()).status().unwrap();
        let messages = std::fs::read_to_string(&file).unwrap();
        assert_eq!(status.code(), Some(2), "{words:?}: {messages}");
        assert!(messages.contains("xenia-rs: "), "{words:?}: {messages}");
    }
}

#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("info.json");
    let shell = "ulimit -f 1; exec \"$0\" info \"$1\" --json \"$2\" --config /dev/null";
    let output =
        Command::new("sh").args(["-c", shell, env!("CARGO_BIN_EXE_xenia-rs"), &demo()]).arg(&json).output();
    let output = output.unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{}: {messages}", output.status);
    assert!(messages.contains("cannot write ") && messages.contains("info.json"), "{messages}");
    assert!(std::fs::read_dir(dir.path()).unwrap().next().is_none(), "no temporary file is left");
}

/// Standard output and standard error of a run.
fn output(words: &[&str]) -> (String, String) {
    let output = program(words).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn standard_output_contains_only_requested_output() {
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let (out, messages) = output(&["exec", &hello, "--headless", "--json", "-"]);
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    assert_eq!(json["exit"], "exit");
    assert!(messages.lines().any(|line| line.contains("guest: Hello")), "{messages}");
    assert!(!messages.contains('\x1b'), "no colours in a file");
    let (out, messages) = output(&["exec", &hello, "--headless", "-q"]);
    assert_eq!((out.as_str(), messages.as_str()), ("", ""), "nothing went wrong");
    let (_, messages) = output(&["exec", &hello, "--headless", "--color", "always"]);
    assert!(messages.contains('\x1b'), "{messages}");
}

#[test]
fn a_title_whose_name_begins_with_a_dash_is_named_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("-dash.xex"), "").unwrap();
    let refused = program(&["-dash.xex"]).current_dir(dir.path()).stderr(Stdio::piped()).output().unwrap();
    let messages = String::from_utf8(refused.stderr).unwrap();
    assert!(messages.contains("the file of this name is ./-dash.xex"), "{messages}");
}

#[test]
fn missing_display_is_reported_once_with_a_reason() {
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    for (display, why) in [("", "(DISPLAY and WAYLAND_DISPLAY are not set)"), (":9977", "no display: ")] {
        let mut command = program(&["exec", &hello, "--fresh"]);
        command.env("DISPLAY", display).env_remove("WAYLAND_DISPLAY").stderr(Stdio::piped());
        let messages = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(
            messages.contains(why) && messages.contains("; running without a window: Ctrl-C ends"),
            "{messages}"
        );
        assert_eq!(messages.matches("game: is").count(), 1, "{messages}");
        assert!(!messages.contains(".rs:"), "no places in sources: {messages}");
    }
}

#[test]
fn the_log_goes_where_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let text = dir.path().join("text");
    let [log_word, text_word] = [&log, &text].map(|path| path.display().to_string());
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let (_, messages) = output(&["exec", &hello, "--headless", "--log-file", &log_word]);
    assert!(!messages.contains("guest: Hello"), "{messages}");
    // A file has no colours, although the terminal has them.
    output(&["exec", &hello, "--headless", "--log-file", &log_word, "--color", "always"]);
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(logged.contains("guest: Hello") && !logged.contains('\x1b'), "{logged}");
    let (_, messages) = output(&["exec", &hello, "--headless", "--guest-log", &text_word]);
    assert!(std::fs::read_to_string(&text).unwrap().contains("Hello") && !messages.contains("guest: Hello"));
    let full = program(&["exec", &hello, "--headless", "--log-file", FULL]).status().unwrap();
    assert_eq!(full.code(), Some(2));
    let wrong = program(&["exec", &hello, "--headless", "--log", "debgu"]).status().unwrap();
    assert_eq!(wrong.code(), Some(2));
}

#[test]
fn kernel_call_logging_does_not_change_results() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let run = |name: &str, log: &[&str]| {
        let json = at(&format!("{name}.json"));
        let events = at(&format!("{name}.log"));
        let words = ["exec", &hello, "--headless", "--json", &json, "--event-log", &events];
        let (_, messages) = output(&[&words, log].concat());
        let json: Value = serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        let calls = messages.lines().filter(|line| line.contains(" call DbgPrint(")).count();
        (calls, json["digest"].clone(), std::fs::read_to_string(events).unwrap())
    };
    let (none, digest, events) = run("quiet", &[]);
    let (some, same, again) = run("loud", &["--log", "kernel=debug"]);
    assert_eq!((none, &digest, &events), (0, &same, &again));
    assert_eq!(some, events.lines().filter(|line| line.contains(" call DbgPrint(")).count());
    assert!(some > 0 && digest.is_string());
}

#[test]
fn a_full_standard_error_changes_nothing() {
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let full = || File::options().write(true).open(FULL).unwrap();
    let status = program(&["exec", &hello, "--headless"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let status = program(&["exec", "/nowhere.xex", "--headless"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_run_that_is_refused_leaves_the_files_of_an_earlier_one() {
    let dir = tempfile::tempdir().unwrap();
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let file = dir.path().join("old").display().to_string();
    let wav = format!("wav:{file}");
    let state = format!("5:{file}");
    for words in [
        &["--audio", &wav][..],
        &["--guest-log", &file],
        &["--trace-calls", "all", "--trace-calls-to", &file],
        &["--event-log", &file],
        &["--log-file", &file],
        &["--record", &file],
        &["--save-state", &state],
    ] {
        std::fs::write(&file, "old").unwrap();
        let run = |more: &[&str]| {
            program(&["exec", &hello, "--headless"]).args(words).args(more).status().unwrap().code()
        };
        assert_eq!(run(&["--quantum", "0"]), Some(2), "{words:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "old", "{words:?}");
        assert_eq!(run(&[]), Some(0), "{words:?}");
        assert_ne!(std::fs::read(&file).unwrap(), b"old", "{words:?}");
    }
    let nowhere = dir.path().join("nowhere/state").display().to_string();
    let (_, messages) = output(&["exec", &hello, "--headless", "--save-state", &format!("5:{nowhere}")]);
    assert!(messages.contains("cannot write ") && !messages.contains("guest: "), "{messages}");
    let blessed = ["check", &hello, "-n", "1_000", "--bless", "--expect", &nowhere];
    let (out, messages) = output(&blessed);
    assert!(messages.contains("cannot write ") && out.is_empty(), "{out} {messages}");
}
