//! Hermetic runs of `xenia-rs`: independent of the user's settings and caches.

use std::ffi::OsStr;
use std::process::Command;

/// Prefixes of the environment variables that the program reads.
const OURS: [&str; 2] = ["XENIA_", "RUST_LOG"];

/// File without settings, which the program knows on every system.
const NO_SETTINGS: &str = "/dev/null";

/// A command that runs the program without settings from files or the environment, and without the
/// persistent code cache: a cache of another build causes a message, and code compiled by a test is
/// useless to others. Later arguments can override this.
pub fn hermetic(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command.env("XENIA_CODE_CACHE", "off").env("XENIA_SCRATCH", "off").args(["--config", NO_SETTINGS]);
    command
}

fn is_ours(name: &OsStr) -> bool {
    OURS.iter().any(|ours| name.as_encoded_bytes().starts_with(ours.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_ours_and_the_rest_is_not() {
        for (name, ours) in
            [("XENIA_SCHED_ORDER", true), ("RUST_LOG", true), ("PATH", false), ("DISPLAY", false)]
        {
            assert_eq!(is_ours(name.as_ref()), ours, "{name}");
        }
        let command = hermetic("xenia-rs");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["--config", NO_SETTINGS]);
        for ours in ["XENIA_CODE_CACHE", "XENIA_SCRATCH"] {
            let kept = command.get_envs().find(|(name, _)| *name == ours);
            assert_eq!(kept.and_then(|(_, value)| value), Some(OsStr::new("off")), "{ours}");
        }
    }
}
