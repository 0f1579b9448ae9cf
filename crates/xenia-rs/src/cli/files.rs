//! Checks the files on a command line against each other: no input may be an output, nor a file in
//! a folder of inputs, nor the settings file; and no two outputs may be the same file.
//!
//! The check runs for every command before any file is opened; otherwise writing a report over the
//! title would destroy the title.

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use xenia_host::ownership::{FileIdentity, identity};

/// Ids of the arguments that name an output file; every other path to a file is an input.
const WRITTEN: &[&str] = &[
    "append",
    "audio",
    "event_log",
    "guest_log",
    "json",
    "last_frame",
    "log_file",
    "output",
    "package",
    "plot",
    "profile",
    "record",
    "record_contention",
    "report",
    "samples",
    "save_state",
    "trace_calls_to",
];
/// Ids of the arguments that name a folder of output files.
const FOLDERS: &[&str] = &[
    "cache",
    "code_cache",
    "content",
    "dump_frames",
    "keep",
    "keep_states",
    "logs",
    "out",
    "scratch",
    "screenshots",
];

/// Number of bytes read to recognize a file.
const HEAD_BYTES: u64 = 128;

/// Identity of a file: the file itself if it exists, otherwise its future location. `None`: a
/// folder, a device, a pipe, or a path that could not be written.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    There(FileIdentity),
    New(PathBuf),
}

fn place(path: &Path) -> Option<Place> {
    if let Ok(found) = path.metadata() {
        return identity(path).ok().filter(|_| found.is_file()).map(Place::There);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    Some(Place::New(folder.canonicalize().ok()?.join(path.file_name()?)))
}

/// Whether the command writes the file that the argument names.
fn is_written(command: &str, matches: &ArgMatches, id: &str) -> bool {
    match id {
        "image" => command == "make-iso",
        "expect" => matches.try_contains_id("bless").is_ok() && matches.get_flag("bless"),
        _ => WRITTEN.contains(&id),
    }
}

/// Whether the command writes files into the folder that the argument names.
fn is_filled(command: &str, id: &str) -> bool {
    FOLDERS.contains(&id) || id == "folder" && command == "extract"
}

/// The argument as the user types it.
fn argument_text(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        _ => arg.get_id().as_str().to_uppercase(),
    }
}

/// The files that a command line names: the flag of each, by the argument's id and the path.
#[derive(Default)]
struct NamedFiles<'a> {
    written: BTreeMap<(&'a str, &'a Path), String>,
    read: BTreeMap<(&'a str, &'a Path), String>,
}

impl<'a> NamedFiles<'a> {
    /// Collects the files of a command and its subcommands. Refuses two equal paths of one output.
    fn of(mut command: &'a Command, mut matches: &'a ArgMatches) -> Result<Self> {
        let mut files = Self::default();
        loop {
            for arg in command.get_arguments() {
                files.add(command, matches, arg)?;
            }
            let Some((name, inner)) = matches.subcommand() else { break };
            let Some(below) = command.find_subcommand(name) else { break };
            command = below;
            matches = inner;
        }
        Ok(files)
    }

    /// Adds the paths of an argument.
    fn add(&mut self, command: &Command, matches: &'a ArgMatches, arg: &'a Arg) -> Result<()> {
        let id = arg.get_id().as_str();
        if !matches!(id, "audio" | "disc" | "save_state" | "sched_order")
            && arg.get_value_parser().type_id() != TypeId::of::<PathBuf>()
        {
            return Ok(());
        }
        let is_output = is_written(command.get_name(), matches, id);
        let into = if is_output { &mut self.written } else { &mut self.read };
        let mut own = BTreeSet::new();
        for value in matches.try_get_raw(id).ok().flatten().into_iter().flatten() {
            if value == "-" && is_filled(command.get_name(), id) {
                bail!("{} does not accept `-`: it names a folder", argument_text(arg));
            }
            if let Some(path) = named(id, value) {
                if is_output && !own.insert(path) {
                    bail!(
                        "two outputs ({0}, {0}) have the same path: {1}",
                        argument_text(arg),
                        path.display()
                    );
                }
                into.insert((id, path), argument_text(arg));
            }
        }
        Ok(())
    }
}

