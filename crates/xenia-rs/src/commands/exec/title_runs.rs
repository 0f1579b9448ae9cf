//! The runs of one title in a window: the first one, and those that the user requests after its
//! end.

use super::open_title::OpenTitle;
use super::player::SessionCommand;
use super::session::{Next, Session};
use super::window_machines::WindowMachines;
use super::{Outputs, held_content, leaves_files, open_title, stopped};
use crate::cli::ExecArgs;
use anyhow::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use xenia::config::StartTime;
use xenia::library::plays;
use xenia::machine::{Finished, StateOrigin, StateRefusal};
use xenia::say::errln;
use xenia::state_slots::{StateSlot, StateSlots};
use xenia::title::Title;
use xenia::user_folders;
use xenia_render::Phase;
use xenia_sched::{EndKind, RunEnd};

/// A title of a session, and how its next run begins.
pub(super) struct TitleRuns<'a> {
    session: &'a Session<'a>,
    /// The flags, and the state that the next run loads.
    args: ExecArgs,
    current: OpenTitle,
    /// Start time that the flags set. A state that is loaded has its own, for that run.
    own_start: Option<StartTime>,
    /// Whether the title can be run again: its runs write no files, which only flags can name.
    can_rerun: bool,
    /// Whether the library is shown after the title.
    returns_to_library: bool,
}

/// Page that follows a run that ended by itself.
enum PageAfterEnd {
    /// The explanation of the end, where the user decides.
    Stopped,
    Library,
    /// No page: the session ends.
    Nothing,
}

impl<'a> TitleRuns<'a> {
    /// The runs of a title with these flags, which may begin with the state of the last exit.
    pub(super) fn new(
        session: &'a Session<'a>,
        args: ExecArgs,
        title: &Title,
        returns_to_library: bool,
    ) -> Self {
        let current = session.ports.open_title.open(&args, title);
        let own_start = args.engine.start_time;
        let can_rerun = !leaves_files(&args);
        let mut runs = Self { session, args, current, own_start, can_rerun, returns_to_library };
        runs.load_exit_state();
        runs
    }

    fn load_exit_state(&mut self) {
        let states = &self.args.states;
        if !states.resume {
            return;
        }
        if states.load_state.is_none()
            && let Ok(slots) = &self.current.slots
            && slots.age(StateSlot::Exit).is_some()
        {
            load(&mut self.args, slots.path(StateSlot::Exit));
        }
        if !self.can_rerun {
            errln!("xenia-rs: --resume: no state is kept or loaded, since this run writes files");
        }
    }

    /// Runs the title, and again each time that the user requests this after its end. Returns the
    /// next step of the session.
    pub(super) fn run(mut self, mut title: Title) -> Result<Next> {
        loop {
            if let Some(next) = self.run_once(title)? {
                return Ok(next);
            }
            title = open_title(&self.args)?;
            // A restart may have read other settings.
            self.current = self.session.ports.open_title.open(&self.args, &title);
        }
    }

    /// Runs the title until its end, and executes the next command. Returns `None` if the title is
    /// run again.
    fn run_once(&mut self, title: Title) -> Result<Option<Next>> {
        let Session { ports, sender, commands, interrupt, .. } = self.session;
        sender.phase(Phase::Loading);
        let name = title.short_name();
        let file = title.file();
        let last_frame = self.args.picture.last_frame.as_deref();
        let outputs = Outputs::new(&self.args.run, last_frame, self.args.report.is_some())?;
        self.current.reports.keep(None);
        ports.control.take_paused_time();
        let begun = Instant::now();
        let Some(finished) = self.run_machines(title, &outputs)? else { return Ok(None) };
        let played = begun.elapsed().saturating_sub(ports.control.take_paused_time());
        // A machine that has ended does not stop the motors it started.
        ports.input.open(None);
        let concluded = outputs.conclude(&finished, Some(&self.current.reports), interrupt);
        let code = self.args.exit_code(&finished, concluded);
        note_play(&self.args, file.as_deref(), &finished, played);
        let mut command = None;
        if !ports.control.take_ended() {
            // A request to load that the machine has not carried out no longer applies.
            command =
                commands.try_iter().filter(|command| !matches!(command, SessionCommand::LoadState(_))).last();
            match self.show_end(&name, finished) {
                PageAfterEnd::Stopped => {}
                PageAfterEnd::Library => {
                    command.get_or_insert(SessionCommand::ShowLibrary);
                }
                PageAfterEnd::Nothing => return Ok(Some(Next::End(code))),
            }
        }
        let command = command.map_or_else(|| newest_command(commands), Ok);
        ports.control.expect_machine();
        Ok(self.follow(command, code))
    }

    /// Runs the machines of the title. Returns `None` if they could not begin with the state of a
    /// slot.
    fn run_machines(&mut self, title: Title, outputs: &Outputs) -> Result<Option<Finished>> {
        let Session { ports, sender, interrupt, .. } = self.session;
        let saves = held_content(&self.args)?;
        let machines = WindowMachines {
            args: &self.args,
            open_title: &self.current,
            saves: &saves,
            ports,
            sender,
            outputs,
            interrupt,
        };
        let finished = machines.run(title);
        // A video ends with its machine.
        ports.videos.recorder.end();
        drop(saves);
        let loaded = self.args.states.load_state.take();
        self.args.engine.start_time = self.own_start;
        match (finished, loaded, &self.current.slots) {
            (Err(error), Some(path), Ok(slots)) if slots.has(&path) && error.is::<StateRefusal>() => {
                sender.message(refuse_state(slots, &path, &error));
                // The state before the load preserves the progress; without it the title starts
                // from the beginning.
                let is_own = matches!(slots.slot_of(&path), Some(StateSlot::Exit | StateSlot::Undo));
                if !is_own && slots.age(StateSlot::Undo).is_some() {
                    load(&mut self.args, slots.path(StateSlot::Undo));
                }
                Ok(None)
            }
            (finished, ..) => finished.map(Some),
        }
    }

