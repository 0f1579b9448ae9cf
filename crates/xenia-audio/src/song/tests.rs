//! Tests with synthetic songs, and with one that ffmpeg encodes and decodes as well.

use super::*;
use std::process::Command;
use xenia_testing::{Tool, need};

/// Size of a test frame in bytes: 64 kbit/s at 48 kHz.
const FRAME: usize = 192;

/// Bits, most significant first.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 != 0));
    }

    fn bytes(&self, size: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = self
            .0
            .chunks(8)
            .map(|bits| bits.iter().enumerate().fold(0, |byte, (at, &bit)| byte | u8::from(bit) << (7 - at)))
            .collect();
        bytes.resize(size, 0);
        bytes
    }
}

/// A mono frame at 48 kHz in which one spectral line of each granule is 1 with this gain.
fn frame(line: usize, gain: u32) -> Vec<u8> {
    let mut main = Bits::default();
    let mut side = Bits::default();
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let before = main.0.len();
        // Table B: four inverted bits for a quad, then a sign for each nonzero value.
        for quad in 0..=line / 4 {
            let is_it = quad == line / 4;
            main.put(if is_it { 0xF ^ 8 >> (line % 4) } else { 0xF }, 4);
            main.put(0, u32::from(is_it));
        }
        lengths.push((main.0.len() - before) as u32);
    }
    side.put(0, 9 + 5 + 4);
    for length in lengths {
        side.put(length, 12);
        side.put(0, 9);
        side.put(gain, 8);
        side.put(0, 4 + 1 + 15 + 4 + 3 + 1 + 1);
        side.put(1, 1);
    }
    [vec![0xFF, 0xFB, 0x54, 0xC0], side.bytes(17), main.bytes(FRAME - 21)].concat()
}

/// The bytes of a file as a song's reader, in pieces.
fn bytes(file: Vec<u8>) -> SongReader {
    Box::new(move |offset, into| {
        let rest = usize::try_from(offset).ok().and_then(|at| file.get(at..)).unwrap_or_default();
        let count = rest.len().min(into.len()).min(5000);
        into[..count].copy_from_slice(&rest[..count]);
        count
    })
}

/// The left samples of a whole song; both channels are equal.
fn heard(file: Vec<u8>, volume: f32) -> Vec<f32> {
    let mut song = Song::new(bytes(file)).unwrap();
    let mut samples = Vec::new();
    while let Some(frame) = song.frame(volume) {
        let (words, _) = frame.as_chunks::<4>();
        let channel = |index: usize| &words[index * SOUND_FRAME_SAMPLES..][..SOUND_FRAME_SAMPLES];
        assert_eq!(channel(0), channel(1));
        assert!(words[2 * SOUND_FRAME_SAMPLES..].iter().all(|word| *word == [0; 4]));
        samples.extend(channel(0).iter().map(|word| f32::from_be_bytes(*word)));
        assert!(samples.len() < 48_000 * 20, "it does not end");
    }
    samples
}

/// Level of a tone in the samples.
fn part(samples: &[f32], hertz: f64) -> f64 {
    let mut re = 0.0;
    let mut im = 0.0;
    for (at, sample) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * at as f64 / 48_000.0;
        re += f64::from(*sample) * libm::cos(angle);
        im += f64::from(*sample) * libm::sin(angle);
    }
    2.0 * libm::sqrt(re * re + im * im) / samples.len() as f64
}

#[test]
fn a_spectral_line_is_its_tone_at_the_set_volume() {
    let file: Vec<u8> = (0..100).flat_map(|_| frame(40, 200)).collect();
    let samples = heard(file.clone(), 1.0);
    assert!(samples.len().abs_diff(100 * 1152) <= 2 * 1152, "{}", samples.len());
    // 576 lines span half the sample rate; a tone is at the middle of its line.
    let middle = &samples[20_000..68_000];
    let hertz = 40.5 * 24_000.0 / 576.0;
    let tone = part(middle, hertz);
    let other = part(middle, hertz * 1.5);
    assert!(tone > 1e-4 && tone > 20.0 * other, "{tone} {other}");
    let quiet = heard(file, 0.25);
    let ratio = part(&quiet[20_000..68_000], hertz) / tone;
    assert!((ratio - 0.25).abs() < 1e-6, "{ratio}");
}

#[test]
fn tags_are_skipped_and_noise_ends() {
    let song: Vec<u8> = (0..40).flat_map(|_| frame(9, 190)).collect();
    let plain = heard(song.clone(), 1.0);
    // A tag of 300 bytes whose contents look like frames.
    let tagged = [&b"ID3\x04\0\0\0\0\x02\x2C"[..], &frame(99, 250), &[0xFF; 300 - FRAME], &song].concat();
    assert_eq!(heard(tagged, 1.0), plain);
    let noise: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let most = (LOST as usize + 1) * 1152;
    for file in
        [noise, vec![0xFF; 4_000_000], vec![0; 4_000_000], b"ID3\x04\0\0\x7F\x7F\x7F\x7F".to_vec(), vec![1]]
    {
        assert!(heard(file, 1.0).len() < 48_000 * 20 + most);
    }
    // Each frame truncated, and each byte of one changed.
    for at in 0..FRAME {
        heard(song[..FRAME * 3 + at].to_vec(), 1.0);
        let mut broken = song[..FRAME * 8].to_vec();
        broken[FRAME * 2 + at] ^= 0x55;
        heard(broken, 1.0);
    }
}

#[test]
fn unplayable_songs_are_reported_by_kind() {
    let error = |file: &[u8]| Song::new(bytes(file.to_vec())).err();
    assert_eq!(error(&[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11]), Some(SongError::Wma));
    assert_eq!(error(&[]), Some(SongError::Empty));
    assert_eq!(error(&frame(1, 200)), None);
}

#[test]
fn ffmpeg_hears_the_same() {
    if !need(Tool::Ffmpeg) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("xenia-song-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    let file: Vec<u8> = (0..200).flat_map(|index| frame(5 + index % 90, 195)).collect();
    std::fs::write(at("song.mp3"), &file).unwrap();
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i", &at("song.mp3"), "-f", "f32le", "-ac", "1", &at("song.raw")])
        .status();
    let raw = std::fs::read(at("song.raw"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(status.unwrap().success());
    let (words, _) = raw.as_ref().unwrap().as_chunks::<4>();
    let theirs: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
    let ours = heard(file, 1.0);
    // In both decoders a file without an encoder header starts with the decoder delay.
    let count = ours.len().min(theirs.len()) - 2304;
    let difference =
        |shift: usize| (0..count - shift).map(|at| (ours[at] - theirs[at + shift]).abs()).fold(0.0, f32::max);
    let loudest = theirs.iter().fold(0.0, |most: f32, sample| most.max(sample.abs()));
    let best = [0, 1105].into_iter().map(difference).fold(f32::MAX, f32::min);
    assert!(loudest > 1e-4 && best < loudest / 1000.0, "{best} of {loudest}");
}
