//! Random instructions of the kinds that Cranelift emits.

use super::machine::Program;
use crate::hook::Hook;
use iced_x86::{Code, Encoder, Instruction, MemoryOperand, Register};
use xenia_testing::Dice;

/// Offset in bytes of a frame's vector slots; the general ones are at its start.
const VECTOR_SLOTS: i64 = 0x40;

/// A marked access: its offset, its mark's field, and the moves in between.
pub(super) struct Marked {
    pub(super) at: u32,
    pub(super) field: usize,
    pub(super) moves: Vec<u8>,
}

/// Writes a function.
pub(super) struct Writer {
    pub(super) dice: Dice,
    pub(super) encoder: Encoder,
    pub(super) program: Program,
    pub(super) blocks: Vec<u32>,
    pub(super) starts: Vec<u32>,
    pub(super) marks: Vec<Marked>,
    /// Numbers of the registers that the function uses most.
    pub(super) registers: Vec<u32>,
    /// Fields with distances to blocks: the field, where its distance counts from, the block.
    pub(super) fields: Vec<(usize, usize, usize)>,
    /// Fields with distances to constants.
    pub(super) constants: Vec<usize>,
}

pub(super) fn i1(code: Code, a: Register) -> Instruction {
    Instruction::with1(code, a).unwrap()
}

/// An instruction with two registers.
pub(super) fn rr(code: Code, a: Register, b: Register) -> Instruction {
    Instruction::with2(code, a, b).unwrap()
}

/// An instruction with a register and memory.
pub(super) fn rm(code: Code, a: Register, b: MemoryOperand) -> Instruction {
    Instruction::with2(code, a, b).unwrap()
}

/// An instruction with memory and a register.
fn mr(code: Code, a: MemoryOperand, b: Register) -> Instruction {
    Instruction::with2(code, a, b).unwrap()
}

/// An instruction with a register and a constant.
pub(super) fn ri(code: Code, a: Register, b: i32) -> Instruction {
    Instruction::with2(code, a, b).unwrap()
}

pub(super) fn at(base: Register, displacement: i64) -> MemoryOperand {
    let size = match displacement {
        0 => 0,
        -128..=127 => 1,
        _ => 8,
    };
    MemoryOperand::with_base_displ_size(base, displacement, size)
}

/// Memory at a distance that is filled in later.
pub(super) fn near() -> MemoryOperand {
    MemoryOperand::with_base_displ_size(Register::RIP, 0, 8)
}

impl Writer {
    pub(super) fn one<T: Copy>(&mut self, from: &[T]) -> T {
        self.dice.pick(from).unwrap()
    }

    fn number(&mut self) -> u32 {
        self.dice.pick(&self.registers).unwrap()
    }

    fn r64(&mut self) -> Register {
        Register::RAX + self.number()
    }

    fn r32(&mut self) -> Register {
        Register::EAX + self.number()
    }

    fn r8(&mut self) -> Register {
        match self.number() {
            number @ 0..4 => Register::AL + number,
            number => Register::SPL + (number - 4),
        }
    }

    fn xmm(&mut self) -> Register {
        Register::XMM0 + self.dice.below(3) as u32
    }

    pub(super) fn len(&self) -> usize {
        self.program.code.len()
    }

    /// Appends an instruction. Returns its offset.
    pub(super) fn put(&mut self, instruction: Instruction) -> u32 {
        let start = self.len();
        self.encoder.encode(&instruction, start as u64).unwrap_or_else(|e| panic!("{instruction}: {e}"));
        self.program.code.extend(self.encoder.take_buffer());
        start as u32
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.program.code.extend(bytes);
    }

    /// Appends a distance to a block, from the field's end.
    pub(super) fn distance(&mut self, block: usize) {
        self.bytes(&[0; 4]);
        self.fields.push((self.len() - 4, self.len(), block));
    }

