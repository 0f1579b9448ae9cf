//! Output to the host's sound server by the PulseAudio protocol, which PipeWire also speaks,
//! implemented in Rust.
//!
//! The server requests samples on a host thread of its client library; a [`DriftQueue`] passes
//! them from the machine. Neither side waits for the other, and if the server goes away, the
//! machine continues without sound.

use anyhow::{Context, Result, anyhow};
use pulseaudio::protocol::{
    ChannelMap, ChannelPosition, ChannelVolume, DEFAULT_SINK, PlaybackStreamParams, SampleFormat, SampleSpec,
    stream::BufferAttr,
};
use pulseaudio::{AsPlaybackSource, Client, PlaybackStream};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use xenia_audio::drift::DriftQueue;
use xenia_audio::mix::Speakers;
use xenia_guest::SOUND_RATE;
use xenia_sync::Mutex;

/// Requested buffer size of the server, in milliseconds.
const SERVER_MS: u32 = 80;
/// Timeout of the server's first answers.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A playback stream on the host's sound server.
pub(super) struct Device {
    /// Actual buffer size of the server, in milliseconds.
    server_ms: f64,
    /// Both the client and the stream end when the device is dropped.
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

fn connect(speakers: Speakers, queue: Arc<Mutex<DriftQueue>>) -> Result<(Client, PlaybackStream)> {
    let channels = speakers.channels() as u32;
    let bytes = SOUND_RATE / 1000 * SERVER_MS * channels * 2;
    let parameters = PlaybackStreamParams {
        sample_spec: SampleSpec {
            format: SampleFormat::S16Le,
            channels: channels as u8,
            sample_rate: SOUND_RATE,
        },
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
    let client = Client::from_env(c"xenia-rs").context("no sound server (PulseAudio or PipeWire) answers")?;
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
    /// Opens the user's default output, which takes samples from `queue`.
    pub(super) fn open(speakers: Speakers, queue: Arc<Mutex<DriftQueue>>) -> Result<Self> {
        let (done, answer) = mpsc::channel();
        // Connect on another thread, because a server may hang.
        std::thread::spawn(move || done.send(connect(speakers, queue)));
        let opened = answer.recv_timeout(TIMEOUT);
        let (client, stream) = opened.map_err(|_| anyhow!("the sound server does not answer"))??;
        let kept = stream.buffer_attr().target_length as usize / (2 * speakers.channels());
        let server_ms = kept as f64 * 1000.0 / f64::from(SOUND_RATE);
        Ok(Self { server_ms, _stream: stream, _client: client })
    }

    /// Latency of the server's buffer in milliseconds.
    pub(super) fn latency_ms(&self) -> f64 {
        self.server_ms
    }
}
