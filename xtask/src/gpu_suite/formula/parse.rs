//! Parses text to expressions, by recursive descent: a function for each level of precedence.
//!
//! ```text
//! definition = name [ "(" name { "," name } ")" ] "=" choice
//! choice     = either [ "?" choice ":" choice ]
//! either     = both { "||" both }
//! both       = comparison { "&&" comparison }
//! comparison = sum [ ( "<=" | ">=" | "==" | "!=" | "<" | ">" ) sum ]
//! sum        = product { ( "+" | "-" ) product }
//! product    = unary { ( "*" | "/" | "%" ) unary }
//! unary      = { "-" } [ "!" ] indexed
//! indexed    = primary { "[" choice "]" }
//! primary    = number | name [ "(" list ")" ] | "(" choice ")" | "[" list "]"
//! list       = choice { "," choice } [ "," ]
//! ```
//!
//! Names are resolved while parsing, so a definition can use only those above it, and evaluation
//! always ends: there is no recursion.

use super::{BUILTINS, Binary, COORDINATES, Coordinates, Expression, Formula, FormulaValue};
use anyhow::{Context, Result, bail};
use std::fmt;

/// Limit on the nesting of brackets and operators in an expression.
const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "'{name}'"),
            Self::Sign(sign) => write!(f, "'{sign}'"),
        }
    }
}

/// Operators and brackets, longer ones first.
const SIGNS: &[&str] = &[
    "<=", ">=", "==", "!=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":", "(", ")", "[", "]",
    ",", "=",
];

// Operators by level of precedence, each with its operation.
const COMPARISONS: [(&str, Binary); 6] = [
    ("<=", Binary::LessEqual),
    (">=", Binary::GreaterEqual),
    ("==", Binary::Equal),
    ("!=", Binary::NotEqual),
    ("<", Binary::Less),
    (">", Binary::Greater),
];
const SUMS: [(&str, Binary); 2] = [("+", Binary::Add), ("-", Binary::Subtract)];
const PRODUCTS: [(&str, Binary); 3] = [("*", Binary::Multiply), ("/", Binary::Divide), ("%", Binary::Modulo)];

fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let length;
        if first.is_ascii_digit() {
            length = taken(|c| c.is_ascii_alphanumeric() || c == '.');
            let word = &rest[..length];
            out.push(Token::Number(match word.strip_prefix("0x") {
                Some(digits) => {
                    u32::from_str_radix(digits, 16).map(f64::from).context(format!("'{word}'"))?
                }
                None => word.parse().context(format!("'{word}'"))?,
            }));
        } else if first.is_ascii_alphabetic() {
            length = taken(|c| c.is_ascii_alphanumeric() || c == '_');
            out.push(Token::Name(rest[..length].to_owned()));
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            length = sign.len();
            out.push(Token::Sign(sign));
        } else {
            bail!("unexpected '{first}'");
        }
        rest = rest[length..].trim_start();
    }
    Ok(out)
}

/// The text of a definition on one line, without comments.
#[derive(Default)]
struct DefinitionText {
    /// Number of its first line, from 1.
    line: usize,
    text: String,
}

/// Splits the text into definitions; removes comments and joins lines within brackets.
fn definitions(text: &str) -> Vec<DefinitionText> {
    let mut out = Vec::new();
    let mut open = 0_i32;
    let mut current = DefinitionText::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("");
        if current.text.is_empty() {
            current.line = number;
        }
        current.text.push_str(line.trim());
        current.text.push(' ');
        open += line.matches(['(', '[']).count() as i32 - line.matches([')', ']']).count() as i32;
        if open <= 0 {
            if !current.text.trim().is_empty() {
                out.push(std::mem::take(&mut current));
            }
            current.text.clear();
            open = 0;
        }
    }
    if !current.text.trim().is_empty() {
        out.push(current);
    }
    out
}

