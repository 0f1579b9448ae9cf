//! Prologue analysis: which registers a function's prologue has saved, and where.
//!
//! The prologue is executed symbolically. Every register holds its entry value until the prologue
//! changes it. So a store of an unchanged register, or of a copy of the link register, gives the
//! location of the caller's value. This covers the instructions that the console's compiler emits
//! (in the sample title: `std`, `stfd`, `stvx128`, the `__save*` routines, `stwu r1`) in any order,
//! without knowledge of the frame layout.

use xenia_guest::GuestAddr;
use xenia_isa::word::BLR;
use xenia_memory::GuestMemory;

/// First non-volatile general or floating-point register.
pub(super) const FIRST_SAVED: usize = 14;
/// Maximum number of instructions in a save routine. The longest saves v64–v127, with one load of
/// an offset for each.
const MAX_SAVE_INSTRUCTIONS: u32 = 132;

/// Symbolic value of a general register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The register's value on entry.
    Own,
    /// r1 on entry, plus an offset.
    Stack(i32),
    Constant(i32),
    /// The return address.
    Link,
    Condition,
    Unknown,
}

/// A register of the caller that the prologue has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    General(usize),
    /// Only the low word of the register.
    GeneralWord(usize),
    Float(usize),
    Vector(usize),
    /// The low word of the link register, at exactly this offset.
    Link,
    Condition,
}

/// Width of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreWidth {
    Word,
    Doubleword,
}

impl StoreWidth {
    /// Offset of the low word in the stored value.
    pub(super) fn low_word(self) -> u8 {
        match self {
            Self::Word => 0,
            Self::Doubleword => 4,
        }
    }
}

/// Symbolic state of a prologue after some instructions.
#[derive(Clone, Debug)]
pub(super) struct Prologue {
    pub(super) registers: [Value; 32],
    /// Whether the link register still holds the return address.
    link: bool,
    /// Width of the back chain at r1, if a frame was allocated.
    pub(super) back_chain: Option<StoreWidth>,
    /// Number of decoded instructions, plus the cost of copying the state.
    pub(super) work: u32,
    /// Stores, by offset from r1 on entry.
    pub(super) saved: Vec<(Saved, i32)>,
}

impl Prologue {
    pub(super) fn new() -> Self {
        let mut registers = [Value::Own; 32];
        registers[1] = Value::Stack(0);
        Self { registers, link: true, back_chain: None, work: 0, saved: Vec::new() }
    }

    /// Executes one instruction. The caller handles `bl`.
    pub(super) fn execute(&mut self, word: u32) {
        self.work += 1;
        let field = |shift: u32| (word >> shift & 31) as usize;
        let target = field(21);
        let base = field(16);
        let index = field(11);
        let displacement = i32::from(word as i16);
        match word >> 26 {
            // addi, addis
            14 => self.registers[target] = self.sum(base, displacement),
            15 => self.registers[target] = self.sum(base, displacement << 16),
            // ori
            24 => {
                self.registers[base] = match self.registers[target] {
                    Value::Constant(value) => Value::Constant(value | displacement & 0xFFFF),
                    value if displacement == 0 => value,
                    _ => Value::Unknown,
                }
            }
            // Loads replace their target.
            32..=35 | 40..=43 | 58 => self.registers[target] = Value::Unknown,
            36 => self.store(target, base, displacement, StoreWidth::Word),
            37 if target == 1 && base == 1 => self.make_frame(Some(displacement), StoreWidth::Word),
            // stmw
            47 => {
                for register in target..32 {
                    let at = displacement + 4 * (register - target) as i32;
                    self.store(register, base, at, StoreWidth::Word);
                }
            }
            54 if target >= FIRST_SAVED => self.note(Saved::Float(target), base, displacement),
            62 if word.is_multiple_of(4) => self.store(target, base, displacement, StoreWidth::Doubleword),
            62 if word & 3 == 1 && target == 1 && base == 1 => {
                self.make_frame(Some(displacement & !3), StoreWidth::Doubleword);
            }
            31 => self.execute_x_form(word, target, base, index),
            // stvx128; stvlx128 of an aligned address
            4 if matches!(word & 0x7F3, 0x1C3 | 0x503) => {
                self.store_vector(target | (word as usize & 0xC) << 3, base, index);
            }
            _ => {}
        }
    }

