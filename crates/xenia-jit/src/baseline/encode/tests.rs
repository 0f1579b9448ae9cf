//! Tests of every encoding against a complete decoder, iced-x86.

use super::*;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

const REGISTERS: [HostReg; 15] = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// The single instruction that `write` emits. If it changes flags, the encoder must know.
fn decoded(write: impl FnOnce(&mut Encoder)) -> Instruction {
    let mut e = Encoder::new();
    e.flags = Some(0);
    write(&mut e);
    let instruction = Decoder::new(64, e.code(), DecoderOptions::NONE).decode();
    assert!(!instruction.is_invalid(), "{:02x?}", e.code());
    assert_eq!(instruction.len(), e.len(), "{instruction}: {:02x?}", e.code());
    let keeps_flags = instruction.rflags_modified() == 0;
    assert!(keeps_flags || e.flags.is_none(), "{instruction} changes flags");
    instruction
}

/// Whether operand `n` of an instruction is `rm`.
fn is_operand(instruction: &Instruction, n: u32, rm: Rm) -> bool {
    let is_memory = instruction.op_kind(n) == OpKind::Memory;
    let displacement = instruction.memory_displacement64() as i64;
    match rm {
        Rm::Reg(reg) => {
            instruction.op_kind(n) == OpKind::Register
                && instruction.op_register(n).full_register().number() == usize::from(reg)
                // With a REX prefix, no register is a high byte.
                && !matches!(instruction.op_register(n), Register::AH | Register::CH | Register::DH | Register::BH)
        }
        Rm::Ctx(at) => {
            is_memory
                && instruction.memory_base() == Register::RBP
                && instruction.memory_index() == Register::None
                && displacement == i64::from(at)
        }
        Rm::CtxWord(index, at) => {
            is_memory
                && instruction.memory_base() == Register::RBP
                && instruction.memory_index().number() == usize::from(index)
                && instruction.memory_index_scale() == 8
                && displacement == i64::from(at)
        }
        Rm::Guest(base, at) => {
            is_memory
                && instruction.memory_segment() == Register::GS
                && instruction.memory_base().size() == 4
                && instruction.memory_base().number() == usize::from(base)
                && instruction.memory_index() == Register::None
                && displacement as i32 == at
        }
        Rm::GuestSum(base, index) => {
            let named = [instruction.memory_base(), instruction.memory_index()];
            is_memory
                && instruction.memory_segment() == Register::GS
                && named.iter().all(|register| register.size() == 4)
                && [[base, index], [index, base]].contains(&named.map(|register| register.number() as u8))
                && instruction.memory_index_scale() == 1
                && displacement == 0
        }
        Rm::Host(at) => {
            is_memory
                && instruction.memory_base() == Register::RAX
                && instruction.memory_index() == Register::None
                && displacement == i64::from(at)
        }
    }
}

fn operands() -> impl Iterator<Item = Rm> {
    let places = [Rm::Ctx(-128), Rm::Ctx(127), Rm::Ctx(-129), Rm::Ctx(4000), Rm::Host(0), Rm::Host(8)];
    let words = [-129, -128, 64, 128].map(|at| [0, 1].map(|index| Rm::CtxWord(index, at)));
    let guest = [0, 1, -128, 128, i32::MIN].map(|at| REGISTERS.map(|base| Rm::Guest(base, at)));
    let sums = [0, 5, 12, 13].map(|index| REGISTERS.map(|base| Rm::GuestSum(base, index)));
    let guest = guest.into_iter().chain(sums).flatten();
    REGISTERS.into_iter().map(Rm::Reg).chain(places).chain(words.into_iter().flatten()).chain(guest)
}

