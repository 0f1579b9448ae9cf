//! Cases for VMX128 rows: most use qemu's result of the equivalent AltiVec instruction; the others
//! are derived from the encoding notes.

use crate::case::{GeneratedCase, NOTES, Reg, WINDOW_SIZE};
use crate::generic;
use crate::special;
use crate::values::CaseRandom;
use Reg::{Cr, R, V, Vscr};
use xenia_isa::{Family, Flag, Op, Operand, ROWS, Row};

/// Registers of cases by position, with all upper bits in use, and their numbers under qemu.
const REGISTERS: [(u8, u8); 4] = [(65, 1), (98, 2), (127, 3), (34, 4)];

/// Appends the cases of a VMX128 row; returns whether it is one.
pub(crate) fn cases(op: Op, cases: &mut Vec<GeneratedCase>) -> bool {
    let row = op.row();
    if row.family != Family::Vector128 {
        return false;
    }
    match op {
        Op::vrefp128 | Op::vrsqrtefp128 | Op::vexptefp128 | Op::vlogefp128 => {
            special::vector_estimates(op, 65, 127, cases);
        }
        Op::lvlx128
        | Op::lvlxl128
        | Op::lvrx128
        | Op::lvrxl128
        | Op::stvlx128
        | Op::stvlxl128
        | Op::stvrx128
        | Op::stvrxl128 => special::halves(op, 98, cases),
        Op::lvsl128 | Op::lvsr128 => {
            for (round, at) in [0_u32, 1, 7, 8, 15, 0x10_0003].into_iter().enumerate() {
                let operands = if round % 2 == 0 { "r4,r5" } else { "0,r5" };
                let there = format!("{} v1,{operands}", row.mnemonic.trim_end_matches("128"));
                let here = format!("{} v65,{operands}", row.mnemonic);
                let ins = [(R(4), 0x100), (R(5), u128::from(at))];
                cases.push(equivalent(op, &here, &there, &ins, &[V(65)], &[(65, 1)]));
            }
        }
        Op::lvx128 | Op::lvxl128 | Op::stvx128 | Op::stvxl128 | Op::lvewx128 | Op::stvewx128 => {
            access(op, cases);
        }
        Op::vpermwi128 => permute_words(op, cases),
        Op::vrlimi128 => rotate_insert(op, cases),
        Op::vpkd3d128 => pack(op, cases),
        Op::vupkd3d128 => unpack(op, cases),
        Op::vmsum3fp128 | Op::vmsum4fp128 => dot_products(op, cases),
        _ => arithmetic(op, cases),
    }
    true
}

/// A case whose AltiVec equivalent runs under qemu.
fn equivalent(
    op: Op,
    here: &str,
    there: &str,
    ins: &[(Reg, u128)],
    outs: &[Reg],
    vectors: &[(u8, u8)],
) -> GeneratedCase {
    let mut case = GeneratedCase::for_qemu(op, here, ins, outs);
    if let Some(question) = &mut case.question {
        there.clone_into(&mut question.code);
        question.vectors = vectors.to_vec();
    }
    case
}

/// The AltiVec code of a row, with `{d}`, `{a}`, `{b}`, `{c}`, `{i}` for its operands.
fn counterpart(row: &Row) -> String {
    let base = row.mnemonic.trim_end_matches("128");
    match row.op {
        // VA × VB + VD, VA × VD + VB, −(VA × VB − VD): the same instruction with other operands.
        Op::vmaddfp128 => "vmaddfp {d},{a},{b},{d}".to_owned(),
        Op::vmaddcfp128 => "vmaddfp {d},{a},{d},{b}".to_owned(),
        Op::vnmsubfp128 => "vnmsubfp {d},{a},{b},{d}".to_owned(),
        // A product is a fused product plus −0.
        Op::vmulfp128 => "vspltisw v31,-1\nvslw v31,v31,v31\nvmaddfp {d},{a},{b},v31".to_owned(),
        Op::vsel128 => "vsel {d},{a},{b},{d}".to_owned(),
        Op::vcfpsxws128 => "vctsxs {d},{b},{i}".to_owned(),
        Op::vcfpuxws128 => "vctuxs {d},{b},{i}".to_owned(),
        Op::vcsxwfp128 => "vcfsx {d},{b},{i}".to_owned(),
        Op::vcuxwfp128 => "vcfux {d},{b},{i}".to_owned(),
        Op::vupkhsb128 | Op::vupklsb128 => format!("{base} {{d}},{{b}}"),
        _ => {
            debug_assert!(ROWS.iter().any(|row| row.mnemonic == base), "{base}");
            let operands: Vec<&str> = row
                .operands
                .iter()
                .map(|operand| match operand {
                    Operand::vd128 => "{d}",
                    Operand::va128 => "{a}",
                    Operand::vb128 => "{b}",
                    Operand::vc3 => "{c}",
                    _ => "{i}",
                })
                .collect();
            format!("{base} {}", operands.join(","))
        }
    }
}

