//! `xenia-rs exec`: runs a title, in a window or without one.

mod stopped;
mod windowed;

use crate::cli::{EngineArgs, ExecArgs, RunArgs};
use crate::drawing::Progress;
use crate::exit::Code;
use crate::frames::write_png;
use crate::gpu_port::{Capture, FrameSink};
use crate::launches::{self, Before};
use crate::machine::{Finished, Launched, Machine, MachineOptions};
use crate::report::{End, RunReport, write_json};
use crate::title::Title;
use anyhow::{Context, Result};
use std::io::Write;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use xenia_kernel::ports::{Input, NoInput};
use xenia_render::RenderError;
use xenia_sched::{Limits, RunEnd, TICKS_PER_SECOND};

/// The file that a headless run leaves its last frame in.
const LAST_FRAME: &str = "xenia-rs-frame.png";

/// Runs until a limit, the title's end, or the window's closing.
pub fn run(args: &ExecArgs) -> Result<Code> {
    args.refuse_unbuilt()?;
    let title = open_title(args)?;
    if let Some(folder) = &args.run.dump_frames {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    if args.picture.headless {
        return headless(args, title);
    }
    match windowed::run(args, title) {
        Err(error) if matches!(error.downcast_ref(), Some(RenderError::NoDisplay(_))) => {
            eprintln!("xenia-rs: {error}; running without a window");
            let mut args = args.clone();
            args.picture.headless = true;
            args.refuse_unbuilt()?;
            headless(&args, open_title(&args)?)
        }
        result => result,
    }
}

/// What the run's limits are.
pub fn limits(run: &RunArgs, engine: &EngineArgs) -> Limits {
    let patience = run.frames.and(NonZeroU64::new(run.swap_timeout));
    Limits {
        instructions: run.instructions,
        frames: run.frames,
        ticks: None,
        ticks_between_frames: patience.map(|seconds| seconds.get().saturating_mul(TICKS_PER_SECOND)),
        halt_on_deadlock: engine.halt_on_deadlock,
    }
}

/// Guest text goes to standard output as it comes.
pub fn print_text(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe must not end the guest.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn open_title(args: &ExecArgs) -> Result<Title> {
    Title::open_or_demo(args.title.as_deref(), args.engine.key_file.as_deref())
}

fn headless(args: &ExecArgs, title: Title) -> Result<Code> {
    let last: Arc<Mutex<Option<PathBuf>>> = Arc::default();
    let limits = limits(&args.run, &args.engine);
    let finished = launches::run(title, &limits, args.run.dump_threads_after, |title, before, launched| {
        let (capture, frames) = pictures(&args.run, before.frames, last.clone());
        machine(args, title, before, launched, (capture, frames), Box::new(NoInput), &|_, _| {})
    })?;
    let code = conclude(args.run.json.as_deref(), &finished)?;
    if let Ok(last) = last.lock()
        && let Some(path) = &*last
    {
        println!("last frame: {}", path.display());
    }
    Ok(code)
}

/// Which pictures a headless run makes, and where they go; `before` is the number of frames of the titles before.
fn pictures(run: &RunArgs, before: u64, last: Arc<Mutex<Option<PathBuf>>>) -> (Capture, FrameSink) {
    match (&run.dump_frames, run.frames) {
        (Some(folder), _) => {
            let folder = folder.clone();
            let sink: FrameSink = Box::new(move |number, frame| {
                keep(&dump_path(&folder, before + number), &frame, &last);
            });
            (Capture::Every, sink)
        }
        (None, Some(number)) => (
            Capture::Swap(number.saturating_sub(before)),
            Box::new(move |_, frame| keep(LAST_FRAME.as_ref(), &frame, &last)),
        ),
        (None, None) => (Capture::Nothing, Box::new(|_, _| {})),
    }
}

/// Where `--dump-frames` puts frame `number`.
fn dump_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("frame{number:06}.png"))
}

