//! Scripts of gdb on titles: what gdb prints is compared with a transcript.
//!
//! A script is `golden/gdb/NAME.gdb`, its transcript `NAME.txt`. The first line of a script has the
//! title in `guest/bin` and the flags of the run. Scripts of programs that are not part of this
//! repository are `golden/gdb/programs/NAME.gdb`, and their first line has flags only: they are
//! followed if [`PROGRAMS`] names a folder, and run its `NAME/title.xex` with the symbols of
//! `NAME/symbols.elf` (`cargo xtask real-programs` provides them). `XENIA_BLESS_GDB=1` writes the
//! transcripts.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use xenia_testing::{PACES, Tool, hermetic, need, note_repeat};

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");
const TITLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/gdb");
/// Environment variable with the folder of the programs.
const PROGRAMS: &str = "XENIA_GDB_PROGRAMS";
/// Longest run of a script in seconds.
const TIMEOUT: &str = "300";

/// A title that is debugged by a script.
struct Session {
    script: PathBuf,
    title: PathBuf,
    /// File from which gdb takes the symbols.
    symbols: Option<PathBuf>,
    flags: Vec<String>,
    arguments: Vec<String>,
}

impl Session {
    fn is_parallel(&self) -> bool {
        self.flags.iter().any(|flag| flag == "--parallel")
    }

    /// The session of a script; `program` has the folder of a title that is not in `guest/bin`.
    fn new(script: PathBuf, program: Option<&Path>) -> Self {
        let text = std::fs::read_to_string(&script).unwrap();
        let first = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("title and flags");
        let mut words = first.split_whitespace().map(str::to_owned);
        let (title, symbols) = if let Some(folder) = program {
            (folder.join("title.xex"), Some(folder.join("symbols.elf")))
        } else {
            let title = Path::new(TITLES).join(words.next().unwrap());
            let has_symbols = title.extension().is_some_and(|extension| extension == "elf");
            (title.clone(), Some(title).filter(|_| has_symbols))
        };
        let flags = words.by_ref().take_while(|word| word != "--").collect();
        Self { script, title, symbols, flags, arguments: words.collect() }
    }
}

/// The scripts of a folder.
fn scripts(folder: &Path) -> Vec<PathBuf> {
    let mut scripts: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "gdb"));
    scripts.sort();
    assert!(!scripts.is_empty());
    scripts
}

/// The lines that gdb prints while it follows a script, without those about itself. In parallel
/// mode the title has this pace.
fn transcript(session: &Session, pace: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    let Session { script, title, symbols, flags, arguments } = session;
    let mut title = title.clone();
    if title.starts_with(TITLES) && session.is_parallel() {
        // Threads that gdb holds on a busy host are late for the suite's usual times.
        let copy = folder.path().join(title.file_name().unwrap());
        std::fs::copy(&title, &copy).unwrap();
        std::fs::write(folder.path().join("pace"), pace.to_string()).unwrap();
        title = copy;
    }
    let mut run = hermetic(PROGRAM);
    run.args(["exec", "--headless", "--fresh", "--gdb", "0", "--timeout", TIMEOUT]).args(flags).arg(title);
    run.arg("--").args(arguments);
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
    gdb.env("LC_ALL", "C.UTF-8");
    gdb.args(["-nx", "-batch", "-iex", "set pagination off", "-iex", "set confirm off"]);
    gdb.args(["-iex", &format!("set remotetimeout {TIMEOUT}")]);
    gdb.args(["-ex", "set architecture powerpc:common", "-ex", "set endian big"]);
    gdb.args(symbols);
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
    let mut sessions: Vec<Session> =
        scripts(Path::new(SCRIPTS)).into_iter().map(|script| Session::new(script, None)).collect();
    if let Some(folder) = std::env::var_os(PROGRAMS).map(PathBuf::from) {
        // Only programs that exist: not all of them may be built.
        sessions = scripts(&Path::new(SCRIPTS).join("programs"))
            .into_iter()
            .map(|script| (folder.join(script.file_stem().unwrap()), script))
            .filter(|(program, _)| program.is_dir())
            .map(|(program, script)| Session::new(script, Some(&program)))
            .collect();
        assert!(!sessions.is_empty(), "no program in {}", folder.display());
    }
    let mut wrong = String::new();
    for session in sessions {
        let path = session.script.with_extension("txt");
        let mut found = transcript(&session, PACES[0]);
        if std::env::var_os("XENIA_BLESS_GDB").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        for pace in PACES.into_iter().skip(1) {
            if session.is_parallel() && found != expected {
                note_repeat(&format!("{}: {found}", session.script.display()));
                found = transcript(&session, pace);
            }
        }
        if found != expected {
            let _ = writeln!(wrong, "{}:\n{found}\nexpected:\n{expected}", session.script.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
