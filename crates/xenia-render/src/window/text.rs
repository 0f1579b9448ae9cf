//! Text rendering to a small image: light letters on a dark, translucent background.
//!
//! There is one size of one monospaced font. Columns line up, and a display with small pixels gets
//! integer multiples of it.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster, get_raster_width};

const WEIGHT: FontWeight = FontWeight::Regular;
const SIZE: RasterHeight = RasterHeight::Size16;
/// Width of a letter in pixels.
pub(crate) const LETTER_WIDTH: u32 = get_raster_width(WEIGHT, SIZE) as u32;
/// Height of a line in pixels.
pub(crate) const LINE_HEIGHT: u32 = SIZE.val() as u32;
/// Pixels around the text.
pub(crate) const MARGIN: u32 = 6;
/// Colour of the letters.
const LETTERS: [u8; 3] = [240, 240, 235];
/// Opacity of the background, which is black.
const GROUND: u8 = 176;
/// Most columns and lines: a panel is a texture, whose size is limited.
const MOST: (usize, usize) = (160, 64);

/// Image of text. Colours are not premultiplied by alpha.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panel {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Four bytes per pixel: red, green, blue, alpha; rows from the top.
    pub(crate) rgba: Vec<u8>,
}

/// Wraps `lines` between words, or within long ones, to at most `columns` letters; lines beyond
/// `rows` are left out.
pub(crate) fn fit(lines: &[String], columns: usize, rows: usize) -> Vec<String> {
    let columns = columns.clamp(1, MOST.0);
    let mut fitted = Vec::new();
    for line in lines {
        let letters: Vec<char> = line.chars().collect();
        // Continuation lines are aligned with the text, not with its indent or its first column.
        let text = letters.iter().take_while(|letter| **letter == ' ').count();
        let column = letters.windows(2).skip(text).position(|pair| pair == [' ', ' ']).map(|gap| text + gap);
        let column =
            column.map(|gap| gap + letters[gap..].iter().take_while(|letter| **letter == ' ').count());
        let indent = column.filter(|column| *column <= columns / 2).unwrap_or(text).min(columns / 2);
        let mut rest = &letters[..];
        let mut first = true;
        loop {
            let room = if first { columns } else { columns - indent };
            let cut = if rest.len() <= room {
                rest.len()
            } else {
                let space = rest[..=room].iter().rposition(|letter| *letter == ' ');
                space.filter(|at| *at > indent).unwrap_or(room)
            };
            let part: String = rest[..cut].iter().collect();
            let lead = if first { 0 } else { indent };
            fitted.push(format!("{}{}", " ".repeat(lead), part.trim_end()));
            if fitted.len() > rows {
                fitted.truncate(rows);
                return fitted;
            }
            rest = &rest[cut..];
            let spaces = rest.iter().take_while(|letter| **letter == ' ').count();
            rest = &rest[spaces..];
            first = false;
            if rest.is_empty() {
                break;
            }
        }
    }
    fitted
}

/// Renders `lines`, `multiple` times the font's size. Characters missing in the font become
/// question marks.
pub(crate) fn panel(lines: &[String], multiple: u32) -> Panel {
    let lines = &lines[..lines.len().min(MOST.1)];
    let letters = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().min(MOST.0);
    let width = letters as u32 * LETTER_WIDTH + 2 * MARGIN;
    let height = lines.len() as u32 * LINE_HEIGHT + 2 * MARGIN;
    let mut panel = Panel { width, height, rgba: [0, 0, 0, GROUND].repeat((width * height) as usize) };
    for (row, line) in lines.iter().enumerate() {
        for (column, letter) in line.chars().take(MOST.0).enumerate() {
            panel.draw(MARGIN + column as u32 * LETTER_WIDTH, MARGIN + row as u32 * LINE_HEIGHT, letter);
        }
    }
    panel.enlarged(multiple.max(1))
}

impl Panel {
    fn draw(&mut self, x: u32, y: u32, letter: char) {
        let raster = get_raster(letter, WEIGHT, SIZE).or_else(|| get_raster('?', WEIGHT, SIZE));
        for (dy, row) in raster.iter().flat_map(RasterizedChar::rows).enumerate() {
            for (dx, &coverage) in row.iter().enumerate().filter(|(_, coverage)| **coverage > 0) {
                let at = ((y as usize + dy) * self.width as usize + x as usize + dx) * 4;
                // The letter over the background, both with their opacity.
                let (letter, ground) = (u32::from(coverage), u32::from(GROUND));
                let opacity = letter + ground * (255 - letter) / 255;
                let share = letter * 255 / opacity;
                for (channel, value) in LETTERS.iter().enumerate() {
                    self.rgba[at + channel] = (u32::from(*value) * share / 255) as u8;
                }
                self.rgba[at + 3] = opacity as u8;
            }
        }
    }

