//! Expressions: parsed at each use, evaluated with the symbols known so far.

use super::Problem;
use super::lexer::{Cursor, Token};
use std::collections::{BTreeMap, BTreeSet};

/// Limit on the nesting of an expression.
const MAX_DEPTH: u32 = 64;

/// The symbols of a source.
#[derive(Default)]
pub(super) struct Symbols {
    values: BTreeMap<String, i64>,
    /// Labels defined so far in this pass.
    seen_labels: BTreeSet<String>,
    /// Addresses of each local label, in order.
    locals: BTreeMap<i64, Vec<i64>>,
    /// Number of definitions of each local label so far in this pass.
    locals_met: BTreeMap<i64, usize>,
}

impl Symbols {
    /// Begins another pass: values are kept, so that forward references resolve.
    pub(super) fn restart(&mut self) {
        self.seen_labels.clear();
        self.locals_met.clear();
    }

    pub(super) fn define_label(
        &mut self,
        name: &str,
        value: i64,
        last: bool,
        column: u32,
    ) -> Result<(), Problem> {
        if !self.seen_labels.insert(name.to_owned()) {
            return Err(Problem::new(column, format!("label `{name}` is defined twice")));
        }
        let before = self.values.insert(name.to_owned(), value);
        if last && before != Some(value) {
            return Err(Problem::new(column, format!("the address of `{name}` depends on itself")));
        }
        Ok(())
    }

    pub(super) fn define_local(&mut self, label: i64, value: i64) {
        let met = self.locals_met.entry(label).or_default();
        let addresses = self.locals.entry(label).or_default();
        if *met == addresses.len() {
            addresses.push(value);
        }
        *met += 1;
    }

    pub(super) fn assign(&mut self, name: &str, value: i64) {
        self.values.insert(name.to_owned(), value);
    }

    fn local(&self, label: i64, forward: bool) -> Option<i64> {
        let met = self.locals_met.get(&label).copied().unwrap_or(0);
        let index = if forward { met } else { met.checked_sub(1)? };
        self.locals.get(&label)?.get(index).copied()
    }
}

/// The environment in which an expression is evaluated.
pub(super) struct Scope<'a> {
    pub(super) symbols: &'a Symbols,
    pub(super) here: i64,
    /// Whether an unknown symbol is an error (otherwise its value is not known yet).
    pub(super) complete: bool,
}

/// A value. `half`: `@l`, `@h` or the like reduced it to 16 bits, whose sign the field determines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) number: i64,
    pub(super) half: bool,
}

#[derive(Clone, Debug)]
enum Node {
    Number(i64),
    Symbol(String, u32),
    Local { label: i64, forward: bool, column: u32 },
    Unary(char, Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>, u32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Or,
    Xor,
    And,
    ShiftLeft,
    ShiftRight,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub(super) struct Expr {
    node: Node,
    half: Option<String>,
    pub(super) column: u32,
}

impl Expr {
    /// The name, if the expression is just a name.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.node {
            Node::Symbol(name, _) if self.half.is_none() => Some(name),
            _ => None,
        }
    }

    /// The value, or `None` if it isn't known in this pass.
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Option<Value>, Problem> {
        let Some(number) = evaluate(&self.node, scope)? else { return Ok(None) };
        let Some(half) = &self.half else { return Ok(Some(Value { number, half: false })) };
        let number = match half.as_str() {
            "l" => number,
            "h" => number >> 16,
            "ha" => number.wrapping_add(0x8000) >> 16,
            "higher" => number >> 32,
            "highera" => number.wrapping_add(0x8000) >> 32,
            "highest" => number >> 48,
            "highesta" => number.wrapping_add(0x8000) >> 48,
            _ => return Err(Problem::new(self.column, format!("unknown suffix `@{half}`"))),
        };
        Ok(Some(Value { number: number & 0xFFFF, half: true }))
    }
}

/// Parses an expression with an optional `@half` suffix, which applies to the whole expression.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Expr, Problem> {
    let column = cursor.column();
    let mut half = None;
    let node = binary(cursor, 0, 0, &mut half)?;
    Ok(Expr { node, half, column })
}

fn operator(token: Option<&Token>) -> Option<(Operator, u32)> {
    Some(match token? {
        Token::Punct('|') => (Operator::Or, 1),
        Token::Punct('^') => (Operator::Xor, 1),
        Token::Punct('&') => (Operator::And, 1),
        Token::Punct('+') => (Operator::Add, 2),
        Token::Punct('-') => (Operator::Subtract, 2),
        Token::Punct('*') => (Operator::Multiply, 3),
        Token::Punct('/') => (Operator::Divide, 3),
        Token::Punct('%') => (Operator::Remainder, 3),
        Token::ShiftLeft => (Operator::ShiftLeft, 3),
        Token::ShiftRight => (Operator::ShiftRight, 3),
        _ => return None,
    })
}

