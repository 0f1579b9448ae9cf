//! Pictures as pixels: reads PNG files, such as icons of titles, and makes pictures smaller.

use anyhow::{Context, Result, bail};
use png::{ColorType, Transformations};
use std::io::Cursor;
use std::path::Path;

/// Largest side of an icon in pixels: titles have icons of 64.
pub(crate) const MAX_ICON_SIDE: u32 = 256;
/// Largest memory in bytes for the decoder of an icon.
const MAX_ICON_MEMORY: usize = 4 << 20;
/// Side of titles' own icons in pixels.
const SMALL_SIDE: u16 = 64;
/// Largest side of a picture as large as a screen.
const MAX_LARGE_SIDE: u32 = 8192;
/// Largest memory in bytes for the decoder of a picture as large as a screen.
const MAX_LARGE_MEMORY: usize = 256 << 20;
/// Largest file in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// A picture as pixels.
#[derive(Debug, PartialEq, Eq)]
pub struct IconPicture {
    /// Width and height in pixels.
    pub size: [u16; 2],
    /// Red, green, blue and alpha of each pixel.
    pub rgba: Vec<u8>,
}

/// Largest size of a picture.
#[derive(Clone, Copy, Debug)]
pub struct PictureLimit {
    /// Largest width in pixels.
    pub width: u16,
    /// Largest height in pixels.
    pub height: u16,
}

/// Reads an icon file, which a title may have made to do harm.
///
/// # Errors
/// The file cannot be read, is not a PNG picture, or is too large.
pub fn read_icon(path: &Path) -> Result<IconPicture> {
    let bytes = crate::source::large_bytes(path, MAX_BYTES)?;
    decode_icon(&bytes).with_context(|| path.display().to_string())
}

fn decode_icon(bytes: &[u8]) -> Result<IconPicture> {
    decode_within(bytes, MAX_ICON_SIDE, MAX_ICON_MEMORY)
}

/// Reads the bytes of an icon, made smaller where it is larger than titles' own. `None` if they are
/// not a PNG picture, or too large.
pub fn small_icon(bytes: &[u8]) -> Option<IconPicture> {
    let icon = decode_icon(bytes).ok()?;
    Some(shrunk(icon, PictureLimit { width: SMALL_SIDE, height: SMALL_SIDE }))
}

/// As [`read_icon`], for the bytes of a picture as large as a screen.
pub(crate) fn decode_large(bytes: &[u8]) -> Result<IconPicture> {
    decode_within(bytes, MAX_LARGE_SIDE, MAX_LARGE_MEMORY)
}

/// Reads the bytes of a PNG picture, whose size is limited. The decoder takes `max_memory` bytes at
/// most.
pub(crate) fn decode_within(bytes: &[u8], max_side: u32, max_memory: usize) -> Result<IconPicture> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: max_memory });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info()?;
    let (width, height) = reader.info().size();
    if width == 0 || height == 0 || width.max(height) > max_side {
        bail!("the picture has {width} x {height} pixels; at most {max_side} on each side are shown");
    }
    let size = reader.output_buffer_size().context("the size of the pixels")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels)?;
    let rgba = match info.color_type {
        ColorType::Rgba => pixels,
        ColorType::GrayscaleAlpha => {
            pixels.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect()
        }
        other => bail!("the PNG colour type {other:?} is not supported"),
    };
    if rgba.len() != (width * height * 4) as usize {
        bail!("the PNG file is truncated");
    }
    Ok(IconPicture { size: [width as u16, height as u16], rgba })
}

/// A picture whose sides are divided by the least whole number for which they fit: each pixel is
/// the mean of a square.
pub(crate) fn shrunk(picture: IconPicture, limit: PictureLimit) -> IconPicture {
    let [width, height] = picture.size.map(usize::from);
    let by = |side: usize, most: u16| side.div_ceil(usize::from(most.max(1)));
    let by = by(width, limit.width).max(by(height, limit.height));
    if by <= 1 {
        return picture;
    }
    let small_width = (width / by).max(1);
    let small_height = (height / by).max(1);
    let mut rgba = Vec::with_capacity(small_width * small_height * 4);
    for y in 0..small_height {
        for x in 0..small_width {
            let columns = x * by..((x + 1) * by).min(width);
            let rows = y * by..((y + 1) * by).min(height);
            let count = (columns.len() * rows.len()) as u32;
            for part in 0..4 {
                let sum = |row: usize| -> u32 {
                    columns
                        .clone()
                        .map(|column| u32::from(picture.rgba[(row * width + column) * 4 + part]))
                        .sum()
                };
                let sum: u32 = rows.clone().map(sum).sum();
                rgba.push((sum / count.max(1)) as u8);
            }
        }
    }
    IconPicture { size: [small_width as u16, small_height as u16], rgba }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(size: [u32; 2], kind: ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size[0], size[1]);
        encoder.set_color(kind);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn icons_of_every_kind_become_pixels() {
        for (kind, pixels, rgba) in [
            (ColorType::Rgba, &[1, 2, 3, 4, 5, 6, 7, 8][..], [1, 2, 3, 4, 5, 6, 7, 8]),
            (ColorType::Rgb, &[1, 2, 3, 5, 6, 7], [1, 2, 3, 255, 5, 6, 7, 255]),
            (ColorType::Grayscale, &[1, 9], [1, 1, 1, 255, 9, 9, 9, 255]),
            (ColorType::GrayscaleAlpha, &[1, 2, 9, 8], [1, 1, 1, 2, 9, 9, 9, 8]),
        ] {
            let icon = decode_icon(&encoded([2, 1], kind, pixels)).unwrap();
            assert_eq!((icon.size, &icon.rgba[..]), ([2, 1], &rgba[..]), "{kind:?}");
        }
    }

    #[test]
    fn hostile_icons_are_refused() {
        let large = encoded([MAX_ICON_SIDE + 1, 1], ColorType::Grayscale, &[0; MAX_ICON_SIDE as usize + 1]);
        let mut torn = encoded([64, 64], ColorType::Rgba, &[7; 64 * 64 * 4]);
        torn.truncate(torn.len() / 2);
        for bytes in [&large[..], &torn, b"noise", b""] {
            assert!(decode_icon(bytes).is_err());
        }
    }
}
