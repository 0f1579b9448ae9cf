//! Tessellation state, as registers describe it.

use crate::enums::TessellationMode;
use crate::registers::{RegisterFile, vgt};

/// `VGT_OUTPUT_PATH_CNTL` value that selects tessellation.
const TESSELLATE: u32 = 1;
/// First primitive type for which the output path applies whatever the major mode.
const FIRST_EXPLICIT: u32 = 0x10;

/// Tessellation state of patches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tessellation {
    /// Tessellation mode: source of the edge levels and spacing of the vertices.
    pub mode: TessellationMode,
    /// Least and largest level; an edge has one segment more.
    pub levels: [f32; 2],
}

impl Tessellation {
    /// Whether the output path applies to a draw: only in the explicit major mode. Titles leave it
    /// unchanged for draws in the other.
    pub(super) fn applies_to(initiator: vgt::VgtDrawInitiator) -> bool {
        initiator.major_mode() != 0 || initiator.prim_type().bits() >= FIRST_EXPLICIT
    }

    /// Captures the state of draws to which it applies; `None` if vertices are not tessellated.
    pub(super) fn capture(registers: &RegisterFile) -> Option<Self> {
        let path = registers.read::<vgt::VgtOutputPathCntl>().path_select();
        (path == TESSELLATE).then(|| Self {
            mode: registers.read::<vgt::VgtHosCntl>().tess_mode(),
            levels: [vgt::VGT_HOS_MIN_TESS_LEVEL, vgt::VGT_HOS_MAX_TESS_LEVEL]
                .map(|index| registers.float(index)),
        })
    }
}
