//! Resolves from the EDRAM buffer: the device converts texels, and writes them at their tiled
//! places in a buffer. Those that no buffer mirrors are converted in row order, and the CPU tiles
//! them into memory.

use xenia_gpu::draw_state::{CopySource, DepthClear, ResolveCall};
use xenia_gpu::enums::{ColorTargetFormat, CopyCommand, DepthFormat};
use xenia_gpu::resolve::{
    Rect, ResolvedPixels, check_comparisons, copies_floats, rectangle, samples, store_comparisons, store_rows,
};
use xenia_gpu::texture::layout::MACRO_TILE;
use xenia_gpu::texture::{Layout, TexelFormat};
use xenia_gpu::{BackendError, Cancel, PhysicalMemory};

use super::super::device::Device;
use super::calls::Parameters;
use super::pipelines::{Kernel, Texels};
use super::{Edram, TargetFormat, TargetPlace, dispatch, parameters, read_back, samples_across};
use crate::backend::mapping::device_buffer;
use crate::backend::mirror::{Destination, Footprint};

/// Texels are converted in runs of rows of at most this many bytes, or one row of macro tiles.
const RUN_BYTES: u32 = 16 << 20;

/// Resolve with a known rectangle.
pub(crate) struct Resolve<'a> {
    call: &'a ResolveCall,
    area: Rect,
    /// Whether the rectangle is complete; else the error of the missing part.
    whole: Result<(), BackendError>,
}

/// Conversion of a resolve's samples to texels.
pub(crate) struct TexelConversion {
    texels: Texels,
    samples: &'static [u32],
}

impl TexelConversion {
    /// Bytes of a texel.
    pub(crate) fn texel_bytes(&self) -> u32 {
        self.texels.bytes
    }

    /// The texels' format.
    pub(super) fn texels(&self) -> Texels {
        self.texels
    }
}

// Conversions of samples to texels (`KIND` in resolve.wgsl): a sample's bits, components in bit
// fields, components as 16-bit and 32-bit floats.
pub(super) const RAW: u32 = 0;
pub(super) const FIELDS: u32 = 1;
pub(super) const HALF: u32 = 2;
pub(super) const SINGLE: u32 = 3;

impl<'a> Resolve<'a> {
    /// Reads the rectangle's vertices; `None` if it has no pixels.
    pub(crate) fn new(
        call: &'a ResolveCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<Option<Self>, BackendError> {
        let covered = rectangle(call, memory)?;
        Ok(covered.map(|ResolvedPixels { rect: area, whole }| Self { call, area, whole }))
    }

    /// The pixels: left, top, right, bottom.
    pub(crate) fn area(&self) -> Rect {
        self.area
    }

    /// Whether the area is the whole rectangle of the resolve.
    pub(crate) fn whole(self) -> Result<(), BackendError> {
        self.whole
    }

    fn place(&self, base: u32, format: TargetFormat) -> TargetPlace {
        TargetPlace { base, pitch: self.call.pitch, msaa: self.call.msaa, format }
    }

    /// Target that the resolve selects, whether it is read or not.
    fn source(&self) -> TargetPlace {
        match self.call.source {
            CopySource::Color { base, format } => self.place(base, TargetFormat::Color(format)),
            CopySource::Depth { base, format } => self.place(base, TargetFormat::Depth(format)),
        }
    }

    /// Target that is read in [`area`](Self::area).
    pub(crate) fn read(&self) -> Option<TargetPlace> {
        (self.call.command != CopyCommand::Null).then(|| self.source())
    }

    /// Whether components become bits, which the CPU packs: the device only reads the samples.
    pub(crate) fn packs_bits(&self) -> bool {
        self.call.command == CopyCommand::Compare
    }

