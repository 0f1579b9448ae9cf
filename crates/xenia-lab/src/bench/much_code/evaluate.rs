//! Interprets a program's intermediate form: the reference that generated titles must agree with.

use super::program::{
    Binary, Condition, FloatLocal, FloatOp, Function, INDEX_MASK, Local, Program, Relation, Statement,
    THINGS, Test, Thing, Turns, Unary, Width, WithConstant,
};
use xenia_host::float::{fused_multiply_add, fused_multiply_add_single};

/// Checksum of a complete run.
pub(super) fn evaluate(program: &Program) -> u32 {
    match program.threads {
        1 => thread(program, 0),
        threads => (0..threads).fold(0, |sum, number| fold(sum, thread(program, number))),
    }
}

fn fold(sum: u32, word: u32) -> u32 {
    sum.rotate_left(5).wrapping_add(word)
}

/// Checksum of a thread.
fn thread(program: &Program, number: u32) -> u32 {
    let mut machine = Evaluator { program, arena: program.arena.clone() };
    let mut value = number.into();
    for _ in 0..program.rounds {
        for entry in &program.round {
            value = machine.call(&program.functions[entry.function as usize], value, entry.object);
        }
    }
    machine
        .arena
        .chunks_exact(4)
        .fold(value as u32, |sum, word| fold(sum, u32::from_be_bytes(word.try_into().unwrap())))
}

struct Evaluator<'a> {
    program: &'a Program,
    arena: Vec<u8>,
}

struct Frame {
    wide: bool,
    locals: Vec<u64>,
    floats: Vec<f64>,
    is_double: Vec<bool>,
    object: u32,
}

impl Frame {
    fn get(&self, local: Local) -> u64 {
        self.locals[usize::from(local)]
    }

    /// The local as a signed number.
    fn signed(&self, local: Local) -> i64 {
        signed(self.wide, self.get(local))
    }

    fn set(&mut self, local: Local, value: u64) {
        self.locals[usize::from(local)] = if self.wide { value } else { value & 0xFFFF_FFFF };
    }

    fn float(&self, local: FloatLocal) -> f64 {
        self.floats[usize::from(local)]
    }

    fn set_float(&mut self, local: FloatLocal, value: f64) {
        assert!(value.abs() < 3.0 || value.fract() == 0.0, "{value}");
        self.floats[usize::from(local)] = value;
    }

    /// Computes an operation, rounded to the precision of `to`.
    fn operate(&mut self, op: FloatOp, to: FloatLocal, [a, b, c]: [f64; 3]) {
        let value = if self.is_double[usize::from(to)] {
            match op {
                FloatOp::Add => a + b,
                FloatOp::Subtract => a - b,
                FloatOp::Multiply => a * c,
                FloatOp::MultiplyAdd => fused_multiply_add(a, c, b),
                FloatOp::MultiplySubtract => fused_multiply_add(a, c, -b),
                FloatOp::NegativeMultiplySubtract => -fused_multiply_add(a, c, -b),
                FloatOp::Negate => -a,
                FloatOp::Absolute => a.abs(),
            }
        } else {
            let a = a as f32;
            let b = b as f32;
            let c = c as f32;
            f64::from(match op {
                FloatOp::Add => a + b,
                FloatOp::Subtract => a - b,
                FloatOp::Multiply => a * c,
                FloatOp::MultiplyAdd => fused_multiply_add_single(a, c, b),
                FloatOp::MultiplySubtract => fused_multiply_add_single(a, c, -b),
                FloatOp::NegativeMultiplySubtract => -fused_multiply_add_single(a, c, -b),
                FloatOp::Negate => -a,
                FloatOp::Absolute => a.abs(),
            })
        };
        self.set_float(to, value);
    }
}

fn signed(wide: bool, value: u64) -> i64 {
    if wide { value as i64 } else { i64::from(value as i32) }
}

