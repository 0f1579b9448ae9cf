//! Round trips through the encoder, and comparison with ffmpeg's decoder if it is installed.

use super::encoder::{Form, Joint, Style, Writer, frame, packets, signal_to_noise, sine, stream};
use super::stream::{FrameDecoder, RateCode, decode};
use xenia_testing::Dice;

/// Output delay in samples: half a tile.
const LAG: usize = 64;

fn noise(seed: u64, count: usize) -> Vec<f64> {
    let mut dice = Dice(seed);
    (0..count).map(|_| dice.below(20_001) as f64 - 10_000.0).collect()
}

#[test]
fn a_sine_comes_back_in_every_form() {
    let tone = sine(1000.0, 10_000.0, 512 * 12);
    let mut outputs = Vec::new();
    for form in [
        Form::Escapes,
        Form::Runs(0),
        Form::Runs(1),
        Form::Counted(0),
        Form::Counted(64),
        Form::Counted(128),
        Form::Vectors,
    ] {
        let bytes = stream(std::slice::from_ref(&tone), |_| Style { form, ..Style::default() });
        let (samples, failed) = decode(&bytes, false, RateCode::KHZ_48);
        assert_eq!((samples.len(), failed), (512 * 12, 0), "{form:?}");
        let ratio = signal_to_noise(&tone, &samples, 1, 0, LAG);
        assert!(ratio > 60.0, "{form:?}: {ratio} dB");
        outputs.push(samples);
    }
    assert!(outputs.iter().all(|samples| *samples == outputs[0]), "all forms are the same numbers");
}

#[test]
fn two_channels_come_back_however_they_are_joined() {
    let channels = [sine(1000.0, 10_000.0, 512 * 6), sine(3000.0, 5_000.0, 512 * 6)];
    for joint in [Joint::Separate, Joint::All, Joint::Some(0), Joint::Some(0x2A5A), Joint::Some(0x3FFF)] {
        for scales in [0, 1, 99] {
            let style =
                Style { joint, scales, form: Form::Vectors, odd_fields: scales == 99, ..Style::default() };
            let (samples, failed) = decode(&stream(&channels, |_| style), true, RateCode::KHZ_48);
            assert_eq!((samples.len(), failed), (2 * 512 * 6, 0), "{style:?}");
            for (channel, expected) in channels.iter().enumerate() {
                let ratio = signal_to_noise(expected, &samples, 2, channel, LAG);
                assert!(ratio > 55.0, "{style:?} {channel}: {ratio} dB");
            }
        }
    }
}

#[test]
fn silence_is_45_and_62_bits() {
    for (is_stereo, bytes) in [
        (false, &[0x00, 0x5B, 0xFC, 0x00, 0x00, 0x08][..]),
        (true, &[0x00, 0x7D, 0xFC, 0x00, 0x10, 0x20, 0x40, 0x84]),
    ] {
        let mut samples = Vec::new();
        let length = if is_stereo { 62 } else { 45 };
        assert_eq!(
            FrameDecoder::new(is_stereo, RateCode::KHZ_48).decode(bytes, length, &mut samples),
            Ok(())
        );
        assert_eq!(samples, vec![0; 512 << u32::from(is_stereo)]);
    }
}

#[test]
fn the_shortest_frame_is_31_bits() {
    let mut frame = Writer::default();
    frame.put(31, 15);
    // The same tiling for all channels: one tile of 512 samples.
    frame.put(0b10, 2);
    frame.put(0, 14);
    let frames = vec![frame; 3];
    assert_eq!(decode(&packets(&frames, 0).concat(), false, RateCode::KHZ_48), (vec![0; 3 * 512], 0));
}

