//! Rows run through the interpreter with values from the books, the VMX128 notes and titles' use.

use crate::interp::float::tests::Operands;
use crate::interp::testing::{DATA, Machine, x};
use crate::msr_bit;
use xenia_guest::GuestAddr;
use xenia_isa::{Family, Flag, Instruction, Op, Operand};

/// A vector of four words.
fn w(words: [u32; 4]) -> u128 {
    words.iter().fold(0, |v, word| v << 32 | u128::from(*word))
}

/// A VX or VA word v3 ← v4, v5, v6.
fn va(op: Op) -> u32 {
    x(op, 3, 4, 5, 6 << 6)
}

const FLOATS: [u32; 4] = [0x3F80_0000, 0x3FC0_0000, 0x3F8C_CCCD, 0x3FF3_3333];

#[test]
fn three_operand_rows() {
    let bytes = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F_u128;
    for (op, a, b, c, result) in [
        (
            Op::vmaddfp,
            w(FLOATS),
            w(FLOATS),
            w(FLOATS),
            w([0x4000_0000, 0x4070_0000, 0x4013_D70B, 0x40B0_51EB]),
        ),
        (
            Op::vperm,
            bytes,
            !bytes,
            w([0x0010_0111, 0x1F1E_0F0E, 0xE0F0_0F1F, 0]),
            w([0x00FF_01FE, 0xF0F1_0F0E, 0x00FF_0FF0, 0]),
        ),
        (
            Op::vsel,
            bytes,
            !bytes,
            w([!0, 0, !0, 0]),
            w([!0x0001_0203, 0x0405_0607, !0x0809_0A0B, 0x0C0D_0E0F]),
        ),
        (
            Op::vmsumshs,
            w([0x8000_8000; 4]),
            w([0x8000_8000; 4]),
            w([0, 0x8000_0000, !0, 1]),
            w([0x7FFF_FFFF, 0, 0x7FFF_FFFF, 0x7FFF_FFFF]),
        ),
        (Op::vmhraddshs, w([0x4000_8000; 4]), w([0x0001_8000; 4]), w([0; 4]), w([0x0001_7FFF; 4])),
        (
            Op::vmsummbm,
            w([0x80FF_0102; 4]),
            w([0xFF01_0203; 4]),
            w([0, 1, 2, 3]),
            w([-32633_i32 as u32, -32632_i32 as u32, -32631_i32 as u32, -32630_i32 as u32]),
        ),
    ] {
        let mut machine = Machine::new();
        (machine.ctx.vr[4], machine.ctx.vr[5], machine.ctx.vr[6]) = (a, b, c);
        machine.one(va(op));
        assert_eq!(machine.ctx.vr[3], result, "{op:?} {:032x}", machine.ctx.vr[3]);
    }
}

