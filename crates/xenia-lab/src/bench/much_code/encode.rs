//! A small assembler: encodes instructions by the table of `xenia-isa`, with labels.

use xenia_isa::{Op, Operand};

/// CTR's number in `mtspr`.
const CTR: i64 = 9;
/// LR's number in `mtspr` and `mfspr`.
const LR: i64 = 8;

/// A target of branches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label(usize);

/// Code being written.
#[derive(Debug)]
pub(super) struct Code {
    base: u32,
    words: Vec<u32>,
    labels: Vec<Option<u32>>,
    branches: Vec<UnresolvedBranch>,
    /// Address of the pool of jump tables and constants.
    pool_base: u32,
    pool: Vec<Pooled>,
}

/// A branch to a label that may not be placed yet.
#[derive(Debug)]
struct UnresolvedBranch {
    /// Index of its word.
    index: usize,
    /// Field of its displacement.
    field: Operand,
    target: Label,
}

/// A word in the pool.
#[derive(Clone, Copy, Debug)]
enum Pooled {
    Address(Label),
    Value(u32),
}

/// Number of a general-purpose register.
pub(super) type Register = u8;

impl Code {
    /// Starts code at one address, and its pool at another.
    pub(super) fn new(base: u32, pool_base: u32) -> Self {
        Self {
            base,
            words: Vec::new(),
            labels: Vec::new(),
            branches: Vec::new(),
            pool_base,
            pool: Vec::new(),
        }
    }

    /// Adds a jump table, and returns its address.
    pub(super) fn table(&mut self, of: &[Label]) -> u32 {
        let address = self.pool_end();
        self.pool.extend(of.iter().map(|&label| Pooled::Address(label)));
        address
    }

    /// Adds a constant, and returns its address.
    pub(super) fn pooled(&mut self, value: u32) -> u32 {
        let address = self.pool_end();
        self.pool.push(Pooled::Value(value));
        address
    }

    fn pool_end(&self) -> u32 {
        self.pool_base.wrapping_add(4 * self.pool.len() as u32)
    }

    /// Address of the next instruction.
    pub(super) fn here(&self) -> u32 {
        self.base + 4 * self.words.len() as u32
    }

    /// A label that is not placed yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Places a label here.
    pub(super) fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.here());
    }

    /// A new label placed here.
    pub(super) fn label_here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    /// Writes an instruction; operands are in the order of the assembler language.
    pub(super) fn put(&mut self, op: Op, operands: &[i64]) {
        let row = op.row();
        assert_eq!(row.operands.len(), operands.len(), "{op:?} {operands:?}");
        let fields = row.operands.iter().zip(operands).map(|(operand, &value)| {
            operand.insert(value).unwrap_or_else(|error| panic!("{op:?} {operands:?}: {error}"))
        });
        let word = fields.fold(row.bits, |word, field| word | field);
        self.words.push(word);
    }

    /// Reserves words to be filled in elsewhere.
    pub(super) fn reserve(&mut self, words: u32) {
        self.words.extend((0..words).map(|_| 0));
    }

    /// Writes an instruction with its record bit set, to record the result in CR0 (or to write LR).
    pub(super) fn put_recording(&mut self, op: Op, operands: &[i64]) {
        self.put(op, operands);
        if let Some(word) = self.words.last_mut() {
            *word |= 1;
        }
    }

    /// Writes `b` to a label.
    pub(super) fn jump(&mut self, to: Label) {
        self.branches.push(UnresolvedBranch { index: self.words.len(), field: Operand::li, target: to });
        self.put(Op::bx, &[0]);
    }

    /// Writes `bc` to a label.
    pub(super) fn branch(&mut self, bo: i64, bit: i64, to: Label) {
        self.branches.push(UnresolvedBranch { index: self.words.len(), field: Operand::bd, target: to });
        self.put(Op::bcx, &[bo, bit, 0]);
    }

    /// Writes `bl` to an address.
    pub(super) fn call(&mut self, to: u32) {
        let distance = i64::from(to) - i64::from(self.here());
        self.put_recording(Op::bx, &[distance]);
    }

    /// Writes `b` to an address.
    pub(super) fn jump_to(&mut self, to: u32) {
        let distance = i64::from(to) - i64::from(self.here());
        self.put(Op::bx, &[distance]);
    }

    /// Writes `bctr`, a jump to CTR.
    pub(super) fn jump_ctr(&mut self) {
        self.put(Op::bcctrx, &[20, 0]);
    }

    /// Writes `bctrl`, a call through CTR.
    pub(super) fn call_ctr(&mut self) {
        self.put_recording(Op::bcctrx, &[20, 0]);
    }

    /// Writes `blr`, a return.
    pub(super) fn ret(&mut self) {
        self.put(Op::bclrx, &[20, 0]);
    }

    /// Writes `mtctr`, a move to CTR.
    pub(super) fn set_ctr(&mut self, from: Register) {
        self.put(Op::mtspr, &[CTR, from.into()]);
    }

    /// Writes `mtlr`, a move to LR.
    pub(super) fn set_lr(&mut self, from: Register) {
        self.put(Op::mtspr, &[LR, from.into()]);
    }

    /// Writes `mflr`, a move from LR.
    pub(super) fn get_lr(&mut self, to: Register) {
        self.put(Op::mfspr, &[to.into(), LR]);
    }

    /// Writes `mr`, a register move.
    pub(super) fn copy(&mut self, to: Register, from: Register) {
        self.put(Op::orx, &[to.into(), from.into(), from.into()]);
    }

    /// Loads a constant with `lis` and `ori`.
    pub(super) fn constant(&mut self, to: Register, value: u32) {
        self.put(Op::addis, &[to.into(), 0, i64::from((value >> 16) as i16)]);
        self.put(Op::ori, &[to.into(), to.into(), i64::from(value & 0xFFFF)]);
    }

    /// Writes `lis` with the high half of the value, adjusted for the sign extension of the low
    /// half; returns the low half.
    pub(super) fn high(&mut self, to: Register, value: u32) -> i64 {
        let low = value as i16;
        let high = (value.wrapping_sub(low as u32) >> 16) as i16;
        self.put(Op::addis, &[to.into(), 0, high.into()]);
        low.into()
    }

    /// Resolves branches; returns the code's words and the pool's.
    pub(super) fn finish(mut self) -> (Vec<u32>, Vec<u32>) {
        let place = |label: Label| self.labels[label.0].expect("every label has a place");
        let pool = self.pool.iter().map(|pooled| match *pooled {
            Pooled::Address(label) => place(label),
            Pooled::Value(value) => value,
        });
        let pool = pool.collect();
        for UnresolvedBranch { index, field, target } in self.branches {
            let from = self.base + 4 * index as u32;
            let distance = i64::from(place(target)) - i64::from(from);
            self.words[index] |= field.insert(distance).expect("a function is small");
        }
        (self.words, pool)
    }
}
