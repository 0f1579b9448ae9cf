//! Tiles: the coefficients of 128, 256 or 512 samples, of one channel or of two jointly.

use super::bits::{Bits, XmaError, XmaFault};
use super::frame::{RateCode, is_tile};
use super::prefix::Codes;
use super::transform::{MAX_TILE, MIN_TILE, amplitude};
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// Largest number of bands in a tile.
const MAX_BANDS: usize = 29;
/// Limit of scale factors in saved states: far above those that a stream can reach.
const MAX_FACTOR: u32 = 1 << 20;
/// Largest valid quantiser in decibels, up or down.
const MAX_QUANTISER: i32 = 400;

/// Upper ends of the bands of tiles of one length.
#[derive(Clone, Debug)]
pub(super) struct Bands {
    ends: Vec<u16>,
}

impl Bands {
    /// Bands by critical frequencies, for tiles of `length` at `rate`.
    fn new(length: usize, rate: RateCode) -> Self {
        const FREQUENCIES: [u32; 28] = [
            100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700,
            4400, 5300, 6400, 7700, 9500, 12000, 15500, 20675, 28575, 41375, 63875,
        ];
        let mut ends = Vec::new();
        for frequency in FREQUENCIES {
            // The nearest multiple of four coefficients.
            let end = (2 * length as u32 * frequency / rate.hertz() + 2) & !3;
            if end >= length as u32 {
                break;
            }
            // In short tiles several low frequencies have one end.
            if end > ends.last().map_or(0, |&last| u32::from(last)) {
                ends.push(end as u16);
            }
        }
        ends.push(length as u16);
        Self { ends }
    }

    /// The bands of tiles of 128, 256 and 512 samples.
    pub(super) fn of_rate(rate: RateCode) -> [Self; 3] {
        [MIN_TILE, 2 * MIN_TILE, MAX_TILE].map(|length| Self::new(length, rate))
    }

    /// The bands as ranges of coefficients.
    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| usize::from(start)..usize::from(end))
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Maps each band of `other`, whose tiles have another length, to a band of `self`.
    fn resampled(&self, length: usize, other: &Self, other_length: usize) -> [u8; MAX_BANDS] {
        let mut from = [0; MAX_BANDS];
        for (to, range) in from.iter_mut().zip(other.ranges()) {
            // Middle of the band, in coefficients of the longest tile.
            let middle = (range.start + range.end - 1) * (MAX_TILE / other_length) / 2;
            let scale = MAX_TILE / length;
            let found = self.ends.iter().position(|&end| usize::from(end) * scale >= middle);
            *to = found.unwrap_or(self.len() - 1) as u8;
        }
        from
    }
}

/// Index of a tile length among the three lengths.
fn length_index(length: usize) -> usize {
    (length / 2 / MIN_TILE).min(2)
}

/// Scale factors of a channel across tiles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Scales {
    factors: [i32; MAX_BANDS],
    highest: i32,
    step: i32,
    /// Factors that the frame has sent last; tiles of other lengths derive theirs from them.
    sent: [i32; MAX_BANDS],
    /// Length of the tile for which the frame has sent them, if any.
    sent_for: Option<usize>,
}

impl Default for Scales {
    fn default() -> Self {
        Self { factors: [0; MAX_BANDS], highest: 0, step: 1, sent: [0; MAX_BANDS], sent_for: None }
    }
}

impl Scales {
    /// Checks scale factors that come from a saved state.
    pub(super) fn check_state(&self) -> Result<(), Impossible> {
        let Self { factors, highest, step, sent, sent_for } = self;
        let mut all = factors.iter().chain(sent).chain([highest]);
        let fits = all.all(|factor| factor.unsigned_abs() <= MAX_FACTOR);
        check(fits && (1..=4).contains(step), "a scale factor is too large")?;
        check(sent_for.is_none_or(is_tile), "a tile has an impossible length")
    }

    /// Starts a frame: no scale factors have been sent.
    pub(super) fn begin_frame(&mut self) {
        self.sent_for = None;
    }

