//! The window: what the machine sends to it, and what it tells the machine's owner.
//!
//! ```text
//!  machine's thread                         main thread
//!  FrameSender ──newest frame, figures──▶ mailbox ──▶ events ──▶ view ──▶ presenter
//!                                                       └─ Client: keys, pause, step, turbo, screenshots
//! ```
//!
//! The machine never waits for the window: a frame that comes before the last one was shown
//! replaces it.

mod events;
mod keys;
mod mailbox;
mod meter;
mod osd;
mod page;
pub(crate) mod scaling;
mod text;
mod view;

pub use keys::{BINDINGS, Binding};
pub use mailbox::FrameSender;
pub use meter::{Figures, Sounding};
pub use osd::Overlay;
pub use page::{Phase, Stopped};
pub use scaling::{Filter, Scaling};

use mailbox::Message;
use winit::event_loop::EventLoop;
use winit::keyboard::KeyCode;
use xenia_gpu::Frame;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The system has no display to open a window on.
    #[error("no display: {0}")]
    NoDisplay(String),
    /// The graphics device can't be used.
    #[error("{what} {reason}")]
    Device {
        /// What is missing.
        what: &'static str,
        /// What the system says.
        reason: String,
    },
}

impl RenderError {
    /// Of the window library's error, without the place in its sources.
    fn no_display(error: &dyn std::error::Error) -> Self {
        let text = error.to_string();
        let why =
            text.strip_prefix("os error at ").and_then(|rest| rest.split_once(": ")).map(|(_, why)| why);
        Self::NoDisplay(why.unwrap_or(&text).to_owned())
    }
}

/// How the window starts.
#[derive(Clone, Debug)]
pub struct WindowConfig {
    /// What is shown, for the title bar.
    pub title: String,
    /// Width and height in logical pixels.
    pub size: (u32, u32),
    /// Whether it fills the screen.
    pub full_screen: bool,
    /// Whether it waits for the display's vertical blank.
    pub vsync: bool,
    /// How frames are fitted into it.
    pub scaling: Scaling,
    /// How frames are made larger or smaller.
    pub filter: Filter,
    /// Which figures are shown over the picture.
    pub overlay: Overlay,
    /// What is always said in a corner, such as that the run is recorded.
    pub badges: Vec<&'static str>,
    /// The machine's keys and what they are, for the page of keys.
    pub controller: &'static [(&'static str, &'static str)],
}

/// What the window sees of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key went down, or repeats.
    Pressed(KeyCode),
    /// A key went up.
    Released(KeyCode),
    /// The window lost the keyboard: keys that go up now are not seen.
    Lost,
}

/// What the window asks of the machine's owner, on the main thread.
pub trait Client {
    /// A key that is none of [`BINDINGS`].
    fn key(&mut self, event: KeyEvent);

    /// A key for the dialog that the machine shows, and the text that it makes. What is drawn then;
    /// `None`: there is no dialog.
    fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> Option<Vec<String>>;

    /// The machine stops, or goes on.
    fn pause(&mut self, paused: bool);

    /// The machine, which is paused, runs until it has shown a frame.
    fn step(&mut self);

    /// The machine runs as fast as it can, or no longer.
    fn turbo(&mut self, on: bool);

    /// The machine that has stopped is to begin again.
    fn again(&mut self);

    /// Keeps a frame, whose number is given; says where, or why not.
    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String>;
}

/// Opens a window, calls `start` with the sender for frames, and runs until the window is closed or
/// [`FrameSender::end`] is called. `start` is called only once there is a window. Must run on the
/// main thread.
pub fn run(
    config: WindowConfig,
    client: impl Client + 'static,
    start: impl FnOnce(FrameSender) + 'static,
) -> Result<(), RenderError> {
    let event_loop =
        EventLoop::<Message>::with_user_event().build().map_err(|error| RenderError::no_display(&error))?;
    let mut events = events::Events::new(config, client, start, event_loop.create_proxy());
    event_loop.run_app(&mut events).map_err(|error| RenderError::no_display(&error))?;
    events.into_result()
}
