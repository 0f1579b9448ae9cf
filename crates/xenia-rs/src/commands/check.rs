//! `xenia-rs check`: compares a lockstep run with a golden file.

use crate::cli::CheckArgs;
use crate::commands::exec::Outputs;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use xenia::code_store;
use xenia::config::{MachineConfig, SaveConfig, VideoConfig};
use xenia::content;
use xenia::golden::Golden;
use xenia::interrupt::Interrupt;
use xenia::launches;
use xenia::machine::{Machine, MachineOptions};
use xenia::report::{End, check_json};
use xenia::say::outln;
use xenia_cli::{Code, limits};

/// Runs the title, and reports the first field that differs; or writes the golden file.
pub fn run(args: &CheckArgs) -> Result<Code> {
    args.refuse_unsupported()?;
    let has_limit = args.run.instructions.is_some() || args.run.frames.is_some();
    if args.bless && !has_limit {
        bail!("--bless needs a limit, which the golden file will hold: -n INSTRUCTIONS or --frames N");
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
    let title = args.engine.open_title(Some(&args.title))?;
    check_json(args.run.json.as_deref())?;
    let interrupt = Interrupt::listen(args.run.timeout)?;
    interrupt.listen_for_threads()?;
    let outputs = Outputs::new(&args.run, None, false)?;
    let limits = limits(&args.run, &args.engine);
    let (config, saves) = (MachineConfig::from(&args.engine), SaveConfig::from(&args.engine.content));
    let (dump_after, relay) = (args.run.dump_threads_after, args.relay);
    let finished = launches::run_relayed(title, &limits, dump_after, relay, |title, before, launched| {
        let file = |path: &Option<PathBuf>| before.file(path.as_deref());
        let (capture, frames) = outputs.port(before.frames, |_, _| {});
        let machine = Machine::new(
            title,
            MachineOptions {
                capture,
                frames,
                text: outputs.guest_log.port(title.image.kind),
                content: content::folder(&saves, true)?,
                code_cache: code_store::named_folder(args.engine.code_cache.as_deref()),
                event_log: file(&args.run.event_log).as_deref(),
                record: file(&args.run.record).as_deref(),
                record_contention: file(&args.run.record_contention).as_deref(),
                replay: file(&args.run.replay).as_deref(),
                launched,
                ..MachineOptions::new(&config, &VideoConfig::default())
            },
        );
        machine.map(|mut machine| {
            machine.set_interrupt(interrupt.clone());
            machine
        })
    })?;
    let code = outputs.conclude(&finished, None, &interrupt);
    let whole = finished.divergence.is_none() && finished.recording_trouble.is_none() && !finished.lost;
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
            Ok(Code::Mismatch)
        }
    }
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
        let endless = std::fs::read_to_string(&golden)
            .unwrap()
            .replace("limit_instructions\": 500", "limit_instructions\": null");
        std::fs::write(&golden, endless).unwrap();
        let refused = check(&["--expect", &golden]).unwrap_err().to_string();
        assert!(refused.contains("names no limit"), "{refused}");
    }
}
