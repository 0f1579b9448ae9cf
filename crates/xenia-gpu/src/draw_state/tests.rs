//! Tests of captured draw calls: single fields, and whole states as snapshots.

use super::*;
use crate::microcode::{ShaderKind, assemble};
use crate::registers::{RegisterFile, pa, rb, sq};

/// Register state that Direct3D sets for a 1280 x 720 scene.
fn scene() -> RegisterFile {
    let mut registers = RegisterFile::new();
    for (index, value) in [
        (0x2000, 0x0000_0500),
        (0x2001, 0x0000_0000),
        (0x2002, 0x0001_02d0),
        (0x200f, 0x2000_2000),
        (0x2081, 0x0000_0000),
        (0x2082, 0x02d0_0500),
        (0x2100, 0x00ff_ffff),
        (0x2104, 0x0000_000f),
        (0x210e, 0.5_f32.to_bits()),
        (0x210f, 640.0_f32.to_bits()),
        (0x2110, 640.0_f32.to_bits()),
        (0x2111, (-360.0_f32).to_bits()),
        (0x2112, 360.0_f32.to_bits()),
        (0x2113, 1.0_f32.to_bits()),
        (0x2180, 0x1010_0202),
        (0x2182, 0x0000_ffff),
        (0x2200, 0x0070_0736),
        (0x2201, 0x0001_0001),
        (0x2202, 0x0000_000c),
        (0x2204, 0x0008_0000),
        (0x2205, 0x0001_8006),
        (0x2206, 0x0000_043f),
        (0x2208, 0x0000_0004),
        (0x2307, 0x000f_f000),
        (0x2308, 0x000f_f100),
        (0x2312, 0x0000_ffff),
    ] {
        registers.set(index, value);
    }
    registers.set(0x4000, 1.0_f32.to_bits());
    registers
}

fn shader(kind: ShaderKind, text: &str) -> Arc<Shader> {
    Arc::new(Shader::new(kind, &assemble(text).unwrap()))
}

fn capture(
    registers: &RegisterFile,
    initiator: u32,
    indices: IndexSource,
) -> Result<DrawCall, DrawStateError> {
    captured(registers, initiator, indices, "alloc colors\nmax oC0, r0, r0")
}

/// Captures a draw with a pixel shader.
fn captured(
    registers: &RegisterFile,
    initiator: u32,
    indices: IndexSource,
    pixel: &str,
) -> Result<DrawCall, DrawStateError> {
    let vertex = shader(ShaderKind::Vertex, "alloc position\nmax oPos, r0, r0");
    let pixel = shader(ShaderKind::Pixel, pixel);
    let request = DrawRequest { initiator: vgt::VgtDrawInitiator(initiator), indices };
    let constants = Arc::new(Constants::capture(registers));
    DrawCall::capture(registers, request, Some(&vertex), Some(&pixel), constants)
}

#[test]
fn registers_that_nobody_writes_leave_vertices_and_samples() {
    let mut registers = RegisterFile::new();
    registers.set(0x2208, 4); // colour and depth
    registers.set(0x2000, 80); // pitch
    registers.set(0x2082, 0x0010_0050); // window scissor
    registers.set(0x2200, 1 | 2 | 1 << 7 | 7 << 8); // stencil, also of back faces
    registers.set(0x2205, 1 << 15); // multisampling
    let call = capture(&registers, 4 | 3 << 16, IndexSource::Counted).unwrap();
    assert_eq!((call.index_bounds, call.sample_mask), ([0, 0xffff], 0xffff));
    assert_eq!((call.scissor.right, call.scissor.bottom), (80, 16));
    assert_eq!((call.point_size, call.point_limits, call.line_width), ([0.5; 2], [2.0, 128.0], 0.5));
    assert_eq!(registers.get(rb::RB_STENCILREFMASK_BF), 0x00ff_ff00);
}

#[test]
fn an_indexed_strip() {
    let indices =
        IndexSource::Buffer { physical: 0x12_3456, wide: false, endian: Endian::In16, length: 3746 };
    insta::assert_debug_snapshot!(capture(&scene(), 0x0ea2_0006, indices).unwrap());
}

