//! Registers that instructions read and write, and changes of their operands.
//!
//! Invariant: an instruction is replaced only if the new one has an encoding and exactly the wanted
//! [`Usage`]; registers that an encoding implies are never renamed.

use super::flow::{FunctionCode, HostOp, MAX_INSTRUCTION_BYTES};
use iced_x86::{
    Code, Encoder, Instruction, InstructionInfoFactory, InstructionInfoOptions, OpAccess, OpKind, Register,
};

/// The number of the stack pointer.
pub(super) const STACK_POINTER: u8 = 4;
/// The number of the frame pointer.
pub(super) const FRAME_POINTER: u8 = 5;

/// Registers that an instruction accesses, one bit each; general ones where nothing else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Registers that it reads, in whole or in part.
    pub(super) reads: u16,
    /// Registers that it may write, in whole or in part.
    pub(super) writes: u16,
    /// Registers that it always writes in whole.
    pub(super) defines: u16,
    /// Vector registers that it reads, in whole or in part.
    pub(super) vector_reads: u32,
    /// Vector registers that it may write.
    pub(super) vector_writes: u32,
}

impl Usage {
    /// Registers that it reads or writes.
    pub(super) fn touches(self) -> u16 {
        self.reads | self.writes
    }

    /// Adds an access to a vector register.
    fn add_vector(&mut self, register: u32, access: OpAccess) {
        if !matches!(access, OpAccess::Read | OpAccess::CondRead) {
            self.vector_writes |= 1 << register;
        }
        if access != OpAccess::Write {
            self.vector_reads |= 1 << register;
        }
    }

    /// Vector registers that it reads or writes.
    pub(super) fn touches_vectors(self) -> u32 {
        self.vector_reads | self.vector_writes
    }

    /// The same instruction with `to` in place of `from`.
    fn renamed(self, from: u8, to: u8) -> Self {
        let rename = |set: u16| if set & bit(from) == 0 { set } else { set & !bit(from) | bit(to) };
        Self { reads: rename(self.reads), writes: rename(self.writes), defines: rename(self.defines), ..self }
    }
}

/// The bit of a register.
pub(super) fn bit(register: u8) -> u16 {
    1 << register
}

/// The number of the general register that `register` is, or is a part of.
pub(super) fn number(register: Register) -> Option<u8> {
    register.is_gpr().then(|| register.full_register().number() as u8)
}

/// The part of register `to` that corresponds to the part `like` of another one.
fn part(like: Register, to: u8) -> Option<Register> {
    let to = u32::from(to);
    let whole = Register::RAX + to;
    match like {
        Register::AH | Register::CH | Register::DH | Register::BH => None,
        _ => match like.size() {
            8 => Some(whole),
            4 => Some(whole.full_register32()),
            2 => Some(Register::AX + to),
            // The second bytes of four registers are numbered in between.
            1 => Some(if to < 4 { Register::AL + to } else { Register::SPL + (to - 4) }),
            _ => None,
        },
    }
}

/// Tools that keep their memory, so that editing an instruction allocates nothing.
pub(super) struct Workshop {
    info: InstructionInfoFactory,
    encoder: Encoder,
}

impl Workshop {
    pub(super) fn new() -> Self {
        Self { info: InstructionInfoFactory::new(), encoder: Encoder::new(64) }
    }

    /// The registers that an instruction accesses.
    pub(super) fn usage(&mut self, decoded: &Instruction) -> Usage {
        let mut usage = Usage::default();
        let info = self.info.info_options(decoded, InstructionInfoOptions::NO_MEMORY_USAGE);
        for used in info.used_registers() {
            let Some(number) = number(used.register()) else {
                if used.register().is_vector_register() {
                    usage.add_vector(used.register().number() as u32, used.access());
                }
                continue;
            };
            let bit = bit(number);
            // A write of 32 bits clears the others; one of fewer bits keeps them.
            let is_whole = used.register().size() >= 4;
            match used.access() {
                OpAccess::None | OpAccess::NoMemAccess => {}
                OpAccess::Read | OpAccess::CondRead => usage.reads |= bit,
                OpAccess::Write if is_whole => {
                    usage.writes |= bit;
                    usage.defines |= bit;
                }
                OpAccess::Write | OpAccess::CondWrite => {
                    usage.reads |= bit;
                    usage.writes |= bit;
                }
                OpAccess::ReadWrite | OpAccess::ReadCondWrite => {
                    usage.reads |= bit;
                    usage.writes |= bit;
                    if is_whole {
                        usage.defines |= bit;
                    }
                }
            }
        }
        usage
    }

    /// Makes `op` read `to` where it reads `from`. Returns false, without a change, if that is not
    /// possible.
    pub(super) fn read_instead(&mut self, op: &mut HostOp, from: u8, to: u8) -> bool {
        let reads = op.usage.reads & !bit(from) | bit(to);
        let wanted = Usage { reads, ..op.usage };
        self.substitute(op, from, to, 0, wanted) || self.substitute(op, from, to, 1, wanted)
    }

    /// Makes `op` access `to` where it accesses `from`. Returns false, without a change, if that is
    /// not possible.
    pub(super) fn rename(&mut self, op: &mut HostOp, from: u8, to: u8) -> bool {
        let wanted = op.usage.renamed(from, to);
        self.substitute(op, from, to, 0, wanted)
    }

