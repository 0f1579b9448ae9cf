//! Gallery: the screenshots and videos that the user has made, as files in two folders.

use crate::pictures::{IconPicture, PictureLimit, decode_large, shrunk};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Maximum number of entries listed from each folder.
const MAX_ENTRIES: usize = 10_000;
/// Largest file of a picture in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GalleryKind {
    /// A PNG file.
    Picture,
    /// A video file, or a folder of a video's pictures.
    Video,
}

/// A screenshot or a video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GalleryFile {
    /// The file, or the folder of a video's pictures.
    pub path: PathBuf,
    /// Kind of the entry.
    pub kind: GalleryKind,
    /// Time of the last change.
    pub modified: SystemTime,
    /// Size in bytes; `None` for a folder.
    pub bytes: Option<u64>,
}

/// Lists screenshots and videos, the newest first. A folder that is missing has none.
pub fn list(screenshots: &Path, videos: &Path) -> Vec<GalleryFile> {
    let mut all: Vec<GalleryFile> = entries(screenshots, GalleryKind::Picture).collect();
    all.extend(entries(videos, GalleryKind::Video));
    all.sort_by(|one, other| other.modified.cmp(&one.modified).then_with(|| one.path.cmp(&other.path)));
    all
}

fn entries(folder: &Path, kind: GalleryKind) -> impl Iterator<Item = GalleryFile> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_ENTRIES);
    entries.filter_map(move |entry| {
        let path = entry.path();
        let found = entry.metadata().ok()?;
        let has = |extension: &str| path.extension().is_some_and(|found| found == extension);
        let is_one = match kind {
            GalleryKind::Picture => found.is_file() && has("png"),
            // A folder with that extension is a video that is not complete.
            GalleryKind::Video => found.is_file() && has("mp4") || found.is_dir() && !has("part"),
        };
        let bytes = found.is_file().then_some(found.len());
        is_one.then_some(GalleryFile { path, kind, modified: found.modified().ok()?, bytes })
    })
}

/// Reads a picture, made smaller where it is larger than the limit.
///
/// # Errors
/// The file cannot be read, is not a PNG picture, or is too large.
pub fn read(path: &Path, limit: PictureLimit) -> Result<IconPicture> {
    let bytes = crate::source::large_bytes(path, MAX_BYTES)?;
    let picture = decode_large(&bytes).with_context(|| path.display().to_string())?;
    Ok(shrunk(picture, limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::png_frames::write_png;
    use std::time::Duration;
    use xenia_gpu::Frame;

    #[test]
    fn pictures_and_videos_are_listed_by_age() {
        let folder = tempfile::tempdir().unwrap();
        let shots = folder.path().join("shots");
        let videos = folder.path().join("videos");
        assert!(list(&shots, &videos).is_empty());
        for made in ["shots", "videos", "videos/b_001", "videos/c_001.part", "shots/folder.png"] {
            std::fs::create_dir(folder.path().join(made)).unwrap();
        }
        let start = SystemTime::now();
        for (age, name) in
            [(30, "shots/a.png"), (20, "videos/a_001.mp4"), (10, "shots/b.png"), (5, "shots/x.txt")]
        {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(start - Duration::from_secs(age)).unwrap();
        }
        let all = list(&shots, &videos);
        let names: Vec<_> = all.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["b_001", "b.png", "a_001.mp4", "a.png"]);
        assert_eq!((all[0].kind, all[0].bytes, all[1].bytes), (GalleryKind::Video, None, Some(0)));
    }

    #[test]
    fn a_picture_is_made_smaller_and_noise_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let rgba = [[10_u8, 20, 30, 255], [30, 40, 50, 255]].concat().repeat(20);
        write_png(&path, &Frame { width: 10, height: 4, rgba }).unwrap();
        let within = |width, height| read(&path, PictureLimit { width, height });
        let small = within(5, 5).unwrap();
        assert_eq!((small.size, small.rgba.len(), &small.rgba[..4]), ([5, 2], 40, &[20, 30, 40, 255][..]));
        assert_eq!(within(10, 4).unwrap().size, [10, 4]);
        assert_eq!(within(0, 0).unwrap().size, [1, 1]);
        std::fs::write(&path, "noise").unwrap();
        assert!(within(9, 9).is_err());
    }
}
