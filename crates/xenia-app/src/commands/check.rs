//! `xenia-rs check`: a lockstep run against a golden file.

use crate::cli::{CheckArgs, PictureArgs};
use crate::commands::exec::{conclude, limits, print_text};
use crate::exit::Code;
use crate::golden::Golden;
use crate::gpu_port::Capture;
use crate::launches;
use crate::machine::{Machine, MachineOptions};
use crate::title::{Title, key_ring};
use anyhow::{Result, bail};
use std::path::PathBuf;
use xenia_kernel::ports::NoInput;

/// Runs, compares, names the first differing field; or writes the golden file.
pub fn run(args: &CheckArgs) -> Result<Code> {
    args.refuse_unbuilt()?;
    if args.run.instructions.is_none() && args.run.frames.is_none() {
        bail!("check needs a limit: -n INSTRUCTIONS or --frames N");
    }
    let expected = if args.bless { None } else { Some(Golden::read(&args.expect)?) };
    let title = Title::open(&args.title, &key_ring(args.engine.key_file.as_deref())?)?;
    let limits = limits(&args.run, &args.engine);
    let finished = launches::run(title, &limits, args.run.dump_threads_after, |title, before, launched| {
        let file = |path: &Option<PathBuf>| before.file(path.as_deref());
        Machine::new(
            title,
            MachineOptions {
                engine: &args.engine,
                picture: &PictureArgs::default(),
                capture: Capture::Nothing,
                frames: Box::new(|_, _| {}),
                text: Box::new(print_text),
                input: Box::new(NoInput),
                event_log: file(&args.run.event_log).as_deref(),
                record: file(&args.run.record).as_deref(),
                replay: file(&args.run.replay).as_deref(),
                launched,
            },
        )
    })?;
    let code = conclude(args.run.json.as_deref(), &finished)?;
    if finished.divergence.is_some() || finished.recording_trouble.is_some() {
        return Ok(code);
    }
    let actual = Golden::from_run(&finished.report, args.run.instructions, args.run.frames)?;
    let Some(expected) = expected else {
        actual.write(&args.expect)?;
        println!("wrote {}", args.expect.display());
        return Ok(Code::Done);
    };
    match expected.first_difference(&actual) {
        None => {
            println!("match: {} ({})", args.expect.display(), finished.report.engine);
            Ok(Code::Done)
        }
        Some((field, expected, actual)) => {
            println!("MISMATCH in {field}:\n  expected {expected}\n  actual   {actual}");
            Ok(Code::Mismatch)
        }
    }
}
