//! Tests of encoded words, and of the lines of errors.

use super::super::ops::{ScalarOp, VectorOp};
use super::super::program::*;
use super::*;

fn program(text: &str) -> Program {
    Program::decode(&assemble(text).unwrap())
}

fn alu(text: &str) -> Alu {
    match program(text).instructions[0] {
        ShaderInstruction::Alu(alu) => alu,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn operands_come_out_as_written() {
    let alu = alu("(!p0) mad_sat r5.xz, -r1_abs.wzyx, c[7].y, c[a0+200]\n+ setp_clr r9._");
    assert_eq!(alu.predicate, Some(false));
    assert_eq!((alu.vector, alu.vector_to, alu.vector_mask), (VectorOp::Mad, Destination::Register(5), 5));
    assert!(alu.vector_clamp);
    let [a, b, c] = alu.operands;
    assert_eq!((a.source, a.swizzle, a.negate, a.absolute), (Source::Register(1), [3, 2, 1, 0], true, true));
    assert_eq!((b.source, b.swizzle, b.negate), (Source::Constant(7), [1; 4], false));
    assert_eq!((c.source, c.swizzle), (Source::ConstantAddress(200), [0, 1, 2, 3]));
    assert_eq!(alu.scalar, ScalarOp::SetpClr);
}

#[test]
fn scalars_take_their_components() {
    let one = alu("add r0, r1, r2\n+ adds r3.y, -r4.zw");
    assert_eq!(
        one.scalar_operands.map(|(o, c)| (o.source, c, o.negate)),
        [(Source::Register(4), 2, true), (Source::Register(4), 3, true)]
    );
    assert_eq!((one.scalar_to, one.scalar_mask), (Destination::Register(3), 2));
    for register in [0, 1, 2, 3, 17, 63] {
        let two = alu(&format!("mulsc r0.x, c[9].w, r{register}.y"));
        let [(a, ca), (b, cb)] = two.scalar_operands;
        assert_eq!((a.source, ca, b.source, cb), (Source::Constant(9), 3, Source::Register(register), 1));
    }
}

#[test]
fn beside_three_operands_a_second_component_is_the_thirds_z() {
    // The third operand's swizzle is r6.wxyz: its z is y, its w is z.
    for vector in ["mad r1, r2, r3", "cndeq r1, r2, r3", "cndge r1, r2, r3", "cndgt r1, r2, r3"] {
        let both = alu(&format!("{vector}, r6.wxyz\n+ muls r7.y, r6.zy"));
        assert_eq!(
            both.scalar_operands.map(|(o, c)| (o.source, c)),
            [(Source::Register(6), 2), (Source::Register(6), 1)]
        );
    }
    assert!(assemble("mad r1, r2, r3, r6.wxyz\n+ muls r7.y, r6.zw").is_err(), "x of it is w");
}

#[test]
fn export_masks_may_set_zeros_and_ones() {
    let alu = alu("max o1.xy01, r0, r0");
    assert_eq!((alu.vector_to, alu.vector_mask, alu.zeros, alu.ones), (Destination::Export(1), 3, 4, 8));
    assert_eq!(program("max oPos, r0, r0").exports, 1 << 62);
}

#[test]
fn labels_of_control_flow_become_addresses() {
    let program =
        program("jump end, !b7\ntop:\nexec p0\nadd r0, r0, r0\nloop i3, end\nendloop i3, top\nend:\nret");
    let controls: Vec<_> = program.controls.iter().copied().filter(|c| *c != Control::Nop).collect();
    assert_eq!(controls[0], Control::Jump(4, Condition::Bool(7, false)));
    assert_eq!(
        controls[1],
        Control::Exec { first: 0, count: 1, condition: Condition::Predicate(true), end: false }
    );
    assert_eq!(controls[2], Control::LoopStart { skip: 4, constant: 3, repeat: false });
    assert_eq!(controls[3], Control::LoopEnd { body: 1, constant: 3, break_on: None });
    assert_eq!(controls[4], Control::Return);
    let long = "add r0, r0, r0\n".repeat(14);
    let program = self::program(&long);
    assert_eq!(program.instructions.len(), 14);
}

#[test]
fn fetches_come_out_as_written() {
    let program = program(
        "vfetch r1.xyz1, r0.y, vf94, format=57, stride=7, offset=-2, signed\n\
         vfetch_mini r2.zyx_, format=6, offset=3\n\
         tfetch2D r3, r1.yx, tf5, mag=linear, unnormalized",
    );
    let ShaderInstruction::Vertex(full) = &program.instructions[0] else { panic!() };
    assert_eq!((full.constant, full.format, full.stride, full.offset, full.signed), (94, 57, 7, -2, true));
    assert_eq!(full.common.select[3], FetchSelect::One);
    let ShaderInstruction::Vertex(mini) = &program.instructions[1] else { panic!() };
    assert_eq!((mini.mini, mini.constant, mini.offset, mini.common.source_swizzle[0]), (true, 94, 3, 1));
    assert_eq!(mini.common.select[3], FetchSelect::Keep);
    assert_eq!(program.textures, 1 << 5);
    let ShaderInstruction::Texture(texture) = &program.instructions[2] else { panic!() };
    assert_eq!((texture.constant, texture.common.source_swizzle, texture.unnormalized), (5, [1, 0, 0], true));
    assert_eq!(
        (texture.mag, texture.min),
        (crate::enums::TextureFilter::Linear, crate::enums::TextureFilter::UseFetchConstant)
    );
}

#[test]
fn mistakes_are_named_by_line() {
    for (text, line) in [
        ("add r0, r1", 1),
        ("\nfoo r0, r1", 2),
        ("mul r64, r0, r0", 1),
        ("jump nowhere", 1),
        ("+ rcp r0.x, r0.x", 1),
        ("vfetch r0.xyzww, r1.x, vf0, format=6", 1),
        ("vfetch r0, r1.xy, vf0, format=6", 1),
        ("vfetch r0, r1.x, vf0, format=6, signed=0", 1),
        ("tfetch2D r0, r1.xyzw, tf0", 1),
        ("tfetch2D r0, r1.xy, tf0, nolod=1", 1),
        ("mad r0, r0, r0, r0\n+ rcp r0.x, r1.x", 2),
    ] {
        assert_eq!(assemble(text).map_err(|error| error.line), Err(line), "{text}");
    }
}
