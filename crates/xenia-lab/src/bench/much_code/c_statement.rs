//! Writes statements as C.

use super::c_source::line;
use super::program::{
    Binary, Condition, FloatLocal, FloatOp, Function, INDEX_MASK, Local, Relation, Rotation, Statement,
    THINGS, Test, Thing, Turns, Unary, Width, WithConstant,
};

/// A function whose statements are being written.
#[derive(Debug)]
pub(super) struct FunctionWriter<'a> {
    /// Text to append to.
    pub text: &'a mut String,
    /// The function being written.
    pub function: &'a Function,
}

impl FunctionWriter<'_> {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        line(self.text, what);
    }

    /// The macro that accesses a field of a variable's precision.
    fn float_access(&self, local: FloatLocal) -> char {
        if self.function.is_double(local) { 'D' } else { 'F' }
    }

    /// Writes a block of statements.
    pub(super) fn block(&mut self, block: &[Statement]) {
        for one in block {
            self.statement(one);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        let text = match *statement {
            Statement::If { condition, ref then, ref otherwise } => {
                return self.branch(condition, then, otherwise);
            }
            Statement::Loop { turns, ref body, .. } => return self.counted_loop(turns, body),
            Statement::Switch { on, bits, ref cases } => return self.switch(on, bits, cases),
            Statement::Constant { to, value } => format!("v{to} = (V)(s32){value}u;"),
            Statement::Binary { op, to, a, b } => {
                format!("v{to} = {};", binary(op, &format!("v{a}"), &format!("v{b}")))
            }
            Statement::WithConstant { op, to, a } => {
                format!("v{to} = {};", with_constant(op, &format!("v{a}")))
            }
            Statement::Unary { op, to, a } => format!("v{to} = {};", unary(op, &format!("v{a}"))),
            Statement::Extract { to, a, bits } => {
                format!("v{to} = rot((u32)v{a}, {}) & {:#x}u;", bits.by, bits.mask())
            }
            Statement::ExtractWide { to, a, bits } => {
                format!("v{to} = wide_rot(v{a}, {}) & {:#x}ull;", bits.by, bits.mask())
            }
            Statement::Insert { to, a, bits } => insert(to, a, bits),
            Statement::Load { to, field } => format!("v{to} = {}({});", access(field.width), field.at),
            Statement::Store { from, field } => format!("{}({}) = v{from};", access(field.width), field.at),
            Statement::LoadIndexed { to, index } => format!("v{to} = X(v{index} & {INDEX_MASK});"),
            Statement::StoreIndexed { from, index } => format!("X(v{index} & {INDEX_MASK}) = v{from};"),
            // Nine digits represent every single-precision number exactly.
            Statement::FloatConstant { to, bits } => format!("g{to} = {:.9e}f;", f32::from_bits(bits)),
            Statement::FloatLoad { to, at } => format!("g{to} = {}({at});", self.float_access(to)),
            Statement::FloatStore { from, at } => format!("{}({at}) = g{from};", self.float_access(from)),
            Statement::Float { op, to, a, b, c } => {
                // The functions of single precision have names that end in f.
                let suffix = if self.function.is_double(to) { "" } else { "f" };
                let operands = [a, b, c].map(|local| format!("g{local}"));
                format!("g{to} = {};", float(op, suffix, &operands))
            }
            Statement::FloatConvert { to, from } => format!("g{to} = g{from};"),
            Statement::FloatFromInteger { to, a } => format!("g{to} = (float)(s32)(v{a} & 7);"),
            Statement::Call { to, leaf, a } => format!("v{to} ^= l{leaf}(v{a}, p);"),
            Statement::Virtual { to, thing, slot, a } => {
                format!("v{to} ^= things[{}].table[{slot}](v{a}, p);", index_of(thing))
            }
        };
        self.line(format_args!("{text}"));
    }

    fn branch(&mut self, condition: Condition, then: &[Statement], otherwise: &[Statement]) {
        self.line(format_args!("if ({}) {{", test(condition)));
        self.block(then);
        if !otherwise.is_empty() {
            self.text.push_str("} else {\n");
            self.block(otherwise);
        }
        self.text.push_str("}\n");
    }

    fn counted_loop(&mut self, turns: Turns, body: &[Statement]) {
        let turns = match turns {
            Turns::Fixed(turns) => turns.to_string(),
            Turns::Masked(local, mask) => format!("(v{local} & {mask}) + 1"),
        };
        self.line(format_args!("for (u32 n = {turns}; n; n--) {{"));
        self.block(body);
        self.text.push_str("}\n");
    }

    fn switch(&mut self, on: Local, bits: Rotation, cases: &[Vec<Statement>]) {
        self.line(format_args!("switch (rot((u32)v{on}, {}) & {:#x}u) {{", bits.by, bits.mask()));
        for (number, case) in cases.iter().enumerate() {
            self.line(format_args!("case {number}:"));
            self.block(case);
            self.text.push_str("break;\n");
        }
        self.text.push_str("}\n");
    }
}

