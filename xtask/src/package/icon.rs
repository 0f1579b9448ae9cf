//! The program's icon as PNG files.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

// The window draws its own icon with this file.
#[path = "../../../crates/xenia-render/src/window/icon.rs"]
#[allow(dead_code)] // the window's size
mod drawn;

/// Sides of the icons in a desktop's theme, in pixels.
pub(super) const SIDES: [u32; 5] = [48, 64, 128, 256, 512];

/// Writes the icon as a PNG file.
pub(super) fn write(path: &Path, side: u32) -> Result<()> {
    let file = File::create(path).with_context(|| path.display().to_string())?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), side, side);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&drawn::icon(side))?;
    Ok(writer.finish()?)
}