fn arithmetic(op: Op, cases: &mut Vec<GeneratedCase>) {
    let row = op.row();
    let mut random = CaseRandom::new(0x1280 ^ (u64::from(row.bits) << 16));
    let floats = generic::takes_floats(row);
    // Fused rows with a NaN operand choose the payload in a different order: exclude NaNs.
    let fused = matches!(op, Op::vmaddfp128 | Op::vmaddcfp128 | Op::vnmsubfp128);
    let mut patterns = vec![(row.mnemonic.to_owned(), counterpart(row))];
    if row.has(Flag::vrc128) {
        let (here, there) = patterns[0].clone();
        patterns.push((format!("{here}."), there.replacen(' ', ". ", 1)));
    }
    if let Op::vupkhsb128 | Op::vupklsb128 = op {
        let here = row.mnemonic.replace("sb128", "sh128");
        let there = format!("{} {{d}},{{b}}", here.trim_end_matches("128"));
        patterns.push((here, there));
    }
    let rounds = if patterns.len() == 1 { 10 } else { 6 };
    for (mnemonic, pattern) in &patterns {
        for round in 0..rounds {
            let same = round % 6 == 5;
            let mut numbers = [REGISTERS[0], REGISTERS[1], REGISTERS[2], (7, 4)];
            if same {
                numbers[1] = numbers[0];
                numbers[2] = numbers[0];
            }
            let mut ins: Vec<(Reg, u128)> = numbers
                .iter()
                .map(|&(here, _)| {
                    let mut value = if floats { random.float_vector() } else { random.vector() };
                    while fused && has_nan(value) {
                        value = random.float_vector();
                    }
                    (V(here), value)
                })
                .collect();
            if op != Op::vperm128 {
                ins.pop();
            }
            let immediate = row
                .operands
                .iter()
                .find(|operand| matches!(operand, Operand::uimm5 | Operand::simm5 | Operand::shb))
                .map_or(0, |&operand| generic::immediate(row, operand, &mut random));
            let fill = |text: &str, qemu: bool| {
                let name = |n: usize| format!("v{}", if qemu { numbers[n].1 } else { numbers[n].0 });
                text.replace("{d}", &name(0))
                    .replace("{a}", &name(1))
                    .replace("{b}", &name(2))
                    .replace("{c}", &name(3))
                    .replace("{i}", &immediate.to_string())
            };
            let operands: Vec<&str> = row
                .operands
                .iter()
                .filter(|operand| !(matches!(operand, Operand::va128) && mnemonic.starts_with("vupk")))
                .map(|operand| match operand {
                    Operand::vd128 => "{d}",
                    Operand::va128 => "{a}",
                    Operand::vb128 => "{b}",
                    Operand::vc3 => "{c}",
                    _ => "{i}",
                })
                .collect();
            let here = fill(&format!("{mnemonic} {}", operands.join(",")), false);
            let there = fill(pattern, true);
            ins.push((Vscr, random.pick(&[0x1_0000, 0x1_0000, 0x1_0001])));
            ins.push((Cr, u128::from(random.next() as u32)));
            let outs = [V(numbers[0].0), Cr, Vscr];
            cases.push(equivalent(op, &here, &there, &ins, &outs, &numbers));
        }
    }
}

