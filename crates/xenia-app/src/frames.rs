//! Frames as PNG files.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufWriter, ErrorKind};
use std::path::Path;
use xenia_gpu::Frame;

/// Writes `frame` to `path`.
pub fn write_png(path: &Path, frame: &Frame) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    encode(file, path, frame)
}

/// Writes `frame` to a file that is not there yet; false if it is.
pub fn write_new_png(path: &Path, frame: &Frame) -> Result<bool> {
    match File::create_new(path) {
        Ok(file) => encode(file, path, frame).map(|()| true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot create {}", path.display())),
    }
}

fn encode(file: File, path: &Path, frame: &Frame) -> Result<()> {
    let shown = path.display();
    let mut encoder = png::Encoder::new(BufWriter::new(file), frame.width, frame.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().with_context(|| format!("cannot write {shown}"))?;
    writer.write_image_data(&frame.rgba).with_context(|| format!("cannot write {shown}"))?;
    writer.finish().with_context(|| format!("cannot write {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_from_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("frame.png");
        let rgba: Vec<u8> = (0..2 * 3 * 4).collect();
        write_png(&path, &Frame { width: 2, height: 3, rgba: rgba.clone() }).unwrap();
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(File::open(&path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; rgba.len()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, rgba);
    }
}
