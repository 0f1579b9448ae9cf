//! Files by position, opened without following links. Reads and writes by position move the file's
//! position, too.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_FILE_TOO_LARGE, ERROR_HANDLE_EOF, ERROR_SHARING_VIOLATION,
    INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FindClose, FindFirstFileW,
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, ReadFile, WIN32_FIND_DATAW,
};
use windows_sys::Win32::System::IO::OVERLAPPED;

/// Largest number of bytes in one call, which counts in 32 bits.
const MAX_AT_ONCE: usize = 1 << 30;

/// Attempts of a rename while another program has one of the files open.
const MAX_RENAMES: u32 = 50;
/// Time between two attempts of a rename.
const RENAME_PAUSE: Duration = Duration::from_millis(10);

/// Reads at `offset`; returns fewer bytes than requested only at the end of the file.
pub fn read_at(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.seek_read(&mut into[done..], offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
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
        let from = offset.saturating_add(done as u64);
        let mut position = OVERLAPPED::default();
        position.Anonymous.Anonymous.Offset = from as u32;
        position.Anonymous.Anonymous.OffsetHigh = (from >> 32) as u32;
        let most = (len - done).min(MAX_AT_ONCE) as u32;
        let mut count = 0;
        // SAFETY: the handle is open, and synchronous, so the call uses the structures only until
        // it returns; the rest of the memory is writable, as the caller guarantees.
        let read =
            unsafe { ReadFile(file.as_raw_handle(), at.add(done), most, &raw mut count, &raw mut position) };
        if read == 0 {
            return match io::Error::last_os_error() {
                error if error.raw_os_error() == Some(ERROR_HANDLE_EOF.cast_signed()) => (done, Ok(())),
                error => (done, Err(error)),
            };
        }
        if count == 0 {
            break;
        }
        done += count as usize;
    }
    (done, Ok(()))
}

/// Writes all of `from` at `offset`.
pub fn write_all_at(file: &File, from: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < from.len() {
        match file.seek_write(&from[done..], offset.saturating_add(done as u64)) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => done += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Not supported: an error, and the caller reads all bytes.
pub fn data_from(_file: &File, _at: u64) -> io::Result<Option<Range<u64>>> {
    Err(ErrorKind::Unsupported.into())
}

/// The path of an entry with the name that its folder has, which the path's last name may differ
/// from in case. The same path if there is none, and if it has a short name (`LONGNA~1`), which
/// stays a name of its own.
pub fn as_stored(path: PathBuf) -> PathBuf {
    let Some(name) = path.file_name() else { return path };
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    // Those would be patterns of names.
    if name.as_encoded_bytes().iter().any(|byte| b"*?<>\"".contains(byte)) {
        return path;
    }
    let mut found = WIN32_FIND_DATAW::default();
    // SAFETY: the path ends with zero, and the structure is writable.
    let search = unsafe { FindFirstFileW(wide.as_ptr(), &raw mut found) };
    if search == INVALID_HANDLE_VALUE {
        return path;
    }
    // SAFETY: the call above has returned it.
    unsafe { FindClose(search) };
    let length = found.cFileName.iter().position(|unit| *unit == 0).unwrap_or(found.cFileName.len());
    let stored = OsString::from_wide(&found.cFileName[..length]);
    let fold = |name: &OsStr| name.to_string_lossy().to_lowercase();
    if stored != name && fold(&stored) == fold(name) { path.with_file_name(stored) } else { path }
}

/// The bytes of a name: `None`, as names consist of 16-bit units.
pub fn name_bytes(_name: &OsStr) -> Option<&[u8]> {
    None
}

/// Asks the host to write a folder's names to the disk. File systems that refuse this, as some do
/// for folders, keep names in a journal.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(folder);
    match opened.and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied && folder.is_dir() => Ok(()),
        result => result,
    }
}

/// Does not follow symbolic links: the open fails, or opens the link itself, which is not a regular
/// file. Does not wait for the other end of a pipe.
pub fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    without_links(options)
}

/// Opens a symbolic link itself, which is not a regular file, instead of its target.
pub fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT)
}

/// Opens a named pipe to write to it.
pub fn open_pipe(path: &Path, _is_over: impl Fn() -> bool) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// The open file that a path names: none, as no path names one.
pub fn open_descriptor(_path: &Path) -> Option<io::Result<File>> {
    None
}

/// Permissions of a file that is made by its name: `None`, those that the folder gives.
pub fn usual_permissions() -> Option<Permissions> {
    None
}

/// Lets the user run a file: every file may be run.
pub fn make_runnable(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a name that comes from an image or archive can be that of a file in a folder: it has no
/// drive, stream or device (`C:`, `a:b`, `aux.bin`), and none of the characters that Windows
/// refuses or drops.
pub fn is_possible_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let is_one =
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    let forbidden = |c: char| c.is_control() || r#"<>:"/\|?*"#.contains(c);
    is_one && !name.contains(forbidden) && !name.ends_with(['.', ' ']) && !crate::is_device_name(name)
}

