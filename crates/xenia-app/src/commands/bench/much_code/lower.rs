//! A function as PowerPC code: registers, prologue, statements.
//!
//! Compares go to cr6 and record forms to cr0, as in the code of the console's own compiler. r0, r11
//! and r12 hold what lives within a statement.

use super::encode::{Code, Label, Register};
use super::program::{
    Binary, Condition, Function, INDEX_MASK, Local, Relation, Rotation, Shape, Statement, Test, Turns, Unary,
    Width, WithConstant,
};
use xenia_isa::Op;

/// BO: branch if the bit is set.
pub const IF_SET: i64 = 12;
/// BO: branch if the bit is clear.
pub const IF_CLEAR: i64 = 4;
/// BO: branch if CTR isn't 0 when counted down.
pub const COUNTING: i64 = 16;
/// The bit of cr0 that says that a result is 0.
pub const EQUAL: i64 = 2;

/// The stack pointer.
const SP: i64 = 1;
/// The number that functions are given and return.
const NUMBER: Register = 3;
/// The object that functions are given.
const OBJECT: Register = 4;
/// The last non-volatile register: the object of a function that calls, else the first local behind
/// the volatile ones.
const LAST: Register = 31;
/// The counter of a loop that doesn't count in CTR.
const COUNTER: Register = 12;
/// A value within a statement.
const SCRATCH: Register = 11;
/// The field of compares.
const CR6: i64 = 6;
/// Locals in volatile registers.
const VOLATILE: Local = 7;

/// Writes a function; returns its address. `leaves` are the addresses of those that it may call.
pub fn function(code: &mut Code, function: &Function, leaves: &[u32]) -> u32 {
    let address = code.here();
    let mut lowering = Lowering { code, shape: function.shape, leaves };
    let saved = match function.shape {
        Shape::Volatile => 0,
        Shape::Saving => function.locals.saturating_sub(VOLATILE),
        Shape::Calling => function.locals + 1,
    };
    let frame = lowering.prologue(saved);
    lowering.block(&function.body);
    lowering.epilogue(saved, frame);
    address
}

struct Lowering<'a> {
    code: &'a mut Code,
    shape: Shape,
    leaves: &'a [u32],
}