    pub(super) fn fill(&mut self, field: usize, distance: usize) {
        self.program.code[field..field + 4].copy_from_slice(&(distance as u32).to_le_bytes());
    }

    fn memory(&mut self) -> MemoryOperand {
        let displacement = self.one(&[0, 8, 0x10, -0x58, 0x120, 4]);
        let base = if self.dice.one_in(4) { Register::R15 } else { self.r64() };
        if self.dice.one_in(4) {
            let index = self.r64();
            let scale = self.one(&[1, 2, 4, 8]);
            return MemoryOperand::new(base, index, scale, displacement, 8, false, Register::None);
        }
        at(base, displacement)
    }

    fn slot(&mut self) -> MemoryOperand {
        at(Register::RSP, 8 * self.dice.below(4) as i64)
    }

    fn vector_slot(&mut self) -> MemoryOperand {
        // Now and then one that overlaps two others, or the general ones.
        let odd = self.one(&[0, 0, 0, 0, 0, 0, 0, 8, -0x30]);
        at(Register::RSP, VECTOR_SLOTS + odd + 16 * self.dice.below(3) as i64)
    }

    fn copy(&mut self) {
        let copy = match self.dice.below(8) {
            0 | 1 => rr(Code::Mov_r64_rm64, self.r64(), self.r64()),
            2 => rr(Code::Mov_rm64_r64, self.r64(), self.r64()),
            3 | 4 => rr(Code::Mov_r32_rm32, self.r32(), self.r32()),
            5 => rr(Code::Mov_r64_rm64, self.r64(), Register::R15),
            6 => rr(self.one(&[Code::Movzx_r32_rm8, Code::Movsx_r32_rm8]), self.r32(), self.r8()),
            _ => rr(Code::Movsxd_r64_rm32, self.r64(), self.r32()),
        };
        self.put(copy);
    }

    /// A move that may lie between an access and its mark.
    fn stack_move(&mut self) -> Instruction {
        match self.dice.below(7) {
            0 | 1 => mr(Code::Mov_rm64_r64, self.slot(), self.r64()),
            2 | 3 => rm(Code::Mov_r64_rm64, self.r64(), self.slot()),
            4 => mr(Code::Movdqu_xmmm128_xmm, self.vector_slot(), self.xmm()),
            5 => rm(Code::Movdqu_xmm_xmmm128, self.xmm(), self.vector_slot()),
            _ => rr(Code::Movaps_xmm_xmmm128, self.xmm(), self.xmm()),
        }
    }

    fn access(&mut self) -> Instruction {
        let memory = self.memory();
        match self.dice.below(8) {
            0 | 1 => rm(Code::Mov_r32_rm32, self.r32(), memory),
            2 => rm(Code::Mov_r64_rm64, self.r64(), memory),
            3 => mr(Code::Mov_rm32_r32, memory, self.r32()),
            4 => mr(Code::Mov_rm64_r64, memory, self.r64()),
            5 => rm(Code::Movzx_r32_rm8, self.r32(), memory),
            6 => rm(Code::Movdqu_xmm_xmmm128, self.xmm(), memory),
            _ => mr(Code::Mov_rm8_r8, memory, self.r8()),
        }
    }

    /// An access, in most cases with a mark.
    fn marked(&mut self, access: Instruction) {
        let at = self.put(access);
        if self.dice.one_in(4) {
            return;
        }
        let start = self.len();
        for _ in 0..self.dice.below(5).saturating_sub(2) {
            let between = self.stack_move();
            self.put(between);
        }
        let moves = self.program.code[start..].to_vec();
        self.bytes(&crate::arch::fault_exit::MARK);
        self.bytes(&[0; 4]);
        self.marks.push(Marked { at, field: self.len() - 4, moves });
    }

