//! Makes a small picture of a frame.

use anyhow::{Result, bail};
use std::io::Cursor;

/// Largest width of a small picture, in pixels.
pub(super) const MAX_WIDTH: usize = 320;

/// A picture of four bytes a pixel.
pub(super) struct RgbaPicture {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<u8>,
}

/// Decodes a PNG picture as `--last-frame` and [`reduced`] write it.
pub(super) fn decoded(png: &[u8]) -> Result<RgbaPicture> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
    let width = reader.info().width as usize;
    let height = reader.info().height as usize;
    if reader.info().color_type != png::ColorType::Rgba || width == 0 || height == 0 {
        bail!("the picture is not RGBA, as --last-frame writes it");
    }
    let Some(size) = reader.output_buffer_size() else { bail!("the picture is too large") };
    let mut pixels = vec![0; size];
    reader.next_frame(&mut pixels)?;
    Ok(RgbaPicture { width, height, pixels })
}

/// A small PNG picture of an RGBA picture as `--last-frame` writes it; each pixel is the mean of a
/// square of the large picture.
pub(super) fn reduced(png: &[u8]) -> Result<Vec<u8>> {
    let RgbaPicture { width, height, pixels } = decoded(png)?;
    let step = width.div_ceil(MAX_WIDTH);
    let small_width = (width / step).max(1);
    let small_height = (height / step).max(1);
    let mut small = Vec::with_capacity(small_width * small_height * 4);
    for (y, x) in (0..small_height).flat_map(|y| (0..small_width).map(move |x| (y, x))) {
        for channel in 0..4 {
            let mut sum = 0;
            let mut number = 0;
            for row in (y * step..(y * step + step).min(height)).map(|row| row * width) {
                for column in x * step..(x * step + step).min(width) {
                    sum += u32::from(pixels[(row + column) * 4 + channel]);
                    number += 1;
                }
            }
            small.push((sum / number) as u8);
        }
    }
    encoded(png::ColorType::Rgba, small_width as u32, small_height as u32, &small)
}

/// Encodes a PNG picture of a byte for each component.
pub(super) fn encoded(color: png::ColorType, width: u32, height: u32, components: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(components)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rgba(width: u32, height: u32, components: &[u8]) -> Vec<u8> {
        encoded(png::ColorType::Rgba, width, height, components).unwrap()
    }

    fn size(png: &[u8]) -> (u32, u32) {
        png::Decoder::new(Cursor::new(png)).read_info().unwrap().info().size()
    }

    #[test]
    fn pictures_are_shrunk_by_averaging_pixels() {
        let large: Vec<u8> = (0..1280 * 720).flat_map(|n| [(n % 2 * 200) as u8, 7, 0, 255]).collect();
        let small = reduced(&rgba(1280, 720, &large)).unwrap();
        assert_eq!(size(&small), (320, 180));
        let mut reader = png::Decoder::new(Cursor::new(&small)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels[..4], [100, 7, 0, 255]);
        assert_eq!(size(&reduced(&rgba(3, 1, &[9; 12])).unwrap()), (3, 1));
        assert!(reduced(b"noise").is_err());
    }
}
