//! Packets: positions of frames, and reassembly of frames that span packets.
//!
//! Positions and lengths come from the stream, which is untrusted: a frame reads at most
//! [`MAX_PACKETS_PER_FRAME`] packets, and each step goes forward.

use super::bits::Bits;
use super::frame::FRAME_SAMPLES;
use xenia_guest::xma::PACKET_SIZE;

/// Size of a packet in bits.
pub(super) const PACKET_BITS: u32 = PACKET_SIZE * 8;
/// Size of the packet header in bits.
pub(super) const HEADER_BITS: u32 = 32;
/// Size of a frame's leading length field in bits.
const LENGTH_BITS: u32 = 15;
/// Size of the shortest frame in bits, a silent one of a single channel and tile: 15 of length, 2
/// of tiling, 8 of gain, and 6 flags.
const MIN_FRAME_BITS: u32 = 31;
/// Skip value of a packet in which no frame starts: padding, or the middle of a long frame. The
/// stream continues in the next packet.
const NO_FRAMES_HERE: u32 = 0xFF;
/// Largest number of packets read for one frame: apart from packets of other streams, a frame
/// starts in every few packets.
const MAX_PACKETS_PER_FRAME: usize = 64;
const _: () = assert!(FRAME_SAMPLES == 512);

/// The bytes of one packet.
pub type Packet = [u8; PACKET_SIZE as usize];

/// Packets of one buffer and its successor.
pub trait PacketSource {
    /// The packet with this index, continuing past the buffer; `None` if it is missing.
    fn packet(&mut self, index: u32) -> Option<Packet>;
}

/// A position in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Index of the packet.
    pub packet: u32,
    /// Bit offset in the packet; offsets before a frame mean that frame.
    pub bit: u32,
}

impl Position {
    /// The position in the format of contexts: bits from the start of the buffer.
    pub fn bits(self) -> u32 {
        self.packet.saturating_mul(PACKET_BITS).saturating_add(self.bit.max(HEADER_BITS))
    }

    /// The inverse of [`bits`](Self::bits).
    pub fn of_bits(bits: u32) -> Self {
        Self { packet: bits / PACKET_BITS, bit: bits % PACKET_BITS }
    }
}

/// The next element of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A complete frame.
    Frame {
        /// Bits of the frame, packed into bytes.
        bytes: Vec<u8>,
        /// Length of the frame in bits.
        length: u32,
        /// Start of the frame.
        at: Position,
        /// Position after the frame.
        behind: Position,
        /// Metadata of the packet in which it starts.
        metadata: u32,
    },
    /// A frame starts here, but a packet that it continues in is missing.
    Missing(Position),
    /// Like [`Missing`](Self::Missing), but the frame's length field is incomplete, too.
    MissingLength {
        /// Start of the frame.
        at: Position,
        /// Start of the missing packet.
        behind: Position,
    },
    /// The packet is missing.
    End(Position),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// Number of frames that start here; older packets do not contain it.
    frames: Option<u32>,
    /// Bit offset of the first frame.
    first: Option<u32>,
    metadata: u32,
    /// Number of packets of other streams after this one.
    skip: u32,
}

impl Header {
    fn of(packet: &Packet) -> Self {
        let word = packet.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let metadata = word >> 8 & 7;
        // XMA2 has a count and metadata 1; XMA1 has a sequence number and a wider skip field, whose
        // values are not larger in practice.
        let frames = (metadata == 1).then_some(word >> 26);
        let first = HEADER_BITS + (word >> 11 & 0x7FFF);
        let first = (first < PACKET_BITS && frames != Some(0)).then_some(first);
        let skip = Some(word & 0xFF).filter(|&skip| skip != NO_FRAMES_HERE).unwrap_or(0);
        Self { frames, first, metadata, skip }
    }
}

/// Appends `count` bits of a packet, starting at `from`.
fn gather(into: &mut Vec<u8>, filled: &mut u32, packet: &Packet, from: u32, count: u32) {
    for at in from..from + count {
        let bit = packet[at as usize / 8 % packet.len()] >> (7 - at % 8) & 1;
        if filled.is_multiple_of(8) {
            into.push(0);
        }
        if let Some(last) = into.last_mut() {
            *last |= bit << (7 - *filled % 8);
        }
        *filled += 1;
    }
}

