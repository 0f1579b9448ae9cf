//! Hermetic runs of `xenia-rs`: independent of the user's settings and caches.

use std::ffi::OsStr;
use std::process::Command;

/// Prefixes of the environment variables that the program reads.
const OURS: [&str; 5] = ["XENIA_", "RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE", "SDL_GAMECONTROLLERCONFIG"];

/// Signals of which the program takes notice, and their numbers.
const SIGNALS: [(&str, u32); 4] = [("HUP", 1), ("INT", 2), ("USR1", 10), ("TERM", 15)];

/// File without settings, which the program knows on every system.
const NO_SETTINGS: &str = "/dev/null";

/// A command that runs the program without settings from files or the environment, and without the
/// persistent code cache: a cache of another build causes a message, and code compiled by a test is
/// useless to others. Later arguments can override this.
pub fn hermetic(program: impl AsRef<OsStr>) -> Command {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut command = with_default_signals(program.as_ref(), &ignored(&status));
    without_settings(&mut command);
    command.env("XENIA_CODE_CACHE", "off").env("XENIA_SCRATCH", "off").args(["--config", NO_SETTINGS]);
    command
}

/// Removes the environment variables that the program reads from a command.
pub fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
}

/// A command that runs the program without ignoring these signals. A shell's background job
/// inherits some as ignored, and so would the program, which then does not end by them.
fn with_default_signals(program: &OsStr, ignored: &[&str]) -> Command {
    if ignored.is_empty() {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.arg(format!("--default-signal={}", ignored.join(","))).arg(program);
    command
}

/// The signals that a process with this `/proc/PID/status` ignores.
fn ignored(status: &str) -> Vec<&'static str> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    SIGNALS.iter().filter(|(_, number)| mask >> (number - 1) & 1 != 0).map(|(name, _)| *name).collect()
}

fn is_ours(name: &OsStr) -> bool {
    OURS.iter().any(|prefix| name.as_encoded_bytes().starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_ours_and_the_rest_is_not() {
        for (name, expected) in
            [("XENIA_SCHED_ORDER", true), ("RUST_LOG", true), ("PATH", false), ("DISPLAY", false)]
        {
            assert_eq!(is_ours(name.as_ref()), expected, "{name}");
        }
        let command = hermetic("xenia-rs");
        let arguments: Vec<&OsStr> = command.get_args().collect();
        assert!(arguments.ends_with(&["--config", NO_SETTINGS].map(OsStr::new)), "{arguments:?}");
        for variable in ["XENIA_CODE_CACHE", "XENIA_SCRATCH"] {
            let kept = command.get_envs().find(|(name, _)| *name == variable);
            assert_eq!(kept.and_then(|(_, value)| value), Some(OsStr::new("off")), "{variable}");
        }
    }

    #[test]
    fn signals_that_a_background_job_ignores_end_the_program() {
        let status = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001207\nSigCgt:\t0000000000004000\n";
        assert_eq!(ignored(status), ["HUP", "INT", "USR1"]);
        assert!(ignored("Name:\tx\n").is_empty());
        let command = with_default_signals("xenia-rs".as_ref(), &["HUP", "INT"]);
        assert_eq!(command.get_program(), "env");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--default-signal=HUP,INT", "xenia-rs"]);
        assert_eq!(with_default_signals("xenia-rs".as_ref(), &[]).get_program(), "xenia-rs");
    }
}