#[test]
fn every_form_is_what_a_whole_decoder_reads() {
    let forms = [
        (ADD, Mnemonic::Add),
        (ADC, Mnemonic::Adc),
        (OR, Mnemonic::Or),
        (AND, Mnemonic::And),
        (SUB, Mnemonic::Sub),
        (XOR, Mnemonic::Xor),
        (CMP, Mnemonic::Cmp),
        (TEST, Mnemonic::Test),
        (IMUL, Mnemonic::Imul),
        (LZCNT, Mnemonic::Lzcnt),
        (MOV, Mnemonic::Mov),
        (MOVSXD, Mnemonic::Movsxd),
        (MOVZX8, Mnemonic::Movzx),
        (MOVZX16, Mnemonic::Movzx),
        (MOVSX8, Mnemonic::Movsx),
        (MOVSX16, Mnemonic::Movsx),
        (STORE, Mnemonic::Mov),
        (STORE.half(), Mnemonic::Mov),
        (STORE8, Mnemonic::Mov),
        (ADD.into(), Mnemonic::Add),
        (OR.into(), Mnemonic::Or),
        (AND.into(), Mnemonic::And),
        (SUB.into(), Mnemonic::Sub),
        (XOR.into(), Mnemonic::Xor),
        (SUB.byte(), Mnemonic::Sub),
        (MOVBE, Mnemonic::Movbe),
        (MOVBE_STORE, Mnemonic::Movbe),
        (MOVBE_STORE.half(), Mnemonic::Movbe),
        (CMPXCHG, Mnemonic::Cmpxchg),
    ];
    for (form, mnemonic) in forms {
        let into = [ADD, OR, AND, SUB, XOR].map(Form::into);
        let stores = [STORE, STORE.half(), STORE8, MOVBE_STORE, MOVBE_STORE.half(), CMPXCHG, TEST];
        let stores = [&stores[..], &into].concat();
        for (width, reg, rm) in operands()
            .flat_map(|rm| REGISTERS.into_iter().flat_map(move |reg| [(Dword, reg, rm), (Qword, reg, rm)]))
        {
            let has_byte_width = form.is_byte && stores.contains(&form) || form == SUB.byte();
            let needs_memory = matches!(mnemonic, Mnemonic::Movbe | Mnemonic::Cmpxchg);
            if needs_memory && matches!(rm, Rm::Reg(_))
                || width == Qword && (form.prefix == 0x66 || has_byte_width)
            {
                continue;
            }
            let instruction = decoded(|e| e.op(width, form, reg, rm));
            let (reg_at, rm_at) = if stores.contains(&form) { (1, 0) } else { (0, 1) };
            let text = format!("{instruction} of {form:?} {width:?} {reg} {rm:?}");
            assert_eq!(instruction.mnemonic(), mnemonic, "{text}");
            assert!(is_operand(&instruction, reg_at, Rm::Reg(reg)), "{text}");
            assert!(is_operand(&instruction, rm_at, rm), "{text}");
            assert_eq!(instruction.has_lock_prefix(), form == CMPXCHG, "{text}");
            let size = match (has_byte_width, form.prefix == 0x66, width) {
                (true, ..) => 1,
                (_, true, _) => 2,
                (.., Qword) => 8,
                _ => 4,
            };
            assert_eq!(instruction.op_register(reg_at).size(), size, "{text}");
        }
    }
}

