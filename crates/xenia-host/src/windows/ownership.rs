//! Owners and identities of files: Windows has lists of rights, which are not read yet.

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Identity of a file that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity(PathBuf);

/// The identity of the file that a path leads to, through links: its path without links. Names of
/// one file by hard links look like different files.
pub fn identity(path: &Path) -> io::Result<FileIdentity> {
    Ok(FileIdentity(path.canonicalize()?))
}

/// Whether the path leads to a named pipe: those have names of their own, and no other path leads
/// to one.
pub fn is_named_pipe(path: &Path) -> io::Result<bool> {
    path.metadata()?;
    Ok(false)
}

/// Bytes that a file takes on the disk: its length, as Windows tells the rest by another call.
pub fn size_on_disk(found: &Metadata) -> u64 {
    found.len()
}

/// Whether the functions below can tell the owner of a file.
pub fn can_tell() -> bool {
    false
}

fn unsupported() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "the owners of files are not known on this system")
}

/// Not supported: an error.
pub fn make_private_folder(_folder: &Path) -> io::Result<()> {
    Err(unsupported())
}

/// Not supported: an error.
pub fn check_private(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Err(unsupported())
}

/// Not supported: an error.
pub fn check_private_folder(_folder: &Path) -> io::Result<()> {
    Err(unsupported())
}
