//! Generated cases, for rows that their operands describe completely: qemu provides the results.

use crate::case::{Expected, GeneratedCase, QEMU_SF, Reg, WINDOW};
use crate::values::CaseRandom;
use xenia_isa::{Family, Flag, Op, Operand, Row};

/// Mnemonics of a row with its OE and Rc forms.
pub(crate) fn forms(row: &Row) -> Vec<String> {
    let mut forms = vec![row.mnemonic.to_owned()];
    if row.has(Flag::oe) {
        forms.push(format!("{}o", row.mnemonic));
    }
    if row.has(Flag::rc) || row.has(Flag::vrc) || row.has(Flag::vrc128) {
        forms.extend(forms.clone().iter().map(|form| format!("{form}.")));
    }
    forms
}

/// Appends the cases of a row.
pub(crate) fn cases(op: Op, cases: &mut Vec<GeneratedCase>) {
    let row = op.row();
    let mut random = CaseRandom::new(0x1234_5678 ^ (u64::from(row.bits) << 20) ^ u64::from(row.mask));
    let forms = forms(row);
    let count = match forms.len() {
        1 => 12,
        2 => 8,
        _ => 6,
    };
    for form in &forms {
        for round in 0..count {
            let memory = row.operands.iter().any(|o| matches!(o, Operand::disp | Operand::disp_ds))
                || row.has(Flag::mem);
            cases.push(if memory {
                access(op, form, round, &mut random)
            } else {
                compute(op, form, round, &mut random)
            });
        }
        if matches!(row.family, Family::Integer | Family::Logical | Family::Rotate) {
            for round in 0..3 {
                let case = compute(op, form, round, &mut random);
                cases.extend(in_64_bit_mode(case));
            }
        }
    }
}

/// Whether the row's vector operands are floating-point numbers.
pub(crate) fn takes_floats(row: &Row) -> bool {
    let name = row.name;
    let from_integers = ["vcfsx", "vcfux", "vcsxwfp128", "vcuxwfp128"];
    let to_integers = ["vctsxs", "vctuxs", "vcfpsxws128", "vcfpuxws128"];
    !from_integers.contains(&name)
        && (name.contains("fp") || name.starts_with("vrfi") || to_integers.contains(&name))
}

/// A random value for an immediate field.
pub(crate) fn immediate(row: &Row, operand: Operand, random: &mut CaseRandom) -> i64 {
    match operand {
        Operand::simm => random.pick(&[-32_768, -1, 0, 1, 32_767, 0x1234, -0x1235]),
        Operand::uimm => random.pick(&[0, 1, 0xFFFF, 0x8000, 0x5555, 0x7FFF]),
        Operand::uimm5 => {
            let most = match row.name {
                "vspltb" => 15,
                "vsplth" => 7,
                "vspltw" | "vspltw128" => 3,
                _ => 31,
            };
            (random.next() % (most + 1)) as i64
        }
        // Fields 6 and 7 hold enables and the rounding mode: set the latter only.
        Operand::fpscr_imm => (random.next() % 4) as i64,
        Operand::fpscr_bit => random.pick(&[15, 16, 17, 18, 19, 30, 31]),
        Operand::crfd if row.op == Op::mtfsfix => random.pick(&[3, 4, 7, 7]),
        // Never the enable bits: under qemu an enabled exception would end the program.
        Operand::fm => random.pick(&[0xFD, 0x80, 0x01, 0x55, 0x3C, 0x10]),
        _ => {
            let (least, most) = operand.range().into_inner();
            least + (random.next() % (most - least + 1) as u64) as i64
        }
    }
}