fn insert(to: Local, a: Local, bits: Rotation) -> String {
    let by = bits.by;
    let mask = bits.mask();
    format!("v{to} = (v{to} & ~(V){mask:#x}u) | (rot((u32)v{a}, {by}) & {mask:#x}u);")
}

/// The index of a thing, as an expression.
fn index_of(thing: Thing) -> String {
    match thing {
        Thing::Fixed(number) => number.to_string(),
        Thing::Chosen(local) => format!("v{local} & {}", THINGS - 1),
    }
}

fn unary(op: Unary, a: &str) -> String {
    match op {
        Unary::Negate => format!("-{a}"),
        Unary::SignByte => format!("(V)(s8){a}"),
        Unary::SignHalf => format!("(V)(s16){a}"),
        Unary::SignWord => format!("(V)(s32){a}"),
        Unary::LeadingZeros => format!("ZEROS({a})"),
    }
}

fn float(op: FloatOp, suffix: &str, [a, b, c]: &[String; 3]) -> String {
    match op {
        FloatOp::Add => format!("{a} + {b}"),
        FloatOp::Subtract => format!("{a} - {b}"),
        FloatOp::Multiply => format!("{a} * {c}"),
        FloatOp::MultiplyAdd => format!("__builtin_fma{suffix}({a}, {c}, {b})"),
        FloatOp::MultiplySubtract => format!("__builtin_fma{suffix}({a}, {c}, -{b})"),
        FloatOp::NegativeMultiplySubtract => format!("-__builtin_fma{suffix}({a}, {c}, -{b})"),
        FloatOp::Negate => format!("-{a}"),
        FloatOp::Absolute => format!("__builtin_fabs{suffix}({a})"),
    }
}

fn access(width: Width) -> char {
    match width {
        Width::Byte => 'B',
        Width::Half => 'H',
        Width::SignedHalf => 'S',
        Width::Word => 'W',
        Width::SignedWord => 'T',
        Width::Long => 'L',
    }
}

fn binary(op: Binary, a: &str, b: &str) -> String {
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Subtract => format!("{a} - {b}"),
        Binary::Multiply => format!("{a} * {b}"),
        Binary::And => format!("{a} & {b}"),
        Binary::Or => format!("{a} | {b}"),
        Binary::Xor => format!("{a} ^ {b}"),
        Binary::AndNot => format!("{a} & ~{b}"),
        Binary::Rotate => format!("ROT({a}, {b})"),
    }
}

fn with_constant(op: WithConstant, a: &str) -> String {
    match op {
        WithConstant::Add(value) => format!("{a} + (V){value}"),
        WithConstant::AddHigh(value) => format!("{a} + (V)({value} * 65536)"),
        WithConstant::Multiply(value) => format!("{a} * (V){value}"),
        WithConstant::SubtractFrom(value) => format!("(V){value} - {a}"),
        WithConstant::Xor(value) => format!("{a} ^ {value}u"),
        WithConstant::Or(value) => format!("{a} | {value}u"),
        WithConstant::ShiftRight(by) => format!("(V)((SV){a} >> {by})"),
    }
}

fn test(condition: Condition) -> String {
    let sign = |relation| match relation {
        Relation::Less => "<",
        Relation::Greater => ">",
        Relation::Equal => "==",
    };
    let test = match condition.test {
        Test::Field { field, relation, limit } => {
            format!("{}({}) {} {limit}u", access(field.width), field.at, sign(relation))
        }
        Test::Clear { local, bits } => format!("(v{local} & {:#x}u) == 0", bits.mask()),
        Test::Locals { a, b, relation, signed: true } => {
            format!("(SV)v{a} {} (SV)v{b}", sign(relation))
        }
        Test::Locals { a, b, relation, signed: false } => format!("v{a} {} v{b}", sign(relation)),
        Test::Floats { a, b, relation } => format!("g{a} {} g{b}", sign(relation)),
        Test::Constant { local, relation, limit } => format!("(SV)v{local} {} {limit}", sign(relation)),
    };
    if condition.holds { test } else { format!("!({test})") }
}
