//! Canonical EDRAM: one buffer of 10 MiB in the chip's layout, and the conversions to and from it.
//!
//! ```text
//!                  dump (compute)              resolve (compute)
//!   host texture ───────────────► 2048 tiles ───────────────────► texels ──► mirror of memory
//!                ◄─────────────── 80 x 16 words
//!                  load (draw)     ▲ clear (compute)
//! ```
//!
//! Render targets are caches of tiles; [`ownership`](super::ownership) decides which target owns
//! which tile. A dump followed by a load preserves the contents, and so does a load followed by a
//! dump, with two exceptions: NaNs in 32-bit floats may lose their payload on some drivers, because
//! host textures hold them as floats; and formats that the host can't render to exactly are rounded
//! ([`TargetPlace::host_format`]).
//!
//! Depth in host textures is finer than 24 bits. A load replaces it by the 24-bit value, even if
//! the finer value would give the same bits. Keeping the finer value would need a copy of the
//! texture, and a target whose tiles no other target has written in between is never loaded anyway.

mod calls;
mod groups;
mod pipelines;
mod place;
mod resolve;
mod scaled;
mod stencil;
mod stored;
#[cfg(test)]
mod tests;

use std::ops::Range;

use xenia_gpu::BackendError;
use xenia_gpu::edram::{EDRAM_WORDS, TILE_WORDS};
use xenia_gpu::resolve::Rect;

use super::device::Device;
use super::mapping::Mapping;
use super::scale::Scale;
use calls::Parameters;
use pipelines::{BoundCalls, Kernel, Load, Part, Pipelines};
pub(crate) use place::{TargetFormat, TargetPlace};
pub(crate) use resolve::{Resolve, TexelConversion};
use scaled::ScaledWords;
use stencil::StencilBits;

/// Width and height in samples of a compute workgroup.
const GROUP: u32 = 16;

/// A draw of one part of the samples of an area.
struct PartDraw {
    part: Part,
    parameters: Parameters,
    /// The stencil reference.
    reference: u32,
}

/// Host texture of a render target.
#[derive(Clone, Copy)]
pub(crate) struct TargetTexture<'a> {
    /// The target's tiles.
    pub(crate) place: &'a TargetPlace,
    /// Of the format [`TargetPlace::host_format`], with [`TargetPlace::host_samples`] samples.
    pub(crate) texture: &'a wgpu::Texture,
}

/// EDRAM on the host's device.
pub(crate) struct Edram {
    /// The chip's words; with a scale, one for each subpixel.
    words: wgpu::Buffer,
    /// With a scale, the chip's words on their way to the CPU and back.
    scaled: Option<ScaledWords>,
    pipelines: Pipelines,
    stencil: StencilBits,
    /// Buffers for resolved texels: the device writes the first, the CPU reads the second. Grown as
    /// needed.
    texels: Option<[wgpu::Buffer; 2]>,
    /// Buffer through which words are read back.
    back: Option<wgpu::Buffer>,
}

impl Edram {
    /// Creates an EDRAM of zeros.
    pub(crate) fn new(device: &Device, scale: Scale) -> Self {
        let size = EDRAM_WORDS as u64 * 4;
        let words = storage_buffer(device, "EDRAM", scale.bytes(size, 4));
        let scaled = (!scale.is_one()).then(|| ScaledWords::new(device, size));
        let pipelines = Pipelines::new(device, scale);
        let stencil = StencilBits::new();
        Self { words, scaled, pipelines, stencil, texels: None, back: None }
    }

    /// The largest scale that a device has buffers for, at most the one given. Logs a lower one.
    pub(crate) fn largest_scale(device: &Device, wanted: Scale) -> Scale {
        let limits = device.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let fits = |scale: &Scale| scale.bytes(EDRAM_WORDS as u64 * 4, 4) <= most;
        let scale = (1..=wanted.factor()).rev().filter_map(Scale::new).find(fits).unwrap_or_default();
        if scale != wanted {
            let wanted = wanted.factor();
            let factor = scale.factor();
            tracing::warn!(
                target: "gpu",
                wanted,
                factor,
                "the graphics adapter has no buffers for this internal resolution; a lower one is used",
            );
        }
        scale
    }

