//! Fetches whose level differs from pixel to pixel, and instructions that return what a fetch would
//! do: its level of detail, filter weights, border fraction and gradients.
//!
//! Bounds of errors: each coordinate is a product and a sum, rounded to 2^-24 of their size M on
//! both sides, so a difference of two is off by 2^-21 M. A level is the logarithm of such a
//! difference's length, off by that error's share of the length times log2(e), and by 2^-20, of
//! which Vulkan permits the logarithm 2^-21. Weights and border fractions are exact but for
//! roundings, as coordinates have eight fraction bits; they are off by less than 2^-16.

use std::f64::consts::LOG2_E;
use std::ops::Range;

use super::text::FetchUnit;
use super::{Fetch, Shape};
use crate::Choices;

/// Error of a logarithm.
const LOGARITHM: f64 = 1.0 / 1_048_576.0;
/// Error of the difference of two coordinates, as a share of the largest.
const DIFFERENCE: f64 = 1.0 / 2_097_152.0;
/// Error of weights and border fractions.
const FRACTION: f64 = 1.0 / 65_536.0;

/// Result of a fetch instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::families) enum FetchQuery {
    Texels,
    Level,
    Border,
    Weights,
    Gradients,
}

/// A fetch, and what its program returns of it.
#[derive(Clone, Debug)]
pub(in crate::families) struct QueriedFetch {
    pub(in crate::families) fetch: Fetch,
    pub(in crate::families) query: FetchQuery,
    /// Change of the program's level from column to column, in 16ths.
    level_step: i32,
    /// The program's gradients grow from column to column.
    grows: bool,
}

impl QueriedFetch {
    pub(in crate::families) fn any(choices: &mut Choices) -> Self {
        use FetchQuery::{Border, Gradients, Level, Texels, Weights};
        let mut fetch = Fetch::any(choices);
        let query = choices.pick(&[Texels, Level, Border, Weights, Gradients]);
        let level_step = choices.maybe(3, 4, 0, -2, 2);
        let grows = choices.chance(1, 2);
        let clamp = [0; 3].map(|_: u32| choices.between(4, 7) as u32);
        fetch.is_curved &= query == Gradients;
        match query {
            Texels => {
                fetch.computes_lod = false;
                fetch.register_gradients = false;
                // With an odd number of 32nds no column has a level at a tie.
                let level = fetch.register_lod.unwrap_or(0);
                fetch.register_lod = Some(level ^ ((level + fetch.bias + 1) & 1));
            }
            Level => {
                // Gradients of a cube map are those of the direction.
                fetch.register_gradients &= fetch.shape != Shape::Cube;
                fetch.computes_lod |= !fetch.register_gradients;
            }
            Border => fetch.clamp = clamp,
            Weights | Gradients => {}
        }
        Self { fetch, query, level_step, grows }
    }

    /// Level of detail in a column.
    pub(in crate::families) fn level(&self, column: u32) -> f64 {
        let steps = if self.query == FetchQuery::Texels { self.level_step } else { 0 };
        self.fetch.level_of_detail() + f64::from(steps) * f64::from(column) / 16.0
    }

    /// Whether the result is defined.
    pub(in crate::families) fn is_defined(&self) -> bool {
        let fetch = &self.fetch;
        let lod = fetch.level_of_detail();
        let is_computed = fetch.computes_lod || fetch.register_gradients;
        let [lowest, highest] = fetch.level_range();
        let is_between = lowest < highest && (lowest - 0.5..highest + 0.5).contains(&lod);
        // Two levels are mixed in other parts before and after a whole level.
        let is_whole = is_computed && is_between && (lod - lod.round()).abs() < 0.02;
        match self.query {
            FetchQuery::Texels => fetch.is_defined(lod),
            FetchQuery::Level | FetchQuery::Gradients => true,
            FetchQuery::Border => fetch.is_defined(lod) && !is_whole,
            FetchQuery::Weights => !is_whole,
        }
    }

    /// Largest difference of a property between both sides, on a target of this size.
    pub(in crate::families) fn error(&self, size: [u32; 2]) -> f32 {
        let error = match self.query {
            FetchQuery::Texels => 0.0,
            FetchQuery::Level => self.level_error(size),
            FetchQuery::Border => FRACTION,
            FetchQuery::Weights => FRACTION + self.level_error(size),
            FetchQuery::Gradients => self.largest_coordinate(size) * DIFFERENCE,
        };
        error as f32
    }