#[test]
fn pack_and_unpack_of_vertex_formats() {
    let kept = w([0xCDCD_CDCD; 4]);
    let three = [0x4040_0001, 0x4040_0002, 0x4040_0003, 0x4040_0004];
    let cd = 0xCDCD_CDCD;
    // v4 ← v3; immediate, z.
    for (source, immediate, z, result) in [
        ([1, 2, 3, 4], 1, 0, [cd, cd, cd, 0]),
        ([0x4080_0000, 0x4000_0000, 0xC2F6_0000, 0x4B3B_DF83], 1, 0, [cd, cd, cd, 0xFFFF_0000]),
        ([0x4080_0000, 0x4000_0000, 0xC2F6_0000, 0xFFFF_FFFF], 1, 0, [cd, cd, cd, 0x00FF_0000]),
        (three, 1, 0, [cd, cd, cd, 0x0401_0203]),
        (three, 1, 1, [cd, cd, 0x0401_0203, cd]),
        (three, 1, 2, [cd, 0x0401_0203, cd, cd]),
        (three, 1, 3, [0x0401_0203, cd, cd, cd]),
        (three, 2, 0, [cd, cd, 0, 0x0401_0203]),
        (three, 2, 1, [cd, 0, 0x0401_0203, cd]),
        (three, 2, 2, [0, 0x0401_0203, cd, cd]),
        (three, 2, 3, [0x0401_0203, cd, cd, cd]),
        (three, 3, 2, [0, 0x0401_0203, cd, cd]),
        (three, 3, 3, [cd, cd, cd, 0]),
        ([0x4381_7E00, 0xC37C_FC00, 0, 0], 5, 0, [cd, cd, cd, 0x7FFF_8001]),
        ([0x4040_4000, 0x403F_C000, 0, 0], 5, 0, [cd, cd, cd, 0x4000_C000]),
        ([0x403F_8001, 0x403F_FFF8, 0x4040_007F, 0x4040_0000], 18, 0, [cd, cd, 0x8001_FFF8, 0x007F_0000]),
        ([0xB8FF_8000, 0xB8FF_8000, 0xC040_01FF, 0x4E9A_5A5A], 9, 0, [cd, cd, cd, 0xE018_0601]),
        ([0x42C8_0000, 0xC2C8_0000, 0x4040_0000, 0x3F80_0000], 9, 0, [cd, cd, cd, 0x0008_05FF]),
        ([0x3FC0_0000, 0xBFC0_0000, 0x42A2_3EC8, 0x403D_B757], 13, 0, [cd, cd, cd, 0x3E00_BE00]),
        ([0x3F00_0000, 0xBF00_0000, 0x3F80_0000, 0xBF80_0000], 22, 0, [cd, cd, 0x3800_B800, 0x3C00_BC00]),
        ([0x4040_0001, 0x4040_0002, 0x403F_FFFF, 0x4040_000F], 26, 0, [cd, cd, 0xFFFF_FF00, 0x0020_0001]),
    ] {
        let mut machine = Machine::new();
        machine.ctx.vr[3] = w(source);
        machine.ctx.vr[4] = kept;
        machine.one(x(Op::vpkd3d128, 4, immediate, 3, z << 6));
        assert_eq!(machine.ctx.vr[4], w(result), "{source:08x?} {immediate} {z}: {:032x}", machine.ctx.vr[4]);
    }
    for (low, format, result) in [
        (0x0401_0203_u128, 0, [0x3F80_0001, 0x3F80_0002, 0x3F80_0003, 0x3F80_0004]),
        (0x7FFF_8001, 1, [0x4040_7FFF, 0x403F_8001, 0, 0x3F80_0000]),
        (0x0000_8000, 1, [0x4040_0000, 0x7FC0_0000, 0, 0x3F80_0000]),
        (0x7FFF_FFFF_007F_FFF8, 4, [0x4040_7FFF, 0x403F_FFFF, 0x4040_007F, 0x403F_FFF8]),
        (0x3800_B800, 3, [0x3F00_0000, 0xBF00_0000, 0, 0x3F80_0000]),
        (0x3800_B801_3802_B803, 5, [0x3F00_0000, 0xBF00_2000, 0x3F00_4000, 0xBF00_6000]),
        (0x4000_01FF, 2, [0x4040_01FF, 0x4040_0000, 0x4040_0000, 0x3F80_0001]),
        (0x4000_0201, 2, [0x403F_FE01, 0x4040_0000, 0x4040_0000, 0x3F80_0001]),
        (0x4000_0200, 2, [0x7FC0_0000, 0x4040_0000, 0x4040_0000, 0x3F80_0001]),
        (0xFFFF_FF00_0020_0001, 6, [0x4040_0001, 0x4040_0002, 0x403F_FFFF, 0x3F80_000F]),
    ] {
        let mut machine = Machine::new();
        machine.ctx.vr[3] = 0xCDCD_CDCD_CDCD_CDCD_u128 << 64 | low;
        machine.one(x(Op::vupkd3d128, 4, format << 2, 3, 0));
        assert_eq!(machine.ctx.vr[4], w(result), "{low:x} {format}: {:032x}", machine.ctx.vr[4]);
    }
}