    /// Stores areas of a host texture in the tiles of its place.
    ///
    /// For a depth texture, `stencil` has the bits that may be set in its stencil; else it is not
    /// used.
    pub(crate) fn dump(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        target: TargetTexture<'_>,
        areas: &[Rect],
        stencil: u8,
    ) {
        if areas.is_empty() {
            return;
        }
        let TargetTexture { place, texture } = target;
        let multisampled = texture.sample_count() != 1;
        let (kernel, stencil) = match place.format {
            TargetFormat::Color(_) => (Kernel::DumpColor { multisampled }, 0xff),
            TargetFormat::Depth(_) => (Kernel::DumpDepth { multisampled }, stencil),
        };
        let scale = self.scale();
        let calls: Vec<_> = areas.iter().map(|area| parameters(place, scale.rect(*area))).collect();
        let format = place.format.number();
        let calls = self.pipelines.dump(device, kernel, format, &calls, texture, &self.words);
        dispatch(encoder, calls, areas.iter().map(|area| samples_across(place, scale.rect(*area))));
        for area in areas {
            self.stencil.write(place, *area, stencil);
        }
    }

    /// Drops what keeps host textures alive that were dumped.
    pub(crate) fn forget_textures(&mut self) {
        self.pipelines.forget_textures();
    }

    /// Draws the contents of tiles to areas of a host texture. Returns the bits that may then be
    /// set in its stencil, in those pixels.
    ///
    /// A stencil is loaded with one pass per bit, for bits that may be set anywhere in the tiles,
    /// so titles without a stencil pay nothing.
    pub(crate) fn load(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        target: TargetTexture<'_>,
        areas: &[Rect],
    ) -> u8 {
        if areas.is_empty() {
            return 0;
        }
        let TargetTexture { place, texture } = target;
        let mut draws = Vec::new();
        let mut all_stencil = 0;
        for area in areas {
            let parameters = parameters(place, self.scale().rect(*area));
            let (part, stencil) = match place.format {
                TargetFormat::Color(_) => (Part::Color, 0),
                TargetFormat::Depth(_) => (Part::Depth, self.stencil.bits_in(place, *area)),
            };
            draws.push(PartDraw { part, parameters, reference: 0 });
            for plane in (0..8).map(|bit| 1 << bit).filter(|plane| stencil & plane != 0) {
                let parameters = Parameters { plane: u32::from(plane), ..parameters };
                draws.push(PartDraw { part: Part::Plane(plane), parameters, reference: 0xff });
            }
            all_stencil |= stencil;
        }
        let view = texture.create_view(&Default::default());
        let mut pass = begin(encoder, place, &view);
        self.draw(device, &mut pass, target, &draws);
        all_stencil
    }

    /// Draws the bits of a sample to every sample in an area of a host texture. This is the
    /// counterpart of [`clear`](Self::clear) for textures.
    pub(crate) fn fill(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        target: TargetTexture<'_>,
        area: Rect,
        bits: [u32; 2],
    ) {
        let TargetTexture { place, texture } = target;
        let [left, top, right, bottom] = self.scale().rect(area);
        let area = [left, top, right.min(texture.width()), bottom.min(texture.height())];
        if area[0] >= area[2] || area[1] >= area[3] {
            return;
        }
        let parameters = Parameters { clear: bits, ..parameters(place, area) };
        let view = texture.create_view(&Default::default());
        let mut pass = begin(encoder, place, &view);
        let part = match place.format {
            TargetFormat::Color(_) => Part::FilledColor,
            TargetFormat::Depth(_) => Part::FilledDepth,
        };
        let draw = PartDraw { part, parameters, reference: bits[0] & 0xff };
        self.draw(device, &mut pass, target, &[draw]);
    }

    /// Draws parts of samples, each to the area of its parameters.
    fn draw(
        &mut self,
        device: &Device,
        pass: &mut wgpu::RenderPass<'_>,
        target: TargetTexture<'_>,
        draws: &[PartDraw],
    ) {
        let TargetTexture { place, texture } = target;
        let calls: Vec<_> = draws.iter().map(|draw| draw.parameters).collect();
        let (group, offsets) = self.pipelines.bind(device, &calls, &self.words);
        for (PartDraw { part, parameters, reference }, offset) in draws.iter().zip(offsets) {
            let [left, top, right, bottom] = parameters.area;
            // The viewport is the area. With a scissor instead, Mesa's software driver leaves out
            // samples 2 and 3 of the last row in passes that only write stencil.
            let [x, y, width, height] = [left, top, right - left, bottom - top].map(|pixels| pixels as f32);
            pass.set_viewport(x, y, width, height, 0.0, 1.0);
            pass.set_pipeline(self.pipelines.render(device, Load::new(*part, place, texture)));
            pass.set_bind_group(0, &group, &[offset]);
            pass.set_stencil_reference(*reference);
            pass.draw(0..4, 0..1);
        }
    }

