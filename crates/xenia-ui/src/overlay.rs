//! Text over the picture, outside of pages: figures, messages, badges, and text in the middle such
//! as the reason why a machine has stopped. Letters have equal width, so that columns line up.

mod lines;

use super::dialog::{self, ConsoleDialog, DialogPick};
use egui::emath::GuiRounding;
use egui::{Align2, Color32, Context, FontId, Id, LayerId, Margin, Order, Painter, Rect, vec2};
use lines::fit;

/// Size of letters in points of the display.
const LETTERS: f32 = 14.0;
/// Size of letters in the middle, if there is room for them.
const LARGE: f32 = 28.0;
/// Points around letters, and from there to the window's border.
const MARGIN: i8 = 6;
const BORDER: f32 = 8.0;
const COLOUR: Color32 = Color32::from_rgb(240, 240, 235);
const GROUND: Color32 = Color32::from_black_alpha(176);

/// Text over the picture, line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverlayText {
    /// Figures, in the upper left corner.
    pub figures: Vec<String>,
    /// State of the machine, in the upper right corner.
    pub badges: Vec<String>,
    /// Text in the middle. It has larger letters if it fits so.
    pub middle: Vec<String>,
    /// A dialog of the console, in the middle.
    pub dialog: Option<ConsoleDialog>,
    /// Messages, in the lower left corner; they are over pages, too.
    pub messages: Vec<String>,
}

impl OverlayText {
    /// Draws the parts below pages. Returns the part of the dialog that was clicked.
    pub(super) fn show_below(&self, context: &Context) -> Option<DialogPick> {
        let painter = context.layer_painter(LayerId::background());
        panel(&painter, &self.figures, Align2::LEFT_TOP, LETTERS);
        panel(&painter, &self.badges, Align2::RIGHT_TOP, LETTERS);
        let wide = room(&painter, LARGE);
        let is_short =
            self.middle.len() <= wide.1 && self.middle.iter().all(|line| line.chars().count() <= wide.0);
        panel(&painter, &self.middle, Align2::CENTER_CENTER, if is_short { LARGE } else { LETTERS });
        dialog::show(context, self.dialog.as_ref()?)
    }

    /// Draws the parts above pages.
    pub(super) fn show_above(&self, context: &Context) {
        let layer = LayerId::new(Order::Foreground, Id::unique("messages"));
        panel(&context.layer_painter(layer), &self.messages, Align2::LEFT_BOTTOM, LETTERS);
    }
}

/// The font of a size. In a window so small that pages shrink, letters stay as they are.
fn font(painter: &Painter, size: f32) -> FontId {
    FontId::monospace(size / painter.ctx().zoom_factor().min(1.0))
}

/// Columns and rows of letters of a size in the window.
fn room(painter: &Painter, size: f32) -> (usize, usize) {
    let inside = painter.ctx().viewport_rect().shrink(BORDER + f32::from(MARGIN)).size();
    let font = font(painter, size);
    let letter =
        painter.ctx().fonts_mut(|fonts| vec2(fonts.glyph_width(&font, 'w'), fonts.row_height(&font)));
    let fits = |room: f32, unit: f32| if unit > 0.0 { (room / unit).max(0.0) as usize } else { 0 };
    (fits(inside.x, letter.x), fits(inside.y, letter.y))
}

/// Draws lines in a box.
fn panel(painter: &Painter, lines: &[String], at: Align2, size: f32) {
    if lines.is_empty() {
        return;
    }
    let (columns, rows) = room(painter, size);
    let text = fit(lines, columns, rows).join("\n");
    let context = painter.ctx();
    let font = font(painter, size);
    let inside = context.viewport_rect().shrink(BORDER);
    // Letters of other fonts may be wider.
    let width = (inside.width() - 2.0 * f32::from(MARGIN)).max(1.0);
    let galley = painter.layout(text, font, COLOUR, width);
    let pixels = context.pixels_per_point();
    let size = ((galley.size() + Margin::same(MARGIN).sum()) * pixels).ceil() / pixels;
    let place = at.align_size_within_rect(size, inside).min;
    let place = Rect::from_min_size(place, size).round_to_pixels(pixels);
    painter.rect_filled(place, 0.0, GROUND);
    painter.galley(place.min + Margin::same(MARGIN).left_top(), galley, COLOUR);
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use crate::{MenuPage, PageModel};

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    fn text() -> OverlayText {
        OverlayText {
            figures: lines(&["30 fps"]),
            badges: lines(&["|| paused"]),
            middle: lines(&["Pok\u{e9}mon", "\u{30b2}\u{30fc}\u{30e0}"]),
            messages: lines(&["kept"]),
            dialog: None,
        }
    }

    #[test]
    fn texts_are_in_their_corners_and_inside_the_window() {
        let mut driver = Driver::without_page(text());
        let at = |driver: &mut Driver, text: &str| driver.place(text).unwrap_or_else(|| panic!("{text}"));
        let screen = Rect::from_min_size(egui::Pos2::ZERO, vec2(1280.0, 720.0));
        let figures = at(&mut driver, "30 fps");
        let badges = at(&mut driver, "|| paused");
        assert_eq!((figures.left(), figures.top()), (14.0, 14.0));
        assert!(badges.right() <= 1266.0 && badges.right() > 1260.0 && badges.top() == 14.0, "{badges:?}");
        let middle = at(&mut driver, &text().middle.join("\n"));
        assert!((middle.center() - screen.center()).length() < 2.0, "{middle:?}");
        assert!(middle.height() > 2.0 * LARGE, "there is room for large letters");
        assert!(at(&mut driver, "kept").bottom() > 690.0);
        let long = OverlayText { middle: vec!["word ".repeat(50_000)], ..text() };
        driver.set_text(long);
        let places = driver.places();
        assert!(places.iter().all(|place| screen.contains_rect(*place)), "{places:?}");
    }

    #[test]
    fn messages_are_over_pages_and_figures_below() {
        let mut driver = Driver::new(MenuPage::Menu, PageModel::default());
        driver.set_text(text());
        let order = driver.texts();
        let at = |text: &str| order.iter().position(|shown| shown == text);
        assert!(at("30 fps") < at("Quit") && at("Quit") < at("kept"), "{order:?}");
    }
}
