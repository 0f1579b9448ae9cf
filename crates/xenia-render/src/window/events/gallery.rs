//! The gallery, and videos of the title.

use super::Events;
use crate::window::{GalleryModel, GalleryPicture};
use std::path::Path;
use std::sync::Arc;
use xenia_ui::MenuPage;

/// State of the gallery in the window.
#[derive(Default)]
pub(super) struct Gallery {
    /// The part that is shown.
    pub(super) part: Option<Arc<GalleryModel>>,
    /// The picture that was chosen last.
    pub(super) picture: GalleryPicture,
}

impl Events {
    /// Shows the gallery from the entry with this number on.
    pub(super) fn show_gallery(&mut self, first: usize) {
        self.gallery.part = self.client.gallery(first).map(Arc::new);
        self.open_page(MenuPage::Gallery);
    }

    /// Shows a picture of the gallery.
    pub(super) fn show_picture(&mut self, path: &Path) {
        self.gallery.picture = self.client.picture(path);
        self.open_page(MenuPage::Picture);
    }

    /// Begins a video, or ends it.
    pub(super) fn toggle_video(&mut self) {
        let text = self.client.toggle_video();
        self.say(text);
    }
}
