//! A title in a window.
//!
//! The machine runs on a thread of its own; the window has the main thread, as systems demand. A title that crashes
//! leaves its window open, with what happened, and may be run again; unless the run has a limit of its own and nobody
//! may be there to look.

use super::{conclude, dump_path, limits, machine, open_title, stopped};
use crate::cli::ExecArgs;
use crate::drawing;
use crate::exit::Code;
use crate::frames::write_png;
use crate::gpu_port::{Capture, FrameSink};
use crate::keyboard::{CONTROLLER, Keyboard};
use crate::launches;
use crate::machine::{Finished, Machine};
use crate::pace::{Control, Pace};
use crate::screenshots::Screenshots;
use crate::title::Title;
use anyhow::{Context, Result};
use std::sync::mpsc;
use xenia_gpu::Frame;
use xenia_render::{Client, Figures, FrameSender, KeyEvent, Overlay, Phase, WindowConfig};

/// The user's size of the window, in logical pixels: that of most titles.
const SIZE: (u32, u32) = (1280, 720);

/// Whoever sits before the window.
struct Player {
    keyboard: Keyboard,
    control: Control,
    screenshots: Screenshots,
    again: mpsc::Sender<()>,
}

impl Client for Player {
    fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Pressed(key) => self.keyboard.key(key, true),
            KeyEvent::Released(key) => self.keyboard.key(key, false),
            KeyEvent::Lost => self.keyboard.release_all(),
        }
    }

    fn pause(&mut self, paused: bool) {
        self.control.pause(paused);
    }

    fn step(&mut self) {
        self.control.step();
    }

    fn turbo(&mut self, on: bool) {
        self.control.turbo(on);
    }

    fn again(&mut self) {
        // Nobody waits for that while a machine runs.
        let _ = self.again.send(());
    }

    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String> {
        let kept = self.screenshots.keep(number, frame);
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }
}

/// Runs until a limit, the title's end, or the window's closing.
pub(super) fn run(args: &ExecArgs, title: Title) -> Result<Code> {
    let config = config(args, &title);
    let control = Control::default();
    let keyboard = Keyboard::default();
    let (again, restarts) = mpsc::channel();
    let player = Player {
        keyboard: keyboard.clone(),
        control: control.clone(),
        screenshots: Screenshots::new(args.window.screenshots.as_deref(), &title.short_name()),
        again,
    };
    let (results, result) = mpsc::channel::<Result<Code>>();
    let mut args = args.clone();
    let machine_control = control.clone();
    xenia_render::run(config, player, move |sender| {
        std::thread::spawn(move || {
            args.picture.gpu = drawing::in_window(&args.picture);
            // The receiver is gone only if the program is ending.
            let _ = results.send(play(&args, title, &keyboard, &machine_control, &sender, &restarts));
            sender.end();
        });
    })?;
    control.close();
    result.recv().context("the machine's thread ended without a result")?
}

/// Runs the title, and again each time that this is asked for after a crash, until the window is closed.
fn play(
    args: &ExecArgs,
    mut title: Title,
    keyboard: &Keyboard,
    control: &Control,
    sender: &FrameSender,
    restarts: &mpsc::Receiver<()>,
) -> Result<Code> {
    // What a second run would write over is what tells of the first.
    let again = args.run.record.is_none() && args.run.event_log.is_none() && args.run.dump_frames.is_none();
    let has_limit = args.run.frames.is_some() || args.run.instructions.is_some();
    loop {
        sender.phase(Phase::Loading);
        let name = title.short_name();
        let finished = run_machines(args, title, keyboard, control, sender)?;
        let code = conclude(args.run.json.as_deref(), &finished)?;
        match stopped::why(&name, &finished, &[], again) {
            Some(why) if !has_limit => sender.stopped(why),
            _ => return Ok(code),
        }
        if restarts.recv().is_err() {
            // The window is closed.
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
        controller: CONTROLLER,
    }
}

/// Runs the title and what it launches, showing all of it.
fn run_machines(
    args: &ExecArgs,
    title: Title,
    keyboard: &Keyboard,
    control: &Control,
    sender: &FrameSender,
) -> Result<Finished> {
    let limits = limits(&args.run, &args.engine);
    launches::run(title, &limits, args.run.dump_threads_after, |title, before, launched| -> Result<Machine> {
        let pictures = (Capture::Every, sink(args, before.frames, sender.clone()));
        let compiled = |done, total| sender.phase(Phase::Pipelines { done, total });
        let mut machine =
            machine(args, title, before, launched, pictures, Box::new(keyboard.clone()), &compiled)?;
        sender.phase(Phase::Running);
        let figures = sender.clone();
        let frames_before = before.frames;
        machine.set_pace(Pace::new(control.clone(), args.window.frame_limit.0, move |now| {
            figures.figures(Figures { frames: frames_before + now.frames, ..now });
        }));
        Ok(machine)
    })
}

/// Shows frames, and writes them where that is asked for; `before` is the number of frames of the titles before.
fn sink(args: &ExecArgs, before: u64, sender: FrameSender) -> FrameSink {
    let folder = args.run.dump_frames.clone();
    Box::new(move |number, frame| {
        let number = before + number;
        if let Some(folder) = &folder
            && let Err(error) = write_png(&dump_path(folder, number), &frame)
        {
            eprintln!("xenia-rs: {error:#}");
        }
        sender.frame(number, frame);
    })
}
