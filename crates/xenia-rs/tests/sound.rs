//! Tests of sound through the whole program: two of the project's titles play known tones, which
//! are measured in the WAV.

use serde_json::Value;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::{hermetic, note_repeat};

/// A WAV file that was read.
struct Wav {
    channels: usize,
    samples: Vec<i16>,
}

impl Wav {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let half = |at: usize| u16::from_le_bytes(*bytes[at..].first_chunk().unwrap());
        let word = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().unwrap()) as usize;
        assert_eq!((&bytes[..4], &bytes[8..16], word(4)), (&b"RIFF"[..], &b"WAVEfmt "[..], bytes.len() - 8));
        assert_eq!((word(24), half(34)), (48_000, 16));
        let data = 20 + word(16);
        assert_eq!((&bytes[data..data + 4], word(data + 4)), (&b"data"[..], bytes.len() - data - 8));
        let samples = bytes[data + 8..].as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
        Self { channels: half(22).into(), samples: samples.collect() }
    }

    fn channel(&self, channel: usize) -> impl Iterator<Item = f64> + '_ {
        self.samples.iter().skip(channel).step_by(self.channels).map(|&sample| f64::from(sample) / 32_767.0)
    }

    /// The tone near `frequency` in two seconds, starting a tenth of a second after the beginning:
    /// its frequency, its level in decibels below full scale, and the power of everything else,
    /// also in decibels.
    fn tone(&self, channel: usize, frequency: f64) -> (f64, f64, f64) {
        let first = self.channel(channel).position(|sample| sample != 0.0).expect("silence");
        let part: Vec<f64> = self.channel(channel).skip(first + 4800).take(96_000).collect();
        assert_eq!(part.len(), 96_000);
        let second = |from: usize| {
            let mut re = 0.0;
            let mut im = 0.0;
            for (n, sample) in part.iter().enumerate().skip(from).take(48_000) {
                let angle = TAU * frequency * n as f64 / 48_000.0;
                re += sample * angle.cos() / 24_000.0;
                im -= sample * angle.sin() / 24_000.0;
            }
            (re, im)
        };
        let (re, im) = second(0);
        let (later_re, later_im) = second(48_000);
        let turn = (later_im * re - later_re * im).atan2(later_re * re + later_im * im);
        let power = re * re + im * im;
        let all: f64 = part.iter().map(|sample| sample * sample).sum::<f64>() / 48_000.0;
        (frequency + turn / TAU, 10.0 * power.log10(), 10.0 * ((all - power).max(1e-12) / power).log10())
    }

    fn is_silent(&self, channel: usize) -> bool {
        self.channel(channel).all(|sample| sample == 0.0)
    }
}

fn command(title: &str, flags: &[&str], wav: &Path) -> Command {
    let title = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/sound").join(title);
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.arg("exec").arg(title).args(["--headless", "--fresh", "--audio"]);
    command.arg(format!("wav:{}", wav.display())).args(flags).stdin(Stdio::null());
    command
}

/// Attempts at a test whose title compares its time with the host's, which may be late.
const ATTEMPTS: usize = 6;

/// Runs a title, which counts its own faults; returns the WAV file and the report.
fn play(folder: &Path, title: &str, flags: &[&str]) -> (PathBuf, Value) {
    let (wav, report, messages) = play_anyway(folder, title, flags);
    assert_eq!(report["exit_code"], 0, "{title} {flags:?}: {messages}");
    (wav, report)
}

/// Runs a title that may find faults; returns the WAV file, the report, and the log.
fn play_anyway(folder: &Path, title: &str, flags: &[&str]) -> (PathBuf, Value, String) {
    let wav = folder.join("sound.wav");
    let json = folder.join("run.json");
    let output = command(title, flags, &wav).arg("--json").arg(&json).output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{title} {flags:?}: {messages}");
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    (wav, report, messages)
}

/// −6.02 dB: half of full scale.
const HALF: f64 = -6.020_6;

#[test]
fn six_tones_come_out_in_their_places_with_their_pitch_and_level() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, report) = play(folder.path(), "tone.xex", &["--speakers", "5.1"]);
    let wav = Wav::read(&wav);
    for channel in 0..6 {
        let expected = 1000.0 * (channel + 1) as f64;
        let (frequency, level, rest) = wav.tone(channel, expected);
        assert!((frequency - expected).abs() < 0.1, "{channel}: {frequency} Hz");
        assert!((level - HALF).abs() < 0.1, "{channel}: {level} dB");
        assert!(rest < -80.0, "{channel}: {rest} dB beside it");
    }
    let audio = &report["audio"];
    assert_eq!((&audio["output"], &audio["frames_submitted"]), (&"wav".into(), &750.into()));
    assert_eq!((&audio["callbacks_lost"], &audio["clipped_samples"]), (&0.into(), &0.into()));
    // Three frames became due between the last frame and the client's end.
    assert_eq!(audio["underruns"], 3);
    assert_eq!(wav.samples.len() as u64, audio["frames_played"].as_u64().unwrap() * 256 * 6);
}