fn has_nan(value: u128) -> bool {
    (0..4).any(|n| f32::from_bits((value >> (32 * n)) as u32).is_nan())
}

fn access(op: Op, cases: &mut Vec<GeneratedCase>) {
    let row = op.row();
    let mut random = CaseRandom::new(0xACCE ^ u64::from(row.bits));
    let stores = row.mnemonic.starts_with("st");
    for round in 0..8 {
        let memory: [u8; WINDOW_SIZE] = random.memory();
        let ea = 0x1000_1FF0 + [0_u32, 1, 4, 15, 16, 22, 8, 12][round];
        let (operands, base) =
            if round % 4 == 3 { ("0,r5", 0) } else { ("r4,r5", 0xDEAD_BEEF_0000_0100_u64) };
        let index = ea.wrapping_sub(base as u32);
        let base_name = row.mnemonic.trim_end_matches("128");
        let mut here = format!("{} v98,{operands}", row.mnemonic);
        let mut there = format!("{base_name} v1,{operands}");
        if op == Op::lvewx128 {
            // Only the element is defined: store it elsewhere and compare that.
            let first = &operands[..operands.len() - 3];
            here = format!("{here}\naddi r6,r5,16\nstvewx128 v98,{first},r6");
            there = format!("{there}\naddi r6,r5,16\nstvewx v1,{first},r6");
        }
        let ins = [(R(4), base.into()), (R(5), index.into()), (V(98), random.vector())];
        let outs: &[Reg] = if stores || op == Op::lvewx128 { &[] } else { &[V(98)] };
        let mut case = equivalent(op, &here, &there, &ins, outs, &[(98, 1)]).with_memory(&memory);
        if let Some(question) = &mut case.question {
            question.memory = outs.is_empty();
        }
        cases.push(case);
    }
}

fn words(value: u128) -> [u32; 4] {
    std::array::from_fn(|n| (value >> (96 - 32 * n)) as u32)
}

fn vector(words: [u32; 4]) -> u128 {
    words.iter().fold(0, |value, &word| value << 32 | u128::from(word))
}

/// Four two-bit selectors, the most significant for word 0.
fn permute_words(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0x9E43);
    for selectors in [0x1B_u32, 0xE4, 0x00, 0xFF, 0x93, 0x39, 0xB1, 0x4E, 0x6C, 0xD2] {
        let input = random.vector();
        let from = words(input);
        let out = std::array::from_fn(|n| from[(selectors >> (6 - 2 * n) & 3) as usize]);
        let code = format!("vpermwi128 v65,v127,{selectors}");
        cases.push(GeneratedCase::known(
            op,
            &code,
            &[(V(127), input)],
            &[(V(65), vector(out)), (V(127), input)],
            NOTES,
        ));
    }
}

/// VB rotated left by z words replaces the words of VD that the mask selects.
fn rotate_insert(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0x41AA);
    for (mask, z) in
        [(0, 0), (15, 0), (15, 1), (15, 2), (15, 3), (8, 1), (4, 2), (2, 3), (1, 0), (10, 3), (5, 2), (7, 1)]
    {
        let d = random.vector();
        let b = random.vector();
        let old = words(d);
        let from = words(b);
        let out = std::array::from_fn(|n| if mask >> (3 - n) & 1 != 0 { from[(n + z) % 4] } else { old[n] });
        let code = format!("vrlimi128 v65,v127,{mask},{z}");
        cases.push(GeneratedCase::known(
            op,
            &code,
            &[(V(65), d), (V(127), b)],
            &[(V(65), vector(out))],
            NOTES,
        ));
    }
}

