//! `xenia-rs trace`: records, plays, compares and prints GPU traces ([`xenia_gpu::trace`]).
//!
//! A trace is independent of the machine that made it: playing needs no title. A recording appears
//! under its name only when it is complete and holds a swap.

use crate::args::{TraceCommand, TraceDiffArgs, TraceDumpArgs, TracePlayArgs, TraceRecordArgs};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufReader, BufWriter, Read};
use std::path::Path;
use std::time::Instant;
use xenia::config::GpuKind;
use xenia::config::{MachineConfig, VideoConfig};
use xenia::content::HeldContent;
use xenia::drawing::{BackendMaker, backend};
use xenia::guest_log::GuestLog;
use xenia::interrupt::Interrupt;
use xenia::machine::{Machine, MachineOptions};
use xenia::output::{AtomicFile, WriteErrors};
use xenia::png_frames::write_png;
use xenia::report::{WgpuReport, check_json, write_json};
use xenia::say::{errln, is_closed, outln, remark};
use xenia::source;
use xenia::wording::{count, times};
use xenia_cli::Code;
use xenia_cli::RunArgs;
use xenia_cli::{conclude, limits};
use xenia_documents::documented;
use xenia_gpu::replay::{Narration, Player, Summary, narrate};
use xenia_gpu::trace::{Reader, Recorder, compare};

/// Runs the subcommand.
pub fn run(command: &TraceCommand) -> Result<Code> {
    match command {
        TraceCommand::Record(args) => record(args),
        TraceCommand::Play(args) => play(args),
        TraceCommand::Diff(args) => diff(args),
        TraceCommand::Dump(args) => dump(args),
    }
}

fn open(path: &Path) -> Result<Reader<impl Read>> {
    let file = source::stream(path).with_context(|| format!("cannot open {}", path.display()))?;
    Reader::open(BufReader::new(file)).with_context(|| format!("{}", path.display()))
}

fn create_folder(folder: Option<&Path>) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn record(args: &TraceRecordArgs) -> Result<Code> {
    args.engine.refuse_contradictions()?;
    args.engine.mode.refuse_unsupported()?;
    if args.frames == 0 {
        bail!("--frames 0: a trace holds at least one swap");
    }
    let title = args.engine.open_title(args.title.as_deref())?;
    let temporary = AtomicFile::new(&args.output)?;
    let write_errors = WriteErrors::default();
    let guest_log = GuestLog::new(None, write_errors.clone())?;
    let name = args.output.display();
    let config = MachineConfig::from(&args.engine);
    let video = VideoConfig::default();
    let text = guest_log.port(title.image.kind);
    let saves = HeldContent::new(&(&args.engine.content).into(), true)?;
    let options = MachineOptions { text, content: saves.folder(), ..MachineOptions::new(&config, &video) };
    let interrupt = Interrupt::listen(None)?;
    let mut machine = Machine::new(&title, options)?;
    machine.set_interrupt(interrupt.clone());
    let file = temporary.file.try_clone().with_context(|| format!("cannot write {name}"))?;
    machine.record_gpu(Recorder::new(Box::new(BufWriter::new(file)), args.from, args.frames));
    let frames = Some(args.from.saturating_add(args.frames));
    let run = RunArgs { frames, swap_timeout: args.swap_timeout, ..RunArgs::default() };
    let finished = machine.run(&limits(&run, &args.engine));
    guest_log.finish();
    let code = conclude(None, &finished, &interrupt, &write_errors);
    let done = machine.finish_gpu_recording().transpose().with_context(|| format!("cannot write {name}"))?;
    let Some(done) = done.filter(|done| done.frames > 0) else {
        bail!(
            "{name} is not written: the run ended before swap {}, and a trace holds at least one",
            args.from.saturating_add(1)
        );
    };
    temporary.keep()?;
    outln!(
        "{name}: {}, {}, {} of memory",
        count(done.frames, "swap"),
        count(done.events, "event"),
        count(done.memory_bytes, "byte")
    );
    Ok(code)
}

