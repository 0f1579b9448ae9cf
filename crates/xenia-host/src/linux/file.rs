//! Files by position, with holes, opened without following links.
//!
//! Interrupted calls are repeated. Paths of guest files come from the guest, so links in them are
//! not followed: they could lead out of the folder.

use rustix::fs::{OFlags, SeekFrom, fcntl_getfl, fcntl_setfl, seek};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Reads at `offset`, independently of the file's position; returns fewer bytes than requested only
/// at the end of the file.
pub fn read_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Lets the host read up to `len` bytes at `offset` directly into memory at `at`. Returns the
/// number of bytes read, and the error that ended the read; fewer bytes without an error only at
/// the end of the file.
///
/// # Safety
/// The memory is mapped writable; no reference to it exists, other than to atomics.
pub unsafe fn read_into(file: &File, offset: u64, at: *mut u8, len: usize) -> (usize, io::Result<()>) {
    let mut done = 0;
    while done < len {
        let from = i64::try_from(offset.saturating_add(done as u64)).unwrap_or(i64::MAX);
        // SAFETY: the rest of the memory is writable, as the caller guarantees.
        let count = unsafe { libc::pread(file.as_raw_fd(), at.add(done).cast(), len - done, from) };
        match count {
            0 => break,
            count if count > 0 => done += count as usize,
            _ => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return (done, Err(error)),
            },
        }
    }
    (done, Ok(()))
}

/// Writes all of `from` at `offset`, independently of the file's position.
pub fn write_all_at(file: &File, from: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(from, offset)
}

/// The first range at or after `at` that may hold data, to the next hole; bytes before it are zero.
/// `Ok(None)`: no more data. An error if the file system does not report holes. Moves the file's
/// position.
pub fn data_from(file: &File, at: u64) -> io::Result<Option<Range<u64>>> {
    match seek(file, SeekFrom::Data(at)) {
        Ok(start) => Ok(Some(start..seek(file, SeekFrom::Hole(start)).unwrap_or(u64::MAX))),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The path of an entry with the name that its folder has: the same, as names differ in case.
pub fn as_stored(path: PathBuf) -> PathBuf {
    path
}

/// The bytes of a name, which need not be UTF-8.
pub fn name_bytes(name: &OsStr) -> Option<&[u8]> {
    Some(name.as_bytes())
}

/// Makes sure that the host keeps a folder's names in a crash: it writes them to the disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Does not follow symbolic links: the open fails, or opens the link itself, which is not a regular
/// file. Does not wait for the other end of a pipe.
pub fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
}

/// Refuses to open a symbolic link.
pub fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
}

/// Opens a named pipe to write to it, as soon as it has a reader.
///
/// # Errors
/// `is_over` became true before a reader came; the path is not that of a pipe.
pub fn open_pipe(path: &Path, is_over: impl Fn() -> bool) -> io::Result<File> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut options = OpenOptions::new();
    // An open that waits for the reader could not be ended by `is_over`.
    options.write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    loop {
        match options.open(path) {
            Err(error) if error.raw_os_error() != Some(Errno::NXIO.raw_os_error()) => return Err(error),
            Err(_) if is_over() => return Err(io::Error::other("no process reads from this pipe")),
            Err(_) => std::thread::sleep(PAUSE),
            Ok(pipe) => {
                // Writes wait for the reader.
                fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
                return Ok(pipe);
            }
        }
    }
}

/// The open file that a path such as `/dev/stdout` or `/dev/fd/5` names, or that is this process's
/// standard output or error under another name. Writes are appended to its contents. `None`:
/// another path.
pub fn open_descriptor(path: &Path) -> Option<io::Result<File>> {
    let found = path.metadata().ok()?;
    for stream in [io::stdout().as_fd(), io::stderr().as_fd()] {
        let Ok(stream) = stream.try_clone_to_owned().map(File::from) else { continue };
        let is_it = |open: Metadata| (open.dev(), open.ino()) == (found.dev(), found.ino());
        if stream.metadata().is_ok_and(is_it) {
            return Some(Ok(stream));
        }
    }
    let folder = path.parent()?;
    let is_of_process = [Path::new("/dev/fd"), Path::new("/proc/self/fd")].contains(&folder);
    is_of_process.then(|| OpenOptions::new().append(true).open(path))
}

/// Permissions of a file that is made by its name: those that the user's settings leave of all.
/// `None`: those that the system gives.
pub fn usual_permissions() -> Option<Permissions> {
    Some(Permissions::from_mode(0o666))
}

/// Lets everybody run a file, and its owner write to it.
pub fn make_runnable(path: &Path) -> io::Result<()> {
    let mut rights = std::fs::metadata(path)?.permissions();
    rights.set_mode(0o755);
    std::fs::set_permissions(path, rights)
}

/// Whether a name that comes from an image or archive can be that of a file in a folder.
pub fn is_possible_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name)
}

/// Renames a file, over another if there is one.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// The error of a write beyond the host's limit on sizes of files.
pub fn size_limit_error() -> io::Error {
    Errno::FBIG.into()
}

/// The path in a file URL, from its first slash on.
pub fn path_of_url(path: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(path))
}

/// Marks a file as in use for as long as this handle is open. Several handles may do so.
pub fn mark_in_use(file: &File) -> io::Result<()> {
    file.lock_shared()
}

/// Whether no other handle marks the file as in use; `false` if that is not known.
pub fn is_unused(file: &File) -> bool {
    file.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn writes_to_a_descriptor_append_to_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert!(open_descriptor(&path).is_none(), "a missing file");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"old ").unwrap();
        assert!(open_descriptor(&path).is_none());
        for folder in ["/dev/fd", "/proc/self/fd"] {
            let name = Path::new(folder).join(file.as_raw_fd().to_string());
            open_descriptor(&name).unwrap().unwrap().write_all(b"new ").unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"old new new ");
        assert!(open_descriptor(Path::new("/dev/stdout")).is_some());
    }

    #[test]
    fn a_pipe_is_opened_when_it_has_a_reader_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(open_pipe(&path, || true).is_err());
        let reader = path.clone();
        let reader = std::thread::spawn(move || std::fs::read(reader));
        // More than a pipe holds: the writes wait for the reader.
        let bytes = vec![7; 1 << 20];
        open_pipe(&path, || false).unwrap().write_all(&bytes).unwrap();
        assert!(reader.join().unwrap().unwrap() == bytes);
    }

    #[test]
    fn a_read_into_memory_ends_at_the_end_of_the_file() {
        let file = tempfile::tempfile().unwrap();
        write_all_at(&file, b"0123456789", 0).unwrap();
        let mut bytes = [0; 8];
        for (offset, expected) in [(0, 8), (6, 4), (10, 0), (11, 0)] {
            // SAFETY: the array is writable and has this length.
            let (count, result) = unsafe { read_into(&file, offset, bytes.as_mut_ptr(), bytes.len()) };
            assert!(result.is_ok(), "{result:?}");
            assert_eq!(count, expected);
            assert!(bytes[..count].iter().zip(offset..).all(|(byte, at)| *byte == b'0' + at as u8));
        }
    }
}
