//! Resolves: averages, converts and tiles samples into memory; clears.

use super::block::BlockPosition;
use super::color;
use super::memory::Edram;
use super::samples::Samples;
use crate::backend::BackendError;
use crate::draw_state::{CopySource, ResolveCall};
use crate::edram::EdramSurface;
use crate::enums::CopyCommand;
use crate::limits::Cancel;
use crate::memory::PhysicalMemory;
use crate::microcode::{LANES, Mask};
use crate::resolve::{Rect, copies_floats, rectangle, samples, store, store_words};
use crate::texture::{Format, Layout, encode, swap};

/// Reader of a resolve's source pixels.
struct Reader<'a> {
    edram: &'a Edram,
    place: EdramSurface,
    source: CopySource,
    samples: &'static [u32],
    call: &'a ResolveCall,
}

impl Reader<'_> {
    #[inline]
    fn sample(&self, x: u32, y: u32, sample: u32) -> [u32; 2] {
        let (column, row) = self.call.msaa.cell(x, y, sample);
        let run = self.place.row(column, row);
        let low = self.edram.get(run.word(0));
        [low, if self.place.words == 2 { self.edram.get(run.word(1)) } else { 0 }]
    }

    /// Words of four pixels' samples of one word, from a multiple of four. Samples of two
    /// neighbouring pixels are neighbours in all layouts.
    #[inline]
    fn words(&self, x: u32, y: u32, sample: u32) -> [u32; 4] {
        let pair = |x: u32| {
            let (column, row) = self.call.msaa.cell(x, y, sample);
            let first = self.place.row(column, row).word(0);
            [self.edram.get(first), self.edram.get(first + 1)]
        };
        let [[a, b], [c, d]] = [pair(x), pair(x + 2)];
        [a, b, c, d]
    }

    /// Mean of the selected samples. Arithmetic takes denormals for zeros and gives one NaN, as
    /// host devices may.
    fn color(&self, x: u32, y: u32) -> [f32; 4] {
        let CopySource::Color { format, .. } = self.source else { return [0.0; 4] };
        let scale = 2.0_f32.powi(self.call.destination.exponent_bias) / self.samples.len() as f32;
        if let (&[sample], 1.0) = (self.samples, scale) {
            return color::unpack(format, self.sample(x, y, sample)).map(|value| 0.0 + value);
        }
        let mut sum = [0.0; 4];
        for &sample in self.samples {
            for (sum, value) in sum.iter_mut().zip(color::unpack(format, self.sample(x, y, sample))) {
                *sum = settled(*sum + settled(value));
            }
        }
        sum.map(|sum| settled(sum * scale))
    }
}

/// Zero for denormals and zeros, and one NaN for all.
#[inline]
fn settled(value: f32) -> f32 {
    if value.is_nan() {
        f32::from_bits(0x7fc0_0000)
    } else if value.abs() < f32::MIN_POSITIVE {
        0.0
    } else {
        value
    }
}

/// Fills a rectangle of a target with a sample value.
fn clear(
    (edram, cancel): (&Edram, &Cancel),
    call: &ResolveCall,
    place: EdramSurface,
    [left, top, right, bottom]: Rect,
    bits: [u32; 2],
) {
    let words = bits.map(|bits| [bits; LANES]);
    // By blocks: the upper and both lateral sides are multiples of eight.
    for y in (top..bottom).step_by(2).take_while(|_| !cancel.cuts()) {
        let lanes = if y + 1 < bottom { Mask::MAX } else { Mask::MAX >> 8 };
        for x in (left..right).step_by(8) {
            for sample in 0..call.msaa.samples() {
                let at = BlockPosition { x: x as i32, y: y as i32 };
                Samples::new(place, call.msaa, at, sample).store(edram, &words, place.words == 2, lanes);
            }
        }
    }
}

