//! Peak signal-to-noise ratio (PSNR) of the wgpu backend's picture beside the reference's, of the
//! same frame in lockstep.

use super::WAYS;
use super::case::Case;
use super::figures::{Purpose, Run};
use crate::files;
use crate::gpu_suite::picture::RgbPicture;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::Path;

/// The lowest PSNR in dB that the goal allows.
pub(super) const GOAL_DB: f64 = 50.0;

/// Draws the last frame of a title's long run with both backends, and returns the mean square of
/// their difference.
pub(super) fn compare(program: &Path, folder: &Path, case: &Case) -> Result<Value> {
    let [reference, wgpu, ..] = &WAYS;
    let frame = case.frames[1];
    let picture = folder.join("last.png");
    let mut pictures = Vec::new();
    // Without an adapter the first run fails at once.
    for way in [wgpu, reference] {
        println!("{} with {}: the picture of frame {frame}", case.name, way.name);
        files::remove(&picture)?;
        let purpose = Purpose::Picture(&picture);
        Run { program, folder, case, way, frames: frame, purpose }.measure()?;
        pictures.push(RgbPicture::read(&picture)?);
    }
    let error = squared_error(&pictures[0], &pictures[1]).context("the pictures' sizes differ")?;
    println!("{}: {:.1} dB (goal: {GOAL_DB})", case.name, psnr(error));
    Ok(json!({ "frame": frame, "squared_error": error }))
}

/// Mean square of the difference of all components, in levels of 1/255; `None` if the sizes differ.
fn squared_error(a: &RgbPicture, b: &RgbPicture) -> Option<f64> {
    if a.rgb.is_empty() || (a.width, a.height) != (b.width, b.height) {
        return None;
    }
    let squares = a.rgb.iter().zip(&b.rgb).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
    Some(squares.sum::<u64>() as f64 / a.rgb.len() as f64)
}

/// PSNR in dB of a mean square in levels of 1/255; infinite for equal pictures.
pub(super) fn psnr(squared_error: f64) -> f64 {
    10.0 * (255.0 * 255.0 / squared_error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_one_level_is_48_decibels() {
        let picture = |rgb: [u8; 6]| RgbPicture { width: 2, height: 1, rgb: rgb.to_vec() };
        let first = picture([0, 9, 200, 255, 7, 7]);
        let db = |other: RgbPicture| squared_error(&first, &other).map(psnr);
        assert_eq!(db(first.clone()), Some(f64::INFINITY));
        let off_by_one = db(picture([1, 8, 201, 254, 8, 6])).unwrap();
        assert!((off_by_one - 48.13).abs() < 0.01, "{off_by_one}");
        let one_component = db(picture([0, 9, 202, 255, 7, 7])).unwrap();
        assert!((one_component - 49.89).abs() < 0.01, "{one_component}");
        assert_eq!(db(RgbPicture { width: 1, height: 2, ..first.clone() }), None);
    }
}
