//! The gallery's page: lists screenshots and videos, and reads their pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use xenia::gallery::{self, GalleryFile, GalleryKind};
use xenia::pictures::PictureLimit;
use xenia::say::visible;
use xenia::state_slots::age_text;
use xenia_render::{GalleryEntry, GalleryModel, GalleryPicture, LIST_ROWS, LibraryIcon};

/// Largest size of an entry's picture in pixels.
const SMALL: PictureLimit = PictureLimit { width: 160, height: 90 };
/// Largest size of a picture that is shown alone, in pixels.
const LARGE: PictureLimit = PictureLimit { width: 1920, height: 1080 };

/// Folders of the user's screenshots and videos.
#[derive(Clone, Debug)]
pub(super) struct GalleryFolders {
    pub(super) screenshots: PathBuf,
    pub(super) videos: PathBuf,
}

impl GalleryFolders {
    /// The part of the gallery that begins with the entry `first`, from 0.
    pub(super) fn part(&self, first: usize) -> GalleryModel {
        let all = gallery::list(&self.screenshots, &self.videos);
        let before = first.min(all.len().saturating_sub(1));
        let folders = [
            ("Open the folder of screenshots", &self.screenshots),
            ("Open the folder of videos", &self.videos),
        ];
        let folders = folders.into_iter().filter_map(|(label, folder)| {
            let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir())?;
            Some((label, folder))
        });
        GalleryModel {
            entries: all.iter().skip(before).take(LIST_ROWS).map(entry).collect(),
            before,
            total: all.len(),
            folders: folders.collect(),
        }
    }
}

fn name_of(path: &Path) -> String {
    visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

fn read(path: &Path, limit: PictureLimit) -> Option<Arc<LibraryIcon>> {
    let picture = gallery::read(path, limit).ok()?;
    Some(Arc::new(LibraryIcon { size: picture.size, rgba: picture.rgba }))
}

fn entry(file: &GalleryFile) -> GalleryEntry {
    let age = age_text(SystemTime::now().duration_since(file.modified).unwrap_or_default());
    let kind = match (file.kind, file.bytes) {
        (GalleryKind::Picture, _) => "picture".to_owned(),
        (GalleryKind::Video, Some(bytes)) => format!("video, {:.1} MiB", bytes as f64 / f64::from(1 << 20)),
        (GalleryKind::Video, None) => "video as pictures".to_owned(),
    };
    let is_picture = file.kind == GalleryKind::Picture;
    GalleryEntry {
        name: name_of(&file.path),
        details: format!("{kind}, {age}"),
        path: file.path.canonicalize().unwrap_or_else(|_| file.path.clone()),
        is_picture,
        small: is_picture.then(|| read(&file.path, SMALL)).flatten(),
    }
}

/// A picture of the gallery, to be shown alone.
pub(super) fn picture(path: &Path) -> GalleryPicture {
    GalleryPicture { name: name_of(path), path: path.to_owned(), picture: read(path, LARGE) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia::png_frames::write_png;
    use xenia_gpu::Frame;

    #[test]
    fn the_gallery_is_shown_in_parts_with_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let folders =
            GalleryFolders { screenshots: folder.path().to_owned(), videos: folder.path().join("videos") };
        assert_eq!(folders.part(7).total, 0);
        for number in 0..8 {
            let frame = Frame { width: 320, height: 180, rgba: vec![9; 320 * 180 * 4] };
            write_png(&folder.path().join(format!("a_{number}.png")), &frame).unwrap();
        }
        std::fs::write(folder.path().join("b.png"), "noise").unwrap();
        let part = folders.part(0);
        assert_eq!((part.entries.len(), part.before, part.total, part.folders.len()), (LIST_ROWS, 0, 9, 1));
        let sizes: Vec<_> =
            part.entries.iter().filter_map(|entry| Some(entry.small.as_ref()?.size)).collect();
        assert!(sizes.len() >= LIST_ROWS - 1 && sizes.iter().all(|size| *size == [160, 90]), "{sizes:?}");
        let rest = folders.part(LIST_ROWS);
        assert_eq!((rest.entries.len(), rest.before), (3, LIST_ROWS));
        assert_eq!((folders.part(99).entries.len(), folders.part(99).before), (1, 8));
        let opened = picture(&folder.path().join("a_3.png"));
        assert_eq!((opened.name.as_str(), opened.picture.unwrap().size), ("a_3.png", [320, 180]));
        assert!(picture(&folder.path().join("b.png")).picture.is_none());
    }
}
