//! Pictures on pages: pixels, and the textures made from them.

use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pixels of a small picture, such as an icon.
#[derive(Debug, PartialEq, Eq)]
pub struct LibraryIcon {
    /// Width and height in pixels.
    pub size: [u16; 2],
    /// Red, green, blue and alpha of each pixel; as many as the size says.
    pub rgba: Vec<u8>,
}

/// Textures of the pictures that were shown last, by the address of the picture.
#[derive(Default)]
pub(super) struct Textures(BTreeMap<usize, TextureHandle>);

impl std::fmt::Debug for Textures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} textures", self.0.len())
    }
}

/// The address of a picture.
pub(super) fn key_of(picture: &Arc<LibraryIcon>) -> usize {
    Arc::as_ptr(picture) as usize
}

impl Textures {
    /// The texture of a picture, which is made when it is shown first.
    pub(super) fn get(&mut self, context: &Context, picture: &Arc<LibraryIcon>) -> Option<TextureHandle> {
        let key = key_of(picture);
        if let Some(texture) = self.0.get(&key) {
            return Some(texture.clone());
        }
        let size = picture.size.map(usize::from);
        if size.contains(&0) || picture.rgba.len() != size[0] * size[1] * 4 {
            return None;
        }
        let image = ColorImage::from_rgba_unmultiplied(size, &picture.rgba);
        let texture = context.load_texture("picture", image, TextureOptions::LINEAR);
        self.0.insert(key, texture.clone());
        Some(texture)
    }

    /// Drops the textures of all other pictures than those.
    pub(super) fn keep(&mut self, keys: &[usize]) {
        self.0.retain(|key, _| keys.contains(key));
    }

    /// Number of textures.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}
