//! Counters of the traffic, which titles read with `XNetGetOpt`.
//!
//! The frames are those in which an Ethernet would carry the data, also on other networks, with the
//! headers of Ethernet, IPv4, and TCP or UDP; acknowledgements are not counted.

use crate::network::SocketKind;
use serde::{Deserialize, Serialize};

/// Bytes of the headers of Ethernet and of IPv4 in each frame.
const ETHERNET: u64 = 14;
const IPV4: u64 = 20;
/// Bytes of the header of TCP in each frame, and of UDP in each datagram.
const TCP: u64 = 20;
const UDP: u64 = 8;
/// Largest number of bytes of a frame after the header of Ethernet.
const MAX_PACKET: u64 = 1500;

/// Traffic in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficCount {
    /// Number of bytes, with all headers.
    pub bytes: u64,
    /// Number of frames.
    pub frames: u32,
}

impl TrafficCount {
    /// Counts a transfer of a socket.
    pub(crate) fn add(&mut self, kind: SocketKind, length: u64) {
        // A stream sends no frame without data; a datagram without data is a frame.
        if kind == SocketKind::Stream && length == 0 {
            return;
        }
        let (datagram, segment) = match kind {
            SocketKind::Stream => (0, TCP),
            SocketKind::Datagram => (UDP, 0),
        };
        let length = length + datagram;
        let frames = length.div_ceil(MAX_PACKET - IPV4 - segment);
        self.bytes = self.bytes.wrapping_add(length + frames * (ETHERNET + IPV4 + segment));
        self.frames = self.frames.wrapping_add(u32::try_from(frames).unwrap_or(u32::MAX));
    }

    /// The traffic since an earlier count.
    fn since(self, earlier: Self) -> Self {
        Self {
            bytes: self.bytes.wrapping_sub(earlier.bytes),
            frames: self.frames.wrapping_sub(earlier.frames),
        }
    }
}

/// Traffic in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetTraffic {
    /// Data that was sent.
    pub sent: TrafficCount,
    /// Data that the title has received.
    pub received: TrafficCount,
}

impl NetTraffic {
    /// The traffic since an earlier count.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { sent: self.sent.since(earlier.sent), received: self.received.since(earlier.received) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_counted_in_the_frames_that_carry_it() {
        for (kind, length, bytes, frames) in [
            (SocketKind::Datagram, 0, 42, 1),
            (SocketKind::Datagram, 1472, 1514, 1),
            (SocketKind::Datagram, 1473, 1473 + 8 + 2 * 34, 2),
            (SocketKind::Stream, 0, 0, 0),
            (SocketKind::Stream, 1460, 1514, 1),
            (SocketKind::Stream, 1461, 1461 + 2 * 54, 2),
        ] {
            let mut count = TrafficCount::default();
            count.add(kind, length);
            assert_eq!(count, TrafficCount { bytes, frames }, "{kind:?} {length}");
        }
    }
}
