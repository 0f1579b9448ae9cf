//! The titles that a window runs, one after the other, with the library between them.

use super::player::SessionCommand;
use super::session_picture::SessionPicture;
use super::session_volume::SessionVolume;
use super::title_runs::TitleRuns;
use super::window_library::WindowLibrary;
use super::windowed::WindowPorts;
use super::{notes, open_title, refusal};
use crate::cli::ExecArgs;
use crate::settings;
use anyhow::{Error, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::drawing;
use xenia::interrupt::Interrupt;
use xenia::say::errln;
use xenia::title::{Title, short_name};
use xenia_cli::Code;
use xenia_render::{FrameSender, PageFailure};

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
    pub(super) picture: SessionPicture,
    pub(super) volume: SessionVolume<'a>,
}

impl Session<'_> {
    /// Runs until the window is closed, or the only title has ended.
    pub(super) fn play(&self, first: Next) -> Result<u8> {
        let mut next = first;
        let mut returns_to_library = false;
        loop {
            next = match next {
                Next::End(code) => return Ok(code),
                Next::Library(failure) => {
                    returns_to_library = true;
                    self.show_library(failure)
                }
                Next::Run(args, title) => {
                    let name = title.short_name();
                    for note in notes(&args, &title) {
                        self.sender.message(note);
                    }
                    let ended = TitleRuns::new(self, *args, &title, returns_to_library).run(*title);
                    let is_attended = self.interrupt.cause().is_none();
                    match ended {
                        Err(error) if is_attended && returns_to_library => {
                            Next::Library(Some(failure(&name, &error)))
                        }
                        Err(error) if is_attended && refusal::is_shown(self.own) => {
                            self.show_refusal(&name, error)?
                        }
                        ended => ended?,
                    }
                }
            };
        }
    }

    /// Shows the library until a title is chosen.
    fn show_library(&self, failure: Option<PageFailure>) -> Next {
        self.read_again();
        *self.ports.open_title.lock() = None;
        let of_all = crate::exec_args(words(self.own, None));
        self.apply(of_all.as_ref().unwrap_or(self.own));
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
                // These commands were for a title that has ended meanwhile.
                Ok(SessionCommand::Restart | SessionCommand::LoadState(_) | SessionCommand::ShowLibrary) => {}
                Ok(SessionCommand::Close) | Err(_) => {
                    return Next::End(self.interrupt.cause().map_or(Code::Done, Code::from).number());
                }
            }
        }
    }

    /// Shows why the only title can't be run, until the window is closed, or the user goes on with
    /// another title or the library.
    fn show_refusal(&self, name: &str, error: Error) -> Result<Next> {
        // Without a machine, its states can't be loaded.
        *self.ports.open_title.lock() = None;
        self.sender.stopped(refusal::reason(name, &error));
        loop {
            match self.commands.recv() {
                Ok(SessionCommand::Open(path)) => {
                    errln!("xenia-rs: {}", settings::explained(&error));
                    self.ports.control.expect_machine();
                    return Ok(self.open(path));
                }
                Ok(SessionCommand::ShowLibrary) => {
                    errln!("xenia-rs: {}", settings::explained(&error));
                    self.ports.control.expect_machine();
                    return Ok(Next::Library(None));
                }
                Ok(SessionCommand::Restart | SessionCommand::LoadState(_)) => {}
                Ok(SessionCommand::Close) | Err(_) => return Err(error),
            }
        }
    }

    /// Reads the settings of picture and volume again, of the title that is left, or of all titles:
    /// a page of settings may have changed them, which acted at once.
    fn read_again(&self) {
        let file = self.ports.open_title.lock().as_ref().and_then(|title| title.file.clone());
        if let Ok(args) = crate::exec_args(words(self.own, file.as_deref())) {
            self.apply(&args);
        }
    }

    /// Applies settings of picture and volume.
    fn apply(&self, args: &ExecArgs) {
        if let Some(change) = self.picture.show(args.window.picture()) {
            self.sender.change_picture(change);
        }
        self.volume.show(&args.sound);
    }

    /// Reads the settings again for a restart: some may have been changed.
    pub(super) fn read_settings(&self, args: &mut ExecArgs) {
        let read = || -> Result<ExecArgs> {
            let mut new = crate::exec_args(args.typed.clone())?;
            new.states.load_state = None;
            new.states.load_slot = None;
            leave_flags_of_title(&mut new, self.own);
            new.refuse_unsupported()?;
            Ok(window_args(new))
        };
        match read() {
            Ok(new) => {
                self.apply(&new);
                *args = new;
            }
            Err(error) => self.sender.message(format!("the settings are those before: {error:#}")),
        }
    }

    /// Opens another title than that of the command line, with the same flags, except for those
    /// that are about that title alone.
    pub(super) fn open(&self, path: Option<PathBuf>) -> Next {
        self.read_again();
        let opened = || -> Result<(ExecArgs, Title)> {
            let mut args = crate::exec_args(words(self.own, path.as_deref()))?;
            args.states.load_state = None;
            leave_flags_of_title(&mut args, self.own);
            args.refuse_unsupported()?;
            let args = window_args(args);
            let title = open_title(&args)?;
            Ok((args, title))
        };
        match opened() {
            Ok((args, title)) => {
                self.sender.title(title.short_name());
                self.apply(&args);
                Next::Run(Box::new(args), Box::new(title))
            }
            Err(error) => {
                let name = path.as_deref().map_or_else(|| "demo".to_owned(), short_name);
                Next::Library(Some(failure(&name, &error)))
            }
        }
    }
}

