//! Runs a title in a window.
//!
//! The machine runs on a separate thread; the window has the main thread, as operating systems
//! demand. When a title crashes, its window stays open with an explanation, and the title may be
//! run again, unless the run has a limit, in which case it may be unattended.

use super::ending::{CurrentRun, Moment};
use super::player::{Player, Wish};
use super::reports::Reports;
use super::{Making, Outputs, leaves_files, machine, open_title, stopped};
use crate::cli::ExecArgs;
use anyhow::Result;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::config::DialogPolicy;
use xenia::dialogs::{DialogKeys, Unasked, WindowDialogs};
use xenia::drawing::{self, Compiling};
use xenia::gpu_port::Capture;
use xenia::input::Controllers;
use xenia::input::config::InputConfig;
use xenia::input::keys;
use xenia::interrupt::Interrupt;
use xenia::launches;
use xenia::library::plays;
use xenia::machine::{Finished, Machine, StateOrigin};
use xenia::pace::{Pace, PaceControl};
use xenia::screenshots::Screenshots;
use xenia::sound::VolumeControl;
use xenia::state_slots::{StateSlots, UNDO};
use xenia::title::{Title, state_folder};
use xenia_cli::exit::Fault;
use xenia_cli::limits;
use xenia_kernel::ports::{Dialogs, Input};
use xenia_render::{Figures, FrameSender, Overlay, Phase, WindowConfig};

/// Initial size of the window in logical pixels: the resolution of most titles.
const SIZE: (u32, u32) = (1280, 720);

/// Settings of a run in a window that are not those of the title.
pub(super) struct WindowSettings {
    /// Assignments of keys and pads.
    pub(super) input: InputConfig,
    /// The file in which the menu keeps settings.
    pub(super) file: Option<PathBuf>,
}

/// Runs until a limit, the title's end, a signal, or the closing of the window.
pub(super) fn run(
    args: &ExecArgs,
    title: Title,
    settings: WindowSettings,
    interrupt: &Interrupt,
) -> Result<u8> {
    let WindowSettings { input: settings, file: settings_file } = settings;
    let config = WindowConfig { can_keep: settings_file.is_some(), ..config(args, title.short_name()) };
    let control = PaceControl::default();
    let (controllers, dialog_keys) = (Controllers::default(), DialogKeys::default());
    let files = [args.input.pad_mappings.clone(), settings.mappings()];
    let files: Vec<&Path> = files.iter().flatten().map(PathBuf::as_path).collect();
    if settings.for_title(None).pads {
        controllers.look_for_pads(&files)?;
    }
    let (wishes, wished) = mpsc::channel();
    let closes = wishes.clone();
    let reports = Reports::new(args, &title);
    let slots = StateSlots::new(&title).filter(|_| !leaves_files(args));
    let player = Player {
        controllers: controllers.clone(),
        dialog_keys: dialog_keys.clone(),
        control: control.clone(),
        screenshots: Screenshots::new(args.window.screenshots.as_deref(), &title.short_name()),
        reports: reports.clone(),
        interrupt: interrupt.clone(),
        volume: VolumeControl::new(args.sound.volume, args.sound.mute),
        wishes,
        slots: slots.clone(),
        settings_file,
    };
    let volume = player.volume.clone();
    let (results, result) = mpsc::channel();
    let current = CurrentRun::new(interrupt, result);
    let mut args = args.clone();
    let machine_interrupt = interrupt.clone();
    xenia_render::run(config, player, move |sender| {
        CurrentRun::handle_exit(Moment::Window);
        let pads = sender.clone();
        controllers.watch_pads(move |held| pads.pads(held));
        let (closing, window) = (control.clone(), sender.clone());
        machine_interrupt.when_requested(move || {
            closing.close();
            window.end();
            // A title that has ended waits for a wish; nothing else receives this.
            let _ = closes.send(Wish::Close);
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
                    volume: &volume,
                    slots: slots.as_ref(),
                };
                let result = play(&args, title, &player, &sender, &wished, &machine_interrupt);
                controllers.set_still(true);
                result
            };
            // The receiver is gone only if the program is ending.
            let _ = results.send(guarded(run, || ended.end()));
        });
    })?;
    current.finish()
}

/// Runs `run` and catches a panic; then calls `end` in any case, because the window must not
/// outlive its machine.
fn guarded<T>(run: impl FnOnce() -> Result<T>, end: impl FnOnce()) -> Result<T> {
    let result = std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Fault.into()));
    end();
    result
}

/// The window's input and output, for machines.
#[derive(Clone, Copy)]
struct Seat<'a> {
    controllers: &'a Controllers,
    settings: &'a InputConfig,
    control: &'a PaceControl,
    dialog_keys: &'a DialogKeys,
    reports: &'a Reports,
    volume: &'a VolumeControl,
    slots: Option<&'a StateSlots>,
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

