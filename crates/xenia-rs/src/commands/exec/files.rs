//! Files that a run writes.

use crate::cli::ExecArgs;
use anyhow::Result;
use std::path::Path;
use xenia::config::AudioOutput;
use xenia::guest_log;
use xenia::output;

/// Output files of the run. The JSON report is left out, as it may go to the standard output, and
/// so are folders.
fn output_files(args: &ExecArgs) -> impl Iterator<Item = &Path> {
    let ExecArgs { run, picture, .. } = args;
    let files = [
        &picture.last_frame,
        &args.report,
        &run.event_log,
        &run.record,
        &run.record_contention,
        &args.debug.trace_calls_to,
        &args.debug.profile,
    ];
    let guest_log = run.guest_log.as_deref().filter(|place| guest_log::is_file(Some(place)));
    let wav = match &args.sound.audio {
        Some(AudioOutput::Wav(path)) => Some(path.as_path()),
        _ => None,
    };
    let states = args.states.save_state.iter().map(|point| point.path.as_path());
    let files = files.into_iter().filter_map(|file| file.as_deref());
    files.chain(guest_log).chain(wav).chain(states)
}

/// Checks that the run's output files can be written, because a run may take hours. If it is
/// refused, files of earlier runs stay unchanged.
pub(super) fn check_outputs(args: &ExecArgs) -> Result<()> {
    output_files(args).try_for_each(output::check)
}

/// Whether the run leaves output, which a second run would overwrite.
pub(super) fn leaves_files(args: &ExecArgs) -> bool {
    let has_other_output = args.run.json.is_some() || args.run.dump_frames.is_some();
    has_other_output || output_files(args).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    #[test]
    fn a_run_that_leaves_files_is_not_run_again() {
        let leaves = |flags: &[&str]| {
            let words = ["xenia-rs", "exec", "t.xex"].iter().chain(flags);
            let Some(Command::Exec(args)) = Cli::parse_from(words).command else { panic!("not exec") };
            leaves_files(&args)
        };
        assert!(!leaves(&[]) && !leaves(&["--guest-log", "off"]) && !leaves(&["--log-file", "x"]));
        for flag in [
            "--json",
            "--record",
            "--event-log",
            "--dump-frames",
            "--last-frame",
            "--guest-log",
            "--report",
            "--profile",
        ] {
            assert!(leaves(&[flag, "x"]), "{flag}");
        }
        assert!(!leaves(&["--trace-calls", "all"]));
        assert!(leaves(&["--trace-calls", "all", "--trace-calls-to", "x"]));
    }
}
