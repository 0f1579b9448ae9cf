//! Runs a title in a window.
//!
//! The machine runs on a separate thread; the window has the main thread, as operating systems
//! demand. When a title crashes, its window stays open with an explanation, and the title may be
//! run again, unless the run has a limit, in which case it may be unattended.

use super::reports::Reports;
use super::{Making, Outputs, machine, open_title, stopped};
use crate::cli::ExecArgs;
use anyhow::{Context, Result};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::config::{AudioOutput, DialogPolicy};
use xenia::dialogs::{DialogKeys, Unasked, WindowDialogs};
use xenia::drawing::{self, Compiling};
use xenia::gpu_port::Capture;
use xenia::guest_log;
use xenia::input::Controllers;
use xenia::input::config::InputConfig;
use xenia::input::keys;
use xenia::interrupt::{Cause, Interrupt};
use xenia::launches;
use xenia::machine::{Finished, Machine};
use xenia::pace::{Pace, PaceControl};
use xenia::screenshots::Screenshots;
use xenia::title::Title;
use xenia_cli::exit::Fault;
use xenia_cli::{Code, limits};
use xenia_gpu::Frame;
use xenia_kernel::ports::{Dialogs, Input};
use xenia_render::{Client, Figures, FrameSender, KeyCode, KeyEvent, Overlay, Phase, WindowConfig};

/// Initial size of the window in logical pixels: the resolution of most titles.
const SIZE: (u32, u32) = (1280, 720);

/// Input from the window to the machine's thread.
struct Player {
    controllers: Controllers,
    dialog_keys: DialogKeys,
    control: PaceControl,
    screenshots: Screenshots,
    reports: Reports,
    interrupt: Interrupt,
    again: mpsc::Sender<()>,
}

impl Client for Player {
    fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Pressed(key) => self.controllers.keyboard(key, true),
            KeyEvent::Released(key) => self.controllers.keyboard(key, false),
            KeyEvent::Lost => self.controllers.release_keyboard(),
        }
    }

    fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> Option<Vec<String>> {
        self.dialog_keys.key(key, text)
    }

    fn pause(&mut self, paused: bool) {
        self.controllers.set_still(paused);
        self.control.pause(paused);
    }

    fn step(&mut self) {
        self.control.step();
    }

    fn turbo(&mut self, on: bool) {
        self.control.turbo(on);
    }

    fn again(&mut self) {
        // While a machine runs, no thread receives this.
        let _ = self.again.send(());
    }

    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String> {
        let kept = self.screenshots.keep(number, frame);
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }

    fn report(&mut self, frame: Option<&Frame>) -> Option<String> {
        self.reports.by_key(frame, &self.interrupt, &self.control)
    }
}

/// Runs until a limit, the title's end, a signal, or the closing of the window.
pub(super) fn run(
    args: &ExecArgs,
    title: Title,
    settings: InputConfig,
    interrupt: &Interrupt,
) -> Result<Code> {
    let config = config(args, &title);
    let control = PaceControl::default();
    let (controllers, dialog_keys) = (Controllers::default(), DialogKeys::default());
    let files = [args.input.pad_mappings.clone(), settings.mappings()];
    let files: Vec<&Path> = files.iter().flatten().map(PathBuf::as_path).collect();
    if settings.for_title(None).pads {
        controllers.look_for_pads(&files)?;
    }
    let (again, restarts) = mpsc::channel();
    let reports = Reports::new(args, &title);
    let player = Player {
        controllers: controllers.clone(),
        dialog_keys: dialog_keys.clone(),
        control: control.clone(),
        screenshots: Screenshots::new(args.window.screenshots.as_deref(), &title.short_name()),
        reports: reports.clone(),
        interrupt: interrupt.clone(),
        again,
    };
    let (results, result) = mpsc::channel::<Result<Code>>();
    let mut args = args.clone();
    let machine_interrupt = interrupt.clone();
    xenia_render::run(config, player, move |sender| {
        let (closing, window) = (control.clone(), sender.clone());
        machine_interrupt.when_requested(move || {
            closing.close();
            window.end();
        });
        std::thread::spawn(move || {
            let ended = sender.clone();
            let run = || {
                args.picture.gpu = drawing::in_window(&(&args.picture).into(), args.is_compared());
                args.engine.mode.parallel |= !args.wants_lockstep();
                let player = Seat {
                    controllers: &controllers,
                    settings: &settings,
                    control: &control,
                    dialog_keys: &dialog_keys,
                    reports: &reports,
                };
                let result = play(&args, title, &player, &sender, &restarts, &machine_interrupt);
                controllers.set_still(true);
                result
            };
            // The receiver is gone only if the program is ending.
            let _ = results.send(guarded(run, || ended.end()));
        });
    })?;
    // If a machine still runs, this is why it ends.
    interrupt.request(Cause::Window);
    result.recv().context("the machine's thread ended without a result")?
}

/// Runs `run` and catches a panic; then calls `end` in any case, because the window must not
/// outlive its machine.
fn guarded<T>(run: impl FnOnce() -> Result<T>, end: impl FnOnce()) -> Result<T> {
    let result = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Fault.into()));
    end();
    result
}

/// Whether the run writes output files, which a second run would overwrite.
fn leaves_files(args: &ExecArgs) -> bool {
    let ExecArgs { run, picture, .. } = args;
    let files = [
        &run.json,
        &run.record,
        &run.record_contention,
        &run.event_log,
        &run.dump_frames,
        &args.report,
        &picture.last_frame,
    ];
    let is_wav = matches!(args.sound.audio, Some(AudioOutput::Wav(_)));
    files.iter().any(|file| file.is_some()) || is_wav || guest_log::is_file(run.guest_log.as_deref())
}

