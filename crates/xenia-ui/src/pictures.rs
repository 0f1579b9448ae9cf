//! Pictures on pages: pixels, and the textures made from them.

use egui::{
    Color32, ColorImage, Context, CornerRadius, Pos2, Rect, Sense, TextureHandle, TextureOptions, Ui, Vec2,
    pos2,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pixels of a small picture, such as an icon.
#[derive(Debug, PartialEq, Eq)]
pub struct LibraryIcon {
    /// Width and height in pixels.
    pub size: [u16; 2],
    /// Red, green, blue and alpha of each pixel; as many as the size requires.
    pub rgba: Vec<u8>,
}

/// Textures of the pictures that were shown last, by the address of the picture. Each picture is
/// held, so that no other one can have its address.
#[derive(Default)]
pub(super) struct Textures(BTreeMap<usize, (Arc<LibraryIcon>, TextureHandle)>);

impl std::fmt::Debug for Textures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} textures", self.0.len())
    }
}

/// The address of a picture.
pub(super) fn key_of(picture: &Arc<LibraryIcon>) -> usize {
    Arc::as_ptr(picture) as usize
}

/// Draws a picture in its own shape, in a room of this size.
pub(super) fn draw(ui: &mut Ui, room: Vec2, picture: Option<&Arc<LibraryIcon>>, pictures: &mut Textures) {
    let (rect, _) = ui.allocate_exact_size(room, Sense::hover());
    let texture = picture.and_then(|picture| pictures.get(ui.ctx(), picture));
    let Some(texture) = texture else {
        ui.painter().rect_filled(rect, CornerRadius::same(3), ui.visuals().faint_bg_color);
        return;
    };
    paint_inside(ui, rect, &texture);
}

/// Paints a picture in its own shape in the middle of a rectangle, as large as that permits.
pub(super) fn paint_inside(ui: &Ui, rect: Rect, texture: &TextureHandle) {
    let size = texture.size_vec2();
    let size = size * (rect.width() / size.x).min(rect.height() / size.y);
    let whole = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    let rect = Rect::from_center_size(rect.center(), size);
    ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
}

impl Textures {
    /// The texture of a picture, which is made when it is shown first.
    pub(super) fn get(&mut self, context: &Context, picture: &Arc<LibraryIcon>) -> Option<TextureHandle> {
        let key = key_of(picture);
        if let Some((_, texture)) = self.0.get(&key) {
            return Some(texture.clone());
        }
        let size = picture.size.map(usize::from);
        // egui panics on pixels that don't match the size.
        if size.contains(&0) || picture.rgba.len() != size[0] * size[1] * 4 {
            return None;
        }
        let image = ColorImage::from_rgba_unmultiplied(size, &picture.rgba);
        let texture = context.load_texture("picture", image, TextureOptions::LINEAR);
        self.0.insert(key, (Arc::clone(picture), texture.clone()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_held_as_long_as_its_texture() {
        let picture = Arc::new(LibraryIcon { size: [1, 1], rgba: vec![0; 4] });
        let held = Arc::downgrade(&picture);
        let mut textures = Textures::default();
        assert!(textures.get(&Context::default(), &picture).is_some());
        drop(picture);
        assert!(held.upgrade().is_some());
        textures.keep(&[]);
        assert!(held.upgrade().is_none());
    }
}