    /// Targets that are then cleared in [`area`](Self::area), and the bits of a sample. The format
    /// of a depth target that is not the source is unknown, and given as D24S8.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = (TargetPlace, [u32; 2])> {
        let source = self.source();
        let color = match (source.format, self.call.clear_color) {
            (TargetFormat::Color(format), Some([first, second])) => {
                Some((source, [first, if format.is_64_bit() { second } else { 0 }]))
            }
            _ => None,
        };
        let depth = self.call.clear_depth.map(|DepthClear { base, word }| {
            let format = match source.format {
                TargetFormat::Depth(format) => format,
                TargetFormat::Color(_) => DepthFormat::D24S8,
            };
            (self.place(base, TargetFormat::Depth(format)), [word, 0])
        });
        color.into_iter().chain(depth)
    }

    /// Conversion to texels; `None` if the resolve only clears.
    pub(crate) fn conversion(&self) -> Result<Option<TexelConversion>, BackendError> {
        let call = self.call;
        match call.command {
            CopyCommand::Raw | CopyCommand::Convert => {}
            CopyCommand::Compare => check_comparisons(call)?,
            CopyCommand::Null => return Ok(None),
        }
        let mut samples = samples(call.sample_select, call.msaa.samples());
        if matches!(call.source, CopySource::Depth { .. }) || self.packs_bits() {
            samples = &samples[..1]; // depths and bits are never averaged
        }
        Ok(Some(TexelConversion { texels: self.texels(samples)?, samples }))
    }

    /// Place of the texels.
    pub(crate) fn footprint(&self, conversion: &TexelConversion) -> Footprint {
        let destination = self.call.destination;
        let texel_bytes = conversion.texels.bytes;
        Footprint { destination, area: self.area, texel_bytes }
    }

    /// Number of the source's format in the shaders.
    pub(super) fn format_number(&self) -> u32 {
        self.source().format.number()
    }

    /// Parameters of the whole conversion to tiled places, in a buffer whose first byte is at
    /// `origin` of the destination.
    pub(super) fn tiled_parameters(&self, conversion: &TexelConversion, origin: u32) -> Parameters {
        let tiled_pitch = self.call.destination.pitch.next_multiple_of(MACRO_TILE);
        Parameters { tiled_pitch, origin, ..self.parameters(conversion, self.area) }
    }

    /// Parameters of the conversion of an area, in row order.
    fn parameters(&self, conversion: &TexelConversion, area: Rect) -> Parameters {
        let place = self.source();
        let destination = &self.call.destination;
        let samples = conversion.samples;
        let packs_bits = self.packs_bits();
        Parameters {
            samples,
            scale: 2.0_f32.powi(destination.exponent_bias) / samples.len() as f32,
            swaps: match place.format {
                TargetFormat::Color(_) if destination.swap && !packs_bits => {
                    destination.swapped_with_red() as u32
                }
                _ => 0,
            },
            // The byte order is one of the packed blocks.
            exchange: if packs_bits { 1 } else { exchange(destination.endian, conversion.texels.bytes) },
            ..parameters(&place, area)
        }
    }

    /// Texel format of the destination.
    fn texels(&self, samples: &[u32]) -> Result<Texels, BackendError> {
        let raw = Texels { kind: RAW, widths: [0; 4], number: 0, bytes: 4 };
        let CopySource::Color { format: source, .. } = self.call.source else { return Ok(raw) };
        if self.packs_bits() {
            return Ok(raw);
        }
        let destination = &self.call.destination;
        let unsupported = || BackendError::Unsupported(format!("resolve to format {}", destination.format));
        let format =
            TexelFormat::from_number(destination.format).filter(|format| format.is_color_destination());
        let format = format.ok_or_else(unsupported)?;
        let is_plain = samples.len() == 1 && destination.exponent_bias == 0 && destination.number == 0;
        let converted = Texels { bytes: format.bytes, ..raw };
        if samples.len() == 1 && copies_floats(source, format, destination) {
            return Ok(Texels { bytes: format.bytes, ..raw });
        }
        Ok(match (source, format.layout) {
            (ColorTargetFormat::Rgba8, Layout::Fields([8, 8, 8, 8])) if is_plain => raw,
            (ColorTargetFormat::Rgb10A2, Layout::Fields([10, 10, 10, 2])) if is_plain => raw,
            (_, Layout::Fields(widths)) => {
                // Fields can't contain floats; unsigned fractions are used instead.
                let number = if destination.number < 4 { destination.number } else { 0 };
                Texels { kind: FIELDS, widths, number, ..converted }
            }
            (_, Layout::Half(_)) => Texels { kind: HALF, ..converted },
            (_, Layout::Single(_)) => Texels { kind: SINGLE, ..converted },
            _ => return Err(unsupported()),
        })
    }
}

/// Number of bytes that are reversed together for a byte order, in texels of `bytes` bytes; 3 means
/// that half words are exchanged.
fn exchange(endian: u32, bytes: u32) -> u32 {
    match endian {
        1 => 2.min(bytes),
        2 => 4.min(bytes),
        3 if bytes >= 4 => 3,
        4 => 8.min(bytes),
        5 => 16.min(bytes),
        _ => 1,
    }
}

