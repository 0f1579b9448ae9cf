//! Mixer: sums frames of six channels and converts them to samples for the host's speakers.
//!
//! The stereo downmix follows ITU-R BS.775: front channels plus the centre and the surround channel
//! of the same side at −3 dB; the low-frequency channel is omitted, as there. The sum is not
//! attenuated, so titles that use only the front channels are unchanged; overflow is clipped. The
//! console's downmix matrix is not published.

use xenia_guest::{SOUND_CHANNELS, SOUND_FRAME_SAMPLES};

/// Size in bytes of a frame in a title's format: six runs of 256 big-endian floats.
pub const FRAME_BYTES: usize = SOUND_CHANNELS * SOUND_FRAME_SAMPLES * 4;

/// Factor for −3 dB, half the power.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;
/// Full scale of a 16-bit sample.
const FULL: f32 = 32_767.0;

/// Speaker layout of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speakers {
    /// Two speakers: left and right.
    #[default]
    Stereo,
    /// Six: front left and right, centre, low-frequency, back left and right.
    Surround,
}

impl Speakers {
    /// Number of speakers.
    pub const fn channels(self) -> usize {
        match self {
            Self::Stereo => 2,
            Self::Surround => SOUND_CHANNELS,
        }
    }
}

/// Mixes frames and converts them to 16-bit samples.
#[derive(Clone, Debug)]
pub struct Mixer {
    speakers: Speakers,
    volume: f32,
    sum: [[f32; SOUND_FRAME_SAMPLES]; SOUND_CHANNELS],
    clipped: u64,
}

impl Mixer {
    /// A mixer for these speakers. `volume` is a linear gain: 1 for unchanged samples, 0 for
    /// silence.
    pub fn new(speakers: Speakers, volume: f32) -> Self {
        Self { speakers, volume, sum: [[0.0; SOUND_FRAME_SAMPLES]; SOUND_CHANNELS], clipped: 0 }
    }

    /// Speaker layout of the output.
    pub fn speakers(&self) -> Speakers {
        self.speakers
    }

    /// Sets the linear gain.
    pub fn set_volume(&mut self, volume: f32) {
        self.volume = volume;
    }

    /// Number of samples clipped so far.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Mixes the frames and appends [`SOUND_FRAME_SAMPLES`] samples for each speaker, interleaved;
    /// silence if `frames` is empty. NaN and infinities count as silence.
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
        // The conversion saturates.
        scaled as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame with a constant value per channel.
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
    fn mixing_sums_frames_and_counts_clipped_samples() {
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
    fn nonfinite_samples_are_silent() {
        let odd = frame([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, -f32::MAX]);
        assert_eq!(mixed(Speakers::Stereo, 1.0, std::slice::from_ref(&odd)), [32767, -32768]);
        assert_eq!(mixed(Speakers::Surround, 1.0, &[odd.clone(), odd]), [0, 0, 0, 0, 32767, -32768]);
    }
}
