//! The `AppDir`, which starts from any folder, and the `AppImage` that `appimagetool` makes of it.

use super::ID;
use super::folder::Folder;
use crate::apt::has;
use crate::steps::run;
use anyhow::Result;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

/// Makes the `AppDir`; returns the `AppImage`, if it could be made.
pub(super) fn make(folder: &Folder, time: u64) -> Result<Option<PathBuf>> {
    let root = folder.as_usr("xenia-rs.AppDir")?;
    symlink("usr/bin/xenia-rs", root.join("AppRun"))?;
    symlink(format!("usr/share/applications/{ID}.desktop"), root.join(format!("{ID}.desktop")))?;
    let icon = format!("{ID}.png");
    fs::copy(root.join(format!("usr/share/icons/hicolor/256x256/apps/{icon}")), root.join(&icon))?;
    symlink(&icon, root.join(".DirIcon"))?;
    if !has("appimagetool") {
        println!("missing: appimagetool, not made: the AppImage (its folder is {})", root.display());
        return Ok(None);
    }
    let image = folder.out().join(format!("{}.AppImage", folder.name()));
    let mut tool = Command::new("appimagetool");
    tool.env("SOURCE_DATE_EPOCH", time.to_string()).env("ARCH", "x86_64");
    run(tool.arg(&root).arg(&image))?;
    Ok(Some(image))
}