impl Evaluator<'_> {
    fn call(&mut self, function: &Function, argument: u64, object: u32) -> u64 {
        let locals = vec![0; usize::from(function.locals)];
        let floats = vec![0.0; usize::from(function.floats)];
        let is_double = (0..function.floats).map(|local| function.is_double(local)).collect();
        let mut frame = Frame { wide: function.wide, locals, floats, is_double, object };
        frame.set(0, argument);
        self.block(&function.body, &mut frame);
        frame.get(0)
    }

    fn load(&self, at: u32, width: Width) -> u64 {
        let bytes = &self.arena[at as usize..][..width.bytes() as usize];
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        match width {
            Width::SignedHalf => value as i16 as u64,
            Width::SignedWord => value as i32 as u64,
            _ => value,
        }
    }

    fn store(&mut self, at: u32, width: Width, value: u64) {
        let bytes = value.to_be_bytes();
        let count = width.bytes() as usize;
        self.arena[at as usize..][..count].copy_from_slice(&bytes[8 - count..]);
    }

    /// Loads a field of the object in the precision of `to`.
    fn load_float(&self, to: FloatLocal, at: u32, frame: &mut Frame) {
        let at = frame.object + at;
        let value = if frame.is_double[usize::from(to)] {
            f64::from_bits(self.load(at, Width::Long))
        } else {
            f32::from_bits(self.load(at, Width::Word) as u32).into()
        };
        frame.set_float(to, value);
    }

    /// Stores a field of the object in the precision of `from`.
    fn store_float(&mut self, from: FloatLocal, at: u32, frame: &Frame) {
        let at = frame.object + at;
        let value = frame.float(from);
        assert!(value.abs() <= 1.0, "{value}");
        if frame.is_double[usize::from(from)] {
            self.store(at, Width::Long, value.to_bits());
        } else {
            self.store(at, Width::Word, (value as f32).to_bits().into());
        }
    }

    /// Calls a leaf with `a`, and combines its result with `to`.
    fn call_leaf(&mut self, leaf: u32, to: Local, a: Local, frame: &mut Frame) {
        let leaf = &self.program.leaves[leaf as usize];
        let value = self.call(leaf, frame.get(a), frame.object);
        frame.set(to, frame.get(to) ^ value);
    }

    fn block(&mut self, block: &[Statement], frame: &mut Frame) {
        for statement in block {
            self.statement(statement, frame);
        }
    }

    fn statement(&mut self, statement: &Statement, frame: &mut Frame) {
        let word = |frame: &Frame, index| {
            let width = if frame.wide { Width::Long } else { Width::Word };
            (frame.object + (frame.get(index) as u32 & INDEX_MASK), width)
        };
        match *statement {
            Statement::Constant { to, value } => frame.set(to, value as i32 as u64),
            Statement::Binary { op, to, a, b } => {
                frame.set(to, binary(op, frame.wide, frame.get(a), frame.get(b)));
            }
            Statement::WithConstant { op, to, a } => frame.set(to, with_constant(op, frame.signed(a))),
            Statement::Unary { op, to, a } => frame.set(to, unary(op, frame.wide, frame.get(a))),
            Statement::Extract { to, a, bits } => {
                let rotated = (frame.get(a) as u32).rotate_left(bits.by.into());
                frame.set(to, u64::from(rotated & bits.mask()));
            }
            Statement::ExtractWide { to, a, bits } => {
                frame.set(to, frame.get(a).rotate_left(bits.by.into()) & bits.mask());
            }
            Statement::Insert { to, a, bits } => {
                let new = (frame.get(a) as u32).rotate_left(bits.by.into()) & bits.mask();
                frame.set(to, frame.get(to) & !u64::from(bits.mask()) | u64::from(new));
            }
            Statement::Load { to, field } => {
                frame.set(to, self.load(frame.object + field.at, field.width));
            }
            Statement::Store { from, field } => {
                self.store(frame.object + field.at, field.width, frame.get(from));
            }
            Statement::LoadIndexed { to, index } => {
                let (at, width) = word(frame, index);
                frame.set(to, self.load(at, width));
            }
            Statement::StoreIndexed { from, index } => {
                let (at, width) = word(frame, index);
                self.store(at, width, frame.get(from));
            }
            Statement::If { condition, ref then, ref otherwise } => {
                let side = if self.holds(condition, frame) { then } else { otherwise };
                self.block(side, frame);
            }
            Statement::Loop { turns, ref body, .. } => {
                let turns = match turns {
                    Turns::Fixed(turns) => u64::from(turns),
                    Turns::Masked(local, mask) => (frame.get(local) & u64::from(mask)) + 1,
                };
                for _ in 0..turns {
                    self.block(body, frame);
                }
            }
            Statement::FloatConstant { to, bits } => {
                frame.set_float(to, f32::from_bits(bits).into());
            }
            Statement::FloatLoad { to, at } => self.load_float(to, at, frame),
            Statement::FloatStore { from, at } => self.store_float(from, at, frame),
            Statement::Float { op, to, a, b, c } => {
                let operands = [a, b, c].map(|local| frame.float(local));
                frame.operate(op, to, operands);
            }
            Statement::FloatConvert { to, from } => {
                let value = frame.float(from);
                let single = f64::from(value as f32);
                frame.set_float(to, if frame.is_double[usize::from(to)] { value } else { single });
            }
            Statement::FloatFromInteger { to, a } => {
                let value = frame.get(a) & 7;
                frame.set_float(to, value as f64);
            }
            Statement::Virtual { to, thing, slot, a } => {
                let thing = match thing {
                    Thing::Fixed(number) => number,
                    Thing::Chosen(local) => frame.get(local) as u32 & (THINGS - 1),
                };
                let class = self.program.things[thing as usize];
                self.call_leaf(self.program.classes[class as usize][slot as usize], to, a, frame);
            }
            Statement::Switch { on, bits, ref cases } => {
                let number = (frame.get(on) as u32).rotate_left(bits.by.into()) & bits.mask();
                if let Some(case) = cases.get(number as usize) {
                    self.block(case, frame);
                }
            }
            Statement::Call { to, leaf, a } => self.call_leaf(leaf, to, a, frame),
        }
    }

    fn holds(&self, condition: Condition, frame: &Frame) -> bool {
        let is = |relation, order: std::cmp::Ordering| match relation {
            Relation::Less => order.is_lt(),
            Relation::Greater => order.is_gt(),
            Relation::Equal => order.is_eq(),
        };
        let outcome = match condition.test {
            Test::Field { field, relation, limit } => {
                is(relation, self.load(frame.object + field.at, field.width).cmp(&limit.into()))
            }
            Test::Clear { local, bits } => frame.get(local) as u32 & bits.mask() == 0,
            Test::Locals { a, b, relation, signed: true } => {
                is(relation, frame.signed(a).cmp(&frame.signed(b)))
            }
            Test::Locals { a, b, relation, signed: false } => is(relation, frame.get(a).cmp(&frame.get(b))),
            Test::Floats { a, b, relation } => {
                is(relation, frame.float(a).partial_cmp(&frame.float(b)).expect("no NaN"))
            }
            Test::Constant { local, relation, limit } => is(relation, frame.signed(local).cmp(&limit.into())),
        };
        outcome == condition.holds
    }
}