#[test]
fn only_the_registers_of_interpolators_receive_the_position() {
    let mut registers = scene();
    for (is_asked, register, expected) in
        [(true, 0, Some(0)), (true, 15, Some(15)), (true, 16, None), (true, 255, None), (false, 3, None)]
    {
        registers.set(0x2180, u32::from(is_asked) << 18);
        registers.set(0x2181, register << 8);
        let call = capture(&registers, 0x0003_0088, IndexSource::Counted).unwrap();
        assert_eq!(call.position_register, expected, "{is_asked} {register}");
    }
}

#[test]
fn blended_text_on_two_targets_with_stencil() {
    let mut registers = scene();
    for (index, value) in [
        (0x2000, 0x0002_0280),
        (0x2003, 0x01f3_0400),
        (0x2080, 0x0010_7ff0),
        (0x2104, 0x0000_0078),
        (0x2201, 0x0706_0706),
        (0x2209, 0x4381_0c44),
        (0x2200, 0x1234_5693),
        (0x210c, 0x0011_2233),
        (0x210d, 0x0044_5566),
        (0x2103, 0x0000_ffff),
        (0x2205, 0x0021_1804),
        (0x2380, 32.0_f32.to_bits()),
        (0x2381, 0.25_f32.to_bits()),
    ] {
        registers.set(index, value);
    }
    insta::assert_debug_snapshot!(capture(&registers, 0x0004_008d, IndexSource::Counted).unwrap());
}

#[test]
fn a_resolve_that_clears_is_captured() {
    let mut registers = scene();
    for (index, value) in [
        (0x2208, 6),
        (0x2318, 0x0010_0360),
        (0x2319, 0x0400_0000),
        (0x231a, 0x02d0_0500),
        (0x231b, 0x0100_0302),
        (0x231d, 0xffff_ff00),
        (0x231e, 0xff80_4020),
        (0x4800, 0x0012_0003),
        (0x4801, 0x0000_001a),
    ] {
        registers.set(index, value);
    }
    insta::assert_debug_snapshot!(ResolveCall::capture(&registers));
}

#[test]
fn slices_are_as_high_as_their_texels_say() {
    for (texels, is_array, expected) in
        [(64 * 64, true, 64), (0, true, 128), (64 * 64, false, 128), (u32::MAX, true, 128)]
    {
        let mut registers = scene();
        registers.write(rb::RbCopyDestPitch::with().copy_dest_pitch(64).copy_dest_height(128));
        registers.set(rb::RB_COPY_SURFACE_SLICE, texels);
        registers.write(rb::RbCopyDestInfo::with().copy_dest_array(is_array).copy_dest_slice(5));
        let destination = ResolveCall::capture(&registers).destination;
        assert_eq!(destination.height, expected, "{texels} {is_array}");
        assert_eq!(destination.slice, is_array.then_some(5));
    }
}

#[test]
fn state_without_a_picture_is_an_error() {
    let mut registers = scene();
    assert_eq!(
        capture(&registers, 3 << 16, IndexSource::Counted),
        Err(DrawStateError::Primitive(Primitive::None))
    );
    registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Ignore));
    assert_eq!(
        capture(&registers, 0x0003_0004, IndexSource::Counted),
        Err(DrawStateError::Mode(EdramMode::Ignore))
    );
    registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
    let request = || DrawRequest { initiator: vgt::VgtDrawInitiator(4), indices: IndexSource::Counted };
    let constants = Arc::new(Constants::capture(&registers));
    let vertex = shader(ShaderKind::Vertex, "max oPos, r0, r0");
    let without = |vertex| DrawCall::capture(&registers, request(), vertex, None, constants.clone());
    assert_eq!(without(None), Err(DrawStateError::NoVertexShader));
    let depth_only = without(Some(&vertex)).unwrap();
    assert_eq!((depth_only.pixel_shader, depth_only.color), (None, [None; 4]));
}

