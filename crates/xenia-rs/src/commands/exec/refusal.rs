//! A window that shows why a title, or the program, can't be run, if the program was started from a
//! desktop, without a terminal.

use super::player::NO_TITLE;
use super::{has_display, leaves_files, session, windowed};
use crate::cli::ExecArgs;
use crate::settings;
use anyhow::{Error, Result};
use std::io::IsTerminal;
use std::path::Path;
use xenia::content;
use xenia::interrupt::Interrupt;
use xenia_gpu::Frame;
use xenia_render::{Client, Hotkeys, KeyCode, KeyEvent, SoundVolume, Stopped, VolumeChange, WindowConfig};

/// Fails if another process uses the content folder of a run in a window.
pub(super) fn check_content(args: &ExecArgs) -> Result<()> {
    let args = session::window_args(args.clone());
    let folder = content::place(&(&args.engine.content).into(), !args.engine.mode.parallel)?;
    match folder.filter(|folder| folder.is_dir()) {
        Some(folder) => content::lock(&folder).map(drop),
        None => Ok(()),
    }
}

/// Whether errors are shown in a window: standard error is not a terminal, and the run has a window
/// and is attended.
pub(super) fn is_shown(args: &ExecArgs) -> bool {
    let is_unattended = args.run.has_limit() || args.window.batch || leaves_files(args);
    !std::io::stderr().is_terminal() && !args.picture.headless && !is_unattended && has_display()
}

/// The window's client when there is no machine.
struct NoMachine;

impl Client for NoMachine {
    fn key(&mut self, _: KeyEvent) {}

    fn dialog_key(&mut self, _: KeyCode, _: Option<&str>) -> Option<xenia_render::ConsoleDialog> {
        None
    }

    fn pause(&mut self, _: bool) {}

    fn step(&mut self) {}

    fn turbo(&mut self, _: bool) {}

    fn again(&mut self) {}

    fn restart(&mut self) {}

    fn open_menu(&mut self, _: bool) {}

    fn sound(&self) -> SoundVolume {
        SoundVolume { percent: 100, muted: false }
    }

    fn set_sound(&mut self, _: SoundVolume) {}

    fn remember(&mut self, _: &[(String, Option<String>)]) -> Result<String, String> {
        Err(NO_TITLE.to_owned())
    }

    fn volume(&mut self, _: VolumeChange) -> String {
        NO_TITLE.to_owned()
    }

    fn keep(&mut self, _: u64, _: &Frame) -> Result<String, String> {
        Err(NO_TITLE.to_owned())
    }

    fn report(&mut self, _: Option<&Frame>) -> Option<String> {
        Some(format!("no report: {NO_TITLE}"))
    }
}

/// Shows an error of the settings until the window is closed, if errors are shown. Must be called
/// before the program listens for signals.
pub fn show_error(args: &ExecArgs, error: &Error) {
    if is_shown(args)
        && let Ok(interrupt) = Interrupt::listen(None)
    {
        show(args, error, &Hotkeys::default(), &interrupt);
    }
}

/// Shows the error until the window is closed, if errors are shown, and returns it.
pub(super) fn show_and_return(
    args: &ExecArgs,
    error: Error,
    hotkeys: &Hotkeys,
    interrupt: &Interrupt,
) -> Result<u8> {
    if is_shown(args) {
        show(args, &error, hotkeys, interrupt);
    }
    Err(error)
}

/// The page of a title that can't be run, which can only be left.
pub(super) fn reason(name: &str, error: &Error) -> Stopped {
    let lines = settings::explained(error).lines().map(str::to_owned).collect();
    Stopped { heading: format!("{name} can't be run"), lines, ..Stopped::default() }
}

/// Shows the error until the window is closed.
fn show(args: &ExecArgs, error: &Error, hotkeys: &Hotkeys, interrupt: &Interrupt) {
    let path = args.title.as_deref().unwrap_or(Path::new("xenia-rs"));
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let stopped = reason(&name, error);
    let interrupt = interrupt.clone();
    let config = windowed::config(args, name, hotkeys.clone());
    // The adapter may be what is missing.
    let config = WindowConfig { can_restart: false, adapter: None, ..config };
    let ended = xenia_render::run(config, NoMachine, move |sender| {
        let window = sender.clone();
        interrupt.when_requested(move || window.end());
        sender.stopped(stopped);
    });
    if let Err(why) = ended {
        tracing::debug!("the error is not shown in a window: {why}");
    }
}