/// Fails if two arguments name the same file and one of them is written, or if one that is written
/// is the settings file.
pub fn check(command: &Command, matches: &ArgMatches, settings: Option<&Path>) -> Result<()> {
    let NamedFiles { written, read } = NamedFiles::of(command, matches)?;
    if let Some((_, flag)) = written.iter().find(|((_, path), _)| *path == Path::new("-")) {
        bail!("{flag} does not accept `-`; use /dev/stdout");
    }
    let inputs = read.keys().filter(|(id, _)| !FOLDERS.contains(id));
    let folders: Vec<InputFolder> = inputs.filter_map(|(id, path)| folder_of_inputs(id, path)).collect();
    let mut seen: Vec<(Place, &String)> = Vec::new();
    for ((id, path), flag) in &written {
        let Some(place) = place(path) else { continue };
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == place) {
            bail!("two outputs ({other}, {flag}) have the same path: {}", path.display());
        }
        let from = read.iter().find(|((_, other), _)| self::place(other).as_ref() == Some(&place));
        if let Some((_, from)) = from {
            bail!("{flag} would replace {}, which is read as {from}: name another file", path.display());
        }
        if settings.is_some_and(|file| self::place(file).as_ref() == Some(&place)) {
            bail!("{flag} would replace {}, the settings file: name another file", path.display());
        }
        let within = folders.iter().find(|folder| is_input_of(folder, path, id));
        if let Some(folder) = within {
            let path = path.display();
            let folder = folder.path.display();
            bail!("{flag} would replace {path}, a file of {folder}, which is read: name another file");
        }
        seen.push((place, flag));
    }
    Ok(())
}

/// A folder whose files are read.
struct InputFolder {
    path: PathBuf,
    /// Whether it is that of an executable, in which there may be outputs of earlier runs, too.
    is_of_executable: bool,
}

/// The folder of inputs that an argument names: itself, or that of a title's executable, which the
/// title reads.
fn folder_of_inputs(id: &str, path: &Path) -> Option<InputFolder> {
    const ENDINGS: [&str; 2] = ["xex", "elf"];
    if path.is_dir() {
        return Some(InputFolder { path: path.canonicalize().ok()?, is_of_executable: false });
    }
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_executable = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let folder = path.canonicalize().ok().filter(|_| id == "title" && is_executable)?;
    Some(InputFolder { path: folder.parent()?.to_owned(), is_of_executable: true })
}

/// Usual extensions of the files that an argument names.
fn endings_of(id: &str) -> &'static [&'static str] {
    match id {
        "audio" => &["wav"],
        "event_log" | "guest_log" | "log_file" | "trace_calls_to" => &["log", "txt"],
        "last_frame" => &["png"],
        "profile" => &["gz", "svg", "txt"],
        "report" => &["zip"],
        _ => &[],
    }
}

/// Whether the path is that of a file in the folder or below it that does not look as an output of
/// the argument `id`.
fn is_input_of(folder: &InputFolder, path: &Path, id: &str) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_meant = folder.is_of_executable && endings_of(id).contains(&ending);
    let is_in_it = path.is_file() && path.canonicalize().is_ok_and(|path| path.starts_with(&folder.path));
    is_in_it && !is_meant && !is_own_output(path)
}

/// Whether a file looks like an output of this program: a report, a golden file, a recording, a
/// state or an event log. A second run may replace those of the first.
fn is_own_output(path: &Path) -> bool {
    const MARKS: [&str; 6] = [
        "\"schema\": \"xenia-rs/",
        "\"schema\":\"xenia-rs/",
        "\"image_loaded_sha256\"",
        "{\"recording\"",
        "XRSTATE\0",
        "XENTRACE",
    ];
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let mut words = text.split(' ');
    let has_time = words.next().is_some_and(|time| time.parse::<u64>().is_ok());
    let is_event = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let is_event_log = has_time && words.next().is_some_and(is_event);
    read.is_ok() && (start.is_empty() || is_event_log || MARKS.iter().any(|mark| text.contains(mark)))
}

