//! `xenia-rs exec`: runs a title with or without a window.
//!
//! Without a display it falls back to a run without a window. Errors before the window opens are
//! shown in one, as a user who starts the program from a desktop sees no terminal.

mod all_settings;
mod awaited;
mod ending;
mod files;
mod folders;
mod gallery;
mod internals;
mod machine;
mod newest_reader;
mod open_title;
mod place;
mod player;
mod profile_pages;
mod refusal;
mod remapping;
mod reports;
mod session;
mod session_picture;
mod session_volume;
mod stopped;
mod title_runs;
mod videos;
mod window_library;
mod window_machines;
mod windowed;

use crate::cli::{ExecArgs, FrameLimit, nearest_command};
use crate::settings;
use anyhow::{Context, Result, anyhow};
use files::{check_outputs, leaves_files};
use machine::{MachinePorts, RunResources, machine};
pub use refusal::show_error;
use reports::Reports;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia::config::{AudioOutput, DialogPolicy, MachineConfig, TitleConfig};
use xenia::content::HeldContent;
use xenia::dialogs::AutomaticDialogs;
use xenia::gpu_port::{Capture, FrameSink};
use xenia::guest_log::GuestLog;
use xenia::interrupt::{Cause, Interrupt};
use xenia::launches::{self, RunPlan};
use xenia::lock_order;
use xenia::machine::Finished;
use xenia::output::WriteErrors;
use xenia::pace::{Pace, PaceControl};
use xenia::png_frames::{FrameFolder, write_png};
use xenia::report::check_json;
use xenia::say::{self, errln, remark};
use xenia::state_slots::StateSlots;
use xenia::title::{Title, library_note, linux_note, region_note};
use xenia_cli::Code;
use xenia_cli::{RunArgs, conclude, limits};
use xenia_gpu::SwapPicture;
use xenia_kernel::ports::NoInput;
use xenia_render::{Hotkeys, RenderError};
use xenia_sched::GuestTicks;
use xenia_sync::{Level, Mutex};

/// Runs until a limit, the title's end, a signal, or the closing of the window. `is_plain`: the
/// user named no command, so that without a title the library is shown.
pub fn run(args: &ExecArgs, settings: Option<&Path>, is_plain: bool) -> Result<u8> {
    let opens_library = is_plain && windowed::opens_library(args);
    let mut args = args.clone();
    let found = find_slot(&mut args);
    args.adopt_state()?;
    let args = &args;
    args.refuse_unsupported()?;
    let interrupt = Interrupt::listen(args.run.timeout)?;
    interrupt.listen_for_threads()?;
    let input = match settings::input(settings) {
        Ok(input) => input,
        Err(error) => return refusal::show_and_return(args, error, &Hotkeys::default(), &interrupt),
    };
    check_json(args.run.json.as_deref())?;
    check_outputs(args)?;
    if args.picture.headless {
        found?;
        let ended = headless(args, open_title(args)?, &interrupt);
        return match (ended, interrupt.cause()) {
            // The run was waiting, for example for the reader of a pipe. An elapsed timeout is not
            // a success if the run has not begun.
            (Err(error), Some(cause @ Cause::Signal(_))) => {
                errln!("xenia-rs: {}", say::chain(&error));
                Ok(Code::from(cause).number())
            }
            (ended, _) => ended,
        };
    }
    if !has_display() {
        let why = "no display (DISPLAY and WAYLAND_DISPLAY are not set)";
        found?;
        return without_display(args, why, open_title, &interrupt);
    }
    // The library opens whatever the settings of titles are: its pages can change them.
    let first_title = || (!opens_library).then(|| open_title(args)).transpose();
    let title = match found.and_then(|()| first_title()) {
        Ok(title) => title,
        Err(error) => return refusal::show_and_return(args, error, input.hotkeys(), &interrupt),
    };
    if title.is_some()
        && let Err(error) = refusal::check_content(args)
    {
        return refusal::show_and_return(args, error, input.hotkeys(), &interrupt);
    }
    let named = settings.map(Path::to_owned);
    let file = named.clone().or_else(settings::default_file);
    let window = windowed::WindowSettings { input, named, file };
    match windowed::run(args, title, window, &interrupt) {
        Err(error) if matches!(error.downcast_ref(), Some(RenderError::NoDisplay(_))) => {
            // `open_title` has named the title already; the demo has nothing to be named.
            without_display(args, &error.to_string(), opened, &interrupt)
        }
        result => result,
    }
}

/// Whether the environment names a display.
fn has_display() -> bool {
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(is_set)
}

/// Makes the state in the slot of `--load-slot` the state to load.
///
/// # Errors
/// The title cannot be opened, or the slot is empty.
fn find_slot(args: &mut ExecArgs) -> Result<()> {
    if let Some(number) = args.states.load_slot {
        let slots = StateSlots::new(&opened(args)?);
        let slots = slots.context("--load-slot: there is no data folder (HOME is not set)")?;
        args.states.load_state = Some(slots.filled(number - 1).context("--load-slot")?);
    }
    Ok(())
}