fn keep(path: &Path, frame: &xenia_gpu::Frame, last: &Mutex<Option<PathBuf>>) {
    match write_png(path, frame) {
        Ok(()) => {
            if let Ok(mut last) = last.lock() {
                *last = Some(path.to_owned());
            }
        }
        Err(error) => eprintln!("xenia-rs: {error:#}"),
    }
}

fn machine(
    args: &ExecArgs,
    title: &Title,
    before: &Before,
    launched: Option<Launched>,
    (capture, frames): (Capture, FrameSink),
    input: Box<dyn Input>,
    compiled: Progress<'_>,
) -> Result<Machine> {
    let file = |path: &Option<PathBuf>| before.file(path.as_deref());
    Machine::new_told(
        title,
        MachineOptions {
            engine: &args.engine,
            picture: &args.picture,
            capture,
            frames,
            text: Box::new(print_text),
            input,
            event_log: file(&args.run.event_log).as_deref(),
            record: file(&args.run.record).as_deref(),
            replay: file(&args.run.replay).as_deref(),
            launched,
        },
        compiled,
    )
}

/// Prints how the run ended, writes the JSON, chooses the exit code.
pub fn conclude(json: Option<&Path>, finished: &Finished) -> Result<Code> {
    let report = &finished.report;
    if let Some(path) = json {
        write_json(path, report)?;
    }
    eprintln!("{}", summary(report));
    if let Some(pipelines) = &report.gpu.pipelines {
        eprintln!(
            "pipelines: {} compiled at start, {} in play; {} draws left out",
            pipelines.compiled_at_start, pipelines.compiled_in_play, pipelines.draws_left_out
        );
    }
    for call in &report.unimplemented_calls {
        eprintln!("unimplemented: {} called {} times", call.name, call.count);
    }
    if let Some(divergence) = &finished.divergence {
        let command: Vec<String> = std::env::args().collect();
        eprintln!(
            "{divergence}\nafter {} instructions; to repeat: {}",
            report.instructions,
            command.join(" ")
        );
        return Ok(Code::Mismatch);
    }
    match &finished.end {
        RunEnd::Ended(xenia_sched::EndKind::Crash { text, .. }) => eprintln!("the guest crashed: {text}"),
        RunEnd::Deadlock(threads) => {
            eprintln!("the guest deadlocked: nothing can run, and nothing is to come; {threads}");
        }
        RunEnd::NoFrames { since, threads } => eprintln!(
            "no swap for {:.0} guest seconds (--swap-timeout): the machine runs, but shows no more frames; {threads}",
            (threads.now - since) as f64 / TICKS_PER_SECOND as f64
        ),
        _ => {}
    }
    if let Some(trouble) = &finished.recording_trouble {
        eprintln!("xenia-rs: {trouble}");
        return Ok(Code::Mismatch);
    }
    Ok(match report.exit {
        End::Crash => Code::Crashed,
        End::Deadlock => Code::Deadlocked,
        End::Frames | End::Instructions | End::Exit => Code::Done,
    })
}

fn summary(report: &RunReport) -> String {
    let exit_code = report.exit_code.map(|code| format!(" with code {code}")).unwrap_or_default();
    let compared = match &report.cross_check {
        checked if checked.units > 0 => format!(
            "; compared {} units, {} instructions, {} stored bytes, all memory {} times: {} differences",
            checked.units,
            checked.instructions,
            checked.stored_bytes,
            checked.memory_comparisons,
            checked.differences
        ),
        _ => String::new(),
    };
    let launches = match report.launches {
        0 => String::new(),
        launches => format!("; the last of {} titles", launches + 1),
    };
    let digest = report.digest.as_ref().map(|digest| format!("\ndigest {digest}")).unwrap_or_default();
    format!(
        "{}: {} instructions, {} frames in {:.2} s ({:.0} MIPS); ended by {:?}{exit_code}{launches}{compared}{digest}",
        report.engine, report.instructions, report.frames, report.wall_seconds, report.mips, report.exit
    )
}