#[test]
fn one_coefficient_has_the_level_of_the_transform() {
    // One coefficient of 1000 at 0 dB: 1000 · 2/128 at the peak of the window.
    let mut writer = Writer::default();
    writer.put(0, 15);
    writer.put(0x7F00, 15);
    writer.put(0, 1);
    for number in 0..4 {
        writer.put(0, 2);
        writer.put(u32::from(number == 1), 1);
        if number == 1 {
            writer.put(0b100_0000, 7);
            // 0 dB: −32, plus 58 as 31 + 27.
            writer.put(0b10_0000, 6);
            writer.put(31, 5);
            writer.put(27, 5);
            // The tile sends new scale factors, though it is not the first of the frame.
            writer.put(0b100, 3);
            writer.put(0x3FFF, 14);
            writer.put(0, 1);
            writer.put(0x4A, 8);
            writer.put(0b10, 2);
            writer.put(1000, 16);
            // Preceded by 30 zeros: a high tone has a sample near the peak of the window.
            writer.put(0b110, 3);
            writer.put(26, 7);
            writer.put(1, 1);
            writer.put(0x2B, 7);
        }
    }
    writer.put(0, 2);
    let length = writer.bits.len() as u32;
    writer.bits.resize(2048, false);
    let bytes: Vec<u8> = writer
        .bits
        .chunks(8)
        .map(|byte| byte.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit)))
        .collect();
    let mut samples = Vec::new();
    let mut decoder = FrameDecoder::new(false, RateCode::KHZ_48);
    assert_eq!(decoder.decode(&bytes, length, &mut samples), Ok(()));
    let peak = samples.iter().map(|sample| sample.abs()).max();
    assert_eq!((samples.len(), peak), (512, Some(16)));
    // The tile spans half a tile before its start to half a tile past its end, and the output is
    // delayed by half a tile.
    let heard =
        samples.iter().position(|&sample| sample != 0).zip(samples.iter().rposition(|&sample| sample != 0));
    assert!(
        heard.is_some_and(|(first, last)| (128..140).contains(&first) && (372..384).contains(&last)),
        "{heard:?}"
    );
}

#[test]
fn damaged_frames_are_silent_or_decoded_and_never_stop_the_stream() {
    let tone = noise(5, 512 * 4);
    let bytes = stream(&[tone.clone(), tone], |_| Style { form: Form::Vectors, ..Style::default() });
    let mut dice = Dice(11);
    let mut failed_at_all = 0;
    for _ in 0..300 {
        let mut bytes = bytes.clone();
        for _ in 0..=dice.below(20) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.next() as u8;
        }
        let (samples, failed) = decode(&bytes, dice.one_in(2), RateCode(dice.below(4) as u32));
        assert!(samples.len() % 512 == 0 && samples.len() < 512 * 4 * 1000);
        failed_at_all += failed;
    }
    assert!(failed_at_all > 100, "{failed_at_all}");
}

/// Decodes a stream with ffmpeg: s16 samples, one channel after the other. `None` if ffmpeg is not
/// installed.
fn ffmpeg(packets: &[u8], channels: u16) -> Option<Vec<i16>> {
    if !xenia_testing::need(xenia_testing::Tool::Ffmpeg) {
        return None;
    }
    let folder = std::env::temp_dir().join(format!("xenia-audio-{}-{packets:p}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("stream.wav");
    let mut format: Vec<u8> = Vec::new();
    for half in [0x166, channels] {
        format.extend(half.to_le_bytes());
    }
    format.extend(48_000_u32.to_le_bytes());
    format.extend(96_000_u32.to_le_bytes());
    for half in [2 * channels, 16, 34, 1] {
        format.extend(half.to_le_bytes());
    }
    let samples = 512 * 1000_u32;
    for word in [if channels == 1 { 4 } else { 3 }, samples, packets.len() as u32, 0, samples, 0, 0] {
        format.extend(word.to_le_bytes());
    }
    format.extend([0, 4, 1, 0]);
    let mut wave = b"RIFF".to_vec();
    wave.extend((4 + 8 + format.len() as u32 + 8 + packets.len() as u32).to_le_bytes());
    wave.extend(b"WAVEfmt ");
    wave.extend((format.len() as u32).to_le_bytes());
    wave.extend(&format);
    wave.extend(b"data");
    wave.extend((packets.len() as u32).to_le_bytes());
    wave.extend(packets);
    std::fs::write(&path, wave).unwrap();
    let output = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&path)
        .args(["-f", "s16le", "-"])
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout.chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect())
}

