//! The window of titles, or of the library.
//!
//! The machine runs on a separate thread; the window has the main thread, as operating systems
//! demand. When a title ends, its window stays open with the cause, and the title may be run again,
//! unless its runs write files. Runs with a limit, and those for front ends, may be unattended:
//! their window closes.

use super::all_settings::AllSettings;
use super::ending::{CurrentRun, Moment};
use super::gallery::GalleryFolders;
use super::leaves_files;
use super::open_title::SharedOpenTitle;
use super::place;
use super::player::{Player, SessionCommand};
use super::profile_pages::ProfilePages;
use super::refusal;
use super::remapping::Remapping;
use super::session::{self, Next, Session};
use super::session_picture::SessionPicture;
use super::session_volume::SessionVolume;
use super::videos::WindowVideos;
use super::window_library::{SettingsFiles, WindowLibrary};
use crate::cli::ExecArgs;
use anyhow::{Context, Result};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use xenia::config::DialogPolicy;
use xenia::desktop::screen_saver::ScreenSaver;
use xenia::dialogs::{AutomaticDialogs, DialogKeys, WindowDialogs};
use xenia::drawing;
use xenia::input::config::InputConfig;
use xenia::input::{Controllers, LiveInput};
use xenia::interrupt::Interrupt;
use xenia::pace::PaceControl;
use xenia::screenshots::Screenshots;
use xenia::sound::VolumeControl;
use xenia::title::Title;
use xenia::video::VideoTarget;
use xenia_cli::exit::Fault;
use xenia_gpu::PixelSize;
use xenia_kernel::ports::Dialogs;
use xenia_render::{FrameSender, HeldParts, Hotkeys, Overlay, WindowConfig};

/// Initial size of the window in logical pixels: the resolution of most titles.
const SIZE: PixelSize = PixelSize::new(1280, 720);

/// Settings of a run in a window that are not those of the title.
pub(super) struct WindowSettings {
    /// Assignments of keys and pads.
    pub(super) input: InputConfig,
    /// The settings file that the command line names.
    pub(super) named: Option<PathBuf>,
    /// The file in which the menu keeps settings.
    pub(super) file: Option<PathBuf>,
}

/// Whether a title may be left for the library: the run is attended, and writes no files.
fn has_library(args: &ExecArgs) -> bool {
    !(leaves_files(args) || args.run.has_limit() || args.is_compared() || args.window.batch)
}

/// Whether these flags open the library: they name neither a title nor anything that applies only
/// to a title's run.
pub(super) fn opens_library(args: &ExecArgs) -> bool {
    let debug = &args.debug;
    let is_debugged = debug.gdb.is_some() || debug.trace_calls.is_some();
    let is_tested = args.run.dump_threads_after.is_some() || args.engine.cpu.cross_check.is_some();
    let loads = args.states.load_state.is_some() || args.states.load_slot.is_some();
    let is_loaded = loads || !args.arguments.is_empty();
    // As settings, these are for titles of the library.
    let is_of_a_title = ["--folder", "--disc", "--symbols"].into_iter().any(|flag| args.is_typed(flag));
    args.title.is_none()
        && !args.picture.headless
        && has_library(args)
        && !(is_debugged
            || is_tested
            || is_loaded
            || is_of_a_title
            || args.precompile
            || args.guest_exit_code)
}

/// Runs until a limit, the title's end, a signal, or the closing of the window. Without a title the
/// library is shown.
pub(super) fn run(
    args: &ExecArgs,
    title: Option<Title>,
    settings: WindowSettings,
    interrupt: &Interrupt,
) -> Result<u8> {
    let WindowSettings { input, named, file } = settings;
    let hotkeys = input.hotkeys().clone();
    // A process has one event loop, which must not begin with an adapter that is missing.
    if let Err(error) = drawing::check_adapter(args.picture.adapter.as_deref()) {
        return refusal::show_and_return(args, error, &hotkeys, interrupt);
    }
    let name = title.as_ref().map_or_else(|| "library".to_owned(), Title::short_name);
    let place_file = has_library(args).then(place::file).flatten();
    let config = WindowConfig {
        can_keep: file.is_some(),
        has_gallery: true,
        place: place_file.as_deref().and_then(place::read),
        is_library: title.is_none(),
        ..config(args, name, hotkeys.clone())
    };
    let files = SettingsFiles { named, kept: file };
    let (command_sender, commands) = mpsc::channel();
    let thread = match SessionThread::new(args, input, &files, &command_sender, interrupt) {
        Ok(thread) => thread,
        Err(error) => return refusal::show_and_return(args, error, &hotkeys, interrupt),
    };
    let player = thread.player(files, place_file, command_sender.clone());
    let (results, result) = mpsc::channel();
    let current = CurrentRun::new(interrupt, result);
    xenia_render::run(config, player, move |sender| {
        CurrentRun::handle_exit(Moment::Window);
        thread.connect(&sender, command_sender, title.is_none());
        std::thread::spawn(move || {
            // The run's video and packages are complete before its result is available: the end
            // of the display waits only for that.
            let end = || {
                sender.end();
                thread.videos.recorder.finish();
                thread.profile.finish();
            };
            // The receiver is gone only if the program is ending.
            let _ = results.send(guarded(|| thread.run(title, &sender, &commands), end));
        });
    })?;
    current.finish()
}