impl Edram {
    /// Executes a resolve and its clears in the buffer, like the reference.
    #[cfg(test)]
    pub(crate) fn resolve(
        &mut self,
        device: &Device,
        resolve: &Resolve<'_>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let copied = resolve.conversion().and_then(|conversion| {
            conversion.map_or(Ok(()), |conversion| self.copy_out(device, resolve, &conversion, memory))
        });
        let mut encoder = device.device.create_command_encoder(&Default::default());
        for (place, bits) in resolve.cleared() {
            self.clear(device, &mut encoder, &place, resolve.area, bits);
        }
        device.submit([encoder.finish()]);
        copied
    }

    /// Fills the samples of an area with bits.
    pub(crate) fn clear(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        place: &TargetPlace,
        area: Rect,
        bits: [u32; 2],
    ) {
        let scaled = self.scale().rect(area);
        let parameters = Parameters { clear: bits, ..parameters(place, scaled) };
        let bound = [self.words.as_entire_binding()];
        let calls = self.pipelines.compute(
            device,
            Kernel::Clear,
            place.format.number(),
            std::slice::from_ref(&parameters),
            &bound,
        );
        dispatch(encoder, calls, [samples_across(place, scaled)]);
        self.stencil.write(place, area, (bits[0] | bits[1]) as u8);
    }

    /// Records the conversion of texels to their tiled places in a buffer.
    pub(crate) fn copy_tiled(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        resolve: &Resolve<'_>,
        conversion: &TexelConversion,
        destination: &Destination,
    ) {
        let place = resolve.source();
        let parameters = resolve.tiled_parameters(conversion, destination.origin);
        let words = self.words.clone();
        let bound = [words.as_entire_binding(), destination.buffer.as_entire_binding()];
        self.convert(device, encoder, &place, conversion.texels, &parameters, &bound);
    }

    /// Executes a resolve without its clears, after all submitted commands.
    pub(crate) fn copy_out(
        &mut self,
        device: &Device,
        resolve: &Resolve<'_>,
        conversion: &TexelConversion,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let place = resolve.source();
        let bytes = conversion.texels.bytes;
        let [left, top, right, bottom] = resolve.area;
        let row_bytes = (right - left) * bytes;
        // Runs end at rows of macro tiles, which are stored as a whole.
        let rows = (RUN_BYTES / row_bytes / MACRO_TILE).max(1) * MACRO_TILE;
        let mut start = top;
        while start < bottom {
            let end = ((start / MACRO_TILE * MACRO_TILE) + rows).min(bottom);
            let area = [left, start, right, end];
            let parameters = resolve.parameters(conversion, area);
            let size = u64::from(row_bytes * (end - start));
            let view = self.make(device, &place, conversion.texels, &parameters, size)?;
            if resolve.packs_bits() {
                let word = |x: u32, y: u32| {
                    let at = ((y - area[1]) * row_bytes + (x - left) * bytes) as usize;
                    u32::from_le_bytes(std::array::from_fn(|byte| view[at + byte]))
                };
                store_comparisons(resolve.call, memory, area, &Cancel::default(), word);
            } else {
                store_rows(resolve.call, memory, area, bytes, &view);
            }
            drop(view);
            if let Some([_, back]) = &self.texels {
                back.unmap();
            }
            start = end;
        }
        Ok(())
    }

    /// Records the conversion of an area.
    fn convert(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        place: &TargetPlace,
        texels: Texels,
        parameters: &Parameters,
        bound: &[wgpu::BindingResource<'_>],
    ) {
        let kernel = Kernel::Resolve(texels);
        let parameters_of = std::slice::from_ref(parameters);
        let calls = self.pipelines.compute(device, kernel, place.format.number(), parameters_of, bound);
        let [left, top, right, bottom] = parameters.area;
        // An invocation writes whole words, each of which may have several texels.
        let across = (right - left) / (4 / texels.bytes).max(1);
        dispatch(encoder, calls, [[across, bottom - top]]);
    }

    /// Converts `bytes` bytes of texels, and maps them.
    fn make(
        &mut self,
        device: &Device,
        place: &TargetPlace,
        texels: Texels,
        parameters: &Parameters,
        size: u64,
    ) -> Result<wgpu::BufferView, BackendError> {
        use wgpu::BufferUsages as Usage;
        if self.texels.as_ref().is_none_or(|[made, _]| made.size() < size) {
            // The device need not have memory for the last ones, too.
            self.texels = None;
            let buffer = |usage| {
                device_buffer(device, "resolved texels", size.next_power_of_two(), usage)
                    .ok_or_else(|| BackendError::Host("no memory for the texels of a resolve".into()))
            };
            let made = buffer(Usage::STORAGE | Usage::COPY_SRC)?;
            self.texels = Some([made, buffer(Usage::MAP_READ | Usage::COPY_DST)?]);
        }
        let Some([made, back]) = &self.texels else { unreachable!("made above") };
        let made = made.clone();
        let back = back.clone();
        let words = self.words.clone();
        let bound = [words.as_entire_binding(), made.as_entire_binding()];
        let mut encoder = device.device.create_command_encoder(&Default::default());
        self.convert(device, &mut encoder, place, texels, parameters, &bound);
        encoder.copy_buffer_to_buffer(&made, 0, &back, 0, size);
        device.submit([encoder.finish()]);
        read_back(device, &back, size)
    }
}