    /// A load and the swap of its result, or a swap and the store of its result.
    fn swapped(&mut self) {
        let number = self.number();
        let memory = self.memory();
        let is_wide = self.dice.one_in(4);
        let register = if is_wide { Register::RAX } else { Register::EAX } + number;
        let swap = i1(if is_wide { Code::Bswap_r64 } else { Code::Bswap_r32 }, register);
        let is_load = self.dice.one_in(2);
        if is_load {
            self.marked(rm(if is_wide { Code::Mov_r64_rm64 } else { Code::Mov_r32_rm32 }, register, memory));
        } else {
            self.put(swap);
        }
        if self.dice.one_in(3) {
            self.any();
        }
        if is_load {
            self.put(swap);
        } else {
            self.marked(mr(if is_wide { Code::Mov_rm64_r64 } else { Code::Mov_rm32_r32 }, memory, register));
        }
    }

    /// A swapped load of a floating-point number, through a general register.
    fn swapped_float(&mut self) {
        let number = self.number();
        let memory = self.memory();
        let (load, swap, to_vector, register) = if self.dice.one_in(2) {
            (Code::Mov_r64_rm64, Code::Bswap_r64, Code::VEX_Vmovq_xmm_rm64, Register::RAX + number)
        } else {
            (Code::Mov_r32_rm32, Code::Bswap_r32, Code::VEX_Vmovd_xmm_rm32, Register::EAX + number)
        };
        self.marked(rm(load, register, memory));
        self.put(i1(swap, register));
        if self.dice.one_in(3) {
            self.any();
        }
        let vector = self.xmm();
        self.put(rr(to_vector, vector, register));
        let kept = mr(Code::Movdqu_xmmm128_xmm, self.memory(), vector);
        if self.dice.one_in(2) {
            self.put(kept);
        }
        if self.dice.one_in(2) {
            self.put(ri(Code::Mov_rm64_imm32, Register::RAX + number, 3));
        }
    }

    /// The swap of a halfword and the store of its result, after which flags may be read.
    fn swapped_half(&mut self) {
        let half = Register::AX + self.number();
        let memory = self.memory();
        self.put(ri(Code::Rol_rm16_imm8, half, 8));
        if self.dice.one_in(3) {
            self.any();
        }
        self.marked(mr(Code::Mov_rm16_r16, memory, half));
        match self.dice.below(4) {
            0 => {
                let read = i1(self.one(&[Code::Setb_rm8, Code::Setl_rm8]), self.r8());
                self.put(read);
            }
            1 => {}
            _ => self.compare(),
        }
    }

    fn compute(&mut self) {
        let constant = self.one(&[0, 1, 0x7F, 0x80, -1, -128, 0x1000]);
        let computed = match self.dice.below(18) {
            0 => rr(Code::Add_rm64_r64, self.r64(), self.r64()),
            1 => rr(Code::Sub_rm32_r32, self.r32(), self.r32()),
            2 => ri(Code::And_rm32_imm32, self.r32(), constant),
            3 => ri(Code::Add_rm64_imm32, self.r64(), constant),
            4 => ri(Code::Mov_rm64_imm32, self.r64(), constant),
            5 => ri(Code::Mov_r32_imm32, self.r32(), constant),
            6 => rm(Code::Add_r64_rm64, self.r64(), self.memory()),
            7 => rm(Code::Lea_r64_m, self.r64(), self.memory()),
            8 => rm(Code::Lea_r32_m, self.r32(), self.memory()),
            9 => rr(Code::Shl_rm64_CL, self.r64(), Register::CL),
            10 => {
                Instruction::with3(Code::VEX_Shlx_r64_rm64_r64, self.r64(), self.r64(), self.r64()).unwrap()
            }
            11 => Instruction::with3(Code::Imul_r32_rm32_imm32, self.r32(), self.r32(), 77).unwrap(),
            12 => rr(Code::Imul_r64_rm64, self.r64(), self.r64()),
            13 => rr(Code::Lzcnt_r32_rm32, self.r32(), self.r32()),
            14 => i1(Code::Mul_rm64, self.r64()),
            15 => i1(Code::Div_rm32, self.r32()),
            16 => mr(Code::Cmpxchg_rm32_r32, self.memory(), self.r32()),
            _ => {
                let register = self.r32();
                rr(Code::Xor_rm32_r32, register, register)
            }
        };
        self.put(computed);
    }

