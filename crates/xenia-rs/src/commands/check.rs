//! `xenia-rs check`: compares a lockstep run with a golden file.
//!
//! The limits are those of the golden file, and a flag that contradicts them is refused. A run that
//! was cut by a signal or a timeout, or whose output was lost, is not compared, and never counts as
//! a match. A run may be divided: `--relay` continues it in new machines from saved states, and a
//! piece between two states is compared with the second one.

use crate::cli::CheckArgs;
use crate::commands::exec::Outputs;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia::Limits;
use xenia::code_store;
use xenia::config::{MachineConfig, VideoConfig};
use xenia::content::HeldContent;
use xenia::event_log::EventLogFile;
use xenia::golden::{Golden, GoldenDifference};
use xenia::interrupt::Interrupt;
use xenia::launches::{self, Course, EarlierTitles, RunPlan};
use xenia::machine::{Finished, Launched, Machine, MachineOptions};
use xenia::output;
use xenia::pieces::{NextState, PieceEnd, RunPiece, StateFolder};
use xenia::report::{End, RunReport, check_json};
use xenia::say::outln;
use xenia::title::Title;
use xenia_cli::{Code, limits};

/// Runs the title, and reports the first field that differs; or writes the golden file.
pub fn run(args: &CheckArgs) -> Result<Code> {
    args.refuse_unsupported()?;
    let expected = if args.bless {
        refuse_bless(args)?;
        None
    } else {
        Some(Golden::read(&args.expect)?)
    };
    let args = with_limits_of(args, expected.as_ref())?;
    args.refuse_swap_timeout()?;
    let title = args.engine.open_title(Some(&args.title))?;
    let mut run = CheckRun::new(&args)?;
    let states = args.states.as_deref().map(StateFolder::open).transpose()?;
    let kept = args.keep_states.as_deref().map(StateFolder::create).transpose()?;
    let piece = states.as_ref().zip(args.piece).map(|(states, piece)| RunPiece::of(states, piece));
    let RunPiece { start, next } = piece.transpose()?.unwrap_or_default();
    run.start = start;
    if let Some(next) = next {
        return run.check_piece(&title, &next);
    }
    let course = match args.relay.filter(|_| run.start.is_none()) {
        Some(every) => Course::Relay { every, keep: kept.as_ref() },
        None => Course::Whole,
    };
    let plan = RunPlan { limits: &run.limits, start_state: run.start.as_deref(), course };
    let made = |title: &Title, before: &EarlierTitles, launched| run.machine(title, before, launched);
    let finished = launches::run(title, plan, made)?;
    let code = run.outputs.conclude(&finished, None, &run.interrupt);
    if let Some(code) = run.not_comparable(&finished, code) {
        return Ok(code);
    }
    run.compare(expected.as_ref(), &finished.report)
}

/// Refuses to write a golden file without a limit, or of a run that settings change.
fn refuse_bless(args: &CheckArgs) -> Result<()> {
    if args.run.instructions.is_none() && args.run.frames.is_none() {
        bail!("--bless needs a limit, which the golden file will hold: -n INSTRUCTIONS or --frames N");
    }
    let changing: Vec<String> = settings_of_run(args).map(|(flag, _)| format!("--{flag}")).collect();
    if !changing.is_empty() {
        bail!(
            "--bless writes what every user's run is compared with, and settings change this one by {}: \
             say the flags, or leave settings out (--config /dev/null, an empty variable)",
            changing.join(", ")
        );
    }
    Ok(())
}

/// The flags, with the limits of the golden file where they name none.
fn with_limits_of(args: &CheckArgs, expected: Option<&Golden>) -> Result<CheckArgs> {
    let mut args = args.clone();
    let Some(expected) = expected else { return Ok(args) };
    if expected.limit_instructions.is_none() && expected.limit_frames.is_none() {
        bail!("{} names no limit: --bless rewrites it", args.expect.display());
    }
    if args.run.instructions.is_none() && args.run.frames.is_none() {
        args.run.instructions = expected.limit_instructions;
        args.run.frames = expected.limit_frames;
    }
    expected
        .check_run(args.run.instructions, args.run.frames)
        .with_context(|| args.expect.display().to_string())?;
    Ok(args)
}

/// A checked run: its conditions and outputs, which all of its machines share.
struct CheckRun<'a> {
    args: &'a CheckArgs,
    outputs: Outputs,
    interrupt: Interrupt,
    limits: Limits,
    config: MachineConfig,
    saves: HeldContent,
    /// The state at which the first machine begins.
    start: Option<PathBuf>,
}