#[test]
fn stereo_downmix_volume_and_mute_are_applied() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, _) = play(folder.path(), "tone.xex", &["--volume", "50"]);
    let wav = Wav::read(&wav);
    assert_eq!(wav.channels, 2);
    // Front, centre, and back of the same side; the latter two are 3 dB quieter. Not the other
    // side, and no low frequencies.
    for (channel, front, back) in [(0, 1000.0, 5000.0), (1, 2000.0, 6000.0)] {
        for (frequency, expected) in [(front, HALF), (3000.0, HALF - 3.01), (back, HALF - 3.01)] {
            let (_, level, _) = wav.tone(channel, frequency);
            assert!((level - expected - HALF).abs() < 0.1, "{channel} {frequency}: {level} dB");
        }
        let other = 3000.0 - front;
        for absent in [other, other + 4000.0, 4000.0] {
            assert!(wav.tone(channel, absent).1 < -90.0, "{channel} {absent}");
        }
    }
    let (wav, report) = play(folder.path(), "tone.xex", &["--mute"]);
    let wav = Wav::read(&wav);
    assert!(wav.is_silent(0) && wav.is_silent(1));
    assert_eq!(report["audio"]["frames_submitted"], 750);
}

#[test]
fn every_engine_makes_the_same_file_and_the_output_changes_nothing() {
    for title in ["tone.xex", "xma.xex"] {
        let mut digests = Vec::new();
        let mut files = Vec::new();
        for flags in [&[][..], &["--interp"], &["--lockstep", "--quantum", "7777"], &["--warm-up", "0"]] {
            let folder = tempfile::tempdir().unwrap();
            let (wav, report) = play(folder.path(), title, flags);
            files.push(std::fs::read(wav).unwrap());
            digests.push(report["digest"].clone());
        }
        assert!(files.iter().all(|file| *file == files[0]), "{title}");
        assert!(digests[0].is_string() && digests[1] == digests[0] && digests[3] == digests[0]);
        let folder = tempfile::tempdir().unwrap();
        let (_, report) = play(folder.path(), title, &["--mute", "--speakers", "5.1"]);
        assert_eq!(report["digest"], digests[0], "{title}: what is heard is nothing to the title");
    }
}

#[test]
fn concurrent_hardware_threads_make_the_same_sound() {
    let is_complete = |_| {
        let folder = tempfile::tempdir().unwrap();
        let (wav, report, messages) = play_anyway(folder.path(), "tone.xex", &["--parallel"]);
        let wav = Wav::read(&wav);
        assert_eq!(report["audio"]["frames_submitted"], 750);
        let heard = wav.channel(0).filter(|&sample| sample != 0.0).count();
        let is_heard = report["exit_code"] == 0 && heard > 700 * 256 * 9 / 10;
        if !is_heard {
            note_repeat(&format!("{heard} samples are heard; {messages}"));
        }
        is_heard
    };
    assert!((0..ATTEMPTS).any(is_complete));
}

#[test]
fn a_decoded_loop_is_one_tone_without_a_seam() {
    let folder = tempfile::tempdir().unwrap();
    let (wav, report) = play(folder.path(), "xma.xex", &["--speakers", "5.1"]);
    let wav = Wav::read(&wav);
    let (frequency, level, rest) = wav.tone(0, 1000.0);
    assert!((frequency - 1000.0).abs() < 0.1 && (level - HALF).abs() < 0.1, "{frequency} Hz, {level} dB");
    assert!(rest < -60.0, "{rest} dB beside it");
    assert!((1..6).all(|channel| wav.is_silent(channel)));
    let audio = &report["audio"];
    assert_eq!((&audio["xma_frames_failed"], &audio["xma_faults"]), (&0.into(), &0.into()));
    assert!(audio["xma_frames"].as_u64() > Some(300));
}

/// Sends a signal to a run once it has written a second of sound; returns its exit code, 0 if it
/// ended by itself before that.
#[cfg(unix)]
fn ended_by(signal: &str, wav: &Path) -> Option<i32> {
    // Slow enough to be still running, unless this thread gets no time.
    let mut child = command("tone.xex", &["--cross-check=instr"], wav).stderr(Stdio::null()).spawn().unwrap();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if std::fs::metadata(wav).is_ok_and(|file| file.len() >= 44 + 4 * 48_000) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // It is reaped by `wait` alone, so the id is still its own.
    let killed =
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    child.wait().unwrap().code()
}