    fn read(
        &mut self,
        bits: &mut Bits<'_>,
        all: &[Bands; 3],
        length: usize,
        is_first: bool,
    ) -> Result<(), XmaError> {
        let bands = &all[length_index(length)];
        if let Some(before) = self.sent_for {
            let from = all[length_index(before)].resampled(before, bands, length);
            self.factors =
                if before == length { self.sent } else { from.map(|band| self.sent[usize::from(band)]) };
        }
        if is_first || bits.flag()? {
            self.read_new(bits, bands.len())?;
            self.sent = self.factors;
            self.sent_for = Some(length);
        }
        self.highest = self.factors[..bands.len()].iter().copied().max().unwrap_or(0);
        Ok(())
    }

    /// Reads scale factors, or their differences from those of the previous tile.
    fn read_new(&mut self, bits: &mut Bits<'_>, bands: usize) -> Result<(), XmaError> {
        let codes = Codes::get();
        if self.sent_for.is_none() {
            self.step = bits.take(2)? as i32 + 1;
            let mut value = 45 / self.step;
            for factor in &mut self.factors[..bands] {
                value += i32::from(codes.scale.take(bits)?) - 60;
                *factor = value;
            }
        } else {
            let mut band = 0;
            while band < bands {
                let (run, level) = match codes.scale_runs.code.take(bits)? {
                    0 => {
                        // Eight bits of level, five of run, and the sign.
                        let word = bits.take(14)?;
                        let level = (word >> 6) as i32;
                        ((word >> 1 & 0x1F) as usize, if word & 1 != 0 { level } else { -level })
                    }
                    1 => break,
                    symbol => {
                        let (run, level) = codes.scale_runs.pair(symbol);
                        let level = i32::from(level);
                        (usize::from(run), if bits.flag()? { level } else { -level })
                    }
                };
                band += run;
                if band >= bands {
                    return Err(bits.fault(XmaFault::Scale));
                }
                self.factors[band] += level;
                band += 1;
            }
        }
        Ok(())
    }
}

/// Reads a value that is not in a table.
fn large_value(bits: &mut Bits<'_>) -> Result<u32, XmaError> {
    for count in [8, 16, 24] {
        if !bits.flag()? {
            return bits.take(count);
        }
    }
    bits.take(31)
}

/// Reads the sign of a value.
fn signed(bits: &mut Bits<'_>, value: u32) -> Result<f32, XmaError> {
    let value = value as f32;
    Ok(if bits.flag()? { value } else { -value })
}

/// Reads the coefficients of one channel: vectors, then runs of zeros before values.
fn read_coefficients(bits: &mut Bits<'_>, tile: &mut [f32], vectors: VectorCount) -> Result<(), XmaError> {
    let codes = Codes::get();
    let runs = &codes.coefficients[usize::from(bits.flag()?)];
    tile.fill(0.0);
    let mut at = 0;
    let mut zeros = 0;
    let mut in_runs = false;
    while (vectors.is_exact || !in_runs) && at + 3 < vectors.coefficients {
        let values = if let Some(four) = codes.fours.get(usize::from(codes.vectors_4.take(bits)?)) {
            four.map(u32::from)
        } else {
            let [a, b] = pair(bits, codes)?;
            let [c, d] = pair(bits, codes)?;
            [a, b, c, d]
        };
        for value in values {
            if value != 0 {
                tile[at] = signed(bits, value)?;
                zeros = 0;
            } else {
                zeros += 1;
                // One, two or three zeros in a row end the vectors, by the tile's length.
                in_runs |= zeros > tile.len() / 256;
            }
            at += 1;
        }
    }
    let run_bits = tile.len().ilog2();
    while at < tile.len() {
        let value = match runs.code.take(bits)? {
            0 => {
                let value = large_value(bits)?;
                at += escaped_run(bits, run_bits)?;
                value
            }
            1 => return Ok(()),
            symbol => {
                let (run, level) = runs.pair(symbol);
                at += usize::from(run);
                u32::from(level)
            }
        };
        let value = signed(bits, value)?;
        *tile.get_mut(at).ok_or(bits.fault(XmaFault::Coefficients))? = value;
        at += 1;
    }
    Ok(())
}