    /// Shows why the machine has ended, if a user can read it.
    fn show_end(&self, name: &str, finished: Finished) -> PageAfterEnd {
        let Session { sender, interrupt, .. } = self.session;
        let json = self.args.run.json.as_deref();
        let is_attended = !self.args.run.has_limit() && !self.args.window.batch;
        let page = is_attended.then(|| stopped::page(name, &finished, json, self.can_rerun)).flatten();
        let has_ended = matches!(finished.end, RunEnd::Ended(EndKind::Exit { code: 0 }));
        match page {
            Some(page) if !(self.returns_to_library && has_ended) => {
                self.current.reports.keep(finished.bug_report);
                sender.stopped(page);
                PageAfterEnd::Stopped
            }
            _ if self.returns_to_library && interrupt.cause().is_none() => PageAfterEnd::Library,
            _ => PageAfterEnd::Nothing,
        }
    }

    /// Carries out a command after the end of a run with this exit code. Returns `None` if the
    /// title runs again.
    fn follow(&mut self, command: Result<SessionCommand, mpsc::RecvError>, code: u8) -> Option<Next> {
        match (command, &self.current.slots) {
            (Ok(SessionCommand::Restart), _) => {
                self.session.read_settings(&mut self.args);
                self.own_start = self.args.engine.start_time;
            }
            (Ok(SessionCommand::LoadState(slot)), Ok(slots)) => load(&mut self.args, slots.path(slot)),
            (Ok(SessionCommand::Open(path)), _) => return Some(self.session.open(path)),
            (Ok(SessionCommand::ShowLibrary), _) => return Some(Next::Library(None)),
            _ => return Some(Next::End(code)),
        }
        None
    }
}

/// Waits for a command and returns the newest, but a request to close before any other. Older ones
/// were given twice, or remain from a machine whose state could not be saved before a load.
fn newest_command(commands: &mpsc::Receiver<SessionCommand>) -> Result<SessionCommand, mpsc::RecvError> {
    let newer = |older, newer| if older == SessionCommand::Close { older } else { newer };
    commands.recv().map(|first| commands.try_iter().fold(first, newer))
}

/// Lets the next machine load a state.
fn load(args: &mut ExecArgs, path: PathBuf) {
    // A file that cannot be read is reported by the machine.
    args.engine.start_time = StateOrigin::read(&path).ok().and_then(|origin| origin.start_time);
    args.states.load_state = Some(path);
}

/// Message about a state of a slot that could not be loaded. That of the last exit is set aside.
fn refuse_state(slots: &StateSlots, path: &Path, error: &Error) -> String {
    match slots.slot_of(path) {
        Some(StateSlot::Exit) => refuse_exit(slots, error),
        _ => format!("{error:#}"),
    }
}

/// Keeps a state of the last exit that cannot be loaded, and returns a message with the reason.
fn refuse_exit(slots: &StateSlots, error: &Error) -> String {
    let kept = match slots.set_aside(StateSlot::Exit) {
        Ok(path) => format!("it is kept as {}", path.display()),
        Err(error) => format!("{error:#}"),
    };
    let text = format!("the title starts from the beginning: {error:#} ({kept})");
    errln!("xenia-rs: --resume: {text}");
    text
}

/// Adds the run, which lasted for `played`, to the record of the title, unless it is a test run:
/// recorded, replayed, logged or with a limit.
fn note_play(args: &ExecArgs, file: Option<&Path>, finished: &Finished, played: Duration) {
    if args.is_compared() || args.run.has_limit() {
        return;
    }
    // A run that was launched by the title counts as the title's.
    if let (Some(file), Some(state)) = (file, user_folders::state())
        && let Err(error) = plays::add(&state, file, &finished.report, played)
    {
        tracing::warn!("the run is not in the library's record: {error:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::machine::Launched;

    #[test]
    fn an_unloadable_state_is_distinguished_from_a_failed_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exit.state");
        std::fs::write(&path, "no state").unwrap();
        let refused = Launched::in_state(&path).err().unwrap();
        assert!(refused.context("the title").is::<StateRefusal>());
        assert!(!Error::msg("--gdb: cannot listen").context("the title").is::<StateRefusal>());
    }

    #[test]
    fn a_pending_command_is_replaced_by_a_later_one() {
        let (sender, commands) = mpsc::channel();
        for command in [SessionCommand::LoadState(StateSlot::Player(0)), SessionCommand::Restart] {
            sender.send(command).unwrap();
        }
        assert_eq!(newest_command(&commands), Ok(SessionCommand::Restart));
        sender.send(SessionCommand::ShowLibrary).unwrap();
        assert_eq!(newest_command(&commands), Ok(SessionCommand::ShowLibrary));
        for command in [SessionCommand::Close, SessionCommand::ShowLibrary] {
            sender.send(command).unwrap();
        }
        assert_eq!(newest_command(&commands), Ok(SessionCommand::Close), "nothing comes after the end");
        drop(sender);
        assert!(newest_command(&commands).is_err(), "the window is gone");
    }
}
