//! Implements the kernel's sound ports: the mixer and its outputs, and the XMA decoder.
//!
//! Frames are mixed at guest times. No host state reaches the guest, so a run is the same with any
//! output.

#[cfg(all(feature = "sound", target_os = "linux"))]
mod device;
#[cfg(all(feature = "sound", windows))]
#[path = "sound/wave_out.rs"]
mod device;
#[cfg(not(all(feature = "sound", any(target_os = "linux", windows))))]
#[path = "sound/no_device.rs"]
mod device;
mod volume;

pub use volume::{VolumeControl, VolumeLevel};

use crate::config::{AudioOutput, SoundConfig, SpeakerLayout};
use crate::lock_order;
use crate::output::StreamFile;
use crate::video::VideoRecorder;
use anyhow::{Context, Result, bail};
use device::Device;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use xenia_audio::drift::{DriftFigures, DriftQueue};
use xenia_audio::mix::{self, Mixer};
use xenia_audio::song::Song;
use xenia_audio::wav::WavWriter;
use xenia_audio::xma::{Decoder, XmaFigures, XmaState};
use xenia_guest::{SOUND_FRAME_SAMPLES, SOUND_RATE};
use xenia_kernel::ports::{Audio, RenderFrame, SongBytes, Xma};
use xenia_memory::GuestMemory;
use xenia_sched::GuestTicks;
use xenia_state::Impossible;
use xenia_sync::{Level, Mutex};

/// A WAV file being written. It begins with the first samples, or at the end of the run.
struct Wav {
    path: PathBuf,
    out: WavOutput,
    failed: Option<String>,
}

enum WavOutput {
    /// The file may still have the sound of an earlier run.
    Opened(BufWriter<StreamFile>, mix::Speakers),
    Begun(WavWriter<BufWriter<StreamFile>>),
    /// After the end or a write error.
    Over,
}

impl Wav {
    fn create(path: &Path, speakers: mix::Speakers) -> Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        let file = StreamFile::create(path).with_context(cannot)?;
        if !file.is_regular() {
            bail!(
                "cannot write {}: not a regular file; the header of a WAV file is written last",
                path.display()
            );
        }
        let out = WavOutput::Opened(BufWriter::new(file), speakers);
        Ok(Self { path: path.to_owned(), out, failed: None })
    }

    /// Writes the header if that is not done.
    fn begin(&mut self) {
        self.out = match std::mem::replace(&mut self.out, WavOutput::Over) {
            WavOutput::Opened(file, speakers) => match WavWriter::new(file, speakers) {
                Ok(writer) => WavOutput::Begun(writer),
                Err(error) => return self.fail(&error.to_string()),
            },
            out => out,
        };
    }

    fn write(&mut self, samples: &[i16]) {
        self.begin();
        let WavOutput::Begun(writer) = &mut self.out else { return };
        let failed = match writer.write(samples) {
            Ok(true) => return,
            Ok(false) => "it is full: a WAV has 4 GiB at most".to_owned(),
            Err(error) => error.to_string(),
        };
        self.fail(&failed);
    }

    fn fail(&mut self, why: &str) {
        self.note_failure(why);
        self.end();
    }

    /// Notes the first reason for which the file is incomplete.
    fn note_failure(&mut self, why: &str) {
        let text = format!("{} is incomplete: {why}", self.path.display());
        self.failed.get_or_insert(text);
    }

    /// Completes the file; without samples it has a header and no data.
    fn finish(&mut self) {
        self.begin();
        self.end();
    }

    fn end(&mut self) {
        if let WavOutput::Begun(writer) = std::mem::replace(&mut self.out, WavOutput::Over)
            && let Err(error) = writer.finish()
        {
            self.note_failure(&error.to_string());
        }
    }
}

/// A sound device and the queue from which it takes samples.
struct QueuedDevice {
    queue: Arc<Mutex<DriftQueue>>,
    device: Device,
}

