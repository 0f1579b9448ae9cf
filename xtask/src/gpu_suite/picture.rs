//! Reading and writing of PNG files.

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RgbPicture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Three bytes per pixel, rows from the top.
    pub(crate) rgb: Vec<u8>,
}

impl RgbPicture {
    /// Reads a PNG file with 8 bits per component; alpha is dropped.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let mut reader =
            png::Decoder::new(BufReader::new(file)).read_info().with_context(|| format!("{name}"))?;
        let size = reader.output_buffer_size().with_context(|| format!("{name}: too large"))?;
        let mut bytes = vec![0; size];
        let info = reader.next_frame(&mut bytes).with_context(|| format!("{name}"))?;
        let rgb = match (info.color_type, info.bit_depth) {
            (png::ColorType::Rgb, png::BitDepth::Eight) => bytes,
            (png::ColorType::Rgba, png::BitDepth::Eight) => {
                bytes.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
            }
            other => bail!("{name}: {other:?}"),
        };
        Ok(Self { width: info.width, height: info.height, rgb })
    }

    /// Writes a PNG file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let name = path.display();
        let file = File::create(path).with_context(|| format!("cannot create {name}"))?;
        let mut encoder = png::Encoder::new(BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().with_context(|| format!("cannot write {name}"))?;
        writer.write_image_data(&self.rgb).with_context(|| format!("cannot write {name}"))?;
        writer.finish().with_context(|| format!("cannot write {name}"))
    }
}