#[test]
fn word_rotations_permutes_and_dot_products() {
    let bytes = w([0x0001_0203, 0x0405_0607, 0x0809_0A0B, 0x0C0D_0E0F]);
    let c = 0xCCCC_CCCC;
    let mut machine = Machine::new();
    for (word, result) in [
        (0x1880_1F10 | 15 << 16, [0x0001_0203, 0x0405_0607, 0x0809_0A0B, 0x0C0D_0E0F]),
        (0x188F_1F50, [0x0405_0607, 0x0809_0A0B, 0x0C0D_0E0F, 0x0001_0203]),
        (0x188F_1FD0, [0x0C0D_0E0F, 0x0001_0203, 0x0405_0607, 0x0809_0A0B]),
        (0x1888_1F10, [0x0001_0203, c, c, c]),
        (0x189B_1A10, [0x0001_0203, 0x0405_0607, 0x0809_0A0B, 0x0C0D_0E0F]),
        (0x1884_1BD0, [0x0C0D_0E0F, 0x0809_0A0B, 0x0405_0607, 0x0001_0203]),
    ] {
        machine.ctx.vr[3] = bytes;
        machine.ctx.vr[4] = w([c; 4]);
        machine.one(word);
        assert_eq!(machine.ctx.vr[4], w(result), "{word:#x}");
    }
    machine.ctx.vr[4] = w([0x3F80_0000, 0x3FC0_0000, 0x3F8C_CCCD, 0x0102_0304]);
    machine.ctx.vr[5] = w([0x4000_0000, 0x4070_0000, 0x4013_D70A, 0x0102_0304]);
    machine.one(x(Op::vmsum3fp128, 3, 4, 5, 0));
    assert_eq!(machine.ctx.vr[3], w([0x4122_A7F0; 4]));
    machine.ctx.vr[4] = w(FLOATS);
    machine.ctx.vr[5] = w([0x4000_0000, 0x4070_0000, 0x4013_D70A, 0x40B0_51EB]);
    machine.one(x(Op::vmsum4fp128, 3, 4, 5, 0));
    assert_eq!(machine.ctx.vr[3], w([0x41A5_147B; 4]));
    machine.ctx.vr[4] = w([0x7F00_0000; 4]);
    machine.one(x(Op::vmsum4fp128, 3, 4, 4, 0));
    assert_eq!(machine.ctx.vr[3], w([0x7FC0_0000; 4]), "an overflow is a NaN");
}

#[test]
fn third_operands_of_vmx128_come_from_the_target() {
    let splat = |x: f32| w([x.to_bits(); 4]);
    for (op, result) in
        [(Op::vmaddfp128, 2.0 * 3.0 + 5.0), (Op::vmaddcfp128, 2.0 * 5.0 + 3.0), (Op::vnmsubfp128, -1.0)]
    {
        let mut machine = Machine::new();
        // v67 ← v100, v37: every piece of the three numbers is in use.
        machine.ctx.vr[100] = splat(2.0);
        machine.ctx.vr[37] = splat(3.0);
        machine.ctx.vr[67] = splat(5.0);
        machine.one(op.row().bits | 3 << 21 | 4 << 16 | 5 << 11 | 2 << 2 | 1 << 5 | 1 << 10 | 1);
        assert_eq!(machine.ctx.vr[67], splat(result), "{op:?}");
    }
    let mut machine = Machine::new();
    machine.ctx.vr[3] = w([0x00FF_FF00, 0x0000_FF00, 0x1234_8000, 0]);
    machine.one(op_with_va60(Op::vupkhsb128));
    assert_eq!(machine.ctx.vr[4], w([0x0000_00FF, 0xFFFF_FF00, 0, 0xFFFF_FF00]));
    machine.one(op_with_va60(Op::vupklsb128));
    assert_eq!(machine.ctx.vr[4], w([0x0000_1234, 0xFFFF_8000, 0, 0]));
    machine.one(x(Op::vupkhsb128, 4, 0, 3, 0));
    assert_eq!(machine.ctx.vr[4], w([0x0000_FFFF, 0xFFFF_0000, 0, 0xFFFF_0000]));
}

/// v4 ← v3 with 0x60 in vA's place.
fn op_with_va60(op: Op) -> u32 {
    x(op, 4, 0, 3, 1 << 5 | 1 << 10)
}

