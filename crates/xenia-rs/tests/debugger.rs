//! Tests of `xenia-rs debug` as a user runs it: on a terminal, by a script, and without either.

use std::io::Write;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use xenia::Limits;
use xenia::config::{MachineConfig, TitleConfig, VideoConfig};
use xenia::machine::{Machine, MachineOptions};
use xenia::title::Title;
use xenia_debugger::DebugSession;
use xenia_debugger::terminal::OnTerminal;
use xenia_testing::{Tool, hermetic, need};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");
const TITLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/cpu-suite.elf");

/// A title that runs on.
const ENDLESS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/demo.xex");

/// Sequences that show a screen of its own, and the former one again.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

#[test]
fn without_a_terminal_the_error_names_the_script() {
    let output = hermetic(PROGRAM).args(["debug", TITLE]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(messages.contains("needs a terminal") && messages.contains("--script FILE"), "{messages}");
}

#[test]
fn a_script_prints_a_screen_after_each_line() {
    let mut run = hermetic(PROGRAM);
    run.args(["debug", TITLE, "--script", "-", "--screen", "100x30"]);
    let mut run = run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    run.stdin.take().unwrap().write_all(b"# comment\nstep 3\ngoto 1_000_000; side clif\nquit\n").unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("> ")).collect();
    assert_eq!(commands, ["> step 3", "> goto 1_000_000; side clif"]);
    assert_eq!(text.lines().count(), 2 * 31);
    assert!(text.contains("| 3 instructions |") && text.contains("| 1,000,000 instructions |"), "{text}");
    assert!(text.contains("clif of the function") && text.contains("function u0:"), "{text}");
}

#[test]
fn scripts_with_errors_and_runs_that_do_not_repeat_are_refused() {
    for (flags, input, expected) in [
        (&["--script", "-"][..], "jump\n", "`jump` is not a command"),
        (&["--script", "-", "--parallel"], "", "--gdb PORT"),
        (&["--script", "/nonexistent"], "", "cannot read the script"),
    ] {
        let mut run = hermetic(PROGRAM);
        run.args(["debug", TITLE]).args(flags).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut run = run.stdout(Stdio::null()).spawn().unwrap();
        // A run that is refused may not read it.
        let _ = run.stdin.take().unwrap().write_all(input.as_bytes());
        let output = run.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_timeout_ends_a_script() {
    for script in ["continue\n", "continue\ngoto 4_294_967_295\n", "goto 4_294_967_295\nstep\n"] {
        let mut run = hermetic(PROGRAM);
        run.args(["debug", ENDLESS, "--gpu", "none", "--script", "-", "--timeout", "0.4"]);
        let mut run = run.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        run.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(0), "{script}");
    }
}

/// The screen after these bytes: sequences that move the cursor, and text.
fn screen(sent: &str) -> String {
    let mut cells = vec![vec![' '; 120]; 40];
    let mut x = 0;
    let mut y = 0;
    let mut rest = sent.split(ENTER).nth(1).unwrap_or_default().chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            if let Some(cell) = cells.get_mut(y).and_then(|row| row.get_mut(x)) {
                *cell = c;
            }
            x += 1;
            continue;
        }
        let mut sequence = String::new();
        while !sequence.ends_with(|c: char| c.is_ascii_alphabetic()) {
            let Some(c) = rest.next() else { break };
            sequence.push(c);
        }
        if let Some(place) = sequence.strip_prefix('[').and_then(|text| text.strip_suffix('H')) {
            let (row, column) = place.split_once(';').unwrap();
            y = row.parse::<usize>().unwrap() - 1;
            x = column.parse::<usize>().unwrap() - 1;
        }
    }
    cells.into_iter().map(|row| String::from_iter(row) + "\n").collect()
}

