//! State of draws that follows from registers alone, by class of registers: before a draw, only the
//! classes are captured again of which a register has changed.

use super::{
    AlphaTest, ColorTarget, DepthStencil, Scissor, Tessellation, VertexKill, Viewport, capture, color, depth,
    polygon,
};
use crate::enums::PolygonFill;
use crate::registers::{DrawClasses, RegisterFile, pa, rb, vgt};

/// State of the class [`DrawClasses::INDICES`].
pub(super) struct IndexState {
    pub(super) offset: i32,
    pub(super) bounds: [u32; 2],
    /// Index of primitive restarts.
    pub(super) reset: u32,
    /// Tessellation of draws to which it [applies](Tessellation::applies_to).
    pub(super) tessellation: Option<Tessellation>,
}

/// State of the class [`DrawClasses::POSITIONS`].
pub(super) struct PositionState {
    pub(super) viewport: Viewport,
    pub(super) clip_planes: Vec<[f32; 4]>,
    pub(super) planes_only_cull: bool,
    /// Condition of vertex shaders that kill.
    pub(super) kill: VertexKill,
}

/// State of the class [`DrawClasses::RASTER`].
pub(super) struct RasterState {
    pub(super) scissor: Scissor,
    /// Fill modes of polygons.
    pub(super) fills: Option<[PolygonFill; 2]>,
    pub(super) sample_mask: u32,
    pub(super) line_width: f32,
    pub(super) point_size: [f32; 2],
    pub(super) point_limits: [f32; 2],
}

/// State of the class [`DrawClasses::TARGETS`].
pub(super) struct TargetState {
    /// Targets of all slots, whether a shader exports their colours or not.
    pub(super) slots: [Option<ColorTarget>; 4],
    pub(super) blend_constant: [f32; 4],
    /// Alpha test of draws that export the first colour.
    pub(super) alpha_test: Option<AlphaTest>,
    /// Alpha to mask of draws that export the first colour.
    pub(super) alpha_to_mask: Option<[u8; 4]>,
    /// Depth and stencil state of points and lines, and of polygons.
    pub(super) depth: [DepthStencil; 2],
}

/// State of draws that follows from registers alone.
pub(crate) struct RegisterState {
    pub(super) indices: IndexState,
    pub(super) positions: PositionState,
    pub(super) raster: RasterState,
    pub(super) targets: TargetState,
}

impl IndexState {
    fn capture(registers: &RegisterFile) -> Self {
        Self {
            offset: capture::sign_extended(registers.read::<vgt::VgtIndxOffset>().indx_offset()),
            bounds: capture::index_bounds(registers),
            reset: registers.read::<vgt::VgtMultiPrimIbResetIndx>().reset_indx(),
            tessellation: Tessellation::capture(registers),
        }
    }
}

impl PositionState {
    fn capture(registers: &RegisterFile) -> Self {
        let control = registers.read::<pa::PaClClipCntl>();
        Self {
            viewport: capture::viewport(registers),
            clip_planes: capture::clip_planes(registers),
            planes_only_cull: control.ucp_cull_only_ena(),
            kill: if control.vtx_kill_or() { VertexKill::Any } else { VertexKill::All },
        }
    }
}

impl RasterState {
    fn capture(registers: &RegisterFile) -> Self {
        let pitch = registers.read::<rb::RbSurfaceInfo>().surface_pitch() as i32;
        let scissor = capture::scissor(registers);
        Self {
            scissor: Scissor { right: scissor.right.min(pitch).max(scissor.left), ..scissor },
            fills: polygon::fills(registers),
            sample_mask: capture::sample_mask(registers),
            line_width: polygon::line_width(registers),
            point_size: capture::point_size(registers.read()),
            point_limits: capture::point_limits(registers.read()),
        }
    }
}

impl TargetState {
    fn capture(registers: &RegisterFile) -> Self {
        Self {
            slots: color::slots(registers),
            blend_constant: [rb::RB_BLEND_RED, rb::RB_BLEND_GREEN, rb::RB_BLEND_BLUE, rb::RB_BLEND_ALPHA]
                .map(|index| registers.float(index)),
            alpha_test: capture::alpha_test(registers),
            alpha_to_mask: capture::alpha_to_mask(registers),
            depth: [false, true].map(|is_polygonal| depth::depth_stencil(registers, is_polygonal)),
        }
    }
}

impl RegisterState {
    /// Captures all state.
    pub(crate) fn capture(registers: &RegisterFile) -> Self {
        Self {
            indices: IndexState::capture(registers),
            positions: PositionState::capture(registers),
            raster: RasterState::capture(registers),
            targets: TargetState::capture(registers),
        }
    }

