//! Swaps, and capture of their frames.

use std::sync::Arc;

use super::deferred_effects::{Effect, Swap};
use super::{CommandProcessor, GpuEvent};
use crate::backend::{DevicePicture, Frame, PresentCall, SwapPicture};
use crate::registers::FETCH_CONSTANTS;

/// Maximum number of captured frames; the oldest is dropped when more arrive. Titles swap once or
/// twice per pump.
pub(super) const MAX_FRAMES: usize = 8;
impl CommandProcessor {
    /// Requests capture of the next swap's frame.
    pub fn capture_next(&mut self) {
        self.capture = true;
    }

    /// Takes the picture of the swap with this number, if it was captured, as bytes. Pictures of
    /// earlier swaps are dropped.
    pub fn take_frame(&mut self, number: u64) -> Option<Frame> {
        self.take_picture(number)?.into_frame()
    }

    /// Takes the picture of the swap with this number, if it was captured. Pictures of earlier
    /// swaps are dropped.
    pub fn take_picture(&mut self, number: u64) -> Option<SwapPicture> {
        while self.frames.front().is_some_and(|(of, _)| *of < number) {
            self.frames.pop_front();
        }
        self.frames.pop_front_if(|(of, _)| *of == number).map(|(_, picture)| picture)
    }

    /// Submits the front buffer for display.
    pub(super) fn swap(&mut self, physical: u32, width: u32, height: u32) {
        self.signal();
        self.swaps = self.swaps.wrapping_add(1);
        self.counter = self.counter.wrapping_add(1);
        let mut fetch = [0; 6];
        fetch.copy_from_slice(self.registers.range(FETCH_CONSTANTS, 6));
        let call = PresentCall { fetch, width, height, gamma: self.display.gamma.ramps.clone() };
        let picture = self.picture_of_late(&call);
        self.effect(Effect::Swap(Box::new(Swap { physical, call, picture })));
        self.backend.end_frame();
    }

    /// Picture on the device of a swap that is going to be queued: later packets may resolve to its
    /// front buffer before it is shown. `None` if it shows queued stores, too, or without a window:
    /// a frame as bytes is made when it is shown.
    fn picture_of_late(&mut self, call: &PresentCall) -> Option<Arc<dyn DevicePicture>> {
        let is_captured = self.config.capture_all || self.capture;
        if !is_captured || !self.late.has_effects() {
            return None;
        }
        if call.memory().is_some_and(|range| self.late.writes(range)) {
            return None;
        }
        self.backend.present_on_device(call, &*self.memory)
    }

    /// Shows a swap's front buffer.
    pub(super) fn show(&mut self, Swap { physical, call, picture }: Swap) {
        let PresentCall { width, height, .. } = call;
        self.statistics.swaps += 1;
        let number = self.statistics.swaps;
        self.events.push(GpuEvent::Swap { physical, width, height, number });
        if self.config.capture_all || self.capture {
            self.capture = false;
            let picture = picture.or_else(|| self.backend.present_on_device(&call, &*self.memory));
            let mut picture = picture.map(SwapPicture::Device);
            if picture.is_none() {
                self.reach_picture(&call);
                picture = self.backend.present(&call, &*self.memory).map(SwapPicture::Bytes);
            }
            if let Some(picture) = picture {
                if self.frames.len() == MAX_FRAMES {
                    self.frames.pop_front();
                    self.statistics.count_problem("a picture was let go: too many swaps at once");
                }
                self.frames.push_back((number, picture));
            }
        }
    }
}
