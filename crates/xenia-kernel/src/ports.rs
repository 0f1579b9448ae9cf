//! Ports: interfaces to the host's devices, declared by the kernel and implemented by the crates
//! above. The network's is [`xenia_net`]'s.

mod audio;
mod devices;
mod dialogs;
mod drive;
mod input;
mod storage;
mod video;

pub use audio::{Audio, NoAudio, NoXma, RENDER_FRAME_BYTES, RenderFrame, SongBytes, Xma};
pub use devices::Devices;
pub use dialogs::{DialogAnswer, DialogRequest, Dialogs, Icon, MessageBox, NoDialogs, TextRequest};
pub use drive::{Disc, DiscId, Drive, NoDrive};
pub use input::{Gamepad, Input, NoInput, PadKind, PadModel};
pub use storage::{NoStorage, ScratchPlace, Storage};
pub use video::{DisplayMode, NoVideo, SwapCommands, SwapRequest, Video, VideoEvent};
pub use xenia_net::{Network, Ready, Received, Setting, SocketId, SocketKind};
pub use xenia_objects::clock::{self, Clock};

/// Sink for text that the guest writes. A part may end within a character, and need not be UTF-8.
pub type TextSink = Box<dyn FnMut(&[u8]) + Send>;

/// All ports of a machine.
pub struct Ports {
    pub video: Box<dyn Video>,
    /// Output of sound frames.
    pub audio: Box<dyn Audio>,
    /// The XMA decoder.
    pub xma: Box<dyn Xma>,
    /// Controllers of users 0–3.
    pub input: Box<dyn Input>,
    /// Clock with the start of guest time.
    pub clock: Clock,
    /// Source of answers to dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Other discs of the title.
    pub drive: Box<dyn Drive>,
    /// Network of the title's sockets.
    pub network: Box<dyn Network>,
    /// Host folders of saves and caches.
    pub storage: Box<dyn Storage>,
    /// Sink for text that the guest writes: `DbgPrint`, and the text call of plain ELFs.
    pub text: TextSink,
}

impl Default for Ports {
    /// No devices and default answers to dialogs; text is discarded.
    fn default() -> Self {
        Self {
            video: Box::<NoVideo>::default(),
            audio: Box::new(NoAudio),
            xma: Box::new(NoXma),
            input: Box::new(NoInput),
            clock: Clock::default(),
            dialogs: Box::<NoDialogs>::default(),
            drive: Box::new(NoDrive),
            network: Box::new(xenia_net::LocalNetwork::isolated()),
            storage: Box::new(NoStorage),
            text: Box::new(|_| {}),
        }
    }
}
