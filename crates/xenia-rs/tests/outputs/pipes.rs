//! Tests of outputs to pipes and open files.

use super::*;

#[test]
fn closed_standard_output_pipe_is_not_an_error() {
    let mut child = program(&["exports"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn open_files_and_pipes_are_written_and_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let hello = sources().join("guest/bin/hello.xex").display().to_string();
    let (out, _) = output(&["info", &hello, "--json", "/dev/stdout"]);
    let json: Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
    assert_eq!(json["schema"], "xenia-rs/info/1");
    let file = dir.path().join("r");
    for words in [
        &["--json", "/dev/stdout"][..],
        &["--json", "/dev/fd/1"],
        &["--json", file.to_str().unwrap()],
        &["--event-log", "/dev/stdout"],
        &["--guest-log", "/dev/stdout"],
        &["--trace-calls", "all", "--trace-calls-to", "/proc/self/fd/1"],
        &["-vv", "--log-file", "/dev/stdout"],
    ] {
        std::fs::write(&file, "old\n").unwrap();
        let mut command = program(&["exec", &hello, "--headless"]);
        let status =
            command.args(words).stdout(File::options().append(true).open(&file).unwrap()).status().unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(status.success() && text.starts_with("old\n") && text.len() > 30, "{words:?}: {text}");
    }
}

#[test]
fn a_run_that_waits_for_the_reader_of_a_pipe_ends_at_a_signal() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // A recording begins with the run, which then lacks an output; the last two are opened at its
    // end.
    for (flag, code) in [("--event-log", 128 + 15), ("--record", 2), ("--json", 2), ("--report", 2)] {
        let mut child = program(&["exec", &demo(), "--headless", flag]).arg(&pipe).spawn().unwrap();
        wait_for_handler(&mut child, 15);
        assert!(child.try_wait().unwrap().is_none(), "it waits");
        send(&child, "TERM");
        assert_eq!(wait(&mut child).code(), Some(code), "{flag}");
    }
    // Nothing has run when the time is over.
    let words = ["exec", &demo(), "--headless", "--timeout", "0.2", "--event-log"];
    let mut child = program(&words).arg(&pipe).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(wait(&mut child).code(), Some(2));
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    assert!(messages.contains("pipe is a pipe; waiting for a program that reads from it"), "{messages}");
}

#[test]
fn a_quiet_run_says_that_its_log_waits_for_the_reader_of_a_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let [pipe, errors] = ["pipe", "errors"].map(|name| dir.path().join(name));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = program(&["exec", &demo(), "--headless", "-q", "--log-file"]);
    let mut child = command.arg(&pipe).stderr(File::create(&errors).unwrap()).spawn().unwrap();
    let messages = || std::fs::read_to_string(&errors).unwrap();
    let start = Instant::now();
    while !messages().ends_with('\n') && start.elapsed() < TIMEOUT {
        std::thread::sleep(Duration::from_millis(5));
    }
    send(&child, "KILL");
    wait(&mut child);
    assert!(
        messages().contains("pipe is a pipe; waiting for a program that reads from it"),
        "{}",
        messages()
    );
}