/// Reads the escaped run before a value that is not in a table.
fn escaped_run(bits: &mut Bits<'_>, run_bits: u32) -> Result<usize, XmaError> {
    if !bits.flag()? {
        return Ok(0);
    }
    let is_long = bits.flag()?;
    if !is_long {
        return Ok(bits.take(2)? as usize + 1);
    }
    if bits.flag()? {
        return Err(bits.fault(XmaFault::Escape));
    }
    Ok(bits.take(run_bits)? as usize + 4)
}

/// Reads two coefficients.
fn pair(bits: &mut Bits<'_>, codes: &Codes) -> Result<[u32; 2], XmaError> {
    if let Some(two) = codes.twos.get(usize::from(codes.vectors_2.take(bits)?)) {
        return Ok(two.map(u32::from));
    }
    let mut one = || -> Result<u32, XmaError> {
        let value = u32::from(codes.vectors_1.take(bits)?);
        if value < 100 { Ok(value) } else { Ok(large_value(bits)?.saturating_add(100)) }
    };
    Ok([one()?, one()?])
}

/// Reads the quantiser of a tile, in decibels.
fn read_quantiser(bits: &mut Bits<'_>) -> Result<i32, XmaError> {
    const BASE: i32 = 90;
    let first = (bits.take(6)? as i32) << 26 >> 26;
    let mut more = 0;
    // Both ends of the range of six bits continue in groups of five.
    if first == -32 || first == 31 {
        while more <= MAX_QUANTISER {
            let part = bits.take(5)? as i32;
            more += part;
            if part != 31 {
                break;
            }
        }
    }
    let quantiser = BASE + first + if first < 0 { -more } else { more };
    if quantiser.abs() > MAX_QUANTISER {
        Err(bits.fault(XmaFault::Quantiser(quantiser)))
    } else {
        Ok(quantiser)
    }
}

/// The tile of one channel: its coefficients, and the channel's scale factors.
pub(super) struct ChannelTile<'a> {
    pub(super) coefficients: &'a mut [f32],
    pub(super) scales: &'a mut Scales,
    /// Whether this is the channel's first tile of the frame.
    pub(super) is_first: bool,
}

impl ChannelTile<'_> {
    /// Scales the coefficients of each band by the quantiser and the band's scale factor.
    fn dequantise(&mut self, bands: &Bands, quantiser: i32) {
        for (range, &factor) in bands.ranges().zip(&self.scales.factors) {
            let below = self.scales.highest.saturating_sub(factor).saturating_mul(self.scales.step);
            let gain = amplitude(quantiser.saturating_sub(below));
            for value in &mut self.coefficients[range] {
                *value *= gain;
            }
        }
    }
}

