//! Screenshots: PNG files in a folder, named by title and frame number.
//!
//! In lockstep, `--headless --frames N` reproduces the frame with the number N.

use crate::png_frames::write_new_png;
use crate::user_folders;
use anyhow::Context;
use std::path::{Path, PathBuf};
use xenia_gpu::Frame;

/// Largest number of screenshots of one frame.
const MAX_PER_FRAME: u32 = 1000;
/// Largest length of a title in a file name, in bytes.
const MAX_NAME_LENGTH: usize = 80;

/// Folder and name prefix of a title's screenshots.
#[derive(Clone, Debug)]
pub struct Screenshots {
    folder: PathBuf,
    title: String,
}

impl Screenshots {
    /// Screenshots in `folder`, or in the user's data folder.
    pub fn new(folder: Option<&Path>, title: &str) -> Self {
        let folder = folder.map_or_else(Self::default_folder, Path::to_owned);
        Self { folder, title: file_name(title) }
    }

    /// The folder of screenshots in the user's data folder.
    pub fn default_folder() -> PathBuf {
        user_folders::data().map_or_else(|| PathBuf::from("screenshots"), |data| data.join("screenshots"))
    }

    /// The folder that they are in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes frame `number` to a new file and returns its path. No file is replaced.
    pub fn keep(&self, number: u64, frame: &Frame) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        for copy in 1..=MAX_PER_FRAME {
            let path = self.folder.join(self.name(number, copy));
            if write_new_png(&path, frame)? {
                return Ok(path);
            }
        }
        anyhow::bail!(
            "there are {MAX_PER_FRAME} screenshots of this frame in {}: move or delete some",
            self.folder.display()
        )
    }

    fn name(&self, number: u64, copy: u32) -> String {
        let title = &self.title;
        if copy == 1 { format!("{title}_{number:06}.png") } else { format!("{title}_{number:06}-{copy}.png") }
    }
}

/// Converts `title` to a part of a file name that is valid on every system.
pub fn file_name(title: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let mut name: String = title.chars().map(plain).collect();
    while name.len() > MAX_NAME_LENGTH {
        name.pop();
    }
    // A leading dot would hide the file.
    match name.trim_matches(['-', '.']) {
        "" => "title".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_names_of_files() {
        for (title, name) in [
            ("dolphin", "dolphin"),
            ("My Game: Part 2/3", "My-Game--Part-2-3"),
            ("../../etc/passwd", "etc-passwd"),
            ("...", "title"),
            ("", "title"),
            ("\u{3042}\u{3044}\0", "\u{3042}\u{3044}"),
        ] {
            assert_eq!(file_name(title), name);
        }
        assert!(file_name(&"\u{3042}".repeat(500)).len() <= MAX_NAME_LENGTH);
    }

    #[test]
    fn screenshots_never_overwrite_existing_files() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new/folder");
        let screenshots = Screenshots::new(Some(&folder), "demo");
        let frame = |value| Frame { width: 1, height: 1, rgba: vec![value; 4] };
        let names: Vec<String> = [(57, 1), (57, 2), (58, 3), (57, 4)]
            .map(|(number, value)| {
                let path = screenshots.keep(number, &frame(value)).unwrap();
                assert!(path.starts_with(&folder));
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .to_vec();
        assert_eq!(names, ["demo_000057.png", "demo_000057-2.png", "demo_000058.png", "demo_000057-3.png"]);
        let first = std::fs::read(folder.join(&names[0])).unwrap();
        assert_ne!(first, std::fs::read(folder.join(&names[1])).unwrap());
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4);
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let frame = Frame { width: 1, height: 1, rgba: vec![0; 4] };
        assert!(Screenshots::new(Some(file.path()), "demo").keep(1, &frame).is_err());
    }
}