    pub(super) fn compare(&mut self) {
        let constant = self.one(&[1, -1, 0x1234, -128]);
        let compare = match self.dice.below(4) {
            0 => rr(Code::Cmp_rm64_r64, self.r64(), self.r64()),
            1 => rr(Code::Test_rm32_r32, self.r32(), self.r32()),
            2 => ri(Code::Cmp_rm32_imm32, self.r32(), constant),
            _ => ri(Code::Cmp_rm64_imm32, self.r64(), constant),
        };
        self.put(compare);
    }

    fn conditional(&mut self) {
        self.compare();
        let conditional = match self.dice.below(4) {
            0 => rr(Code::Cmovb_r32_rm32, self.r32(), self.r32()),
            1 | 2 => rr(Code::Cmove_r64_rm64, self.r64(), self.r64()),
            _ => i1(Code::Setl_rm8, self.r8()),
        };
        self.put(conditional);
    }

    fn vector(&mut self) {
        let vector = match self.dice.below(7) {
            0 => Instruction::with3(Code::VEX_Vaddpd_xmm_xmm_xmmm128, self.xmm(), self.xmm(), self.xmm())
                .unwrap(),
            1 => rr(Code::Addsd_xmm_xmmm64, self.xmm(), self.xmm()),
            2 => rr(Code::Cvtsi2sd_xmm_rm64, self.xmm(), self.r64()),
            3 => rr(Code::Movq_rm64_xmm, self.r64(), self.xmm()),
            4 => rr(Code::Movd_rm32_xmm, self.r32(), self.xmm()),
            5 => rr(Code::Movss_xmm_xmmm32, self.xmm(), self.xmm()),
            _ => rm(Code::Movups_xmm_xmmm128, self.xmm(), near()),
        };
        self.put(vector);
        if vector.is_ip_rel_memory_operand() {
            self.constants.push(self.len() - 4);
        }
    }

    fn partial_slot(&mut self) {
        let partial = match self.dice.below(2) {
            0 => mr(Code::Mov_rm32_r32, self.slot(), self.r32()),
            _ => rm(Code::Mov_r32_rm32, self.r32(), self.slot()),
        };
        self.put(partial);
    }

    fn call(&mut self) {
        let hook = self.one(Hook::ALL);
        let [base, callee] = [&[3, 7, 10], &[0, 3, 9]].map(|from| Register::RAX + self.one(from));
        self.put(rr(Code::Mov_r64_rm64, base, Register::R15));
        self.put(rm(Code::Mov_r64_rm64, callee, at(base, hook.offset().into())));
        let argument = self.r64();
        self.put(rr(Code::Mov_r64_rm64, Register::RSI, argument));
        self.put(rr(Code::Mov_r64_rm64, Register::RDI, Register::R15));
        self.put(i1(Code::Call_rm64, callee));
    }

    fn symbol(&mut self) {
        let register = self.r64();
        self.put(rm(Code::Lea_r64_m, register, near()));
        let field = self.len() - 4;
        self.fill(field, 0);
        self.program.references.push(field as u32);
    }

    /// A few instructions of one kind.
    pub(super) fn any(&mut self) {
        match self.dice.below(34) {
            32.. => self.swapped_float(),
            0..8 => self.copy(),
            8..11 => self.compute(),
            11..13 => self.swapped(),
            13 => self.swapped_half(),
            14..18 => {
                let access = self.access();
                self.marked(access);
            }
            18..24 => {
                let between = self.stack_move();
                self.put(between);
            }
            24..27 => self.conditional(),
            27..29 => self.vector(),
            29 => self.partial_slot(),
            30 => self.call(),
            _ => self.symbol(),
        }
    }
}