/// The controllers of a window: those that the flags name, then the host's.
fn open_pads(args: &ExecArgs, settings: &InputConfig) -> Result<Controllers> {
    let controllers = Controllers::default();
    let files = [args.input.pad_mappings.clone(), settings.mappings()];
    let files: Vec<&Path> = files.iter().flatten().map(PathBuf::as_path).collect();
    // First, so that their users do not depend on the connected pads.
    for pipe in &args.input.pad_pipe {
        controllers.plug_pipe(pipe).context("--pad-pipe")?;
    }
    if settings.for_title(None).pads {
        controllers.look_for_pads(&files)?;
    }
    Ok(controllers)
}

/// The thread that runs titles for the window.
struct SessionThread {
    /// The flags of the command line.
    own: ExecArgs,
    controllers: Controllers,
    input: LiveInput,
    control: PaceControl,
    dialog_keys: DialogKeys,
    open_title: SharedOpenTitle,
    volume: VolumeControl,
    videos: WindowVideos,
    profile: ProfilePages,
    library: Option<WindowLibrary>,
    interrupt: Interrupt,
}

impl SessionThread {
    /// A session of these flags, with the controllers of the host.
    fn new(
        args: &ExecArgs,
        settings: InputConfig,
        files: &SettingsFiles,
        commands: &mpsc::Sender<SessionCommand>,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let controllers = open_pads(args, &settings)?;
        let control = PaceControl::default();
        let library = has_library(args)
            .then(|| WindowLibrary::new(args.clone(), files.clone(), control.clone(), commands.clone()));
        let open_title = SharedOpenTitle::default();
        Ok(Self {
            own: args.clone(),
            input: LiveInput::new(controllers.clone(), settings),
            controllers,
            control,
            dialog_keys: DialogKeys::default(),
            profile: ProfilePages::new(args, &open_title, library.clone()),
            open_title,
            volume: VolumeControl::new(args.sound.volume, args.sound.mute),
            videos: WindowVideos::default(),
            library,
            interrupt: interrupt.clone(),
        })
    }

    /// The window's client, which shares the parts of the session.
    fn player(
        &self,
        files: SettingsFiles,
        place_file: Option<PathBuf>,
        commands: mpsc::Sender<SessionCommand>,
    ) -> Player {
        let screenshots = self.own.window.screenshots.clone();
        Player {
            profile: self.profile.clone(),
            controllers: self.controllers.clone(),
            background_input: self.own.input.background_input,
            screen_saver: (!self.own.window.screen_saver).then(ScreenSaver::default),
            dialog_keys: self.dialog_keys.clone(),
            control: self.control.clone(),
            open_title: self.open_title.clone(),
            interrupt: self.interrupt.clone(),
            volume: self.volume.clone(),
            videos: self.videos.clone(),
            gallery: GalleryFolders {
                screenshots: screenshots.unwrap_or_else(Screenshots::default_folder),
                videos: VideoTarget::default_folder(),
            },
            place_file,
            commands,
            library: self.library.clone(),
            remapping: Remapping(self.input.clone()),
            settings_file: files.kept.clone(),
            all_settings: AllSettings::new(self.own.clone(), files, self.open_title.clone()),
        }
    }

