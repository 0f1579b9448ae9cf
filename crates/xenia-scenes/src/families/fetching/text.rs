//! Text of programs that fetch.

use std::fmt::Write;

use super::{Fetch, Shape};

/// Constants of one of a program's fetches.
#[derive(Clone, Copy, Debug)]
pub(in crate::families) struct FetchUnit {
    /// Number of the texture fetch constant.
    pub(in crate::families) texture: u32,
    /// First of five float constants: the coordinates' step and start, level and gradients.
    pub(in crate::families) first: u32,
}

impl FetchUnit {
    /// Constants of a program's only fetch.
    pub(super) const ONLY: Self = Self { texture: 1, first: 0 };
}

impl Fetch {
    /// Dimension in mnemonics, and the coordinates.
    pub(super) fn mnemonic(&self) -> [&'static str; 2] {
        match self.shape {
            Shape::Line => ["1D", "r1.x"],
            Shape::Plane => ["2D", "r1.xyz"],
            Shape::Stack | Shape::Volume => ["3D", "r1.xyz"],
            Shape::Cube => ["Cube", "r1.xyz"],
        }
    }

    /// Options of the instruction.
    pub(super) fn options(&self) -> String {
        let mut text = String::new();
        for (own, name) in self.own_filters.iter().zip(["mag", "min", "mip"]) {
            if *own < 3 {
                let _ = write!(text, ", {name}={}", ["point", "linear", "base"][*own as usize]);
            }
        }
        let has_slices = matches!(self.shape, Shape::Stack | Shape::Volume);
        for (own, name) in self.own_slices.iter().zip(["volmag", "volmin"]) {
            if has_slices && *own < 3 {
                let _ = write!(text, ", {name}={}", ["point", "linear"][*own as usize]);
            }
        }
        for (is_set, name) in [
            (self.is_unnormalized, "unnormalized"),
            (!self.computes_lod, "nolod"),
            (self.register_lod.is_some(), "reglod"),
            (self.register_gradients, "reggrad"),
        ] {
            if is_set {
                let _ = write!(text, ", {name}");
            }
        }
        if self.own_bias != 0 {
            let _ = write!(text, ", bias={}", self.own_bias as f32 / 16.0);
        }
        for (offset, axis) in self.offset.iter().zip(["x", "y", "z"]) {
            if *offset != 0 {
                let _ = write!(text, ", offset{axis}={}", *offset as f32 / 2.0);
            }
        }
        text
    }

    /// Lines that compute the coordinates in `r1`, from the pixel's place in `r0`, and set the
    /// level and the gradients of `r5` to `r7`, which `state` may change.
    pub(super) fn preparation(&self, FetchUnit { texture, first }: FetchUnit, state: &str) -> String {
        let mut text = String::new();
        let mut place = "r0";
        if self.is_curved {
            text += "mul r4.xy, r0.xyyy, r0.yxxx\n";
            place = "r4";
        }
        let [c0, c1, c2, c3, c4] = [0, 1, 2, 3, 4].map(|i: u32| first + i);
        let _ = writeln!(text, "mad r1, {place}.xyxw, c[{c0}], c[{c1}]");
        let [dimension, at] = self.mnemonic();
        if let Some(filter) = self.before {
            let _ = writeln!(text, "tfetch{dimension} r2, {at}, tf{texture}, mip={filter}, nolod");
        }
        for (register, constant) in [(5, c2), (6, c3), (7, c4)] {
            let _ = writeln!(text, "max r{register}, c[{constant}], c[{constant}]");
        }
        text += state;
        if self.register_lod.is_some() {
            let _ = writeln!(text, "setTexLOD r5.____, r5.x, tf{texture}");
        }
        if self.register_gradients {
            let _ = writeln!(text, "setGradientH r6.____, r6.xyz, tf{texture}");
            let _ = writeln!(text, "setGradientV r7.____, r7.xyz, tf{texture}");
        }
        text
    }

    /// Lines that fetch to `r3`.
    pub(in crate::families) fn lines(&self, unit: FetchUnit) -> String {
        let [dimension, at] = self.mnemonic();
        let preparation = self.preparation(unit, "");
        format!("{preparation}tfetch{dimension} r3, {at}, tf{}{}\n", unit.texture, self.options())
    }

    /// Pixel shader: coordinates are the pixel's place times `c[0]` plus `c[1]`; `c[2]` to `c[4]`
    /// are the level and the gradients.
    pub(in crate::families) fn program(&self) -> String {
        format!("{}alloc colors\nmax oC0, r3, r3", self.lines(FetchUnit::ONLY))
    }
}