/// Runs the debugger on a pseudo-terminal. After each text the screen must show another one.
/// Returns the text sent to the terminal.
fn on_a_terminal(folder: &Path, title: &str, typed: &[(&str, &str)]) -> String {
    let record = folder.join("typescript");
    let run = format!("stty rows 40 columns 120; '{PROGRAM}' debug '{title}' --gpu none --config /dev/null");
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--return", "--command", &run]).arg(&record).env("TERM", "xterm");
    script.env_remove("RUST_LOG").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut script = script.spawn().unwrap();
    let mut keys = script.stdin.take().unwrap();
    let sent = || String::from_utf8_lossy(&std::fs::read(&record).unwrap_or_default()).into_owned();
    let wait = |what: &str| {
        for _ in 0..1200 {
            if screen(&sent()).contains(what) {
                return;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("{what} does not come: {}", screen(&sent()));
    };
    wait("read-only");
    for (text, expected) in typed {
        keys.write_all(text.as_bytes()).unwrap();
        if !expected.is_empty() {
            wait(expected);
        }
    }
    let status = script.wait().unwrap();
    assert!(status.success(), "{typed:?}: {status}: {:?}", sent().rsplit_once(LEAVE));
    sent()
}

#[test]
fn the_terminal_is_restored() {
    if !need(Tool::Terminal) {
        return;
    }
    let session = [
        ("s", "| 1 instructions |"),
        (":goto 5000\r", "5000 instructions, 312 ticks"),
        ("?", "undo N instructions"),
        ("q", "[focus]"),
        ("3", "[3 stack]"),
        ("q", ""),
    ];
    for typed in [&[("q", "")][..], &[("\x03", "")], &session] {
        let folder = tempfile::tempdir().unwrap();
        let sent = on_a_terminal(folder.path(), TITLE, typed);
        let entered = sent.find(ENTER);
        let left = sent.rfind(LEAVE);
        assert!(entered.is_some() && entered < left, "{sent:?}");
        let screen = screen(sent.rsplit_once(LEAVE).unwrap().0);
        assert!(screen.contains("cpu-suite.elf!"), "{screen}");
    }
}

/// A program on a pseudo-terminal that may not end by itself.
struct AtTerminal {
    folder: tempfile::TempDir,
    script: Child,
    keys: ChildStdin,
}

impl AtTerminal {
    /// Runs a command of the shell. The terminal's modes before and after it are kept.
    fn run(command: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let run = format!(
            "stty rows 40 columns 120; stty -g > before; sh -c 'echo $$ > id; {command}'; \
             echo $? > status; stty -g > after"
        );
        let mut script = Command::new("script");
        script.args(["--quiet", "--flush", "--command", &run, "typescript"]).current_dir(folder.path());
        script.env("TERM", "xterm").env_remove("RUST_LOG").stdin(Stdio::piped()).stdout(Stdio::null());
        let mut script = script.spawn().unwrap();
        let keys = script.stdin.take().unwrap();
        Self { folder, script, keys }
    }

    fn text(&self, file: &str) -> String {
        let bytes = std::fs::read(self.folder.path().join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }

    /// Types a text, and waits until the screen shows another one.
    fn type_to(&mut self, typed: &str, expected: &str) {
        self.keys.write_all(typed.as_bytes()).unwrap();
        let is_there = (0..1200).any(|_| {
            sleep(Duration::from_millis(50));
            screen(&self.text("typescript")).contains(expected)
        });
        assert!(is_there, "{expected} does not come: {}", screen(&self.text("typescript")));
    }

    /// Waits for the end, checks that the terminal is as before, and returns the text sent after
    /// the debugger's screen.
    fn end(&mut self) -> String {
        assert!(self.script.wait().unwrap().success());
        let sent = self.text("typescript");
        assert!(sent.find(ENTER) < sent.rfind(LEAVE), "{sent:?}");
        let modes = self.text("before");
        assert!(!modes.is_empty());
        assert_eq!(modes, self.text("after"), "the terminal's modes: {sent:?}");
        assert_ne!(self.text("status"), "0", "the run tells that it was ended: {sent:?}");
        sent.rsplit_once(LEAVE).unwrap().1.to_owned()
    }
}

#[test]
fn a_signal_gives_the_terminal_back() {
    if !need(Tool::Terminal) {
        return;
    }
    let run = format!("exec \"{PROGRAM}\" debug \"{ENDLESS}\" --gpu none --config /dev/null");
    for (signal, typed, expected) in
        [("-TERM", "", "read-only"), ("-HUP", "", "read-only"), ("-TERM", "c", "runs:")]
    {
        let mut terminal = AtTerminal::run(&run);
        terminal.type_to("", "read-only");
        terminal.type_to(typed, expected);
        let kill = Command::new("kill").args([signal, &terminal.text("id")]).status().unwrap();
        assert!(kill.success());
        terminal.end();
    }
}

/// Variable of the program that is to panic.
const PANICS: &str = "XENIA_PANICS_ON_A_TERMINAL";

/// Debugs a title whose first text panics.
fn panic_on_the_terminal() {
    let path = Path::new(TITLE).with_file_name("hello.xex");
    let title = Title::open_or_demo(Some(&path), &TitleConfig::default()).unwrap();
    let config = MachineConfig::default();
    let video = VideoConfig::default();
    let text = Box::new(|_: &[u8]| panic!("the text can't be shown"));
    let options = MachineOptions { text, ..MachineOptions::new(&config, &video) };
    let mut machine = Machine::new(&title, options).unwrap();
    machine.set_front_end(Box::new(OnTerminal::new(DebugSession::default())));
    machine.run(&Limits::default());
}

/// The test runs itself on a terminal, where it panics.
#[test]
fn a_panic_gives_the_terminal_back() {
    if std::env::var_os(PANICS).is_some() {
        panic_on_the_terminal();
        return;
    }
    if !need(Tool::Terminal) {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let test = "debugger::a_panic_gives_the_terminal_back --exact --nocapture";
    let mut terminal = AtTerminal::run(&format!("{PANICS}=1 exec \"{}\" {test}", program.display()));
    terminal.type_to("", "read-only");
    terminal.keys.write_all(b"c").unwrap();
    let after = terminal.end();
    assert!(after.contains("the text can't be shown"), "{after:?}");
}

#[test]
fn a_long_run_is_interrupted() {
    if !need(Tool::Terminal) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let typed = [
        (":tab text\r", "[9 text]"),
        ("c", "runs: Esc stops"),
        ("\x1b", "| interrupted |"),
        ("S", "| stopped |"),
        ("q", ""),
    ];
    on_a_terminal(folder.path(), ENDLESS, &typed);
}
