//! Trace file format: magic and version, then a zlib stream with a length (32 bits, little-endian)
//! and a postcard value per event.

use super::TraceEvent;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{self, Read, Write};

/// Magic at the beginning of a trace; the version follows.
pub const MAGIC: [u8; 8] = *b"XENTRACE";
/// Version of the format.
const VERSION: u32 = 5;
/// Maximum size of an event in bytes: the start event with its EDRAM is the largest.
const MAX_EVENT: u32 = 32 << 20;

/// Error while reading or playing a trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Reading or writing the file failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is not a trace.
    #[error("offset 0: no GPU trace (it doesn't begin with XENTRACE)")]
    NoTrace,
    /// The file's version is newer than this program.
    #[error("offset 8: trace version {0}, this program reads version {VERSION}")]
    Version(u32),
    /// The file is truncated or damaged.
    #[error(
        "event {event} (offset {offset} of the unpacked events): the trace is cut off or damaged: {reason}"
    )]
    CutOff {
        /// Number of the event.
        event: u64,
        /// Offset of the event, in unpacked bytes after the header.
        offset: u64,
        /// Error of the decoder.
        reason: io::Error,
    },
    /// An event is invalid.
    #[error("event {event} (offset {offset} of the unpacked events): {reason}")]
    Invalid {
        /// Number of the event.
        event: u64,
        /// Offset of the event, in unpacked bytes after the header.
        offset: u64,
        /// Description of the problem.
        reason: String,
    },
}

/// Writer of a trace file.
pub struct Writer<W: Write> {
    to: ZlibEncoder<W>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&MAGIC)?;
        to.write_all(&VERSION.to_le_bytes())?;
        Ok(Self { to: ZlibEncoder::new(to, Compression::fast()) })
    }

    /// Writes an event to the stream.
    pub fn write(&mut self, event: &TraceEvent) -> io::Result<()> {
        let bytes = postcard::to_allocvec(event).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).ok().filter(|&length| length <= MAX_EVENT);
        let length = length.ok_or_else(|| io::Error::other("an event is too large"))?;
        self.to.write_all(&length.to_le_bytes())?;
        self.to.write_all(&bytes)
    }

    /// Flushes the compressor and returns the output.
    pub fn finish(self) -> io::Result<W> {
        let mut to = self.to.finish()?;
        to.flush()?;
        Ok(to)
    }
}

/// Reader of events, from a stream without header and compression; [`Reader::open`] reads a file.
pub struct Reader<R: Read> {
    from: R,
    events: u64,
    /// Offsets of the last event and of the next one.
    offsets: [u64; 2],
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: Read> Reader<ZlibDecoder<R>> {
    /// Opens a trace file and checks its header.
    pub fn open(mut from: R) -> Result<Self, TraceError> {
        let mut header = [0; 12];
        let mut have = 0;
        while have < header.len() {
            match from.read(&mut header[have..])? {
                0 => return Err(TraceError::NoTrace),
                count => have += count,
            }
        }
        let [magic @ .., a, b, c, d] = header;
        if magic != MAGIC {
            return Err(TraceError::NoTrace);
        }
        match u32::from_le_bytes([a, b, c, d]) {
            VERSION => Ok(Self::unpacked(ZlibDecoder::new(from))),
            version => Err(TraceError::Version(version)),
        }
    }
}

impl<R: Read> Reader<R> {
    /// Reads unpacked events, as they are inside a file.
    pub fn unpacked(from: R) -> Self {
        Self { from, events: 0, offsets: [0; 2], buffer: Vec::new(), ended: false }
    }

    /// Reads the next event; `None` after the last.
    pub fn next_event(&mut self) -> Result<Option<TraceEvent>, TraceError> {
        if self.ended {
            return Ok(None);
        }
        self.offsets[0] = self.offsets[1];
        let cut_off = |reason| TraceError::CutOff { event: self.events, offset: self.offsets[0], reason };
        let mut length = [0; 4];
        self.from.read_exact(&mut length).map_err(cut_off)?;
        let length = u32::from_le_bytes(length);
        if length > MAX_EVENT {
            return Err(self.invalid(format!("{length} bytes long, more than {MAX_EVENT}")));
        }
        // The buffer grows with the data present: a length alone allocates no memory.
        self.buffer.clear();
        let read = (&mut self.from).take(u64::from(length)).read_to_end(&mut self.buffer);
        let cut_off = |reason| TraceError::CutOff { event: self.events, offset: self.offsets[0], reason };
        if read.map_err(cut_off)? < length as usize {
            return Err(cut_off(io::ErrorKind::UnexpectedEof.into()));
        }
        let event = postcard::from_bytes(&self.buffer).map_err(|error| self.invalid(error.to_string()))?;
        self.offsets[1] += 4 + u64::from(length);
        self.events += 1;
        if matches!(event, TraceEvent::Start(_)) && self.events > 1 {
            // A state is large and packs well, so that a small file could have thousands.
            return Err(self.invalid("a second start"));
        }
        if matches!(event, TraceEvent::End { .. }) {
            // Reading up to the end of the file verifies its checksum.
            let cut_off = |reason| TraceError::CutOff { event: self.events, offset: self.offsets[1], reason };
            if self.from.read(&mut [0]).map_err(cut_off)? != 0 {
                return Err(self.invalid("something follows the end"));
            }
            self.ended = true;
        }
        Ok(Some(event))
    }

    /// Creates an error about the last event.
    pub(crate) fn invalid(&self, reason: impl Into<String>) -> TraceError {
        TraceError::Invalid {
            event: self.events.saturating_sub(1),
            offset: self.offsets[0],
            reason: reason.into(),
        }
    }

    /// Number of events read so far.
    pub fn events(&self) -> u64 {
        self.events
    }
}
