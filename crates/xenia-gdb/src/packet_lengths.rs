//! Checks of the lengths in packets, which gdbstub does not compare with the data.
//!
//! ```text
//! $M addr,length:hexadecimal digits#xx     writes memory
//! $X addr,length:bytes#xx                  the same; } escapes the byte after it
//! $m addr,length#xx                        reads memory
//! ```
//!
//! A packet whose length is wrong must be answered with an error, and must write nothing.

use crate::serve::PACKET;

/// Follows the bytes of gdb, from packet to packet.
#[derive(Debug, Default)]
pub(crate) struct PacketLengths {
    /// The packet so far, without its checksum; `None` between two packets.
    body: Option<Vec<u8>>,
}

impl PacketLengths {
    /// Takes the next byte. At the end of a packet's data, before its checksum, returns whether its
    /// length is wrong.
    pub(crate) fn take(&mut self, byte: u8) -> Option<bool> {
        match (&mut self.body, byte) {
            (None, b'$') => self.body = Some(Vec::new()),
            (None, _) => {}
            (Some(_), b'#') => return self.body.take().map(|body| is_wrong(&body)),
            // A longer packet overflows gdbstub's buffer.
            (Some(body), _) if body.len() < PACKET => body.push(byte),
            (Some(_), _) => {}
        }
        None
    }
}

/// Whether a packet has another length than it says, or asks for more than an answer can hold.
/// Packets of another form are gdbstub's to refuse.
fn is_wrong(packet: &[u8]) -> bool {
    let Some((kind @ (b'M' | b'X' | b'm'), rest)) = packet.split_first() else { return false };
    let mut parts = rest.splitn(2, |&byte| byte == b',');
    let (Some(_), Some(rest)) = (parts.next(), parts.next()) else { return false };
    let mut parts = rest.splitn(2, |&byte| byte == b':');
    let length = parts.next().and_then(|digits| std::str::from_utf8(digits).ok());
    let Some(length) = length.and_then(|digits| usize::from_str_radix(digits, 16).ok()) else { return false };
    match (kind, parts.next()) {
        (b'm', _) => length > PACKET / 2,
        (b'M', Some(digits)) => Some(digits.len()) != length.checked_mul(2),
        (_, Some(bytes)) => unescaped(bytes) != length,
        (_, None) => false,
    }
}

/// Number of bytes that these stand for.
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
            let mut lengths = PacketLengths::default();
            let bytes = [b"+$", packet].concat();
            assert!(bytes.into_iter().all(|byte| lengths.take(byte).is_none()));
            assert_eq!(lengths.take(b'#'), Some(expected));
            assert_eq!((lengths.take(b'0'), lengths.take(b'#')), (None, None), "its checksum");
        }
    }
}
