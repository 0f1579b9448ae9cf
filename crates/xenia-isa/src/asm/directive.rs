//! Directives of GNU as: data, alignment, symbols.
//!
//! The image is flat, so directives about sections, symbols' kinds and debuggers are accepted
//! without an effect; unknown ones are errors.

use super::lexer::{Cursor, Token};
use super::{Assembler, Problem, expr};
use crate::word::NOP;

/// Directives about sections, symbols and tools, which do not affect a flat image.
static IGNORED: &[&str] = &[
    ".abiversion",
    ".comm",
    ".data",
    ".end",
    ".extern",
    ".file",
    ".global",
    ".globl",
    ".gnu_attribute",
    ".hidden",
    ".ident",
    ".lcomm",
    ".local",
    ".loc",
    ".machine",
    ".popsection",
    ".previous",
    ".pushsection",
    ".rodata",
    ".section",
    ".size",
    ".text",
    ".type",
    ".weak",
];

impl Assembler {
    pub(super) fn directive(
        &mut self,
        name: &str,
        cursor: &mut Cursor<'_>,
        column: u32,
    ) -> Result<(), Problem> {
        match name.to_ascii_lowercase().as_str() {
            ".byte" => self.integers(cursor, 1),
            ".half" | ".hword" | ".short" | ".2byte" | ".word" => self.integers(cursor, 2),
            ".long" | ".int" | ".4byte" => self.integers(cursor, 4),
            ".quad" | ".8byte" | ".llong" => self.integers(cursor, 8),
            ".float" | ".single" => {
                self.floats(cursor, |this, value, column| this.emit(&(value as f32).to_be_bytes(), column))
            }
            ".double" => self.floats(cursor, |this, value, column| this.emit(&value.to_be_bytes(), column)),
            ".ascii" => self.text(cursor, b""),
            ".asciz" | ".string" => self.text(cursor, b"\0"),
            ".align" | ".p2align" => {
                let power = self.known(cursor)?;
                if !(0..=31).contains(&power) {
                    return Err(Problem::new(column, format!("2^{power} is not an alignment")));
                }
                self.align(1 << power, cursor)
            }
            ".balign" => {
                let alignment = self.known(cursor)?;
                if !(1..=1 << 31).contains(&alignment) || alignment.count_ones() != 1 {
                    return Err(Problem::new(column, format!("{alignment} is not a power of two")));
                }
                self.align(alignment, cursor)
            }
            ".space" | ".skip" | ".zero" => {
                let column = cursor.column();
                let count = self.known(cursor)?;
                let fill = self.known_or(0, cursor)?;
                self.fill(count, &[fill as u8], column)
            }
            ".fill" => self.fill_units(cursor),
            ".org" => {
                let column = cursor.column();
                let target = self.known(cursor)?;
                self.fill(target.saturating_sub(self.here()), &[0], column)
            }
            ".set" | ".equ" | ".equiv" => self.set_symbol(cursor),
            name if IGNORED.contains(&name) || name.starts_with(".cfi_") => {
                cursor.skip_statement();
                Ok(())
            }
            _ => Err(Problem::new(column, format!("unknown directive `{name}`"))),
        }
    }

    /// Emits copies of a number of up to eight bytes.
    fn fill_units(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        let column = cursor.column();
        let count = self.known(cursor)?;
        let size = self.known_or(1, cursor)?;
        let value = self.known_or(0, cursor)?;
        let size = usize::try_from(size).ok().filter(|size| *size <= 8);
        let size = size.ok_or_else(|| Problem::new(column, "a `.fill` unit has 0 to 8 bytes"))?;
        self.fill(count, &value.to_be_bytes()[8 - size..], column)
    }

    /// Assigns a value to a symbol.
    fn set_symbol(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        let Some(Token::Ident(symbol)) = cursor.peek() else {
            return Err(Problem::new(cursor.column(), "expected a symbol"));
        };
        cursor.skip(1);
        if !cursor.take(&Token::Punct(',')) {
            return Err(Problem::new(cursor.column(), "expected `,`"));
        }
        self.assign(symbol, cursor)
    }

