//! Copying files that have holes: a title may make one of gigabytes by a call, without a byte in it.
//!
//! Where the host's file system says what is a hole, that is not even read (`SEEK_DATA` of lseek(2)).

use super::host_folder::read_at;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::ops::Range;

/// Bytes that are copied at a time.
const CHUNK: usize = 0x1_0000;

/// Copies a file from its start; holes and pieces of zeros become holes. Moves the file's own position.
pub(super) fn copy_contents(from: &File, to: &mut File) -> io::Result<()> {
    let size = from.metadata()?.len();
    let mut piece = vec![0; CHUNK];
    let mut at = 0;
    while let Some(data) = data_from(from, at, size) {
        at = data.start;
        while at < data.end {
            let most = (data.end - at).min(CHUNK as u64) as usize;
            let count = read_at(from, at, &mut piece[..most]).map_err(io::Error::other)?;
            if count == 0 {
                // Somebody else has cut it.
                return to.set_len(at);
            }
            if piece[..count].iter().any(|&byte| byte != 0) {
                to.seek(io::SeekFrom::Start(at))?;
                to.write_all(&piece[..count])?;
            }
            at += count as u64;
        }
    }
    to.set_len(size)
}

/// Where the next bytes are that are no hole, in a file of `size` bytes.
fn data_from(file: &File, at: u64, size: u64) -> Option<Range<u64>> {
    let rest = at..size;
    let data = match seek(file, SeekFrom::Data(at)) {
        Ok(start) => start..seek(file, SeekFrom::Hole(start)).unwrap_or(size).min(size),
        Err(Errno::NXIO) => return None,
        // A file system that can't say.
        Err(_) => rest,
    };
    (data.start < data.end).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn what_is_a_hole_is_not_read_and_stays_one() {
        let (from, mut to) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        let size = 0x1_0000_0000;
        from.set_len(size).unwrap();
        for (at, bytes) in [(0x123_4567, &b"first"[..]), (0x7FFF_FFFF, b"second"), (size - 4, b"last")] {
            from.write_all_at(bytes, at).unwrap();
        }
        let mut read = 0;
        let mut at = 0;
        while let Some(data) = data_from(&from, at, size) {
            read += data.end - data.start;
            at = data.end;
        }
        assert!(read < 0x100_0000, "{read:#x}");
        copy_contents(&from, &mut to).unwrap();
        assert_eq!(to.metadata().unwrap().len(), size);
        for (at, bytes) in
            [(0x123_4566, &b"\0first\0"[..]), (0x7FFF_FFFE, b"\0second\0"), (size - 5, b"\0last")]
        {
            let mut found = vec![0xFF; bytes.len()];
            to.read_exact_at(&mut found, at).unwrap();
            assert_eq!(found, bytes);
        }
    }

    #[test]
    fn an_empty_file_and_one_that_is_all_hole_are_copied() {
        let (from, mut to) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        for size in [0, 1, 0x10_0001] {
            from.set_len(size).unwrap();
            copy_contents(&from, &mut to).unwrap();
            assert_eq!(to.metadata().unwrap().len(), size);
        }
    }
}
