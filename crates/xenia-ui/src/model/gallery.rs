//! Data of the gallery: screenshots, videos, and one picture.

use crate::LibraryIcon;
use std::path::PathBuf;
use std::sync::Arc;

/// Part of the gallery that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GalleryModel {
    /// The entries of this part.
    pub entries: Vec<GalleryEntry>,
    /// Number of entries before this part.
    pub before: usize,
    /// Number of all entries.
    pub total: usize,
    /// Folders of screenshots and videos, with a description; only those that exist.
    pub folders: Vec<(&'static str, PathBuf)>,
}

/// A screenshot or a video.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GalleryEntry {
    /// Name of the file.
    pub name: String,
    /// Kind, age and size, in words.
    pub details: String,
    /// The file, or the folder of a video.
    pub path: PathBuf,
    /// Whether it is a picture, which the program itself can show.
    pub is_picture: bool,
    /// A small picture; `None` if there is none.
    pub small: Option<Arc<LibraryIcon>>,
}

/// A picture that fills the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GalleryPicture {
    /// Name of the file.
    pub name: String,
    /// Location of the file.
    pub path: PathBuf,
    /// Its pixels; `None` if they can't be read.
    pub picture: Option<Arc<LibraryIcon>>,
}