    /// Passes the words of runs of tiles, one after another, to `read`, after all submitted
    /// commands.
    pub(crate) fn read_words(
        &mut self,
        device: &Device,
        runs: &[Range<u32>],
        read: impl FnOnce(&[u32]),
    ) -> Result<(), BackendError> {
        let back = self.back.take().unwrap_or_else(|| {
            device.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("EDRAM, read back"),
                size: EDRAM_WORDS as u64 * 4,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        });
        let mut encoder = device.device.create_command_encoder(&Default::default());
        let mut size = 0;
        for run in runs {
            let range = run.start * TILE_WORDS..run.end * TILE_WORDS;
            self.gather_words(device, &mut encoder, &range);
            let words = self.scaled.as_ref().map_or(&self.words, ScaledWords::buffer);
            let [from, bytes] = [range.start, range.end - range.start].map(|words| u64::from(words) * 4);
            encoder.copy_buffer_to_buffer(words, from, &back, size, bytes);
            size += bytes;
        }
        device.submit([encoder.finish()]);
        let view = read_back(device, &back, size)?;
        let words = bytemuck::try_cast_slice(&view).map_err(|error| BackendError::Host(error.to_string()))?;
        read(words);
        drop(view);
        back.unmap();
        self.back = Some(back);
        Ok(())
    }

    /// Replaces a range of the words by that of `words`, which are all [`EDRAM_WORDS`], before all
    /// later submissions.
    pub(crate) fn set_words(&mut self, device: &Device, words: &[u32], range: Range<usize>) {
        let Some(part) = words.get(range.clone()) else { return };
        let to = self.scaled.as_ref().map_or(&self.words, ScaledWords::buffer);
        device.upload(to, range.start as u64 * 4, bytemuck::cast_slice(part));
        self.spread_words(device, &(range.start as u32..range.end as u32));
        self.stencil.set_words(words, range);
    }
}

/// Creates a buffer of zeros for shaders and copies.
fn storage_buffer(device: &Device, label: &str, size: u64) -> wgpu::Buffer {
    use wgpu::BufferUsages as Usage;
    device.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size,
        usage: Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Begins a render pass that preserves the target's other contents.
fn begin<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    place: &TargetPlace,
    view: &wgpu::TextureView,
) -> wgpu::RenderPass<'a> {
    fn keep<V>() -> wgpu::Operations<V> {
        wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store }
    }
    let color = [Some(wgpu::RenderPassColorAttachment {
        view,
        depth_slice: None,
        resolve_target: None,
        ops: keep(),
    })];
    let is_color = matches!(place.format, TargetFormat::Color(_));
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("load"),
        color_attachments: if is_color { &color } else { &[] },
        depth_stencil_attachment: (!is_color).then_some(wgpu::RenderPassDepthStencilAttachment {
            view,
            depth_ops: Some(keep()),
            stencil_ops: Some(keep()),
        }),
        ..Default::default()
    })
}

/// Parameters of a call for an area: in host pixels, for resolves in guest pixels.
fn parameters(place: &TargetPlace, area: Rect) -> Parameters {
    Parameters {
        base: place.base,
        pitch_tiles: place.pitch_tiles(),
        columns: place.msaa.columns(),
        rows: place.msaa.rows(),
        area,
        ..Default::default()
    }
}

/// Width and height of an area in samples.
fn samples_across(place: &TargetPlace, [left, top, right, bottom]: Rect) -> [u32; 2] {
    [(right - left) * place.msaa.columns(), (bottom - top) * place.msaa.rows()]
}

/// Records the dispatches of a step, each with a number of invocations, one after another.
fn dispatch(
    encoder: &mut wgpu::CommandEncoder,
    calls: BoundCalls<'_>,
    sizes: impl IntoIterator<Item = [u32; 2]>,
) {
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(calls.pipeline);
    for (offset, [width, height]) in calls.offsets.into_iter().zip(sizes) {
        pass.set_bind_group(0, &calls.group, &[offset]);
        pass.dispatch_workgroups(width.div_ceil(GROUP), height.div_ceil(GROUP), 1);
    }
}

/// Waits for the device, then lets the CPU read the start of a buffer.
pub(super) fn read_back(
    device: &Device,
    buffer: &wgpu::Buffer,
    size: u64,
) -> Result<wgpu::BufferView, BackendError> {
    Mapping::begin(device, buffer.clone(), size).wait(device)
}