/// A case of a row that computes in registers.
fn compute(op: Op, form: &str, round: usize, random: &mut CaseRandom) -> GeneratedCase {
    let row = op.row();
    let same = round % 6 == 5;
    let mut ins = Vec::new();
    let mut outs = Vec::new();
    let mut texts = Vec::new();
    let mut gprs = 3;
    let mut fprs = 1;
    let mut vectors = 1;
    let next = |counter: &mut u8| {
        let register = *counter;
        *counter += u8::from(!same);
        register
    };
    let floats = takes_floats(row);
    for (position, &operand) in row.operands.iter().enumerate() {
        use Operand::*;
        let text = match operand {
            ra0 if round % 4 == 3 => "0".to_owned(),
            rd | rs | ra | ra0 | rb => {
                let n = next(&mut gprs);
                ins.push((Reg::R(n), u128::from(random.gpr())));
                if position == 0 {
                    outs.push(Reg::R(n));
                }
                format!("r{n}")
            }
            fd | fs | fa | fb | fc => {
                let n = next(&mut fprs);
                let single = row.bits >> 26 == 59 && op != Op::frspx;
                let mut bits = if single { random.single() } else { random.double() };
                if op == Op::mtfsfx {
                    // No enable bits, and FX and VX consistent with the other bits.
                    bits &= !0xFFFF_FFF8;
                    bits |= random.pick(&[0, 0x8200_0000, 0x8A02_1000, 0x0000_F000, 0xA010_0000]);
                }
                ins.push((Reg::F(n), u128::from(bits)));
                if position == 0 && operand == fd {
                    outs.push(Reg::F(n));
                }
                format!("f{n}")
            }
            vd | vs | va | vb | vc => {
                let n = next(&mut vectors);
                let value = if floats { random.float_vector() } else { random.vector() };
                ins.push((Reg::V(n), value));
                if position == 0 && operand == vd {
                    outs.push(Reg::V(n));
                }
                format!("v{n}")
            }
            crfd if op != Op::mtfsfix => format!("cr{}", immediate(row, operand, random)),
            crfs => immediate(row, operand, random).to_string(),
            _ => immediate(row, operand, random).to_string(),
        };
        texts.push(text);
    }
    // Shifts: amounts around the widths.
    if row.family == Family::Rotate && row.operands.contains(&Operand::rb) && !same {
        let amount = random.pick(&[0, 1, 31, 32, 33, 63, 64, 65, 127, 0xFFFF_FFFF_0000_0004]);
        ins.push((Reg::R(5), amount));
    }
    add_status(op, random, &mut ins, &mut outs);
    let code = format!("{form} {}", texts.join(","));
    GeneratedCase::for_qemu(op, &code, &ins, &outs)
}

/// Adds the status registers that a row may read, and those that it may change.
fn add_status(op: Op, random: &mut CaseRandom, ins: &mut Vec<(Reg, u128)>, outs: &mut Vec<Reg>) {
    match op.row().family {
        Family::Integer | Family::Logical | Family::Rotate | Family::Branch | Family::System => {
            ins.push((Reg::Cr, u128::from(random.next() as u32)));
            ins.push((Reg::Xer, random.pick(&[0, 0x2000_0000, 0x8000_0000, 0xE000_0000, 0x0000_007F])));
            outs.extend([Reg::Cr, Reg::Xer]);
        }
        Family::Float => {
            let mut mode = random.pick(&[0, 0, 0, 1, 2, 3]);
            if matches!(op, Op::fnmaddx | Op::fnmaddsx | Op::fnmsubx | Op::fnmsubsx) {
                // qemu negates before it rounds, which is wrong in the directed modes.
                mode &= 1;
            }
            ins.push((Reg::Fpscr, mode | random.pick(&[0, 0, 0x8200_0000])));
            outs.extend([Reg::Cr, Reg::Fpscr]);
        }
        _ => {
            ins.push((Reg::Vscr, random.pick(&[0x1_0000, 0x1_0000, 0x1_0001])));
            outs.extend([Reg::Cr, Reg::Vscr]);
        }
    }
}

/// The case with MSR\[SF\] set around its instruction.
fn in_64_bit_mode(mut case: GeneratedCase) -> Option<GeneratedCase> {
    let question = case.question.as_mut()?;
    question.sf = true;
    case.code = format!(
        "mfmsr r30\nli r31,1\nsldi r31,r31,63\nor r31,r31,r30\nmtmsrd r31\n{}\nmtmsrd r30",
        question.code
    );
    case.source = QEMU_SF;
    Some(case)
}

/// Address operands of an access, and the registers that they use.
struct Place {
    text: String,
    ins: Vec<(Reg, u128)>,
}

/// Operands for an effective address, by the row's shape.
fn place(row: &Row, ea: u32, round: usize, random: &mut CaseRandom) -> Place {
    let updates = row.operands.contains(&Operand::ra);
    if row.operands.contains(&Operand::rb) {
        if !updates && round % 4 == 3 {
            return Place { text: "0,r5".to_owned(), ins: vec![(Reg::R(5), ea.into())] };
        }
        let index = random.pick(&[0_i64, 8, -8, 0x100, -1, 0x7FFF_0000]);
        let mut base = i64::from(ea).wrapping_sub(index) as u64;
        if !updates {
            // In 32-bit mode the upper half of an address is ignored.
            base = base & 0xFFFF_FFFF | random.pick(&[0, 0xDEAD_BEEF_0000_0000]);
        }
        return Place {
            text: "r4,r5".to_owned(),
            ins: vec![(Reg::R(4), base.into()), (Reg::R(5), u128::from(index as u64))],
        };
    }
    let displacement = random.pick(&[0_i64, 8, -8, 0x7FFC, -0x8000]);
    let base = i64::from(ea).wrapping_sub(displacement) as u64;
    let upper = if updates { 0 } else { random.pick(&[0, 0x0000_0001_0000_0000]) };
    Place { text: format!("{displacement}(r4)"), ins: vec![(Reg::R(4), (base | upper).into())] }
}

