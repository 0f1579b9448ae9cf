//! Writes frames as PNG files.

use crate::output::{self, WriteErrors};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use xenia_gpu::Frame;

/// Writes `frame` to `path` by atomic replacement.
pub fn write_png(path: &Path, frame: &Frame) -> Result<()> {
    output::write(path, &encode(frame).with_context(|| path.display().to_string())?)
}

/// Writes `frame` to a new file; returns false if the file exists.
pub fn write_new_png(path: &Path, frame: &Frame) -> Result<bool> {
    output::write_new(path, &encode(frame).with_context(|| path.display().to_string())?)
}

/// Encodes a frame as PNG.
pub(crate) fn encode(frame: &Frame) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, frame.width, frame.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().context("a frame as PNG")?;
    writer.write_image_data(&frame.rgba).context("a frame as PNG")?;
    writer.finish().context("a frame as PNG")?;
    Ok(file)
}

/// A folder that collects the frames of a run. The first write error ends the collection.
pub struct FrameFolder {
    folder: PathBuf,
    write_errors: WriteErrors,
    failed: bool,
}

impl FrameFolder {
    /// Collects frames in an existing folder.
    pub fn new(folder: PathBuf, write_errors: WriteErrors) -> Self {
        Self { folder, write_errors, failed: false }
    }

    /// Writes frame `number`.
    pub fn keep(&mut self, number: u64, frame: &Frame) {
        let path = self.folder.join(format!("frame{number:06}.png"));
        if !self.failed
            && let Err(error) = write_png(&path, frame)
        {
            self.failed = true;
            self.write_errors.note(format!("no more frames are written: {error:#}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_round_trips_through_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("frame.png");
        let rgba: Vec<u8> = (0..2 * 3 * 4).collect();
        write_png(&path, &Frame { width: 2, height: 3, rgba: rgba.clone() }).unwrap();
        let mut reader = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap()))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; rgba.len()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, rgba);
    }

    #[test]
    fn the_first_failure_is_the_last_try() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("frames");
        let write_errors = WriteErrors::default();
        let mut frames = FrameFolder::new(folder.clone(), write_errors.clone());
        let frame = Frame { width: 1, height: 1, rgba: vec![0; 4] };
        frames.keep(1, &frame);
        assert!(!write_errors.is_empty());
        std::fs::create_dir(&folder).unwrap();
        frames.keep(2, &frame);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
}