#[test]
fn loads_and_stores_move_the_right_part() {
    let image: Vec<u8> = (0..32).collect();
    let mut machine = Machine::new();
    for offset in 0..=16_u32 {
        machine.memory.write_bytes(GuestAddr(DATA), &image).unwrap();
        machine.ctx.gpr[4] = u64::from(DATA + offset);
        let byte = |n: u32| u128::from(n & 0xFF);
        let pattern = |f: &dyn Fn(u32) -> u32| (0..16).fold(0, |v, n| v << 8 | byte(f(n)));
        let (at, base) = (offset & 15, offset & 16);
        for (op, expected) in [
            (Op::lvx, pattern(&|n| base + n)),
            (Op::lvebx, pattern(&|n| base + n)),
            (Op::lvsl, pattern(&|n| at + n)),
            (Op::lvsr, pattern(&|n| 16 - at + n)),
            (Op::lvlx, pattern(&|n| if n < 16 - at { offset + n } else { 0 })),
            (Op::lvrx, pattern(&|n| if n >= 16 - at { base + n + at - 16 } else { 0 })),
        ] {
            machine.one(x(op, 3, 0, 4, 0));
            assert_eq!(machine.ctx.vr[3], expected, "{op:?} {offset}");
        }
        machine.ctx.vr[3] = pattern(&|n| 0xF0 + n);
        let mut stored = image.clone();
        for n in at..16 {
            stored[(base + n) as usize] = (0xF0 + n - at) as u8;
        }
        machine.one(x(Op::stvlx, 3, 0, 4, 0));
        check(&machine, &stored, offset);
        for n in 0..at {
            stored[(base + n) as usize] = (0x100 - at + n) as u8;
        }
        machine.one(x(Op::stvrx, 3, 0, 4, 0));
        check(&machine, &stored, offset);
        machine.one(x(Op::stvebx, 3, 0, 4, 0));
        stored[offset as usize] = (0xF0 + at) as u8;
        machine.one(x(Op::stvewx, 3, 0, 4, 0));
        for n in 0..4 {
            stored[(offset & !3) as usize + n as usize] = (0xF0 + (at & !3) + n) as u8;
        }
        check(&machine, &stored, offset);
    }
    // A right form at a boundary touches nothing, mapped or not.
    machine.ctx.gpr[4] = 0x7000_0000;
    machine.one(x(Op::stvrx, 3, 0, 4, 0));
    machine.one(x(Op::lvrx, 3, 0, 4, 0));
    assert_eq!(machine.ctx.vr[3], 0);
    machine.ctx.gpr[4] = 0x7000_0001;
    machine.one_exit(x(Op::lvrx, 3, 0, 4, 0));
    machine.one_exit(x(Op::stvlx, 3, 0, 4, 0));
}

fn check(machine: &Machine, expected: &[u8], offset: u32) {
    let mut bytes = [0; 32];
    machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
    assert_eq!(bytes, expected, "offset {offset}");
}

#[test]
fn flushing_follows_nj() {
    let mut machine = Machine::new();
    let [least, denormal, one] = [0x0080_0000, 0x8000_0001, 0x3F80_0000];
    let cases = [
        // Operands.
        (Op::vaddfp, [denormal, 0x8000_0000], 0x8000_0000, denormal),
        // Results.
        (Op::vsubfp, [0x8080_0001, 0x8080_0000], 0x8000_0000, 0x8000_0001),
        (Op::vmaxfp, [denormal, 0xBF80_0000], 0x8000_0000, denormal),
        (Op::vcmpgtfp, [0, denormal], 0, 0xFFFF_FFFF),
        (Op::vmulfp128, [least, 0x3F00_0000], 0, 0x0040_0000),
        // A product just below the least normal number rounds up to it, but is tiny.
        (Op::vmulfp128, [0x0080_0001, 0x3F7F_FFFE], 0, 0x0080_0000),
        (Op::vmulfp128, [0x0080_0000, one], least, least),
    ];
    for (op, [a, b], flushed, kept) in cases {
        (machine.ctx.vr[4], machine.ctx.vr[5]) = (w([a; 4]), w([b; 4]));
        for (vscr, result) in [(0x0001_0000, flushed), (0, kept)] {
            machine.ctx.vscr = vscr;
            machine.one(x(op, 3, 4, 5, 0));
            assert_eq!(machine.ctx.vr[3], w([result; 4]), "{op:?} {vscr:#x} {:032x}", machine.ctx.vr[3]);
        }
    }
}

