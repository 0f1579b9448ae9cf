//! Fonts of the host for letters that the built-in ones lack, such as those of Japanese titles.
//!
//! The host's fonts are listed when such a letter is drawn first; the one that has the letter is
//! read then.

use egui::{FallbackRequest, FontData, FontInsert, FontProvider};
use fontdb::{Database, FaceInfo, ID, Style, Weight};
use std::sync::{Mutex, OnceLock, PoisonError};
use ttf_parser::Face;

/// Largest font file in bytes.
const MAX_BYTES: usize = 128 << 20;

/// Maximum number of font searches in a run of the program. Each looks at all fonts if none has the
/// letter.
const MAX_SEARCHES: u32 = 256;

/// Fonts in the order of preference.
struct SortedFonts {
    database: Database,
    order: Vec<ID>,
}

impl SortedFonts {
    fn new(database: Database) -> Self {
        let mut faces: Vec<&FaceInfo> = database.faces().collect();
        faces.sort_by_key(|face| preference(face));
        let order = faces.into_iter().map(|face| face.id).collect();
        Self { database, order }
    }
}

/// The host's fonts.
#[derive(Default)]
pub(super) struct HostFonts {
    fonts: OnceLock<SortedFonts>,
    searches: Mutex<u32>,
}

/// Order in which fonts are asked: upright, regular, without serifs, proportional ones first.
fn preference(face: &FaceInfo) -> (bool, u16, bool, bool) {
    let is_sans = face.families.iter().any(|(name, _)| name.contains("Sans") || name.contains("Gothic"));
    (face.style != Style::Normal, face.weight.0.abs_diff(Weight::NORMAL.0), !is_sans, face.monospaced)
}

impl HostFonts {
    fn fonts(&self) -> &SortedFonts {
        self.fonts.get_or_init(|| {
            let mut database = Database::new();
            database.load_system_fonts();
            SortedFonts::new(database)
        })
    }

    /// The preferred font with a letter: its name, its file's content, and its number in that.
    fn font_with(&self, letter: char) -> Option<(String, FontData)> {
        {
            let mut searches = self.searches.lock().unwrap_or_else(PoisonError::into_inner);
            *searches = searches.saturating_add(1);
            if *searches > MAX_SEARCHES {
                return None;
            }
        }
        let SortedFonts { database, order } = self.fonts();
        order.iter().find_map(|&id| {
            let data = database.with_face_data(id, |bytes, index| {
                let has_letter = bytes.len() <= MAX_BYTES
                    && Face::parse(bytes, index).is_ok_and(|font| font.glyph_index(letter).is_some());
                has_letter.then(|| FontData { index, ..FontData::from_owned(bytes.to_vec()) })
            });
            let data = data.flatten()?;
            Some((database.face(id)?.post_script_name.clone(), data))
        })
    }
}

impl FontProvider for HostFonts {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let (name, data) = self.font_with(request.cluster.chars().next()?)?;
        Some(FontInsert::new(&name, data, Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{FontDefinitions, FontFamily};

    /// The host's fonts, if it had the built-in ones only.
    fn fonts(names: &[&str]) -> HostFonts {
        let fonts = HostFonts::default();
        let mut database = Database::new();
        database.load_font_data(b"no font".to_vec());
        for name in names {
            let data = (*FontDefinitions::default().font_data[*name].font).as_ref().to_vec();
            database.load_font_data(data);
        }
        assert!(fonts.fonts.set(SortedFonts::new(database)).is_ok());
        fonts
    }

    #[test]
    fn a_missing_glyph_is_taken_from_another_font() {
        let host = fonts(&["Ubuntu-Light", "Hack"]);
        let name = |letter| host.font_with(letter).map(|(name, _)| name);
        assert_eq!(name('a').as_deref(), Some("Hack-Regular"), "regular before light");
        assert_eq!(name('\u{10FFFD}'), None);
        let request = |cluster| FallbackRequest { cluster, family: &FontFamily::Proportional };
        assert!(host.font_for(&request("a")).is_some_and(|font| font.name == "Hack-Regular"));
        assert!(host.font_for(&request("")).is_none());
    }

    #[test]
    fn searches_have_a_limit() {
        let host = fonts(&["Hack"]);
        for _ in 0..MAX_SEARCHES {
            assert!(host.font_with('a').is_some());
        }
        assert!(host.font_with('a').is_none());
    }
}
