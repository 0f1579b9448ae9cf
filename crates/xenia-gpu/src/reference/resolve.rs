//! Resolves: averages, converts and tiles samples into memory; clears.
//!
//! Texels with the bits of samples are written as words; all others are converted
//! ([`Reader::color`]). Memory is written before the targets are cleared.

use super::block::BlockPosition;
use super::color;
use super::memory::Edram;
use super::samples::Samples;
use crate::Cancel;
use crate::backend::BackendError;
use crate::draw_state::{CopyDestination, CopySource, DepthClear, ResolveCall};
use crate::edram::EdramSurface;
use crate::enums::{ColorTargetFormat, CopyCommand};
use crate::memory::PhysicalMemory;
use crate::microcode::{LANES, Mask};
use crate::resolve::{
    Rect, ResolvedPixels, check_comparisons, copies_floats, rectangle, samples, store, store_comparisons,
    store_words,
};
use crate::texture::{Layout, TexelFormat, encode, swap};

/// Executes a resolve and its clears, until the token cancels them.
pub(super) fn resolve(
    call: &ResolveCall,
    edram: &Edram,
    memory: &dyn PhysicalMemory,
    cancel: &Cancel,
) -> Result<(), BackendError> {
    let Some(ResolvedPixels { rect, whole }) = rectangle(call, memory)? else { return Ok(()) };
    let resolver = Resolver { call, edram, memory, rect, cancel };
    let stored = match call.command {
        CopyCommand::Raw | CopyCommand::Convert => resolver.store_source(),
        CopyCommand::Null => Ok(()),
        CopyCommand::Compare => resolver.store_comparisons(),
    };
    // Also after an error: the next draws expect cleared targets.
    resolver.clear_targets();
    stored.and(whole)
}

/// One resolve: its registers, the memories on both sides, and the rectangle of pixels.
struct Resolver<'a> {
    call: &'a ResolveCall,
    edram: &'a Edram,
    memory: &'a dyn PhysicalMemory,
    rect: Rect,
    cancel: &'a Cancel,
}

impl<'a> Resolver<'a> {
    fn color_surface(&self, base: u32, format: ColorTargetFormat) -> EdramSurface {
        let words = if format.is_64_bit() { 2 } else { 1 };
        EdramSurface::color(base, self.call.pitch, self.call.msaa.columns(), words)
    }

    fn depth_surface(&self, base: u32) -> EdramSurface {
        EdramSurface::depth(base, self.call.pitch, self.call.msaa.columns())
    }

    fn reader(&self, surface: EdramSurface) -> Reader<'a> {
        let samples = samples(self.call.sample_select, self.call.msaa.samples());
        Reader { edram: self.edram, surface, samples, call: self.call }
    }

    /// Writes the samples of the source to memory.
    fn store_source(&self) -> Result<(), BackendError> {
        match self.call.source {
            CopySource::Depth { base, .. } => {
                // Depths are never averaged.
                self.store_words(&self.reader(self.depth_surface(base)), |bits| bits);
                Ok(())
            }
            CopySource::Color { base, format } => {
                self.store_colors(&self.reader(self.color_surface(base, format)), format)
            }
        }
    }

    /// Writes bits that comparisons make of the first selected sample.
    fn store_comparisons(&self) -> Result<(), BackendError> {
        check_comparisons(self.call)?;
        if let CopySource::Color { base, format } = self.call.source {
            let reader = self.reader(self.color_surface(base, format));
            store_comparisons(self.call, self.memory, self.rect, self.cancel, |x, y| {
                reader.sample(x, y, reader.samples[0])[0]
            });
        }
        Ok(())
    }

    fn store_colors(&self, reader: &Reader<'_>, source: ColorTargetFormat) -> Result<(), BackendError> {
        let destination = &self.call.destination;
        let format = TexelFormat::from_number(destination.format)
            .filter(|format| format.is_color_destination())
            .ok_or_else(|| BackendError::Unsupported(format!("resolve to format {}", destination.format)))?;
        let has_one_sample = reader.samples.len() == 1;
        if has_one_sample && copies_floats(source, format, destination) {
            match format.bytes {
                4 => self.store_words(reader, |bits| bits),
                bytes => self.store_long_floats(reader, bytes),
            }
        } else if has_one_sample && let Some(exchange) = bit_exchange(source, format, destination) {
            self.store_words(reader, exchange);
        } else {
            self.store_converted(reader, source, format);
        }
        Ok(())
    }

    /// Writes the words of the first selected sample, with some of their bits exchanged.
    fn store_words(&self, reader: &Reader<'_>, exchange: fn(u32) -> u32) {
        let endian = self.call.destination.endian;
        store_words(self.call, self.memory, self.rect, self.cancel, |x, y| {
            let mut bytes = reader.words(x, y, reader.samples[0]).map(|bits| exchange(bits).to_le_bytes());
            for bytes in &mut bytes {
                swap(bytes, endian);
            }
            bytes
        });
    }

    /// Writes the two words of the first selected sample, as they are.
    fn store_long_floats(&self, reader: &Reader<'_>, texel_bytes: u32) {
        store(self.call, self.memory, self.rect, texel_bytes, self.cancel, |x, y| {
            let words = reader.sample(x, y, reader.samples[0]).map(u32::to_le_bytes);
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(words.as_flattened());
            swap(&mut bytes[..8], self.call.destination.endian);
            bytes
        });
    }

    /// Writes the means of the selected samples, in the destination's format.
    fn store_converted(&self, reader: &Reader<'_>, source: ColorTargetFormat, format: &TexelFormat) {
        let destination = &self.call.destination;
        store(self.call, self.memory, self.rect, format.bytes, self.cancel, |x, y| {
            let mut color = reader.color(source, x, y);
            if destination.swap {
                color.swap(0, destination.swapped_with_red());
            }
            let mut bytes = encode(format.layout, destination.number, color);
            swap(&mut bytes[..format.bytes as usize], destination.endian);
            bytes
        });
    }

    fn clear_targets(&self) {
        if let (Some([first, second]), CopySource::Color { base, format }) =
            (self.call.clear_color, self.call.source)
        {
            let second = if format.is_64_bit() { second } else { 0 };
            self.clear(self.color_surface(base, format), [first, second]);
        }
        if let Some(DepthClear { base, word }) = self.call.clear_depth {
            self.clear(self.depth_surface(base), [word, 0]);
        }
    }

    /// Fills the rectangle of a target with a sample value.
    fn clear(&self, surface: EdramSurface, bits: [u32; 2]) {
        let [left, top, right, bottom] = self.rect;
        let msaa = self.call.msaa;
        let words = bits.map(|bits| [bits; LANES]);
        // By blocks: the upper and both lateral sides are multiples of eight.
        for y in (top..bottom).step_by(2).take_while(|_| !self.cancel.cuts()) {
            let lanes = if y + 1 < bottom { Mask::MAX } else { Mask::MAX >> 8 };
            for x in (left..right).step_by(8) {
                for sample in 0..msaa.samples() {
                    let at = BlockPosition { x: x as i32, y: y as i32 };
                    let samples = Samples::new(surface, msaa, at, sample);
                    samples.store(self.edram, &words, surface.words == 2, lanes);
                }
            }
        }
    }
}

