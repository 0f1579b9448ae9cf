//! What the kernel needs from the world outside: owned here, implemented above.

mod audio;
mod clock;
mod devices;
mod dialogs;
mod drive;
mod input;
mod network;
mod storage;
mod video;

pub use audio::{Audio, NoAudio, NoXma, RENDER_FRAME_BYTES, RenderFrame, SongBytes, Xma};
pub use clock::Clock;
pub use devices::Devices;
pub use dialogs::{DialogAnswer, DialogRequest, Dialogs, Icon, MessageBox, NoDialogs, TextRequest};
pub use drive::{Disc, DiscId, Drive, NoDrive};
pub use input::{Gamepad, Input, NoInput, PAD_USERS, PadKind, PadModel};
pub use network::{Network, Ready, Received, Setting, SocketId, SocketKind};
pub use storage::{NoStorage, Storage};
pub use video::{DisplayMode, NoVideo, SwapCommands, SwapRequest, Video, VideoEvent};

/// Takes text that the guest writes.
pub type TextSink = Box<dyn FnMut(&str) + Send>;

/// All ports of a machine.
pub struct Ports {
    /// The graphics chip.
    pub video: Box<dyn Video>,
    /// Where sound goes.
    pub audio: Box<dyn Audio>,
    /// The XMA decoder.
    pub xma: Box<dyn Xma>,
    /// Controllers.
    pub input: Box<dyn Input>,
    /// When guest time begins.
    pub clock: Clock,
    /// Whoever answers dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Other discs of the title.
    pub drive: Box<dyn Drive>,
    /// The network that sockets are on.
    pub network: Box<dyn Network>,
    /// Where saves and caches are kept.
    pub storage: Box<dyn Storage>,
    /// Text that the guest writes: `DbgPrint`, and the plain ELF's text call.
    pub text: TextSink,
}

impl Default for Ports {
    /// No devices and nobody who is asked; text goes nowhere.
    fn default() -> Self {
        Self {
            video: Box::<NoVideo>::default(),
            audio: Box::new(NoAudio),
            xma: Box::new(NoXma),
            input: Box::new(NoInput),
            clock: Clock::default(),
            dialogs: Box::<NoDialogs>::default(),
            drive: Box::new(NoDrive),
            network: Box::new(crate::net::LocalNetwork::alone()),
            storage: Box::new(NoStorage),
            text: Box::new(|_| {}),
        }
    }
}
