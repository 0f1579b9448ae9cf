//! The expected picture of a scene: golden/gpu-suite/NAME/expect.toml.

use super::formula::{Evaluation, Formula};
use super::picture::RgbPicture;
use crate::files;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;

/// The contents of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Part of the GPU; the table is grouped by it.
    area: String,
    /// Name of the feature, for the table.
    feature: String,
    /// Tolerance of a component around the formula's value, in levels of 1/255, beyond rounding.
    #[serde(default)]
    tolerance: f64,
    /// The same for pictures of the host's device, where that may differ more.
    device_tolerance: Option<f64>,
    /// Definitions of `red`, `green` and `blue` from `x` and `y`; where `any` is not zero, the
    /// hardware's result is undefined and the pixel is not compared.
    picture: String,
}

/// A scene with its parsed formula.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) area: String,
    pub(crate) feature: String,
    tolerance: f64,
    device_tolerance: f64,
    formula: Formula,
}

/// Rounding to a level, slightly increased so that ties may round either way.
const ROUNDING: f64 = 0.5 + 1e-6;
/// Largest allowed share of pixels that are not compared.
const MAX_ANY: f64 = 0.2;
/// Colour of pixels that are not compared, in the formula's picture.
const ANY: [u8; 3] = [255, 0, 255];

impl Scene {
    /// Reads a scene's file.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(name).join("expect.toml");
        let path_name = path.display();
        let text = files::read_text(&path)?;
        let file: File = toml::from_str(&text).with_context(|| format!("{path_name}"))?;
        let formula = Formula::parse(&file.picture).with_context(|| format!("{path_name}: picture"))?;
        for component in COMPONENTS {
            if formula.place(component).is_none() {
                bail!("{path_name}: picture does not define {component}");
            }
        }
        Ok(Self {
            name: name.to_owned(),
            area: file.area,
            feature: file.feature,
            tolerance: file.tolerance,
            device_tolerance: file.device_tolerance.unwrap_or(file.tolerance),
            formula,
        })
    }

    /// Evaluates the formula for each pixel.
    pub(crate) fn expected(&self, width: u32, height: u32) -> Result<ExpectedLevels> {
        let mut values = Evaluation::new(&self.formula);
        let places = ComponentPlaces {
            any: self.formula.place("any"),
            components: COMPONENTS.map(|component| self.formula.place(component)),
        };
        let mut levels = Vec::with_capacity((width * height) as usize);
        for y in 0..height {
            for x in 0..width {
                values.move_to(x, y).with_context(|| format!("scene {}", self.name))?;
                let found = places.levels(&values);
                levels.push(found.with_context(|| format!("scene {}, pixel {x},{y}", self.name))?);
            }
        }
        let free = levels.iter().filter(|levels| levels.is_none()).count();
        if free as f64 > levels.len() as f64 * MAX_ANY {
            bail!("scene {}: {free} of {} pixels may be anything", self.name, levels.len());
        }
        let [allowed, device_allowed] = [self.tolerance, self.device_tolerance].map(|most| ROUNDING + most);
        Ok(ExpectedLevels { width, height, levels, allowed, device_allowed })
    }
}

/// Places of the values that make a pixel.
struct ComponentPlaces {
    any: Option<usize>,
    components: [Option<usize>; 3],
}

impl ComponentPlaces {
    /// The unrounded levels of a pixel; `None` if it is not compared.
    fn levels(&self, values: &Evaluation<'_>) -> Result<Option<[f64; 3]>> {
        let number = |place: Option<usize>| place.and_then(|place| values.number(place));
        if number(self.any).is_some_and(|any| any != 0.0) {
            return Ok(None);
        }
        let mut levels = [0.0; 3];
        for ((level, place), component) in levels.iter_mut().zip(self.components).zip(COMPONENTS) {
            let value = number(place).filter(|value| value.is_finite()).context(component)?;
            *level = value.clamp(0.0, 1.0) * 255.0;
        }
        Ok(Some(levels))
    }
}

/// The maker of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DrawnBy {
    /// A backend that computes each pixel itself.
    Software,
    /// The host's device, which may differ more from the formula.
    Device,
}

/// Expected levels of all pixels of a scene.
#[derive(Debug)]
pub(crate) struct ExpectedLevels {
    width: u32,
    height: u32,
    /// Levels of each pixel, rows from the top; `None` if it is not compared.
    levels: Vec<Option<[f64; 3]>>,
    /// Largest allowed deviation of a level.
    allowed: f64,
    /// The same for pictures of the host's device.
    device_allowed: f64,
}

impl ExpectedLevels {
    /// The picture described by the formula.
    pub(crate) fn picture(&self) -> RgbPicture {
        let round = |levels: [f64; 3]| levels.map(|level| level.round() as u8);
        let rgb = self.levels.iter().flat_map(|levels| levels.map_or(ANY, round)).collect();
        RgbPicture { width: self.width, height: self.height, rgb }
    }

    /// Compares every pixel of a picture; returns a one-line description of the differences, if
    /// any.
    pub(crate) fn judge(&self, picture: &RgbPicture, drawn_by: DrawnBy) -> Option<String> {
        let allowed = match drawn_by {
            DrawnBy::Software => self.allowed,
            DrawnBy::Device => self.device_allowed,
        };
        if (picture.width, picture.height) != (self.width, self.height) {
            return Some(format!("the picture has {} x {} pixels", picture.width, picture.height));
        }
        let mut wrong = 0_u32;
        let mut first = None;
        let mut worst = 0.0_f64;
        for (i, (got, expected)) in picture.rgb.chunks_exact(3).zip(&self.levels).enumerate() {
            let Some(expected) = expected else { continue };
            // A development build takes several times as long for a chain of iterators.
            let off = |component: usize| (expected[component] - f64::from(got[component])).abs();
            let off = off(0).max(off(1)).max(off(2));
            if off > allowed {
                wrong += 1;
                worst = worst.max(off);
                first.get_or_insert_with(|| {
                    let x = i as u32 % self.width;
                    let y = i as u32 / self.width;
                    let expected = expected.map(|level| (level * 100.0).round() / 100.0);
                    format!("pixel {x},{y} is {got:?}, expected {expected:?}")
                });
            }
        }
        first.map(|first| format!("{wrong} pixels are wrong, by up to {worst:.1} levels: {first}"))
    }
}

const COMPONENTS: [&str; 3] = ["red", "green", "blue"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_is_compared() {
        let scene = Scene {
            name: "test".into(),
            area: String::new(),
            feature: String::new(),
            tolerance: 1.0,
            device_tolerance: 3.0,
            formula: Formula::parse("red = x / 10\ngreen = 0.5 # a tie\nblue = 3\nany = y == 9").unwrap(),
        };
        let expected = scene.expected(10, 10).unwrap();
        let mut picture = expected.picture();
        assert_eq!(picture.rgb[3..6], [26, 128, 255]);
        assert_eq!(expected.judge(&picture, DrawnBy::Software), None);
        picture.rgb[9 * 30] = 77;
        picture.rgb[4] = 126;
        assert_eq!(expected.judge(&picture, DrawnBy::Software), None);
        picture.rgb[33] = 23;
        assert_eq!(expected.judge(&picture, DrawnBy::Device), None, "a device may be off by three");
        let verdict = expected.judge(&picture, DrawnBy::Software).unwrap();
        assert!(verdict.starts_with("1 pixels are wrong, by up to 2.5 levels: pixel 1,1 is"), "{verdict}");
    }
}