fn bits_at(packet: &Packet, at: u32, count: u32) -> u32 {
    let mut bits = Bits::new(packet, PACKET_BITS);
    bits.skip(at).and_then(|()| bits.take(count)).unwrap_or(0)
}

/// A frame's start in its packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameStart {
    bit: u32,
    /// Number of frames that start before it.
    number: u32,
}

/// The start of the first frame at or after `bit`, from the lengths of its predecessors. If the
/// packet has no such frame, the start is outside the packet or before `bit`.
fn frame_from(packet: &Packet, first: u32, bit: u32) -> FrameStart {
    let mut start = FrameStart { bit: first, number: 0 };
    // Each turn goes on by 31 bits at least.
    // A frame whose length field continues in the next packet is the last one of this packet.
    while start.bit < bit && start.bit + LENGTH_BITS <= PACKET_BITS {
        let length = bits_at(packet, start.bit, LENGTH_BITS);
        if !is_length(length) {
            break;
        }
        start.bit += length;
        start.number += 1;
    }
    start
}

/// Whether a frame can have this length: a smaller value, or all ones, ends the packet's frames.
fn is_length(length: u32) -> bool {
    (MIN_FRAME_BITS..0x7FFF).contains(&length)
}

/// Reads the next frame from a position on.
pub fn next_frame(packets: &mut impl PacketSource, mut position: Position) -> Next {
    for _ in 0..MAX_PACKETS_PER_FRAME {
        let Some(packet) = packets.packet(position.packet) else { return Next::End(position) };
        let header = Header::of(&packet);
        let following = position.packet.saturating_add(header.skip + 1);
        let start = header.first.map(|first| frame_from(&packet, first, position.bit));
        let start = start.filter(|start| {
            let is_here = (position.bit..PACKET_BITS).contains(&start.bit);
            is_here && header.frames.is_none_or(|frames| start.number < frames)
        });
        let Some(start) = start else {
            position = Position { packet: following, bit: 0 };
            continue;
        };
        // Some titles give a loop start that is a bit of the previous frame.
        position.bit = start.bit;
        let frame = match gather_frame(packets, packet, position, following) {
            Gathered::Frame(frame) => frame,
            Gathered::NoLength => {
                position = Position { packet: following, bit: 0 };
                continue;
            }
            Gathered::Missing => return Next::Missing(position),
            Gathered::MissingLength => {
                let behind = Position { packet: following, bit: 0 };
                return Next::MissingLength { at: position, behind };
            }
        };
        let goes_on = header.frames.map_or(frame.has_more(), |frames| start.number + 1 < frames);
        // The packet in which it ends has the place of its own first frame in its header.
        let behind = if frame.end.packet != position.packet {
            Position { packet: frame.end.packet, bit: 0 }
        } else if goes_on && frame.end.bit < PACKET_BITS {
            frame.end
        } else {
            Position { packet: following, bit: 0 }
        };
        let GatheredFrame { bytes, length, .. } = frame;
        return Next::Frame { bytes, length, at: position, behind, metadata: header.metadata };
    }
    Next::End(position)
}

/// A frame, put together from the packets that it spans.
struct GatheredFrame {
    bytes: Vec<u8>,
    /// Length in bits.
    length: u32,
    /// The packet in which it ends, and the bit after it.
    end: Position,
}

impl GatheredFrame {
    /// Whether another frame starts in the packet in which this one does: the last bit.
    fn has_more(&self) -> bool {
        self.bytes.last().is_some_and(|last| last >> (7 - (self.length - 1) % 8) & 1 != 0)
    }
}

/// Result of gathering a frame's bits.
enum Gathered {
    Frame(GatheredFrame),
    /// There is no frame: its length field has a value that ends a packet's frames.
    NoLength,
    /// A packet that the frame continues in is missing.
    Missing,
    /// The packet in which the frame's length field continues is missing.
    MissingLength,
}