#[test]
fn estimates_stay_within_their_bounds() {
    let mut machine = Machine::new();
    let mut bits = 0_u32;
    for _ in 0..200_000 {
        bits = bits.wrapping_add(0x9E37_79B1);
        let value = f32::from_bits(bits);
        if !value.is_normal() {
            continue;
        }
        let exact = f64::from(value);
        machine.ctx.vr[5] = w([bits; 4]);
        let mut run = |op| {
            machine.one(x(op, 3, 0, 5, 0));
            machine.ctx.vr[3] as u32
        };
        let reciprocal = f64::from(f32::from_bits(run(Op::vrefp)));
        assert!(reciprocal == 0.0 || (reciprocal * exact - 1.0).abs() < 1.0 / 4096.0, "{bits:#x}");
        let root = f32::from_bits(run(Op::vrsqrtefp));
        assert!(value < 0.0 && root.is_nan() || (f64::from(root) * exact.sqrt() - 1.0).abs() < 1.0 / 4096.0);
        let power = run(Op::vexptefp);
        if exact.abs() < 126.0 {
            let expected = (exact.exp2() as f32).to_bits();
            assert!(power.abs_diff(expected) <= 1, "{bits:#x} {power:#x}");
        }
        let logarithm = f32::from_bits(run(Op::vlogefp));
        if value < 0.0 {
            assert!(logarithm.is_nan());
        } else {
            assert!((f64::from(logarithm) - exact.log2()).abs() < 1.0 / 128.0, "{bits:#x}");
        }
    }
    let nan = 0x7FC0_0000;
    for (op, cases) in [
        (
            Op::vrefp,
            [
                (0, 0x7F80_0000),
                (0x8000_0000, 0xFF80_0000),
                (0xFF80_0000, 0x8000_0000),
                (0x7F80_0001, 0x7FC0_0001),
            ],
        ),
        (
            Op::vrsqrtefp,
            [(0x3F80_0000, 0x3F7F_F400), (0x8000_0000, 0xFF80_0000), (0xBF80_0000, nan), (0x7F80_0000, 0)],
        ),
        (
            Op::vexptefp,
            [
                (0x4040_0000, 0x4100_0000),
                (0xFF80_0000, 0),
                (0x7F80_0000, 0x7F80_0000),
                (0x8000_0000, 0x3F80_0000),
            ],
        ),
        (
            Op::vlogefp,
            [(0x4100_0000, 0x4040_0000), (0x8000_0000, 0xFF80_0000), (0xBF80_0000, nan), (0x3F80_0000, 0)],
        ),
        // The last two bits round to nearest even: a tie down, a tie up, above a tie.
        (
            Op::vrsqrtefp,
            [
                (0x4008_0400, 0x3F2F_9486),
                (0x4008_0C00, 0x3F2F_8F94),
                (0x4008_0E00, 0x3F2F_8E57),
                (0x0080_0000, 0x5EFF_F400),
            ],
        ),
        // The hardware's pieces: their starts, and steps of 2^-11.
        (
            Op::vlogefp,
            [
                (0x3F80_1000, 0x3A00_0000),
                (0x3F88_0000, 0x3DC0_0000),
                (0x3FC0_0000, 0x3F16_0000),
                (0x407F_F000, 0x3FFF_F000),
            ],
        ),
    ] {
        for (operand, result) in cases {
            machine.ctx.vr[5] = w([operand; 4]);
            machine.one(x(op, 3, 0, 5, 0));
            assert_eq!(machine.ctx.vr[3], w([result; 4]), "{op:?} {operand:#x} {:032x}", machine.ctx.vr[3]);
        }
    }
}

/// AltiVec's row of the same operation, if a VMX128 row has one.
fn namesake(op: Op) -> Option<Op> {
    let name = op.row().name;
    let base = match name {
        "vcfpsxws128" => "vctsxs",
        "vcfpuxws128" => "vctuxs",
        "vcsxwfp128" => "vcfsx",
        "vcuxwfp128" => "vcfux",
        // Their third operand is in vD.
        "vsel128" | "vmaddfp128" | "vmaddcfp128" | "vnmsubfp128" => return None,
        _ => name.strip_suffix("128")?,
    };
    Op::all().find(|other| other.row().name == base)
}