#[test]
fn capture_omits_state_without_effect() {
    let mut registers = scene();
    let call = |registers: &RegisterFile| capture(registers, 4 | 3 << 16, IndexSource::Counted).unwrap();
    assert!(call(&registers).pixel_shader.is_some() && call(&registers).depth.compare.is_some());
    // Depth: always, no write. Stencil: always, keep.
    registers.set(0x2200, 1 | 2 | 7 << 4 | 7 << 8);
    let depth = call(&registers).depth;
    assert_eq!((depth.compare, depth.write, depth.stencil), (None, false, None));
    registers.set(0x210d, 0x00ff_ff00);
    registers.set(0x2200, 1 | 2 | 7 << 4 | 7 << 8 | 2 << 14);
    assert!(call(&registers).depth.stencil.is_some(), "replaced where depth passes");
    registers.set(0x210d, 0x0000_ff00);
    assert_eq!(call(&registers).depth.stencil, None, "without a bit to write");
    registers.set(0x2200, 2 | 4 | 7 << 4);
    assert_eq!(call(&registers).depth.compare, Some(Compare::Always), "it writes");
    // The shader exports only colour, and the write mask is empty.
    registers.set(0x2202, 0);
    registers.set(0x2104, 0);
    assert_eq!(call(&registers).pixel_shader, None);
    registers.set(0x2202, 4 | 1 << 3);
    assert!(call(&registers).pixel_shader.is_some(), "alpha is tested");
    let second = captured(&registers, 4 | 3 << 16, IndexSource::Counted, "alloc colors\nmax oC1, r0, r0");
    let second = second.unwrap();
    assert_eq!((second.alpha_test, second.pixel_shader), (None, None), "without the first colour");
    registers.set(0x2202, 7 | 1 << 3);
    assert_eq!(call(&registers).pixel_shader, None, "always");
    // A format without alpha.
    registers.set(0x2001, 4 << 16);
    registers.set(0x2104, 0b1100);
    assert_eq!(call(&registers).color, [None; 4]);
    registers.set(0x2104, 0b1110);
    assert_eq!(call(&registers).color[0].unwrap().write_mask, 0b10);
}

#[test]
fn equal_levels_of_alpha_and_reference_are_equal() {
    for level in 0..256 {
        let level = level as f32;
        let fetched = (level / 255.0 * 65536.0).round() / 65536.0;
        assert_eq!([level / 255.0, fetched].map(AlphaTest::level), [level; 2]);
        // Half a step below and above, away from the ties.
        let beside = [-0.49, 0.49].map(|step| AlphaTest::level((level + step) / 255.0));
        assert_eq!(beside, [level; 2]);
    }
    let special =
        [f32::NAN, -1.0, -0.0, f32::MIN_POSITIVE / 4.0, 2.0, f32::INFINITY, 0.5].map(AlphaTest::level);
    assert_eq!(special, [0.0, 0.0, 0.0, 0.0, 255.0, 255.0, 128.0]);
}

#[test]
fn alpha_is_tested_in_levels_of_8_bit_targets_only() {
    for (format, exponent, in_levels) in
        [(0, 0, true), (1, 0, true), (0, 1, false), (2, 0, false), (7, 0, false)]
    {
        let mut registers = scene();
        registers.set(0x2001, format << 16 | exponent << 20);
        let test = capture(&registers, 4 | 3 << 16, IndexSource::Counted).unwrap().alpha_test.unwrap();
        let reference = if in_levels { 128.0 } else { 0.5 };
        assert_eq!((test.in_levels, test.reference), (in_levels, reference), "{format} {exponent}");
    }
}

#[test]
fn the_first_of_several_targets_at_one_tile_is_used() {
    let mut registers = scene();
    registers.set(0x2104, 0xffff);
    for (register, base) in [(0x2001, 0), (0x2003, 720), (0x2004, 0), (0x2005, 720)] {
        registers.set(register, base);
    }
    let vertex = shader(ShaderKind::Vertex, "alloc position\nmax oPos, r0, r0");
    let bases = |text: &str| {
        let pixel = shader(ShaderKind::Pixel, text);
        let request = DrawRequest { initiator: vgt::VgtDrawInitiator(4), indices: IndexSource::Counted };
        let call =
            DrawCall::capture(&registers, request, Some(&vertex), Some(&pixel), Arc::default()).unwrap();
        call.color.map(|target| target.map(|target| target.base))
    };
    let all = "alloc colors\nmax oC0, r0, r0\nmax oC1, r0, r0\nmax oC2, r0, r0\nmax oC3, r0, r0";
    assert_eq!(bases(all), [Some(0), Some(720), None, None]);
    assert_eq!(bases("alloc colors\nmax oC2, r0, r0"), [None, None, Some(0), None], "the only one");
}

