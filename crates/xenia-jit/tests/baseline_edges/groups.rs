//! Groups of floating-point instructions that call one thunk: refused accesses within them, singles
//! and results of every kind, and FPSCR with and without plain control bits.

use super::*;
use xenia_guest::GuestAddr;
use xenia_isa::assemble;

/// An address without memory.
const NOWHERE: u32 = 0x7000_0000;
/// The middle of the data area.
const MIDDLE: u32 = DATA + 0x8000;

const GROUPS: [&str; 11] = [
    "lfs f1,0(r3)\n lfs f2,4(r4)",
    "lfs f1,0(r3)\n lfs f1,8(r12)",
    "lfs f2,0(r3)\n lfs f1,8(r12)",
    "lfs f31,0(r3)\n lfs f0,4(r4)",
    "lfsx f1,r3,r13\n lfs f2,0(r4)\n lfs f3,0(r12)\n lfs f4,4(r3)",
    "lfs f1,0(r3)\n fadds f2,f1,f5\n fmuls f3,f2,f1\n stfs f3,8(r4)",
    "lfs f1,4(r12)\n fnmsubs f1,f1,f1,f6\n stfsx f1,r3,r13",
    "fmul f1,f2,f3\n addi r3,r3,4\n add. r5,r5,r3\n fsub f2,f1,f4\n stfsu f2,4(r4)",
    "fadd f1,f2,f3\n stfsux f1,r4,r13\n fmadd f1,f1,f2,f3\n fdivs f2,f1,f3\n fcmpu cr1,f1,f2",
    "fmadds f7,f7,f8,f9\n cmpwi r3,0\n fcfid f7,f7\n frsp f8,f7\n blt next\nnext: fdiv f1,f7,f8",
    "fnmadds f1,f2,f3,f4\n fmsub f1,f1,f1,f1\n mffs f30\n fadd f2,f1,f3\n fsubs f3,f2,f1",
];

const SINGLES: [u32; 11] = [
    0,
    0x8000_0000,
    1,
    0x8000_0003,
    0x007F_FFFF,
    0x0080_0000,
    0x3F80_0001,
    0x7F7F_FFFF,
    0x7F80_0000,
    0xFF80_0001,
    0x7FC0_0001,
];

const DOUBLES: [u64; 9] = [
    0,
    1 << 63,
    0x0010_0000_0000_0000,
    0x3690_0000_0000_0000,
    0x3810_0000_0000_0001,
    0x3FF0_0000_1000_0000,
    0x47EF_FFFF_F000_0000,
    0x7FF0_0000_0000_0000,
    0x7FF4_0000_2000_0000,
];

#[test]
fn groups_agree_on_refused_accesses_and_special_values() {
    let programs: Vec<Vec<u32>> = GROUPS
        .iter()
        .map(|text| {
            let bytes = assemble(text, 0).unwrap_or_else(|error| panic!("{text}: {error}")).bytes;
            bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect()
        })
        .collect();
    for mut pair in Pair::hosts().into_iter().chain([Pair::new(ReservationMode::Strict, false)]) {
        for machine in [&pair.jit, &pair.interpreter] {
            for (n, single) in (0..0x1000).zip(SINGLES.into_iter().cycle()) {
                machine.memory.write_bytes(GuestAddr(MIDDLE + 4 * n), &single.to_be_bytes()).unwrap();
            }
        }
        let cases = states(0..400, |ctx, n: u64| {
            let mut r = Random::new(105 + n);
            let mut address = || {
                let at = if r.below(6) == 0 { NOWHERE } else { MIDDLE } + 4 * r.below(64) as u32;
                u64::from(at) | r.next() << 32
            };
            for base in [3, 4, 12] {
                ctx.gpr[base] = address();
            }
            ctx.gpr[13] = 4 * r.below(16);
            ctx.fpscr = if n.is_multiple_of(3) { r.pick(&[1, 2, 0x80, 0x38]) } else { 0 };
            for n in 1..10 {
                let any = f64::from(r.next() as u32 >> 8).to_bits();
                ctx.fpr[n] = if r.below(3) == 0 { r.pick(&DOUBLES) } else { any };
            }
        });
        pair.agree(&programs, |_| cases.clone());
    }
}
