//! Decodes packets of XMA and prints their contents; `OUT` gets the samples, 16-bit and
//! little-endian: `cargo run -p xenia-audio --example xma -- FILE mono|stereo [OUT]`. Without a
//! file it decodes a built-in tone.

use std::path::PathBuf;
use xenia_audio::xma::stream::{FRAME_SAMPLES, RateCode, decode};

/// The tone: 1 kHz, one channel, 48 kHz.
const TONE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/sound/stream.xma");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().map_or_else(|| PathBuf::from(TONE), PathBuf::from);
    let is_stereo = arguments.next().is_some_and(|channels| channels == "stereo");
    let (samples, failed) = decode(&std::fs::read(&path)?, is_stereo, RateCode::KHZ_48);
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    let frames = samples.len() / FRAME_SAMPLES / (1 + usize::from(is_stereo));
    println!("{}: {frames} frames, {failed} of them damaged; peak {peak}", path.display());
    if let Some(out) = arguments.next() {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        std::fs::write(out, bytes)?;
    }
    Ok(())
}