    fn level_error(&self, size: [u32; 2]) -> f64 {
        let fetch = &self.fetch;
        if fetch.register_gradients || !fetch.computes_lod {
            return LOGARITHM;
        }
        let biases = f64::from(fetch.bias) / 32.0
            + f64::from(fetch.own_bias) / 16.0
            + f64::from(fetch.register_lod.unwrap_or(0)) / 32.0;
        let longest = (fetch.level_of_detail() - biases).exp2();
        let texels = self.axes().map(|axis| fetch.scale(axis)).fold(1.0, f64::max);
        let factor =
            fetch.gradient_exponents.map(|exponent| 2.0_f64.powi(exponent)).into_iter().fold(0.0, f64::max);
        // The direction to a cube map's face is computed from twice the coordinates. Two axes.
        let coordinate = 2.0 * self.largest_coordinate(size) + 4.0;
        LOGARITHM + 2.0 * coordinate * DIFFERENCE * texels * factor / longest * LOG2_E
    }

    /// Largest magnitude of a coordinate.
    fn largest_coordinate(&self, [columns, rows]: [u32; 2]) -> f64 {
        let [step, at, ..] = self.fetch.constants();
        let most = f64::from(if self.fetch.is_curved { columns * rows } else { columns.max(rows) });
        let of_axis = |axis: usize| f64::from(step[axis].abs()) * most + f64::from(at[axis].abs());
        self.axes().map(of_axis).fold(0.0, f64::max)
    }

    /// Axes that levels of detail follow.
    fn axes(&self) -> Range<usize> {
        match self.fetch.shape {
            Shape::Line => 0..1,
            Shape::Plane | Shape::Stack | Shape::Cube => 0..2,
            Shape::Volume => 0..3,
        }
    }

    /// Constants of the program: those of the fetch, and the level's change.
    pub(in crate::families) fn constants(&self) -> [[f32; 4]; 6] {
        let [step, at, level, horizontal, vertical] = self.fetch.constants();
        [step, at, level, horizontal, vertical, [self.level_step as f32 / 16.0; 4]]
    }

    /// Pixel shader that returns the result.
    pub(in crate::families) fn program(&self) -> String {
        let state = match self.query {
            FetchQuery::Texels => "mad r5, r0.xxxx, c[5], c[2]\n",
            FetchQuery::Level if self.grows => "mul r6, r6, r0.xxxx\nmul r7, r7, r0.xxxx\n",
            _ => "",
        };
        let preparation = self.fetch.preparation(FetchUnit::ONLY, state);
        let [dimension, at] = self.fetch.mnemonic();
        let name = match self.query {
            FetchQuery::Texels => format!("tfetch{dimension}"),
            FetchQuery::Level => format!("getCompTexLOD{dimension}"),
            FetchQuery::Border => format!("getBCF{dimension}"),
            FetchQuery::Weights => format!("getWeights{dimension}"),
            FetchQuery::Gradients => "getGradients".to_owned(),
        };
        let options = if self.query == FetchQuery::Gradients { String::new() } else { self.fetch.options() };
        format!("{preparation}{name} r3, {at}, tf1{options}\nalloc colors\nmax oC0, r3, r3")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_gpu::microcode::{Program, ShaderInstruction, TextureOp, assemble};

    #[test]
    fn every_query_has_a_program_of_its_operation() {
        let mut seen = [0; 5];
        for seed in 0..200 {
            let queried = QueriedFetch::any(&mut Choices::of_seed(seed));
            let text = queried.program();
            let words = assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let expected = match queried.query {
                FetchQuery::Texels => TextureOp::Fetch,
                FetchQuery::Level => TextureOp::ComputedLod,
                FetchQuery::Border => TextureOp::BorderFraction,
                FetchQuery::Weights => TextureOp::Weights,
                FetchQuery::Gradients => TextureOp::Gradients,
            };
            let is_expected = |instruction: &ShaderInstruction| match instruction {
                ShaderInstruction::Texture(fetch) => fetch.operation == expected,
                _ => false,
            };
            assert!(Program::decode(&words).instructions.iter().any(is_expected), "{text}");
            seen[queried.query as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
    }

    #[test]
    fn no_level_of_a_column_is_at_a_tie() {
        for seed in 0..200 {
            let queried = QueriedFetch::any(&mut Choices::of_seed(seed));
            if queried.query == FetchQuery::Texels {
                for column in 0..80 {
                    let halves = queried.level(column) * 2.0;
                    assert!((halves - halves.round()).abs() >= 1.0 / 16.0, "{halves} {queried:?}");
                }
            }
        }
    }
}
