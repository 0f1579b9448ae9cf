//! Lowers a function to PowerPC code: registers, prologue, statements.
//!
//! Compares write cr6 and record forms cr0, as in code from the console's compiler. r0, r11 and r12
//! hold temporaries of a statement.

use super::encode::{Code, Label, Register};
use super::frame::{Frame, Helpers, LAST, NUMBER, OBJECT, VOLATILE};
use super::program::{
    Binary, Condition, Function, INDEX_MASK, Local, Relation, Rotation, Shape, Statement, THINGS, Test,
    Thing, Turns, Unary, WideRotation, Width, WithConstant,
};
use xenia_isa::Op;

/// BO: branch if the bit is set.
pub(super) const IF_SET: i64 = 12;
/// BO: branch if the bit is clear.
pub(super) const IF_CLEAR: i64 = 4;
/// BO: decrement CTR, and branch if it is not 0.
pub(super) const COUNTING: i64 = 16;
/// The greater-than bit of a condition register field.
const GREATER: i64 = 1;
/// The bit of cr0 for a result of 0.
pub(super) const EQUAL: i64 = 2;

/// The stack pointer.
pub(super) const SP: i64 = 1;
/// Counter of loops that do not use CTR.
const COUNTER: Register = 12;
/// Temporary register of a statement.
pub(super) const SCRATCH: Register = 11;
/// Condition register field of compares.
const CR6: i64 = 6;

/// Writes a function; returns its address.
pub(super) fn function(code: &mut Code, function: &Function, outside: Outside<'_>) -> u32 {
    let address = code.here();
    let mut lowering = Lowering { code, function, outside };
    let number = lowering.register(0);
    let frame = Frame::new(function, outside.helpers);
    frame.begin(lowering.code, number);
    lowering.block(&function.body);
    frame.end(lowering.code, number);
    address
}

/// Addresses that functions refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside<'a> {
    /// Shared helpers that save registers.
    pub helpers: Helpers,
    /// Addresses of the leaves.
    pub leaves: &'a [u32],
    /// Address of the array of things.
    pub things: u32,
}

/// Size of a thing in bytes. Its first word is the address of its virtual function table.
pub(super) const THING: u32 = 16;

/// A function being written.
pub(super) struct Lowering<'a> {
    /// Code to append to.
    pub code: &'a mut Code,
    /// The function being lowered.
    pub function: &'a Function,
    outside: Outside<'a>,
}

fn load_op(width: Width) -> Op {
    match width {
        Width::Byte => Op::lbz,
        Width::Half => Op::lhz,
        Width::SignedHalf => Op::lha,
        Width::Word => Op::lwz,
        Width::SignedWord => Op::lwa,
        Width::Long => Op::ld,
    }
}

fn store_op(width: Width) -> Op {
    match width {
        Width::Byte => Op::stb,
        Width::Half | Width::SignedHalf => Op::sth,
        Width::Word | Width::SignedWord => Op::stw,
        Width::Long => Op::std,
    }
}