impl QueuedDevice {
    /// Opens the user's default output.
    fn open(speakers: mix::Speakers) -> Result<Self> {
        let queue = DriftQueue::new(speakers, SOUND_RATE);
        let queue = Arc::new(Mutex::numbered(Level::Host, lock_order::SAMPLES, queue));
        let device = Device::open(speakers, queue.clone())?;
        Ok(Self { queue, device })
    }

    /// Counters of the device; the latency includes the system's buffers.
    fn figures(&self) -> DriftFigures {
        let figures = self.queue.lock().figures();
        DriftFigures { latency_ms: figures.latency_ms + self.device.latency_ms(), ..figures }
    }
}

enum Sink {
    Null,
    Wav(Box<Wav>),
    Device(QueuedDevice),
}

struct State {
    mixer: Mixer,
    samples: Vec<i16>,
    sink: Sink,
    /// Current song of the title's music player, and its number.
    song: Option<Song>,
    song_number: u64,
    /// Volume that may change during the run.
    volume: Option<VolumeControl>,
    /// Video that gets the sound, too.
    video: Option<VideoRecorder>,
}

/// The output of sound; clones share it.
#[derive(Clone)]
pub struct Sound(Arc<Mutex<State>>);

impl Sound {
    /// Discards all sound.
    pub fn null() -> Self {
        Self::new(Mixer::new(mix::Speakers::Stereo, 1.0), Sink::Null)
    }

    /// Opens the output that the flags name; `wav` replaces the file in the flags. The default in a
    /// window is a device, if there is one.
    pub fn open(config: &SoundConfig, wav: Option<&Path>, in_window: bool) -> Result<Self> {
        let speakers = match config.speakers {
            SpeakerLayout::Stereo => mix::Speakers::Stereo,
            SpeakerLayout::Surround => mix::Speakers::Surround,
        };
        let volume = f32::from(config.volume) / 100.0;
        let sink = match &config.output {
            Some(AudioOutput::Wav(path)) => Sink::Wav(Box::new(Wav::create(wav.unwrap_or(path), speakers)?)),
            Some(AudioOutput::Device) => {
                Sink::Device(QueuedDevice::open(speakers).context("--audio device")?)
            }
            None if in_window => match QueuedDevice::open(speakers) {
                Ok(device) => Sink::Device(device),
                Err(error) => {
                    tracing::error!("{error:#}; running without sound");
                    Sink::Null
                }
            },
            Some(AudioOutput::Null) | None => Sink::Null,
        };
        Ok(Self::new(Mixer::new(speakers, volume), sink))
    }

    fn new(mixer: Mixer, sink: Sink) -> Self {
        let samples = Vec::new();
        let song = None;
        let song_number = 0;
        let volume = None;
        let video = None;
        let state = State { mixer, samples, sink, song, song_number, volume, video };
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::SOUND, state)))
    }

    /// Lets `volume` set the loudness from now on.
    pub fn follow(&self, volume: &VolumeControl) {
        self.0.lock().volume = Some(volume.clone());
    }

    /// Lets videos have the sound from now on.
    pub fn record(&self, video: &VideoRecorder) {
        self.0.lock().video = Some(video.clone());
    }

    /// Name of the output in reports.
    pub fn name(&self) -> &'static str {
        match self.0.lock().sink {
            Sink::Null => "null",
            Sink::Wav(_) => "wav",
            Sink::Device(_) => "device",
        }
    }

    /// Number of samples clipped so far.
    pub fn clipped(&self) -> u64 {
        self.0.lock().mixer.clipped()
    }

    /// Counters of the sound device, if sound goes to one.
    pub fn device(&self) -> Option<DriftFigures> {
        match &self.0.lock().sink {
            Sink::Device(device) => Some(device.figures()),
            Sink::Null | Sink::Wav(_) => None,
        }
    }

    /// The kernel's audio port.
    pub fn port(&self) -> Box<dyn Audio> {
        Box::new(self.clone())
    }

    /// Completes the output; returns an error text if data was lost.
    pub fn finish(&self) -> Option<String> {
        match &mut self.0.lock().sink {
            Sink::Null | Sink::Device(_) => None,
            Sink::Wav(wav) => {
                wav.finish();
                wav.failed.take()
            }
        }
    }
}