    fn execute_x_form(&mut self, word: u32, target: usize, base: usize, index: usize) {
        match word >> 1 & 0x3FF {
            // mfspr: the link register is SPR 8, encoded with its halves swapped.
            339 => {
                let link = word >> 11 & 0x3FF == 8 << 5 && self.link;
                self.registers[target] = if link { Value::Link } else { Value::Unknown };
            }
            19 => self.registers[target] = Value::Condition,
            // mr
            444 if target == index => self.registers[base] = self.copy_of(target),
            // stwux, stdux
            form @ (183 | 181) if target == 1 && base == 1 => {
                let width = if form == 181 { StoreWidth::Doubleword } else { StoreWidth::Word };
                let size = match self.registers[index] {
                    Value::Constant(size) => Some(size),
                    _ => None,
                };
                self.make_frame(size, width);
            }
            // stvx, stvxl
            231 | 487 => self.store_vector(target, base, index),
            _ => {}
        }
    }

    /// The value of a copy of a register: `Own` applies to the register itself only.
    fn copy_of(&self, register: usize) -> Value {
        match self.registers[register] {
            Value::Own => Value::Unknown,
            value => value,
        }
    }

    fn sum(&self, base: usize, displacement: i32) -> Value {
        if base == 0 {
            return Value::Constant(displacement);
        }
        match self.registers[base] {
            Value::Stack(offset) => Value::Stack(offset.wrapping_add(displacement)),
            Value::Constant(value) => Value::Constant(value.wrapping_add(displacement)),
            value if displacement == 0 && value != Value::Own => value,
            _ => Value::Unknown,
        }
    }

    fn make_frame(&mut self, size: Option<i32>, width: StoreWidth) {
        self.back_chain = Some(width);
        self.registers[1] = match (self.registers[1], size) {
            (Value::Stack(offset), Some(size)) => Value::Stack(offset.wrapping_add(size)),
            _ => Value::Unknown,
        };
    }

    fn store(&mut self, register: usize, base: usize, displacement: i32, width: StoreWidth) {
        let low_word = displacement + i32::from(width.low_word());
        match self.registers[register] {
            Value::Link => self.note(Saved::Link, base, low_word),
            Value::Condition => self.note(Saved::Condition, base, low_word),
            Value::Own if register >= FIRST_SAVED => {
                let saved = match width {
                    StoreWidth::Word => Saved::GeneralWord(register),
                    StoreWidth::Doubleword => Saved::General(register),
                };
                self.note(saved, base, displacement);
            }
            _ => {}
        }
    }

    fn store_vector(&mut self, vector: usize, base: usize, index: usize) {
        let base = if base == 0 { Value::Constant(0) } else { self.registers[base] };
        let at = match (base, self.registers[index]) {
            (Value::Stack(offset), Value::Constant(value))
            | (Value::Constant(value), Value::Stack(offset)) => offset.wrapping_add(value),
            _ => return,
        };
        if matches!(vector, 14..=31 | 64..=127) {
            self.saved.push((Saved::Vector(vector), at));
        }
    }

    /// Records a store relative to r1 on entry.
    fn note(&mut self, saved: Saved, base: usize, displacement: i32) {
        if let (Value::Stack(offset), true) = (self.registers[base], base != 0) {
            self.saved.push((saved, offset.wrapping_add(displacement)));
        }
    }

    /// Executes a call. The stores of a save routine count as the prologue's; other routines are
    /// ignored.
    pub(super) fn call(&mut self, memory: &GuestMemory, routine: GuestAddr) {
        self.link = false;
        self.work += 1 + self.saved.len() as u32;
        let mut inside = self.clone();
        for step in 0..MAX_SAVE_INSTRUCTIONS {
            // Unreadable code is not a save routine.
            let Ok(word) = memory.read::<u32>(routine.offset(4 * step)) else { break };
            match word >> 26 {
                // std, stfd, stw, addi; stvx and its variants
                14 | 36 | 54 => inside.execute(word),
                62 if word.is_multiple_of(4) => inside.execute(word),
                31 if matches!(word >> 1 & 0x3FF, 231 | 487) => inside.execute(word),
                4 if word & 0x7F3 == 0x1C3 => inside.execute(word),
                19 if word == BLR && inside.saved.len() > self.saved.len() => {
                    *self = inside;
                    return;
                }
                _ => break,
            }
        }
        self.work = inside.work;
        for register in (0..FIRST_SAVED).filter(|register| !matches!(register, 1 | 2 | 13)) {
            self.registers[register] = Value::Unknown;
        }
    }
}
