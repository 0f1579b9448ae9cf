//! Depth and stencil tests, as registers describe them.

use super::{DepthStencil, Stencil};
use crate::enums::{Compare, StencilOp};
use crate::registers::{RegisterFile, pa, rb};

/// Captures the depth and stencil state. Points and lines have no faces: they use the front face's
/// bias, but a separate enable bit.
pub(super) fn depth_stencil(registers: &RegisterFile, is_polygonal: bool) -> DepthStencil {
    let control = registers.read::<rb::RbDepthcontrol>();
    let info = registers.read::<rb::RbDepthInfo>();
    let mode = registers.read::<pa::PaSuScModeCntl>();
    let face =
        |masks: rb::RbStencilrefmask, compare: Compare, [fail, pass, depth_fail]: [StencilOp; 3]| Stencil {
            compare,
            fail,
            pass,
            depth_fail,
            reference: masks.stencilref() as u8,
            read_mask: masks.stencilmask() as u8,
            write_mask: masks.stencilwritemask() as u8,
        };
    let front = face(
        registers.read(),
        control.stencilfunc(),
        [control.stencilfail(), control.stencilzpass(), control.stencilzfail()],
    );
    let back = if control.backface_enable() {
        face(
            rb::RbStencilrefmask(registers.get(rb::RB_STENCILREFMASK_BF)),
            control.stencilfunc_bf(),
            [control.stencilfail_bf(), control.stencilzpass_bf(), control.stencilzfail_bf()],
        )
    } else {
        front
    };
    let bias = |enabled: bool, scale: u32, offset: u32| {
        if enabled { [registers.float(scale) / 16.0, registers.float(offset)] } else { [0.0; 2] }
    };
    let front_offset =
        |enabled| bias(enabled, pa::PA_SU_POLY_OFFSET_FRONT_SCALE, pa::PA_SU_POLY_OFFSET_FRONT_OFFSET);
    let front_bias = front_offset(mode.poly_offset_front_enable());
    let para_bias = front_offset(mode.poly_offset_para_enable());
    let back_bias = bias(
        mode.poly_offset_back_enable(),
        pa::PA_SU_POLY_OFFSET_BACK_SCALE,
        pa::PA_SU_POLY_OFFSET_BACK_OFFSET,
    );
    let compare = control.z_enable().then(|| control.zfunc());
    let may_fail = compare.is_some_and(|compare| compare != Compare::Always);
    let is_idle = |face: &Stencil| {
        let changes = face.pass != StencilOp::Keep || may_fail && face.depth_fail != StencilOp::Keep;
        face.compare == Compare::Always && (face.write_mask == 0 || !changes)
    };
    let stencil = control.stencil_enable().then_some([front, back]);
    let write = control.z_enable() && control.z_write_enable();
    DepthStencil {
        base: info.depth_base(),
        format: info.depth_format(),
        // A test that always passes and writes nothing is off, so the depth surface isn't touched.
        compare: compare.filter(|compare| *compare != Compare::Always || write),
        write,
        stencil: stencil.filter(|faces| !faces.iter().all(is_idle)),
        bias: if is_polygonal { [front_bias, back_bias] } else { [para_bias; 2] },
    }
}
