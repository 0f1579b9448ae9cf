//! Runs one command line of the program with a unit's limits, outside of a sweep.

use crate::child::{self, Start, Stop, this_process};
use crate::error::Result;
use crate::unit::Bounds;
use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// End of a process with limits.
#[derive(Clone, Debug)]
pub struct EndedProcess {
    /// Exit code; 128 plus the signal's number if a signal ended it.
    pub exit: i32,
    /// The limit for which it was stopped, in words; `None` if it was not.
    pub stopped_by: Option<&'static str>,
    /// Whether it was stopped because `stop` was set.
    pub is_cancelled: bool,
    /// Text that it printed to standard error, up to the limit.
    pub errors: String,
    /// Host time, in seconds.
    pub wall_seconds: f64,
    /// Largest resident memory that was sampled, in MiB.
    pub memory_mib: f64,
}

/// The launcher's words, with the numbers of a unit.
pub(crate) fn launcher_words(launcher: &[&str], limits: Bounds) -> Vec<OsString> {
    let memory = limits.memory_mib.to_string();
    let parent = this_process().to_string();
    let words = launcher.iter();
    words.map(|word| word.replace("{memory}", &memory).replace("{parent}", &parent).into()).collect()
}

/// Runs `words` of `program` in `folder`; `launcher` are the words that make the program limit
/// itself first ([`crate::RunConfig::launcher`]). `stop` ends it soon.
///
/// # Errors
/// The process can't be started or watched.
pub fn run_limited(
    program: &Path,
    launcher: &[&str],
    words: Vec<OsString>,
    folder: &Path,
    limits: Bounds,
    stop: &AtomicBool,
) -> Result<EndedProcess> {
    let mut all = launcher_words(launcher, limits);
    all.extend(words);
    let ended = child::run(&Start { program, words: all, folder, limits }, stop)?;
    Ok(EndedProcess {
        exit: ended.exit,
        stopped_by: match ended.stop {
            Some(Stop::Time) => Some("time"),
            Some(Stop::Memory) => Some("memory"),
            Some(Stop::Output) => Some("output"),
            Some(Stop::Sweep) | None => None,
        },
        is_cancelled: ended.stop == Some(Stop::Sweep),
        errors: String::from_utf8_lossy(&ended.errors).into_owned(),
        wall_seconds: ended.wall_seconds,
        memory_mib: ended.memory_mib,
    })
}

// They run sh.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_hangs_is_stopped_and_what_it_printed_is_kept() {
        let limits = Bounds { seconds: 1, memory_mib: 4096, output_kib: 64 };
        let run = |script: &str| {
            let stop = AtomicBool::new(false);
            run_limited(Path::new("/bin/sh"), &["-c"], vec![script.into()], Path::new("/"), limits, &stop)
                .unwrap()
        };
        let ended = run("echo why >&2; sleep 600");
        assert_eq!((ended.exit, ended.stopped_by, ended.errors.as_str()), (143, Some("time"), "why\n"));
        let ended = run("exit 3");
        assert_eq!((ended.exit, ended.stopped_by, ended.is_cancelled), (3, None, false));
        assert_eq!(launcher_words(&["--memory={memory}"], limits), ["--memory=4096"]);
    }
}