#[test]
fn ffmpeg_hears_the_same() {
    for (channels, seed) in [(1_u16, 0_u64), (2, 0), (1, 3), (2, 3)] {
        let count = 512 * 10;
        let sound: Vec<Vec<f64>> = (0..channels)
            .map(|channel| {
                if seed == 0 {
                    sine(700.0 + 800.0 * f64::from(channel), 9_000.0, count)
                } else {
                    noise(seed + u64::from(channel), count)
                }
            })
            .collect();
        let forms = [Form::Escapes, Form::Runs(0), Form::Runs(1), Form::Counted(64), Form::Vectors];
        let joints = [Joint::All, Joint::Separate, Joint::Some(0x1234)];
        let bytes = stream(&sound, |number| Style {
            form: forms[number % forms.len()],
            joint: joints[number % joints.len()],
            scales: number as u64 * 17 * seed.min(1),
            // ffmpeg does not support frames much longer than a packet, as fine noise has them.
            quantiser: if seed == 0 { 20 } else { 60 },
            odd_fields: false,
        });
        let Some(theirs) = ffmpeg(&bytes, channels) else { return };
        let (ours, failed) = decode(&bytes, channels == 2, RateCode::KHZ_48);
        assert_eq!(failed, 0);
        // ffmpeg's delay is 192 samples longer, and it removes 384 samples itself.
        let step = usize::from(channels);
        let shift = (0..1024).find(|&shift| {
            let pairs = ours.iter().skip(shift * step).zip(&theirs);
            pairs.clone().count() > 512 * 4 && pairs.clone().take(512 * 4).all(|(a, b)| a.abs_diff(*b) <= 2)
        });
        let shift = shift.unwrap_or_else(|| panic!("{channels} {seed}: they differ"));
        let worst = ours.iter().skip(shift * step).zip(&theirs).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(worst <= Some(2), "{channels} {seed}: {worst:?} at {shift}");
        assert_eq!(shift, 384, "{channels} {seed}");
    }
}

#[test]
fn equal_tiles_of_both_channels_are_one_however_they_are_announced() {
    let channels = [sine(1000.0, 10_000.0, 512 * 6), sine(3000.0, 5_000.0, 512 * 6)];
    let style = Style { joint: Joint::Some(0x1234), form: Form::Vectors, ..Style::default() };
    let mut frames: Vec<Writer> = (0..6).map(|number| frame(&channels, number * 512, style)).collect();
    let together = packets(&frames, 0).concat();
    for frame in &mut frames {
        // The length and the tiles for all channels.
        let rest = frame.bits.split_off(15 + 7);
        let mut apart = Writer::default();
        apart.put(15 + 19 + rest.len() as u32, 15);
        apart.put(0, 1);
        for _ in 0..3 {
            // A tile of 128 samples for channel 0 only, and therefore one for channel 1.
            apart.put(0b10_11_11, 6);
        }
        apart.bits.extend(rest);
        *frame = apart;
    }
    let apart = packets(&frames, 0).concat();
    assert_ne!(apart, together);
    let expected = decode(&together, true, RateCode::KHZ_48);
    assert_eq!(expected.1, 0);
    assert_eq!(decode(&apart, true, RateCode::KHZ_48), expected);
    assert_eq!(ffmpeg(&apart, 2), ffmpeg(&together, 2));
}

/// The stream of guest/sound: twelve frames of 1 kHz; the last nine, exactly 96 periods, are a
/// loop.
#[test]
fn the_guest_program_has_our_stream() {
    let style = Style { form: Form::Vectors, quantiser: 20, ..Style::default() };
    let ours = stream(&[sine(1000.0, 16_384.0, 512 * 12 + 64)], |_| style);
    let mut places = Vec::new();
    let mut packets = super::stream::Whole(&ours);
    let mut position = super::stream::Position::default();
    while let super::stream::Next::Frame { at, behind, .. } =
        super::stream::next_frame(&mut packets, position)
    {
        places.push(at.bits());
        position = behind;
    }
    assert_eq!(places.len(), 12);
    let header = format!(
        "// Where frames of stream.xma begin, in bits; the tests of xenia-audio write both.\n#pragma once\nenum {{ LOOP_START = {}, LOOP_END = {} }};\n",
        places[3], places[11]
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/sound");
    if std::env::var_os("XENIA_BLESS").is_some() {
        std::fs::write(folder.join("stream.xma"), &ours).unwrap();
        std::fs::write(folder.join("stream.h"), &header).unwrap();
    }
    let theirs = std::fs::read(folder.join("stream.xma")).unwrap();
    assert!(theirs == ours, "XENIA_BLESS=1 writes what the encoder makes now");
    assert_eq!(std::fs::read_to_string(folder.join("stream.h")).unwrap(), header);
}