/// Exchange of bits by which a sample's word becomes the texel; `None` if values are converted.
fn bit_exchange(
    source: ColorTargetFormat,
    format: &TexelFormat,
    destination: &CopyDestination,
) -> Option<fn(u32) -> u32> {
    if destination.exponent_bias != 0 || destination.number != 0 {
        return None;
    }
    let exchange: fn(u32) -> u32 = match (source, format.layout) {
        (ColorTargetFormat::Rgba8, Layout::Fields([8, 8, 8, 8])) => {
            |bits| bits & 0xff00_ff00 | bits >> 16 & 0xff | (bits & 0xff) << 16
        }
        (ColorTargetFormat::Rgb10A2, Layout::Fields([10, 10, 10, 2])) => {
            |bits| bits & 0xc00f_fc00 | bits >> 20 & 0x3ff | (bits & 0x3ff) << 20
        }
        _ => return None,
    };
    Some(if destination.swap { exchange } else { |bits| bits })
}

/// Reader of a resolve's source pixels.
struct Reader<'a> {
    edram: &'a Edram,
    surface: EdramSurface,
    samples: &'static [u32],
    call: &'a ResolveCall,
}

impl Reader<'_> {
    #[inline]
    fn sample(&self, x: u32, y: u32, sample: u32) -> [u32; 2] {
        let (column, row) = self.call.msaa.cell(x, y, sample);
        let run = self.surface.row(column, row);
        let low = self.edram.get(run.word(0));
        [low, if self.surface.words == 2 { self.edram.get(run.word(1)) } else { 0 }]
    }

    /// Words of four pixels' samples of one word, from a multiple of four. Samples of two
    /// neighbouring pixels are neighbours in all layouts.
    #[inline]
    fn words(&self, x: u32, y: u32, sample: u32) -> [u32; 4] {
        let pair = |x: u32| {
            let (column, row) = self.call.msaa.cell(x, y, sample);
            let first = self.surface.row(column, row).word(0);
            [self.edram.get(first), self.edram.get(first + 1)]
        };
        let [[a, b], [c, d]] = [pair(x), pair(x + 2)];
        [a, b, c, d]
    }

    /// Mean of the selected samples. Sums and products take denormals for zeros and have one NaN,
    /// as host devices may; a single sample that is not scaled keeps denormals and NaN payloads.
    fn color(&self, format: ColorTargetFormat, x: u32, y: u32) -> [f32; 4] {
        let scale = 2.0_f32.powi(self.call.destination.exponent_bias) / self.samples.len() as f32;
        if let (&[sample], 1.0) = (self.samples, scale) {
            // Adding zero makes zeros positive, as the general case does, and NaNs quiet.
            return color::unpack(format, self.sample(x, y, sample)).map(|value| 0.0 + value);
        }
        let mut sum = [0.0; 4];
        for &sample in self.samples {
            for (sum, value) in sum.iter_mut().zip(color::unpack(format, self.sample(x, y, sample))) {
                *sum = flush_denormal(*sum + flush_denormal(value));
            }
        }
        sum.map(|sum| flush_denormal(sum * scale))
    }
}

/// Zero for denormals and zeros, and one NaN for all.
#[inline]
fn flush_denormal(value: f32) -> f32 {
    if value.is_nan() {
        f32::from_bits(0x7fc0_0000)
    } else if value.abs() < f32::MIN_POSITIVE {
        0.0
    } else {
        value
    }
}
