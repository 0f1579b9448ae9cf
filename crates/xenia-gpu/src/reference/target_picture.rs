//! Image of a render target's current contents, for debugging draw by draw.

use super::color::{self, ColorPlace};
use super::memory::Edram;
use crate::backend::Frame;
use crate::draw_state::DrawCall;
use crate::edram::EdramSurface;
use crate::present::MAX_SIDE;
use crate::texture::depth_to_single;

/// Image of a draw's first colour target, or of its depth (near is dark) if it has none, down to
/// the scissor's lower edge. It shows the first sample of each pixel, clamped to 0..1 and opaque.
/// `None` if the draw may not touch any pixel.
pub(super) fn target_picture(call: &DrawCall, edram: &Edram) -> Option<Frame> {
    let width = call.pitch.min(MAX_SIDE);
    let height = u32::try_from(call.scissor.bottom).ok()?.min(MAX_SIDE);
    let target = call.color.iter().flatten().next().map(|target| ColorPlace::new(target, call));
    let depth = EdramSurface::depth(call.depth.base, call.pitch, call.msaa.columns());
    let place = target.as_ref().map_or(depth, |target| target.place);
    let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
    for y in 0..height {
        for x in 0..width {
            let (column, row) = call.msaa.cell(x, y, 0);
            let at = place.row(column, row);
            let low = edram.get(at.word(0));
            let value = match &target {
                Some(target) => {
                    let high = if place.words == 2 { edram.get(at.word(1)) } else { 0 };
                    color::unpack(target.format, [low, high])
                }
                None => [depth_to_single(call.depth.format, low >> 8); 4],
            };
            let [r, g, b, _] = value.map(|value| (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
            rgba.extend([r, g, b, 255]);
        }
    }
    (width != 0 && height != 0).then_some(Frame { width, height, rgba })
}
