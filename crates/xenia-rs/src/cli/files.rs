//! Checks the files on a command line against each other: no input may be an output, and no two
//! outputs may be the same file.
//!
//! The check runs for every command before any file is opened; otherwise writing a report over the
//! title would destroy the title.

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, Command};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
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
fn shown(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        _ => arg.get_id().as_str().to_uppercase(),
    }
}

/// Fails if two of the files that are named are the same file and one of them is written.
pub fn check(command: &Command, matches: &ArgMatches) -> Result<()> {
    let (mut written, mut read) = (BTreeMap::new(), BTreeMap::new());
    let (mut command, mut matches) = (command, matches);
    loop {
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            if !matches!(id, "audio" | "save_state")
                && arg.get_value_parser().type_id() != TypeId::of::<PathBuf>()
            {
                continue;
            }
            let is_output = is_written(command.get_name(), matches, id);
            let into = if is_output { &mut written } else { &mut read };
            let mut own = BTreeSet::new();
            for value in matches.try_get_raw(id).ok().flatten().into_iter().flatten() {
                if value == "-" && is_filled(command.get_name(), id) {
                    bail!(
                        "{} -: a folder is wanted; a dash is standard output, for --json alone",
                        shown(arg)
                    );
                }
                if let Some(path) = named(id, value) {
                    if is_output && !own.insert(path) {
                        bail!("two {} name {}: say two files", shown(arg), path.display());
                    }
                    into.insert((id, path), shown(arg));
                }
            }
        }
        let Some((name, inner)) = matches.subcommand() else { break };
        let Some(below) = command.find_subcommand(name) else { break };
        (command, matches) = (below, inner);
    }
    if let Some((_, flag)) = written.iter().find(|((_, path), _)| *path == Path::new("-")) {
        bail!("{flag} -: standard output is /dev/stdout there; only --json takes a dash for it");
    }
    let mut seen: Vec<(Place, &String)> = Vec::new();
    for ((_, path), flag) in &written {
        let Some(place) = place(path) else { continue };
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == place) {
            bail!("{other} and {flag} both name {}: say two files", path.display());
        }
        let from = read.iter().find(|((_, other), _)| self::place(other).as_ref() == Some(&place));
        if let Some((_, from)) = from {
            bail!("{flag} would replace {}, which is read as {from}: say another file", path.display());
        }
        let within = read.iter().find(|((id, folder), _)| *id == "title" && is_executable_of(folder, path));
        if let Some(((_, title), _)) = within {
            let (path, title) = (path.display(), title.display());
            bail!("{flag} would replace {path}, an executable of {title}: say another file");
        }
        seen.push((place, flag));
    }
    Ok(())
}

/// Whether the path is that of an executable that lies in the folder or below it.
fn is_executable_of(folder: &Path, path: &Path) -> bool {
    const ENDINGS: [&str; 4] = ["xex", "xexp", "dll", "elf"];
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let is_executable = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    match (is_executable && folder.is_dir(), folder.canonicalize(), path.canonicalize()) {
        (true, Ok(folder), Ok(path)) => path.starts_with(folder),
        _ => false,
    }
}

/// The path in a value of the argument, if the value is a path.
fn named<'a>(id: &str, value: &'a OsStr) -> Option<&'a Path> {
    match id {
        "json" if value == "-" => None,
        "guest_log" if value == "off" => None,
        "audio" => value.to_str()?.strip_prefix("wav:").map(Path::new),
        "save_state" => value.to_str()?.split_once(':').map(|(_, path)| Path::new(path)),
        _ => Some(Path::new(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn checked(words: &[&str]) -> Result<(), String> {
        let matches = Cli::command().try_get_matches_from(["xenia-rs"].iter().chain(words)).unwrap();
        check(&Cli::command(), &matches).map_err(|error| error.to_string())
    }

    #[test]
    fn outputs_that_overwrite_inputs_or_each_other_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let title = folder.path().join("t.xex");
        std::fs::write(&title, "a title").unwrap();
        std::os::unix::fs::symlink(&title, folder.path().join("link")).unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (title, link, new) = (path("t.xex"), path("link"), path("new"));
        let wav = format!("wav:{title}");
        let state = format!("5:{title}");
        let inside = folder.path().to_str().unwrap().to_owned();
        let (first, second) = (format!("5:{new}"), format!("6:{new}"));
        let refused: [&[&str]; 16] = [
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
            assert!(checked(words).unwrap_err().contains("a folder is wanted"), "{words:?}");
        }
        assert_eq!(checked(&["asm", "-", "-o", &new]), Ok(()));
        let why = checked(refused[0]).unwrap_err();
        assert_eq!(why, format!("--json would replace {title}, which is read as TITLE: say another file"));
        let taken: [&[&str]; 7] = [
            &[&inside, "--headless", "--json", &path("report.json")],
            &[&title, "--headless", "--json", &new, "--event-log", &path("other")],
            &[&title, "--json", "-", "--guest-log", "off", "--code-cache", "off"],
            &[&title, "--json", "/dev/null", "--log-file", "/dev/null"],
            &["check", &title, "-n", "1", "--expect", &path("g.json"), "--json", &new],
            &["extract", &title, &new],
            &["diff", &title, &title],
        ];
        for words in taken {
            assert_eq!(checked(words), Ok(()), "{words:?}");
        }
    }
}