/// Formats with their unpacked words and the packed value: `(type, bits, words, packed)`.
///
/// Normalised components are in the low mantissa bits of 3.0 (signed) or 1.0 (unsigned); packing
/// takes all of them from 3.0. Only such values and halves that need no rounding are used.
fn d3d() -> Vec<(u32, u32, [u32; 4], u64)> {
    vec![
        // ARGB: alpha comes from w.
        (0, 32, [0x3F80_0001, 0x3F80_0002, 0x3F80_0003, 0x3F80_0004], 0x0401_0203),
        (0, 32, [0x3F80_00FF, 0x3F80_0000, 0x3F80_0080, 0x3F80_007F], 0x7FFF_0080),
        (1, 32, [0x4040_7FFF, 0x403F_8001, 0, 0x3F80_0000], 0x7FFF_8001),
        (1, 32, [0x4040_4000, 0x403F_C000, 0, 0x3F80_0000], 0x4000_C000),
        (1, 32, [0x4040_0000, 0x4040_0001, 0, 0x3F80_0000], 0x0000_0001),
        (
            2,
            32,
            [0x4040_0001, 0x403F_FFFF, 0x4040_01FF, 0x3F80_0003],
            3 << 30 | 0x1FF << 20 | 0x3FF << 10 | 1,
        ),
        (3, 32, [0x3F80_0000, 0xC000_0000, 0, 0x3F80_0000], 0x3C00_C000),
        (3, 32, [0x3E80_0000, 0x4200_0000, 0, 0x3F80_0000], 0x3400_5000),
        (4, 64, [0x4040_7FFF, 0x403F_8001, 0x4040_0001, 0x403F_FFFF], 0x7FFF_8001_0001_FFFF),
        (5, 64, [0x3F80_0000, 0xC000_0000, 0x3F00_0000, 0x0000_0000], 0x3C00_C000_3800_0000),
    ]
}

fn pack(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0xD3D0);
    for (kind, bits, mut input, packed) in d3d() {
        if matches!(kind, 0 | 2) {
            input =
                input.map(|word| if word >> 16 == 0x3F80 { word - 0x3F80_0000 + 0x4040_0000 } else { word });
        }
        for z in 0..3_usize {
            let pack = if bits == 32 { 1 } else { 2 };
            let old = random.vector();
            let mut out = words(old);
            let last = 3 - z;
            out[last] = packed as u32;
            if bits == 64 {
                out[last - 1] = (packed >> 32) as u32;
            }
            let code = format!("vpkd3d128 v65,v127,{kind},{pack},{z}");
            let ins = [(V(65), old), (V(127), vector(input))];
            cases.push(GeneratedCase::known(op, &code, &ins, &[(V(65), vector(out))], NOTES));
        }
    }
}

fn unpack(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0xD3D1);
    for (kind, bits, output, packed) in d3d() {
        let mut input = words(random.vector());
        input[3] = packed as u32;
        if bits == 64 {
            input[2] = (packed >> 32) as u32;
        }
        let code = format!("vupkd3d128 v65,v127,{kind}");
        cases.push(GeneratedCase::known(
            op,
            &code,
            &[(V(127), vector(input))],
            &[(V(65), vector(output))],
            NOTES,
        ));
    }
}

/// Small integers, so that the order of rounding does not matter.
fn dot_products(op: Op, cases: &mut Vec<GeneratedCase>) {
    let mut random = CaseRandom::new(0xD07);
    let count = if op == Op::vmsum3fp128 { 3 } else { 4 };
    for _ in 0..8 {
        let numbers = |random: &mut CaseRandom| -> [f32; 4] {
            std::array::from_fn(|_| (random.next() % 41) as f32 - 20.0)
        };
        let a = numbers(&mut random);
        let b = numbers(&mut random);
        let sum: f32 = (0..count).map(|n| a[n] * b[n]).sum();
        if sum == 0.0 {
            continue;
        }
        let bits = |numbers: [f32; 4]| vector(numbers.map(f32::to_bits));
        cases.push(GeneratedCase::known(
            op,
            &format!("{} v65,v98,v127", op.row().mnemonic),
            &[(V(98), bits(a)), (V(127), bits(b))],
            &[(V(65), vector([sum.to_bits(); 4]))],
            NOTES,
        ));
    }
}