#[test]
fn where_pixels_are_interpolated() {
    let mut registers = scene();
    registers.set(0x2182, 0x00f0_ffff);
    for (msaa, control, expected) in
        [(0, 0, 0), (1, 0, 0xffff), (2, 1 << 2, 0), (2, 2 << 2, 0xff0f), (2, 3 << 2, 0)]
    {
        registers.set(0x2000, 0x500 | msaa << 16);
        registers.set(0x2181, control);
        let call = capture(&registers, 4 | 3 << 16, IndexSource::Counted).unwrap();
        assert_eq!(call.centroid, expected, "{msaa} {control}");
    }
}

#[test]
fn depth_offsets_of_polygons_and_of_what_has_no_faces() {
    let mut registers = scene();
    for (index, value) in (pa::PA_SU_POLY_OFFSET_FRONT_SCALE..).zip([16.0_f32, 2.0, 48.0, 4.0]) {
        registers.set(index, value.to_bits());
    }
    let none = [0.0; 2];
    let front = [1.0, 2.0];
    let back = [3.0, 4.0];
    for (enabled, triangles, others) in [
        ([false, false, false], [none; 2], [none; 2]),
        ([true, false, false], [front, none], [none; 2]),
        ([false, true, false], [none, back], [none; 2]),
        ([false, false, true], [none; 2], [front; 2]),
        ([true, true, true], [front, back], [front; 2]),
    ] {
        let [of_front, of_back, of_others] = enabled;
        let mode = pa::PaSuScModeCntl::with().poly_offset_front_enable(of_front);
        let mode = mode.poly_offset_back_enable(of_back).poly_offset_para_enable(of_others);
        registers.write(mode);
        for (primitive, expected) in [(4, triangles), (13, triangles), (1, others), (3, others), (8, others)]
        {
            let call = capture(&registers, primitive | 3 << 16, IndexSource::Counted).unwrap();
            assert_eq!(call.depth.bias, expected, "{enabled:?} {primitive}");
        }
    }
}

#[test]
fn capture_distinguishes_patches_from_rectangle_lists() {
    let mut registers = scene();
    let lines = pa::PaSuScModeCntl::with().polymode_front_ptype(PolygonFill::Lines);
    registers.write(lines.polymode_back_ptype(PolygonFill::Lines).poly_mode(1));
    registers.write(vgt::VgtHosCntl::with().tess_mode(TessellationMode::Continuous));
    registers.set(vgt::VGT_HOS_MAX_TESS_LEVEL, 3.0_f32.to_bits());
    // The output path, the primitive with its major mode, whether it is tessellated and has faces.
    for (path, initiator, is_cut, has_faces) in [
        (0, 0x11, false, false),
        (1, 0x11, true, true),
        (1, 0x10, true, false),
        (1, 4, false, true),
        (1, 4 | 1 << 8, true, true),
        (2, 4 | 1 << 8, false, true),
    ] {
        registers.write(vgt::VgtOutputPathCntl::with().path_select(path));
        let call = capture(&registers, initiator | 3 << 16, IndexSource::Counted).unwrap();
        let cut = Tessellation { mode: TessellationMode::Continuous, levels: [0.0, 3.0] };
        assert_eq!(call.tessellation, is_cut.then_some(cut), "{path} {initiator:#x}");
        assert_eq!(call.fills, has_faces.then_some([PolygonFill::Lines; 2]), "{path} {initiator:#x}");
    }
}

#[test]
fn multi_pass_shading_draws_nothing() {
    let mut registers = scene();
    let area = |registers: &RegisterFile| {
        let call = capture(registers, 4 | 3 << 16, IndexSource::Counted).unwrap();
        call.scissor.right - call.scissor.left
    };
    assert_eq!(area(&registers), 1280);
    registers.write(sq::SqProgramCntl::with().vs_export_mode(VertexExportMode::Multipass));
    assert_eq!(area(&registers), 0);
}
