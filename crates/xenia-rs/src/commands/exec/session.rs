//! The titles that a window runs, one after the other, with the library between them.

use super::open_title::OpenTitle;
use super::player::SessionCommand;
use super::window_library::WindowLibrary;
use super::windowed::{WindowPorts, run_machines};
use super::{Outputs, held_content, leaves_files, open_title, stopped};
use crate::cli::ExecArgs;
use anyhow::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::drawing;
use xenia::interrupt::Interrupt;
use xenia::library::plays;
use xenia::machine::{Finished, StateOrigin, StateRefusal};
use xenia::say::{errln, error_text};
use xenia::state_slots::{EXIT, StateSlots, UNDO};
use xenia::title::{Title, short_name};
use xenia::user_folders;
use xenia_cli::Code;
use xenia_render::{FrameSender, PageFailure, Phase};
use xenia_sched::{EndKind, RunEnd};

/// Stage of a session.
pub(super) enum Next {
    /// The library, maybe because of a failure.
    Library(Option<PageFailure>),
    /// A title, with the arguments for it.
    Run(Box<ExecArgs>, Box<Title>),
    /// The end, with this code.
    End(u8),
}

/// The window of a session, and what it is for.
pub(super) struct Session<'a> {
    /// The flags of the command line.
    pub(super) own: &'a ExecArgs,
    pub(super) ports: WindowPorts<'a>,
    pub(super) sender: &'a FrameSender,
    pub(super) commands: &'a mpsc::Receiver<SessionCommand>,
    pub(super) interrupt: &'a Interrupt,
    /// The library; `None` if a single title is run.
    pub(super) library: Option<&'a WindowLibrary>,
}