    /// Makes `op` write `to` where it writes `from`, which it does not read; it may read `to`.
    /// Returns false, without a change, if that is not possible.
    pub(super) fn write_instead(&mut self, op: &mut HostOp, from: u8, to: u8) -> bool {
        let write = |set: u16| set & !bit(from) | bit(to);
        let wanted = Usage { writes: write(op.usage.writes), defines: write(op.usage.defines), ..op.usage };
        self.substitute(op, from, to, 0, wanted)
    }

    /// Puts `to` in the place of `from` in the operands from number `first` on, and in addresses.
    /// Returns false, without a change, if the result has no encoding or not the usage `wanted`.
    fn substitute(&mut self, op: &mut HostOp, from: u8, to: u8, first: u32, wanted: Usage) -> bool {
        if op.decoded.is_ip_rel_memory_operand() {
            return false;
        }
        let mut changed = op.decoded;
        let is_from = |register: Register| number(register) == Some(from);
        for operand in first..changed.op_count() {
            if changed.op_kind(operand) == OpKind::Register && is_from(changed.op_register(operand)) {
                let Some(part) = part(changed.op_register(operand), to) else { return false };
                changed.set_op_register(operand, part);
            }
        }
        if is_from(changed.memory_base()) {
            let Some(part) = part(changed.memory_base(), to) else { return false };
            changed.set_memory_base(part);
        }
        if is_from(changed.memory_index()) {
            let Some(part) = part(changed.memory_index(), to) else { return false };
            changed.set_memory_index(part);
        }
        self.usage(&changed) == wanted && self.set(op, changed)
    }

    /// Replaces an instruction. Returns false, without a change, if the new one has no encoding.
    pub(super) fn set(&mut self, op: &mut HostOp, changed: Instruction) -> bool {
        let mut bytes = [0; MAX_INSTRUCTION_BYTES];
        // The encoder would append to the last instruction.
        let mut buffer = self.encoder.take_buffer();
        buffer.clear();
        self.encoder.set_buffer(buffer);
        let is_encoded = self.encoder.encode(&changed, 0).is_ok();
        let buffer = self.encoder.take_buffer();
        let fits = is_encoded && buffer.len() <= MAX_INSTRUCTION_BYTES;
        if fits {
            bytes[..buffer.len()].copy_from_slice(&buffer);
            op.bytes = bytes;
            op.length = buffer.len() as u8;
            op.decoded = changed;
            op.usage = self.usage(&changed);
        }
        self.encoder.set_buffer(buffer);
        fits
    }
}

/// Gives arithmetic with small constants its short form.
pub(super) fn shorten(flow: &mut FunctionCode) {
    for op in &mut flow.ops {
        let wide = op.decoded.op1_kind() == OpKind::Immediate32to64;
        if !wide && op.decoded.op1_kind() != OpKind::Immediate32
            || op.decoded.is_ip_rel_memory_operand()
            || op.is_removed()
        {
            continue;
        }
        let value =
            if wide { op.decoded.immediate32to64() } else { (op.decoded.immediate32() as i32).into() };
        let (Some(code), Ok(_)) = (short_form(op.decoded.code()), i8::try_from(value)) else { continue };
        let mut changed = op.decoded;
        changed.set_code(code);
        if wide {
            changed.set_op1_kind(OpKind::Immediate8to64);
            changed.set_immediate8to64(value);
        } else {
            changed.set_op1_kind(OpKind::Immediate8to32);
            changed.set_immediate8to32(value as i32);
        }
        flow.workshop.set(op, changed);
    }
}

/// The form of an instruction that has eight bits of its constant.
fn short_form(code: Code) -> Option<Code> {
    Some(match code {
        Code::Add_rm64_imm32 | Code::Add_RAX_imm32 => Code::Add_rm64_imm8,
        Code::Add_rm32_imm32 | Code::Add_EAX_imm32 => Code::Add_rm32_imm8,
        Code::Sub_rm64_imm32 | Code::Sub_RAX_imm32 => Code::Sub_rm64_imm8,
        Code::Sub_rm32_imm32 | Code::Sub_EAX_imm32 => Code::Sub_rm32_imm8,
        Code::Cmp_rm64_imm32 | Code::Cmp_RAX_imm32 => Code::Cmp_rm64_imm8,
        Code::Cmp_rm32_imm32 | Code::Cmp_EAX_imm32 => Code::Cmp_rm32_imm8,
        Code::And_rm64_imm32 | Code::And_RAX_imm32 => Code::And_rm64_imm8,
        Code::And_rm32_imm32 | Code::And_EAX_imm32 => Code::And_rm32_imm8,
        Code::Or_rm64_imm32 | Code::Or_RAX_imm32 => Code::Or_rm64_imm8,
        Code::Or_rm32_imm32 | Code::Or_EAX_imm32 => Code::Or_rm32_imm8,
        Code::Xor_rm64_imm32 | Code::Xor_RAX_imm32 => Code::Xor_rm64_imm8,
        Code::Xor_rm32_imm32 | Code::Xor_EAX_imm32 => Code::Xor_rm32_imm8,
        _ => return None,
    })
}