documented! {
    /// Result of playing a GPU trace.
    #[derive(Debug, Serialize)]
    pub struct PlayReport {
        /// Backend that drew.
        backend: String,
        /// Number of events in the trace.
        events: u64,
        /// Number of swaps.
        frames: u64,
        /// Number of draws executed.
        draws: u64,
        /// Number of resolves (copies out of the EDRAM).
        copies: u64,
        /// Number of packets.
        packets: u64,
        /// Number of words in packets.
        words: u64,
        /// Backend of the recording; null if the recording was interrupted during a draw.
        recorded_with: Option<String>,
        /// Whether the final state equals that of the recording; null if the backends differ, or
        /// the state was not recorded.
        same_end: Option<bool>,
        /// Number of operations that could not be done, by reason.
        problems: BTreeMap<String, u64>,
        /// Host time of the last repetition, in seconds.
        wall_seconds: f64,
        /// Host time of each repetition, in seconds.
        repetitions: Vec<f64>,
        /// Work of the wgpu backend in the last repetition; null for other backends.
        wgpu: Option<WgpuReport>,
    }
}

/// One repetition of a trace.
struct Played {
    backend: String,
    summary: Summary,
    seconds: f64,
    wgpu: Option<WgpuReport>,
}

fn play_once(args: &TracePlayArgs, maker: &BackendMaker) -> Result<Played> {
    let path_name = args.trace.display();
    let (backend, tally) = maker.make();
    let name = backend.name().to_owned();
    let start = Instant::now();
    let mut trouble = None;
    let reader = open(&args.trace)?;
    let shows = args.dump_frames.is_some();
    let player = if shows { Player::with_frames(reader, backend) } else { Player::new(reader, backend) };
    let mut player = player.with_context(|| format!("{path_name}"))?;
    player.processor().set_readback(args.readback.into());
    player.processor().set_queries(args.queries.into());
    player.processor().set_concurrent(args.parallel);
    let summary = player.run(&mut |number, frame| {
        if let Some(folder) = &args.dump_frames
            && let Err(error) = write_png(&folder.join(format!("frame{number:06}.png")), &frame)
        {
            trouble.get_or_insert(error);
        }
    });
    let summary = summary.with_context(|| format!("{path_name}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let wgpu = tally.map(|tally| WgpuReport::from(&tally.work()));
    trouble.map_or(Ok(Played { backend: name, summary, seconds, wgpu }), Err)
}

fn play(args: &TracePlayArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    create_folder(args.dump_frames.as_deref())?;
    let maker = BackendMaker::new(args.gpu)?;
    let mut repetitions = Vec::new();
    let mut last = None;
    for _ in 0..args.repeat {
        let played = play_once(args, &maker)?;
        repetitions.push(played.seconds);
        last = Some(played);
    }
    let Some(last) = last else { bail!("--repeat 0 plays nothing") };
    let report = PlayReport::new(last, repetitions);
    if let Some(path) = &args.json {
        write_json(path, "trace-play", &report)?;
    }
    print(&report);
    Ok(if report.same_end == Some(false) { Code::Mismatch } else { Code::Done })
}

impl PlayReport {
    /// The report of the last repetition; `repetitions` has the seconds of all.
    fn new(last: Played, repetitions: Vec<f64>) -> Self {
        let Played { backend, summary, seconds, wgpu } = last;
        let Summary { events, frames, recorded_with, same_end, statistics } = summary;
        Self {
            backend,
            events,
            frames,
            draws: statistics.draws,
            copies: statistics.resolves,
            packets: statistics.total_packets(),
            words: statistics.words,
            recorded_with,
            same_end,
            problems: statistics.problems,
            wall_seconds: seconds,
            repetitions,
            wgpu,
        }
    }
}

fn print(report: &PlayReport) {
    remark!(
        "{}: {}, {}, {}, {} of {} in {:.2} s",
        report.backend,
        count(report.frames, "swap"),
        count(report.draws, "draw"),
        count(report.copies, "copy"),
        count(report.packets, "packet"),
        count(report.words, "word"),
        report.wall_seconds
    );
    for (problem, number) in &report.problems {
        remark!("{problem}: {}", times(*number));
    }
    match (report.same_end, &report.recorded_with) {
        (Some(true), _) => remark!("ended as it did when it was recorded"),
        (Some(false), _) => errln!(
            "MISMATCH: it ended otherwise than when it was recorded. If an older xenia-rs recorded it, changes of \
             the program since then may be the reason, because a trace has only its format's version. A trace \
             that this version recorded must end alike: report it"
        ),
        (None, Some(backend)) => remark!("not compared with its recording, which {backend} drew"),
        (None, None) => remark!(
            "not compared with its recording, which was interrupted in the midst of a draw: how that ends is left to chance"
        ),
    }
}

fn diff(args: &TraceDiffArgs) -> Result<Code> {
    let compared = compare(open(&args.first)?, open(&args.second)?);
    let both = || format!("{} and {}", args.first.display(), args.second.display());
    match compared.with_context(both)? {
        Err(events) => {
            outln!("equal: {}", count(events, "event"));
            Ok(Code::Done)
        }
        Ok(difference) => {
            outln!("event {} (guest time {}): {}", difference.event, difference.now, difference.what);
            Ok(Code::Mismatch)
        }
    }
}

fn dump(args: &TraceDumpArgs) -> Result<Code> {
    create_folder(args.out.as_deref())?;
    let with_pictures = args.out.is_some();
    let only = args.draw;
    let needs_picture = move |number| with_pictures && only.is_none_or(|draw| draw == number);
    let mut printer = Printer { args, frame: 1, draws: 0, trouble: None };
    let played =
        narrate(open(&args.trace)?, backend(GpuKind::Reference)?, needs_picture, |part| printer.take(part));
    played.with_context(|| format!("{}", args.trace.display()))?;
    if let Some(trouble) = printer.trouble {
        return Err(trouble);
    }
    if let Some(draw) = args.draw.filter(|&draw| draw == 0 || draw > printer.draws) {
        bail!("--draw {draw}: {} has {}", args.trace.display(), count(printer.draws, "draw"));
    }
    if let Some(frame) = args.frame.filter(|&frame| frame == 0 || frame >= printer.frame) {
        bail!("--frame {frame}: {} has {}", args.trace.display(), count(printer.frame - 1, "swap"));
    }
    Ok(Code::Done)
}

/// Prints the selected parts of a trace.
struct Printer<'a> {
    args: &'a TraceDumpArgs,
    /// The swap that is being prepared.
    frame: u64,
    /// Number of draws so far.
    draws: u64,
    trouble: Option<anyhow::Error>,
}

impl Printer<'_> {
    /// Whether the rest of the trace is needed.
    fn take(&mut self, narration: Narration) -> bool {
        let result = self.print(narration);
        result.unwrap_or_else(|error| {
            self.trouble = Some(error);
            false
        })
    }

    fn print(&mut self, narration: Narration) -> Result<bool> {
        let listed = self.args.draw.is_none() && self.args.frame.is_none_or(|frame| frame == self.frame);
        if is_closed() {
            return Ok(false);
        }
        if let Narration::Draw { number, .. } = &narration {
            self.draws = *number;
        }
        match narration {
            Narration::Packet { depth, text } if listed => {
                outln!("{:indent$}{text}", "", indent = depth * 2);
            }
            Narration::Fillers { depth, count } if listed => {
                let times = if count == 1 { String::new() } else { format!(" x{count}") };
                outln!("{:indent$}filler{times}", "", indent = depth * 2);
            }
            Narration::Draw { number, call, picture, error } if listed || self.args.draw == Some(number) => {
                outln!("draw {number} (swap {}): {call:#?}", self.frame);
                if let Some(error) = error {
                    outln!("draw {number} was not carried out: {error}");
                }
                if let (Some(picture), Some(folder)) = (picture, &self.args.out) {
                    let path = folder.join(format!("draw{number:06}.png"));
                    write_png(&path, &picture)?;
                    outln!("draw {number}: {}", path.display());
                }
                return Ok(self.args.draw.is_none());
            }
            Narration::Resolve { call, error } if listed => {
                outln!("copy (swap {}): {call:#?}", self.frame);
                if let Some(error) = error {
                    outln!("the copy was not carried out: {error}");
                }
            }
            Narration::Swap { number } => {
                if listed {
                    outln!("swap {number}");
                }
                self.frame = number + 1;
                return Ok(self.args.frame.is_none_or(|frame| self.frame <= frame));
            }
            _ => {}
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::config::{QueryMode, ReadbackMode};
    use xenia_cli::EngineArgs;

    #[test]
    fn a_run_without_a_swap_leaves_the_old_trace() {
        let dir = tempfile::tempdir().unwrap();
        let output = dir.path().join("keep.trace");
        std::fs::write(&output, "an older one").unwrap();
        let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/hello.xex");
        for from in [0, 5] {
            let args = TraceRecordArgs {
                title: Some(hello.clone()),
                output: output.clone(),
                from,
                frames: 60,
                engine: EngineArgs::default(),
                swap_timeout: 60,
            };
            let refused = record(&args).unwrap_err().to_string();
            assert!(refused.contains(&format!("before swap {}", from + 1)), "{refused}");
            assert_eq!(std::fs::read(&output).unwrap(), b"an older one");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn the_demo_is_recorded_and_plays_alike() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = ["a.trace", "b.trace"].map(|name| dir.path().join(name));
        let record_from = |from, output: &Path| {
            let args = TraceRecordArgs {
                title: None,
                output: output.to_owned(),
                from,
                frames: 1,
                engine: EngineArgs::default(),
                swap_timeout: 60,
            };
            assert_eq!(record(&args).unwrap(), Code::Done);
        };
        record_from(0, &first);
        record_from(1, &second);
        let json = dir.path().join("out.json");
        let pictures = dir.path().join("pictures");
        let args = TracePlayArgs {
            trace: second.clone(),
            readback: ReadbackMode::default(),
            queries: QueryMode::default(),
            parallel: false,
            repeat: 1,
            gpu: GpuKind::Reference,
            dump_frames: Some(pictures.clone()),
            json: Some(json.clone()),
        };
        assert_eq!(play(&args).unwrap(), Code::Done);
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(json).unwrap()).unwrap();
        assert_eq!((&report["frames"], &report["same_end"]), (&1.into(), &true.into()));
        assert!(report["draws"].as_u64() > Some(0));
        assert!(pictures.join("frame000001.png").is_file());
        let mut fillers = Vec::new();
        narrate(
            open(&second).unwrap(),
            backend(GpuKind::None).unwrap(),
            |_| false,
            |narration| {
                match narration {
                    Narration::Fillers { count, .. } => fillers.push(count),
                    Narration::Packet { text, .. } => assert_ne!(text, "filler"),
                    _ => {}
                }
                true
            },
        )
        .unwrap();
        assert!(fillers.iter().any(|&count| count > 1), "{fillers:?}: those in a row are one");
        let twice = TraceDiffArgs { first: second.clone(), second: second.clone() };
        assert_eq!(diff(&twice).unwrap(), Code::Done);
        assert_eq!(diff(&TraceDiffArgs { first, ..twice }).unwrap(), Code::Mismatch);
        let args = TraceDumpArgs { trace: second, frame: None, draw: Some(1), out: Some(pictures.clone()) };
        assert_eq!(dump(&args).unwrap(), Code::Done);
        assert!(pictures.join("draw000001.png").is_file());
        let beyond = dump(&TraceDumpArgs { draw: Some(1_000_000), ..args }).unwrap_err().to_string();
        assert!(beyond.starts_with("--draw 1000000: ") && beyond.contains(" draws"), "{beyond}");
    }
}