/// The path in a value of the argument, if the value is a path.
pub(crate) fn named<'a>(id: &str, value: &'a OsStr) -> Option<&'a Path> {
    match id {
        "json" if value == "-" => None,
        "guest_log" if value == "off" => None,
        "audio" => value.to_str()?.strip_prefix("wav:").map(Path::new),
        "disc" => value.to_str()?.split_once('=').map(|(_, path)| Path::new(path)),
        "save_state" => value.to_str()?.split_once(':').map(|(_, path)| Path::new(path)),
        "sched_order" => value.to_str()?.strip_prefix("replay:").map(Path::new),
        _ => Some(Path::new(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn checked(words: &[&str]) -> Result<(), String> {
        checked_with(words, None)
    }

    fn checked_with(words: &[&str], settings: Option<&Path>) -> Result<(), String> {
        let matches = Cli::command().try_get_matches_from(["xenia-rs"].iter().chain(words)).unwrap();
        check(&Cli::command(), &matches, settings).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let settings = path("config.toml");
        std::fs::write(&settings, "").unwrap();
        let with_settings = |words: &[&str]| checked_with(words, Some(Path::new(&settings)));
        let why = with_settings(&["exec", "t.xex", "--json", &settings]).unwrap_err();
        let expected = format!("--json would replace {settings}, the settings file: name another file");
        assert_eq!(why, expected);
        assert_eq!(with_settings(&["exec", "t.xex", "--json", &path("new")]), Ok(()));
    }

    #[test]
    fn outputs_that_overwrite_inputs_or_each_other_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let title = folder.path().join("t.xex");
        std::fs::write(&title, "a title").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&title, folder.path().join("link")).unwrap();
        #[cfg(not(unix))]
        std::fs::hard_link(&title, folder.path().join("link")).unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let title = path("t.xex");
        let link = path("link");
        let new = path("new");
        let wav = format!("wav:{title}");
        let state = format!("5:{title}");
        let inside = folder.path().to_str().unwrap().to_owned();
        let first = format!("5:{new}");
        let second = format!("6:{new}");
        let disc = format!("2={title}");
        let manifest = format!("replay:{title}");
        let refused: [&[&str]; 18] = [
            &[&title, "--json", &title],
            &[&title, "--json", &link],
            &[&title, "--headless", "--event-log", &title],
            &[&title, "--log-file", &title],
            &["--log-file", &title, &title],
            &[&title, "--headless", "--audio", &wav],
            &[&title, "--headless", "--save-state", &state],
            &[&title, "--headless", "--report", &title],
            &[&title, "--headless", "--save-state", &first, "--save-state", &second],
            &[&inside, "--headless", "--json", &title],
            &["check", &title, "-n", "1", "--bless", "--expect", &title],
            &["exec", "a.iso", "--disc", &disc, "--json", &title],
            &["exec", "a.iso", "--sched-order", &manifest, "--record-contention", &title],
            &["asm", &title, "-o", &title],
            &["pack", &title, "-o", &title],
            &["info", &title, "--json", &title],
            &[&title, "--headless", "--json", &new, "--event-log", &new],
            &[&title, "--guest-log", &new, "--log-file", &new],
        ];
        for words in refused {
            assert!(checked(words).is_err(), "{words:?}");
        }
        for words in
            [&["asm", &title, "-o", "-"][..], &[&title, "--event-log", "-"], &[&title, "--audio", "wav:-"]]
        {
            assert!(checked(words).unwrap_err().contains("/dev/stdout"), "{words:?}");
        }
        for words in [
            &["extract", &title, "-"][..],
            &[&title, "--dump-frames", "-"],
            &[&title, "--code-cache", "-"],
            &["man", "--out", "-"],
        ] {
            assert!(checked(words).unwrap_err().contains("it names a folder"), "{words:?}");
        }
        assert_eq!(checked(&["asm", "-", "-o", &new]), Ok(()));
        // Files of folders that are read.
        std::fs::write(path("data.bin"), "data").unwrap();
        let data = path("data.bin");
        for words in [
            &[&title, "--headless", "--json", &data][..],
            &[&inside, "--headless", "--event-log", &data],
            &["library", &inside, "--json", &data],
            &["compat", &inside, "--out", &path("out"), "--json", &data],
            &["conformance", &inside, "--json", &data],
            &["patches", "--check", &inside, "--json", &data],
            &["sweep", "merge", &inside, "--json", &data],
            &["exec", "--folder", &inside, "other.xex", "--json", &data],
        ] {
            let why = checked(words).expect_err(words[0]);
            assert!(why.contains("which is read: name another file"), "{words:?}: {why}");
        }
        let wav = path("a.wav");
        std::fs::write(&wav, "RIFF").unwrap();
        let wav = format!("wav:{wav}");
        assert_eq!(checked(&[&title, "--headless", "--audio", &wav]), Ok(()), "of an earlier run");
        for own in ["{\n  \"schema\": \"xenia-rs/run/1\"", "0 image sha256", "{\"recording\":1", ""] {
            std::fs::write(&data, own).unwrap();
            assert_eq!(checked(&[&title, "--headless", "--json", &data]), Ok(()), "{own}");
        }
        let why = checked(refused[0]).unwrap_err();
        assert_eq!(why, format!("--json would replace {title}, which is read as TITLE: name another file"));
        let taken: &[&[&str]] = &[
            &[&inside, "--headless", "--json", &path("report.json")],
            &[&title, "--headless", "--json", &new, "--event-log", &path("other")],
            &[&title, "--json", "-", "--guest-log", "off", "--code-cache", "off"],
            #[cfg(unix)] // a device
            &[&title, "--json", "/dev/null", "--log-file", "/dev/null"],
            &["check", &title, "-n", "1", "--expect", &path("g.json"), "--json", &new],
            &["extract", &title, &new],
            &["diff", &title, &title],
        ];
        for &words in taken {
            assert_eq!(checked(words), Ok(()), "{words:?}");
        }
    }
}