/// Runs without a window because there is no display.
fn without_display(
    args: &ExecArgs,
    why: &str,
    open: impl FnOnce(&ExecArgs) -> Result<Title>,
    interrupt: &Interrupt,
) -> Result<u8> {
    remark!("xenia-rs: {why}; running without a window: Ctrl-C ends");
    let mut args = args.clone();
    args.picture.headless = true;
    if args.refuse_unsupported().is_err() {
        // Settings that need a window are ignored; flags that need one remain an error.
        let again = headless_again(&args)?;
        args.picture = again.picture;
        args.dialogs = again.dialogs;
        args.engine.network = again.engine.network;
    }
    args.refuse_unsupported()?;
    // A run without a window uses none of the user's updates and patches: most such runs are
    // repeated and compared.
    headless(&args, open(&args)?, interrupt)
}

/// The arguments as if `--headless` had been typed.
fn headless_again(args: &ExecArgs) -> Result<ExecArgs> {
    let mut words = args.typed.clone();
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.insert(end, "--headless".into());
    crate::exec_args(words)
}

/// Options to open the title with. A run in a window is parallel, unless a flag needs lockstep.
fn title_config(args: &ExecArgs) -> TitleConfig {
    let repeats = !args.engine.mode.parallel && (args.picture.headless || args.needs_lockstep());
    TitleConfig { repeats, ..(&args.engine).into() }
}

fn open_title(args: &ExecArgs) -> Result<Title> {
    let title = opened(args)?;
    if let Some(medium) = &title.medium {
        remark!("xenia-rs: game: is {medium} (read-only)");
    }
    for note in notes(args, &title) {
        remark!("xenia-rs: {note}");
    }
    Ok(title)
}

/// Notes for the user on a title that may not run as it is.
fn notes(args: &ExecArgs, title: &Title) -> Vec<String> {
    let config = MachineConfig::from(&args.engine);
    let image = &title.image;
    let notes = [region_note(image, &config.console), library_note(image), linux_note(image)];
    notes.into_iter().flatten().collect()
}

fn opened(args: &ExecArgs) -> Result<Title> {
    let path = args.title.as_deref();
    Title::open_or_demo(path, &title_config(args)).map_err(|error| {
        // The parser takes a misspelt command for the title.
        let missing = path.filter(|path| !path.exists()).and_then(Path::to_str);
        match missing.and_then(nearest_command) {
            Some(command) => anyhow!("{error:#} (did you mean the command `{command}`?)"),
            None => error,
        }
    })
}

fn headless(args: &ExecArgs, title: Title, interrupt: &Interrupt) -> Result<u8> {
    let limits = limits(&args.run, &args.engine);
    let outputs = Outputs::new(&args.run, args.picture.last_frame.as_deref(), args.report.is_some())?;
    let reports = Reports::new(args, &title);
    let policy = args.dialogs.dialogs.unwrap_or(DialogPolicy::Accept);
    let from = args.states.load_state.as_deref();
    let saves = HeldContent::or_memory(&(&args.engine.content).into(), !args.engine.mode.parallel)?;
    let plan = RunPlan { start_state: from, ..RunPlan::new(&limits) };
    let finished = launches::run(title, plan, |title, before, launched| {
        let (capture, frames) = outputs.port(before.frames, |_, _, _| {});
        let ports = MachinePorts {
            capture,
            frames,
            guest_log: &outputs.guest_log,
            input: Box::new(NoInput),
            dialogs: Box::new(AutomaticDialogs::new(policy)),
        };
        let mut machine = machine(
            args,
            title,
            before,
            launched,
            ports,
            RunResources {
                compiled: &|_, _, _| {},
                interrupt,
                volume: None,
                video: None,
                device: None,
                saves: &saves,
            },
        )?;
        machine.set_interrupt(interrupt.clone());
        if args.sound.audio == Some(AudioOutput::Device) {
            // A sound device plays at the console's speed, so the run must not be faster.
            machine.set_pace(Pace::new(PaceControl::default(), FrameLimit::default().0, |_| {}));
        }
        Ok(machine)
    })?;
    Ok(args.exit_code(&finished, outputs.conclude(&finished, Some(&reports), interrupt)))
}

/// Outputs of a run that machines do not write themselves: pictures, the title's text, the report.
pub(super) struct Outputs {
    json: Option<PathBuf>,
    folder: Option<Arc<Mutex<FrameFolder>>>,
    last_path: Option<PathBuf>,
    /// The latest frame, if it is to be written at the end.
    last: Option<Arc<Mutex<Option<SwapPicture>>>>,
    pub(super) guest_log: GuestLog,
    write_errors: WriteErrors,
}

