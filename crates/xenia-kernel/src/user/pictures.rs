//! Pictures of titles and achievements: as PNG files, and as texels for titles to draw.
//!
//! A title's own pictures come with it, those of other titles are in the profile's databases. Both
//! are untrusted input: the file's length and [`MAX_SIDE`] bound the data read from it.

use super::gamer_data::GamerData;
use std::io::Cursor;
use xenia_formats::gpd::MAX_PICTURE;
use xenia_formats::xdbf::Xdbf;
use xenia_guest::Win32Error;

/// Maximum width and height in texels; the console has no larger pictures.
const MAX_SIDE: u32 = 64;
/// Host memory in bytes that the decoder may use for one picture.
const DECODER_BYTES: usize = 1 << 20;

/// Selects a picture of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// The title's icon.
    Icon,
    /// The image with this id, for example an achievement's.
    Image(u32),
}

/// A decoded picture: rows of texels of four bytes: alpha, red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureTexels {
    /// Width in texels.
    pub width: u32,
    /// Height in texels.
    pub height: u32,
    /// The rows, from the top, without padding.
    pub bytes: Vec<u8>,
}

impl PictureTexels {
    /// Decodes a PNG; `None` if it is damaged or too large.
    pub fn read(picture: &[u8]) -> Option<Self> {
        let limits = png::Limits { bytes: DECODER_BYTES };
        let mut decoder = png::Decoder::new_with_limits(Cursor::new(picture), limits);
        decoder.set_ignore_text_chunk(true);
        decoder.set_transformations(png::Transformations::ALPHA | png::Transformations::STRIP_16);
        let (width, height) = decoder.read_header_info().ok()?.size();
        if width > MAX_SIDE || height > MAX_SIDE {
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

impl GamerData<'_> {
    /// Returns a picture (PNG) of a title: of the running title from its own database, of another
    /// one from the profile of the user at this place.
    pub fn picture_of(&self, user: u32, title: u32, picture: Picture) -> Result<Vec<u8>, Win32Error> {
        let found = if title == self.title_id() {
            let database = self.database();
            let title = Xdbf::read(&database).ok();
            let found = title.and_then(|title| match picture {
                Picture::Icon => title.icon(),
                Picture::Image(id) => title.image(id),
            });
            found.filter(|bytes| bytes.len() <= MAX_PICTURE).map(<[u8]>::to_vec)
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
mod tests {
    use super::*;

    /// Encodes a picture whose texels have the bytes of this colour type.
    fn png_of(color: png::ColorType, width: u32, texels: &[u8]) -> Vec<u8> {
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
            let expected = PictureTexels { width: 2, height: 1, bytes: argb.to_vec() };
            assert_eq!(PictureTexels::read(&png_of(color, 2, texels)), Some(expected), "{color:?}");
        }
    }

    #[test]
    fn damaged_or_oversized_pictures_are_rejected() {
        let whole = png_of(png::ColorType::Rgba, 64, &vec![9; 64 * 64 * 4]);
        assert_eq!(PictureTexels::read(&whole).map(|texels| texels.bytes.len()), Some(64 * 64 * 4));
        for length in 0..whole.len() / 2 {
            assert_eq!(PictureTexels::read(&whole[..length]), None, "{length}");
        }
        for large in
            [png_of(png::ColorType::Rgba, 65, &[0; 65 * 4]), png_of(png::ColorType::Rgba, 1, &[0; 65 * 4])]
        {
            assert_eq!(PictureTexels::read(&large), None);
        }
    }
}
