//! Runs a unit's process with limits, and ends it with all its children.
//!
//! - Time: at the limit SIGTERM, on which the program writes its report, then SIGKILL.
//! - Memory: resident memory is sampled every [`POLL_INTERVAL`]. A process that grows faster
//!   reaches its address space limit, which it has set itself ([`limit_this_process`]). A machine
//!   reserves much more than it uses, so that limit is [`RESERVED_MIB`] higher.
//! - Output: standard output and error go to unnamed files, whose sizes are sampled as well; output
//!   beyond the limit is not read.
//! - The process ends with the thread that started it, and has a separate process group.

use crate::error::{Error, Result};
use crate::unit::Bounds;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use xenia_host::process::{self, ProcessGroup};

/// Interval between polls of a process.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Time that a process has to write its report after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);
/// Address space that a machine reserves without using it, with a margin: the guest's views, and
/// sparse tables.
const RESERVED_MIB: u64 = 64 << 10;
/// Environment variables that a process inherits; others, such as XENIA_SCHED_ORDER, could affect
/// its result. The last ones are Windows's places of libraries, temporary files and settings.
const KEPT: [&str; 11] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
];

/// Limits that a process sets for itself before it becomes a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Memory limit, in MiB.
    pub memory_mib: u64,
    /// Id of the parent process, which it must not outlive.
    pub parent: u32,
}

/// Applies limits to this process and its children, and makes it die with its parent.
pub fn limit_this_process(limited: Limited) -> io::Result<()> {
    let bytes = limited.memory_mib.saturating_add(RESERVED_MIB).saturating_mul(1 << 20);
    process::limit_this_process(bytes, limited.parent)
}

/// Reason why the sweep stopped a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its time limit was exceeded.
    Time,
    /// Its memory limit was exceeded.
    Memory,
    /// Its output limit was exceeded.
    Output,
    /// The sweep itself is ending.
    Sweep,
}

/// Result of a process.
#[derive(Debug)]
pub(crate) struct ChildOutcome {
    /// The exit code; 128 plus the signal's number if a signal ended it, as in shells.
    pub(crate) exit: i32,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Why the sweep stopped it, if it did.
    pub(crate) stop: Option<Stop>,
    pub(crate) output: Vec<u8>,
    pub(crate) errors: Vec<u8>,
    pub(crate) wall_seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// Largest memory use that was sampled, in MiB.
    pub(crate) memory_mib: f64,
}

/// A process to start.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) words: Vec<OsString>,
    pub(crate) folder: &'a Path,
    pub(crate) limits: Bounds,
}

/// Starts a process and waits for its end, which is enforced.
pub(crate) fn run(start: &Start<'_>, stop_all: &AtomicBool) -> Result<ChildOutcome> {
    let mut output = tempfile::tempfile().map_err(Error::Start)?;
    let mut errors = tempfile::tempfile().map_err(Error::Start)?;
    let began = Instant::now();
    let mut command = Command::new(start.program);
    command
        .args(&start.words)
        .env_clear()
        .envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .current_dir(start.folder)
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(Error::Start)?)
        .stderr(errors.try_clone().map_err(Error::Start)?);
    let (mut child, group) = ProcessGroup::spawn(&mut command).map_err(Error::Start)?;
    drop(command);
    let watched = watch(&group, start.limits, began, [&output, &errors], stop_all);
    // The leader is not reaped yet, so its process group's id cannot have been reused.
    group.end();
    let cpu_seconds = group.processor_time();
    let wall_seconds = began.elapsed().as_secs_f64();
    let status = child.wait().map_err(Error::Start)?;
    let Watched { stop, memory_mib } = watched.map_err(Error::Start)?;
    let limit = start.limits.output_kib * 1024;
    let signal = process::signal_of(status);
    let mut ended = ChildOutcome {
        exit: signal.map_or_else(|| status.code().unwrap_or(-1), |signal| 128 + signal),
        signal,
        stop,
        output: read(&mut output, limit).map_err(Error::Start)?,
        errors: read(&mut errors, limit).map_err(Error::Start)?,
        wall_seconds,
        cpu_seconds,
        memory_mib,
    };
    // A quick process may have ended before the first poll.
    if ended.stop.is_none() && (ended.output.len() + ended.errors.len()) as u64 > limit {
        ended.stop = Some(Stop::Output);
    }
    Ok(ended)
}