/// Decodes a tile of some of a stream's channels: coefficients, ready for the transform, and scale
/// factors.
pub(super) fn read(
    bits: &mut Bits<'_>,
    bands: &[Bands; 3],
    channels: usize,
    tiles: &mut [ChannelTile<'_>],
) -> Result<(), XmaError> {
    let length = tiles.first().map_or(MIN_TILE, |tile| tile.coefficients.len());
    let bands_here = &bands[length_index(length)];
    skip_fill(bits)?;
    refuse_reserved_bit(bits)?;
    let joint_bands = if channels > 1 { read_joint_bands(bits, tiles.len(), bands_here)? } else { None };
    let mut is_coded = [false; 2];
    for is_coded in is_coded.iter_mut().take(tiles.len()) {
        *is_coded = bits.flag()?;
    }
    if !is_coded.contains(&true) {
        // The header ends here: silence has no scale factors, either.
        for tile in tiles {
            tile.coefficients.fill(0.0);
        }
        return Ok(());
    }
    let vectors = read_vector_counts(bits, length, tiles.len())?;
    let quantisers = read_quantisers(bits, tiles.len())?;
    for tile in tiles.iter_mut() {
        tile.scales.read(bits, bands, length, tile.is_first)?;
    }
    for ((tile, is_coded), vectors) in tiles.iter_mut().zip(is_coded).zip(vectors) {
        if is_coded {
            read_coefficients(bits, tile.coefficients, vectors)?;
        } else {
            tile.coefficients.fill(0.0);
        }
    }
    if let (Some(is_joint), [left, right]) = (joint_bands, &mut *tiles) {
        for (range, is_joint) in bands_here.ranges().zip(is_joint) {
            join(&mut left.coefficients[range.clone()], &mut right.coefficients[range], is_joint);
        }
    }
    for (tile, quantiser) in tiles.iter_mut().zip(quantisers) {
        tile.dequantise(bands_here, quantiser);
    }
    Ok(())
}

/// Skips the fill bits in front of a tile. Their number is in two bits, or, if that is zero, in a
/// field of up to 15 bits.
fn skip_fill(bits: &mut Bits<'_>) -> Result<(), XmaError> {
    if !bits.flag()? {
        return Ok(());
    }
    let mut fill = bits.take(2)?;
    if fill == 0 {
        let count = bits.take(4)?;
        fill = bits.take(count)? + 1;
    }
    bits.skip(fill)
}

fn refuse_reserved_bit(bits: &mut Bits<'_>) -> Result<(), XmaError> {
    if bits.flag()? { Err(bits.fault(XmaFault::Reserved)) } else { Ok(()) }
}

/// Reads for each band whether two channels are mid/side-coded there; `None` if the channels are
/// coded apart.
fn read_joint_bands(
    bits: &mut Bits<'_>,
    tiles: usize,
    bands: &Bands,
) -> Result<Option<[bool; MAX_BANDS]>, XmaError> {
    refuse_reserved_bit(bits)?;
    if tiles != 2 {
        return Ok(None);
    }
    let is_apart = bits.flag()?;
    if is_apart {
        // A second bit would name a transform other than mid/side.
        return if bits.flag()? { Err(bits.fault(XmaFault::Transform)) } else { Ok(None) };
    }
    let mut is_joint = [true; MAX_BANDS];
    let are_all_joint = bits.flag()?;
    if !are_all_joint {
        for is_joint in &mut is_joint[..bands.len()] {
            *is_joint = bits.flag()?;
        }
    }
    Ok(Some(is_joint))
}

/// Number of the first coefficients of a tile that are vector-coded.
#[derive(Clone, Copy)]
struct VectorCount {
    coefficients: usize,
    /// Whether all of them are; otherwise a run of zeros ends the vectors.
    is_exact: bool,
}

fn read_vector_counts(
    bits: &mut Bits<'_>,
    length: usize,
    tiles: usize,
) -> Result<[VectorCount; 2], XmaError> {
    let is_exact = bits.flag()?;
    let mut counts = [VectorCount { coefficients: length, is_exact }; 2];
    if is_exact {
        let count_bits = (length as u32).div_ceil(4).ilog2() + 1;
        for count in counts.iter_mut().take(tiles) {
            let coefficients = bits.take(count_bits)? * 4;
            if coefficients as usize > length {
                return Err(bits.fault(XmaFault::Vectors(coefficients)));
            }
            count.coefficients = coefficients as usize;
        }
    }
    Ok(counts)
}

/// Reads the quantisers in decibels: the tile's, to which each of two channels may add.
fn read_quantisers(bits: &mut Bits<'_>, tiles: usize) -> Result<[i32; 2], XmaError> {
    let mut quantisers = [read_quantiser(bits)?; 2];
    if tiles == 2 {
        let count = bits.take(3)?;
        for quantiser in &mut quantisers {
            if bits.flag()? {
                *quantiser += if count == 0 { 1 } else { bits.take(count)? as i32 + 1 };
            }
        }
    }
    Ok(quantisers)
}

/// Converts mid/side to left/right, or scales both channels in bands without mid/side coding.
fn join(left: &mut [f32], right: &mut [f32], is_joint: bool) {
    // The format's value for the square root of two.
    const OFF: f32 = 181.0 / 128.0;
    for (left, right) in left.iter_mut().zip(right) {
        (*left, *right) =
            if is_joint { (*left - *right, *left + *right) } else { (*left * OFF, *right * OFF) };
    }
}

#[cfg(test)]
mod tests;
