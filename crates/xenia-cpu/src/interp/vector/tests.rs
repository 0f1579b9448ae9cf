//! Tests of rows run through the interpreter, with values from the books, the VMX128 notes and
//! titles.

mod floats;
mod namesakes;

use crate::interp::float::tests::Operands;
use crate::interp::testing::{CpuHarness, DATA, x};
use crate::msr_bit;
use xenia_guest::GuestAddr;
use xenia_isa::{Family, Instruction, Op};

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
fn rows_with_three_operands_have_known_results() {
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
            // Twice the square of -2^15 is one more than a word can hold.
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
        let mut machine = CpuHarness::new();
        machine.ctx.vr[4] = a;
        machine.ctx.vr[5] = b;
        machine.ctx.vr[6] = c;
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
        let mut machine = CpuHarness::new();
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
        let mut machine = CpuHarness::new();
        machine.ctx.vr[3] = 0xCDCD_CDCD_CDCD_CDCD_u128 << 64 | low;
        machine.one(x(Op::vupkd3d128, 4, format << 2, 3, 0));
        assert_eq!(machine.ctx.vr[4], w(result), "{low:x} {format}: {:032x}", machine.ctx.vr[4]);
    }
}

#[test]
fn word_rotations_permutes_and_dot_products() {
    let bytes = w([0x0001_0203, 0x0405_0607, 0x0809_0A0B, 0x0C0D_0E0F]);
    let c = 0xCCCC_CCCC;
    let mut machine = CpuHarness::new();
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
        let mut machine = CpuHarness::new();
        // v67 ← v100, v37: uses every piece of the three register numbers.
        machine.ctx.vr[100] = splat(2.0);
        machine.ctx.vr[37] = splat(3.0);
        machine.ctx.vr[67] = splat(5.0);
        machine.one(op.row().bits | 3 << 21 | 4 << 16 | 5 << 11 | 2 << 2 | 1 << 5 | 1 << 10 | 1);
        assert_eq!(machine.ctx.vr[67], splat(result), "{op:?}");
    }
    let mut machine = CpuHarness::new();
    machine.ctx.vr[3] = w([0x00FF_FF00, 0x0000_FF00, 0x1234_8000, 0]);
    machine.one(op_with_va60(Op::vupkhsb128));
    assert_eq!(machine.ctx.vr[4], w([0x0000_00FF, 0xFFFF_FF00, 0, 0xFFFF_FF00]));
    machine.one(op_with_va60(Op::vupklsb128));
    assert_eq!(machine.ctx.vr[4], w([0x0000_1234, 0xFFFF_8000, 0, 0]));
    machine.one(x(Op::vupkhsb128, 4, 0, 3, 0));
    assert_eq!(machine.ctx.vr[4], w([0x0000_FFFF, 0xFFFF_0000, 0, 0xFFFF_0000]));
}

/// v4 ← v3, with 0x60 as the vA field.
fn op_with_va60(op: Op) -> u32 {
    x(op, 4, 0, 3, 1 << 5 | 1 << 10)
}

#[test]
fn loads_and_stores_move_the_right_part() {
    let image: Vec<u8> = (0..32).collect();
    let mut machine = CpuHarness::new();
    for offset in 0..=16_u32 {
        machine.memory.write_bytes(GuestAddr(DATA), &image).unwrap();
        machine.ctx.gpr[4] = u64::from(DATA + offset);
        let byte = |n: u32| u128::from(n & 0xFF);
        let pattern = |f: &dyn Fn(u32) -> u32| (0..16).fold(0, |v, n| v << 8 | byte(f(n)));
        let at = offset & 15;
        let base = offset & 16;
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
    // A right form at a boundary does not access storage, mapped or not.
    machine.ctx.gpr[4] = 0x7000_0000;
    machine.one(x(Op::stvrx, 3, 0, 4, 0));
    machine.one(x(Op::lvrx, 3, 0, 4, 0));
    assert_eq!(machine.ctx.vr[3], 0);
    machine.ctx.gpr[4] = 0x7000_0001;
    machine.one_exit(x(Op::lvrx, 3, 0, 4, 0));
    machine.one_exit(x(Op::stvlx, 3, 0, 4, 0));
}

fn check(machine: &CpuHarness, expected: &[u8], offset: u32) {
    let mut bytes = [0; 32];
    machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
    assert_eq!(bytes, expected, "offset {offset}");
}

#[test]
fn no_word_and_no_operand_panics() {
    let mut random = Operands::new(0x1357_9BDF_0246_8ACE);
    let mut machine = CpuHarness::new();
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