#[test]
fn forms_on_xmm_registers_are_what_a_whole_decoder_reads() {
    for (form, mnemonic, size, reg_at) in [
        (MOVD, Mnemonic::Movd, Dword, 0),
        (MOVD, Mnemonic::Movq, Qword, 0),
        (MOVD_FROM, Mnemonic::Movd, Dword, 1),
        (MOVD_FROM, Mnemonic::Movq, Qword, 1),
        (CVTSI2SD, Mnemonic::Cvtsi2sd, Dword, 0),
        (CVTSI2SD, Mnemonic::Cvtsi2sd, Qword, 0),
        (CVTSS2SD, Mnemonic::Cvtss2sd, Dword, 0),
        (CVTPD2PS, Mnemonic::Cvtpd2ps, Dword, 0),
        (CVTPS2PD, Mnemonic::Cvtps2pd, Dword, 0),
        (MOVAPS, Mnemonic::Movaps, Dword, 0),
        (MOVQ, Mnemonic::Movq, Dword, 0),
        (PADDQ, Mnemonic::Paddq, Dword, 0),
        (PADDW, Mnemonic::Paddw, Dword, 0),
        (PAND, Mnemonic::Pand, Dword, 0),
        (POR, Mnemonic::Por, Dword, 0),
        (PXOR, Mnemonic::Pxor, Dword, 0),
        (PCMPEQD, Mnemonic::Pcmpeqd, Dword, 0),
        (PACKSSDW, Mnemonic::Packssdw, Dword, 0),
        (PACKUSWB, Mnemonic::Packuswb, Dword, 0),
        (UNPCKLPS, Mnemonic::Unpcklps, Dword, 0),
        (UCOMISS, Mnemonic::Ucomiss, Dword, 0),
        (MOVSD, Mnemonic::Movsd, Dword, 0),
        (MOVSD_STORE, Mnemonic::Movsd, Dword, 1),
        (MOVLPS_STORE, Mnemonic::Movlps, Dword, 1),
        (MOVUPS_STORE, Mnemonic::Movups, Dword, 1),
    ] {
        for (reg, rm) in operands().flat_map(|rm| [0, 1, 7, 9].map(|reg| (reg, rm))) {
            // MOVLPS stores to memory only.
            if form == MOVLPS_STORE && matches!(rm, Rm::Reg(_)) {
                continue;
            }
            let instruction = decoded(|e| e.op(size, form, reg, rm));
            assert_eq!(instruction.mnemonic(), mnemonic, "{instruction}");
            let xmm = instruction.op_register(reg_at);
            assert!(xmm.is_xmm() && xmm.number() == usize::from(reg), "{instruction}");
            // Forms of two xmm registers have the second one as their operand.
            if !matches!(rm, Rm::Reg(_)) || !instruction.op_register(1 - reg_at).is_xmm() {
                assert!(is_operand(&instruction, 1 - reg_at, rm), "{instruction} {rm:?}");
            }
        }
    }
}

#[test]
fn forms_of_three_operands_are_what_a_whole_decoder_reads() {
    let places = [Rm::Ctx(-128), Rm::Ctx(127), Rm::Ctx(-129), Rm::Ctx(4000)];
    for (form, mnemonic, other_at, rm_at) in [
        (SHLX, Mnemonic::Shlx, 2, 1),
        (SARX, Mnemonic::Sarx, 2, 1),
        (SHRX, Mnemonic::Shrx, 2, 1),
        (BZHI, Mnemonic::Bzhi, 2, 1),
        (ANDN, Mnemonic::Andn, 1, 2),
    ] {
        for (reg, other) in REGISTERS.into_iter().flat_map(|reg| REGISTERS.map(|other| (reg, other))) {
            for rm in REGISTERS.map(Rm::Reg).into_iter().chain(places) {
                for (size, width) in [(Dword, 4), (Qword, 8)] {
                    let instruction = decoded(|e| e.vex(size, form, reg, other, rm));
                    assert_eq!(instruction.mnemonic(), mnemonic, "{instruction}");
                    assert!(is_operand(&instruction, 0, Rm::Reg(reg)), "{instruction} {reg}");
                    assert!(is_operand(&instruction, other_at, Rm::Reg(other)), "{instruction} {other}");
                    assert!(is_operand(&instruction, rm_at, rm), "{instruction} {rm:?}");
                    assert_eq!(instruction.op0_register().size(), width, "{instruction}");
                }
            }
        }
    }
}

