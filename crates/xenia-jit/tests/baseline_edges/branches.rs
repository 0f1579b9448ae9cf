//! Branches on CTR, on CR fields in the register map and in the context, and on the host flags of
//! the preceding compare.

use super::*;

/// `bc` with a displacement in bytes.
fn bc(bo: u32, bi: u32, distance: i32) -> u32 {
    d(Op::bcx, bo, bi, distance & 0xFFFC)
}

/// The CR bits that branches test: those of CR0, of two fields in the context, and of the compared
/// field.
fn bits(compared: u32) -> Vec<u32> {
    let mut fields = vec![0, 1, 7, compared];
    fields.sort_unstable();
    fields.dedup();
    fields.into_iter().flat_map(|field| [0, 1, 2, 3].map(|bit| 4 * field + bit)).collect()
}

#[test]
fn every_condition_and_count_agrees_on_a_ctr_with_an_upper_half() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let counts = [
        0,
        1,
        2,
        0x1_0000_0000,
        0x1_0000_0001,
        0x1_0000_0002,
        u64::MAX,
        0xFFFF_FFFF_0000_0001,
        0x8000_0000,
        0x8000_0001,
    ];
    for bi in 0..32 {
        let program = |bo: u32| {
            let returns = Op::bclrx.row().bits | bo << 21 | bi << 16;
            [bc(bo, bi, 8), bc(bo, bi, 8) | 1, returns]
                .map(|branch| vec![branch, d(Op::addi, 3, 3, 1), d(Op::addi, 12, 12, 1)])
        };
        let crs = [0, !0, 0x8000_0000_u32 >> bi, !(0x8000_0000 >> bi)];
        let both = counts.into_iter().flat_map(|ctr| crs.map(|cr| (ctr, cr)));
        let states = states(both, |ctx, (ctr, cr)| {
            ctx.ctr = ctr;
            ctx.set_cr_word(cr);
        });
        pair.agree(&(0..32).flat_map(program).collect::<Vec<_>>(), |at| {
            let mut states = states.clone();
            for ctx in &mut states {
                ctx.lr = u64::from(at + 8);
            }
            states
        });
    }
}

#[test]
fn every_condition_agrees_on_branches_to_ctr() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    for bi in 0..32 {
        let program = |bo: u32| {
            let jumps = Op::bcctrx.row().bits | bo << 21 | bi << 16;
            let returns = Op::bclrx.row().bits | bo << 21 | bi << 16 | 1;
            [jumps, jumps | 1, returns]
                .map(|branch| vec![branch, d(Op::addi, 3, 3, 1), d(Op::addi, 12, 12, 1)])
        };
        pair.agree(&(0..32).flat_map(program).collect::<Vec<_>>(), |at| {
            states([0, !0, 0x8000_0000_u32 >> bi, !(0x8000_0000 >> bi)], |ctx, cr| {
                ctx.set_cr_word(cr);
                // Neither the upper half nor the two lowest bits belong to the address.
                ctx.ctr = u64::from(at + 8) | 0xABCD << 32 | 3;
                ctx.lr = u64::from(at + 8);
            })
        });
    }
}

/// Compares of r4 with r6 or an immediate, and record forms of the same operands.
fn compares(field: u32, doubleword: u32) -> Vec<u32> {
    let target = 4 * field + doubleword;
    let mut words = vec![x(Op::cmp, target, 4, 6, 0), x(Op::cmpl, target, 4, 6, 0)];
    words.extend([x(Op::cmp, target, 4, 13, 0), x(Op::cmpl, target, 14, 6, 0)]);
    for value in [0, 1, -1, 0x7F, 0x80, -0x80, -0x81, 0x7FFF, -0x8000] {
        words.extend([d(Op::cmpi, target, 4, value), d(Op::cmpli, target, 4, value)]);
        words.push(d(Op::cmpi, target, 13, value));
    }
    if field == 0 && doubleword == 0 {
        words.extend([
            x(Op::andx, 4, 9, 6, 1),
            x(Op::subfx, 9, 6, 4, 1),
            x(Op::extswx, 4, 12, 0, 1),
            x(Op::rlwinmx, 4, 9, 3, 1),
            x(Op::rlwinmx, 4, 13, 4, 3 << 6 | 30 << 1 | 1),
            x(Op::rlwinmx, 4, 9, 4, 28 << 6 | 31 << 1 | 1),
            d(Op::andi_rc, 4, 9, 0xFFFF),
            d(Op::andis_rc, 4, 13, 0xFFFF),
            d(Op::addic_rc, 9, 4, -1),
        ]);
    }
    words
}

