//! The host's sound server: PulseAudio's protocol, which PipeWire speaks, too, in Rust all the way.
//!
//! The server asks for samples on a host thread of its client's; what comes between that and the
//! machine is a [`DeviceQueue`]. Neither waits for the other, and a server that goes away leaves a
//! machine that runs on without sound.

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use pulseaudio::protocol::{
    ChannelMap, ChannelPosition, ChannelVolume, DEFAULT_SINK, PlaybackStreamParams, SampleFormat, SampleSpec,
    stream::BufferAttr,
};
use pulseaudio::{AsPlaybackSource, Client, PlaybackStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use xenia_audio::drift::{DeviceQueue, DriftFigures};
use xenia_audio::mix::Speakers;

/// Samples a second that the server is asked to take.
const RATE: u32 = 48_000;
/// Milliseconds of samples that the server keeps for itself.
const SERVER_MS: u32 = 80;
/// How long a server has for its first answers.
const PATIENCE: Duration = Duration::from_secs(3);

/// See the module's documentation.
pub struct Device {
    queue: Arc<Mutex<DeviceQueue>>,
    /// What the server said that it keeps, in milliseconds.
    server_ms: f64,
    /// Both end with this.
    _stream: PlaybackStream,
    _client: Client,
}

fn channel_map(speakers: Speakers) -> ChannelMap {
    use ChannelPosition::{FrontCenter, FrontLeft, FrontRight, Lfe, RearLeft, RearRight};
    match speakers {
        Speakers::Stereo => ChannelMap::stereo(),
        Speakers::Surround => ChannelMap::new([FrontLeft, FrontRight, FrontCenter, Lfe, RearLeft, RearRight]),
    }
}

fn connect(speakers: Speakers, queue: Arc<Mutex<DeviceQueue>>) -> Result<(Client, PlaybackStream)> {
    let channels = speakers.channels() as u32;
    let bytes = RATE / 1000 * SERVER_MS * channels * 2;
    let parameters = PlaybackStreamParams {
        sample_spec: SampleSpec { format: SampleFormat::S16Le, channels: channels as u8, sample_rate: RATE },
        channel_map: channel_map(speakers),
        cvolume: Some(ChannelVolume::norm(channels as u8)),
        sink_name: Some(DEFAULT_SINK.to_owned()),
        buffer_attr: BufferAttr {
            target_length: bytes,
            minimum_request_length: bytes / 4,
            ..BufferAttr::default()
        },
        ..PlaybackStreamParams::default()
    };
    let client = Client::from_env(c"xenia-rs").context("no sound server answers")?;
    let mut samples = Vec::new();
    let take = move |bytes: &mut [u8]| {
        samples.resize(bytes.len() / 2, 0);
        queue.lock().take(&mut samples);
        for (bytes, sample) in bytes.chunks_exact_mut(2).zip(&samples) {
            bytes.copy_from_slice(&sample.to_le_bytes());
        }
        bytes.len()
    };
    let stream = pollster::block_on(client.create_playback_stream(parameters, take.as_playback_source()))
        .context("the sound server refuses a stream")?;
    Ok((client, stream))
}

impl Device {
    /// Opens the user's default output.
    pub fn open(speakers: Speakers) -> Result<Self> {
        let queue = Arc::new(Mutex::new(DeviceQueue::new(speakers, RATE)));
        let (done, answer) = mpsc::channel();
        let theirs = queue.clone();
        // A server that hangs must not hang us.
        std::thread::spawn(move || done.send(connect(speakers, theirs)));
        let opened = answer.recv_timeout(PATIENCE);
        let (client, stream) = opened.map_err(|_| anyhow!("the sound server does not answer"))??;
        let kept = stream.buffer_attr().target_length as usize / (2 * speakers.channels());
        let server_ms = kept as f64 * 1000.0 / f64::from(RATE);
        Ok(Self { queue, server_ms, _stream: stream, _client: client })
    }

    /// The machine has made samples.
    pub fn put(&self, samples: &[i16]) {
        self.queue.lock().put(samples);
    }

    /// How the device has been served so far, with the server's own share of the latency.
    pub fn figures(&self) -> DriftFigures {
        let figures = self.queue.lock().figures();
        DriftFigures { latency_ms: figures.latency_ms + self.server_ms, ..figures }
    }
}