#[test]
fn vmx128_rows_do_what_their_namesakes_do() {
    let mut random = Operands::new(0xABCD_EF01_2345_6789);
    let mut rows = 0;
    let mut machine = Machine::new();
    for op in Op::all().filter(|op| op.row().family == Family::Vector128) {
        let Some(other) = namesake(op) else { continue };
        rows += 1;
        for _ in 0..200 {
            let mut free = random.next_u64() as u32 & !op.row().mask;
            if matches!(op, Op::vupkhsb128 | Op::vupklsb128) {
                free &= !(1 << 5 | 1 << 10);
            }
            let i = Instruction(op.row().bits | free);
            let record = op.row().has(Flag::vrc128) && i.vrc128();
            // v1 ← v2, v3, v4 of the namesake.
            let mut word = other.row().bits | if record { 0x400 } else { 0 };
            for operand in other.row().operands {
                word |= match operand {
                    Operand::vd | Operand::vs => 1 << 21,
                    Operand::va => 2 << 16,
                    Operand::vb => 3 << 11,
                    Operand::vc => 4 << 6,
                    Operand::uimm5 | Operand::simm5 | Operand::ra0 => free & 0x1F << 16,
                    Operand::rb => free & 0x1F << 11,
                    Operand::shb => free & 0xF << 6,
                    other => panic!("{other:?}"),
                };
            }
            for vr in &mut machine.ctx.vr {
                *vr = random.vector();
            }
            for n in 0..32 {
                machine.ctx.gpr[n] = u64::from(DATA) + (random.next_u64() & 0xFF);
            }
            machine.ctx.gpr[i.rb()] &= 0xFF;
            machine.ctx.vscr = random.next_u64() as u32 & 0x0001_0000;
            let image: Vec<u8> = (0..512).map(|_| random.next_u64() as u8).collect();
            let before = machine.ctx.clone();
            let run = |machine: &mut Machine, word| {
                machine.memory.write_bytes(GuestAddr(DATA), &image).unwrap();
                let ended = machine.interp.execute(&mut machine.ctx, &mut machine.devices, Instruction(word));
                let mut bytes = vec![0; 512];
                machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
                (ended, bytes, machine.ctx.vscr, machine.ctx.cr)
            };
            let is_memory = op.row().has(Flag::mem) || matches!(op, Op::lvsl128 | Op::lvsr128);
            let stores = other.row().operands.contains(&Operand::vs);
            let ours = run(&mut machine, i.0);
            let result = machine.ctx.vr[i.vd128()];
            machine.ctx = before.clone();
            machine.ctx.vr[1] = before.vr[i.vd128()];
            if !is_memory {
                let (a, b) = (before.vr[i.va128()], before.vr[i.vb128()]);
                (machine.ctx.vr[2], machine.ctx.vr[3]) = (a, b);
                machine.ctx.vr[4] = before.vr[i.vc3()];
            }
            let theirs = run(&mut machine, word);
            assert_eq!(ours, theirs, "{op:?} {:08x}", i.0);
            if !stores {
                assert_eq!(result, machine.ctx.vr[1], "{op:?} {:08x}", i.0);
            }
        }
    }
    assert!(rows >= 60, "{rows}");
}

#[test]
fn no_word_and_no_operand_panics() {
    let mut random = Operands::new(0x1357_9BDF_0246_8ACE);
    let mut machine = Machine::new();
    for op in
        Op::all().filter(|op| matches!(op.row().family, Family::Float | Family::Vector | Family::Vector128))
    {
        for _ in 0..400 {
            let ctx = &mut machine.ctx;
            for n in 0..32 {
                ctx.fpr[n] = random.double();
                ctx.gpr[n] = if random.next_u64() & 1 == 0 { random.next_u64() } else { u64::from(DATA) };
            }
            for _ in 0..16 {
                ctx.vr[random.next_u64() as usize & 127] = random.vector();
            }
            ctx.fpscr = random.next_u64() as u32;
            ctx.vscr = random.next_u64() as u32;
            ctx.msr ^= random.next_u64() & (msr_bit::FE0 | msr_bit::FE1 | msr_bit::SF);
            let word = op.row().bits | random.next_u64() as u32 & !op.row().mask;
            let _ = machine.interp.execute(&mut machine.ctx, &mut machine.devices, Instruction(word));
        }
    }
}