/// A case of a load or store.
fn access(op: Op, form: &str, round: usize, random: &mut CaseRandom) -> GeneratedCase {
    let row = op.row();
    let deltas: [i32; 12] = [0, 8, -1, -2, -3, -4, -7, -8, 1, 2, 3, 17];
    let mut ea = (0x1000_2000 + deltas[round % 12]) as u32;
    match op {
        Op::lwarx | Op::lmw | Op::stmw => ea &= !3,
        Op::ldarx => ea &= !7,
        _ => {}
    }
    let memory = random.memory();
    if matches!(op, Op::lswi | Op::stswi | Op::lswx | Op::stswx | Op::lmw | Op::stmw) {
        return several(op, ea, random).with_memory(&memory);
    }
    let Place { text, mut ins } = place(row, ea, round, random);
    let mut outs = Vec::new();
    if row.operands.contains(&Operand::ra) {
        outs.push(Reg::R(4));
    }
    let mut stores = false;
    let register = match row.operands[0] {
        Operand::rd => Reg::R(3),
        Operand::fd => Reg::F(1),
        Operand::vd => Reg::V(1),
        Operand::rs => {
            stores = true;
            ins.push((Reg::R(3), random.gpr().into()));
            Reg::R(3)
        }
        Operand::fs => {
            stores = true;
            let single = row.mnemonic.starts_with("stfs");
            let bits = if single { random.single() } else { random.double() };
            ins.push((Reg::F(1), bits.into()));
            Reg::F(1)
        }
        Operand::vs => {
            stores = true;
            ins.push((Reg::V(1), random.vector()));
            Reg::V(1)
        }
        other => unreachable!("{other:?} is not a register"),
    };
    let mut code = format!("{form} {register},{text}");
    if let Op::lvebx | Op::lvehx | Op::lvewx = op {
        // Only the element is defined: store it elsewhere and compare that.
        let store = form.replacen('l', "st", 1);
        code = format!("{code}\nli r6,16\nadd r6,r6,r5\n{store} {register},{},r6", &text[..text.len() - 3]);
        stores = true;
    } else if !stores {
        outs.push(register);
    }
    let mut case = GeneratedCase::for_qemu(op, &code, &ins, &outs).with_memory(&memory);
    if let Some(question) = &mut case.question {
        question.memory = stores;
        if matches!(op, Op::ldbrx | Op::stdbrx) {
            question.cpu = "power7";
        }
    }
    case
}

/// A case of a multiple or string access: registers r27 to r31.
fn several(op: Op, ea: u32, random: &mut CaseRandom) -> GeneratedCase {
    let row = op.row();
    let stores = row.mnemonic.starts_with("st");
    let bytes = random.pick(&[1_u64, 3, 4, 7, 8, 16, 17, 20]);
    let mut ins = vec![(Reg::R(4), u128::from(ea))];
    let operands = match op {
        Op::lmw | Op::stmw => "0(r4)".to_owned(),
        Op::lswi | Op::stswi => format!("r4,{bytes}"),
        _ => {
            ins.push((Reg::R(5), 0));
            ins.push((Reg::Xer, u128::from(bytes)));
            "r4,r5".to_owned()
        }
    };
    let registers = crate::registers(Reg::R, &[27, 28, 29, 30, 31]);
    // Bytes of the last register that a short load does not fill are zero; registers after it keep
    // their values.
    for &register in &registers {
        ins.push((register, random.gpr().into()));
    }
    let outs = if stores { Vec::new() } else { registers };
    let mut case = GeneratedCase::for_qemu(op, &format!("{} r27,{operands}", row.mnemonic), &ins, &outs);
    if let Some(question) = &mut case.question {
        question.memory = stores;
    }
    case
}

/// Sets the memory that a known case expects.
pub(crate) fn expect_memory(case: &mut GeneratedCase, addr: u32, bytes: &[u8]) {
    debug_assert!(addr >= WINDOW);
    case.outs.push(Expected::Memory(addr, bytes.to_vec()));
}