/// Instructions between a compare and its branch: some change the host's flags, some the field.
fn instructions_between(field: u32) -> Vec<Vec<u32>> {
    let mcrf = |to: u32, from: u32| vec![Op::mcrf.row().bits | to << 23 | from << 18];
    let other = (field + 3) & 7;
    vec![
        vec![],
        mcrf(field, other),
        mcrf(other, field),
        mcrf(field, field),
        mcrf(other, 2),
        vec![d(Op::addi, 7, 0, 5)],
        vec![d(Op::addi, 7, 8, 5)],
        vec![d(Op::addi, 7, 7, 5)],
        vec![x(Op::addx, 7, 8, 9, 0)],
        vec![x(Op::orx, 8, 12, 8, 0)],
        vec![d(Op::ori, 8, 7, 1)],
        vec![d(Op::lwz, 7, 20, 0)],
        vec![d(Op::sth, 7, 20, 4)],
        vec![d(Op::lfs, 7, 20, 8)],
        vec![x(Op::cmpl, 4 * other, 6, 4, 0)],
        vec![x(Op::mtcrf, 8, 0, 0, 0x80_000 >> field)],
        vec![x(Op::lvx, 3, 0, 20, 0)],
        vec![x(Op::sync, 0, 0, 0, 0)],
        vec![Op::mfspr.row().bits | 7 << 21 | 8 << 16],
        // Executed by the interpreter's arm.
        vec![x(Op::crxor, 4 * field, 4 * field, 4 * field + 1, 0)],
        vec![x(Op::mfcr, 7, 0, 0, 0)],
    ]
}

/// States with operands for [`compares`].
fn compared(values: &[u64]) -> Vec<PpcContext> {
    states(pairs(values), |ctx, (a, b)| {
        ctx.gpr[4] = a;
        ctx.gpr[6] = b;
        ctx.gpr[14] = a;
        ctx.gpr[13] = b;
    })
}

#[test]
fn branches_on_the_flags_of_a_compare_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = compared(&[0, 1, 0x7F, 0x80, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, u64::MAX]);
    for (field, doubleword) in [(0, 0), (1, 0), (7, 0), (0, 1), (6, 1)] {
        let bits = bits(field);
        for (n, compare) in compares(field, doubleword).into_iter().enumerate() {
            let program = |between: Vec<u32>| {
                // One of the field's bits and one of another field add distinct numbers to r3.
                let mut words = vec![compare];
                words.extend(&between);
                words.extend([bc(12, 4 * field + n as u32 % 4, 8), d(Op::addi, 3, 3, 1)]);
                words.extend([bc(4, bits[n % bits.len()], 8), d(Op::addi, 3, 3, 2)]);
                words
            };
            let programs: Vec<_> = instructions_between(field).into_iter().map(program).collect();
            pair.agree(&programs, |_| states.clone());
        }
    }
}

/// The second branch begins a block, with the flags of the compare in front of the first, which may
/// test another field.
#[test]
fn branches_of_two_blocks_on_a_compare_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = compared(&[0, 1, 0x7F, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, u64::MAX]);
    let add = |value| d(Op::addi, 3, 3, value);
    for [field, other] in [[0, 0], [1, 1], [0, 1], [1, 0], [1, 7]] {
        for (n, compare) in compares(field, 0).into_iter().enumerate() {
            let bits = [4 * other + n as u32 % 4, 4 * field + n as u32 / 4 % 4];
            let program = |(first, second)| {
                let mut words = vec![compare, bc(first, bits[0], 16), bc(second, bits[1], 28)];
                words.extend([add(1), b(0, 28, false)]);
                words.extend([add(2), add(4), add(8), b(0, 12, false), add(16), add(32)]);
                words
            };
            let programs: Vec<_> = pairs(&[4, 12]).map(program).collect();
            pair.agree(&programs, |_| states.clone());
        }
    }
}

#[test]
fn every_bit_of_a_compared_field_is_branched_on() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = compared(&[0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, u64::MAX, 1 << 63]);
    for (field, doubleword) in (0..8).flat_map(|field| [0, 1].map(|doubleword| (field, doubleword))) {
        let mut programs = Vec::new();
        for &compare in &compares(field, doubleword)[..6] {
            for (bit, bo) in bits(field).into_iter().flat_map(|bit| [4, 12].map(|bo| (bit, bo))) {
                let branch = [bc(bo, bit, 8), d(Op::addi, 3, 3, 1)];
                programs.push([&[compare], &branch[..]].concat());
                programs.push([&[compare, x(Op::addx, 7, 7, 8, 0)], &branch[..]].concat());
            }
        }
        pair.agree(&programs, |_| states.clone());
    }
}

/// Forward and backward branches over any number of instructions with little and much host code:
/// within reach of a short jump, and out of it.
#[test]
fn branches_of_every_distance_agree() {
    let mut pair = Pair::new(ReservationMode::default(), false);
    let states = states([0, !0], |ctx, cr| {
        ctx.set_cr_word(cr);
        ctx.ctr = 2;
    });
    let fillers = [
        d(Op::addi, 9, 9, 1),
        d(Op::addi, 12, 12, 1),
        d(Op::xoris, 12, 12, 0x8000),
        x(Op::divwx, 12, 13, 14, 0),
        x(Op::subfmex, 12, 13, 0, 0),
    ];
    for (filler, length) in fillers.into_iter().flat_map(|filler| (1..44).map(move |n| (filler, n))) {
        let body = vec![filler; length];
        let over = 4 * length as i32 + 4;
        let back = -4 * length as i32;
        let programs = [
            [&[bc(12, 2, over)], &body[..]].concat(),
            [&[b(0, over as u32, false)], &body[..]].concat(),
            [&body[..], &[bc(16, 0, back)]].concat(),
            [&[bc(4, 2, over + 4)], &body[..], &[bc(16, 0, back)]].concat(),
        ];
        pair.agree(&programs, |_| states.clone());
    }
}