fn binary(op: Binary, wide: bool, a: u64, b: u64) -> u64 {
    match op {
        Binary::Add => a.wrapping_add(b),
        Binary::Subtract => a.wrapping_sub(b),
        Binary::Multiply => a.wrapping_mul(b),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        Binary::AndNot => a & !b,
        Binary::Rotate if wide => a.rotate_left(b as u32 & 63),
        Binary::Rotate => u64::from((a as u32).rotate_left(b as u32 & 31)),
    }
}

fn with_constant(op: WithConstant, a: i64) -> u64 {
    let value = match op {
        WithConstant::Add(value) => a.wrapping_add(value.into()),
        WithConstant::AddHigh(value) => a.wrapping_add(i64::from(value) << 16),
        WithConstant::Multiply(value) => a.wrapping_mul(value.into()),
        WithConstant::SubtractFrom(value) => i64::from(value).wrapping_sub(a),
        WithConstant::Xor(value) => a ^ i64::from(value),
        WithConstant::Or(value) => a | i64::from(value),
        WithConstant::ShiftRight(by) => a >> by,
    };
    value as u64
}

fn unary(op: Unary, wide: bool, a: u64) -> u64 {
    match op {
        Unary::Negate => a.wrapping_neg(),
        Unary::SignByte => a as i8 as u64,
        Unary::SignHalf => a as i16 as u64,
        Unary::SignWord => a as i32 as u64,
        Unary::LeadingZeros if wide => a.leading_zeros().into(),
        Unary::LeadingZeros => (a as u32).leading_zeros().into(),
    }
}
