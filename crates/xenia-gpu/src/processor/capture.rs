//! Swaps, and capture of their frames.

use super::deferred_effects::{Effect, Swap};
use super::{CommandProcessor, GpuEvent};
use crate::backend::{Frame, PresentCall, SwapPicture};
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
        self.effect(Effect::Swap(Box::new(Swap { physical, call })));
        self.backend.end_frame();
    }

    /// Shows a swap's front buffer.
    pub(super) fn show(&mut self, Swap { physical, call }: &Swap) {
        let &PresentCall { width, height, .. } = call;
        self.statistics.swaps += 1;
        let number = self.statistics.swaps;
        self.events.push(GpuEvent::Swap { physical: *physical, width, height, number });
        if self.config.capture_all || self.capture {
            self.capture = false;
            let mut picture = self.backend.present_on_device(call, &*self.memory).map(SwapPicture::Device);
            if picture.is_none() {
                self.reach_picture(call);
                picture = self.backend.present(call, &*self.memory).map(SwapPicture::Bytes);
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