impl Lowering<'_> {
    /// The register of a local.
    fn register(&self, local: Local) -> Register {
        match (self.shape, local) {
            (Shape::Calling, local) => LAST - 1 - local,
            (_, 0) => NUMBER,
            (_, local) if local < VOLATILE => OBJECT + local,
            (_, local) => LAST - (local - VOLATILE),
        }
    }

    fn operand(&self, local: Local) -> i64 {
        self.register(local).into()
    }

    /// The register of the object.
    fn object(&self) -> i64 {
        if self.shape == Shape::Calling { LAST.into() } else { OBJECT.into() }
    }

    /// Saves registers from r31 down; returns the bytes of the frame.
    fn prologue(&mut self, saved: u8) -> i64 {
        let frame = (16 + 4 * i64::from(saved)).unsigned_abs().next_multiple_of(16) as i64;
        let calls = self.shape == Shape::Calling;
        if saved == 0 && !calls {
            return 0;
        }
        self.code.put(Op::stwu, &[SP, -frame, SP]);
        if calls {
            self.code.get_lr(0);
            self.code.put(Op::stw, &[0, frame + 4, SP]);
        }
        for (place, register) in slots(saved, frame) {
            self.code.put(Op::stw, &[register, place, SP]);
        }
        if calls {
            self.code.copy(LAST, OBJECT);
            self.code.copy(self.register(0), NUMBER);
        }
        frame
    }

    fn epilogue(&mut self, saved: u8, frame: i64) {
        let calls = self.shape == Shape::Calling;
        if calls {
            self.code.copy(NUMBER, self.register(0));
            self.code.put(Op::lwz, &[0, frame + 4, SP]);
        }
        for (place, register) in slots(saved, frame) {
            self.code.put(Op::lwz, &[register, place, SP]);
        }
        if calls {
            self.code.set_lr(0);
        }
        if frame != 0 {
            self.code.put(Op::addi, &[SP, SP, frame]);
        }
        self.code.ret();
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
                let op = match op {
                    Unary::Negate => Op::negx,
                    Unary::SignByte => Op::extsbx,
                    Unary::SignHalf => Op::extshx,
                    Unary::LeadingZeros => Op::cntlzwx,
                };
                self.code.put(op, &[self.operand(to), self.operand(a)]);
            }
            Statement::Extract { to, a, bits } => {
                self.rotate(Op::rlwinmx, self.operand(to), self.operand(a), bits);
            }
            Statement::Insert { to, a, bits } => {
                self.rotate(Op::rlwimix, self.operand(to), self.operand(a), bits);
            }
            Statement::Load { to, field } => {
                let op = match field.width {
                    Width::Byte => Op::lbz,
                    Width::Half => Op::lhz,
                    Width::SignedHalf => Op::lha,
                    Width::Word => Op::lwz,
                };
                self.code.put(op, &[self.operand(to), field.at.into(), self.object()]);
            }
            Statement::Store { from, field } => {
                let op = match field.width {
                    Width::Byte => Op::stb,
                    Width::Half | Width::SignedHalf => Op::sth,
                    Width::Word => Op::stw,
                };
                self.code.put(op, &[self.operand(from), field.at.into(), self.object()]);
            }
            Statement::LoadIndexed { to, index } => {
                self.index(index);
                self.code.put(Op::lwzx, &[self.operand(to), self.object(), SCRATCH.into()]);
            }
            Statement::StoreIndexed { from, index } => {
                self.index(index);
                self.code.put(Op::stwx, &[self.operand(from), self.object(), SCRATCH.into()]);
            }
            Statement::If { condition, ref then, ref otherwise } => {
                let (other, end) = (self.code.label(), self.code.label());
                self.branch_unless(condition, other);
                self.block(then);
                if !otherwise.is_empty() {
                    self.code.jump(end);
                }
                self.code.place(other);
                self.block(otherwise);
                self.code.place(end);
            }
            Statement::Loop { turns, in_ctr, ref body } => self.repeat(turns, in_ctr, body),
            Statement::Call { to, leaf, a } => {
                self.code.copy(NUMBER, self.register(a));
                self.code.copy(OBJECT, LAST);
                self.code.call(self.leaves[leaf as usize]);
                self.code.put(Op::xorx, &[self.operand(to), self.operand(to), NUMBER.into()]);
            }
        }
    }

    fn binary(&mut self, op: Binary, to: i64, a: i64, b: i64) {
        match op {
            Binary::Add => self.code.put(Op::addx, &[to, a, b]),
            Binary::Subtract => self.code.put(Op::subfx, &[to, b, a]),
            Binary::Multiply => self.code.put(Op::mullwx, &[to, a, b]),
            Binary::And => self.code.put(Op::andx, &[to, a, b]),
            Binary::Or => self.code.put(Op::orx, &[to, a, b]),
            Binary::Xor => self.code.put(Op::xorx, &[to, a, b]),
            Binary::AndNot => self.code.put(Op::andcx, &[to, a, b]),
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
            WithConstant::ShiftRight(by) => self.code.put(Op::srawix, &[to, a, by.into()]),
        }
    }

    fn rotate(&mut self, op: Op, to: i64, a: i64, bits: Rotation) {
        self.code.put(op, &[to, a, bits.by.into(), bits.begin.into(), bits.end.into()]);
    }

    /// The bits of a local that choose a word of the object.
    fn index(&mut self, local: Local) {
        let (begin, end) = (INDEX_MASK.leading_zeros() as u8, 31 - INDEX_MASK.trailing_zeros() as u8);
        self.rotate(Op::rlwinmx, SCRATCH.into(), self.operand(local), Rotation { by: 0, begin, end });
    }

    fn branch_unless(&mut self, condition: Condition, to: Label) {
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
                self.code.put(op, &[CR6, 0, self.operand(a), self.operand(b)]);
                (CR6, relation)
            }
            Test::Constant { local, relation, limit } => {
                self.code.put(Op::cmpi, &[CR6, 0, self.operand(local), limit.into()]);
                (CR6, relation)
            }
        };
        let bit = match relation {
            Relation::Less => 0,
            Relation::Greater => 1,
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

/// Places in the frame and registers from r31 down.
fn slots(saved: u8, frame: i64) -> impl Iterator<Item = (i64, i64)> {
    (1..=i64::from(saved)).map(move |index| (frame - 4 * index, i64::from(LAST) + 1 - index))
}