/// Executes a resolve and its clears, until the token cancels them.
pub(super) fn copy(
    call: &ResolveCall,
    edram: &Edram,
    memory: &dyn PhysicalMemory,
    cancel: &Cancel,
) -> Result<(), BackendError> {
    let (rect, whole) = rectangle(call, memory)?;
    let columns = call.msaa.columns();
    let color_place = match call.source {
        CopySource::Color { base, format } => {
            let words = if format.is_64_bit() { 2 } else { 1 };
            Some((EdramSurface::new(base, call.pitch, columns, false, words), format))
        }
        CopySource::Depth { .. } => None,
    };
    let depth_place = |base: u32| EdramSurface::new(base, call.pitch, columns, true, 1);
    let copied = match call.command {
        CopyCommand::Raw | CopyCommand::Convert => {
            copy_out(call, (edram, cancel), memory, rect, color_place.map(|(place, _)| place))
        }
        CopyCommand::Null => Ok(()),
        CopyCommand::ConstantOne => Err(BackendError::Unsupported("copy of a constant".into())),
    };
    if let (Some([first, second]), Some((place, _))) = (call.clear_color, color_place) {
        let second = if place.words == 2 { second } else { 0 };
        clear((edram, cancel), call, place, rect, [first, second]);
    }
    if let Some((base, bits)) = call.clear_depth {
        clear((edram, cancel), call, depth_place(base), rect, [bits, 0]);
    }
    copied.and(whole)
}

fn copy_out(
    call: &ResolveCall,
    (edram, cancel): (&Edram, &Cancel),
    memory: &dyn PhysicalMemory,
    rect: Rect,
    color_place: Option<EdramSurface>,
) -> Result<(), BackendError> {
    let destination = &call.destination;
    let endian = destination.endian;
    let count = call.msaa.samples();
    let place = match (call.source, color_place) {
        (CopySource::Depth { base, .. }, _) => {
            EdramSurface::new(base, call.pitch, call.msaa.columns(), true, 1)
        }
        (_, Some(place)) => place,
        _ => return Ok(()),
    };
    let is_depth = matches!(call.source, CopySource::Depth { .. });
    let mut samples = samples(call.sample_select, count);
    if is_depth {
        samples = &samples[..1]; // depths are never averaged
    }
    let reader = Reader { edram, place, source: call.source, samples, call };
    // Texels of the samples' bits, with some of them exchanged.
    let store_bits = |exchange: &dyn Fn(u32) -> u32| {
        store_words(call, memory, rect, cancel, |x, y| {
            let mut bytes = reader.words(x, y, reader.samples[0]).map(|bits| exchange(bits).to_le_bytes());
            for bytes in &mut bytes {
                swap(bytes, endian);
            }
            bytes
        });
    };
    if is_depth {
        store_bits(&|bits| bits);
        return Ok(());
    }
    let CopySource::Color { format: source, .. } = call.source else { return Ok(()) };
    let format = Format::from_number(destination.format)
        .filter(|format| format.is_color_destination())
        .ok_or_else(|| BackendError::Unsupported(format!("copy to format {}", destination.format)))?;
    if samples.len() == 1 && copies_floats(source, format, destination) {
        if format.bytes == 4 {
            store_bits(&|bits| bits);
            return Ok(());
        }
        store(call, memory, rect, format.bytes, cancel, |x, y| {
            let words = reader.sample(x, y, reader.samples[0]).map(u32::to_le_bytes);
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(words.as_flattened());
            swap(&mut bytes[..8], endian);
            bytes
        });
        return Ok(());
    }
    let same_bits = samples.len() == 1
        && destination.exponent_bias == 0
        && destination.number == 0
        && (source as u32 == 0 && format.layout == Layout::Fields([8; 4])
            || source as u32 == 2 && format.layout == Layout::Fields([10, 10, 10, 2]));
    if same_bits {
        match (destination.swap, source as u32 == 0) {
            (false, _) => store_bits(&|bits| bits),
            (true, true) => {
                store_bits(&|bits| bits & 0xff00_ff00 | bits >> 16 & 0xff | (bits & 0xff) << 16);
            }
            (true, false) => {
                store_bits(&|bits| bits & 0xc00f_fc00 | bits >> 20 & 0x3ff | (bits & 0x3ff) << 20);
            }
        }
        return Ok(());
    }
    store(call, memory, rect, format.bytes, cancel, |x, y| {
        let mut color = reader.color(x, y);
        if destination.swap {
            color.swap(0, destination.swapped_with_red());
        }
        let mut bytes = encode(format.layout, destination.number, color);
        swap(&mut bytes[..format.bytes as usize], endian);
        bytes
    });
    Ok(())
}