fn binary(
    cursor: &mut Cursor<'_>,
    least: u32,
    depth: u32,
    half: &mut Option<String>,
) -> Result<Node, Problem> {
    let mut left = unary(cursor, depth, half)?;
    let mut length = 0;
    while let Some((operator, precedence)) = operator(cursor.peek())
        && precedence > least
    {
        let column = cursor.column();
        // The tree is left-deep, so a long sum nests as deep as parentheses.
        length += 1;
        if length > 10 * MAX_DEPTH {
            return Err(Problem::new(column, "the expression is too long"));
        }
        cursor.skip(1);
        let right = binary(cursor, precedence, depth + 1, half)?;
        left = Node::Binary(operator, Box::new(left), Box::new(right), column);
    }
    Ok(left)
}

fn unary(cursor: &mut Cursor<'_>, depth: u32, half: &mut Option<String>) -> Result<Node, Problem> {
    let column = cursor.column();
    if depth > MAX_DEPTH {
        return Err(Problem::new(column, "the expression is nested too deeply"));
    }
    let node = match cursor.peek() {
        Some(Token::Punct(sign @ ('-' | '+' | '~'))) => {
            cursor.skip(1);
            return Ok(Node::Unary(*sign, Box::new(unary(cursor, depth + 1, half)?)));
        }
        Some(Token::Punct('(')) => {
            cursor.skip(1);
            let inner = binary(cursor, 0, depth + 1, half)?;
            if !cursor.take(&Token::Punct(')')) {
                return Err(Problem::new(cursor.column(), "expected `)`"));
            }
            inner
        }
        Some(Token::Number(number)) => {
            cursor.skip(1);
            Node::Number(*number)
        }
        Some(Token::Local { label, forward }) => {
            cursor.skip(1);
            Node::Local { label: *label, forward: *forward, column }
        }
        Some(Token::Ident(name)) => {
            cursor.skip(1);
            Node::Symbol(name.clone(), column)
        }
        Some(token) => return Err(Problem::new(column, format!("expected a value, found {token}"))),
        None => return Err(Problem::new(column, "expected a value, found the end of the line")),
    };
    if cursor.take(&Token::Punct('@')) {
        let Some(Token::Ident(name)) = cursor.peek() else {
            return Err(Problem::new(cursor.column(), "expected a suffix after `@`"));
        };
        if half.replace(name.to_ascii_lowercase()).is_some() {
            return Err(Problem::new(cursor.column(), "an expression has one `@` suffix at most"));
        }
        cursor.skip(1);
    }
    Ok(node)
}

fn evaluate(node: &Node, scope: &Scope<'_>) -> Result<Option<i64>, Problem> {
    Ok(match node {
        Node::Number(number) => Some(*number),
        Node::Symbol(name, _) if name == "." => Some(scope.here),
        Node::Symbol(name, column) => {
            let value = scope.symbols.values.get(name).copied().or_else(|| condition_symbol(name));
            if value.is_none() && scope.complete {
                return Err(Problem::new(*column, format!("undefined symbol `{name}`")));
            }
            value
        }
        Node::Local { label, forward, column } => {
            let value = scope.symbols.local(*label, *forward);
            if value.is_none() && scope.complete {
                return Err(Problem::new(*column, format!("no local label `{label}:` in that direction")));
            }
            value
        }
        Node::Unary(sign, inner) => evaluate(inner, scope)?.map(|value| match sign {
            '-' => value.wrapping_neg(),
            '~' => !value,
            _ => value,
        }),
        Node::Binary(operator, left, right, column) => {
            let (Some(a), Some(b)) = (evaluate(left, scope)?, evaluate(right, scope)?) else {
                return Ok(None);
            };
            // A negative amount counts as one that shifts all bits out.
            let amount = u32::try_from(b).unwrap_or(64);
            Some(match operator {
                Operator::Or => a | b,
                Operator::Xor => a ^ b,
                Operator::And => a & b,
                Operator::Add => a.wrapping_add(b),
                Operator::Subtract => a.wrapping_sub(b),
                Operator::Multiply => a.wrapping_mul(b),
                Operator::ShiftLeft => a.checked_shl(amount).unwrap_or(0),
                Operator::ShiftRight => a.checked_shr(amount).unwrap_or(if a < 0 { -1 } else { 0 }),
                Operator::Divide | Operator::Remainder if b == 0 => {
                    return Err(Problem::new(*column, "division by zero"));
                }
                Operator::Divide => a.wrapping_div(b),
                Operator::Remainder => a.wrapping_rem(b),
            })
        }
    })
}

/// `cr6`, `lt` and the like, as they occur in `4*cr6+lt`.
fn condition_symbol(name: &str) -> Option<i64> {
    Some(match name.to_ascii_lowercase().as_str() {
        "lt" => 0,
        "gt" => 1,
        "eq" => 2,
        "so" | "un" => 3,
        name => match name.strip_prefix("cr")?.as_bytes() {
            [digit @ b'0'..=b'7'] => i64::from(digit - b'0'),
            _ => return None,
        },
    })
}
