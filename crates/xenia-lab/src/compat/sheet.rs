//! The contact sheet: one PNG image with the last picture of each title, its name, its state and
//! its figures, for places where a page cannot be shown. Titles without a picture are lines below.

use super::page::{is_good, summary};
use super::row::{CompatReport, CompatRow};
use super::thumbnail::{self, RgbaPicture};
use anyhow::Result;
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width};

/// Largest number of titles on a sheet; the page has the others.
const MAX_TITLES: usize = 120;
/// Number of pictures beside each other.
const COLUMNS: usize = 4;
/// Number of titles without a picture beside each other.
const LISTS: usize = 2;
/// Letters of a name and of a state in such a line; the rest is for what went wrong.
const NAME_LETTERS: usize = 30;
const STATE_LETTERS: usize = 12;
/// Room of a picture in pixels: 16 to 9, as wide as the page's pictures can be.
const PICTURE: Room = Room { width: thumbnail::MAX_WIDTH, height: thumbnail::MAX_WIDTH * 9 / 16 };
/// Pixels between cells, and around all of them.
const GAP: usize = 16;
/// Pixels between a picture and the text below it.
const TEXT_GAP: usize = 4;
/// Lines of text below a picture.
const LINES: usize = 3;
const WEIGHT: FontWeight = FontWeight::Regular;
const FONT: RasterHeight = RasterHeight::Size16;
const LETTER: usize = get_raster_width(WEIGHT, FONT);
const LINE: usize = FONT.val();
const CELL: Room = Room { width: PICTURE.width + GAP, height: PICTURE.height + LINES * LINE + GAP };

type Colour = [u8; 3];
const GROUND: Colour = [24, 24, 27];
const NO_PICTURE: Colour = [45, 45, 50];
const TEXT: Colour = [232, 232, 228];
const FAINT: Colour = [160, 160, 160];
const GOOD: Colour = [86, 211, 100];
const BAD: Colour = [248, 113, 113];

/// A rectangle's size in pixels.
struct Room {
    width: usize,
    height: usize,
}

/// A pixel of the image.
#[derive(Clone, Copy)]
struct Point {
    x: usize,
    y: usize,
}

impl Point {
    fn moved(self, x: usize, y: usize) -> Self {
        Self { x: self.x + x, y: self.y + y }
    }
}

/// An image under construction, of three bytes a pixel.
struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, rgb: GROUND.repeat(width * height) }
    }

    /// Blends a colour into a pixel; does nothing outside the image.
    fn blend(&mut self, at: Point, colour: Colour, opacity: u8) {
        if at.x >= self.width || at.y >= self.height {
            return;
        }
        let at = (at.y * self.width + at.x) * 3;
        let share = u32::from(opacity);
        for (old, new) in self.rgb[at..at + 3].iter_mut().zip(colour) {
            *old = ((u32::from(*old) * (255 - share) + u32::from(new) * share) / 255) as u8;
        }
    }

    /// Writes a line of text, cut to `letters`.
    fn text(&mut self, at: Point, text: &str, letters: usize, colour: Colour) {
        for (column, letter) in cut(text, letters).chars().enumerate() {
            let raster = get_raster(letter, WEIGHT, FONT).or_else(|| get_raster('?', WEIGHT, FONT));
            for (dy, row) in raster.iter().flat_map(RasterizedChar::rows).enumerate() {
                for (dx, &coverage) in row.iter().enumerate() {
                    self.blend(at.moved(column * LETTER + dx, dy), colour, coverage);
                }
            }
        }
    }

    /// Draws a picture in the middle of its room, cut to it.
    fn picture(&mut self, at: Point, png: Option<&[u8]>) {
        for (dy, dx) in (0..PICTURE.height).flat_map(|dy| (0..PICTURE.width).map(move |dx| (dy, dx))) {
            self.blend(at.moved(dx, dy), NO_PICTURE, 255);
        }
        let Some(picture) = png.and_then(|png| thumbnail::decoded(png).ok()) else { return };
        let RgbaPicture { width, height, pixels } = picture;
        let corner =
            at.moved(PICTURE.width.saturating_sub(width) / 2, PICTURE.height.saturating_sub(height) / 2);
        for (number, pixel) in pixels.chunks_exact(4).enumerate() {
            let dx = number % width;
            let dy = number / width;
            if dx < PICTURE.width && dy < PICTURE.height {
                self.blend(corner.moved(dx, dy), [pixel[0], pixel[1], pixel[2]], 255);
            }
        }
    }

    fn encoded(&self) -> Result<Vec<u8>> {
        thumbnail::encoded(png::ColorType::Rgb, self.width as u32, self.height as u32, &self.rgb)
    }
}

