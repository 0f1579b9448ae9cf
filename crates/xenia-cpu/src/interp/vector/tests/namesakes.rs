//! Tests of VMX128's rows against AltiVec's rows of the same operation.

use crate::interp::float::tests::Operands;
use crate::interp::testing::{CpuHarness, DATA};
use crate::vscr_bit;
use xenia_guest::GuestAddr;
use xenia_isa::{Family, Flag, Instruction, Op, Operand};

/// AltiVec's row of the same operation, if a VMX128 row has one.
fn namesake(op: Op) -> Option<Op> {
    let name = op.row().name;
    let base = match name {
        "vcfpsxws128" => "vctsxs",
        "vcfpuxws128" => "vctuxs",
        "vcsxwfp128" => "vcfsx",
        "vcuxwfp128" => "vcfux",
        // The third operand of these is vD.
        "vsel128" | "vmaddfp128" | "vmaddcfp128" | "vnmsubfp128" => return None,
        _ => name.strip_suffix("128")?,
    };
    Op::all().find(|other| other.row().name == base)
}

#[test]
fn vmx128_rows_do_what_their_namesakes_do() {
    let mut random = Operands::new(0xABCD_EF01_2345_6789);
    let mut rows = 0;
    let mut machine = CpuHarness::new();
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
            machine.ctx.vscr = random.next_u64() as u32 & vscr_bit::NJ;
            let image: Vec<u8> = (0..512).map(|_| random.next_u64() as u8).collect();
            let before = machine.ctx.clone();
            let run = |machine: &mut CpuHarness, word| {
                machine.memory.write_bytes(GuestAddr(DATA), &image).unwrap();
                let ended = machine.interp.execute(&mut machine.ctx, &mut machine.devices, Instruction(word));
                let mut bytes = vec![0; 512];
                machine.memory.read_bytes(GuestAddr(DATA), &mut bytes).unwrap();
                (ended, bytes, machine.ctx.vscr, machine.ctx.cr)
            };
            let is_memory = op.row().has(Flag::mem) || matches!(op, Op::lvsl128 | Op::lvsr128);
            let stores = other.row().operands.contains(&Operand::vs);
            let outcome = run(&mut machine, i.0);
            let result = machine.ctx.vr[i.vd128()];
            machine.ctx = before.clone();
            machine.ctx.vr[1] = before.vr[i.vd128()];
            if !is_memory {
                let a = before.vr[i.va128()];
                let b = before.vr[i.vb128()];
                machine.ctx.vr[2] = a;
                machine.ctx.vr[3] = b;
                machine.ctx.vr[4] = before.vr[i.vc3()];
            }
            let other_outcome = run(&mut machine, word);
            assert_eq!(outcome, other_outcome, "{op:?} {:08x}", i.0);
            if !stores {
                assert_eq!(result, machine.ctx.vr[1], "{op:?} {:08x}", i.0);
            }
        }
    }
    assert!(rows >= 60, "{rows}");
}