    fn enlarged(self, multiple: u32) -> Self {
        if multiple == 1 {
            return self;
        }
        let (width, height) = (self.width * multiple, self.height * multiple);
        let mut rgba = Vec::with_capacity((width * height * 4) as usize);
        for row in self.rgba.chunks_exact(self.width as usize * 4) {
            let wide: Vec<u8> =
                row.chunks_exact(4).flat_map(|pixel| pixel.repeat(multiple as usize)).collect();
            for _ in 0..multiple {
                rgba.extend_from_slice(&wide);
            }
        }
        Self { width, height, rgba }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    /// Rows of the letter's cell as `#` and `.`.
    fn cell(panel: &Panel, column: u32, row: u32) -> Vec<String> {
        (0..LINE_HEIGHT)
            .map(|y| {
                (0..LETTER_WIDTH)
                    .map(|x| {
                        let (x, y) = (MARGIN + column * LETTER_WIDTH + x, MARGIN + row * LINE_HEIGHT + y);
                        let at = ((y * panel.width + x) * 4) as usize;
                        if panel.rgba[at] > 100 { '#' } else { '.' }
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn a_panel_is_as_large_as_its_text() {
        let panel = panel(&lines(&["abc", "defgh"]), 1);
        assert_eq!((panel.width, panel.height), (5 * LETTER_WIDTH + 12, 2 * LINE_HEIGHT + 12));
        assert_eq!(panel.rgba.len() as u32, panel.width * panel.height * 4);
        assert_eq!(panel.rgba[..4], [0, 0, 0, GROUND], "the margin is ground");
    }

    #[test]
    fn letters_are_in_their_cells_and_differ() {
        let panel = panel(&lines(&["i.", "T?", "\u{3042} "]), 1);
        let upright = cell(&panel, 0, 0);
        assert!(upright.iter().filter(|row| row.contains('#')).count() > 6, "{upright:#?}");
        let dot = cell(&panel, 1, 0);
        assert!((1..4).contains(&dot.iter().filter(|row| row.contains('#')).count()), "{dot:#?}");
        let bar = cell(&panel, 0, 1);
        let widest = bar.iter().map(|row| row.matches('#').count()).max();
        assert!(widest > Some(4) && bar.iter().position(|row| row.contains('#')).is_some(), "{bar:#?}");
        assert_eq!(cell(&panel, 0, 2), cell(&panel, 1, 1), "what the font lacks is a question mark");
        assert!(cell(&panel, 1, 2).iter().all(|row| !row.contains('#')), "a space is empty");
    }

    #[test]
    fn letters_of_european_languages_are_drawn() {
        let missing = cell(&panel(&lines(&["?"]), 1), 0, 0);
        for letter in "éößñçåØžłőŠ¿".chars() {
            let drawn = cell(&panel(&lines(&[&letter.to_string()]), 1), 0, 0);
            assert!(letter == '¿' || drawn != missing, "{letter}");
            assert!(drawn.iter().any(|row| row.contains('#')), "{letter}");
        }
    }

    #[test]
    fn long_lines_are_broken_between_words_and_too_many_are_left_out() {
        let text = lines(&["one two three", "", "  four five", "sixteen"]);
        assert_eq!(fit(&text, 80, 9), text);
        assert_eq!(fit(&text, 7, 99), ["one two", "three", "", "  four", "  five", "sixteen"]);
        let table = lines(&["  F1  keys of all", "  a word here"]);
        assert_eq!(fit(&table, 12, 99), ["  F1  keys", "      of all", "  a word", "  here"]);
        assert_eq!(fit(&text, 4, 99)[..4], ["one", "two", "thre", "e"]);
        assert_eq!(fit(&text, 7, 2), ["one two", "three"]);
        assert!(fit(&text, 7, 0).is_empty() && fit(&[], 7, 9).is_empty());
        for columns in 0..20 {
            let fitted = fit(&text, columns, 99);
            assert!(fitted.iter().all(|line| line.chars().count() <= columns.max(1)), "{columns} {fitted:?}");
            let letters = |lines: &[String]| lines.concat().replace(' ', "");
            assert_eq!(letters(&fitted), letters(&text), "{columns}");
        }
    }

    #[test]
    fn a_multiple_repeats_pixels() {
        let (small, large) = (panel(&lines(&["x"]), 1), panel(&lines(&["x"]), 3));
        assert_eq!((large.width, large.height), (small.width * 3, small.height * 3));
        for y in 0..large.height {
            for x in 0..large.width {
                let pixel = |panel: &Panel, x, y| {
                    let at = ((y * panel.width + x) * 4) as usize;
                    panel.rgba[at..at + 4].to_vec()
                };
                assert_eq!(pixel(&large, x, y), pixel(&small, x / 3, y / 3), "{x} {y}");
            }
        }
    }

    #[test]
    fn text_without_end_is_cut() {
        let panel = panel(&vec!["w".repeat(100_000); 1000], 1);
        assert!(panel.width < 2048 && panel.height < 2048, "{} {}", panel.width, panel.height);
    }
}