impl Formula {
    /// Parses a text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut out = Self {
            names: COORDINATES.map(str::to_owned).to_vec(),
            values: Vec::new(),
            lines: Vec::new(),
            functions: Vec::new(),
            value_coordinates: vec![Coordinates { x: true, y: false }, Coordinates { x: false, y: true }],
            function_coordinates: Vec::new(),
        };
        let mut functions = Vec::new();
        for DefinitionText { line, text } in definitions(text) {
            out.define(&mut functions, &text, line).with_context(|| format!("line {line}"))?;
        }
        Ok(out)
    }

    fn define(&mut self, functions: &mut Vec<FunctionHead>, text: &str, line: usize) -> Result<()> {
        let tokens = tokens(text)?;
        let mut parser =
            Parser { tokens: &tokens, formula: self, functions, arguments: Vec::new(), depth: 0 };
        let name = parser.name()?;
        if parser.formula.names.contains(&name) || parser.functions.iter().any(|other| other.name == name) {
            bail!("'{name}' is defined already");
        }
        let is_function = parser.take("(");
        if is_function {
            let mut arguments = vec![parser.name()?];
            while parser.take(",") {
                arguments.push(parser.name()?);
            }
            parser.expect(")")?;
            parser.arguments = arguments;
        }
        parser.expect("=")?;
        let expression = parser.choice()?;
        if let Some(token) = parser.tokens.first() {
            bail!("unexpected {token}");
        }
        let count = parser.arguments.len();
        let coordinates = self.coordinates(&expression);
        if is_function {
            self.functions.push(expression);
            self.function_coordinates.push(coordinates);
            functions.push(FunctionHead { name, arguments: count });
        } else {
            self.names.push(name);
            self.values.push(expression);
            self.value_coordinates.push(coordinates);
            self.lines.push(line);
        }
        Ok(())
    }

    /// The coordinates that an expression depends on; what an argument depends on belongs to the
    /// call.
    fn coordinates(&self, expression: &Expression) -> Coordinates {
        let all = |parts: &[Expression]| {
            parts.iter().fold(Coordinates::default(), |all, part| all.or(self.coordinates(part)))
        };
        match expression {
            Expression::Constant(_) | Expression::Argument(_) => Coordinates::default(),
            Expression::Global(index) => self.value_coordinates[*index],
            Expression::List(parts) | Expression::Builtin(_, parts) => all(parts),
            Expression::Negate(of) | Expression::Not(of) => self.coordinates(of),
            Expression::Choice(parts) => all(&parts[..]),
            Expression::Call(function, parts) => self.function_coordinates[*function].or(all(parts)),
            Expression::Binary(_, parts)
            | Expression::And(parts)
            | Expression::Or(parts)
            | Expression::Index(parts) => all(&parts[..]),
        }
    }
}

/// A function that is defined above.
struct FunctionHead {
    name: String,
    /// Number of its arguments.
    arguments: usize,
}

struct Parser<'a> {
    /// Tokens that are not yet read.
    tokens: &'a [Token],
    formula: &'a Formula,
    functions: &'a [FunctionHead],
    /// Names of the arguments of the function that is defined.
    arguments: Vec<String>,
    /// Number of the expressions around the next token.
    depth: usize,
}

