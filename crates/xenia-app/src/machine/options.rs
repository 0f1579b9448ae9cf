//! What a machine is made with.

use crate::cli::{DialogPolicy, EngineArgs, PictureArgs};
use crate::dialogs::Unasked;
use crate::gpu_port::{Capture, FrameSink};
use crate::interrupt::Interrupt;
use crate::sound::Sound;
use std::path::{Path, PathBuf};
use xenia_kernel::ports::{Dialogs, Input, NoInput, TextSink};
use xenia_kernel::title::Inheritance;

/// What a machine is made with, beside its title.
pub struct MachineOptions<'a> {
    /// Engine and scheduler flags.
    pub engine: &'a EngineArgs,
    /// Which GPU draws, and how; `auto` is the reference here.
    pub picture: &'a PictureArgs,
    /// Which swaps a picture is made of.
    pub capture: Capture,
    /// Takes the pictures.
    pub frames: FrameSink,
    /// Takes text that the guest writes.
    pub text: TextSink,
    /// The controllers.
    pub input: Box<dyn Input>,
    /// Whoever answers dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Where saves are kept; `None`: in memory.
    pub content: Option<PathBuf>,
    /// Where compiled code is kept; `None`: nowhere.
    pub code_cache: Option<PathBuf>,
    /// Compiles the title's code before it runs, unless this ends it; `None`: doesn't.
    pub precompile: Option<&'a Interrupt>,
    /// Where the event log goes.
    pub event_log: Option<&'a Path>,
    /// Where a recording of the input goes.
    pub record: Option<&'a Path>,
    /// A recording that answers in place of the controllers.
    pub replay: Option<&'a Path>,
    /// Where its contention for locks is recorded.
    pub record_contention: Option<&'a Path>,
    /// What the title before has left, if another title has launched this one.
    pub launched: Option<Launched>,
    /// Where sound goes.
    pub sound: Sound,
    /// What the title gets on its command line.
    pub arguments: &'a [String],
}

impl<'a> MachineOptions<'a> {
    /// No pictures, text that goes nowhere, no controllers, and nothing written beside. What
    /// differs is named, and the rest taken from here: `MachineOptions { text,
    /// ..MachineOptions::new(engine, picture) }`.
    pub fn new(engine: &'a EngineArgs, picture: &'a PictureArgs) -> Self {
        Self {
            engine,
            picture,
            capture: Capture::Nothing,
            frames: Box::new(|_, _| {}),
            text: Box::new(|_| {}),
            input: Box::new(NoInput),
            dialogs: Box::new(Unasked::new(DialogPolicy::Accept)),
            content: None,
            code_cache: None,
            precompile: None,
            event_log: None,
            record: None,
            replay: None,
            record_contention: None,
            launched: None,
            sound: Sound::null(),
            arguments: &[],
        }
    }
}

/// A title that another has launched.
#[derive(Debug)]
pub struct Launched {
    /// Guest path of its executable.
    pub path: String,
    /// What the title before has left.
    pub inheritance: Inheritance,
}
