//! Tests of sound outputs, songs and the XMA port.

use super::*;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

#[test]
fn a_finished_wav_is_complete_and_accepts_no_samples() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wav");
    let args =
        SoundConfig { output: Some(AudioOutput::Wav(path.clone())), volume: 100, ..SoundConfig::default() };
    let sound = Sound::open(&args, None, false).unwrap();
    let mut port = sound.port();
    port.play(&[], None);
    assert_eq!((sound.finish(), sound.name()), (None, "wav"));
    port.play(&[], None);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 44 + 256 * 4);
    assert_eq!(bytes[40..44], (256_u32 * 4).to_le_bytes());
    drop(Sound::open(&args, None, false).unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "a run that was refused");
    let silent = Sound::open(&args, None, false).unwrap();
    assert_eq!((silent.finish(), std::fs::read(&path).unwrap().len()), (None, 44));
    assert!(Sound::open(&args, Some(dir.path()), true).is_err(), "a folder");
    #[cfg(unix)]
    assert!(Sound::open(&args, Some(Path::new("/dev/null")), false).is_err(), "no file");
}

const SONG_FRAME: [u8; 25] = [
    0xFF, 0xFB, 0x54, 0xC0, 0x00, 0x00, 0x00, 0x34, 0x01, 0x88, 0x00, 0x00, 0x00, 0x08, 0x06, 0x80, 0x31,
    0x00, 0x00, 0x00, 0x01, 0xFF, 0xE7, 0xFF, 0x00,
];

/// One second of MP3 with a tone: frames of 64 kbit/s at 48 kHz, each with one spectral line.
fn song() -> SongBytes {
    let mut frame = SONG_FRAME.to_vec();
    frame.resize(192, 0);
    let file = frame.repeat(42);
    Box::new(move |offset, into| {
        let rest = file.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        count
    })
}

#[test]
fn a_song_is_mixed_in_while_it_plays_and_the_newest_is_on() {
    let played = || {
        let sound = Sound::null();
        let mut port = sound.port();
        let mut heard = Vec::new();
        let mut play = |port: &mut Box<dyn Audio>, volume| {
            let mut loudest = 0;
            for _ in 0..20 {
                port.play(&[], volume);
                let State { mixer, song, .. } = &mut *sound.0.lock();
                let music = volume.and_then(|volume| song.as_mut()?.frame(volume));
                let mut samples = Vec::new();
                mixer.mix(music.as_deref(), &mut samples);
                loudest = samples.iter().map(|sample| sample.unsigned_abs()).fold(loudest, u16::max);
                heard.extend(samples);
            }
            loudest
        };
        port.set_song(2, Some(song()));
        port.set_song(1, None);
        let loud = play(&mut port, Some(1.0));
        let held = play(&mut port, None);
        let quiet = play(&mut port, Some(0.5));
        assert!(loud > 100 && held == 0 && quiet.abs_diff(loud / 2) <= loud / 20, "{loud} {held} {quiet}");
        port.set_song(3, Some(Box::new(|_, _| 0)));
        assert_eq!(play(&mut port, Some(1.0)), 0, "an empty file");
        heard
    };
    assert_eq!(played(), played());
}

#[test]
fn a_restored_song_continues_where_it_was() {
    const FRAME_BYTES: usize = 256 * 4;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("song.wav");
    let config =
        SoundConfig { output: Some(AudioOutput::Wav(path.clone())), volume: 100, ..SoundConfig::default() };
    let heard = |skipped: u64, frames: usize| {
        let sound = Sound::open(&config, None, false).unwrap();
        let mut port = sound.port();
        port.set_song(1, Some(song()));
        port.skip_song(skipped);
        (0..frames).for_each(|_| port.play(&[], Some(1.0)));
        assert_eq!(sound.finish(), None);
        std::fs::read(&path).unwrap()[44..].to_vec()
    };
    let whole = heard(0, 50);
    let rest = heard(30, 20);
    assert!(rest.iter().any(|&byte| byte != 0) && rest == whole[30 * FRAME_BYTES..]);
    let silence = heard(u64::MAX, 5);
    assert!(silence.iter().all(|&byte| byte == 0), "a song of which all was skipped has ended");
}

#[test]
fn a_restored_song_that_nobody_hears_is_not_decoded() {
    let reads = Arc::new(AtomicU64::new(0));
    let counted = reads.clone();
    let mut whole = song();
    let mut port = Sound::null().port();
    port.set_song(
        1,
        Some(Box::new(move |offset, into| {
            counted.fetch_add(1, Relaxed);
            whole(offset, into)
        })),
    );
    let before = reads.load(Relaxed);
    port.skip_song(30);
    assert_eq!(reads.load(Relaxed), before);
    port.play(&[], Some(1.0));
    assert!(reads.load(Relaxed) > before);
}

#[test]
fn a_decoder_of_a_state_has_the_counts_of_the_saved_one() {
    let memory = || GuestMemory::new().unwrap();
    let mut port = XmaPort::new(memory());
    port.store_register(xenia_guest::xma::register::CONTEXT_ARRAY, 0x1000, 0);
    port.store_register(xenia_guest::xma::register::KICK, 3, 5);
    let other = XmaPort::new(memory());
    other.restore(port.state()).expect("it can be");
    assert_eq!((other.figures(), other.state()), (port.figures(), port.state()));
    assert_eq!(other.figures().passes, 2);
}

#[cfg(unix)]
#[test]
fn wav_write_failure_is_reported_at_finish() {
    let file = StreamFile::create(Path::new("/dev/full")).unwrap();
    let out = WavOutput::Opened(BufWriter::new(file), mix::Speakers::Stereo);
    let mut wav = Wav { path: "full.wav".into(), out, failed: None };
    for _ in 0..200 {
        wav.write(&[0; 512]);
    }
    wav.finish();
    assert!(matches!(wav.out, WavOutput::Over) && wav.failed.unwrap().contains("full.wav"));
}