impl Session<'_> {
    /// Runs until the window is closed, or the only title has ended.
    pub(super) fn play(&self, first: Next) -> Result<u8> {
        let mut next = first;
        let mut is_library = false;
        loop {
            next = match next {
                Next::End(code) => return Ok(code),
                Next::Library(failure) => {
                    is_library = true;
                    self.show_library(failure)
                }
                Next::Run(args, title) => {
                    let name = title.short_name();
                    let before = self.ports.volume.get();
                    let ended = self.run_title(*args, *title, is_library);
                    self.ports.volume.set(before.0, before.1);
                    match ended {
                        Err(error) if is_library && self.interrupt.cause().is_none() => {
                            Next::Library(Some(failure(&name, &error)))
                        }
                        ended => ended?,
                    }
                }
            };
        }
    }

    /// Shows the library until a title is chosen.
    fn show_library(&self, failure: Option<PageFailure>) -> Next {
        *self.ports.open_title.lock() = None;
        self.sender.home(failure);
        if let Some(library) = self.library {
            library.refresh();
        }
        loop {
            match self.commands.recv() {
                Ok(SessionCommand::Open(path)) => {
                    self.ports.control.expect_machine();
                    return self.open(path);
                }
                // They are about a title that has ended in the meantime.
                Ok(SessionCommand::Restart | SessionCommand::LoadState(_) | SessionCommand::ShowLibrary) => {}
                Ok(SessionCommand::Close) | Err(_) => {
                    return Next::End(self.interrupt.cause().map_or(Code::Done, Code::from).number());
                }
            }
        }
    }

    /// Reads the settings again for a restart: some may have been changed.
    fn read_settings(&self, args: &mut ExecArgs) {
        let read = || -> Result<ExecArgs> {
            let mut new = crate::exec_args(args.typed.clone())?;
            (new.states.load_state, new.states.load_slot) = (None, None);
            leave_flags_of_title(&mut new, self.own);
            new.refuse_unsupported()?;
            Ok(in_window(new))
        };
        match read() {
            Ok(new) => *args = new,
            Err(error) => self.sender.message(format!("the settings are those before: {error:#}")),
        }
    }

    /// Opens another title than that of the command line, with the same flags, except for those
    /// that are about that title alone.
    fn open(&self, path: Option<PathBuf>) -> Next {
        let opened = || -> Result<(ExecArgs, Title)> {
            let mut args = crate::exec_args(words(self.own, path.as_deref()))?;
            args.states.load_state = None;
            leave_flags_of_title(&mut args, self.own);
            args.refuse_unsupported()?;
            let args = in_window(args);
            let title = open_title(&args)?;
            Ok((args, title))
        };
        match opened() {
            Ok((args, title)) => {
                self.sender.title(title.short_name());
                let (volume, own) = (&args.sound, &self.own.sound);
                // Settings of the title go before what the user has set in this session.
                if (volume.volume, volume.mute) != (own.volume, own.mute) {
                    self.ports.volume.set(volume.volume, volume.mute);
                }
                Next::Run(Box::new(args), Box::new(title))
            }
            Err(error) => {
                let name = path.as_deref().map_or_else(|| "demo".to_owned(), short_name);
                Next::Library(Some(failure(&name, &error)))
            }
        }
    }

    /// Runs the title, and again each time that the user requests this after its end. Returns what
    /// comes then.
    fn run_title(&self, mut args: ExecArgs, mut title: Title, is_library: bool) -> Result<Next> {
        let Self { ports, sender, commands, interrupt, .. } = self;
        let again = !leaves_files(&args);
        let own_start = args.engine.start_time;
        let current = OpenTitle::new(&args, &title);
        *ports.open_title.lock() = Some(current.clone());
        if args.states.resume
            && args.states.load_state.is_none()
            && let Some(slots) = current.slots.as_ref().ok().filter(|slots| slots.age(EXIT).is_some())
        {
            load(&mut args, slots.path(EXIT));
        }
        if args.states.resume && !again {
            errln!("xenia-rs: --resume: no state is kept or loaded, since this run writes files");
        }
        loop {
            if let Some(current) = &mut *ports.open_title.lock() {
                // A restart may have read other settings.
                current.can_rewind = args.states.rewind;
            }
            sender.phase(Phase::Loading);
            let (name, file) = (title.short_name(), title.file());
            let last_frame = args.picture.last_frame.as_deref();
            let outputs = Outputs::new(&args.run, last_frame, args.report.is_some())?;
            current.reports.keep(None);
            let saves = held_content(&args)?;
            let finished = run_machines(&args, (title, &current, &saves), ports, sender, &outputs, interrupt);
            // A video ends with its machine.
            ports.videos.recorder.end();
            drop(saves);
            let loaded = args.states.load_state.take();
            args.engine.start_time = own_start;
            let finished = match (finished, loaded, &current.slots) {
                (Err(error), Some(path), Ok(slots)) if slots.has(&path) && error.is::<StateRefusal>() => {
                    let is_exit = path == slots.path(EXIT);
                    sender.message(if is_exit { refuse_exit(slots, &error) } else { format!("{error:#}") });
                    // The state before the load has what would be lost; without it the title begins
                    // anew.
                    if !is_exit && path != slots.path(UNDO) && slots.age(UNDO).is_some() {
                        load(&mut args, slots.path(UNDO));
                    }
                    title = open_title(&args)?;
                    continue;
                }
                (finished, ..) => finished?,
            };
            // A machine that is gone does not stop the motors it started.
            ports.input.open(None);
            let concluded = outputs.conclude(&finished, Some(&current.reports), interrupt);
            let code = args.exit_code(&finished, concluded);
            note_play(&args, file.as_deref(), &finished);
            let mut command = None;
            if !ports.control.take_ended() {
                // A command to load that the machine did not follow is over.
                command = commands
                    .try_iter()
                    .filter(|command| !matches!(command, SessionCommand::LoadState(_)))
                    .last();
                let json = args.run.json.as_deref();
                let is_attended = !args.run.has_limit() && !args.window.batch;
                let why = is_attended.then(|| stopped::why(&name, &finished, json, again)).flatten();
                let has_ended = matches!(finished.end, RunEnd::Ended(EndKind::Exit { code: 0 }));
                match why {
                    Some(why) if !(is_library && has_ended) => {
                        current.reports.keep(finished.bug_report);
                        sender.stopped(why);
                    }
                    _ if is_library && interrupt.cause().is_none() => {
                        command.get_or_insert(SessionCommand::ShowLibrary);
                    }
                    _ => return Ok(Next::End(code)),
                }
            }
            let command = command.map_or_else(|| newest_command(commands), Ok);
            ports.control.expect_machine();
            match (command, &current.slots) {
                (Ok(SessionCommand::Restart), _) => self.read_settings(&mut args),
                (Ok(SessionCommand::LoadState(slot)), Ok(slots)) => load(&mut args, slots.path(slot)),
                (Ok(SessionCommand::Open(path)), _) => return Ok(self.open(path)),
                (Ok(SessionCommand::ShowLibrary), _) => return Ok(Next::Library(None)),
                _ => return Ok(Next::End(code)),
            }
            title = open_title(&args)?;
        }
    }
}

/// Waits for a command. The newest one counts: an older one is left from a machine that stayed, as
/// its state could not be saved before a load, or was given twice before the machine ended.
fn newest_command(commands: &mpsc::Receiver<SessionCommand>) -> Result<SessionCommand, mpsc::RecvError> {
    let newer = |older, newer| if older == SessionCommand::Close { older } else { newer };
    commands.recv().map(|first| commands.try_iter().fold(first, newer))
}

/// The arguments as a window needs them: parallel, unless a flag needs lockstep.
pub(super) fn in_window(mut args: ExecArgs) -> ExecArgs {
    args.picture.gpu = drawing::in_window(&(&args.picture).into(), args.is_compared());
    args.engine.mode.parallel |= !args.wants_lockstep();
    args
}

/// The words of the command line, with another title and without that one's arguments.
pub(super) fn words(own: &ExecArgs, path: Option<&Path>) -> Vec<OsString> {
    let mut words: Vec<OsString> = own.typed.iter().take_while(|word| *word != "--").cloned().collect();
    if let Some(title) = &own.title
        && let Some(at) = words.iter().rposition(|word| word.as_os_str() == title.as_os_str())
    {
        words.remove(at);
    }
    if words.is_empty() {
        words.push("xenia-rs".into());
    }
    words.extend(path.map(|path| path.as_os_str().to_owned()));
    words
}