#[test]
fn dot_products_of_special_values() {
    let mut machine = Machine::new();
    let [one, infinity, least] = [0x3F80_0000, 0x7F80_0000, 0x0080_0000];
    for (vscr, a, b, expected) in [
        // A denormal result is zero in both modes, denormal operands only with NJ.
        (0, [least, 0, 0, 0], [0x3F00_0000, 0, 0, 0], 0),
        (0, [0x8040_0000, 0, 0, 0], [0x4080_0000, 0, 0, 0], 0x8100_0000),
        (NJ, [0x8040_0000, 0, 0, 0], [0x4080_0000, 0, 0, 0], 0),
        (NJ, [one, infinity, one, one], [one; 4], infinity),
        (NJ, [one, infinity, one, one], [one, 0, one, one], 0x7FC0_0000),
        (NJ, [one, 0x7F80_0002, one, 0x7FC0_0007], [one, 0x7FC0_0001, one, one], 0x7FC0_0002),
        (NJ, [one, one, one, one], [one, one, one, 0xFFC0_0001], 0xFFC0_0001),
    ] {
        machine.ctx.vscr = vscr;
        (machine.ctx.vr[4], machine.ctx.vr[5]) = (w(a), w(b));
        machine.one(x(Op::vmsum4fp128, 3, 4, 5, 0));
        assert_eq!(machine.ctx.vr[3], w([expected; 4]), "{a:x?} {b:x?} {:032x}", machine.ctx.vr[3]);
    }
    // The fourth lane plays no part in a product of three.
    (machine.ctx.vr[4], machine.ctx.vr[5]) = (w([one, one, one, 0x7FC0_0000]), w([one, one, one, infinity]));
    machine.one(x(Op::vmsum3fp128, 3, 4, 5, 0));
    assert_eq!(machine.ctx.vr[3], w([0x4040_0000; 4]));
}

#[test]
fn estimates_of_denormals_without_nj() {
    let mut machine = Machine::new();
    machine.ctx.vscr = 0;
    for (op, operand, result) in [
        (Op::vrsqrtefp, 0x0040_0000, 0x5F34_FD00),
        (Op::vrsqrtefp, 0x8040_0000, 0x7FC0_0000),
        (Op::vrsqrtefp, 1, 0x64B4_FD00),
        (Op::vrefp, 0x0040_0000, 0x7F00_0000),
        (Op::vrefp, 1, 0x7F80_0000),
        (Op::vrefp, 0x7F00_0000, 0x0040_0000),
        (Op::vexptefp, 0xC300_0000, 0x0020_0000),
        (Op::vlogefp, 1, 0xC315_0000),
    ] {
        machine.ctx.vr[5] = w([operand; 4]);
        machine.one(x(op, 3, 0, 5, 0));
        assert_eq!(machine.ctx.vr[3], w([result; 4]), "{op:?} {operand:#x} {:032x}", machine.ctx.vr[3]);
    }
}

