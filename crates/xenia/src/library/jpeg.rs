//! Reads JPEG pictures as pixels. Files are untrusted: size and passes are limited, since a small
//! file can cost much work.

use crate::pictures::IconPicture;
use anyhow::{Context, Result, ensure};
use std::io::Cursor;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Beginning of each JPEG file.
const MAGIC: [u8; 3] = [0xFF, 0xD8, 0xFF];
/// Maximum number of passes over the pixels of a progressive picture; usual ones have about ten.
const MAX_SCANS: usize = 64;

/// Whether bytes are a JPEG picture.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Reads a picture, which may be made to do harm. Of one that ends early, the rest is grey.
pub(super) fn decode_within(bytes: &[u8], max_side: u32) -> Result<IconPicture> {
    let side = max_side as usize;
    let options = DecoderOptions::new_safe().set_max_width(side).set_max_height(side);
    let options = options.jpeg_set_max_scans(MAX_SCANS).jpeg_set_out_colorspace(ColorSpace::RGBA);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().context("the size of the picture")?;
    let is_small = (1..=side).contains(&width) && (1..=side).contains(&height);
    ensure!(is_small, "the picture has {width} x {height} pixels; at most {max_side} on each side are shown");
    // The decoder has wrong colours for pictures in four inks.
    let kind = decoder.input_colorspace();
    let is_known = matches!(kind, Some(ColorSpace::YCbCr | ColorSpace::RGB | ColorSpace::Luma));
    ensure!(is_known, "the JPEG colour space {kind:?} is not supported");
    let rgba = decoder.decode()?;
    ensure!(rgba.len() == width * height * 4, "the JPEG file is truncated");
    Ok(IconPicture { size: [width as u16, height as u16], rgba })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Gradients of 24 by 16 pixels from red or black to blue or white, of four kinds.
    const BASELINE: &str = "\
        ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c\
        1c1e3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e81\
        7cffdb0043011517171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c\
        7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc000110800100018030122000211010311\
        01ffc400160001010100000000000000000000000000000405ffc40015100101000000000000000000000000\
        00000013ffc4001501010100000000000000000000000000000005ffc4001611000300000000000000000000\
        00000000001561ffda000c03010002110311003f00c6a144b428a0b6151852aa09680b60614fffd9";
    const PROGRESSIVE: &str = "\
        ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c\
        1c1e3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e81\
        7cffdb0043011517171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c\
        7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc200110800100018030122000211010311\
        01ffc400160001010100000000000000000000000000000304ffc40015010101000000000000000000000000\
        00000004ffda000c03010002100310000001c4928aaa90ffc400151001010000000000000000000000000000\
        0011ffda0008010100010502aaaaaaffc4001511010100000000000000000000000000000014ffda00080103\
        01013f01a143ffc4001511010100000000000000000000000000000014ffda0008010201013f019933ffc400\
        14100100000000000000000000000000000020ffda0008010100063f025fffc4001410010000000000000000\
        0000000000000020ffda0008010100013f21407fffda000c03010002000300000010f3cfffc4001511010100\
        000000000000000000000000000071ffda0008010301013f10a53fffc4001511010100000000000000000000\
        000000000071ffda0008010201013f10843fffc40014100100000000000000000000000000000020ffda0008\
        010100013f10407fffd9";
    const GREY: &str = "\
        ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c\
        1c1e3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e81\
        7cffc0000b080010001801011100ffc400160001010100000000000000000000000000000506ffc400161000\
        030000000000000000000000000000001562ffda0008010100003f0088aa42a90aa4db2a90aa42a93fffd9";
    const CMYK: &str = "\
        ffd8ffee000e41646f626500640000000002ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e\
        3d2c2e243249404c4b47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cff\
        db0043011517171e1a1e3b21213b7c5346537c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c\
        7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc0001408001000180401220002110103110104\
        2200ffc400160001010100000000000000000000000000000405ffc4001b1000010403000000000000000000\
        0000000001155162021314ffc4001501010100000000000000000000000000000005ffc40017110003010000\
        000000000000000000000000021503ffda000e040100021103110400003f00d0d892362496726303931824d5\
        721cdd0db75b075b06aa86aa91ec49059c98c0155c4dd03ad806aa83ffd9";

    fn bytes(digits: &str) -> Vec<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
        digits.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    #[test]
    fn pictures_of_every_kind_become_pixels() {
        for (name, digits, first, last) in [
            ("baseline", BASELINE, [255, 0, 0], [0, 0, 255]),
            ("progressive", PROGRESSIVE, [255, 0, 0], [0, 0, 255]),
            ("grey", GREY, [0; 3], [255; 3]),
        ] {
            let picture = decode_within(&bytes(digits), 24).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(picture.size, [24, 16], "{name}");
            let is_near = |at: usize, colour: [u8; 3]| {
                let pixel = &picture.rgba[at * 4..at * 4 + 4];
                assert_eq!(pixel[3], 255, "{name}");
                pixel.iter().zip(colour).all(|(is, wanted)| is.abs_diff(wanted) < 40)
            };
            assert!(is_near(0, first) && is_near(24 * 16 - 1, last), "{name}: {:?}", picture.rgba);
        }
        let inks = decode_within(&bytes(CMYK), 24).unwrap_err().to_string();
        assert!(inks.contains("YCCK"), "{inks}");
    }

    #[test]
    fn damaged_and_large_pictures_do_no_harm() {
        for digits in [BASELINE, PROGRESSIVE, GREY, CMYK] {
            let whole = bytes(digits);
            assert!(decode_within(&whole, 23).is_err(), "it is too wide");
            let check = |damaged: &[u8]| match decode_within(damaged, 64) {
                Ok(picture) => {
                    let [width, height] = picture.size.map(usize::from);
                    assert_eq!(picture.rgba.len(), width * height * 4);
                    assert!(width.max(height) <= 64);
                    1
                }
                Err(_) => 0,
            };
            let torn: usize = (0..whole.len()).map(|length| check(&whole[..length])).sum();
            assert!(torn < whole.len(), "a file without pixels is not a picture");
            for at in 0..whole.len() {
                for value in [0, 1, 0x7F, 0x80, 0xD9, 0xFF, !whole[at]] {
                    let mut damaged = whole.clone();
                    damaged[at] = value;
                    check(&damaged);
                }
            }
        }
    }
}
