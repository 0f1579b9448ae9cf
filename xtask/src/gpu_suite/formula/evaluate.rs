//! Evaluates expressions to values.
//!
//! A suite has five million pixels, for which a development build walks the expressions: a value
//! that depends on one coordinate only is not evaluated again for each value of the other one.

use super::{
    Binary, COORDINATES, Coordinates, Expression, Formula, FormulaValue, MAX_ARGUMENTS, X, Y, modulo,
};
use anyhow::{Context, Result, bail};
use std::borrow::Cow;

/// The values of all definitions, at one pixel after another.
#[derive(Debug)]
pub(crate) struct Evaluation<'a> {
    formula: &'a Formula,
    values: Vec<FormulaValue>,
    /// Column and row of the values; `None` before the first pixel, and after a mistake.
    pixel: Option<[u32; 2]>,
    /// Values of definitions that depend on the column alone, by definition and column.
    columns: Vec<Vec<Option<FormulaValue>>>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(formula: &'a Formula) -> Self {
        let count = formula.names.len();
        let values = vec![FormulaValue::Number(0.0); count];
        Self { formula, values, pixel: None, columns: vec![Vec::new(); count] }
    }

    /// The number at this [place](Formula::place); `None` if it is a list.
    pub(crate) fn number(&self, place: usize) -> Option<f64> {
        match self.values[place] {
            FormulaValue::Number(number) => Some(number),
            FormulaValue::List(_) => None,
        }
    }

    /// Evaluates the definitions at pixel (x, y).
    pub(crate) fn move_to(&mut self, x: u32, y: u32) -> Result<()> {
        let before = self.pixel.take();
        let changed = before.map(|[column, row]| Coordinates { x: column != x, y: row != y });
        self.values[X] = FormulaValue::Number(x.into());
        self.values[Y] = FormulaValue::Number(y.into());
        let formula = self.formula;
        for (place, (expression, line)) in
            (COORDINATES.len()..).zip(formula.values.iter().zip(&formula.lines))
        {
            let coordinates = formula.value_coordinates[place];
            if changed.is_some_and(|changed| !coordinates.overlaps(changed)) {
                continue;
            }
            let is_of_column = coordinates == Coordinates { x: true, y: false };
            if is_of_column && let Some(Some(known)) = self.columns[place].get(x as usize) {
                self.values[place] = known.clone();
                continue;
            }
            let scope = FormulaScope { globals: &self.values, arguments: &[] };
            let value = formula.value(expression, scope).map(Cow::into_owned);
            let value = value.with_context(|| format!("line {line}, pixel {x},{y}"))?;
            if is_of_column {
                let known = &mut self.columns[place];
                known.resize(known.len().max(x as usize + 1), None);
                known[x as usize] = Some(value.clone());
            }
            self.values[place] = value;
        }
        self.pixel = Some([x, y]);
        Ok(())
    }
}

/// Values that an expression can name.
#[derive(Clone, Copy)]
struct FormulaScope<'v> {
    globals: &'v [FormulaValue],
    arguments: &'v [FormulaValue],
}

/// The number that a value is.
fn plain(value: &FormulaValue) -> Result<f64> {
    match value {
        FormulaValue::Number(number) => Ok(*number),
        FormulaValue::List(_) => bail!("expected a number, found a list"),
    }
}

/// The element of a list.
fn element(list: &[FormulaValue], index: f64) -> Result<&FormulaValue> {
    let index = index.floor();
    if !(0.0..list.len() as f64).contains(&index) {
        bail!("index {index} of a list of {}", list.len());
    }
    Ok(&list[index as usize])
}

impl Formula {
    /// The index of the value of that name, if it is defined.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other == name)
    }

    fn number(&self, expression: &Expression, scope: FormulaScope<'_>) -> Result<f64> {
        let number = |of: &Expression| self.number(of, scope);
        let holds = |of: &Expression| number(of).map(|number| number != 0.0);
        Ok(match expression {
            Expression::Constant(value) => plain(value)?,
            Expression::Global(index) => plain(&scope.globals[*index])?,
            Expression::Argument(index) => plain(&scope.arguments[*index])?,
            Expression::List(_) | Expression::Index(_) => plain(self.value(expression, scope)?.as_ref())?,
            Expression::Choice(parts) => number(if holds(&parts[0])? { &parts[1] } else { &parts[2] })?,
            Expression::Call(function, parts) => {
                let arguments = &self.all(parts, scope)?;
                let scope = FormulaScope { globals: scope.globals, arguments };
                self.number(&self.functions[*function], scope)?
            }
            Expression::Builtin(builtin, parts) => {
                let mut numbers = [0.0; MAX_ARGUMENTS];
                for (argument, part) in numbers.iter_mut().zip(parts) {
                    *argument = number(part)?;
                }
                (builtin.apply)(&numbers)
            }
            Expression::Negate(of) => -number(of)?,
            Expression::Not(of) => f64::from(!holds(of)?),
            Expression::And(parts) => f64::from(holds(&parts[0])? && holds(&parts[1])?),
            Expression::Or(parts) => f64::from(holds(&parts[0])? || holds(&parts[1])?),
            Expression::Binary(operation, parts) => {
                let a = number(&parts[0])?;
                let b = number(&parts[1])?;
                match operation {
                    Binary::Add => a + b,
                    Binary::Subtract => a - b,
                    Binary::Multiply => a * b,
                    Binary::Divide => a / b,
                    Binary::Modulo => modulo(a, b),
                    Binary::Less => f64::from(a < b),
                    Binary::LessEqual => f64::from(a <= b),
                    Binary::Greater => f64::from(a > b),
                    Binary::GreaterEqual => f64::from(a >= b),
                    Binary::Equal => f64::from(a == b),
                    Binary::NotEqual => f64::from(a != b),
                }
            }
        })
    }

    fn value<'v>(
        &'v self,
        expression: &'v Expression,
        scope: FormulaScope<'v>,
    ) -> Result<Cow<'v, FormulaValue>> {
        Ok(match expression {
            Expression::Constant(value) => Cow::Borrowed(value),
            Expression::Global(index) => Cow::Borrowed(&scope.globals[*index]),
            Expression::Argument(index) => Cow::Borrowed(&scope.arguments[*index]),
            Expression::List(parts) => Cow::Owned(FormulaValue::List(self.all(parts, scope)?.into())),
            Expression::Choice(parts) => {
                let holds = self.number(&parts[0], scope)? != 0.0;
                self.value(if holds { &parts[1] } else { &parts[2] }, scope)?
            }
            Expression::Index(parts) => {
                let list = self.value(&parts[0], scope)?;
                let index = self.number(&parts[1], scope)?;
                match list {
                    Cow::Borrowed(FormulaValue::List(list)) => Cow::Borrowed(element(list, index)?),
                    Cow::Owned(FormulaValue::List(list)) => Cow::Owned(element(&list, index)?.clone()),
                    Cow::Borrowed(FormulaValue::Number(_)) | Cow::Owned(FormulaValue::Number(_)) => {
                        bail!("expected a list, found a number")
                    }
                }
            }
            Expression::Call(function, parts) => {
                let arguments = &self.all(parts, scope)?;
                let scope = FormulaScope { globals: scope.globals, arguments };
                Cow::Owned(self.value(&self.functions[*function], scope)?.into_owned())
            }
            _ => Cow::Owned(FormulaValue::Number(self.number(expression, scope)?)),
        })
    }

    fn all(&self, parts: &[Expression], scope: FormulaScope<'_>) -> Result<Vec<FormulaValue>> {
        parts.iter().map(|part| self.value(part, scope).map(Cow::into_owned)).collect()
    }
}