/// Runs the title, and again each time that the user requests this after its end, until the window
/// is closed.
fn play(
    args: &ExecArgs,
    mut title: Title,
    seat: &Seat<'_>,
    sender: &FrameSender,
    wishes: &mpsc::Receiver<Wish>,
    interrupt: &Interrupt,
) -> Result<u8> {
    let again = !leaves_files(args);
    let own_start = args.engine.start_time;
    let mut args = args.clone();
    loop {
        sender.phase(Phase::Loading);
        let (name, file) = (title.short_name(), title.file());
        let last_frame = args.picture.last_frame.as_deref();
        let outputs = Outputs::new(&args.run, last_frame, args.report.is_some())?;
        seat.reports.keep(None);
        let finished = run_machines(&args, title, seat, sender, &outputs, interrupt);
        let loaded = args.states.load_state.take();
        args.engine.start_time = own_start;
        let finished = match (finished, loaded, seat.slots) {
            (Err(error), Some(path), Some(slots)) if slots.has(&path) => {
                sender.message(format!("{error:#}"));
                // The state before the load has what would be lost; without it the title begins
                // anew.
                if path != slots.path(UNDO) && slots.age(UNDO).is_some() {
                    load(&mut args, slots.path(UNDO));
                }
                title = open_title(&args)?;
                continue;
            }
            (finished, ..) => finished?,
        };
        // A machine that is gone does not stop the motors it started.
        seat.controllers.tune(seat.settings.for_title(None));
        let code = args.exit_code(&finished, outputs.conclude(&finished, Some(seat.reports), interrupt));
        note_play(&args, file.as_deref(), &finished);
        let mut wish = None;
        if !seat.control.take_ended() {
            // A wish to load that the machine did not follow is over.
            wish = wishes.try_iter().find(|wish| !matches!(wish, Wish::Load(_)));
            let json = args.run.json.as_deref();
            let why = if args.run.has_limit() { None } else { stopped::why(&name, &finished, json, again) };
            let Some(why) = why else { return Ok(code) };
            seat.reports.keep(finished.bug_report);
            sender.stopped(why);
        }
        match (wish.map_or_else(|| wishes.recv(), Ok), seat.slots) {
            (Ok(Wish::Again), _) => {}
            (Ok(Wish::Load(slot)), Some(slots)) => load(&mut args, slots.path(slot)),
            _ => return Ok(code),
        }
        seat.control.expect_machine();
        title = open_title(&args)?;
    }
}

/// Lets the next machine load a state.
fn load(args: &mut ExecArgs, path: PathBuf) {
    // A file that cannot be read is reported by the machine.
    args.engine.start_time = StateOrigin::read(&path).ok().and_then(|origin| origin.start_time);
    args.states.load_state = Some(path);
}

/// Message about a state that was saved to a slot, or was not.
fn saved_text(slot: u8, saved: &Result<()>) -> String {
    match (saved, slot) {
        (Ok(()), UNDO) => "the state before the load can be loaded, too".to_owned(),
        (Ok(()), slot) => format!("saved to slot {}", slot + 1),
        (Err(error), UNDO) => format!("not loaded, as this moment can't be saved: {error:#}"),
        (Err(error), _) => format!("no state is saved: {error:#}"),
    }
}

/// Adds the run to the record of the title, unless it is one of a test: recorded, replayed, logged
/// or with a limit.
fn note_play(args: &ExecArgs, file: Option<&Path>, finished: &Finished) {
    if args.is_compared() || args.run.has_limit() {
        return;
    }
    // A run that was launched by the title counts as the title's.
    if let (Some(file), Some(state)) = (file, state_folder())
        && let Err(error) = plays::add(&state, file, &finished.report)
    {
        tracing::warn!("the run is not in the library's record: {error:#}");
    }
}

pub(super) fn config(args: &ExecArgs, title: String) -> WindowConfig {
    let window = &args.window;
    let badges = [
        args.run.record.is_some().then_some("* recording"),
        args.run.replay.is_some().then_some("> replaying"),
    ];
    WindowConfig {
        title,
        size: SIZE,
        full_screen: window.fullscreen,
        vsync: window.vsync,
        scaling: window.scaling.into(),
        filter: window.filter.into(),
        appearance: window.appearance(),
        overlay: window.osd.map_or(Overlay::Off, Into::into),
        badges: badges.into_iter().flatten().collect(),
        pause_unfocused: window.pause_unfocused,
        can_restart: !leaves_files(args),
        can_keep: false,
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
        let tuning = seat.settings.for_title(id);
        sender.controller(keys::for_people(&tuning));
        seat.controllers.tune(tuning);
        let outside = (Box::new(seat.controllers.clone()) as Box<dyn Input>, seat.dialogs(args, sender));
        let mut machine = machine(
            args,
            title,
            before,
            launched,
            ports,
            outside,
            Making { compiled: &compiled, interrupt, volume: Some(seat.volume) },
        )?;
        CurrentRun::handle_exit(Moment::Machine);
        sender.phase(Phase::Running);
        let figures = sender.clone();
        let frames_before = before.frames;
        machine.set_pace(Pace::new(seat.control.clone(), args.window.frame_limit.0, move |now| {
            figures.figures(&Figures { frames: frames_before + now.frames, ..now });
        }));
        machine.set_interrupt(interrupt.clone());
        let messages = sender.clone();
        if let Some(slots) = seat.slots {
            let messages = sender.clone();
            machine.set_state_slots(
                slots.clone(),
                Box::new(move |slot, saved| {
                    messages.message(saved_text(slot, &saved));
                }),
            );
        }
        machine.set_report_sink(seat.reports.sink(move |text| messages.message(text)));
        Ok(machine)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_the_machine_ends_the_window_and_is_a_fault_of_ours() {
        let mut ended = false;
        let result: Result<()> = guarded(|| panic!("a panic of the test's own"), || ended = true);
        assert!(ended && result.unwrap_err().is::<Fault>());
        assert!(guarded(|| Ok(7), || ()).is_ok_and(|value| value == 7));
    }
}
