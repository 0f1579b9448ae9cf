//! Abstract processor that shows whether two versions of a function's code do the same.
//!
//! Moves, byte swaps, addresses, sums and bit operations are real. Results of other instructions,
//! loaded values, directions of branches and faults of marked accesses are hashes of their inputs,
//! and of the number of events before. So both versions have the same [`Event`]s if each access,
//! branch, call and exit finds the same values.
//!
//! The stack is memory without events. Calls read and change the registers that the calling
//! conventions specify.

use super::super::operands::number;
use super::flags::Flags;
use super::values::{cut, implicit, is_second_byte, mix, size_of_first, wide};
use crate::hook::Hook;
use crate::host::{BYTE_SWAP, Word};
use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};
use std::collections::HashMap;

/// The initial stack pointer and the context.
const STACK: u64 = 0x7FFF_0000_0000;
const CONTEXT: u64 = 0x1234_5678_0000;
/// Addresses of jump tables, of hooks, and of symbols.
const TABLES: u64 = 5 << 48;
const HOOKS: u64 = 7 << 48;
const SYMBOLS: u64 = 8 << 48;
/// Bits of an address in a jump table.
const TABLE_BITS: u32 = 40;
/// Part of the marked accesses that fault: one in so many.
const FAULTS: u64 = 3;

/// An effect of code that is visible outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    /// Address and size in bytes.
    Load(u64, usize),
    /// Address, size and value.
    Store(u64, usize, u128),
    /// The marked access here faults.
    Fault,
    /// The callee, and the registers that it may read.
    Call(u64, Vec<u64>),
    /// Registers that the caller may read.
    Return(Vec<u64>),
    /// As [`Event::Call`], without a return.
    Leave(u64, Vec<u64>),
    /// The offset of the code where execution continues.
    Goto(u32),
    Trap,
    /// The limit of events is reached.
    Limit,
}

/// The code of a function, and facts about it.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) code: Vec<u8>,
    /// Fault exits of marked accesses.
    pub(super) landings: HashMap<u32, u32>,
    /// Fields that refer to symbols, in the order of the symbols' numbers.
    pub(super) references: Vec<u32>,
    /// Offsets of jump tables and numbers of their entries.
    pub(super) tables: Vec<(u32, u32)>,
}

/// Registers that a callee or a caller reads, in the numbers of the processor.
const ARGUMENTS: [usize; 8] = [7, 6, 2, 1, 8, 4, 5, 15];
const RESULTS: [usize; 7] = [0, 1, 2, 6, 4, 5, 15];
/// Registers that each call preserves, and those that only C functions do.
const FIXED: [usize; 3] = [4, 5, 15];
const KEPT: [usize; 4] = [3, 12, 13, 14];

struct Machine<'a> {
    program: &'a Program,
    general: [u64; 16],
    vectors: [u128; 32],
    flags: Flags,
    stack: HashMap<u64, u8>,
    events: Vec<Event>,
    seed: u64,
    info: InstructionInfoFactory,
    /// Offset of the jump table whose address was formed last.
    table: u32,
    /// The entry that was loaded from it, and how many instructions ago.
    entry: Option<(u32, u32)>,
}

/// The events of `program`, `most` of them. All that is random depends on `seed`.
pub(super) fn run(program: &Program, seed: u64, most: usize) -> Vec<Event> {
    let mut general = std::array::from_fn(|n| mix(seed, n as u64));
    general[4] = STACK;
    general[15] = CONTEXT;
    let vectors = std::array::from_fn(|n| wide(seed, 100 + n as u64));
    let mut machine = Machine {
        program,
        general,
        vectors,
        flags: Flags::new(mix(seed, 99)),
        stack: HashMap::new(),
        events: Vec::new(),
        seed,
        info: InstructionInfoFactory::new(),
        table: 0,
        entry: None,
    };
    let mut at = Some(0);
    while let Some(now) = at {
        if machine.events.len() >= most {
            machine.events.push(Event::Limit);
            break;
        }
        at = machine.step(now);
    }
    machine.events
}