struct Watched {
    stop: Option<Stop>,
    memory_mib: f64,
}

/// Polls a process until its end; ends it when it exceeds a limit.
fn watch(
    group: &ProcessGroup,
    limits: Bounds,
    began: Instant,
    files: [&File; 2],
    stop_all: &AtomicBool,
) -> io::Result<Watched> {
    let time = Duration::from_secs(limits.seconds);
    let mut watched = Watched { stop: None, memory_mib: 0.0 };
    let mut kill_at = None;
    loop {
        if group.wait(POLL_INTERVAL)? {
            return Ok(watched);
        }
        watched.memory_mib = watched.memory_mib.max(group.memory_mib());
        if let Some(at) = kill_at {
            if Instant::now() >= at {
                group.end();
            }
            continue;
        }
        let printed: u64 = files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
        let (stop, grace) = if stop_all.load(Relaxed) {
            (Stop::Sweep, Duration::ZERO)
        } else if watched.memory_mib > limits.memory_mib as f64 {
            (Stop::Memory, Duration::ZERO)
        } else if printed > limits.output_kib * 1024 {
            (Stop::Output, Duration::ZERO)
        } else if began.elapsed() >= time {
            (Stop::Time, GRACE)
        } else {
            continue;
        };
        watched.stop = Some(stop);
        kill_at = Some(Instant::now() + grace);
        if grace.is_zero() { group.end() } else { group.ask_to_end() }
    }
}

/// Reads a file; of a longer file, one byte more than the limit.
fn read(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Id of this process, for [`Limited::parent`].
pub(crate) fn this_process() -> u32 {
    std::process::id()
}

// They run sh.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, limits: Bounds, stop: bool) -> ChildOutcome {
        let words = ["-c", script].map(OsString::from).to_vec();
        let start = Start { program: Path::new("/bin/sh"), words, folder: Path::new("/"), limits };
        run(&start, &AtomicBool::new(stop)).unwrap()
    }

    const WIDE: Bounds = Bounds { seconds: 600, memory_mib: 4096, output_kib: 64 };

    #[test]
    fn child_exit_status_signal_and_output_are_reported() {
        let ended = sh("echo out; echo err >&2; exit 3", WIDE, false);
        assert_eq!((ended.exit, ended.signal, ended.stop), (3, None, None));
        assert_eq!((&ended.output[..], &ended.errors[..]), (&b"out\n"[..], &b"err\n"[..]));
        let ended = sh("kill -SEGV $$", WIDE, false);
        assert_eq!((ended.exit, ended.signal), (139, Some(11)));
    }

    #[test]
    fn limits_end_a_process_and_what_it_started() {
        // The child holds the standard output open. It must be ended as well, otherwise this test
        // takes ten minutes.
        let ended = sh("sleep 600 & sleep 600", Bounds { seconds: 1, ..WIDE }, false);
        assert_eq!((ended.exit, ended.stop), (143, Some(Stop::Time)));
        let ended = sh("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyy; done", WIDE, false);
        assert_eq!((ended.exit, ended.stop), (137, Some(Stop::Output)));
        assert_eq!(ended.output.len(), 64 * 1024 + 1);
        let ended = sh("sleep 600", WIDE, true);
        assert_eq!((ended.exit, ended.stop), (137, Some(Stop::Sweep)));
        let ended = sh("sleep 600", Bounds { memory_mib: 0, ..WIDE }, false);
        assert_eq!(ended.stop, Some(Stop::Memory));
        assert!(ended.memory_mib > 0.0);
    }

    #[test]
    fn a_quick_flood_of_output_is_cut_as_well() {
        let ended = sh("head -c 1000000 /dev/zero", WIDE, false);
        assert_eq!((ended.stop, ended.output.len()), (Some(Stop::Output), 64 * 1024 + 1));
    }

    #[test]
    fn child_environment_contains_only_kept_variables() {
        let ended = sh("env", WIDE, false);
        let text = String::from_utf8(ended.output).unwrap();
        let names = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        let shell = ["PWD", "SHLVL", "_", "OLDPWD"];
        let others: Vec<_> = names.filter(|name| !KEPT.contains(name) && !shell.contains(name)).collect();
        assert!(others.is_empty(), "{others:?}");
    }

    #[test]
    fn processors_time_is_counted() {
        let ended = sh("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", WIDE, false);
        assert!(ended.cpu_seconds > 0.0, "{ended:?}");
    }
}
