//! Pictures of titles and achievements: as they are (PNG), and as the texels that titles draw.
//!
//! A title's own pictures come with it, those of others are in the profile's databases. Either is
//! hostile: what is read of one is bounded by its length and by [`SIDE`].

use crate::Kernel;
use std::io::Cursor;
use xenia_formats::gpd::MOST_PICTURE;
use xenia_formats::xdbf::Xdbf;
use xenia_guest::Win32Error;

/// Most texels of a row, and most rows: no picture of the console's is larger.
const SIDE: u32 = 64;
/// Host memory that the decoder may take for one.
const DECODER_BYTES: usize = 1 << 20;

/// Which picture of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The title's own.
    Icon,
    /// The one with this id, an achievement's.
    Image(u32),
}

/// A picture that can be drawn: rows of texels of four bytes, which are alpha, red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texels {
    /// Texels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// One row after the other.
    pub bytes: Vec<u8>,
}

impl Texels {
    /// Reads a picture (PNG); `None` if it is damaged, or larger than any.
    pub fn read(picture: &[u8]) -> Option<Self> {
        let limits = png::Limits { bytes: DECODER_BYTES };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(picture), limits);
        decoder.set_ignore_text_chunk(true);
        decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
        let (width, height) = decoder.read_header_info().ok()?.size();
        if width > SIDE || height > SIDE {
            return None;
        }
        let mut reader = decoder.read_info().ok()?;
        let mut decoded = vec![0; reader.output_buffer_size()?];
        reader.next_frame(&mut decoded).ok()?;
        let bytes = match reader.output_color_type() {
            (png::ColorType::Rgba, png::BitDepth::Eight) => {
                let (texels, _) = decoded.as_chunks();
                texels.iter().flat_map(|&[red, green, blue, alpha]| [alpha, red, green, blue]).collect()
            }
            (png::ColorType::GrayscaleAlpha, png::BitDepth::Eight) => {
                let (texels, _) = decoded.as_chunks();
                texels.iter().flat_map(|&[grey, alpha]| [alpha, grey, grey, grey]).collect()
            }
            _ => return None,
        };
        Some(Self { width, height, bytes })
    }
}

impl Kernel {
    /// A picture (PNG) of a title: of the running one what it has, of another what the profile of
    /// the user at this place has.
    pub fn picture_of(&self, user: u32, title: u32, picture: Picture) -> Result<Vec<u8>, Win32Error> {
        let found = if title == self.title_id() {
            let database = self.database();
            let title = Xdbf::read(&database).ok();
            let found = title.and_then(|title| match picture {
                Picture::Icon => title.icon(),
                Picture::Image(id) => title.image(id),
            });
            found.filter(|bytes| bytes.len() <= MOST_PICTURE).map(<[u8]>::to_vec)
        } else {
            let gpd = self.gpd_of(user, title)?;
            match picture {
                Picture::Icon => gpd.icon().map(<[u8]>::to_vec),
                Picture::Image(id) => gpd.image(id).map(<[u8]>::to_vec),
            }
        };
        found.filter(|bytes| !bytes.is_empty()).ok_or(Win32Error::FILE_NOT_FOUND)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A picture of these texels, each of as many bytes as its kind has.
    pub(crate) fn png_of(color: png::ColorType, width: u32, texels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let row = width as usize * color.samples();
        let mut encoder = png::Encoder::new(&mut bytes, width, (texels.len() / row) as u32);
        encoder.set_color(color);
        encoder.set_depth(png::BitDepth::Eight);
        if color == png::ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 7, 8, 9]);
        }
        encoder.write_header().unwrap().write_image_data(texels).unwrap();
        bytes
    }

    #[test]
    fn every_kind_of_picture_becomes_argb() {
        for (color, texels, argb) in [
            (png::ColorType::Rgba, &[1, 2, 3, 4, 5, 6, 7, 8][..], [4, 1, 2, 3, 8, 5, 6, 7]),
            (png::ColorType::Rgb, &[1, 2, 3, 5, 6, 7], [0xFF, 1, 2, 3, 0xFF, 5, 6, 7]),
            (png::ColorType::Grayscale, &[1, 5], [0xFF, 1, 1, 1, 0xFF, 5, 5, 5]),
            (png::ColorType::GrayscaleAlpha, &[1, 2, 5, 6], [2, 1, 1, 1, 6, 5, 5, 5]),
            (png::ColorType::Indexed, &[1, 0], [0xFF, 7, 8, 9, 0xFF, 0, 0, 0]),
        ] {
            let expected = Texels { width: 2, height: 1, bytes: argb.to_vec() };
            assert_eq!(Texels::read(&png_of(color, 2, texels)), Some(expected), "{color:?}");
        }
    }

    #[test]
    fn what_is_damaged_or_too_large_is_none() {
        let whole = png_of(png::ColorType::Rgba, 64, &vec![9; 64 * 64 * 4]);
        assert_eq!(Texels::read(&whole).map(|texels| texels.bytes.len()), Some(64 * 64 * 4));
        for length in 0..whole.len() / 2 {
            assert_eq!(Texels::read(&whole[..length]), None, "{length}");
        }
        for large in
            [png_of(png::ColorType::Rgba, 65, &[0; 65 * 4]), png_of(png::ColorType::Rgba, 1, &[0; 65 * 4])]
        {
            assert_eq!(Texels::read(&large), None);
        }
    }
}