/// The sheet of a report. `picture` reads a picture by its path in the report.
pub(super) fn sheet(report: &CompatReport, picture: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>> {
    let titles = &report.titles[..report.titles.len().min(MAX_TITLES)];
    let (pictured, listed): (Vec<_>, Vec<_>) = titles.iter().partition(|row| row.picture.is_some());
    let width = GAP + COLUMNS * CELL.width;
    let top = 2 * GAP + LINE;
    let bottom = top + pictured.len().div_ceil(COLUMNS) * CELL.height;
    let lines_height = listed.len().div_ceil(LISTS) * LINE + GAP;
    let mut canvas = Canvas::new(width, bottom + lines_height);
    let mut heading = summary(report);
    if report.titles.len() > titles.len() {
        heading = format!("The first {} of {heading}", titles.len());
    }
    canvas.text(Point { x: GAP, y: GAP }, &heading, (width - 2 * GAP) / LETTER, TEXT);
    for (number, row) in pictured.into_iter().enumerate() {
        let at = Point { x: GAP + number % COLUMNS * CELL.width, y: top + number / COLUMNS * CELL.height };
        let png = row.picture.as_deref().and_then(&picture);
        canvas.picture(at, png.as_deref());
        for (line, (text, colour)) in (0..).zip(lines(row)) {
            canvas.text(
                at.moved(0, PICTURE.height + TEXT_GAP + line * LINE),
                &text,
                PICTURE.width / LETTER,
                colour,
            );
        }
    }
    let column = (width - GAP) / LISTS;
    for (number, row) in listed.into_iter().enumerate() {
        let mut at = Point { x: GAP + number % LISTS * column, y: bottom + number / LISTS * LINE };
        let rest = (column - GAP) / LETTER - NAME_LETTERS - STATE_LETTERS;
        for ((text, colour), letters) in lines(row).into_iter().zip([NAME_LETTERS, STATE_LETTERS, rest]) {
            canvas.text(at, &text, letters - 1, colour);
            at.x += letters * LETTER;
        }
    }
    canvas.encoded()
}

/// The text of a title: its name, its state with figures, and what went wrong.
fn lines(row: &CompatRow) -> [(String, Colour); LINES] {
    let figures = match row.first_frame_seconds {
        Some(_) => format!(" {:.1} fps {:.0} %", row.frames_per_second, row.speed * 100.0),
        None => String::new(),
    };
    let colour = if is_good(row) { GOOD } else { BAD };
    let notes = match &row.reason {
        Some(reason) => reason.clone(),
        None => row.missing_calls.keys().cloned().collect::<Vec<_>>().join(", "),
    };
    [(row.name.clone(), TEXT), (format!("{}{figures}", row.state.words()), colour), (notes, FAINT)]
}

/// A text of at most this many letters, on one line.
fn cut(text: &str, letters: usize) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(letters + 1).collect();
    if plain.chars().count() <= letters {
        return plain;
    }
    plain.chars().take(letters.saturating_sub(2)).chain("..".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::row::CompatState;
    use super::*;
    use std::collections::BTreeMap;
    use std::io::Cursor;

    fn row(name: &str, state: CompatState) -> CompatRow {
        CompatRow {
            name: name.to_owned(),
            title_id: None,
            state,
            reason: None,
            exit_code: None,
            frames: 60,
            first_frame_seconds: Some(0.5),
            frames_per_second: 29.97,
            speed: 0.5,
            missing_calls: BTreeMap::new(),
            missing_files: Vec::new(),
            memory_mib: 512.0,
            wall_seconds: 2.0,
            picture: Some("pictures/0000.png".to_owned()),
            report: None,
        }
    }

    fn report(titles: Vec<CompatRow>) -> CompatReport {
        CompatReport { seconds: 30, lockstep: true, states: BTreeMap::new(), left_out: 0, titles }
    }

    fn pixels(png: &[u8]) -> (usize, usize, Vec<u8>) {
        let mut reader = png::Decoder::new(Cursor::new(png)).read_info().unwrap();
        let (width, height) = reader.info().size();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (width as usize, height as usize, pixels)
    }

    /// A picture of one colour.
    fn flat(width: u32, height: u32) -> Vec<u8> {
        let pixels = [200_u8, 100, 50, 255].repeat((width * height) as usize);
        thumbnail::encoded(png::ColorType::Rgba, width, height, &pixels).unwrap()
    }

    #[test]
    fn a_sheet_has_a_picture_or_a_line_for_each_title() {
        let titles = vec![
            row("first.xex", CompatState::Runs),
            row("second\n.xex", CompatState::Crashes),
            CompatRow { picture: None, ..row(&"long ".repeat(100), CompatState::NoPicture) },
            row(&"letters \u{65E5} ".repeat(30), CompatState::Runs),
            row("the fourth", CompatState::Runs),
            row("in the second row", CompatState::Ended),
        ];
        let made = sheet(&report(titles), |_| Some(flat(100, 60))).unwrap();
        let (width, height, pixels) = pixels(&made);
        let top = 2 * GAP + LINE;
        assert_eq!((width, height), (GAP + COLUMNS * CELL.width, top + 2 * CELL.height + LINE + GAP));
        let at = |x: usize, y: usize| <[u8; 3]>::try_from(&pixels[(y * width + x) * 3..][..3]).unwrap();
        let middle = |column: usize, row: usize| {
            at(GAP + column * CELL.width + PICTURE.width / 2, top + row * CELL.height + PICTURE.height / 2)
        };
        let seen = [(0, 0), (3, 0), (0, 1), (1, 1)].map(|(x, y)| middle(x, y));
        assert_eq!(seen, [[200, 100, 50], [200, 100, 50], [200, 100, 50], GROUND]);
        assert_eq!(at(GAP, top), NO_PICTURE, "beside a narrow picture");
        let list = top + 2 * CELL.height..height;
        assert!(list.flat_map(|y| (0..width).map(move |x| (x, y))).any(|(x, y)| at(x, y) == BAD));
        // The states are in their colours, and no text leaves its cell.
        let state = |column: usize, colour: Colour| {
            let y = 2 * GAP + LINE + PICTURE.height + TEXT_GAP + LINE;
            let columns = GAP + column * CELL.width..GAP + column * CELL.width + PICTURE.width;
            (y..y + LINE).flat_map(|y| columns.clone().map(move |x| (x, y))).any(|(x, y)| at(x, y) == colour)
        };
        assert_eq!(
            [state(0, GOOD), state(1, BAD), state(0, BAD), state(1, GOOD)],
            [true, true, false, false]
        );
        let gap = 3 * CELL.width..GAP + 3 * CELL.width;
        assert!((top..top + CELL.height).all(|y| gap.clone().all(|x| at(x, y) == GROUND)));
    }

    #[test]
    fn a_small_picture_of_a_frame_fills_its_room() {
        let RgbaPicture { width, height, .. } =
            thumbnail::decoded(&thumbnail::reduced(&flat(1280, 720)).unwrap()).unwrap();
        assert_eq!((width, height), (PICTURE.width, PICTURE.height));
    }

    #[test]
    fn sheets_have_a_limit_and_damaged_pictures_are_left_out() {
        let titles = vec![row("title", CompatState::Runs); MAX_TITLES + 7];
        let made = sheet(&report(titles), |_| Some(flat(2000, 2))).unwrap();
        assert_eq!(pixels(&made).1, 3 * GAP + LINE + MAX_TITLES / COLUMNS * CELL.height);
        assert!(sheet(&report(Vec::new()), |_| None).is_ok());
        assert!(sheet(&report(vec![row("title", CompatState::Runs)]), |_| Some(vec![1, 2])).is_ok());
        assert_eq!([cut("abcdef", 5), cut("abcde", 5), cut("a\tb", 5)], ["abc..", "abcde", "a b"]);
    }
}