    /// Connects the parts that send to the window by themselves; `is_library`: the library is shown
    /// first.
    fn connect(&self, sender: &FrameSender, commands: mpsc::Sender<SessionCommand>, is_library: bool) {
        let pads = sender.clone();
        self.videos.send_messages_to(sender);
        self.profile.begin(sender);
        self.controllers.watch_pads(move |held| {
            pads.pads(HeldParts { buttons: held.buttons, parts: held.parts.0 });
        });
        let messages = sender.clone();
        self.controllers.set_news_receiver(move |text| messages.message(text));
        let (log, lines) = mpsc::channel();
        crate::log::show_to(log);
        let messages = sender.clone();
        std::thread::spawn(move || lines.into_iter().for_each(|line| messages.message(line)));
        let control = self.control.clone();
        let window = sender.clone();
        self.interrupt.when_requested(move || {
            control.close();
            window.end();
            // A title that has ended waits for a command; nothing else receives this.
            let _ = commands.send(SessionCommand::Close);
        });
        if let Some(library) = &self.library {
            library.begin(sender, is_library);
        }
    }

    /// Runs the session: the title, or the library.
    fn run(
        &self,
        title: Option<Title>,
        sender: &FrameSender,
        commands: &mpsc::Receiver<SessionCommand>,
    ) -> Result<u8> {
        let session = Session {
            own: &self.own,
            ports: WindowPorts {
                controllers: &self.controllers,
                input: &self.input,
                control: &self.control,
                dialog_keys: &self.dialog_keys,
                open_title: &self.open_title,
                volume: &self.volume,
                videos: &self.videos,
            },
            sender,
            commands,
            interrupt: &self.interrupt,
            library: self.library.as_ref(),
            picture: SessionPicture::new(self.own.window.picture()),
            volume: SessionVolume::new(&self.own.sound, &self.volume),
        };
        let first = match title {
            Some(title) => Next::Run(Box::new(session::window_args(self.own.clone())), Box::new(title)),
            None => Next::Library(None),
        };
        let result = session.play(first);
        self.controllers.set_still(true);
        result
    }
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
pub(super) struct WindowPorts<'a> {
    pub(super) controllers: &'a Controllers,
    pub(super) input: &'a LiveInput,
    pub(super) control: &'a PaceControl,
    dialog_keys: &'a DialogKeys,
    pub(super) open_title: &'a SharedOpenTitle,
    pub(super) volume: &'a VolumeControl,
    pub(super) videos: &'a WindowVideos,
}

impl WindowPorts<'_> {
    /// Answers to the machine's dialogs.
    pub(super) fn dialogs(&self, args: &ExecArgs, sender: &FrameSender) -> Box<dyn Dialogs> {
        match args.dialogs.dialogs {
            None | Some(DialogPolicy::Ask) => {
                let window = sender.clone();
                let show = Box::new(move |dialog| window.dialog(dialog));
                Box::new(WindowDialogs::new(self.dialog_keys.clone(), self.controllers.clone(), show))
            }
            Some(policy) => Box::new(AutomaticDialogs::new(policy)),
        }
    }
}

pub(super) fn config(args: &ExecArgs, title: String, hotkeys: Hotkeys) -> WindowConfig {
    let window = &args.window;
    let badges = [
        args.run.record.is_some().then_some("* recording"),
        args.run.replay.is_some().then_some("> replaying"),
    ];
    WindowConfig {
        title,
        size: SIZE,
        place: None,
        has_gallery: false,
        full_screen: window.fullscreen,
        adapter: args.picture.adapter.clone(),
        pacing: window.pacing(),
        scaling: window.scaling.into(),
        filter: window.filter.into(),
        appearance: window.appearance(),
        overlay: window.osd.map_or(Overlay::Off, Into::into),
        theme: window.theme.into(),
        hotkeys,
        badges: badges.into_iter().flatten().collect(),
        pause_unfocused: window.pause_unfocused,
        can_restart: !leaves_files(args),
        can_keep: false,
        is_library: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_title_open_no_library_if_they_are_typed() {
        let mut args = ExecArgs::default();
        args.engine.symbols = Some("t.map".into());
        assert!(opens_library(&args), "a setting");
        args.typed = vec!["xenia-rs".into(), "--symbols".into(), "t.map".into()];
        assert!(!opens_library(&args));
    }

    #[test]
    fn a_panic_of_the_machine_ends_the_window_as_an_internal_error() {
        let mut ended = false;
        let result: Result<()> = guarded(|| panic!("a panic of the test's own"), || ended = true);
        assert!(ended && result.unwrap_err().is::<Fault>());
        assert!(guarded(|| Ok(7), || ()).is_ok_and(|value| value == 7));
    }
}
