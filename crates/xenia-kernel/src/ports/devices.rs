//! The ports of one machine, each behind its own lock. No two locks are held at once.

use super::{Audio, Dialogs, DisplayMode, Drive, Input, Ports, SwapCommands, TextSink, Video, Xma};
use xenia_sync::{Level, Mutex};

/// The ports of one machine, each behind its own lock.
pub struct Devices {
    pub video: Mutex<Box<dyn Video>>,
    /// Generates the commands of a swap, without the chip's lock.
    pub swap_commands: SwapCommands,
    /// The video mode of the console's settings, without the chip's lock.
    pub display_mode: DisplayMode,
    /// Output of sound frames.
    pub audio: Mutex<Box<dyn Audio>>,
    /// The XMA decoder.
    pub xma: Mutex<Box<dyn Xma>>,
    /// Controllers of users 0–3.
    pub input: Mutex<Box<dyn Input>>,
    /// Source of answers to dialogs.
    pub dialogs: Mutex<Box<dyn Dialogs>>,
    /// Other discs of the title.
    pub drive: Mutex<Box<dyn Drive>>,
    text: Mutex<TextSink>,
}

impl Devices {
    /// Wraps the ports in locks. The storage port is not kept: only the file system uses it, once.
    pub(crate) fn new(ports: Ports) -> Self {
        let Ports { video, audio, xma, input, dialogs, drive, text, .. } = ports;
        Self {
            swap_commands: video.swap_commands(),
            display_mode: video.display_mode(),
            video: Mutex::new(Level::Devices, video),
            audio: Mutex::new(Level::Devices, audio),
            xma: Mutex::new(Level::Devices, xma),
            input: Mutex::new(Level::Devices, input),
            dialogs: Mutex::new(Level::Devices, dialogs),
            drive: Mutex::new(Level::Devices, drive),
            text: Mutex::new(Level::Leaf, text),
        }
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
