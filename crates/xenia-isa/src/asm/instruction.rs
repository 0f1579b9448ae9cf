//! Encoder: mnemonic and operands to a word, by the table of templates.

use super::expr::{self, Expr, Value};
use super::lexer::{Cursor, Token};
use super::{Assembler, Problem};
use crate::spr::NAMES;
use crate::syntax::{Arg, Template};
use crate::templates::TEMPLATES;
use crate::{Class, Instruction, Operand};

/// An operand as written: `expression` or `expression(base)`.
struct Written {
    value: Expr,
    base: Option<Expr>,
}

/// Takes written operands in the order of a template's arguments, where a displacement and its base
/// are two.
struct OperandReader<'a> {
    rest: std::slice::Iter<'a, Written>,
    /// Base of the displacement that was taken last.
    base: Option<&'a Expr>,
}

impl<'a> OperandReader<'a> {
    fn next(&mut self, arg: &Arg, name: &str, column: u32) -> Result<&'a Expr, Problem> {
        if let Some(base) = self.base.take() {
            return Ok(base);
        }
        let next = self.rest.next().ok_or_else(|| Problem::new(column, "an operand is missing"))?;
        let is_displacement = matches!(arg, Arg::Field(Operand::disp | Operand::disp_ds));
        match &next.base {
            Some(register) if is_displacement => self.base = Some(register),
            Some(register) => return Err(Problem::new(register.column, "no base register belongs here")),
            None if is_displacement => {
                let reason = format!("`{name}` needs a base register in parentheses");
                return Err(Problem::new(column, reason));
            }
            None => {}
        }
        Ok(&next.value)
    }
}

impl Assembler {
    pub(super) fn instruction(
        &mut self,
        name: &str,
        cursor: &mut Cursor<'_>,
        column: u32,
    ) -> Result<(), Problem> {
        let mut name = name.to_ascii_lowercase();
        // A branch hint comes directly after the mnemonic.
        if name.starts_with('b') && cursor.joined() {
            for hint in ['+', '-'] {
                if cursor.take(&Token::Punct(hint)) {
                    name.push(hint);
                }
            }
        }
        let written = operands(cursor)?;
        if !self.last {
            // This pass needs sizes only; operands may contain labels that follow.
            if TEMPLATES.named(&name).next().is_none() {
                return Err(Problem::new(column, format!("unknown mnemonic `{name}`")));
            }
            return self.emit(&[0; 4], column);
        }
        let template = choose(&name, &written, column)?;
        let word = self.encode(template, &written, column)?;
        self.emit(&word.to_be_bytes(), column)
    }

    fn encode(&self, template: &Template, written: &[Written], column: u32) -> Result<u32, Problem> {
        let mut word = template.bits;
        let (_, most) = template.arity();
        let leave_out = written.len() < most;
        let mut operands = OperandReader { rest: written.iter(), base: None };
        let mut n = None;
        let mut b = None;
        for arg in &template.args {
            if leave_out {
                match *arg {
                    Arg::Leading(_) => continue,
                    Arg::Optional(field, default) => {
                        word |= insert(field, default, column)?;
                        continue;
                    }
                    _ => {}
                }
            }
            let operand = operands.next(arg, &template.name, column)?;
            match *arg {
                Arg::Field(field) | Arg::Optional(field, _) | Arg::Leading(field) => {
                    word |= self.field(template, field, operand)?;
                }
                Arg::Negated(field) => {
                    let value = self.number(field, operand)?;
                    // `i64::MIN` stays negative, and is outside every field's range.
                    word |= insert(field, value.number.wrapping_neg(), operand.column)?;
                }
                Arg::All(fields) => {
                    for &field in fields {
                        word |= self.field(template, field, operand)?;
                    }
                }
                Arg::Again(field) => {
                    if self.field(template, field, operand)? != word & field.mask() {
                        let reason = "this operand must repeat the target register";
                        return Err(Problem::new(operand.column, reason));
                    }
                }
                Arg::N => n = Some(self.number(Operand::sh64, operand)?.number),
                Arg::B => b = Some(self.number(Operand::sh64, operand)?.number),
                Arg::Mask => {
                    let mask = self.number(Operand::uimm, operand)?.number;
                    let bounds = u32::try_from(mask).ok().and_then(mask_bounds);
                    let Some(MaskBounds { first, last }) = bounds else {
                        return Err(Problem::new(
                            operand.column,
                            format!("{mask:#x} is not a mask of one run"),
                        ));
                    };
                    word |= insert(Operand::mb, first, column)? | insert(Operand::me, last, column)?;
                }
            }
        }
        if !template.computed.is_empty() {
            let bits = template.compute(n.unwrap_or(0), b.unwrap_or(0));
            word |= bits.ok_or_else(|| Problem::new(column, "the shift or width is out of range"))?;
        }
        Ok(word)
    }

