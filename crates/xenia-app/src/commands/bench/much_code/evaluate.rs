//! Runs a program as its intermediate form says: the reference that the title must agree with.

use super::program::{
    Binary, Condition, Function, INDEX_MASK, Local, Program, Relation, Statement, Test, Turns, Unary, Width,
    WithConstant,
};

/// The checksum of a whole run.
pub fn evaluate(program: &Program) -> u32 {
    let mut machine = Machine { program, arena: program.arena.clone() };
    let mut value = 0;
    for _ in 0..program.rounds {
        for entry in &program.round {
            value = machine.call(&program.functions[entry.function as usize], value, entry.object);
        }
    }
    machine.arena.chunks_exact(4).fold(value, |sum, word| {
        sum.rotate_left(5).wrapping_add(u32::from_be_bytes(word.try_into().unwrap()))
    })
}

struct Machine<'a> {
    program: &'a Program,
    arena: Vec<u8>,
}

struct Frame {
    locals: Vec<u32>,
    object: u32,
}

impl Frame {
    fn get(&self, local: Local) -> u32 {
        self.locals[usize::from(local)]
    }

    fn set(&mut self, local: Local, value: u32) {
        self.locals[usize::from(local)] = value;
    }
}

impl Machine<'_> {
    fn call(&mut self, function: &Function, argument: u32, object: u32) -> u32 {
        let mut frame = Frame { locals: vec![0; usize::from(function.locals)], object };
        frame.set(0, argument);
        self.block(&function.body, &mut frame);
        frame.get(0)
    }

    fn load(&self, at: u32, width: Width) -> u32 {
        let bytes = &self.arena[at as usize..][..width.bytes() as usize];
        let value = bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        if width == Width::SignedHalf { value as u16 as i16 as u32 } else { value }
    }

    fn store(&mut self, at: u32, width: Width, value: u32) {
        let bytes = value.to_be_bytes();
        let count = width.bytes() as usize;
        self.arena[at as usize..][..count].copy_from_slice(&bytes[4 - count..]);
    }

    fn block(&mut self, block: &[Statement], frame: &mut Frame) {
        for statement in block {
            self.statement(statement, frame);
        }
    }

    fn statement(&mut self, statement: &Statement, frame: &mut Frame) {
        match *statement {
            Statement::Constant { to, value } => frame.set(to, value),
            Statement::Binary { op, to, a, b } => frame.set(to, binary(op, frame.get(a), frame.get(b))),
            Statement::WithConstant { op, to, a } => frame.set(to, with_constant(op, frame.get(a))),
            Statement::Unary { op, to, a } => frame.set(to, unary(op, frame.get(a))),
            Statement::Extract { to, a, bits } => {
                frame.set(to, frame.get(a).rotate_left(bits.by.into()) & bits.mask());
            }
            Statement::Insert { to, a, bits } => {
                let new = frame.get(a).rotate_left(bits.by.into()) & bits.mask();
                frame.set(to, frame.get(to) & !bits.mask() | new);
            }
            Statement::Load { to, field } => {
                frame.set(to, self.load(frame.object + field.at, field.width));
            }
            Statement::Store { from, field } => {
                self.store(frame.object + field.at, field.width, frame.get(from));
            }
            Statement::LoadIndexed { to, index } => {
                frame.set(to, self.load(frame.object + (frame.get(index) & INDEX_MASK), Width::Word));
            }
            Statement::StoreIndexed { from, index } => {
                self.store(frame.object + (frame.get(index) & INDEX_MASK), Width::Word, frame.get(from));
            }
            Statement::If { condition, ref then, ref otherwise } => {
                let side = if self.holds(condition, frame) { then } else { otherwise };
                self.block(side, frame);
            }
            Statement::Loop { turns, ref body, .. } => {
                let turns = match turns {
                    Turns::Fixed(turns) => u32::from(turns),
                    Turns::Masked(local, mask) => (frame.get(local) & u32::from(mask)) + 1,
                };
                for _ in 0..turns {
                    self.block(body, frame);
                }
            }
            Statement::Call { to, leaf, a } => {
                let leaf = &self.program.leaves[leaf as usize];
                let value = self.call(leaf, frame.get(a), frame.object);
                frame.set(to, frame.get(to) ^ value);
            }
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
            Test::Clear { local, bits } => frame.get(local) & bits.mask() == 0,
            Test::Locals { a, b, relation, signed: true } => {
                is(relation, (frame.get(a) as i32).cmp(&(frame.get(b) as i32)))
            }
            Test::Locals { a, b, relation, signed: false } => is(relation, frame.get(a).cmp(&frame.get(b))),
            Test::Constant { local, relation, limit } => {
                is(relation, (frame.get(local) as i32).cmp(&limit.into()))
            }
        };
        outcome == condition.holds
    }
}

fn binary(op: Binary, a: u32, b: u32) -> u32 {
    match op {
        Binary::Add => a.wrapping_add(b),
        Binary::Subtract => a.wrapping_sub(b),
        Binary::Multiply => a.wrapping_mul(b),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        Binary::AndNot => a & !b,
        Binary::Rotate => a.rotate_left(b & 31),
    }
}

fn with_constant(op: WithConstant, a: u32) -> u32 {
    match op {
        WithConstant::Add(value) => a.wrapping_add_signed(value.into()),
        WithConstant::AddHigh(value) => a.wrapping_add_signed(i32::from(value) << 16),
        WithConstant::Multiply(value) => a.wrapping_mul(i32::from(value) as u32),
        WithConstant::SubtractFrom(value) => (i32::from(value) as u32).wrapping_sub(a),
        WithConstant::Xor(value) => a ^ u32::from(value),
        WithConstant::Or(value) => a | u32::from(value),
        WithConstant::ShiftRight(by) => ((a as i32) >> by) as u32,
    }
}

fn unary(op: Unary, a: u32) -> u32 {
    match op {
        Unary::Negate => a.wrapping_neg(),
        Unary::SignByte => a as u8 as i8 as u32,
        Unary::SignHalf => a as u16 as i16 as u32,
        Unary::LeadingZeros => a.leading_zeros(),
    }
}