/// Signals end the runs.
#[cfg(unix)]
#[test]
fn a_file_is_complete_after_an_interrupt_and_nearly_complete_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    for (signal, code) in [("INT", Some(130)), ("KILL", None)] {
        let wav = folder.path().join(signal);
        let is_at_work = (0..ATTEMPTS).any(|_| {
            let _ = std::fs::remove_file(&wav);
            let ended = ended_by(signal, &wav);
            assert!(ended == code || ended == Some(0), "{ended:?}");
            ended == code
        });
        assert!(is_at_work, "it always ended by itself");
        if signal == "INT" {
            let wav = Wav::read(&wav);
            assert!(!wav.is_silent(0));
        } else {
            let bytes = std::fs::read(&wav).unwrap();
            let declared = u32::from_le_bytes(*bytes[40..].first_chunk().unwrap()) as usize;
            assert!(
                declared > 0 && declared + 44 <= bytes.len() && bytes.len() - 44 - declared < 2 * 4 * 48_000
            );
        }
    }
}

/// One of the files is a device.
#[cfg(unix)]
#[test]
fn unwritable_wav_file_fails_before_the_title_runs() {
    for wav in ["/nowhere/a.wav", "/dev/null"] {
        let output = command("tone.xex", &[], Path::new(wav)).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(wav));
    }
}

/// A sound server with a virtual loudspeaker; dropping this ends it.
struct Server(Child);

impl Server {
    fn start(socket: &Path) -> Self {
        let mut command = Command::new("pulseaudio");
        command.args([
            "-n",
            "--exit-idle-time=-1",
            "--daemonize=no",
            "-L",
            "module-null-sink sink_name=ear rate=48000",
            "-L",
        ]);
        command.arg(format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display()));
        // Keep away from the user's sound server and its files.
        command.env("XDG_RUNTIME_DIR", socket.parent().unwrap()).env("HOME", socket.parent().unwrap());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self(child);
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < Duration::from_mins(2), "no sound server");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_sound_server_plays_what_the_title_makes() {
    if !xenia_testing::need(xenia_testing::Tool::Pulse) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("native");
    let address = format!("unix:{}", socket.display());
    let _server = Server::start(&socket);
    assert!((0..ATTEMPTS).any(|_| is_played_by(&address, folder.path())));
}

/// Runs the title with a sound server. Returns whether the server has played it; the latency and
/// the gaps are those of a host that may be busy.
fn is_played_by(address: &str, folder: &Path) -> bool {
    let recorded = folder.join("heard.raw");
    let file = std::fs::File::create(&recorded).unwrap();
    let mut ear = Command::new("parec")
        .args(["--device=ear.monitor", "--format=s16le", "--rate=48000", "--channels=2", "--latency-msec=50"])
        .env("PULSE_SERVER", address)
        .stdout(file)
        .spawn()
        .unwrap();
    let json = folder.join("run.json");
    let title = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/sound/tone.xex");
    let start = Instant::now();
    let output = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("exec")
        .arg(title)
        .args(["--headless", "--fresh", "--audio", "device", "--json"])
        .arg(&json)
        .env("PULSE_SERVER", address)
        .output()
        .unwrap();
    let took = start.elapsed();
    ear.kill().unwrap();
    ear.wait().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(took > Duration::from_secs(4), "at the console's speed, not in {took:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let device = &report["audio"]["device"];
    assert_eq!(report["audio"]["output"], "device");
    let has_latency = device["latency_ms"].as_f64().is_some_and(|ms| ms > 10.0 && ms < 400.0);
    // Four seconds. A busy host may leave gaps, which are counted.
    let samples = std::fs::read(&recorded).unwrap();
    let samples = samples.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect();
    let heard: Vec<f64> = Wav { channels: 2, samples }.channel(0).collect();
    // Whether 10 ms contain the title's first channel with the centre and the back of its side, and
    // little else.
    let is_ours = |piece: &[f64]| {
        let power: f64 = piece.iter().map(|sample| sample * sample).sum::<f64>() / (piece.len() as f64 / 2.0);
        let found: f64 = [1000.0, 3000.0, 5000.0].map(|frequency| level(piece, frequency)).iter().sum();
        power > 0.1 && found > 0.8 * power
    };
    let played = heard.chunks_exact(480).filter(|piece| is_ours(piece)).count();
    let is_played = has_latency && played >= 50;
    if !is_played {
        note_repeat(&format!("{played} of {} pieces, {device}", heard.len() / 480));
    }
    is_played
}

/// Power of one frequency in a piece.
fn level(piece: &[f64], frequency: f64) -> f64 {
    let mut re = 0.0;
    let mut im = 0.0;
    for (n, sample) in piece.iter().enumerate() {
        let angle = TAU * frequency * n as f64 / 48_000.0;
        re += sample * angle.cos();
        im += sample * angle.sin();
    }
    (re * re + im * im) / (piece.len() as f64 / 2.0).powi(2)
}

#[test]
fn a_requested_device_that_is_missing_is_an_error() {
    let title = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/sound/tone.xex");
    let output = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("exec")
        .arg(title)
        .args(["--headless", "--fresh", "--audio", "device"])
        .env("PULSE_SERVER", "unix:/nowhere/native")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no sound server"));
}