impl Audio for Sound {
    fn play(&mut self, frames: &[Box<RenderFrame>], volume: Option<f32>) {
        let State { mixer, samples, sink, song, volume: control, video, .. } = &mut *self.0.lock();
        if let Some(control) = control {
            mixer.set_volume(control.gain());
        }
        let music = volume.and_then(|volume| song.as_mut()?.frame(volume));
        if volume.is_some() && music.is_none() {
            *song = None;
        }
        // Mix even without an output, because clipped samples are counted.
        mixer.mix(frames.iter().chain(&music).map(|frame| &**frame), samples);
        if let Some(video) = video {
            video.sound(samples);
        }
        match sink {
            Sink::Null => {}
            Sink::Wav(wav) => wav.write(samples),
            Sink::Device(device) => {
                if device.queue.lock().put(samples, Instant::now()) {
                    tracing::error!(
                        "the sound device takes no more sound: restart the title when the sound server runs again"
                    );
                }
            }
        }
        samples.clear();
    }

    fn set_song(&mut self, number: u64, song: Option<SongBytes>) {
        let mut state = self.0.lock();
        // Threads of the title open songs at the same time, so that an older one may come late.
        if number < state.song_number {
            return;
        }
        state.song_number = number;
        state.song = song.and_then(|bytes| match Song::new(bytes) {
            Ok(song) => Some(song),
            Err(error) => {
                tracing::warn!(target: "kernel", "cannot decode a song of the title: {error}");
                None
            }
        });
    }

    fn skip_song(&mut self, frames: u64) {
        let mut state = self.0.lock();
        // A debugger loads a state for each step back, and decoding may take seconds. Without an
        // output only the count of clipped samples depends on it.
        if matches!(state.sink, Sink::Null) && state.video.is_none() {
            return;
        }
        let Some(song) = &mut state.song else { return };
        let skipped = (0..frames.min(MAX_SKIPPED)).try_for_each(|_| song.frame(0.0).map(drop));
        if skipped.is_none() {
            state.song = None;
        }
    }

    fn start_over(&mut self) {
        let mut state = self.0.lock();
        state.song = None;
        state.song_number = 0;
        if let Sink::Device(device) = &state.sink {
            device.queue.lock().clear();
        }
    }
}

/// Largest number of frames of a song that are left out after a load of a state: those of an hour.
const MAX_SKIPPED: u64 = 3600 * SOUND_RATE as u64 / SOUND_FRAME_SAMPLES as u64;

/// The kernel's port of the XMA decoder; clones share it.
#[derive(Clone)]
pub struct XmaPort(Arc<Mutex<Decoder>>);

impl XmaPort {
    /// A decoder that works on guest memory.
    pub fn new(memory: Arc<GuestMemory>) -> Self {
        Self(Arc::new(Mutex::numbered(Level::Host, lock_order::XMA, Decoder::new(memory))))
    }

    /// Counters of the decoder.
    pub fn figures(&self) -> XmaFigures {
        self.0.lock().figures()
    }

    /// State of the decoder.
    pub fn state(&self) -> XmaState {
        self.0.lock().state()
    }

    /// Replaces the decoder's state.
    ///
    /// # Errors
    /// A state that no decoder can have.
    pub fn restore(&self, state: XmaState) -> Result<(), Impossible> {
        self.0.lock().restore(state)
    }
}

impl Xma for XmaPort {
    fn store_register(&mut self, index: u32, value: u32, now: GuestTicks) {
        self.0.lock().store_register(index, value, now);
    }
}

#[cfg(test)]
mod tests;