/// The arguments as a window needs them: parallel, unless a flag needs lockstep.
pub(super) fn window_args(mut args: ExecArgs) -> ExecArgs {
    args.picture.gpu = drawing::gpu_for_window(&(&args.picture).into(), args.is_compared());
    args.engine.mode.parallel |= !args.needs_lockstep();
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

/// Removes flags that name files or patches of the command line's title, if the arguments are for
/// another title.
pub(super) fn leave_flags_of_title(args: &mut ExecArgs, own: &ExecArgs) {
    let place = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(title) = &own.title else { return };
    if args.title.as_deref().map(place) == Some(place(title)) {
        return;
    }
    let engine = &mut args.engine;
    let own = &own.engine;
    // Values of the other title's own table stay.
    engine.folder.take_if(|folder| own.folder.as_ref() == Some(folder));
    engine.symbols.take_if(|symbols| own.symbols.as_ref() == Some(symbols));
    engine.disc.retain(|disc| !own.disc.contains(disc));
    engine.patches.patches.retain(|patch| patch == "off" || !own.patches.patches.contains(patch));
}

fn failure(name: &str, error: &Error) -> PageFailure {
    let text = settings::explained(error);
    errln!("xenia-rs: {text}");
    let lines = text.lines().map(str::to_owned).collect();
    PageFailure { heading: format!("{name} can't be run"), lines }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_refusal_in_the_window_names_the_place_of_a_setting() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let refused = |key_file: &str| {
            std::fs::write(&file, format!("[exec]\nkey-file = \"{key_file}\"\n")).unwrap();
            let words = ["xenia-rs", "exec", "/a.xex", "--config", file.to_str().unwrap()];
            crate::exec_args(words.iter().map(OsString::from).collect()).unwrap();
            failure("a", &anyhow::anyhow!("cannot read {key_file}")).lines
        };
        for key_file in ["/nowhere/k.toml", "/elsewhere/k.toml"] {
            let place = format!("  --key-file is set in {}, line 2", file.display());
            assert_eq!(refused(key_file), [format!("cannot read {key_file}"), place]);
        }
    }

    #[test]
    fn files_and_patches_of_the_command_line_apply_to_its_title_only() {
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
