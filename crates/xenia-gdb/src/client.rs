//! A client of the protocol, for tests.

use crate::registers::GdbRegister;
use crate::{Listener, ServerAddress};
use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may leave packets unread before a send fails.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A client, connected to a server on a port.
#[derive(Debug)]
pub struct TestClient(TcpStream);

impl TestClient {
    /// Connects to a listener.
    ///
    /// # Errors
    /// The listener has no port, or does not answer.
    pub fn connect(listener: &Listener) -> io::Result<Self> {
        let ServerAddress::Port(port) = listener.address() else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let stream = TcpStream::connect(("127.0.0.1", *port))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(SEND_TIMEOUT))?;
        Ok(Self(stream))
    }

    /// Sends a packet.
    ///
    /// # Errors
    /// The server has closed the connection, or does not read.
    pub fn send(&mut self, packet: &str) -> io::Result<()> {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        write!(self.0, "${packet}#{sum:02x}")
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// The server has closed the connection.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Receives the next packet, and expands its runs.
    ///
    /// # Errors
    /// The server has closed the connection.
    pub fn receive(&mut self) -> io::Result<String> {
        /// Offset of the count of a run's repetitions.
        const RUN: u8 = 29;
        while self.byte()? != b'$' {}
        let mut text = String::new();
        loop {
            match self.byte()? {
                b'#' => break,
                b'*' => {
                    let count = self.byte()?.saturating_sub(RUN);
                    let last = text.chars().next_back().unwrap_or_default();
                    text.extend(std::iter::repeat_n(last, count.into()));
                }
                byte => text.push(char::from(byte)),
            }
        }
        // The checksum; TCP loses nothing.
        self.byte()?;
        self.byte()?;
        self.send_raw(b"+")?;
        Ok(text)
    }

    /// Sends a packet and receives the answer.
    ///
    /// # Errors
    /// The server has closed the connection.
    pub fn ask(&mut self, packet: &str) -> io::Result<String> {
        self.send(packet)?;
        self.receive()
    }

    /// Reads a register of the selected thread.
    ///
    /// # Errors
    /// The server has closed the connection, or there is no such register.
    pub fn register(&mut self, register: GdbRegister) -> io::Result<u128> {
        let number = (0..).map_while(|number| Some((number, GdbRegister::numbered(number)?)));
        let number = { number }.find(|(_, other)| *other == register).map(|(number, _)| number);
        let answer = self.ask(&format!("p{:x}", number.ok_or(io::ErrorKind::NotFound)?))?;
        u128::from_str_radix(&answer, 16).map_err(|_| io::Error::other(answer))
    }

    /// Sends a command of gdb's `monitor`, and returns the text of the answer.
    ///
    /// # Errors
    /// The server has closed the connection.
    pub fn monitor(&mut self, command: &str) -> io::Result<String> {
        let packet = command.bytes().fold("qRcmd,".to_owned(), |mut packet, byte| {
            let _ = write!(packet, "{byte:02x}");
            packet
        });
        self.send(&packet)?;
        let mut text = String::new();
        loop {
            let answer = self.receive()?;
            let Some(hex) = answer.strip_prefix('O').filter(|hex| *hex != "K") else { return Ok(text) };
            let bytes = hex.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
            text.extend(bytes.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).map(char::from));
        }
    }
}
