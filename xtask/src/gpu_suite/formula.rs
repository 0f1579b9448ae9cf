//! Formula language for the expected picture of a scene.
//!
//! It has numbers, lists and arithmetic and is independent of the emulator's drawing code, so an
//! expectation cannot share its mistakes. A text is a sequence of definitions, one per line
//! (brackets may span several lines), each of which can use the earlier ones:
//!
//! ```text
//! weights = [0, 1/3, 2/3, 1]          # a list
//! step(a, at) = a < at ? 0 : 1        # a function
//! red = weights[x % 4] * step(y, 8)   # x and y are the pixel's column and row
//! ```
//!
//! There is no recursion and no loop: evaluation always ends.

mod evaluate;
mod parse;

pub(crate) use evaluate::Evaluation;

use std::sync::Arc;

/// Value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FormulaValue {
    Number(f64),
    List(Arc<[FormulaValue]>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// Remainder with the divisor's sign.
    Modulo,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug)]
enum Expression {
    Constant(FormulaValue),
    List(Vec<Expression>),
    /// A definition's value, by index.
    Global(usize),
    /// An argument of the enclosing function.
    Argument(usize),
    Negate(Box<Expression>),
    Not(Box<Expression>),
    Binary(Binary, Box<[Expression; 2]>),
    And(Box<[Expression; 2]>),
    Or(Box<[Expression; 2]>),
    /// Condition, value if true, value if false.
    Choice(Box<[Expression; 3]>),
    Index(Box<[Expression; 2]>),
    /// A function defined in the text, by index.
    Call(usize, Vec<Expression>),
    Builtin(&'static Builtin, Vec<Expression>),
}

/// Which of a pixel's coordinates a value depends on, or have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Coordinates {
    x: bool,
    y: bool,
}

impl Coordinates {
    fn or(self, other: Self) -> Self {
        Self { x: self.x || other.x, y: self.y || other.y }
    }

    fn overlaps(self, other: Self) -> bool {
        self.x && other.x || self.y && other.y
    }
}

/// A built-in function.
#[derive(Debug)]
struct Builtin {
    name: &'static str,
    arguments: usize,
    apply: fn(&[f64]) -> f64,
}

/// Remainder with the divisor's sign.
fn modulo(a: f64, b: f64) -> f64 {
    a - (a / b).floor() * b
}

/// Largest number of arguments of a built-in function.
const MAX_ARGUMENTS: usize = 3;

const BUILTINS: &[Builtin] = &[
    Builtin { name: "floor", arguments: 1, apply: |a| a[0].floor() },
    Builtin { name: "trunc", arguments: 1, apply: |a| a[0].trunc() },
    Builtin { name: "round", arguments: 1, apply: |a| (a[0] + 0.5).floor() },
    Builtin { name: "frac", arguments: 1, apply: |a| a[0] - a[0].floor() },
    Builtin { name: "abs", arguments: 1, apply: |a| a[0].abs() },
    Builtin { name: "sqrt", arguments: 1, apply: |a| a[0].sqrt() },
    Builtin { name: "exp2", arguments: 1, apply: |a| a[0].exp2() },
    Builtin { name: "log2", arguments: 1, apply: |a| a[0].log2() },
    Builtin { name: "sin", arguments: 1, apply: |a| a[0].sin() },
    Builtin { name: "cos", arguments: 1, apply: |a| a[0].cos() },
    Builtin { name: "min", arguments: 2, apply: |a| a[0].min(a[1]) },
    Builtin { name: "max", arguments: 2, apply: |a| a[0].max(a[1]) },
    Builtin { name: "clamp", arguments: 3, apply: |a| a[0].max(a[1]).min(a[2]) },
    // Bit operations on whole numbers: the field of a given width at a given bit, and exclusive or.
    Builtin { name: "bits", arguments: 3, apply: |a| modulo((a[0] / a[1].exp2()).floor(), a[2].exp2()) },
    Builtin { name: "xor", arguments: 2, apply: |a| ((a[0] as i64) ^ (a[1] as i64)) as f64 },
];

