//! Decoder for a single stream, without contexts.

pub use super::frame::{FRAME_SAMPLES, FrameDecoder, RateCode};
pub use super::packet::{Next, Packet, PacketSource, Position, next_frame};
use xenia_guest::xma::PACKET_SIZE;

/// Consecutive packets in memory.
#[derive(Clone, Copy, Debug)]
pub struct Whole<'a>(pub &'a [u8]);

impl PacketSource for Whole<'_> {
    fn packet(&mut self, index: u32) -> Option<Packet> {
        let start = index as usize * PACKET_SIZE as usize;
        self.0.get(start..)?.first_chunk().copied()
    }
}

/// Decodes all frames of a stream. Returns the samples, one channel after the other, and the number
/// of frames that could not be decoded.
pub fn decode(packets: &[u8], is_stereo: bool, rate: RateCode) -> (Vec<i16>, usize) {
    let mut decoder = FrameDecoder::new(is_stereo, rate);
    let mut packets = Whole(packets);
    let mut samples = Vec::new();
    let mut failed = 0;
    let mut position = Position::default();
    while let Next::Frame { bytes, length, behind, .. } = next_frame(&mut packets, position) {
        failed += usize::from(decoder.decode(&bytes, length, &mut samples).is_err());
        position = behind;
    }
    (samples, failed)
}