impl<'a> CheckRun<'a> {
    /// Checks and prepares the outputs.
    fn new(args: &'a CheckArgs) -> Result<Self> {
        check_json(args.run.json.as_deref())?;
        let golden = args.bless.then_some(&args.expect);
        for file in [golden, args.run.event_log.as_ref(), args.run.record.as_ref()].into_iter().flatten() {
            output::check(file)?;
        }
        let interrupt = Interrupt::listen(args.run.timeout)?;
        interrupt.listen_for_threads()?;
        Ok(Self {
            args,
            outputs: Outputs::new(&args.run, None, false)?,
            interrupt,
            limits: limits(&args.run, &args.engine),
            config: MachineConfig::from(&args.engine),
            saves: HeldContent::new(&(&args.engine.content).into(), true)?,
            start: None,
        })
    }

    /// Builds the machine of a title of the run.
    fn machine(&self, title: &Title, before: &EarlierTitles, launched: Option<Launched>) -> Result<Machine> {
        let Self { args, outputs, .. } = self;
        let file = |path: &Option<PathBuf>| before.file(path.as_deref());
        let (capture, frames) = outputs.port(before.frames, |_, _, _| {});
        let event_log = file(&args.run.event_log);
        let mut machine = Machine::new(
            title,
            MachineOptions {
                capture,
                frames,
                text: outputs.guest_log.port(title.image.kind),
                content: self.saves.folder(),
                code_cache: code_store::named_folder(args.engine.code_cache.as_deref()),
                event_log: event_log.as_deref().map(|path| EventLogFile::of_part(path, before)),
                record: file(&args.run.record).as_deref(),
                record_contention: file(&args.run.record_contention).as_deref(),
                replay: file(&args.run.replay).as_deref(),
                state: self.start.as_deref().filter(|_| before.machines == 0),
                launched,
                ..MachineOptions::new(&self.config, &VideoConfig::default())
            },
        )?;
        machine.set_interrupt(self.interrupt.clone());
        if let Some(after) = args.run.dump_threads_after {
            machine.set_thread_dump(after);
        }
        Ok(machine)
    }

    /// Runs a machine from a state to the state `next`, and compares.
    fn check_piece(&self, title: &Title, next: &Path) -> Result<Code> {
        let mut machine = self.machine(title, &EarlierTitles::default(), None)?;
        let expected = NextState::read(next)?;
        let limits = Limits { instructions: Some(expected.instructions), ..self.limits };
        let finished = machine.run(&limits);
        let code = self.outputs.conclude(&finished, None, &self.interrupt);
        let compared = expected.compare(&mut machine, &finished.end);
        machine.discard();
        let name = next.display();
        match compared? {
            PieceEnd::Same => {
                outln!("match: {name} ({})", finished.report.engine);
                return Ok(code);
            }
            PieceEnd::Different(part) => {
                outln!("MISMATCH: the piece ends in another state than {name}, first in {part}");
            }
            PieceEnd::Short => match self.interrupt.cause() {
                Some(cause) => outln!("not compared: the run was ended by {}", cause.name()),
                None => outln!("MISMATCH: the run ended before {name}"),
            },
        }
        Ok(if code == Code::Done { Code::Mismatch } else { code })
    }

    /// The code of a run whose result cannot be compared; `code` is that of its end.
    fn not_comparable(&self, finished: &Finished, code: Code) -> Option<Code> {
        let is_whole = finished.divergence.is_none()
            && finished.recording_trouble.is_none()
            && !finished.has_lost_output;
        if !is_whole || code == Code::Unusable {
            return Some(code);
        }
        let is_cut = matches!(finished.report.exit, End::Interrupted | End::Timeout);
        let cause = self.interrupt.cause().filter(|_| is_cut)?;
        outln!("not compared: the run was ended by {}", cause.name());
        Some(if code == Code::Done { Code::Mismatch } else { code })
    }

    /// Compares the run with the golden file, or writes it.
    fn compare(&self, expected: Option<&Golden>, report: &RunReport) -> Result<Code> {
        let Self { args, .. } = self;
        let actual = Golden::from_run(report, args.run.instructions, args.run.frames)?;
        let Some(expected) = expected else {
            actual.write(&args.expect)?;
            outln!("wrote {}", args.expect.display());
            return Ok(Code::Done);
        };
        match expected.first_difference(&actual) {
            None => {
                outln!("match: {} ({})", args.expect.display(), report.engine);
                Ok(Code::Done)
            }
            Some(GoldenDifference { field, expected, actual }) => {
                outln!("MISMATCH in {field}:\n  expected {expected}\n  actual   {actual}");
                settings_of_run(args).for_each(|(_, line)| outln!("{}", line.trim_start_matches('\n')));
                Ok(Code::Mismatch)
            }
        }
    }
}

/// The settings of files and the environment that may change the run's result.
fn settings_of_run(args: &CheckArgs) -> impl Iterator<Item = &(String, String)> {
    const OTHERS: [&str; 7] = ["code-cache", "key-file", "color", "log", "quiet", "verbose", "timeout"];
    args.settings.iter().filter(|(flag, _)| !OTHERS.contains(&flag.as_str()))
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
    fn the_limits_default_to_those_of_the_file() {
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