#[test]
fn immediates_and_shifts_are_what_a_whole_decoder_reads() {
    let operations = [
        (Imm::Add, Mnemonic::Add),
        (Imm::Or, Mnemonic::Or),
        (Imm::Adc, Mnemonic::Adc),
        (Imm::And, Mnemonic::And),
        (Imm::Sub, Mnemonic::Sub),
        (Imm::Xor, Mnemonic::Xor),
        (Imm::Cmp, Mnemonic::Cmp),
    ];
    for ((operation, mnemonic), rm) in operations.into_iter().flat_map(|o| operands().map(move |rm| (o, rm)))
    {
        for (size, value) in
            [(Dword, 5), (Qword, -128), (Dword, 128), (Qword, i32::MIN), (Qword, 0x1234_5678)]
        {
            let instruction = decoded(|e| e.imm(size, operation, rm, value));
            assert_eq!(instruction.mnemonic(), mnemonic);
            assert!(is_operand(&instruction, 0, rm), "{instruction} {rm:?}");
            assert_eq!(instruction.immediate(1) as i32, value, "{instruction}");
        }
    }
    for (rm, value) in operands().flat_map(|rm| [0, 7, -7, i32::MAX].map(|value| (rm, value))) {
        let instruction = decoded(|e| e.constant(rm, value));
        assert_eq!(instruction.mnemonic(), Mnemonic::Mov);
        assert!(is_operand(&instruction, 0, rm), "{instruction} {rm:?}");
        let is_wide = instruction.op0_kind() == OpKind::Memory || instruction.op0_register().size() == 8;
        assert!(is_wide || value >= 0, "{instruction}");
        assert_eq!(instruction.immediate(1) as i32, value, "{instruction}");
    }
    for (shift, mnemonic) in [
        (Shift::RotateLeft, Mnemonic::Rol),
        (Shift::Left, Mnemonic::Shl),
        (Shift::Right, Mnemonic::Shr),
        (Shift::RightSigned, Mnemonic::Sar),
    ] {
        for reg in REGISTERS {
            for instruction in [
                decoded(|e| e.shift(Qword, shift, reg, 63)),
                decoded(|e| e.shift(Dword, shift, reg, 1)),
                decoded(|e| e.shift_by_cl(Dword, shift, reg)),
            ] {
                assert_eq!(instruction.mnemonic(), mnemonic);
                assert!(is_operand(&instruction, 0, Rm::Reg(reg)), "{instruction}");
            }
            assert_eq!(decoded(|e| e.swap_half(reg)).mnemonic(), Mnemonic::Rol);
            assert_eq!(decoded(|e| e.swap(Qword, reg)).op0_register().number(), usize::from(reg));
        }
    }
}

