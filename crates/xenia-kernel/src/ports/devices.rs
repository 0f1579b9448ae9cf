//! The ports of one machine, each behind its own lock. Taken one at a time.

use super::{Audio, Dialogs, Input, Ports, TextSink, Video};
use xenia_sync::{Level, Mutex};

/// See the module's documentation.
pub struct Devices {
    /// The graphics chip.
    pub video: Mutex<Box<dyn Video>>,
    /// Sound.
    pub audio: Mutex<Box<dyn Audio>>,
    /// Controllers.
    pub input: Mutex<Box<dyn Input>>,
    /// Whoever answers dialogs.
    pub dialogs: Mutex<Box<dyn Dialogs>>,
    text: Mutex<TextSink>,
}

impl Devices {
    /// Puts locks around the ports. Where saves are only the file system asks, once.
    pub(crate) fn new(ports: Ports) -> Self {
        let Ports { video, audio, input, dialogs, storage: _, text } = ports;
        Self {
            video: Mutex::new(Level::Devices, video),
            audio: Mutex::new(Level::Devices, audio),
            input: Mutex::new(Level::Devices, input),
            dialogs: Mutex::new(Level::Devices, dialogs),
            text: Mutex::new(Level::Leaf, text),
        }
    }

    /// Passes text of the guest on.
    pub fn write_text(&self, text: &str) {
        (self.text.lock())(text);
    }
}