    /// Captures the state of classes again.
    pub(crate) fn update(&mut self, registers: &RegisterFile, changed: DrawClasses) {
        if changed.has(DrawClasses::INDICES) {
            self.indices = IndexState::capture(registers);
        }
        if changed.has(DrawClasses::POSITIONS) {
            self.positions = PositionState::capture(registers);
        }
        if changed.has(DrawClasses::RASTER) {
            self.raster = RasterState::capture(registers);
        }
        if changed.has(DrawClasses::TARGETS) {
            self.targets = TargetState::capture(registers);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::draw_state::{Constants, DrawCall, DrawRequest, IndexSource};
    use crate::microcode::{Shader, ShaderKind, assemble};
    use crate::registers::{COUNT, Register};
    use xenia_testing::Dice;

    const MODE: u32 = rb::RbModecontrol::INDEX;
    /// Colour and depth.
    const DRAWS: u32 = 4;

    /// Registers, and the state that follows them by class.
    struct Followed {
        registers: RegisterFile,
        state: RegisterState,
        shaders: [Arc<Shader>; 2],
    }

    impl Followed {
        fn new() -> Self {
            let vertex = "alloc position\nmax oPos, r0, r0\nmax oPts, r0, r0";
            let pixel = "alloc colors\nmax oC0, r0, r0\nmax oC1, r0, r0\nmax oC2, r0, r0\nmax oC3, r0, r0";
            let shaders = [(ShaderKind::Vertex, vertex), (ShaderKind::Pixel, pixel)]
                .map(|(kind, text)| Arc::new(Shader::new(kind, &assemble(text).unwrap())));
            let registers = RegisterFile::new();
            Self { state: RegisterState::capture(&registers), registers, shaders }
        }

        /// Compares a draw with one that is captured from the registers alone.
        fn check(&mut self, initiator: u32, what: &dyn std::fmt::Debug) {
            let changed = self.registers.take_changed_classes();
            self.state.update(&self.registers, changed);
            let initiator = vgt::VgtDrawInitiator(initiator);
            let request = || DrawRequest { initiator, indices: IndexSource::Counted };
            let constants: Arc<Constants> = Arc::default();
            let [vertex, pixel] = self.shaders.each_ref().map(Some);
            let registers = &self.registers;
            let followed = self.state.draw_call(registers, request(), vertex, pixel, constants.clone());
            let fresh = DrawCall::capture(registers, request(), vertex, pixel, constants);
            // Numbers that are none are not equal to themselves.
            if followed != fresh {
                assert_eq!(format!("{followed:?}"), format!("{fresh:?}"), "{what:x?}");
            }
        }
    }

    /// Initiators of triangles, points, lines and two kinds of patches.
    const INITIATORS: [u32; 5] = [4, 1, 2, 0x11, 4 | 1 << 8];

    #[test]
    fn a_change_of_any_register_reaches_draws() {
        for seed in 0..8 {
            let mut dice = Dice(seed + 1);
            let mut followed = Followed::new();
            // First as after a reset, where most features are off, then with any values.
            if seed != 0 {
                for index in 0x2000..0x2400 {
                    followed.registers.set(index, dice.next() as u32);
                }
            }
            let indices = if seed == 0 { 0..COUNT as u32 } else { 0x2000..0x2400 };
            for index in indices {
                let old = followed.registers.get(index);
                for value in [dice.next() as u32, !old, old] {
                    followed.registers.set(index, value);
                    if index != MODE {
                        followed.registers.set(MODE, DRAWS);
                    }
                    let initiator = INITIATORS[dice.below(INITIATORS.len())] | 3 << 16;
                    followed.check(initiator, &(seed, index, value));
                }
            }
        }
    }

    #[test]
    fn draws_between_random_writes_have_the_state_of_the_registers() {
        let mut dice = Dice(9);
        let mut followed = Followed::new();
        for step in 0..4000 {
            for _ in 0..dice.below(4) {
                let first = 0x2000 + dice.below(0x400) as u32;
                // Few bits, so that features are on and off.
                let values: Vec<u32> =
                    (0..=dice.below(12)).map(|_| (dice.next() & dice.next()) as u32).collect();
                followed.registers.set_range(first, &values);
            }
            followed.registers.set(MODE, DRAWS);
            followed.check(INITIATORS[dice.below(INITIATORS.len())] | 3 << 16, &step);
        }
    }

    #[test]
    fn a_write_of_the_same_value_changes_nothing() {
        let mut registers = RegisterFile::new();
        assert_eq!(registers.take_changed_classes(), DrawClasses::ALL);
        for index in 0..COUNT as u32 {
            registers.set(index, registers.get(index));
        }
        assert_eq!(registers.take_changed_classes(), DrawClasses::default());
        registers.set(pa::PA_SC_AA_MASK, 1);
        assert_eq!(registers.take_changed_classes(), DrawClasses::RASTER);
    }
}
