//! Owners and identities of files: user, mode, device and inode.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt};
use std::path::Path;

/// Identity of a file that exists: all its names lead to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
}

/// The identity of the file that a path leads to, through links.
pub fn identity(path: &Path) -> io::Result<FileIdentity> {
    let found = path.metadata()?;
    Ok(FileIdentity { device: found.dev(), inode: found.ino() })
}

/// Whether the path leads to a pipe.
pub fn is_named_pipe(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.file_type().is_fifo())
}

/// Bytes that a file takes on the disk.
pub fn size_on_disk(found: &Metadata) -> u64 {
    const BLOCK: u64 = 512;
    found.blocks() * BLOCK
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {why}", path.display()))
}

/// Makes a folder that is the user's alone, and those above it that are missing.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Fails if the open folder or file does not belong to the user, or others may write to it. The
/// path is for the error's words.
pub fn check_private(path: &Path, file: &File) -> io::Result<()> {
    check_found(path, &file.metadata()?)
}

fn check_found(path: &Path, found: &Metadata) -> io::Result<()> {
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "belongs to somebody else"));
    }
    if found.mode() & 0o022 != 0 {
        return Err(refused(path, "may be written by others"));
    }
    Ok(())
}

/// Fails if the folder does not belong to the user, or another user could replace it.
pub fn check_private_folder(folder: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    check_found(&folder, &fs::metadata(&folder)?)?;
    for outer in folder.ancestors().skip(1) {
        let mode = fs::metadata(outer)?.mode();
        // In a sticky folder users can only rename their own files.
        if mode & 0o002 != 0 && mode & 0o1000 == 0 {
            return Err(refused(outer, "may be written by everybody"));
        }
    }
    Ok(())
}
