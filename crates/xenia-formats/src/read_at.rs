//! Positional reads: the interface through which readers access a file, a slice, or a file inside a
//! container.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use crate::error::{FormatError, Reason};

/// Random access to bytes, without a shared cursor.
///
/// Files are never memory-mapped: one that shrinks during a read causes an error rather than a
/// signal.
pub trait ReadAt: Send + Sync {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end, 0 after it.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Total size in bytes.
    fn size(&self) -> io::Result<u64>;
}

/// Reads all of `buffer` from `start` of a file that consists of blocks of `block_size` bytes.
/// `block` returns the whole block with a number, or `None` after the last one.
pub(crate) fn read_in_blocks<B>(
    start: u64,
    buffer: &mut [u8],
    block_size: usize,
    mut block: impl FnMut(u64) -> io::Result<Option<B>>,
) -> io::Result<usize>
where
    B: Deref<Target: AsRef<[u8]>>,
{
    let mut done = 0;
    while done < buffer.len() {
        let at = start + done as u64;
        let Some(bytes) = block(at / block_size as u64)? else { break };
        let part = &bytes.as_ref()[(at % block_size as u64) as usize..];
        let part = &part[..part.len().min(buffer.len() - done)];
        buffer[done..done + part.len()].copy_from_slice(part);
        done += part.len();
    }
    Ok(done)
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..)).unwrap_or(&[]);
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset.saturating_add(buffer.len() as u64) > i64::MAX as u64 {
            return Ok(0); // no file reaches there, and the system call would refuse the offset
        }
        xenia_host::file::read_at(self, offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => { $(
        impl<T: ReadAt + ?Sized> ReadAt for $pointer {
            fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
                (**self).read_at(offset, buffer)
            }
            fn size(&self) -> io::Result<u64> {
                (**self).size()
            }
        }
    )* };
}
forward!(&T, Box<T>, Arc<T>);

/// A contiguous part of a source, such as a file stored in a container.
#[derive(Clone)]
pub struct Section {
    source: Arc<dyn ReadAt>,
    offset: u64,
    size: u64,
}

impl Section {
    /// `size` bytes at `offset`; an error names `what` if they extend past the end.
    pub fn new(
        source: Arc<dyn ReadAt>,
        what: &'static str,
        offset: u64,
        size: u64,
    ) -> Result<Self, FormatError> {
        let whole = source.size().map_err(|error| FormatError::new(what, offset, Reason::Io(error)))?;
        if offset.checked_add(size).is_none_or(|end| end > whole) {
            return Err(FormatError::truncated(what, offset, size, whole));
        }
        Ok(Self { source, offset, size })
    }
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section")
            .field("offset", &self.offset)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl ReadAt for Section {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.size.saturating_sub(offset).min(buffer.len() as u64) as usize;
        // The section's end was checked against the source, so the sum does not overflow.
        if count == 0 { Ok(0) } else { self.source.read_at(self.offset + offset, &mut buffer[..count]) }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// Reads exactly `count` bytes at `offset`; an error names `what`.
///
/// The size is checked before the allocation, so that an untrusted count cannot exhaust memory.
pub fn read_exact_at(
    source: &dyn ReadAt,
    what: &'static str,
    offset: u64,
    count: u64,
) -> Result<Vec<u8>, FormatError> {
    let io_error = |error| FormatError::new(what, offset, Reason::Io(error));
    let size = source.size().map_err(io_error)?;
    if offset.checked_add(count).is_none_or(|end| end > size) {
        return Err(FormatError::truncated(what, offset, count, size));
    }
    let count = usize::try_from(count).map_err(|_| {
        FormatError::new(what, offset, Reason::TooLarge { of: "the length", value: count, limit: size })
    })?;
    let mut bytes = vec![0; count];
    let got = source.read_at(offset, &mut bytes).map_err(io_error)?;
    if got != count {
        // The file shrank between the two calls.
        return Err(FormatError::truncated(what, offset, count as u64, offset + got as u64));
    }
    Ok(bytes)
}

/// Reads up to `N` bytes at the start, zero-padded: the input of format detection.
pub(crate) fn read_prefix<const N: usize>(source: &dyn ReadAt) -> io::Result<[u8; N]> {
    let mut prefix = [0; N];
    source.read_at(0, &mut prefix)?;
    Ok(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_files_and_sections_read_alike() {
        let bytes: Vec<u8> = (0..100).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bytes");
        std::fs::write(&path, &bytes).unwrap();
        let container: Arc<dyn ReadAt> = Arc::new([&[9; 7][..], &bytes, &[9; 7]].concat());
        assert!(Section::new(container.clone(), "section", 7, 107).is_ok());
        for (offset, size) in [(7, 108), (114, 1), (u64::MAX, 2), (2, u64::MAX)] {
            assert!(Section::new(container.clone(), "section", offset, size).is_err());
        }
        let sources: [Box<dyn ReadAt>; 4] = [
            Box::new(File::open(&path).unwrap()),
            Box::new(bytes.clone()),
            Box::new(Arc::new(bytes)),
            Box::new(Section::new(container, "section", 7, 100).unwrap()),
        ];
        for source in sources {
            assert_eq!(source.size().unwrap(), 100);
            for (offset, length, expected) in
                [(0, 10, 10), (95, 10, 5), (100, 1, 0), (101, 1, 0), (u64::MAX >> 1, 4, 0)]
            {
                let mut buffer = vec![0xFF; length];
                assert_eq!(source.read_at(offset, &mut buffer).unwrap(), expected, "{offset}");
                for (i, byte) in buffer[..expected].iter().enumerate() {
                    assert_eq!(u64::from(*byte), offset + i as u64);
                }
            }
            assert_eq!(read_exact_at(&source, "tail", 98, 2).unwrap(), [98, 99]);
            let error = read_exact_at(&source, "tail", 98, 3).unwrap_err();
            assert_eq!(error.to_string(), "tail at offset 0x62: needs 3 bytes, 2 available");
            assert!(read_exact_at(&source, "tail", u64::MAX, 3).is_err());
        }
    }
}
