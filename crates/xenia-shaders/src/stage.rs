//! Pipeline stage of a module: everything beside the program that decides its translation.

use xenia_gpu::microcode::ShaderKind;

/// Interpolators between the two stages of a pipeline, which must agree on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interpolators {
    /// Number of interpolators (0 to 16); pixel shaders get them in registers from 0 on.
    pub count: u32,
    /// Flat interpolators, one bit each.
    pub flat: u32,
    /// Interpolators with centroid sampling, one bit each.
    pub centroid: u32,
    /// Interpolators are evaluated at each sample; else at centres and centroids.
    pub at_samples: bool,
    /// Perspective correction is off.
    pub affine: bool,
}

/// Kind of primitive that pixels belong to, which the signs in the position register encode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PixelsOf {
    /// Triangles, whose facing is the host's.
    #[default]
    Polygons,
    /// Rectangles, which are front faces, as lines and points are.
    Rectangles,
    /// Lines: z is negative.
    Lines,
    /// Points: y is negative, and z and w of the interpolator hold the position within the point.
    Points,
}

/// Primitives of which a vertex stage makes triangles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expansion {
    /// None: each host vertex is one of the guest's.
    #[default]
    None,
    /// Rectangles of three vertices.
    Rectangles,
    /// Points of one vertex.
    Points {
        /// Interpolator whose z and w hold the place within the point, if one does.
        place: Option<u32>,
    },
    /// Lines of two vertices.
    Lines,
}

impl Expansion {
    /// Host vertices of each primitive.
    pub const CORNERS: u32 = 6;
}

/// Pipeline stage of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Vertex stage of a pipeline: register 0 receives the index.
    Vertex {
        /// Interpolators that the pixel stage reads.
        interpolators: Interpolators,
        /// Export clip distances: near and far plane in the guest's clip space, and user clip
        /// planes.
        clip: bool,
        /// Primitives of which the stage makes triangles.
        expansion: Expansion,
    },
    /// Pixel stage of a pipeline.
    Pixel {
        /// Interpolators that the vertex stage exports.
        interpolators: Interpolators,
        /// Register that receives the pixel's position and facing.
        position_register: Option<u32>,
        /// Primitives that the pixels belong to.
        pixels_of: PixelsOf,
        /// Alpha test: discard pixels by their alpha.
        alpha_test: bool,
        /// Alpha to mask: alpha selects the samples to write.
        alpha_to_mask: bool,
        /// Texture constants with anisotropic filtering, one bit each, unless a fetch overrides it.
        anisotropic: u32,
    },
    /// Compute shader that runs a program of either kind: registers are read from a buffer, exports
    /// are written to one. Used by tests.
    Compute {
        /// Kind of the program.
        kind: ShaderKind,
        /// Number of registers given for each invocation, from 0 on.
        inputs: u32,
    },
}