/// What a Cell PPE gives, Java mode unless said otherwise: published hardware test results.
#[test]
fn float_lanes_as_measured() {
    use Op::*;
    let minus = |v: u128| v ^ w([0x8000_0000; 4]);
    let p = w([0, 0x3F80_0000, 0x7F80_0000, 0x7FE0_0000]);
    let q = w([1, 0xBF80_0000, 0x4000_0000, 0x4080_0000]);
    let r = w([0x0080_0000, 0x8080_0000, 0x4100_0000, 0x4180_0000]);
    let s = w([0x8000_0000, 0x3F00_0000, 0x7F80_0000, 0x7F90_0000]);
    let t = w([0x3F80_0000, 0x4000_0000, 0x4040_0000, 0x4080_0000]);
    let u = w([0xBF80_0000, 0xC000_0000, 0x8000_0000, 0xFFF0_0000]);
    let x1 = w([0x3FB3_3333, 0x3FB3_3333, 0x4086_6666, 0]);
    let x2 = w([0x4040_0000, 0x4040_0000, 0x3F80_0000, 0]);
    let x3 = w([0, 0x3440_0000, 0x3440_0000, 0]);
    let run = |op: Op, vscr: u32, [a, b, c]: [u128; 3], expected: [u32; 4]| {
        let mut machine = Machine::new();
        machine.ctx.vscr = vscr;
        (machine.ctx.vr[4], machine.ctx.vr[5], machine.ctx.vr[6]) = (a, b, c);
        let three = op.row().operands.contains(&Operand::vc);
        machine.one(if three { va(op) } else { x(op, 3, 4, 5, 0) });
        assert_eq!(
            machine.ctx.vr[3],
            w(expected),
            "{op:?} {a:032x} {b:032x} {c:032x}: {:032x}",
            machine.ctx.vr[3]
        );
    };
    for (op, a, b, expected) in [
        (vmaxfp, q, s, [1, 0x3F00_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vmaxfp, p, s, [0, 0x3F80_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vmaxfp, s, p, [0, 0x3F80_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vminfp, q, s, [0x8000_0000, 0xBF80_0000, 0x4000_0000, 0x7FD0_0000]),
        (vminfp, p, s, [0x8000_0000, 0x3F00_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vaddfp, q, s, [1, 0xBF00_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vaddfp, s, p, [0, 0x3FC0_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vaddfp, minus(p), s, [0x8000_0000, 0xBF00_0000, 0x7FC0_0000, 0xFFE0_0000]),
        (vsubfp, q, s, [1, 0xBFC0_0000, 0xFF80_0000, 0x7FD0_0000]),
        (vsubfp, s, q, [0x8000_0001, 0x3FC0_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vsubfp, s, p, [0x8000_0000, 0xBF00_0000, 0x7FC0_0000, 0x7FD0_0000]),
        (vsubfp, minus(p), s, [0, 0xBFC0_0000, 0xFF80_0000, 0xFFE0_0000]),
        (vexptefp, 0, p, [0x3F80_0000, 0x4000_0000, 0x7F80_0000, 0x7FE0_0000]),
        (vexptefp, 0, minus(p), [0x3F80_0000, 0x3F00_0000, 0, 0xFFE0_0000]),
        (vlogefp, 0, q, [0xC315_0000, 0x7FC0_0000, 0x3F80_0000, 0x4000_0000]),
    ] {
        run(op, 0, [a, b, 0], expected);
    }
    // a × c + b.
    for (op, a, c, b, expected) in [
        (vmaddfp, q, t, r, [0x0080_0001, 0xC000_0000, 0x4160_0000, 0x4200_0000]),
        (vmaddfp, p, u, s, [0x8000_0000, 0xBFC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vmaddfp, u, p, s, [0x8000_0000, 0xBFC0_0000, 0x7FC0_0000, 0xFFF0_0000]),
        (vmaddfp, p, q, minus(s), [0, 0xBFC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vmaddfp, minus(q), p, s, [0x8000_0000, 0x3FC0_0000, 0x7FC0_0000, 0x7FD0_0000]),
        (vmaddfp, t, u, s, [0xBF80_0000, 0xC060_0000, 0x7F80_0000, 0x7FD0_0000]),
        (vmaddfp, t, u, t, [0, 0xC000_0000, 0x4040_0000, 0xFFF0_0000]),
        (vmaddfp, x1, x2, x3, [0x4086_6666, 0x4086_6667, 0x4086_6666, 0]),
        (vnmsubfp, q, t, r, [0x007F_FFFF, 0x4000_0000, 0x4000_0000, 0x8000_0000]),
        (vnmsubfp, p, u, s, [0x8000_0000, 0x4020_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vnmsubfp, p, q, s, [0x8000_0000, 0x3FC0_0000, 0x7FC0_0000, 0x7FE0_0000]),
        (vnmsubfp, minus(q), p, minus(s), [0, 0xBFC0_0000, 0x7FC0_0000, 0xFFD0_0000]),
        (vnmsubfp, t, u, t, [0x4000_0000, 0x40C0_0000, 0x4040_0000, 0xFFF0_0000]),
    ] {
        run(op, 0, [a, b, c], expected);
    }
    // Denormal operands and results, in both modes; the product inside is not flushed.
    let [a, b] = [
        w([0x0080_0000, 0x0040_0000, 0x80C0_0000, 0x8020_0000]),
        w([0x8100_0000, 0x0080_0000, 0x0080_0000, 0x8000_0000]),
    ];
    run(vaddfp, 0, [a, b, 0], [0x8080_0000, 0x00C0_0000, 0x8040_0000, 0x8020_0000]);
    run(vaddfp, NJ, [a, b, 0], [0x8080_0000, 0x0080_0000, 0x8000_0000, 0x8000_0000]);
    let [c, d] = [w([0x00FF_FFFE, 0x007F_FFFF, 0, 0x8000_0000]), w([0x3F00_0000, 0x4000_0000, 0, 0])];
    run(vmaddfp, 0, [c, 0, d], [0x007F_FFFF, 0x00FF_FFFE, 0, 0]);
    run(vmaddfp, 0, [c, a, d], [0x00FF_FFFF, 0x011F_FFFF, 0x80C0_0000, 0x8020_0000]);
    run(vmaddfp, NJ, [d, 0, c], [0; 4]);
    run(vmaddfp, NJ, [d, a, c], [0x00FF_FFFF, 0, 0x80C0_0000, 0x8000_0000]);
}

/// VSCR\[NJ\].
const NJ: u32 = 0x0001_0000;