#[test]
fn addresses_and_the_rest_are_what_a_whole_decoder_reads() {
    for reg in REGISTERS {
        for base in REGISTERS {
            for displacement in [1, -128, 0x1234] {
                let lea = decoded(|e| e.lea(Qword, reg, base, displacement));
                assert_eq!(lea.mnemonic(), Mnemonic::Lea);
                assert_eq!(lea.op0_register().number(), usize::from(reg));
                assert_eq!(lea.memory_base().number(), usize::from(base), "{lea}");
                assert_eq!(lea.memory_index(), Register::None, "{lea}");
                assert_eq!(lea.memory_displacement64() as i64, i64::from(displacement), "{lea}");
            }
            let sum = decoded(|e| e.lea_sum(Dword, reg, base, 3));
            let named = [sum.memory_base().number(), sum.memory_index().number()];
            assert!(named.contains(&usize::from(base)) && named.contains(&3), "{sum}");
            assert_eq!(sum.memory_displacement64(), 0, "{sum}");
            let sum = decoded(|e| e.lea_sum(Qword, reg, 13, base));
            assert!([sum.memory_base(), sum.memory_index()].iter().any(|r| r.number() == 13), "{sum}");
        }
        for (operation, mnemonic) in [
            (Unary::Not, Mnemonic::Not),
            (Unary::Neg, Mnemonic::Neg),
            (Unary::Div, Mnemonic::Div),
            (Unary::DivSigned, Mnemonic::Idiv),
        ] {
            assert_eq!(decoded(|e| e.unary(Qword, operation, Rm::Reg(reg))).mnemonic(), mnemonic);
        }
        for value in [-3, 127, 128, -32768] {
            let product = decoded(|e| e.multiply(reg, Rm::Ctx(64), value));
            assert_eq!((product.mnemonic(), product.op_count()), (Mnemonic::Imul, 3));
            assert_eq!(product.immediate(2) as i32, value, "{product}");
        }
        assert_eq!(decoded(|e| e.bit_test(Rm::Reg(reg), 62)).mnemonic(), Mnemonic::Bt);
        assert!(is_operand(&decoded(|e| e.set(Condition::LESS, Rm::Reg(reg))), 0, Rm::Reg(reg)));
        assert_eq!(decoded(|e| e.word(reg, u32::MAX)).immediate32(), u32::MAX);
        assert_eq!(decoded(|e| e.address(reg, u64::MAX - 5)).immediate64(), u64::MAX - 5);
        assert_eq!(decoded(|e| e.push(reg)).mnemonic(), Mnemonic::Push);
        assert!(is_operand(&decoded(|e| e.pop(reg)), 0, Rm::Reg(reg)));
    }
    for (condition, mnemonic) in [
        (Condition::CARRY, Mnemonic::Jb),
        (Condition::NOT_CARRY, Mnemonic::Jae),
        (Condition::EQUAL, Mnemonic::Je),
        (Condition::NOT_EQUAL, Mnemonic::Jne),
        (Condition::NOT_OVERFLOW, Mnemonic::Jno),
        (Condition::ABOVE, Mnemonic::Ja),
        (Condition::PARITY_EVEN, Mnemonic::Jp),
        (Condition::LESS, Mnemonic::Jl),
        (Condition::GREATER, Mnemonic::Jg),
    ] {
        assert_eq!(decoded(|e| _ = e.jump_if(condition)).mnemonic(), mnemonic);
        assert_eq!(decoded(|e| _ = e.jump_if_short(condition)).mnemonic(), mnemonic);
    }
    assert_eq!(decoded(|e| _ = e.call()).mnemonic(), Mnemonic::Call);
    assert_eq!(decoded(|e| _ = e.jump()).mnemonic(), Mnemonic::Jmp);
    assert_eq!(decoded(|e| _ = e.jump_short()).mnemonic(), Mnemonic::Jmp);
    assert_eq!(decoded(|e| e.call_register(RCX)).mnemonic(), Mnemonic::Call);
    assert_eq!(decoded(|e| e.jump_to_register(RCX)).op0_register(), Register::RCX);
    assert_eq!(decoded(|e| e.jump_through(4000)).mnemonic(), Mnemonic::Jmp);
    assert_eq!(decoded(Encoder::ret).mnemonic(), Mnemonic::Ret);
    let fence = decoded(Encoder::memory_fence);
    assert_eq!((fence.mnemonic(), fence.memory_base()), (Mnemonic::Or, Register::RSP));
    assert_eq!((fence.memory_displacement64().cast_signed(), fence.immediate8to32()), (-4, 0));
    assert!(fence.has_lock_prefix());
    assert_eq!(decoded(|e| e.test_al(3)).mnemonic(), Mnemonic::Test);
    let test = decoded(|e| e.test_cl(64));
    assert_eq!((test.mnemonic(), test.op0_register(), test.immediate8()), (Mnemonic::Test, Register::CL, 64));
    let test = decoded(|e| e.test(Rm::Ctx(64), 1 << 20));
    assert_eq!((test.mnemonic(), test.immediate32()), (Mnemonic::Test, 1 << 20));
    assert!(is_operand(&test, 0, Rm::Ctx(64)));
}

#[test]
fn jumps_back_of_any_distance_lead_to_their_target() {
    for (distance, length) in [(0, 2), (126, 2), (127, 6), (1000, 6)] {
        let mut e = Encoder::new();
        e.raw(&vec![0x90; 5 + distance]);
        e.jump_back_if(Condition::LESS.not(), 5);
        let last = Decoder::new(64, e.code(), DecoderOptions::NONE).iter().last().unwrap();
        assert_eq!((last.mnemonic(), last.len(), last.near_branch_target()), (Mnemonic::Jge, length, 5));
    }
}

#[test]
fn distances_lie_within_eight_aligned_bytes() {
    for (front, ahead) in (0..16).flat_map(|front| [(front, 1), (front, 2)]) {
        let mut e = Encoder::new();
        e.raw(&vec![0x90; front]);
        e.align_field(ahead);
        let field = if ahead == 1 { e.jump() } else { e.jump_if(Condition::LESS) };
        assert!(field % 8 <= 4, "{front} {ahead} {field}");
        let mut decoder = Decoder::new(64, e.code(), DecoderOptions::NONE);
        let last = decoder.iter().last().unwrap();
        assert!(last.is_jmp_near() || last.is_jcc_near());
    }
}