impl Outputs {
    /// Prepares the outputs that the flags request, and creates the folder for frames.
    /// `has_report` keeps the latest frame for a bug report.
    pub(super) fn new(run: &RunArgs, last_frame: Option<&Path>, has_report: bool) -> Result<Self> {
        let write_errors = WriteErrors::default();
        if let Some(folder) = &run.dump_frames {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let folder = run.dump_frames.clone();
        let folder = folder
            .map(|folder| FrameFolder::new(folder, write_errors.clone()))
            .map(|folder| Arc::new(Mutex::numbered(Level::Host, lock_order::FRAME_FOLDER, folder)));
        let guest_log = GuestLog::new(run.guest_log.as_deref(), write_errors.clone())?;
        let last_path = last_frame.map(Path::to_owned);
        let last = (last_path.is_some() || has_report)
            .then(|| Arc::new(Mutex::numbered(Level::Host, lock_order::LAST_FRAME, None)));
        Ok(Self { json: run.json.clone(), folder, last_path, last, guest_log, write_errors })
    }

    /// A sink for the frames of a machine that forwards them to `show`; `before` is the number of
    /// frames of the previous titles.
    pub(super) fn port(
        &self,
        before: u64,
        mut show: impl FnMut(u64, GuestTicks, SwapPicture) + Send + 'static,
    ) -> (Capture, FrameSink) {
        let keeps = self.folder.is_some() || self.last.is_some();
        let folder = self.folder.clone();
        let last = self.last.clone();
        let sink: FrameSink = Box::new(move |number, now, picture| {
            let number = before + number;
            if let Some(folder) = &folder
                && let Some(frame) = picture.read()
            {
                folder.lock().keep(number, &frame);
            }
            if let Some(last) = &last {
                *last.lock() = Some(picture.clone());
            }
            show(number, now, picture);
        });
        (if keeps { Capture::Every } else { Capture::Nothing }, sink)
    }

    /// Writes the final outputs, and prints how the run ended.
    pub(super) fn conclude(
        &self,
        finished: &Finished,
        reports: Option<&Reports>,
        interrupt: &Interrupt,
    ) -> Code {
        self.guest_log.finish();
        // The lock is released before the cause of the end is read.
        let last = self.last.as_ref().and_then(|last| last.lock().clone());
        let last = last.as_ref().and_then(SwapPicture::read);
        let last = last.as_deref();
        let written = reports.map_or(Ok(()), |reports| reports.write(finished.bug_report.as_ref(), last));
        if let Err(error) = written {
            self.write_errors.note(say::chain(&error));
        }
        if let Some(path) = &self.last_path {
            let written = match last {
                Some(frame) => write_png(path, frame),
                None => Err(anyhow::anyhow!("no frame was shown, so {} is not written", path.display())),
            };
            if let Err(error) = written {
                self.write_errors.note(say::chain(&error));
            }
        }
        conclude(self.json.as_deref(), finished, interrupt, &self.write_errors)
    }
}

/// The content folder of a run with these flags in a window.
pub(super) fn held_content(args: &ExecArgs) -> Result<HeldContent> {
    HeldContent::new(&(&args.engine.content).into(), !args.engine.mode.parallel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn a_window_opens_a_title_with_the_users_updates_and_patches_unless_its_run_repeats() {
        let repeats = |words: &[&str]| {
            let words = ["xenia-rs", "t.xex"].iter().chain(words);
            title_config(&Cli::try_parse_from(words).unwrap().exec).repeats
        };
        assert!(!repeats(&[]) && !repeats(&["--parallel", "--headless"]));
        assert!(repeats(&["--headless"]) && repeats(&["-n", "5"]) && repeats(&["--lockstep"]));
    }

    #[test]
    fn the_titles_exit_code_is_used_only_on_request() {
        let args =
            |words: &[&str]| Cli::try_parse_from(["xenia-rs", "t.xex"].iter().chain(words)).unwrap().exec;
        let without = args(&[]);
        let with = args(&["--guest-exit-code"]);
        assert_eq!(
            (without.exit_code_of(Some(42), Code::Done), with.exit_code_of(Some(42), Code::Done)),
            (0, 42)
        );
        assert_eq!(with.exit_code_of(Some(0x1_0103), Code::Done), 3, "the low 8 bits");
        assert_eq!(with.exit_code_of(None, Code::Crashed), 3);
        assert_eq!(with.exit_code_of(Some(42), Code::Unusable), 2, "an output is not complete");
    }

    #[test]
    fn a_missing_file_may_be_a_misspelt_command() {
        let error = |name: &str| {
            let args = ExecArgs { title: Some(name.into()), ..ExecArgs::default() };
            format!("{:#}", open_title(&args).unwrap_err())
        };
        let text = error("exce");
        assert!(text.starts_with("cannot open exce: ") && text.ends_with("the command `exec`?)"), "{text}");
        assert!(!error("nowhere.xex").contains("did you mean"));
    }
}
