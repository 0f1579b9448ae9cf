//! Tessellation: what becomes of patches, as registers describe it.

use crate::enums::TessellationMode;
use crate::registers::{RegisterFile, vgt};

/// What `VGT_OUTPUT_PATH_CNTL` selects where patches are cut up.
const TESSELLATE: u32 = 1;
/// From this primitive type on the output path counts whatever the major mode says.
const FIRST_EXPLICIT: u32 = 0x10;

/// How patches are cut into triangles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tessellation {
    /// Where the levels of edges come from, and how vertices lie on them.
    pub mode: TessellationMode,
    /// Least and highest level: an edge has one part more.
    pub levels: [f32; 2],
}

impl Tessellation {
    /// `None` where vertices go straight on. The output path is looked at in the explicit major
    /// mode only: titles leave it as it was for draws in the other.
    pub(super) fn capture(registers: &RegisterFile, initiator: vgt::VgtDrawInitiator) -> Option<Self> {
        let is_explicit = initiator.major_mode() != 0 || initiator.prim_type().bits() >= FIRST_EXPLICIT;
        let path = registers.read::<vgt::VgtOutputPathCntl>().path_select();
        (is_explicit && path == TESSELLATE).then(|| Self {
            mode: registers.read::<vgt::VgtHosCntl>().tess_mode(),
            levels: [vgt::VGT_HOS_MIN_TESS_LEVEL, vgt::VGT_HOS_MAX_TESS_LEVEL]
                .map(|index| registers.float(index)),
        })
    }
}
