//! Videos of the title in a window.

use super::open_title::OpenTitle;
use super::player::NO_TITLE;
use std::sync::{Arc, OnceLock};
use xenia::video::VideoRecorder;
use xenia_render::FrameSender;

/// Recorder of the window's videos, and the window that is notified of them; clones share both.
#[derive(Clone, Default)]
pub(super) struct WindowVideos {
    pub(super) recorder: VideoRecorder,
    window: Arc<OnceLock<FrameSender>>,
}

impl WindowVideos {
    /// Sends messages to this window from now on.
    pub(super) fn send_messages_to(&self, window: &FrameSender) {
        let _ = self.window.set(window.clone());
    }

    /// Begins a video of the title that is open, or ends it. Returns a message.
    pub(super) fn toggle(&self, open_title: Option<&OpenTitle>) -> String {
        if self.recorder.is_on() {
            self.recorder.end();
            return "the video ends, and is being completed".to_owned();
        }
        let Some(open_title) = open_title else { return format!("no video: {NO_TITLE}") };
        // A video that ended by itself is complete.
        self.recorder.end();
        let window = self.window.clone();
        let begun = self.recorder.begin(&open_title.video, move |text| {
            if let Some(window) = window.get() {
                window.message(text);
            }
        });
        begun.map_or_else(|error| format!("no video: {error:#}"), |()| "a video is recorded".to_owned())
    }
}