impl Parser<'_> {
    /// The next token as text, for an error.
    fn found(&self) -> String {
        self.tokens.first().map_or_else(|| "the end".to_owned(), Token::to_string)
    }

    /// Reads `sign` if it is the next token.
    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.take(sign) {
            return Ok(());
        }
        bail!("expected '{sign}', found {}", self.found())
    }

    fn name(&mut self) -> Result<String> {
        let Some((Token::Name(name), rest)) = self.tokens.split_first() else {
            bail!("expected a name, found {}", self.found());
        };
        self.tokens = rest;
        Ok(name.clone())
    }

    fn choice(&mut self) -> Result<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            bail!("nested too deeply");
        }
        let condition = self.either()?;
        let out = if self.take("?") {
            let holds = self.choice()?;
            self.expect(":")?;
            Expression::Choice(Box::new([condition, holds, self.choice()?]))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(out)
    }

    fn either(&mut self) -> Result<Expression> {
        let mut left = self.both()?;
        while self.take("||") {
            left = Expression::Or(Box::new([left, self.both()?]));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expression> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Expression::And(Box::new([left, self.comparison()?]));
        }
        Ok(left)
    }

    /// Reads an operator of this level of precedence if it is the next token.
    fn operator(&mut self, level: &[(&str, Binary)]) -> Option<Binary> {
        level.iter().find(|(sign, _)| self.take(sign)).map(|&(_, operation)| operation)
    }

    fn comparison(&mut self) -> Result<Expression> {
        let left = self.sum()?;
        match self.operator(&COMPARISONS) {
            Some(operation) => Ok(binary(operation, left, self.sum()?)),
            None => Ok(left),
        }
    }

    fn sum(&mut self) -> Result<Expression> {
        let mut left = self.product()?;
        while let Some(operation) = self.operator(&SUMS) {
            left = binary(operation, left, self.product()?);
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression> {
        let mut left = self.unary()?;
        while let Some(operation) = self.operator(&PRODUCTS) {
            left = binary(operation, left, self.unary()?);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression> {
        let mut minus = false;
        while self.take("-") {
            minus = !minus;
        }
        let is_not = self.take("!");
        let of = self.indexed()?;
        let of = if is_not { Expression::Not(Box::new(of)) } else { of };
        Ok(match of {
            _ if !minus => of,
            Expression::Constant(FormulaValue::Number(number)) => {
                Expression::Constant(FormulaValue::Number(-number))
            }
            of => Expression::Negate(Box::new(of)),
        })
    }

    fn indexed(&mut self) -> Result<Expression> {
        let mut of = self.primary()?;
        while self.take("[") {
            let index = self.choice()?;
            self.expect("]")?;
            of = Expression::Index(Box::new([of, index]));
        }
        Ok(of)
    }

    /// The list of expressions up to the closing `end`.
    fn list(&mut self, end: &str) -> Result<Vec<Expression>> {
        let mut out = vec![self.choice()?];
        while self.take(",") {
            if self.take(end) {
                return Ok(out);
            }
            out.push(self.choice()?);
        }
        self.expect(end)?;
        Ok(out)
    }

    fn primary(&mut self) -> Result<Expression> {
        if self.take("(") {
            let inner = self.choice()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            let parts = self.list("]")?;
            // Constant tables are evaluated once.
            let constants: Option<Vec<FormulaValue>> = parts
                .iter()
                .map(|part| if let Expression::Constant(value) = part { Some(value.clone()) } else { None })
                .collect();
            return Ok(constants.map_or(Expression::List(parts), |values| {
                Expression::Constant(FormulaValue::List(values.into()))
            }));
        }
        if let Some(&Token::Number(number)) = self.tokens.first() {
            self.tokens = &self.tokens[1..];
            return Ok(Expression::Constant(FormulaValue::Number(number)));
        }
        let name = self.name()?;
        if self.take("(") {
            let arguments = self.list(")")?;
            let check = |wanted: usize| {
                if wanted == arguments.len() {
                    return Ok(());
                }
                bail!("{name} takes {wanted} values, not {}", arguments.len())
            };
            if let Some(builtin) = BUILTINS.iter().find(|builtin| builtin.name == name) {
                check(builtin.arguments)?;
                return Ok(Expression::Builtin(builtin, arguments));
            }
            if let Some(number) = self.functions.iter().position(|other| other.name == name) {
                check(self.functions[number].arguments)?;
                return Ok(Expression::Call(number, arguments));
            }
        } else if let Some(number) = self.arguments.iter().position(|other| *other == name) {
            return Ok(Expression::Argument(number));
        } else if let Some(number) = self.formula.names.iter().position(|other| *other == name) {
            return Ok(Expression::Global(number));
        }
        bail!("'{name}' is neither a value nor a function that is defined above")
    }
}

fn binary(operation: Binary, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operation, Box::new([left, right]))
}