impl Lowering<'_> {
    /// The register of a local.
    fn register(&self, local: Local) -> Register {
        match (self.function.shape, local) {
            (Shape::Calling, local) => LAST - 1 - local,
            (_, 0) => NUMBER,
            (_, local) if local < VOLATILE => OBJECT + local,
            (_, local) => LAST - (local - VOLATILE),
        }
    }

    /// The register of a local, as an operand.
    pub(super) fn operand(&self, local: Local) -> i64 {
        self.register(local).into()
    }

    /// The register of the object.
    pub(super) fn object(&self) -> i64 {
        if self.function.shape == Shape::Calling { LAST.into() } else { OBJECT.into() }
    }

    fn unary_op(&self, op: Unary) -> Op {
        match op {
            Unary::Negate => Op::negx,
            Unary::SignByte => Op::extsbx,
            Unary::SignHalf => Op::extshx,
            Unary::SignWord => Op::extswx,
            Unary::LeadingZeros if self.function.wide => Op::cntlzdx,
            Unary::LeadingZeros => Op::cntlzwx,
        }
    }

    fn block(&mut self, block: &[Statement]) {
        for statement in block {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match *statement {
            Statement::Constant { to, value } => self.code.constant(self.register(to), value),
            Statement::Binary { op, to, a, b } => {
                self.binary(op, self.operand(to), self.operand(a), self.operand(b));
            }
            Statement::WithConstant { op, to, a } => {
                self.with_constant(op, self.operand(to), self.operand(a));
            }
            Statement::Unary { op, to, a } => {
                let op = self.unary_op(op);
                self.code.put(op, &[self.operand(to), self.operand(a)]);
            }
            Statement::Extract { to, a, bits } => {
                self.rotate(Op::rlwinmx, self.operand(to), self.operand(a), bits);
            }
            Statement::ExtractWide { to, a, bits } => {
                self.rotate_wide(self.operand(to), self.operand(a), bits);
            }
            Statement::Insert { to, a, bits } => {
                self.rotate(Op::rlwimix, self.operand(to), self.operand(a), bits);
            }
            Statement::Load { to, field } => {
                let op = load_op(field.width);
                self.code.put(op, &[self.operand(to), field.at.into(), self.object()]);
            }
            Statement::Store { from, field } => {
                let op = store_op(field.width);
                self.code.put(op, &[self.operand(from), field.at.into(), self.object()]);
            }
            Statement::LoadIndexed { to, index } => {
                self.index(index);
                let op = if self.function.wide { Op::ldx } else { Op::lwzx };
                self.code.put(op, &[self.operand(to), self.object(), SCRATCH.into()]);
            }
            Statement::StoreIndexed { from, index } => {
                self.index(index);
                let op = if self.function.wide { Op::stdx } else { Op::stwx };
                self.code.put(op, &[self.operand(from), self.object(), SCRATCH.into()]);
            }
            Statement::If { condition, ref then, ref otherwise } => {
                self.choose(condition, then, otherwise);
            }
            Statement::Loop { turns, in_ctr, ref body } => self.repeat(turns, in_ctr, body),
            Statement::FloatConstant { to, bits } => self.float_constant(to, bits),
            Statement::FloatLoad { to, at } => self.float_field(Op::lfs, Op::lfd, to, at),
            Statement::FloatStore { from, at } => self.float_field(Op::stfs, Op::stfd, from, at),
            Statement::Float { op, to, a, b, c } => self.float_op(op, to, [a, b, c]),
            Statement::FloatConvert { to, from } => self.float_convert(to, from),
            Statement::FloatFromInteger { to, a } => self.float_from_integer(to, a),
            Statement::Virtual { to, thing, slot, a } => {
                self.virtual_call(thing, slot, a);
                self.code.put(Op::xorx, &[self.operand(to), self.operand(to), NUMBER.into()]);
            }
            Statement::Switch { on, bits, ref cases } => self.switch(on, bits, cases),
            Statement::Call { to, leaf, a } => self.call_leaf(to, leaf, a),
        }
    }

    fn call_leaf(&mut self, to: Local, leaf: u32, a: Local) {
        self.code.copy(NUMBER, self.register(a));
        self.code.copy(OBJECT, LAST);
        self.code.call(self.outside.leaves[leaf as usize]);
        self.code.put(Op::xorx, &[self.operand(to), self.operand(to), NUMBER.into()]);
    }

    /// Executes one of two blocks.
    fn choose(&mut self, condition: Condition, then: &[Statement], otherwise: &[Statement]) {
        let other = self.code.label();
        let end = self.code.label();
        self.branch_unless(condition, other);
        self.block(then);
        if !otherwise.is_empty() {
            self.code.jump(end);
        }
        self.code.place(other);
        self.block(otherwise);
        self.code.place(end);
    }

    /// Calls the function in a slot of a thing's table.
    fn virtual_call(&mut self, thing: Thing, slot: u32, a: Local) {
        let scratch = i64::from(SCRATCH);
        match thing {
            Thing::Fixed(number) => {
                let low = self.code.high(SCRATCH, self.outside.things.wrapping_add(number * THING));
                self.code.put(Op::lwz, &[scratch, low, scratch]);
            }
            Thing::Chosen(local) => {
                let shift = THING.trailing_zeros() as u8;
                let begin = 32 - shift - THINGS.trailing_zeros() as u8;
                let bits = Rotation { by: shift, begin, end: 31 - shift };
                self.rotate(Op::rlwinmx, scratch, self.operand(local), bits);
                self.code.constant(COUNTER, self.outside.things);
                self.code.put(Op::lwzx, &[scratch, COUNTER.into(), scratch]);
            }
        }
        self.code.put(Op::lwz, &[scratch, i64::from(4 * slot), scratch]);
        self.code.set_ctr(SCRATCH);
        self.code.copy(NUMBER, self.register(a));
        self.code.copy(OBJECT, LAST);
        self.code.call_ctr();
    }

    fn switch(&mut self, on: Local, bits: Rotation, cases: &[Vec<Statement>]) {
        let scratch = i64::from(SCRATCH);
        let end = self.code.label();
        let labels: Vec<_> = cases.iter().map(|_| self.code.label()).collect();
        let table = self.code.table(&labels);
        self.rotate(Op::rlwinmx, scratch, self.operand(on), bits);
        self.code.put(Op::cmpli, &[CR6, 0, scratch, cases.len() as i64 - 1]);
        self.code.branch(IF_SET, 4 * CR6 + GREATER, end);
        self.code.constant(COUNTER, table);
        self.code.put(Op::rlwinmx, &[scratch, scratch, 2, 0, 29]);
        self.code.put(Op::lwzx, &[scratch, COUNTER.into(), scratch]);
        self.code.set_ctr(SCRATCH);
        self.code.jump_ctr();
        for (index, (case, label)) in cases.iter().zip(labels).enumerate() {
            self.code.place(label);
            self.block(case);
            if index + 1 < cases.len() {
                self.code.jump(end);
            }
        }
        self.code.place(end);
    }

    fn binary(&mut self, op: Binary, to: i64, a: i64, b: i64) {
        match op {
            Binary::Add => self.code.put(Op::addx, &[to, a, b]),
            Binary::Subtract => self.code.put(Op::subfx, &[to, b, a]),
            Binary::Multiply if self.function.wide => self.code.put(Op::mulldx, &[to, a, b]),
            Binary::Multiply => self.code.put(Op::mullwx, &[to, a, b]),
            Binary::And => self.code.put(Op::andx, &[to, a, b]),
            Binary::Or => self.code.put(Op::orx, &[to, a, b]),
            Binary::Xor => self.code.put(Op::xorx, &[to, a, b]),
            Binary::AndNot => self.code.put(Op::andcx, &[to, a, b]),
            Binary::Rotate if self.function.wide => self.code.put(Op::rldclx, &[to, a, b, 0]),
            Binary::Rotate => self.code.put(Op::rlwnmx, &[to, a, b, 0, 31]),
        }
    }

    fn with_constant(&mut self, op: WithConstant, to: i64, a: i64) {
        match op {
            WithConstant::Add(value) => self.code.put(Op::addi, &[to, a, value.into()]),
            WithConstant::AddHigh(value) => self.code.put(Op::addis, &[to, a, value.into()]),
            WithConstant::Multiply(value) => self.code.put(Op::mulli, &[to, a, value.into()]),
            WithConstant::SubtractFrom(value) => self.code.put(Op::subficx, &[to, a, value.into()]),
            WithConstant::Xor(value) => self.code.put(Op::xori, &[to, a, value.into()]),
            WithConstant::Or(value) => self.code.put(Op::ori, &[to, a, value.into()]),
            WithConstant::ShiftRight(by) if self.function.wide => {
                self.code.put(Op::sradix, &[to, a, by.into()]);
            }
            WithConstant::ShiftRight(by) => self.code.put(Op::srawix, &[to, a, by.into()]),
        }
    }

    /// Writes an instruction that rotates and masks.
    pub(super) fn rotate(&mut self, op: Op, to: i64, a: i64, bits: Rotation) {
        self.code.put(op, &[to, a, bits.by.into(), bits.begin.into(), bits.end.into()]);
    }

    /// Extracts bits of all 64, with the instruction that can clear the others.
    fn rotate_wide(&mut self, to: i64, a: i64, bits: WideRotation) {
        let (op, end) = if bits.begin == 0 && bits.end != 63 {
            (Op::rldicrx, bits.end)
        } else {
            (Op::rldiclx, bits.begin)
        };
        self.code.put(op, &[to, a, bits.by.into(), end.into()]);
    }

    /// Extracts the bits of a local that choose a word of the object.
    fn index(&mut self, local: Local) {
        let begin = INDEX_MASK.leading_zeros() as u8;
        let end = 31 - INDEX_MASK.trailing_zeros() as u8;
        self.rotate(Op::rlwinmx, SCRATCH.into(), self.operand(local), Rotation { by: 0, begin, end });
    }

    fn branch_unless(&mut self, condition: Condition, to: Label) {
        let long = i64::from(self.function.wide);
        let (field, relation) = match condition.test {
            Test::Field { field, relation, limit } => {
                let op = if field.width == Width::Byte { Op::lbz } else { Op::lhz };
                self.code.put(op, &[SCRATCH.into(), field.at.into(), self.object()]);
                self.code.put(Op::cmpli, &[CR6, 0, SCRATCH.into(), limit.into()]);
                (CR6, relation)
            }
            Test::Clear { local, bits } => {
                let words = [bits.by, bits.begin, bits.end].map(i64::from);
                let local = self.operand(local);
                self.code.put_recording(Op::rlwinmx, &[SCRATCH.into(), local, words[0], words[1], words[2]]);
                (0, Relation::Equal)
            }
            Test::Locals { a, b, relation, signed } => {
                let op = if signed { Op::cmp } else { Op::cmpl };
                self.code.put(op, &[CR6, long, self.operand(a), self.operand(b)]);
                (CR6, relation)
            }
            Test::Floats { a, b, relation } => {
                self.code.put(Op::fcmpu, &[CR6, self.float(a), self.float(b)]);
                (CR6, relation)
            }
            Test::Constant { local, relation, limit } => {
                self.code.put(Op::cmpi, &[CR6, long, self.operand(local), limit.into()]);
                (CR6, relation)
            }
        };
        let bit = match relation {
            Relation::Less => 0,
            Relation::Greater => GREATER,
            Relation::Equal => EQUAL,
        };
        let how = if condition.holds { IF_CLEAR } else { IF_SET };
        self.code.branch(how, 4 * field + bit, to);
    }

    fn repeat(&mut self, turns: Turns, in_ctr: bool, body: &[Statement]) {
        let counter = if in_ctr { SCRATCH } else { COUNTER };
        match turns {
            Turns::Fixed(turns) => self.code.put(Op::addi, &[counter.into(), 0, turns.into()]),
            Turns::Masked(local, mask) => {
                let bits = Rotation { by: 0, begin: mask.leading_zeros() as u8 + 24, end: 31 };
                self.rotate(Op::rlwinmx, counter.into(), self.operand(local), bits);
                self.code.put(Op::addi, &[counter.into(), counter.into(), 1]);
            }
        }
        if in_ctr {
            self.code.set_ctr(counter);
        }
        let start = self.code.label_here();
        self.block(body);
        if in_ctr {
            self.code.branch(COUNTING, 0, start);
        } else {
            self.code.put(Op::addi, &[counter.into(), counter.into(), -1]);
            self.code.put(Op::cmpli, &[CR6, 0, counter.into(), 0]);
            self.code.branch(IF_CLEAR, 4 * CR6 + EQUAL, start);
        }
    }
}