/// Takes flags out that name files or patches of the command line's title, if the arguments are for
/// another title.
pub(super) fn leave_flags_of_title(args: &mut ExecArgs, own: &ExecArgs) {
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(title) = &own.title else { return };
    if args.title.as_deref().map(place) == Some(place(title)) {
        return;
    }
    let (engine, own) = (&mut args.engine, &own.engine);
    // Values of the other title's own table stay.
    engine.folder.take_if(|folder| own.folder.as_ref() == Some(folder));
    engine.symbols.take_if(|symbols| own.symbols.as_ref() == Some(symbols));
    engine.disc.retain(|disc| !own.disc.contains(disc));
    engine.patches.patches.retain(|patch| patch == "off" || !own.patches.patches.contains(patch));
}

fn failure(name: &str, error: &Error) -> PageFailure {
    let text = error_text(error);
    errln!("xenia-rs: {text}");
    let lines = text.lines().map(str::to_owned).collect();
    PageFailure { heading: format!("{name} can't be run"), lines }
}

/// Lets the next machine load a state.
fn load(args: &mut ExecArgs, path: PathBuf) {
    // A file that cannot be read is reported by the machine.
    args.engine.start_time = StateOrigin::read(&path).ok().and_then(|origin| origin.start_time);
    args.states.load_state = Some(path);
}

/// Keeps a state of the last exit that cannot be loaded, and tells why.
fn refuse_exit(slots: &StateSlots, error: &Error) -> String {
    let kept = match slots.set_aside(EXIT) {
        Ok(path) => format!("it is kept as {}", path.display()),
        Err(error) => format!("{error:#}"),
    };
    let text = format!("the title begins anew: {error:#} ({kept})");
    errln!("xenia-rs: --resume: {text}");
    text
}

/// Adds the run to the record of the title, unless it is one of a test: recorded, replayed, logged
/// or with a limit.
fn note_play(args: &ExecArgs, file: Option<&Path>, finished: &Finished) {
    if args.is_compared() || args.run.has_limit() {
        return;
    }
    // A run that was launched by the title counts as the title's.
    if let (Some(file), Some(state)) = (file, user_folders::state())
        && let Err(error) = plays::add(&state, file, &finished.report)
    {
        tracing::warn!("the run is not in the library's record: {error:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::machine::Launched;

    #[test]
    fn a_state_that_cannot_be_loaded_is_told_from_a_machine_that_cannot_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exit.state");
        std::fs::write(&path, "no state").unwrap();
        let refused = Launched::in_state(&path).err().unwrap();
        assert!(refused.context("the title").is::<StateRefusal>());
        assert!(!Error::msg("--gdb: cannot listen").context("the title").is::<StateRefusal>());
    }

    #[test]
    fn a_command_that_was_not_followed_gives_way_to_a_later_one() {
        let (sender, commands) = mpsc::channel();
        for command in [SessionCommand::LoadState(0), SessionCommand::Restart] {
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

    #[test]
    fn another_title_has_the_flags_of_the_command_line() {
        let words_for = |typed: &str, title: Option<&str>, path: Option<&str>| {
            let own = ExecArgs {
                title: title.map(PathBuf::from),
                typed: typed.split(' ').map(OsString::from).collect(),
                ..ExecArgs::default()
            };
            let words = words(&own, path.map(Path::new));
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words_for("xenia-rs --osd", None, Some("/a.xex")), "xenia-rs --osd /a.xex");
        assert_eq!(words_for("xenia-rs --osd", None, None), "xenia-rs --osd");
        let typed = "xenia-rs exec b.iso --mute -- b.iso";
        assert_eq!(words_for(typed, Some("b.iso"), Some("/a.xex")), "xenia-rs exec --mute /a.xex");
        let args = crate::exec_args(words(&ExecArgs::default(), Some(Path::new("/a.xex")))).unwrap();
        assert_eq!(args.title.as_deref(), Some(Path::new("/a.xex")));
        assert_eq!(args.typed, ["xenia-rs", "/a.xex"]);
    }

    #[test]
    fn another_title_has_no_files_and_patches_of_the_command_lines_title() {
        let typed = "xenia-rs exec /a.xex --folder x --disc 2=y --symbols z --patches p";
        let own = crate::exec_args(typed.split(' ').map(OsString::from).collect()).unwrap();
        let count = |path: &str| {
            let mut args = crate::exec_args(words(&own, Some(Path::new(path)))).unwrap();
            leave_flags_of_title(&mut args, &own);
            let engine = &args.engine;
            let files = engine.folder.iter().count() + engine.symbols.iter().count();
            files + engine.disc.len() + engine.patches.patches.len()
        };
        assert_eq!((count("/a.xex"), count("/b.xex")), (4, 0));
    }
}
