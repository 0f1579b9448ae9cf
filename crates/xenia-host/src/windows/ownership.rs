//! Owners and identities of files: number on a volume, owner and list of rights.
//!
//! A file is the user's alone if it belongs to the user or to a part of the system that may do
//! everything anyway, and if its access control list lets no other user change it. Sources:
//! Microsoft, "File security and access rights", "Well-known SIDs".

mod descriptor;

use descriptor::{Descriptor, Sid, make_folder};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_FLAG_BACKUP_SEMANTICS, FILE_ID_INFO, FILE_WRITE_DATA,
    FileIdInfo, GetFileInformationByHandleEx, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};

/// Rights to replace what a folder contains, or to get those rights.
const REPLACE: u32 = FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER;
/// Rights to change a file, or to add files to a folder, and those to replace it.
const WRITE: u32 = FILE_WRITE_DATA | FILE_APPEND_DATA | REPLACE;

/// Identity of a file that exists: all its names lead to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    volume: u64,
    number: [u8; 16],
}

/// The identity of the file that a path leads to, through links.
pub fn identity(path: &Path) -> io::Result<FileIdentity> {
    // No access is requested, so that a file that another program uses exclusively can be
    // identified, too.
    let file = open(path, 0)?;
    let mut found = FILE_ID_INFO::default();
    let size = size_of::<FILE_ID_INFO>() as u32;
    // SAFETY: the handle is open, and the structure has the size that is passed.
    let answered = unsafe {
        GetFileInformationByHandleEx(file.as_raw_handle(), FileIdInfo, (&raw mut found).cast(), size)
    };
    if answered == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(FileIdentity { volume: found.VolumeSerialNumber, number: found.FileId.Identifier })
}

/// Opens a file or folder, through links.
fn open(path: &Path, access: u32) -> io::Result<File> {
    OpenOptions::new().access_mode(access).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

/// Whether the path leads to a named pipe: those have names of their own, and no other path leads
/// to one.
pub fn is_named_pipe(path: &Path) -> io::Result<bool> {
    path.metadata()?;
    Ok(false)
}

/// Bytes that a file takes on the disk: its length, as Windows reports the rest by another call.
pub fn size_on_disk(found: &Metadata) -> u64 {
    found.len()
}

fn refused(path: &Path, why: &str) -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, format!("{} {why}", path.display()))
}

/// Makes a folder that is the user's alone, and those above it that are missing.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() || folder.as_os_str().is_empty() {
        return Ok(());
    }
    if let Some(outer) = folder.parent() {
        make_private_folder(outer)?;
    }
    match make_folder(folder, &Descriptor::private_to(&Sid::of_user()?)) {
        // Another process made it meanwhile; the caller checks it before it writes there.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Fails if the open folder or file does not belong to the user, or others may write to it. The
/// path is for the error's words.
pub fn check_private(path: &Path, file: &File) -> io::Result<()> {
    check(path, file, WRITE, &Sid::of_user()?)
}

/// Fails if others have one of the rights, or can get it.
fn check(path: &Path, file: &File, rights: u32, user: &Sid) -> io::Result<()> {
    let descriptor = Descriptor::read(file)?;
    if !descriptor.owner()?.is_trusted(user) {
        return Err(refused(path, "belongs to somebody else"));
    }
    if descriptor.others_have(rights, user)? {
        return Err(refused(path, "may be written by others"));
    }
    Ok(())
}

/// Fails if the folder does not belong to the user, or another user could replace it.
pub fn check_private_folder(folder: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    let user = Sid::of_user()?;
    for (depth, part) in folder.ancestors().enumerate() {
        // Others may add folders beside those that lead to it, as to a drive's first folder.
        let rights = if depth == 0 { WRITE } else { REPLACE };
        check(part, &open(part, READ_CONTROL)?, rights, &user)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use descriptor::SystemDescriptor;
    use std::fs;
    use windows_sys::Win32::Security::{DACL_SECURITY_INFORMATION, SetKernelObjectSecurity};

    #[test]
    fn all_names_of_a_file_have_its_identity() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("a");
        let name = folder.path().join("ä b");
        let other = folder.path().join("c");
        fs::write(&one, "a").unwrap();
        fs::write(&other, "a").unwrap();
        fs::hard_link(&one, &name).unwrap();
        let of = |path: &Path| identity(path).unwrap();
        assert_eq!(of(&one), of(&name));
        assert_eq!(of(&one), of(&folder.path().join(".").join("a")));
        assert_ne!(of(&one), of(&other));
        assert_ne!(of(&one), of(folder.path()));
        assert!(identity(&folder.path().join("d")).is_err());
    }

    #[test]
    fn only_the_user_can_access_a_private_folder_and_its_files() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a").join("code");
        make_private_folder(&folder).unwrap();
        make_private_folder(&folder).unwrap();
        check_private_folder(&folder).unwrap();
        let path = folder.join("t.code");
        fs::write(&path, "code").unwrap();
        check_private(&path, &File::open(&path).unwrap()).unwrap();
        fs::write(outer.path().join("file"), "").unwrap();
        assert!(make_private_folder(&outer.path().join("file")).is_err(), "a file has this name");
    }

    /// Adds an access entry for everybody to a folder. Wine drops such an entry from a folder that
    /// is created with it, because of the file mode creation mask.
    fn allow_everybody(folder: &Path, rights: &str) {
        let words = format!("{}(A;;{rights};;;WD)", Descriptor::private_to(&Sid::of_user().unwrap()));
        let descriptor = SystemDescriptor::new(&words).unwrap();
        let folder = open(folder, WRITE_DAC).unwrap();
        // SAFETY: the handle is open, and the descriptor lives until the call returns.
        let set = unsafe {
            let handle = folder.as_raw_handle();
            SetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, descriptor.as_ptr())
        };
        assert_ne!(set, 0);
    }

    #[test]
    fn what_others_may_change_or_replace_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("a");
        let inner = outer.path().join("a").join("code");
        make_private_folder(&inner).unwrap();
        // FR are the rights to read, FA all rights.
        for (rights, is_private) in [("FR", true), ("FA", false), ("FR", true)] {
            allow_everybody(&folder, rights);
            let checks = [
                check_private(&folder, &open(&folder, READ_CONTROL).unwrap()),
                check_private_folder(&folder),
                check_private_folder(&inner), // which others could put another one in place of
            ];
            for check in checks {
                assert_eq!(check.is_ok(), is_private, "{rights}");
                if let Err(error) = check {
                    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                    assert!(error.to_string().contains("may be written by others"), "{error}");
                }
            }
        }
    }
}
