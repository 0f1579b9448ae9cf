//! Random access to deflated files.
//!
//! Deflate has no index: to read at an offset, all data before it must be decoded. Decoders are
//! therefore kept at the positions where reads ended, for sequential reads, and copies of them at
//! regular intervals, for seeks backwards. Both are bounded per archive, however many files it has:
//! beyond the limits, seeks backwards cost time, not memory.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use crate::error::FormatError;
use crate::read_at::{ReadAt, Section};

/// Largest number of idle decoders kept; each takes 43 KiB.
const MAX_WAITING: usize = 16;
/// Interval between copies in bytes of a file …
const SPACING: u64 = 4 << 20;
/// … and largest number of copies per archive: for the first 4 GiB read.
const MAX_COPIES: usize = 1024;
/// Bytes decoded at a time.
const CHUNK: usize = 1 << 16;

/// A decoder at some position in a file.
#[derive(Clone)]
struct Cursor {
    state: Box<InflateState>,
    /// Number of input bytes consumed, and of output bytes produced.
    taken: u64,
    given: u64,
}

#[derive(Default)]
struct Kept {
    /// Number of the next file.
    files: usize,
    /// Idle decoders, the most recently used one last.
    waiting: VecDeque<(usize, Cursor)>,
    /// Copies by file and offset.
    copies: BTreeMap<(usize, u64), Cursor>,
}

/// Decoders kept for all files of an archive. No read or decoding happens under its lock.
#[derive(Default)]
pub(super) struct Inflater {
    kept: Mutex<Kept>,
}

impl Inflater {
    /// A file of `size` bytes, deflated in `stored` at `offset` of the archive.
    pub(super) fn file(self: &Arc<Self>, stored: Section, offset: u64, size: u64) -> Deflated {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.files += 1;
        Deflated { inflater: self.clone(), number: kept.files, stored, offset, size }
    }

    /// Takes the decoder closest before `offset`.
    fn take(&self, file: usize, offset: u64) -> Cursor {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let near = |(owner, cursor): &(usize, Cursor)| {
            (*owner == file && cursor.given <= offset).then_some(cursor.given)
        };
        let waiting = kept.waiting.iter().enumerate().filter_map(|(i, entry)| Some((near(entry)?, i))).max();
        let copy = kept.copies.range((file, 0)..=(file, offset)).next_back().map(|(&(_, given), _)| given);
        match (waiting, copy) {
            (Some((given, index)), copy) if copy.is_none_or(|copy| copy <= given) => {
                if let Some((_, cursor)) = kept.waiting.remove(index) {
                    return cursor;
                }
            }
            (_, Some(given)) => {
                if let Some(copy) = kept.copies.get(&(file, given)) {
                    return copy.clone();
                }
            }
            _ => {}
        }
        Cursor { state: InflateState::new_boxed(DataFormat::Raw), taken: 0, given: 0 }
    }

    fn put_back(&self, file: usize, cursor: Cursor) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.waiting.len() >= MAX_WAITING {
            kept.waiting.pop_front();
        }
        kept.waiting.push_back((file, cursor));
    }

    fn copy(&self, file: usize, cursor: &Cursor) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.copies.len() < MAX_COPIES {
            kept.copies.entry((file, cursor.given)).or_insert_with(|| cursor.clone());
        }
    }
}

/// A deflated file.
pub(super) struct Deflated {
    inflater: Arc<Inflater>,
    number: usize,
    stored: Section,
    /// Offset of its stored bytes in the archive, for messages.
    offset: u64,
    size: u64,
}

impl Deflated {
    /// Decodes until `into` is full.
    fn fill(&self, cursor: &mut Cursor, into: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        let mut input = vec![0; CHUNK];
        while done < into.len() {
            let count = self.stored.read_at(cursor.taken, &mut input)?;
            let part = &mut into[done..];
            // A step ends where a copy is due, so that copies lie at multiples of the interval.
            let next = SPACING - cursor.given % SPACING;
            let length = part.len().min(usize::try_from(next).unwrap_or(usize::MAX));
            let result = inflate(&mut cursor.state, &input[..count], &mut part[..length], MZFlush::None);
            cursor.taken += result.bytes_consumed as u64;
            cursor.given += result.bytes_written as u64;
            done += result.bytes_written;
            let place = || format!("{:#x} bytes of its data", cursor.taken);
            match result.status {
                Ok(MZStatus::StreamEnd) if done < into.len() => {
                    return Err(
                        self.refuse(format!("it ends after {:#x} of {:#x} bytes", cursor.given, self.size))
                    );
                }
                // Every turn must make progress, or damaged data would loop for ever.
                Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
                Ok(_) => return Err(self.refuse(format!("its data ends early, after {}", place()))),
                Err(_) if count == 0 => {
                    return Err(self.refuse(format!("its data ends early, after {}", place())));
                }
                Err(_) => return Err(self.refuse(format!("its data is damaged, within {}", place()))),
            }
            if cursor.given.is_multiple_of(SPACING) {
                self.inflater.copy(self.number, cursor);
            }
        }
        Ok(())
    }

    fn refuse(&self, why: String) -> io::Error {
        let error = FormatError::invalid(super::FILE, self.offset, why);
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

impl ReadAt for Deflated {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        if count == 0 {
            return Ok(0);
        }
        let mut cursor = self.inflater.take(self.number, offset);
        let mut passed = vec![0; CHUNK.min((offset - cursor.given) as usize)];
        while cursor.given < offset {
            let step = passed.len().min((offset - cursor.given) as usize);
            self.fill(&mut cursor, &mut passed[..step])?;
        }
        self.fill(&mut cursor, &mut buffer[..count])?;
        // At the end of the file no later read can continue from here.
        if offset + (count as u64) < self.size {
            self.inflater.put_back(self.number, cursor);
        }
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
