//! Scripts of gdb on titles: what gdb prints is compared with a transcript.
//!
//! A script is `golden/gdb/NAME.gdb`, its transcript `NAME.txt`. The first line of a script has the
//! title in `guest/bin` and the flags of the run, `XENIA_BLESS_GDB=1` writes the transcripts.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use xenia_testing::{Tool, hermetic, need};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");
const TITLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/gdb");
/// Longest run of a script in seconds.
const PATIENCE: &str = "300";

/// The lines that gdb prints while it follows a script, without those about itself.
fn transcript(script: &Path) -> String {
    let text = std::fs::read_to_string(script).unwrap();
    let first = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("title and flags");
    let mut words = first.split_whitespace();
    let title = Path::new(TITLES).join(words.next().unwrap());
    let mut run = hermetic(PROGRAM);
    run.args(["exec", "--headless", "--gdb", "0", "--timeout", PATIENCE]).args(words).arg(&title);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut messages = BufReader::new(run.stderr.take().unwrap());
    let mut message = String::new();
    while !message.contains("target remote") {
        message.clear();
        assert_ne!(messages.read_line(&mut message).unwrap(), 0, "the run ended before gdb came");
    }
    let address = message.trim().rsplit(' ').next().unwrap().to_owned();
    let errors = thread::spawn(move || rest(messages));
    let mut gdb = Command::new("gdb-multiarch");
    gdb.args(["-nx", "-batch", "-iex", "set pagination off", "-iex", "set confirm off"]);
    gdb.args(["-iex", &format!("set remotetimeout {PATIENCE}")]);
    gdb.args(["-ex", "set architecture powerpc:common", "-ex", "set endian big"]);
    if title.extension().is_some_and(|extension| extension == "elf") {
        gdb.arg(&title);
    }
    gdb.args(["-ex", &format!("target remote {address}"), "-ex", "echo begin\\n", "-x"]).arg(script);
    let (printed, both) = std::io::pipe().unwrap();
    gdb.stdin(Stdio::null()).stdout(both.try_clone().unwrap()).stderr(both);
    let mut gdb_runs = gdb.spawn().unwrap();
    // Its ends of the pipe must be closed for the output to end.
    drop(gdb);
    let text = rest(printed);
    gdb_runs.wait().unwrap();
    let status = run.wait().unwrap();
    let (_, printed) = text.split_once("begin\n").unwrap_or_else(|| panic!("{text}"));
    let mut kept = String::new();
    for line in printed.lines() {
        // The moment at which gdb notices a thread depends on the host in parallel mode.
        if !["[Switching", "[New Thread"].iter().any(|start| line.starts_with(start)) {
            let _ = writeln!(kept, "{}", line.trim_end());
        }
    }
    let errors = errors.join().unwrap();
    let failed = errors.lines().filter(|line| line.contains(" FAIL ")).count();
    let _ = writeln!(kept, "-- the run: exit {:?}, {failed} failures", status.code());
    assert!(!errors.contains("panicked"), "{errors}");
    kept
}

fn rest(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn gdb_prints_what_the_transcripts_have() {
    if !need(Tool::Gdb) {
        return;
    }
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(SCRIPTS).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "gdb"));
    scripts.sort();
    assert!(!scripts.is_empty());
    let mut wrong = String::new();
    for script in scripts {
        let (found, path) = (transcript(&script), script.with_extension("txt"));
        if std::env::var_os("XENIA_BLESS_GDB").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            let _ = writeln!(wrong, "{}:\n{found}\nexpected:\n{expected}", script.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
