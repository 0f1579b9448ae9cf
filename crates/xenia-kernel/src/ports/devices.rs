//! The ports of one machine, each behind its own lock. No two locks are held at once.

use super::{Audio, Dialogs, DisplayMode, Drive, Input, Ports, Storage, SwapCommands, TextSink, Video, Xma};
use xenia_sync::{Level, Mutex};

/// The chips that a kernel owns, each behind its own lock.
pub struct ChipPorts {
    pub video: Mutex<Box<dyn Video>>,
    /// Generates the commands of a swap, without the chip's lock.
    pub swap_commands: SwapCommands,
    /// The video mode of the console's settings, without the chip's lock.
    pub display_mode: DisplayMode,
    /// The XMA decoder.
    pub xma: Mutex<Box<dyn Xma>>,
}

impl ChipPorts {
    /// Wraps the chips in locks.
    pub(crate) fn new(video: Box<dyn Video>, xma: Box<dyn Xma>) -> Self {
        Self {
            swap_commands: video.swap_commands(),
            display_mode: video.display_mode(),
            video: Mutex::new(Level::Devices, video),
            xma: Mutex::new(Level::Devices, xma),
        }
    }
}

/// The host's side of a machine: ports that outlive the kernel to which they are lent. Another
/// kernel can run under them after [`start_over`](Self::start_over).
pub struct Devices {
    /// Output of sound frames.
    pub audio: Mutex<Box<dyn Audio>>,
    /// Controllers of users 0–3.
    pub input: Mutex<Box<dyn Input>>,
    /// Source of answers to dialogs.
    pub dialogs: Mutex<Box<dyn Dialogs>>,
    /// Other discs of the title.
    pub drive: Mutex<Box<dyn Drive>>,
    /// Host folders of saves and caches, which each kernel opens when it is made.
    pub storage: Box<dyn Storage>,
    text: Mutex<TextSink>,
}

impl Default for Devices {
    /// No devices, as [`Ports::default`].
    fn default() -> Self {
        Self::new(Ports::default())
    }
}

impl Devices {
    /// Wraps the ports in locks.
    pub fn new(ports: Ports) -> Self {
        let Ports { audio, input, dialogs, drive, storage, text } = ports;
        Self {
            audio: Mutex::new(Level::Devices, audio),
            input: Mutex::new(Level::Devices, input),
            dialogs: Mutex::new(Level::Devices, dialogs),
            drive: Mutex::new(Level::Devices, drive),
            storage,
            text: Mutex::new(Level::Leaf, text),
        }
    }

    /// Ends what the guest has begun on the host: closes the open dialog, and stops the song and
    /// the motors. Called before another kernel is lent the devices, and before a machine goes back
    /// to another moment: many titles set motors only when their speed changes, so these would run
    /// on.
    pub fn start_over(&self) {
        self.dialogs.lock().withdraw();
        self.audio.lock().start_over();
        self.input.lock().start_over();
    }

    /// Passes text of the guest to the text sink.
    pub fn write_text(&self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    /// Passes a part of the guest's text, which need not be UTF-8, to the text sink.
    pub fn write_bytes(&self, part: &[u8]) {
        (self.text.lock())(part);
    }
}
