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
pub use devices::{ChipPorts, Devices};
pub use dialogs::{DialogAnswer, DialogRequest, Dialogs, Icon, MessageBox, NoDialogs, TextRequest};
pub use drive::{Disc, DiscId, Drive, NoDrive};
pub use input::{Gamepad, Input, NoInput, PadKind, PadModel};
pub use storage::{NoStorage, ScratchPlace, Storage};
pub use video::{DisplayMode, NoVideo, SwapCommands, SwapRequest, Video, VideoEvent};
pub use xenia_net::{Network, Ready, Received, Setting, SocketId, SocketKind};
pub use xenia_objects::clock::{self, Clock};

/// Sink for text that the guest writes. A part may end within a character, and need not be UTF-8.
pub type TextSink = Box<dyn FnMut(&[u8]) + Send>;

/// Chips of one console. They work on the memory of one machine, and their state is part of its
/// state, so each kernel owns its own.
pub struct Chipset {
    /// The graphics chip.
    pub video: Box<dyn Video>,
    /// The XMA decoder.
    pub xma: Box<dyn Xma>,
    /// Network of the title's sockets.
    pub network: Box<dyn Network>,
    /// Clock with the start of guest time.
    pub clock: Clock,
}

impl Default for Chipset {
    /// No graphics chip and no decoder, the machine's own network, and the same start time in every
    /// run.
    fn default() -> Self {
        Self {
            video: Box::<NoVideo>::default(),
            xma: Box::new(NoXma),
            network: Box::new(xenia_net::LocalNetwork::isolated()),
            clock: Clock::default(),
        }
    }
}

/// Ports to the host, of which [`Devices`] are made.
pub struct Ports {
    /// Output of sound frames.
    pub audio: Box<dyn Audio>,
    /// Controllers of users 0–3.
    pub input: Box<dyn Input>,
    /// Source of answers to dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Other discs of the title.
    pub drive: Box<dyn Drive>,
    /// Host folders of saves and caches.
    pub storage: Box<dyn Storage>,
    /// Sink for text that the guest writes: `DbgPrint`, and the text call of plain ELFs.
    pub text: TextSink,
}

impl Default for Ports {
    /// No devices and default answers to dialogs; text is discarded.
    fn default() -> Self {
        Self {
            audio: Box::new(NoAudio),
            input: Box::new(NoInput),
            dialogs: Box::<NoDialogs>::default(),
            drive: Box::new(NoDrive),
            storage: Box::new(NoStorage),
            text: Box::new(|_| {}),
        }
    }
}