/// Renames a file, over another if there is one. Waits half a second for a program that has one of
/// them open, as virus scanners have new files for a moment.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    // Folders can't be renamed while a file in them is open, and no file replaces a folder, or a
    // read-only file.
    let stays = to.metadata().is_ok_and(|file| file.is_dir() || file.permissions().readonly());
    let may_be_held = from.is_file() && !stays;
    repeat_rename(if may_be_held { MAX_RENAMES } else { 1 }, || std::fs::rename(from, to))
}

/// Repeats a rename that another program prevents.
fn repeat_rename(attempts: u32, mut rename: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for _ in 1..attempts {
        match rename() {
            Err(error) if is_held(&error) => thread::sleep(RENAME_PAUSE),
            result => return result,
        }
    }
    rename()
}

/// Whether the reason of a failed rename may be another program that has the file open.
fn is_held(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(i32::cast_unsigned);
    matches!(code, Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION))
}

/// The error of a write beyond the host's limit on sizes of files.
pub fn size_limit_error() -> io::Error {
    io::Error::from_raw_os_error(ERROR_FILE_TOO_LARGE.cast_signed())
}

/// The path in a file URL, from its first slash on: `/C:/game.xex` is `C:/game.xex`.
pub fn path_of_url(path: Vec<u8>) -> PathBuf {
    let text = String::from_utf8_lossy(&path).into_owned();
    let drive = text.strip_prefix('/').filter(|rest| {
        let mut start = rest.chars();
        start.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && start.next() == Some(':')
    });
    drive.map_or_else(|| PathBuf::from(&text), PathBuf::from)
}

/// Place of the byte whose lock marks a file as in use. No file has data there: a lock keeps all
/// handles, also the one that took it, from writing the bytes that it covers (not under Wine).
const MARK: u64 = i64::MAX as u64 - 1;

/// Locks the byte of the mark, which ends with the handle.
fn lock_mark(file: &File, flags: u32) -> io::Result<()> {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.Offset = MARK as u32;
    place.Anonymous.Anonymous.OffsetHigh = (MARK >> 32) as u32;
    // SAFETY: the handle is open, and synchronous, so the call uses the structure only until it
    // returns.
    let locked = unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut place) };
    if locked == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Marks a file as in use for as long as this handle is open. Several handles may do so.
pub fn mark_in_use(file: &File) -> io::Result<()> {
    lock_mark(file, 0)
}

/// Whether no other handle marks the file as in use; `false` if that is not known.
pub fn is_unused(file: &File) -> bool {
    lock_mark(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(read_at(&file, offset, &mut bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_marked_file_is_in_use_and_can_be_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("marked");
        let options =
            || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let file = options();
        let other = options();
        mark_in_use(&file).unwrap();
        for (writer, reader) in [(&file, &other), (&other, &file)] {
            write_all_at(writer, b"written", 0).unwrap();
            assert_eq!(read_at(reader, 0, &mut [0; 8]).unwrap(), 7);
        }
        file.set_len(3).unwrap();
        assert!(!is_unused(&other));
        drop(file);
        assert!(is_unused(&other));
    }

    #[test]
    fn a_rename_is_repeated_while_another_program_has_the_file() {
        let renamed = |code: u32, failures: u32| {
            let mut calls = 0;
            let result = repeat_rename(3, || {
                calls += 1;
                if calls > failures { Ok(()) } else { Err(io::Error::from_raw_os_error(code.cast_signed())) }
            });
            (calls, result.is_ok())
        };
        assert_eq!(renamed(ERROR_SHARING_VIOLATION, 2), (3, true));
        assert_eq!(renamed(ERROR_ACCESS_DENIED, 3), (3, false));
        assert_eq!(renamed(ERROR_HANDLE_EOF, 1), (1, false));
    }

    #[test]
    fn device_drive_and_stream_names_are_not_file_names() {
        for name in ["a", "ä b.txt", "com.bik", "CONFIG.SYS", ".a", "長い名前"] {
            assert!(is_possible_name(name), "{name}");
        }
        for name in ["CON", "con.txt", "Aux .b", "nul", "COM1", "lpt9.x", "a:b", "C:", "a\\b", "..", ".", ""]
        {
            assert!(!is_possible_name(name), "{name}");
        }
        for name in ["a.", "a ", "a/b", "a?", "a*", "a<b", "a|b", "a\"b", "a\nb"] {
            assert!(!is_possible_name(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_found_in_the_case_in_which_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("Größe.Sav"), "").unwrap();
        std::fs::create_dir(at("Save")).unwrap();
        for (name, stored) in [
            ("GRÖSSE.sav", "GRÖSSE.sav"),
            ("GRÖßE.sav", "Größe.Sav"),
            ("Größe.Sav", "Größe.Sav"),
            ("SAVE", "Save"),
            ("other", "other"),
            ("*", "*"),
        ] {
            assert_eq!(as_stored(at(name)), at(stored), "{name}");
        }
    }

    #[test]
    fn names_of_folders_are_synced() {
        let folder = tempfile::tempdir().unwrap();
        sync_folder(folder.path()).unwrap();
        assert!(sync_folder(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn a_url_names_a_drive_or_a_rooted_path() {
        assert_eq!(path_of_url(b"/C:/a b.xex".to_vec()), Path::new("C:/a b.xex"));
        assert_eq!(path_of_url(b"/games/a.xex".to_vec()), Path::new("/games/a.xex"));
    }
}
