//! The `AppDir`, which starts from any folder, and the `AppImage`: a runtime, which mounts what
//! follows it, and the `AppDir` as a SquashFS file system.
//!
//! The runtime is a program of the `AppImage` project (`runtime-x86_64` of type2-runtime). It isn't
//! fetched here, so that a package holds no bytes that its publisher did not choose.

use super::ID;
use super::folder::Folder;
use crate::apt::has;
use crate::commands::run;
use crate::files;
use anyhow::{Result, ensure};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of an ELF file from offset 8 on that mark it as a runtime of type 2.
const MARK: &[u8] = b"AI\x02";

/// Makes the `AppDir`; returns the `AppImage`, if it could be made.
pub(super) fn make(folder: &Folder, runtime: Option<&Path>, time: u64) -> Result<Option<PathBuf>> {
    let root = folder.as_usr("xenia-rs.AppDir")?;
    symlink("usr/bin/xenia-rs", root.join("AppRun"))?;
    symlink(format!("usr/share/applications/{ID}.desktop"), root.join(format!("{ID}.desktop")))?;
    let icon = format!("{ID}.png");
    files::copy(root.join(format!("usr/share/icons/hicolor/256x256/apps/{icon}")), root.join(&icon))?;
    symlink(&icon, root.join(".DirIcon"))?;
    let not_made = || format!("not made: the AppImage (its folder is {})", root.display());
    let Some(runtime) = runtime else {
        println!("missing: --runtime FILE, runtime-x86_64 of AppImage's type2-runtime, {}", not_made());
        return Ok(None);
    };
    if !has("mksquashfs") {
        println!("missing: mksquashfs (Debian package squashfs-tools), {}", not_made());
        return Ok(None);
    }
    let bytes = files::read(runtime)?;
    ensure!(is_runtime(&bytes), "{} is not a runtime of AppImages of type 2", runtime.display());
    run(Command::new("chmod").args(["-R", "u=rwX,go=rX"]).arg(&root))?;
    let system = folder.out().join("AppImage.squashfs");
    let time = time.to_string();
    let mut tool = Command::new("mksquashfs");
    // It refuses this variable beside the options, which give all files one time.
    tool.env_remove("SOURCE_DATE_EPOCH").arg(&root).arg(&system);
    tool.args(["-noappend", "-all-root", "-no-xattrs", "-comp", "zstd", "-quiet", "-no-progress"]);
    run(tool.args(["-mkfs-time", &time, "-all-time", &time]))?;
    let image = folder.out().join(format!("{}.AppImage", folder.name()));
    files::write(&image, bytes)?;
    let mut file = File::options().append(true).open(&image)?;
    io::copy(&mut File::open(&system)?, &mut file)?;
    file.set_permissions(fs::Permissions::from_mode(0o755))?;
    files::remove(&system)?;
    Ok(Some(image))
}

/// Whether a file is a runtime: an ELF file with the mark.
fn is_runtime(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7FELF") && bytes.get(8..).is_some_and(|rest| rest.starts_with(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_an_elf_file_with_the_mark() {
        assert!(is_runtime(b"\x7FELF\x02\x01\x01\0AI\x02\0"));
        for other in [&b"\x7FELF\x02\x01\x01\0AI\x01\0"[..], b"\x7FELF", b"", b"hsqs\0\0\0\0AI\x02\0"] {
            assert!(!is_runtime(other), "{other:?}");
        }
    }
}
