//! Internal resolution: the chip's words of a scaled buffer, and resolves to scaled texels.
//!
//! With a scale of one nothing here records commands.

use std::ops::Range;

use super::super::device::Device;
use super::super::mirror::Destination;
use super::super::scale::Scale;
use super::calls::Parameters;
use super::pipelines::{Kernel, Pipelines};
use super::resolve::{Resolve, TexelConversion};
use super::{Edram, dispatch, storage_buffer};

/// Invocations of a workgroup of the kernels that count words or texels.
const COUNTED_GROUP: u64 = 256;
/// Maximum number of workgroups on each axis of a dispatch.
const MAX_GROUPS: u64 = 65_535;

/// Parameters of a kernel that does not use a target.
const NO_TARGET: Parameters = Parameters {
    base: 0,
    pitch_tiles: 0,
    columns: 1,
    rows: 1,
    area: [0; 4],
    clear: [0; 2],
    plane: 0,
    samples: &[],
    scale: 0.0,
    swaps: 0,
    exchange: 0,
    tiled_pitch: 0,
    origin: 0,
};

/// Pipelines for scaled texels beside an EDRAM's, with the buffer of the chip's words.
pub(super) struct ScaledWords(wgpu::Buffer);

impl ScaledWords {
    pub(super) fn new(device: &Device, size: u64) -> Self {
        Self(storage_buffer(device, "EDRAM's words", size))
    }

    pub(super) fn buffer(&self) -> &wgpu::Buffer {
        &self.0
    }
}

/// Records a kernel that counts from the start to the end of a range.
fn count(
    pipelines: &mut Pipelines,
    device: &Device,
    encoder: &mut wgpu::CommandEncoder,
    kernel: Kernel,
    range: &Range<u32>,
    bound: &[wgpu::BindingResource<'_>],
) {
    let parameters = Parameters { area: [range.start, 0, range.end, 0], ..NO_TARGET };
    let calls = pipelines.compute(device, kernel, 0, std::slice::from_ref(&parameters), bound);
    let groups = u64::from(range.end.saturating_sub(range.start)).div_ceil(COUNTED_GROUP);
    let across = groups.clamp(1, MAX_GROUPS);
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(calls.pipeline);
    pass.set_bind_group(0, &calls.group, &calls.offsets);
    pass.dispatch_workgroups(across as u32, groups.div_ceil(across) as u32, 1);
}

impl Edram {
    /// Host pixels per guest pixel.
    pub(crate) fn scale(&self) -> Scale {
        self.pipelines.shaders.scale
    }

    /// Records the copy of a range of the chip's words to the buffer of [`ScaledWords`].
    pub(super) fn gather_words(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        range: &Range<u32>,
    ) {
        let Some(plain) = &self.scaled else { return };
        let bound = [self.words.as_entire_binding(), plain.buffer().as_entire_binding()];
        count(&mut self.pipelines, device, encoder, Kernel::GatherWords, range, &bound);
    }

    /// Sets a range of words in all subpixels, from the buffer of [`ScaledWords`].
    pub(super) fn spread_words(&mut self, device: &Device, range: &Range<u32>) {
        let Some(plain) = &self.scaled else { return };
        let bound = [self.words.as_entire_binding(), plain.buffer().as_entire_binding()];
        let mut encoder = device.device.create_command_encoder(&Default::default());
        count(&mut self.pipelines, device, &mut encoder, Kernel::SpreadWords, range, &bound);
        device.submit([encoder.finish()]);
    }

    /// Records the conversion of texels to their tiled places at the host's resolution, if there is
    /// a scale, after that of pages that have texels of memory.
    pub(crate) fn copy_scaled(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        resolve: &Resolve<'_>,
        conversion: &TexelConversion,
        destination: &Destination,
    ) {
        let Some(pages) = &destination.scaled else { return };
        let scale = self.scale();
        let bytes = conversion.texel_bytes();
        // Before the resolve, which then replaces its part of these pages.
        for range in &pages.spread {
            let texels = range.start / bytes..range.end / bytes;
            let bound = [pages.plain.as_entire_binding(), pages.scaled.as_entire_binding()];
            count(&mut self.pipelines, device, encoder, Kernel::SpreadTexels { bytes }, &texels, &bound);
        }
        let parameters = resolve.tiled_parameters(conversion, destination.origin);
        let kernel = Kernel::ScaledResolve(conversion.texels());
        let bound = [self.words.as_entire_binding(), pages.scaled.as_entire_binding()];
        let parameters = std::slice::from_ref(&parameters);
        let calls = self.pipelines.compute(device, kernel, resolve.format_number(), parameters, &bound);
        let [left, top, right, bottom] = resolve.area();
        dispatch(encoder, calls, [scale.size([right - left, bottom - top])]);
    }
}
