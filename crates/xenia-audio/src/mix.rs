//! Frames of six channels, summed and made into samples for the host's speakers.
//!
//! Two speakers get what the front ones would, and 3 dB less of the centre and of the back of their
//! side, as ITU-R BS.775 has it; low frequencies are left out, as there. Nothing is scaled down for
//! that: a title that uses the front alone sounds as it is, and what gets too loud is clipped. The
//! console's own matrix is not published.

use xenia_guest::{SOUND_CHANNELS, SOUND_FRAME_SAMPLES};

/// Bytes of a frame as a title hands it over: six runs of 256 big-endian floats.
pub const FRAME_BYTES: usize = SOUND_CHANNELS * SOUND_FRAME_SAMPLES * 4;

/// Half the power: 3 dB less.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// What a full sample is as a number of 16 bits.
const FULL: f32 = 32_767.0;

/// What sound is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speakers {
    /// Two.
    #[default]
    Stereo,
    /// Six: front left and right, centre, low frequencies, back left and right.
    Surround,
}

impl Speakers {
    /// How many.
    pub const fn channels(self) -> usize {
        match self {
            Self::Stereo => 2,
            Self::Surround => SOUND_CHANNELS,
        }
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct Mixer {
    speakers: Speakers,
    volume: f32,
    sum: [[f32; SOUND_FRAME_SAMPLES]; SOUND_CHANNELS],
    clipped: u64,
}

impl Mixer {
    /// For these speakers, with a factor for everything: 1 changes nothing, 0 is silence.
    pub fn new(speakers: Speakers, volume: f32) -> Self {
        Self { speakers, volume, sum: [[0.0; SOUND_FRAME_SAMPLES]; SOUND_CHANNELS], clipped: 0 }
    }

    /// What sound is made for.
    pub fn speakers(&self) -> Speakers {
        self.speakers
    }

    /// Sets the factor for everything.
    pub fn set_volume(&mut self, volume: f32) {
        self.volume = volume;
    }

    /// Samples that were too loud so far.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// The sum of these frames, one sample of each speaker after the other; silence if there are
    /// none. What is no number is silent, too.
    pub fn mix<'a>(
        &mut self,
        frames: impl IntoIterator<Item = &'a [u8; FRAME_BYTES]>,
        samples: &mut Vec<i16>,
    ) {
        for channel in &mut self.sum {
            channel.fill(0.0);
        }
        for frame in frames {
            let (words, _) = frame.as_chunks::<4>();
            for (sum, word) in self.sum.iter_mut().flatten().zip(words) {
                let sample = f32::from_be_bytes(*word);
                if sample.is_finite() {
                    *sum += sample;
                }
            }
        }
        for at in 0..SOUND_FRAME_SAMPLES {
            let [left, right, centre, low, back_left, back_right] =
                self.sum.each_ref().map(|channel| channel[at]);
            match self.speakers {
                Speakers::Stereo => {
                    let middle = centre * HALF_POWER;
                    samples.push(self.sample(left + middle + back_left * HALF_POWER));
                    samples.push(self.sample(right + middle + back_right * HALF_POWER));
                }
                Speakers::Surround => {
                    for value in [left, right, centre, low, back_left, back_right] {
                        samples.push(self.sample(value));
                    }
                }
            }
        }
    }

    fn sample(&mut self, value: f32) -> i16 {
        let scaled = (value * self.volume * FULL).round();
        self.clipped += u64::from(scaled.abs() > FULL);
        // Saturates.
        scaled as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with one value throughout each channel.
    fn frame(values: [f32; 6]) -> Box<[u8; FRAME_BYTES]> {
        let mut frame = Box::new([0; FRAME_BYTES]);
        for (index, word) in frame.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *word = values[index / SOUND_FRAME_SAMPLES].to_be_bytes();
        }
        frame
    }

    fn mixed(speakers: Speakers, volume: f32, frames: &[Box<[u8; FRAME_BYTES]>]) -> Vec<i16> {
        let mut samples = Vec::new();
        Mixer::new(speakers, volume).mix(frames.iter().map(|frame| &**frame), &mut samples);
        assert_eq!(samples.len(), SOUND_FRAME_SAMPLES * speakers.channels());
        let first = samples[..speakers.channels()].to_vec();
        assert!(samples.chunks(speakers.channels()).all(|each| *each == first));
        first
    }

    #[test]
    fn six_channels_stay_in_their_places() {
        let values = [0.1, 0.2, 0.3, 0.4, -0.5, -1.0];
        assert_eq!(
            mixed(Speakers::Surround, 1.0, &[frame(values)]),
            [3277, 6553, 9830, 13107, -16384, -32767]
        );
    }

    #[test]
    fn two_speakers_get_their_sides_and_the_middle() {
        for (channel, expected) in
            [[16384, 0], [0, 16384], [11585, 11585], [0, 0], [11585, 0], [0, 11585]].into_iter().enumerate()
        {
            let mut values = [0.0; 6];
            values[channel] = 0.5;
            assert_eq!(mixed(Speakers::Stereo, 1.0, &[frame(values)]), expected, "{channel}");
        }
    }

    #[test]
    fn frames_add_up_and_what_is_too_loud_is_clipped_and_counted() {
        let half = frame([0.5, -0.75, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(mixed(Speakers::Stereo, 1.0, &[half.clone(), half.clone()]), [32767, -32768]);
        let mut mixer = Mixer::new(Speakers::Stereo, 1.0);
        mixer.mix([&*half, &*half], &mut Vec::new());
        assert_eq!(mixer.clipped(), SOUND_FRAME_SAMPLES as u64);
        assert_eq!(mixed(Speakers::Stereo, 0.5, std::slice::from_ref(&half)), [8192, -12288]);
        assert_eq!(mixed(Speakers::Stereo, 0.0, &[half]), [0, 0]);
        assert_eq!(mixed(Speakers::Stereo, 1.0, &[]), [0, 0]);
    }

    #[test]
    fn what_is_no_number_is_silent() {
        let odd = frame([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, -f32::MAX]);
        assert_eq!(mixed(Speakers::Stereo, 1.0, std::slice::from_ref(&odd)), [32767, -32768]);
        assert_eq!(mixed(Speakers::Surround, 1.0, &[odd.clone(), odd]), [0, 0, 0, 0, 32767, -32768]);
    }
}
