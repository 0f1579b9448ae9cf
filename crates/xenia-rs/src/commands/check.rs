//! `xenia-rs check`: compares a lockstep run with a golden file.

use crate::cli::CheckArgs;
use crate::commands::exec::Outputs;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia::Limits;
use xenia::code_store;
use xenia::config::{MachineConfig, VideoConfig};
use xenia::content::HeldContent;
use xenia::golden::Golden;
use xenia::interrupt::Interrupt;
use xenia::launches::{self, Before, Course};
use xenia::machine::{Machine, MachineOptions};
use xenia::output;
use xenia::pieces::{NextState, PieceEnd, RunPiece, StateFolder};
use xenia::report::{End, check_json};
use xenia::say::outln;
use xenia::title::Title;
use xenia_cli::{Code, RunArgs, limits};

/// Runs the title, and reports the first field that differs; or writes the golden file.
pub fn run(args: &CheckArgs) -> Result<Code> {
    args.refuse_unsupported()?;
    let has_limit = args.run.instructions.is_some() || args.run.frames.is_some();
    if args.bless && !has_limit {
        bail!("--bless needs a limit, which the golden file will hold: -n INSTRUCTIONS or --frames N");
    }
    let changing: Vec<String> = settings_of_run(args).map(|(flag, _)| format!("--{flag}")).collect();
    if args.bless && !changing.is_empty() {
        bail!(
            "--bless writes what every user's run is compared with, and settings change this one by {}: \
             say the flags, or leave settings out (--config /dev/null, an empty variable)",
            changing.join(", ")
        );
    }
    let expected = if args.bless { None } else { Some(Golden::read(&args.expect)?) };
    let mut args = args.clone();
    if let Some(expected) = &expected {
        if expected.limit_instructions.is_none() && expected.limit_frames.is_none() {
            bail!("{} names no limit: --bless writes it anew", args.expect.display());
        }
        if !has_limit {
            (args.run.instructions, args.run.frames) = (expected.limit_instructions, expected.limit_frames);
        }
        expected
            .is_of(args.run.instructions, args.run.frames)
            .with_context(|| args.expect.display().to_string())?;
    }
    args.refuse_swap_timeout()?;
    let title = args.engine.open_title(Some(&args.title))?;
    check_json(args.run.json.as_deref())?;
    let golden = args.bless.then_some(&args.expect);
    for file in [golden, args.run.event_log.as_ref(), args.run.record.as_ref()].into_iter().flatten() {
        output::check(file)?;
    }
    let interrupt = Interrupt::listen(args.run.timeout)?;
    interrupt.listen_for_threads()?;
    let outputs = Outputs::new(&args.run, None, false)?;
    let limits = limits(&args.run, &args.engine);
    let config = MachineConfig::from(&args.engine);
    let saves = HeldContent::new(&(&args.engine.content).into(), true)?;
    let folder = args.states.as_deref().map(StateFolder::open).transpose()?;
    let kept = args.keep_states.as_deref().map(StateFolder::create).transpose()?;
    let piece = folder.as_ref().zip(args.piece).map(|(states, piece)| RunPiece::of(states, piece));
    let RunPiece { start, next } = piece.transpose()?.unwrap_or_default();
    let made = |title: &Title, before: &Before, launched| {
        let file = |path: &Option<PathBuf>| before.file(path.as_deref());
        let (capture, frames) = outputs.port(before.frames, |_, _, _| {});
        let machine = Machine::new(
            title,
            MachineOptions {
                capture,
                frames,
                text: outputs.guest_log.port(title.image.kind),
                content: saves.folder(),
                code_cache: code_store::named_folder(args.engine.code_cache.as_deref()),
                event_log: file(&args.run.event_log).as_deref(),
                event_log_goes_on: before.parts > 0,
                record: file(&args.run.record).as_deref(),
                record_contention: file(&args.run.record_contention).as_deref(),
                replay: file(&args.run.replay).as_deref(),
                state: start.as_deref().filter(|_| before.machines == 0),
                launched,
                ..MachineOptions::new(&config, &VideoConfig::default())
            },
        );
        machine.map(|mut machine| {
            machine.set_interrupt(interrupt.clone());
            machine
        })
    };
    if let Some(next) = next {
        let machine = made(&title, &Before::default(), None)?;
        return check_piece(machine, &next, (&limits, &args.run), &outputs, &interrupt);
    }
    let course = match args.relay.filter(|_| start.is_none()) {
        Some(every) => Course::Relay { every, keep: kept.as_ref() },
        None => Course::Whole,
    };
    let course = (course, start.as_deref());
    let finished = launches::run_in_parts(title, &limits, args.run.dump_threads_after, course, made)?;
    let code = outputs.conclude(&finished, None, &interrupt);
    let whole = finished.divergence.is_none() && finished.recording_trouble.is_none() && !finished.has_lost_output;
    if !whole || code == Code::Unusable {
        return Ok(code);
    }
    if let Some(cause) =
        interrupt.cause().filter(|_| matches!(finished.report.exit, End::Interrupted | End::Timeout))
    {
        outln!("not compared: the run was ended by {}", cause.name());
        return Ok(if code == Code::Done { Code::Mismatch } else { code });
    }
    let actual = Golden::from_run(&finished.report, args.run.instructions, args.run.frames)?;
    let Some(expected) = expected else {
        actual.write(&args.expect)?;
        outln!("wrote {}", args.expect.display());
        return Ok(Code::Done);
    };
    match expected.first_difference(&actual) {
        None => {
            outln!("match: {} ({})", args.expect.display(), finished.report.engine);
            Ok(Code::Done)
        }
        Some((field, expected, actual)) => {
            outln!("MISMATCH in {field}:\n  expected {expected}\n  actual   {actual}");
            settings_of_run(&args).for_each(|(_, line)| outln!("{}", line.trim_start_matches('\n')));
            Ok(Code::Mismatch)
        }
    }
}

