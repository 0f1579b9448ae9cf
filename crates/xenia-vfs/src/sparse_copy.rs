//! Copies sparse files without writing their holes: with one call a title can create a file of
//! gigabytes without data.
//!
//! If the host's file system reports holes, they are not read either (`SEEK_DATA` of lseek(2)).

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use xenia_host::file;

/// Bytes copied at a time.
const CHUNK: usize = 0x1_0000;

/// Copies up to `most` bytes of a file from `at` on. Holes are kept and count like data, so the
/// number of parts does not depend on the file system. Returns the offset of the rest; at the end
/// of the file sets the size of the copy and returns `None`. Moves the positions of both files.
pub(super) fn copy_part(from: &File, to: &mut File, at: u64, most: u64) -> io::Result<Option<u64>> {
    let size = from.metadata()?.len();
    let end = at.saturating_add(most).min(size);
    let mut at = at;
    while let Some(data) = data_from(from, at, end) {
        let start = data.bytes.start;
        let length = data.length();
        let copied = if data.is_known {
            copy_data(from, to, start, length)?
        } else {
            copy_dense(from, to, start, length)?
        };
        if copied < length {
            // Another program has truncated it.
            to.set_len(start + copied)?;
            return Ok(None);
        }
        at = start + length;
    }
    if end < size {
        return Ok(Some(end));
    }
    to.set_len(size)?;
    Ok(None)
}

/// Copies bytes with `copy_file_range`: the files may share them on disk afterwards.
fn copy_data(mut from: &File, to: &mut File, at: u64, length: u64) -> io::Result<u64> {
    from.seek(io::SeekFrom::Start(at))?;
    to.seek(io::SeekFrom::Start(at))?;
    io::copy(&mut from.take(length), to)
}

/// Copies bytes that may contain holes: chunks of zeros become holes.
fn copy_dense(from: &File, to: &mut File, at: u64, length: u64) -> io::Result<u64> {
    let mut piece = vec![0; CHUNK];
    let mut done = 0;
    while done < length {
        let most = (length - done).min(CHUNK as u64) as usize;
        let count = file::read_at(from, at + done, &mut piece[..most])?;
        if count == 0 {
            break;
        }
        if piece[..count].iter().any(|&byte| byte != 0) {
            to.seek(io::SeekFrom::Start(at + done))?;
            to.write_all(&piece[..count])?;
        }
        done += count as u64;
    }
    Ok(done)
}

/// A byte range that may contain data.
pub(super) struct Data {
    pub(super) bytes: Range<u64>,
    /// Whether the host's file system has reported it as data.
    pub(super) is_known: bool,
}

impl Data {
    fn length(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }
}

/// The next range before `end` that may contain data.
pub(super) fn data_from(file: &File, at: u64, end: u64) -> Option<Data> {
    let (bytes, is_known) = match file::data_from(file, at) {
        Ok(Some(data)) => (data.start..data.end.min(end), true),
        Ok(None) => return None,
        // The file system does not report holes.
        Err(_) => (at..end, false),
    };
    (bytes.start < bytes.end).then_some(Data { bytes, is_known })
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_host::file::{read_at, write_all_at};

    #[cfg(unix)]
    #[test]
    fn sparse_copy_skips_and_preserves_holes() {
        let from = tempfile::tempfile().unwrap();
        let mut to = tempfile::tempfile().unwrap();
        let size = 0x1_0000_0000;
        from.set_len(size).unwrap();
        for (at, bytes) in [(0x123_4567, &b"first"[..]), (0x7FFF_FFFF, b"second"), (size - 4, b"last")] {
            write_all_at(&from, bytes, at).unwrap();
        }
        let mut read = 0;
        let mut at = 0;
        while let Some(data) = data_from(&from, at, size) {
            read += data.length();
            at = data.bytes.end;
        }
        assert!(read < 0x100_0000, "{read:#x}");
        // In parts, each no longer than requested.
        let mut next = Some(0);
        let mut parts = 0;
        while let Some(at) = next {
            next = copy_part(&from, &mut to, at, 0x100_0000).unwrap();
            parts += 1;
        }
        assert_eq!(parts, 0x100);
        assert_eq!(to.metadata().unwrap().len(), size);
        for (at, bytes) in
            [(0x123_4566, &b"\0first\0"[..]), (0x7FFF_FFFE, b"\0second\0"), (size - 5, b"\0last")]
        {
            let mut found = vec![0xFF; bytes.len()];
            assert_eq!(read_at(&to, at, &mut found).unwrap(), bytes.len());
            assert_eq!(found, bytes);
        }
    }

    #[test]
    fn an_empty_file_and_one_that_is_all_hole_are_copied() {
        let from = tempfile::tempfile().unwrap();
        let mut to = tempfile::tempfile().unwrap();
        for size in [0, 1, 0x10_0001] {
            from.set_len(size).unwrap();
            assert_eq!(copy_part(&from, &mut to, 0, size.max(1)).unwrap(), None);
            assert_eq!(to.metadata().unwrap().len(), size);
        }
    }

    #[test]
    fn a_file_has_as_many_parts_with_holes_as_without() {
        let parts_of = |from: &File| {
            let mut to = tempfile::tempfile().unwrap();
            let mut starts = vec![];
            let mut next = Some(0);
            while let Some(at) = next {
                starts.push(at);
                next = copy_part(from, &mut to, at, 0x4_0000).unwrap();
            }
            assert_eq!(to.metadata().unwrap().len(), from.metadata().unwrap().len());
            starts
        };
        let sparse = tempfile::tempfile().unwrap();
        let dense = tempfile::tempfile().unwrap();
        for size in [0x4_0000, 0x4_0001, 0x10_0000] {
            sparse.set_len(size).unwrap();
            write_all_at(&dense, &vec![0; size as usize], 0).unwrap();
            let parts = parts_of(&sparse);
            assert_eq!(parts.len() as u64, size.div_ceil(0x4_0000));
            assert_eq!(parts, parts_of(&dense));
        }
    }

    #[test]
    fn dense_copy_turns_zeros_into_holes() {
        let from = tempfile::tempfile().unwrap();
        let mut to = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..4 * CHUNK).map(|at| u8::from(at / CHUNK == 2) * (at % 251) as u8).collect();
        write_all_at(&from, &bytes, 0).unwrap();
        assert_eq!(copy_dense(&from, &mut to, 0, bytes.len() as u64 + 9).unwrap(), bytes.len() as u64);
        assert_eq!(to.metadata().unwrap().len(), 3 * CHUNK as u64, "the last zeros are left to the caller");
        let mut found = vec![0; 3 * CHUNK];
        assert_eq!(read_at(&to, 0, &mut found).unwrap(), found.len());
        assert!(found[..] == bytes[..3 * CHUNK]);
    }
}
