//! Classes of the registers that draws depend on, so that a draw captures only those of which a
//! register has changed.

use super::{CONTEXT, Register, pa, rb, vgt};

/// Set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DrawClasses(u8);

impl DrawClasses {
    /// Indices and patches.
    pub(crate) const INDICES: Self = Self(1);
    /// Positions: the viewport and clipping.
    pub(crate) const POSITIONS: Self = Self(2);
    /// Covered pixels: the scissor, points and lines.
    pub(crate) const RASTER: Self = Self(4);
    /// Targets, with tests and blending.
    pub(crate) const TARGETS: Self = Self(8);
    pub(crate) const ALL: Self = Self(0xf);

    /// Whether a class belongs to the set.
    pub(crate) const fn has(self, class: Self) -> bool {
        self.0 & class.0 != 0
    }

    /// The classes of both sets.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Classes of a register.
    #[inline]
    pub(crate) fn of(index: u32) -> Self {
        CLASSES.get(index.wrapping_sub(CONTEXT) as usize).map_or(Self(0), |classes| Self(*classes))
    }
}

/// Registers with consecutive indices, all of one class.
#[derive(Clone, Copy)]
struct Run {
    classes: DrawClasses,
    first: u32,
    last: u32,
}

const fn run(classes: DrawClasses, first: u32, last: u32) -> Run {
    Run { classes, first, last }
}

const fn one(classes: DrawClasses, index: u32) -> Run {
    run(classes, index, index)
}

const INDICES: DrawClasses = DrawClasses::INDICES;
const POSITIONS: DrawClasses = DrawClasses::POSITIONS;
const RASTER: DrawClasses = DrawClasses::RASTER;
const TARGETS: DrawClasses = DrawClasses::TARGETS;

/// Registers of each class. Registers that each draw reads anyway have none: the mode, and those of
/// the shaders and of interpolators.
const RUNS: [Run; 25] = [
    run(INDICES, vgt::VgtMaxVtxIndx::INDEX, vgt::VgtMultiPrimIbResetIndx::INDEX),
    run(INDICES, vgt::VgtOutputPathCntl::INDEX, vgt::VGT_HOS_MIN_TESS_LEVEL),
    one(POSITIONS, pa::PaClClipCntl::INDEX),
    one(POSITIONS, pa::PaClVteCntl::INDEX),
    one(POSITIONS, pa::PaSuVtxCntl::INDEX),
    run(POSITIONS, pa::PA_CL_VPORT_XSCALE, pa::PA_CL_VPORT_ZOFFSET),
    run(POSITIONS, pa::PA_CL_UCP_0_X, pa::PA_CL_UCP_5_W),
    one(POSITIONS.with(RASTER), pa::PaScWindowOffset::INDEX),
    one(POSITIONS.with(RASTER).with(TARGETS), pa::PaSuScModeCntl::INDEX),
    run(RASTER, pa::PaScScreenScissorTl::INDEX, pa::PaScScreenScissorBr::INDEX),
    run(RASTER, pa::PaScWindowScissorTl::INDEX, pa::PaScWindowScissorBr::INDEX),
    run(RASTER, pa::PaSuPointSize::INDEX, pa::PaSuLineCntl::INDEX),
    one(RASTER, pa::PA_SC_AA_MASK),
    one(RASTER, rb::RbSurfaceInfo::INDEX),
    run(TARGETS, rb::RbColorInfo::INDEX, rb::RB_COLOR3_INFO),
    one(TARGETS, rb::RbColorMask::INDEX),
    run(TARGETS, rb::RB_BLEND_RED, rb::RB_BLEND_ALPHA),
    one(TARGETS, rb::RB_STENCILREFMASK_BF),
    one(TARGETS, rb::RbStencilrefmask::INDEX),
    one(TARGETS, rb::RB_ALPHA_REF),
    one(TARGETS, rb::RbDepthcontrol::INDEX),
    one(TARGETS, rb::RbBlendcontrol::INDEX),
    one(TARGETS, rb::RbColorcontrol::INDEX),
    run(TARGETS, rb::RB_BLENDCONTROL1, rb::RB_BLENDCONTROL3),
    run(TARGETS, pa::PA_SU_POLY_OFFSET_FRONT_SCALE, pa::PA_SU_POLY_OFFSET_BACK_OFFSET),
];

/// Number of registers that may have a class, from [`CONTEXT`] on.
const COUNT: usize = 0x400;

/// Classes by register.
static CLASSES: [u8; COUNT] = {
    let mut classes = [0; COUNT];
    let mut number = 0;
    while number < RUNS.len() {
        let Run { classes: own, first, last } = RUNS[number];
        let mut index = first;
        while index <= last {
            classes[(index - CONTEXT) as usize] |= own.0;
            index += 1;
        }
        number += 1;
    }
    classes
};