    /// Encodes an operand into the bits of one field.
    fn field(&self, template: &Template, field: Operand, operand: &Expr) -> Result<u32, Problem> {
        let value = self.number(field, operand)?;
        let mut number = value.number;
        match field.class() {
            Class::Target => {
                // A relative target is a distance; addresses wrap at 32 bits.
                let absolute = Instruction(template.bits).aa();
                let from = if absolute { 0 } else { self.here() };
                number = i64::from(number.wrapping_sub(from) as i32);
            }
            // `lis r3, 0x8201` and `li r3, 0xFFFFFFFF` denote bit patterns.
            Class::Number | Class::Displacement if field.range() == (-32_768..=32_767) => {
                let shifted = matches!(template.op, crate::Op::addis);
                if value.half || shifted && (0..=0xFFFF).contains(&number) {
                    number = i64::from(number as i16);
                } else if (0xFFFF_8000..=0xFFFF_FFFF).contains(&number) {
                    number = i64::from(number as i32);
                }
            }
            Class::Displacement if value.half => number = i64::from(number as i16),
            _ => {}
        }
        insert(field, number, operand.column)
    }

    /// The operand's value: a register's number or the value of the expression.
    fn number(&self, field: Operand, operand: &Expr) -> Result<Value, Problem> {
        let exact = |number| Value { number, half: false };
        if let Some(name) = operand.name() {
            let prefixes: &[&str] = match field.class() {
                Class::Gpr | Class::GprOrZero => &["r"],
                Class::Fpr => &["f", "fr"],
                Class::Vector => &["v", "vr"],
                _ => &[],
            };
            if let Some(number) = prefixes.iter().find_map(|prefix| register(name, prefix)) {
                return Ok(exact(number));
            }
            let spr = |(_, spr): &&(i64, &str)| spr.eq_ignore_ascii_case(name);
            if field.class() == Class::Spr
                && let Some(&(number, _)) = NAMES.iter().find(spr)
            {
                return Ok(exact(number));
            }
            if ["r", "f", "v"].iter().any(|prefix| register(name, prefix).is_some())
                && operand.evaluate(&self.scope()).is_err()
            {
                let expected = match field.class() {
                    Class::Gpr | Class::GprOrZero => "a general-purpose register",
                    Class::Fpr => "a floating-point register",
                    Class::Vector => "a vector register",
                    Class::CrField => "a condition register field",
                    _ => "a number",
                };
                return Err(Problem::new(operand.column, format!("expected {expected}, found `{name}`")));
            }
        }
        operand
            .evaluate(&self.scope())?
            .ok_or_else(|| Problem::new(operand.column, "the value must be known here"))
    }
}

fn insert(field: Operand, value: i64, column: u32) -> Result<u32, Problem> {
    field.insert(value).map_err(|error| Problem::new(column, error.to_string()))
}

/// The number of a register name: `r12` with prefix `r` is 12.
fn register(name: &str, prefix: &str) -> Option<i64> {
    let head = name.get(..prefix.len())?;
    let digits = name.get(prefix.len()..)?;
    let plain = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    (head.eq_ignore_ascii_case(prefix) && plain).then(|| digits.parse().ok()).flatten()
}

/// Bits of a mask of consecutive ones, which may wrap around; 0 is the most significant.
struct MaskBounds {
    first: i64,
    last: i64,
}

/// The bounds of a mask; `None` if its ones are not consecutive.
fn mask_bounds(mask: u32) -> Option<MaskBounds> {
    if mask == 0 {
        return None;
    }
    if mask == u32::MAX {
        return Some(MaskBounds { first: 0, last: 31 });
    }
    // Rotate so that the run starts at the top; then no other bit may be set.
    let turn = if mask >> 31 != 0 && mask & 1 != 0 {
        31 - (!mask).trailing_zeros().min(31) + 1
    } else {
        mask.leading_zeros()
    };
    let length = mask.count_ones();
    let run = mask.rotate_left(turn);
    let expected = u32::MAX << (32 - length);
    let last = (turn + length - 1) % 32;
    (run == expected).then(|| MaskBounds { first: i64::from(turn % 32), last: i64::from(last) })
}

fn operands(cursor: &mut Cursor<'_>) -> Result<Vec<Written>, Problem> {
    let mut written = Vec::new();
    while !cursor.at_end() {
        let value = expr::parse(cursor)?;
        let base = if cursor.take(&Token::Punct('(')) {
            let base = expr::parse(cursor)?;
            if !cursor.take(&Token::Punct(')')) {
                return Err(Problem::new(cursor.column(), "expected `)`"));
            }
            Some(base)
        } else {
            None
        };
        written.push(Written { value, base });
        if !cursor.take(&Token::Punct(',')) {
            break;
        }
        if cursor.at_end() {
            return Err(Problem::new(cursor.column(), "expected an operand"));
        }
    }
    Ok(written)
}

/// The template with this name that takes this many operands.
fn choose(name: &str, written: &[Written], column: u32) -> Result<&'static Template, Problem> {
    let mut takes = Vec::new();
    for template in TEMPLATES.named(name) {
        let (least, most) = template.arity();
        if (least..=most).contains(&written.len()) {
            return Ok(template);
        }
        takes.push(if least == most { most.to_string() } else { format!("{least} or {most}") });
    }
    let found = written.len();
    Err(Problem::new(column, format!("`{name}` takes {} operands, found {found}", takes.join(" or "))))
}