/// Names of the values that each formula has, by index: the pixel's column and row.
const COORDINATES: [&str; 2] = ["x", "y"];
const X: usize = 0;
const Y: usize = 1;

/// A parsed text, ready for evaluation at each pixel.
#[derive(Debug)]
pub(crate) struct Formula {
    /// Names of the values by index; the first are [`COORDINATES`].
    names: Vec<String>,
    /// Expressions of the values after x and y.
    values: Vec<Expression>,
    /// Line number of each, for messages.
    lines: Vec<usize>,
    functions: Vec<Expression>,
    /// Coordinates that each value depends on, those of x and y first.
    value_coordinates: Vec<Coordinates>,
    /// Coordinates that functions depend on, besides those of their arguments.
    function_coordinates: Vec<Coordinates>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values_at(text: &str, x: u32, y: u32) -> Result<Vec<f64>, String> {
        let formula = Formula::parse(text).map_err(|error| format!("{error:#}"))?;
        let mut values = Evaluation::new(&formula);
        values.move_to(x, y).map_err(|error| format!("{error:#}"))?;
        Ok(formula.place("out").and_then(|place| values.number(place)).into_iter().collect())
    }

    #[test]
    fn expressions_are_evaluated_by_precedence() {
        for (text, expected) in [
            ("out = 1 + 2 * 3 - 4 / 2", 5.0),
            ("out = -7 % 4", 1.0),
            ("out = 5 + -!(y == 3)", 4.0),
            ("out = (x < 3 && y >= 2) ? 10 : 20", 10.0),
            ("out = x == 3 || !(y == 2) ? 1 : 0", 0.0),
            ("out = [1, [2, 3]][1][x - 1]", 3.0),
            ("f(a, b) = a * 10 + b\nout = f(f(x, y), 5)", 225.0),
            ("list = [4,\n  5, # a remark\n  6]\nout = list[floor(2.9)]", 6.0),
            ("out = bits(0xABCD, 4, 8) + xor(5, 3)", 194.0),
            ("out = clamp(7, 0, 1) + min(1, 2) + max(1, 2) + round(2.5) + frac(1.25)", 7.25),
            // The branch that is not chosen is not evaluated.
            ("out = x > 90 ? [1][7] : 4", 4.0),
        ] {
            assert_eq!(values_at(text, 2, 2), Ok(vec![expected]), "{text}");
        }
    }

    #[test]
    fn values_are_those_of_the_last_pixel() {
        let text = "table = [1, 2 * 3]\ncolumn = x * x\nrow = [y, 10]\nfar(a) = a + y\n\
            out = table[1] + column * row[0] + far(x) + (y > 1 ? [column][0] : 0)";
        let formula = Formula::parse(text).unwrap();
        let place = formula.place("out").unwrap();
        let mut values = Evaluation::new(&formula);
        for [x, y] in [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [1, 2], [2, 2], [3, 2], [3, 0], [0, 0]] {
            values.move_to(x, y).unwrap();
            let expected = 6 + x * x * y + x + y + if y > 1 { x * x } else { 0 };
            assert_eq!(values.number(place), Some(f64::from(expected)), "{x},{y}");
        }
    }

    #[test]
    fn mistakes_in_a_formula_are_named_with_their_line() {
        for (text, part) in [
            ("out = 1 +", "line 1"),
            ("\nout = later\nlater = 1", "line 2: 'later' is neither a value nor"),
            ("f(a) = f(a)\nout = 1", "'f' is neither a value nor"),
            ("out = floor(1, 2)", "takes 1"),
            ("out = [1, 2][x]", "line 1, pixel 2,2: index 2 of a list of 2"),
            ("out = 1 + [1]", "expected a number"),
            ("x = 1", "'x' is defined already"),
            ("out = (1", "expected ')', found the end"),
            ("out = 1 two", "unexpected 'two'"),
        ] {
            let error = values_at(text, 2, 2).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