/// The settings of files and the environment that may change the run's result.
fn settings_of_run(args: &CheckArgs) -> impl Iterator<Item = &(String, String)> {
    const OTHERS: [&str; 7] = ["code-cache", "key-file", "color", "log", "quiet", "verbose", "timeout"];
    args.settings.iter().filter(|(flag, _)| !OTHERS.contains(&flag.as_str()))
}

/// Runs a machine to the state `next`, and compares.
fn check_piece(
    mut machine: Machine,
    next: &Path,
    (limits, run): (&Limits, &RunArgs),
    outputs: &Outputs,
    interrupt: &Interrupt,
) -> Result<Code> {
    let expected = NextState::read(next)?;
    let limits = Limits { instructions: Some(expected.instructions), ..*limits };
    if let Some(after) = run.dump_threads_after {
        machine.set_thread_dump(after);
    }
    let finished = machine.run(&limits);
    let code = outputs.conclude(&finished, None, interrupt);
    let compared = expected.compare(&mut machine, &finished.end);
    machine.discard();
    let shown = next.display();
    match compared? {
        PieceEnd::Same => {
            outln!("match: {shown} ({})", finished.report.engine);
            return Ok(code);
        }
        PieceEnd::Different(part) => {
            outln!("MISMATCH: the piece ends in another state than {shown}, first in {part}");
        }
        PieceEnd::Short => match interrupt.cause() {
            Some(cause) => outln!("not compared: the run was ended by {}", cause.name()),
            None => outln!("MISMATCH: the run ended before {shown}"),
        },
    }
    Ok(if code == Code::Done { Code::Mismatch } else { code })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/hello.xex");

    fn check(words: &[&str]) -> Result<Code> {
        let cli = Cli::try_parse_from(["xenia-rs", "check", HELLO].iter().chain(words)).unwrap();
        let Some(Command::Check(args)) = cli.command else { panic!("not check") };
        run(&args)
    }

    #[test]
    fn the_limits_are_those_of_the_file_where_none_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let golden = dir.path().join("g.json").to_str().unwrap().to_owned();
        assert!(check(&["--expect", &golden, "--bless"]).unwrap_err().to_string().contains("needs a limit"));
        assert_eq!(check(&["--expect", &golden, "--bless", "-n", "500"]).unwrap(), Code::Done);
        assert_eq!(check(&["--expect", &golden]).unwrap(), Code::Done);
        let other = format!("{:#}", check(&["--expect", &golden, "-n", "501"]).unwrap_err());
        assert!(other.contains("-n 500"), "{other}");
        let settings = vec![("language".to_owned(), "\n  --language is set in c.toml".to_owned())];
        let words = ["xenia-rs", "check", HELLO, "--expect", &golden, "--bless", "-n", "500"];
        let Some(Command::Check(mut args)) = Cli::try_parse_from(words).unwrap().command else {
            panic!("not check")
        };
        args.settings = settings;
        let refused = run(&args).unwrap_err().to_string();
        assert!(refused.contains("change this one by --language: say"), "{refused}");
        let endless = std::fs::read_to_string(&golden)
            .unwrap()
            .replace("limit_instructions\": 500", "limit_instructions\": null");
        std::fs::write(&golden, endless).unwrap();
        let refused = check(&["--expect", &golden]).unwrap_err().to_string();
        assert!(refused.contains("names no limit"), "{refused}");
    }

    #[test]
    fn the_pieces_of_a_run_are_checked_apart() {
        let dir = tempfile::tempdir().unwrap();
        let golden = dir.path().join("g.json").to_str().unwrap().to_owned();
        let states = dir.path().join("states").to_str().unwrap().to_owned();
        assert_eq!(check(&["--expect", &golden, "--bless", "-n", "500"]).unwrap(), Code::Done);
        let keep = ["--expect", &golden, "--relay", "8", "--keep-states", &states];
        assert_eq!(check(&keep).unwrap(), Code::Done);
        let refused = check(&keep).unwrap_err().to_string();
        assert!(refused.contains("has states already"), "{refused}");
        let piece = |number: &str, more: &[&str]| {
            check(&[&["--expect", &golden, "--states", &states, "--piece", number], more].concat())
        };
        for number in ["0", "1", "2", "3"] {
            assert_eq!(piece(number, &[]).unwrap(), Code::Done, "{number}");
            assert_eq!(piece(number, &["--interp"]).unwrap(), Code::Done, "{number}");
        }
        let refused = piece("4", &[]).unwrap_err().to_string();
        assert!(refused.contains("pieces 0 to 3"), "{refused}");

        // Under other conditions the run has other states.
        let others = dir.path().join("others").to_str().unwrap().to_owned();
        let golden = dir.path().join("other.json").to_str().unwrap().to_owned();
        let slower = ["--quantum", "77", "--expect", &golden];
        assert_eq!(check(&[&slower[..], &["--bless", "-n", "500"]].concat()).unwrap(), Code::Done);
        let keep = ["--relay", "8", "--keep-states", &others];
        assert_eq!(check(&[&slower[..], &keep].concat()).unwrap(), Code::Done);
        let path = |folder: &str| StateFolder::open(folder.as_ref()).unwrap().path(1);
        std::fs::copy(path(&others), path(&states)).unwrap();
        assert_eq!(piece("0", &[]).unwrap(), Code::Mismatch);
        let refused = format!("{:#}", piece("1", &[]).unwrap_err());
        assert!(refused.contains("--quantum"), "{refused}");
    }
}