    /// Evaluates an operand that may be left out.
    fn known_or(&self, otherwise: i64, cursor: &mut Cursor<'_>) -> Result<i64, Problem> {
        if cursor.take(&Token::Punct(',')) { self.known(cursor) } else { Ok(otherwise) }
    }

    /// Evaluates an expression that must be known in the first pass, since sizes depend on it.
    fn known(&self, cursor: &mut Cursor<'_>) -> Result<i64, Problem> {
        let expression = expr::parse(cursor)?;
        match expression.evaluate(&self.scope())? {
            Some(value) => Ok(value.number),
            None => Err(Problem::new(expression.column, "the value must be known here")),
        }
    }

    fn integers(&mut self, cursor: &mut Cursor<'_>, size: usize) -> Result<(), Problem> {
        while !cursor.at_end() {
            let expression = expr::parse(cursor)?;
            let value = expression.evaluate(&self.scope())?.map_or(0, |value| value.number);
            let bits = 8 * size as u32;
            if bits < 64 && !(-1_i64 << (bits - 1)..1_i64 << bits).contains(&value) {
                let reason = format!("value {value} does not fit {size} bytes");
                return Err(Problem::new(expression.column, reason));
            }
            self.emit(&value.to_be_bytes()[8 - size..], expression.column)?;
            if !cursor.take(&Token::Punct(',')) {
                break;
            }
        }
        Ok(())
    }

    fn floats(
        &mut self,
        cursor: &mut Cursor<'_>,
        emit: impl Fn(&mut Self, f64, u32) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        while !cursor.at_end() {
            let column = cursor.column();
            let negative = cursor.take(&Token::Punct('-'));
            if !negative {
                cursor.take(&Token::Punct('+'));
            }
            let magnitude = match cursor.peek() {
                Some(Token::Float(value)) => *value,
                Some(Token::Number(value)) => *value as f64,
                Some(Token::Ident(name)) if name.eq_ignore_ascii_case("nan") => f64::NAN,
                Some(Token::Ident(name))
                    if name.eq_ignore_ascii_case("inf") || name.eq_ignore_ascii_case("infinity") =>
                {
                    f64::INFINITY
                }
                _ => return Err(Problem::new(column, "expected a number")),
            };
            cursor.skip(1);
            emit(self, if negative { -magnitude } else { magnitude }, column)?;
            if !cursor.take(&Token::Punct(',')) {
                break;
            }
        }
        Ok(())
    }

    /// Emits strings, each followed by `end`.
    fn text(&mut self, cursor: &mut Cursor<'_>, end: &[u8]) -> Result<(), Problem> {
        while !cursor.at_end() {
            let column = cursor.column();
            let Some(Token::Text(bytes)) = cursor.peek() else {
                return Err(Problem::new(column, "expected a string"));
            };
            cursor.skip(1);
            self.emit(bytes, column)?;
            self.emit(end, column)?;
            if !cursor.take(&Token::Punct(',')) {
                break;
            }
        }
        Ok(())
    }

    /// Aligns; with `nop`s between instructions, so that execution can fall through.
    fn align(&mut self, alignment: i64, cursor: &mut Cursor<'_>) -> Result<(), Problem> {
        let column = cursor.column();
        let fill = if cursor.take(&Token::Punct(',')) {
            if cursor.peek() == Some(&Token::Punct(',')) { None } else { Some(self.known(cursor)? as u8) }
        } else {
            None
        };
        let padding = -self.here() & (alignment - 1);
        if cursor.take(&Token::Punct(',')) && self.known(cursor)? < padding {
            return Ok(());
        }
        match fill {
            Some(fill) => self.fill(padding, &[fill], column),
            None if self.here() % 4 == 0 && padding % 4 == 0 => {
                self.fill(padding / 4, &NOP.to_be_bytes(), column)
            }
            None => self.fill(padding, &[0], column),
        }
    }

    fn fill(&mut self, count: i64, unit: &[u8], column: u32) -> Result<(), Problem> {
        let count = u64::try_from(count)
            .map_err(|_| Problem::new(column, format!("can't go back by {} bytes", count.unsigned_abs())))?;
        self.reserve(count.saturating_mul(unit.len() as u64), column)?;
        for _ in 0..count * u64::from(!unit.is_empty()) {
            self.bytes.extend_from_slice(unit);
        }
        Ok(())
    }
}