impl Machine<'_> {
    /// Executes the instruction at `at`. Returns the offset of the next one.
    fn step(&mut self, at: u32) -> Option<u32> {
        let code = &self.program.code[at as usize..];
        let i = Decoder::with_ip(64, code, at.into(), DecoderOptions::NONE).decode();
        assert!(!i.is_invalid(), "no instruction at {at:#x}");
        if let Some(&to) = self.program.landings.get(&at)
            && self.chance(9).is_multiple_of(FAULTS)
        {
            self.events.push(Event::Fault);
            return Some(to);
        }
        let next = at + i.len() as u32;
        self.entry = self.entry.map(|(entry, age)| (entry, age + 1)).filter(|&(_, age)| age < 3);
        let to = match i.flow_control() {
            FlowControl::Next => {
                self.execute(&i, at);
                return Some(next);
            }
            FlowControl::ConditionalBranch => {
                let condition = i.condition_code() as u64;
                // A condition and its complement are neighbours, and decide alike.
                let is_taken = (mix(self.flags.read_by(&i), condition & !1) ^ condition) & 1 != 0;
                if is_taken { i.near_branch_target() as u32 } else { next }
            }
            FlowControl::UnconditionalBranch => i.near_branch_target() as u32,
            FlowControl::IndirectBranch => {
                let to = self.target(&i, at);
                let Some((entry, _)) = self.entry.take() else {
                    let arguments = self.registers(&ARGUMENTS);
                    self.events.push(Event::Leave(to, arguments));
                    return None;
                };
                self.entry_of(entry)
            }
            FlowControl::IndirectCall => {
                let to = self.target(&i, at);
                let arguments = self.registers(&ARGUMENTS);
                self.events.push(Event::Call(to, arguments));
                self.change_by_call(to);
                return Some(next);
            }
            FlowControl::Return => {
                let results = self.registers(&RESULTS);
                self.events.push(Event::Return(results));
                return None;
            }
            FlowControl::Exception => {
                self.events.push(Event::Trap);
                return None;
            }
            other => panic!("{other:?} at {at:#x}"),
        };
        self.events.push(Event::Goto(to));
        Some(to)
    }

    /// A number that depends on what has happened.
    fn chance(&self, kind: u64) -> u64 {
        mix(self.seed ^ kind, self.events.len() as u64)
    }

    fn registers(&self, numbers: &[usize]) -> Vec<u64> {
        numbers.iter().map(|&n| self.general[n]).collect()
    }

    fn change_by_call(&mut self, callee: u64) {
        self.flags = Flags::new(self.chance(1));
        let cold = Hook::ALL.iter().filter(|hook| hook.is_cold());
        if cold.map(|hook| HOOKS.wrapping_add_signed(hook.offset().into())).any(|hook| hook == callee) {
            return;
        }
        let is_guest = self.chance(2).is_multiple_of(2);
        for n in 0..16 {
            if !FIXED.contains(&n) && (is_guest || !KEPT.contains(&n)) {
                self.general[n] = mix(self.chance(3), n as u64);
            }
            self.vectors[n] = wide(self.chance(4), n as u64);
        }
    }

    fn get(&self, register: Register) -> u128 {
        match number(register) {
            Some(n) if is_second_byte(register) => u128::from(self.general[usize::from(n)] >> 8 & 0xFF),
            Some(n) => cut(self.general[usize::from(n)].into(), register.size()),
            None => self.vectors[register.number()],
        }
    }

    fn set(&mut self, register: Register, value: u128) {
        let Some(n) = number(register) else {
            self.vectors[register.number()] = value;
            return;
        };
        let whole = &mut self.general[usize::from(n)];
        let new = cut(value, register.size()) as u64;
        *whole = match register.size() {
            4.. => new,
            2 => *whole & !0xFFFF | new,
            _ if is_second_byte(register) => *whole & !0xFF00 | new << 8,
            _ => *whole & !0xFF | new,
        };
    }

    fn address(&self, i: &Instruction) -> u64 {
        let part = |register| if register == Register::None { 0 } else { self.get(register) as u64 };
        let index = part(i.memory_index()).wrapping_mul(i.memory_index_scale().into());
        part(i.memory_base()).wrapping_add(index).wrapping_add(i.memory_displacement64())
    }

    /// The symbol to which the instruction at `at` refers by its distance.
    fn symbol(&self, i: &Instruction, at: u32) -> Option<u64> {
        let field = at + i.len() as u32 - 4;
        let found = self.program.references.iter().position(|&reference| reference == field);
        Some(SYMBOLS + found.filter(|_| i.is_ip_rel_memory_operand())? as u64)
    }

    /// Where an indirect branch leads.
    fn target(&mut self, i: &Instruction, at: u32) -> u64 {
        if i.op0_kind() == OpKind::Register {
            self.get(i.op0_register()) as u64
        } else {
            self.load(i, at) as u64
        }
    }

    fn entry_of(&self, entry: u32) -> u32 {
        let field = (self.table + 4 * entry) as usize;
        let distance = i32::from_le_bytes(*self.program.code[field..].first_chunk().unwrap());
        self.table.wrapping_add_signed(distance)
    }

    fn is_stack(address: u64) -> bool {
        address.abs_diff(STACK) < 1 << 20
    }

    fn pop(&self, address: u64, size: usize) -> u128 {
        let byte = |at| self.stack.get(&at).copied().unwrap_or(mix(self.seed, at) as u8);
        (0..size as u64).rev().fold(0, |value, at| value << 8 | u128::from(byte(address + at)))
    }

    fn load(&mut self, i: &Instruction, at: u32) -> u128 {
        let size = i.memory_size().size();
        if i.is_ip_rel_memory_operand() && self.symbol(i, at).is_none() {
            let from = i.ip_rel_memory_address() as usize;
            assert!(size < 16 || from.is_multiple_of(16), "a constant at {from:#x}");
            let bytes = self.program.code[from..from + size].iter().rev();
            return bytes.fold(0, |value, &byte| value << 8 | u128::from(byte));
        }
        let address = self.symbol(i, at).unwrap_or_else(|| self.address(i));
        if Self::is_stack(address) {
            return self.pop(address, size);
        }
        let table = (address.wrapping_sub(TABLES) >> TABLE_BITS) as usize;
        if let Some(&(_, entries)) = self.program.tables.get(table) {
            let entry = (mix(self.chance(5), address) % u64::from(entries)) as u32;
            if i.mnemonic() == Mnemonic::Movsxd && i.memory_index_scale() == 4 {
                self.entry = Some((entry, 0));
            }
            return entry.into();
        }
        let field = address.wrapping_sub(CONTEXT).cast_signed();
        let in_mask = field - i64::from(Word::ByteSwap.offset());
        if size == 16 && matches!(in_mask, 0 | 4) {
            // A constant, which the pass may load.
            let mask: Vec<u8> = BYTE_SWAP.iter().flat_map(|word| word.to_le_bytes()).collect();
            return u128::from_le_bytes(*mask[in_mask as usize..].first_chunk().unwrap());
        }
        self.events.push(Event::Load(address, size));
        if size == 8 && Hook::ALL.iter().any(|hook| i64::from(hook.offset()) == field) {
            return u128::from(HOOKS.wrapping_add_signed(field));
        }
        cut(wide(self.chance(6), address), size)
    }

    fn store(&mut self, i: &Instruction, value: u128) {
        let address = self.address(i);
        let size = i.memory_size().size();
        let value = cut(value, size);
        if Self::is_stack(address) {
            self.push(address, size, value);
        } else {
            self.events.push(Event::Store(address, size, value));
        }
    }

    fn push(&mut self, address: u64, size: usize, value: u128) {
        self.stack.extend((0..size).map(|n| (address + n as u64, (value >> (8 * n)) as u8)));
    }

    fn input(&mut self, i: &Instruction, operand: u32, at: u32) -> u128 {
        match i.op_kind(operand) {
            OpKind::Register => self.get(i.op_register(operand)),
            OpKind::Memory => self.load(i, at),
            _ => cut(i.immediate(operand).into(), size_of_first(i)),
        }
    }

    fn output(&mut self, i: &Instruction, operand: u32, value: u128) {
        match i.op_kind(operand) {
            OpKind::Register => self.set(i.op_register(operand), value),
            _ => self.store(i, value),
        }
    }

    fn execute(&mut self, i: &Instruction, at: u32) {
        use Mnemonic::*;
        let size = |operand| match i.op_kind(operand) {
            OpKind::Register => i.op_register(operand).size(),
            _ => i.memory_size().size(),
        };
        match i.mnemonic() {
            Push => {
                self.general[4] -= 8;
                self.push(self.general[4], 8, self.get(i.op0_register()));
            }
            Pop => {
                let value = self.pop(self.general[4], 8);
                self.general[4] += 8;
                self.set(i.op0_register(), value);
            }
            Lea => {
                let place = i.ip_rel_memory_address() as u32;
                // Alignment may place data after the position to which its offset has moved.
                let table = self.program.tables.iter().rposition(|&(start, _)| start <= place);
                let address = match self.symbol(i, at) {
                    None if i.is_ip_rel_memory_operand() => {
                        self.table = place;
                        TABLES + ((table.unwrap() as u64) << TABLE_BITS)
                    }
                    symbol => symbol.unwrap_or_else(|| self.address(i)),
                };
                self.set(i.op0_register(), address.into());
            }
            Mov | Movzx | Movaps | Movups | Movdqu | Movdqa | Vmovaps | Vmovups | Vmovdqu | Vmovdqa
            | Vmovd | Vmovq => {
                let value = self.input(i, 1, at);
                self.output(i, 0, value);
            }
            Vmovss | Vmovsd if i.op_count() == 2 => {
                let value = self.input(i, 1, at);
                self.output(i, 0, value);
            }
            Vpshufb => {
                let value = self.input(i, 1, at).to_le_bytes();
                let mask = self.input(i, 2, at).to_le_bytes();
                let byte = |from: u8| if from < 0x80 { value[usize::from(from & 15)] } else { 0 };
                self.output(i, 0, u128::from_le_bytes(mask.map(byte)));
            }
            Movsx | Movsxd => {
                let shift = 64 - 8 * size(1) as u32;
                let value = ((self.input(i, 1, at) as u64) << shift).cast_signed() >> shift;
                self.output(i, 0, u128::from(value.cast_unsigned()));
            }
            Movbe => {
                let value = self.input(i, 1, at) as u64;
                self.output(i, 0, (value.swap_bytes() >> (64 - 8 * size(0) as u32)).into());
            }
            Bswap => {
                let value = self.get(i.op0_register()) as u64;
                self.output(i, 0, (value.swap_bytes() >> (64 - 8 * size(0) as u32)).into());
            }
            _ => self.compute(i, at),
        }
    }

    /// Executes an instruction whose results are hashes, sums or bits.
    fn compute(&mut self, i: &Instruction, at: u32) {
        use Mnemonic::*;
        let accesses: Vec<OpAccess> = {
            let info = self.info.info(i);
            (0..i.op_count()).map(|n| info.op_access(n)).collect()
        };
        let reads = |access| !matches!(access, OpAccess::None | OpAccess::NoMemAccess | OpAccess::Write);
        let writes =
            |access| !matches!(access, OpAccess::Read | OpAccess::CondRead) && access != OpAccess::None;
        let mut hash = mix(i.mnemonic() as u64, self.seed);
        let mut inputs = [0; 5];
        for (n, &access) in accesses.iter().enumerate() {
            // A narrow register that is written keeps its other bits by itself.
            if reads(access) {
                let value = self.input(i, n as u32, at);
                inputs[n] = value;
                hash = mix(mix(hash, value as u64), (value >> 64) as u64);
            }
        }
        let size = size_of_first(i);
        let (read, written) = implicit(i);
        for &n in read {
            hash = mix(hash, cut(self.general[n].into(), size) as u64);
        }
        if i.rflags_read() != 0 {
            hash = mix(mix(hash, self.flags.read_by(i)), i.condition_code() as u64);
        }
        let [a, b, ..] = inputs;
        let result = match i.mnemonic() {
            Add => Some(a.wrapping_add(b)),
            Sub => Some(a.wrapping_sub(b)),
            And => Some(a & b),
            Or => Some(a | b),
            Xor => Some(a ^ b),
            // Of a halfword.
            Rol => Some((a as u16).rotate_left(b as u32).into()),
            _ => None,
        };
        for (n, _) in accesses.iter().enumerate().filter(|&(_, &access)| writes(access)) {
            let value = result.filter(|_| n == 0).unwrap_or_else(|| wide(hash, n as u64));
            self.output(i, n as u32, value);
        }
        for &n in written {
            self.general[n] = cut(wide(hash, 100 + n as u64), size) as u64;
        }
        self.flags.change(i, hash);
    }
}