/// The window's input and output, for machines.
#[derive(Clone, Copy)]
struct Seat<'a> {
    controllers: &'a Controllers,
    settings: &'a InputConfig,
    control: &'a PaceControl,
    dialog_keys: &'a DialogKeys,
    reports: &'a Reports,
}

impl Seat<'_> {
    /// Answers to the machine's dialogs.
    fn dialogs(&self, args: &ExecArgs, sender: &FrameSender) -> Box<dyn Dialogs> {
        match args.dialogs.dialogs {
            None | Some(DialogPolicy::Ask) => {
                let shown = sender.clone();
                let show = Box::new(move |lines| shown.dialog(lines));
                Box::new(WindowDialogs::new(self.dialog_keys.clone(), self.controllers.clone(), show))
            }
            Some(policy) => Box::new(Unasked::new(policy)),
        }
    }
}

/// Runs the title, and again each time that the user requests this after a crash, until the window
/// is closed.
fn play(
    args: &ExecArgs,
    mut title: Title,
    seat: &Seat<'_>,
    sender: &FrameSender,
    restarts: &mpsc::Receiver<()>,
    interrupt: &Interrupt,
) -> Result<Code> {
    let again = !leaves_files(args);
    let has_limit =
        args.run.frames.is_some() || args.run.instructions.is_some() || args.run.timeout.is_some();
    loop {
        sender.phase(Phase::Loading);
        let name = title.short_name();
        let last_frame = args.picture.last_frame.as_deref();
        let outputs = Outputs::new(&args.run, last_frame, args.report.is_some())?;
        seat.reports.keep(None);
        let finished = run_machines(args, title, seat, sender, &outputs, interrupt)?;
        // A machine that is gone does not stop the motors it started.
        seat.controllers.tune(seat.settings.for_title(None));
        let code = outputs.conclude(&finished, Some(seat.reports), interrupt);
        let json = args.run.json.as_deref();
        let why = if has_limit { None } else { stopped::why(&name, &finished, json, again) };
        let Some(why) = why else { return Ok(code) };
        seat.reports.keep(finished.bug_report);
        sender.stopped(why);
        if restarts.recv().is_err() {
            // The window was closed.
            return Ok(code);
        }
        title = open_title(args)?;
    }
}

fn config(args: &ExecArgs, title: &Title) -> WindowConfig {
    let window = &args.window;
    let badges = [
        args.run.record.is_some().then_some("* recording"),
        args.run.replay.is_some().then_some("> replaying"),
    ];
    WindowConfig {
        title: title.short_name(),
        size: SIZE,
        full_screen: window.fullscreen,
        vsync: window.vsync,
        scaling: window.scaling.into(),
        filter: window.filter.into(),
        overlay: window.osd.map_or(Overlay::Off, Into::into),
        badges: badges.into_iter().flatten().collect(),
        controller: keys::FOR_PEOPLE,
    }
}

/// Runs the title and the titles that it launches, and shows their frames.
fn run_machines(
    args: &ExecArgs,
    title: Title,
    seat: &Seat<'_>,
    sender: &FrameSender,
    outputs: &Outputs,
    interrupt: &Interrupt,
) -> Result<Finished> {
    let limits = limits(&args.run, &args.engine);
    launches::run(title, &limits, args.run.dump_threads_after, |title, before, launched| -> Result<Machine> {
        let shown = sender.clone();
        let (_, sink) = outputs.port(before.frames, move |number, frame| shown.frame(number, frame));
        let ports = ((Capture::Every, sink), &outputs.guest_log);
        let compiled = |what, done, total| {
            sender.phase(match what {
                Compiling::Pipelines => Phase::Pipelines { done, total },
                Compiling::Code => Phase::Code { done, total },
            });
        };
        let id = title.image.execution.map(|execution| execution.title_id.0);
        seat.controllers.tune(seat.settings.for_title(id));
        let outside = (Box::new(seat.controllers.clone()) as Box<dyn Input>, seat.dialogs(args, sender));
        let mut machine = machine(
            args,
            title,
            before,
            launched,
            ports,
            outside,
            Making { compiled: &compiled, interrupt },
        )?;
        sender.phase(Phase::Running);
        let figures = sender.clone();
        let frames_before = before.frames;
        machine.set_pace(Pace::new(seat.control.clone(), args.window.frame_limit.0, move |now| {
            figures.figures(&Figures { frames: frames_before + now.frames, ..now });
        }));
        machine.set_interrupt(interrupt.clone());
        let messages = sender.clone();
        machine.set_report_sink(seat.reports.sink(move |text| messages.message(text)));
        Ok(machine)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_leaves_files_is_not_run_again() {
        use crate::cli::{Cli, Command};
        use clap::Parser;
        let leaves = |flags: &[&str]| {
            let words = ["xenia-rs", "exec", "t.xex"].iter().chain(flags);
            let Some(Command::Exec(args)) = Cli::parse_from(words).command else { panic!("not exec") };
            leaves_files(&args)
        };
        assert!(!leaves(&[]) && !leaves(&["--guest-log", "off"]) && !leaves(&["--log-file", "x"]));
        for flag in
            ["--json", "--record", "--event-log", "--dump-frames", "--last-frame", "--guest-log", "--report"]
        {
            assert!(leaves(&[flag, "x"]), "{flag}");
        }
    }

    #[test]
    fn a_panic_of_the_machine_ends_the_window_and_is_a_fault_of_ours() {
        let mut ended = false;
        let result: Result<()> = guarded(|| panic!("a panic of the test's own"), || ended = true);
        assert!(ended && result.unwrap_err().is::<Fault>());
        assert!(guarded(|| Ok(7), || ()).is_ok_and(|value| value == 7));
    }
}
