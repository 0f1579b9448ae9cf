//! Checks of gdb's packets (framing, checksums, lengths) before gdbstub parses them: each error of
//! gdbstub would end the session.
//!
//! ```text
//! $data#xx                                 a packet; xx is the sum of its data
//! $M addr,length:hexadecimal digits#xx     writes memory
//! $X addr,length:bytes#xx                  the same; } escapes the byte after it
//! $m addr,length#xx                        reads memory
//! ```
//!
//! gdbstub does not compare the lengths in packets with the data. A packet whose length is wrong
//! must be answered with an error, and must write nothing.

/// Limit of a packet's length in bytes; all registers are 6 KiB.
pub(crate) const MAX_PACKET_LENGTH: usize = 16 << 10;

/// Bytes of a packet beside its data: `$`, `#` and the checksum.
const FRAME: usize = 4;

/// Event in the bytes of gdb.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GdbInput {
    /// A request that the machine stops.
    Interrupt,
    /// A packet's data.
    Packet(Vec<u8>),
    /// A packet whose checksum is wrong.
    Damaged,
    /// A packet that is longer than [`MAX_PACKET_LENGTH`].
    TooLong,
}

/// Part of a packet that comes next.
#[derive(Clone, Copy, Debug, Default)]
enum Part {
    /// The start of a packet, or something between two of them.
    #[default]
    Start,
    Data,
    Checksum,
    /// The second digit of the checksum, after this one.
    SecondDigit(u8),
}

/// Follows the bytes of gdb, from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct PacketReader {
    next: Part,
    data: Vec<u8>,
    sum: u8,
    is_long: bool,
}

impl PacketReader {
    /// Takes the next byte, and returns the input that it completes. Acknowledgements are dropped:
    /// the transport loses nothing.
    pub(crate) fn take(&mut self, byte: u8) -> Option<GdbInput> {
        /// The byte by which gdb interrupts.
        const INTERRUPT: u8 = 3;
        match (self.next, byte) {
            (Part::Start, b'$') => *self = Self { next: Part::Data, ..Self::default() },
            (Part::Start, INTERRUPT) => return Some(GdbInput::Interrupt),
            (Part::Start, _) => {}
            (Part::Data, b'#') => self.next = Part::Checksum,
            (Part::Data, _) => {
                self.sum = self.sum.wrapping_add(byte);
                if self.data.len() + FRAME < MAX_PACKET_LENGTH {
                    self.data.push(byte);
                } else {
                    self.is_long = true;
                }
            }
            (Part::Checksum, _) => self.next = Part::SecondDigit(byte),
            (Part::SecondDigit(first), second) => {
                let Self { data, sum, is_long, .. } = std::mem::take(self);
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let declared = digit(first).zip(digit(second)).map(|(first, second)| first << 4 | second);
                return Some(match declared {
                    Some(declared) if declared == u32::from(sum) && is_long => GdbInput::TooLong,
                    Some(declared) if declared == u32::from(sum) => GdbInput::Packet(data),
                    _ => GdbInput::Damaged,
                });
            }
        }
        None
    }
}

/// A packet with these data.
pub(crate) fn framed(data: &[u8]) -> Vec<u8> {
    let sum = data.iter().copied().fold(0, u8::wrapping_add);
    [b"$", data, format!("#{sum:02x}").as_bytes()].concat()
}

/// Whether a packet declares a wrong length, or requests more than an answer can hold. Packets of
/// another form are gdbstub's to refuse.
pub(crate) fn is_wrong(packet: &[u8]) -> bool {
    let Some((kind @ (b'M' | b'X' | b'm'), rest)) = packet.split_first() else { return false };
    let mut parts = rest.splitn(2, |&byte| byte == b',');
    let (Some(_), Some(rest)) = (parts.next(), parts.next()) else { return false };
    let mut parts = rest.splitn(2, |&byte| byte == b':');
    let length = parts.next().and_then(|digits| std::str::from_utf8(digits).ok());
    let Some(length) = length.and_then(|digits| usize::from_str_radix(digits, 16).ok()) else { return false };
    match (kind, parts.next()) {
        (b'm', _) => length > MAX_PACKET_LENGTH / 2,
        (b'M', Some(digits)) => Some(digits.len()) != length.checked_mul(2),
        (_, Some(bytes)) => unescaped(bytes) != length,
        (_, None) => false,
    }
}

/// Number of bytes that these represent.
fn unescaped(bytes: &[u8]) -> usize {
    let mut bytes = bytes.iter();
    let mut count = 0;
    while let Some(byte) = bytes.next() {
        if *byte == b'}' {
            bytes.next();
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_compared_with_the_data() {
        for (packet, expected) in [
            (&b"M82000000,2:6000"[..], false),
            (b"M82000000,3:6000", true),
            (b"M82000000,2:60000", true),
            (b"M82000000,2:60:00", true),
            (b"M82000000,ffffffffffffffff:60", true),
            (b"X82000000,0:", false),
            (b"X82000000,2:ab", false),
            (b"X82000000,1:}]", false),
            (b"X82000000,2:}]", true),
            (b"X82000000,3:,:", true),
            (b"X82000000,2:,:", false),
            (b"X82000000,1:", true),
            (b"m82000000,2000", false),
            (b"m82000000,2001", true),
            (b"M82000000", false),
            (b"vCont;c", false),
            (b"", false),
        ] {
            assert_eq!(is_wrong(packet), expected, "{}", String::from_utf8_lossy(packet));
        }
    }

    fn received(bytes: &[u8]) -> Vec<GdbInput> {
        let mut packets = PacketReader::default();
        bytes.iter().filter_map(|&byte| packets.take(byte)).collect()
    }

    #[test]
    fn packets_are_found_between_other_bytes() {
        let packet = |data: &[u8]| GdbInput::Packet(data.to_vec());
        assert_eq!(received(b"+$g#67-\r$#00+"), [packet(b"g"), packet(b"")]);
        assert_eq!(received(b"\x03$g#67\x03"), [GdbInput::Interrupt, packet(b"g"), GdbInput::Interrupt]);
        assert_eq!(received(b"$\x03$#27$g#6"), [packet(b"\x03$")]);
        for damaged in [&b"$g#68"[..], b"$g#6g", b"$g###"] {
            assert_eq!(received(damaged), [GdbInput::Damaged], "{}", String::from_utf8_lossy(damaged));
        }
        assert_eq!(received(&framed(b"vCont;c")), [packet(b"vCont;c")]);
    }

    #[test]
    fn a_packet_that_is_too_long_takes_no_more_memory() {
        let longest = vec![b'a'; MAX_PACKET_LENGTH - FRAME];
        assert_eq!(received(&framed(&longest)), [GdbInput::Packet(longest.clone())]);
        let mut packets = PacketReader::default();
        let bytes = framed(&vec![b'a'; 10 * MAX_PACKET_LENGTH]);
        let (last, rest) = bytes.split_last().unwrap();
        assert!(rest.iter().all(|&byte| packets.take(byte).is_none()));
        assert!(packets.data.len() < MAX_PACKET_LENGTH);
        assert_eq!(packets.take(*last), Some(GdbInput::TooLong));
        assert_eq!(packets.take(b'$'), None);
    }
}