/// Gathers the frame at `start`, in `packet`; the stream's next packet has the index `following`.
fn gather_frame(
    packets: &mut impl PacketSource,
    mut packet: Packet,
    start: Position,
    mut following: u32,
) -> Gathered {
    let mut end = start;
    let mut bytes = Vec::new();
    let mut filled = 0;
    let mut length = None;
    loop {
        // A valid length is at least 31, more than the bits of its field that are gathered by then.
        let count = (length.unwrap_or(LENGTH_BITS) - filled).min(PACKET_BITS - end.bit);
        gather(&mut bytes, &mut filled, &packet, end.bit, count);
        end.bit += count;
        // The length field itself can span two packets.
        if length.is_none() && filled == LENGTH_BITS {
            let read = Bits::new(&bytes, filled).take(LENGTH_BITS).unwrap_or(0);
            if !is_length(read) {
                return Gathered::NoLength;
            }
            length = Some(read);
        }
        if length == Some(filled) {
            return Gathered::Frame(GatheredFrame { bytes, length: filled, end });
        }
        if end.bit == PACKET_BITS {
            let Some(next) = packets.packet(following) else {
                return if length.is_some() { Gathered::Missing } else { Gathered::MissingLength };
            };
            packet = next;
            end = Position { packet: following, bit: HEADER_BITS };
            following = following.saturating_add(Header::of(&packet).skip + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct List(Vec<Packet>);

    impl PacketSource for List {
        fn packet(&mut self, index: u32) -> Option<Packet> {
            self.0.get(index as usize).copied()
        }
    }

    /// A packet with this header, and frames of given lengths at given bits.
    fn packet(header: u32, frames: &[(u32, u32)]) -> Packet {
        let mut packet = [0xFF; 2048];
        packet[..4].copy_from_slice(&header.to_be_bytes());
        for &(at, length) in frames {
            for n in 0..LENGTH_BITS.min(PACKET_BITS - at) {
                let bit = (length >> (LENGTH_BITS - 1 - n) & 1) as u8;
                let byte = (at + n) as usize / 8;
                let shift = 7 - (at + n) % 8;
                packet[byte] = packet[byte] & !(1 << shift) | bit << shift;
            }
        }
        packet
    }

    fn xma2(frames: u32, first: u32, skip: u32) -> u32 {
        frames << 26 | first << 11 | 1 << 8 | skip
    }

    #[test]
    fn frames_are_found_one_after_the_other_and_across_packets() {
        let first = packet(xma2(2, 100, 0), &[(132, 50), (182, 16_250)]);
        let mut list =
            List(vec![first, packet(xma2(1, 48, 0), &[(80, 64)]), packet(xma2(0, 0x7FFF, 0xFF), &[])]);
        let Next::Frame { length, at, behind, metadata, .. } = next_frame(&mut list, Position::default())
        else {
            panic!()
        };
        assert_eq!((length, at.bits(), behind.bits(), metadata), (50, 132, 182, 1));
        let Next::Frame { bytes, length, behind, .. } = next_frame(&mut list, behind) else { panic!() };
        assert_eq!((length, bytes.len(), behind), (16_250, 2032, Position { packet: 1, bit: 0 }));
        let Next::Frame { length, behind, at, .. } = next_frame(&mut list, behind) else { panic!() };
        assert_eq!((length, at.bits(), behind.packet), (64, PACKET_BITS + 80, 2));
        assert_eq!(next_frame(&mut list, behind), Next::End(Position { packet: 3, bit: 0 }));
        list.0.truncate(1);
        assert_eq!(
            next_frame(&mut list, Position::of_bits(182)),
            Next::Missing(Position { packet: 0, bit: 182 })
        );
    }

    #[test]
    fn a_length_may_lie_in_two_packets_and_other_streams_are_left_out() {
        let mut packets = vec![packet(xma2(1, 16_344, 2), &[(16_376, 300)])];
        packets.extend([packet(xma2(9, 0, 0), &[]); 2]);
        let mut behind = packet(xma2(0, 0x7FFF, 0), &[]);
        // The rest of the length field: 7 bits of 300.
        behind[4] = (0x12C_u32 & 0x7F) as u8;
        behind[4] <<= 1;
        packets.push(behind);
        let mut list = List(packets);
        let Next::Frame { length, behind, .. } = next_frame(&mut list, Position::default()) else { panic!() };
        assert_eq!((length, behind), (300, Position { packet: 3, bit: 0 }));
    }

    #[test]
    fn packets_in_which_no_frame_begins_are_padding_or_the_midst_of_one() {
        for nothing in [xma2(0, 0x7FFF, 0xFF), 0x4000 << 11 | 0x7FF] {
            // A frame of one and a half packets, across a packet that contains only its middle.
            let long = packet(xma2(1, 16_000, 0), &[(16_032, 0x5000)]);
            let rest = packet(xma2(1, 4000, 0), &[(4032, 40)]);
            let mut list = List(vec![packet(nothing, &[]), long, packet(nothing, &[]), rest]);
            let Next::Frame { length, at, behind, .. } = next_frame(&mut list, Position::default()) else {
                panic!("{nothing:#x}")
            };
            assert_eq!((length, at.packet, behind), (0x5000, 1, Position { packet: 3, bit: 0 }));
            let Next::Frame { length, .. } = next_frame(&mut list, behind) else { panic!("{nothing:#x}") };
            assert_eq!(length, 40);
        }
    }

    #[test]
    fn older_packets_say_with_each_frame_whether_another_begins() {
        let mut first = packet(0x0800_0000, &[(32, 64), (96, 64)]);
        first[15] &= 0xFE;
        let mut list = List(vec![first]);
        let Next::Frame { behind, .. } = next_frame(&mut list, Position::default()) else { panic!() };
        assert_eq!(behind, Position { packet: 0, bit: 96 }, "the last bit of the first frame is set");
        let mut last = list.0[0];
        last[11] &= 0xFE;
        let mut list = List(vec![last]);
        let Next::Frame { behind, .. } = next_frame(&mut list, Position::default()) else { panic!() };
        assert_eq!(behind, Position { packet: 1, bit: 0 });
    }

    #[test]
    fn a_length_may_begin_in_the_last_bits_of_a_packet() {
        const LENGTH: u32 = 2724;
        let mut frames: Vec<_> = (0..5).map(|n| (32 + n * LENGTH, LENGTH)).collect();
        frames.extend([(13_652, 2722), (16_374, LENGTH)]);
        let kinds =
            [(xma2(7, 0, 0), xma2(1, LENGTH - 10, 0)), (0x0800_0000, 0x0800_0000 | (LENGTH - 10) << 11)];
        for (first, second) in kinds {
            let mut second = packet(second, &[(32 + LENGTH - 10, 64)]);
            second[4] = second[4] & 7 | (LENGTH as u8 & 31) << 3;
            let mut list = List(vec![packet(first, &frames), second]);
            let mut expected: Vec<_> = frames.iter().map(|&(at, length)| (0, at, length)).collect();
            expected.push((1, 32 + LENGTH - 10, 64));
            let mut position = Position::default();
            for expected in expected {
                let Next::Frame { at, length, behind, .. } = next_frame(&mut list, position) else {
                    panic!("{first:#x} {expected:?}")
                };
                assert_eq!((at.packet, at.bit, length), expected, "{first:#x}");
                position = behind;
            }
        }
    }

    #[test]
    fn any_bit_means_the_first_frame_from_there_on() {
        let next = packet(xma2(1, 0, 0), &[(32, 64)]);
        for header in [xma2(3, 0, 0), 0x0800_0000] {
            let mut first = packet(header, &[(32, 1000), (1032, 1000), (2032, 1000)]);
            // Padding follows the last frame: its last bit is clear.
            first[3031 / 8] &= !1;
            let mut list = List(vec![first, next]);
            for (bit, expected) in [
                (0, (0, 32)),
                (32, (0, 32)),
                (33, (0, 1032)),
                (1031, (0, 1032)),
                (2031, (0, 2032)),
                (2033, (1, 32)),
                (16_383, (1, 32)),
            ] {
                let found = next_frame(&mut list, Position { packet: 0, bit });
                let Next::Frame { at, .. } = found else { panic!("{header:#x} {bit}: {found:?}") };
                assert_eq!((at.packet, at.bit), expected, "{header:#x} {bit}");
            }
        }
    }

    #[test]
    fn frames_of_random_packets_advance_and_end() {
        let mut dice = xenia_testing::Dice(7);
        for _ in 0..200 {
            let mut noise = || {
                let mut packet: Packet = std::array::from_fn(|_| dice.next() as u8);
                packet[2] = packet[2] & 0xF8 | 1;
                packet[3] &= 3;
                packet
            };
            let mut list = List((0..8).map(|_| noise()).collect());
            let mut position = Position::default();
            let mut frames = 0;
            while let Next::Frame { behind, .. } = next_frame(&mut list, position) {
                assert!(behind.bits() > position.bits(), "{position:?} {behind:?}");
                position = behind;
                frames += 1;
                assert!(frames < 8 * 64);
            }
        }
    }
}
