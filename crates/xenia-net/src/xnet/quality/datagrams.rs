//! Datagrams of QoS probes and their answers.

use super::{KeyId, Listening};
use crate::network::{Network, SocketId, SocketKind};
use std::net::{Ipv4Addr, SocketAddrV4};

/// Port of each console for these datagrams. Titles use others.
pub(super) const QUALITY_PORT: u16 = 31_074;
/// Size in bytes of a probe, and maximum size of an answer. An answer is never longer than its
/// probe, so that nobody can multiply traffic to a forged sender.
pub(super) const DATAGRAM_SIZE: usize = 0x420;
/// First bytes of probes and of answers.
const PROBE: [u8; 4] = *b"XQSP";
const ANSWER: [u8; 4] = *b"XQSA";

/// A received datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum QualityMessage {
    /// Another console asks about a session.
    Probe { token: u32, key: KeyId },
    /// The answer to the probe with this number.
    Answer { token: u32, answer: Listening },
}

impl QualityMessage {
    /// Reads a datagram; `None` if it is neither.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first_chunk::<4>()?;
        let (token, rest) = rest.split_first_chunk::<4>()?;
        let token = u32::from_be_bytes(*token);
        match *kind {
            PROBE if bytes.len() == DATAGRAM_SIZE => {
                rest.first_chunk().map(|key| Self::Probe { token, key: *key })
            }
            ANSWER => {
                let (&answers, data) = rest.split_first()?;
                let answer = Listening { answers: answers != 0, data: data.to_vec() };
                Some(Self::Answer { token, answer })
            }
            _ => None,
        }
    }
}

/// Makes a probe.
pub(super) fn probe(token: u32, key: KeyId) -> Vec<u8> {
    let mut bytes = [&PROBE[..], &token.to_be_bytes(), &key].concat();
    bytes.resize(DATAGRAM_SIZE, 0);
    bytes
}

/// Makes the answer to a probe. A session that answers none has no data.
pub(super) fn answer(token: u32, listening: &Listening) -> Vec<u8> {
    let data = if listening.answers { &listening.data[..] } else { &[][..] };
    [&ANSWER[..], &token.to_be_bytes(), &[u8::from(listening.answers)], data].concat()
}

/// Opens the socket for the datagrams. If another machine of the host has the port, this one can
/// probe, but answers nothing.
pub(super) fn open_socket(port: &mut dyn Network) -> Option<SocketId> {
    let socket = port.open(SocketKind::Datagram).ok()?;
    for number in [QUALITY_PORT, 0] {
        if port.bind(socket, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, number)).is_ok() {
            return Some(socket);
        }
    }
    port.close(socket);
    None
}
