//! Evaluates expressions to values.

use super::{Binary, Expression, Formula, FormulaValue, modulo};
use anyhow::{Context, Result, bail};

/// The values of all definitions at a pixel.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    formula: &'a Formula,
    values: Vec<FormulaValue>,
}

impl Values<'_> {
    /// The number with this name; `None` if it is a list or not defined.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        match self.values[self.formula.names.iter().position(|other| other == name)?] {
            FormulaValue::Number(number) => Some(number),
            FormulaValue::List(_) => None,
        }
    }
}

impl Formula {
    /// Whether the formula defines a value of that name.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// Evaluates all definitions at pixel (x, y).
    pub(crate) fn evaluate(&self, x: u32, y: u32) -> Result<Values<'_>> {
        let mut values = Vec::with_capacity(self.names.len());
        values.extend([FormulaValue::Number(x.into()), FormulaValue::Number(y.into())]);
        for (expression, line) in self.values.iter().zip(&self.lines) {
            let value = self.value(expression, &values, &[]);
            values.push(value.with_context(|| format!("line {line}, pixel {x},{y}"))?);
        }
        Ok(Values { formula: self, values })
    }

    fn number(
        &self,
        expression: &Expression,
        globals: &[FormulaValue],
        arguments: &[FormulaValue],
    ) -> Result<f64> {
        match self.value(expression, globals, arguments)? {
            FormulaValue::Number(number) => Ok(number),
            FormulaValue::List(_) => bail!("expected a number, found a list"),
        }
    }

    fn value(
        &self,
        expression: &Expression,
        globals: &[FormulaValue],
        arguments: &[FormulaValue],
    ) -> Result<FormulaValue> {
        let number = |of: &Expression| self.number(of, globals, arguments);
        let all = |of: &[Expression]| -> Result<Vec<FormulaValue>> {
            of.iter().map(|of| self.value(of, globals, arguments)).collect()
        };
        let holds = |of: &Expression| number(of).map(|number| number != 0.0);
        Ok(FormulaValue::Number(match expression {
            Expression::Constant(value) => return Ok(value.clone()),
            Expression::Global(index) => return Ok(globals[*index].clone()),
            Expression::Argument(index) => return Ok(arguments[*index].clone()),
            Expression::List(parts) => return Ok(FormulaValue::List(all(parts)?.into())),
            Expression::Choice(parts) => {
                let chosen = if holds(&parts[0])? { &parts[1] } else { &parts[2] };
                return self.value(chosen, globals, arguments);
            }
            Expression::Index(parts) => {
                let FormulaValue::List(list) = self.value(&parts[0], globals, arguments)? else {
                    bail!("expected a list, found a number");
                };
                let index = number(&parts[1])?.floor();
                if !(0.0..list.len() as f64).contains(&index) {
                    bail!("index {index} of a list of {}", list.len());
                }
                return Ok(list[index as usize].clone());
            }
            Expression::Call(function, parts) => {
                return self.value(&self.functions[*function], globals, &all(parts)?);
            }
            Expression::Builtin(builtin, parts) => {
                let numbers: Vec<f64> = parts.iter().map(number).collect::<Result<_>>()?;
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
        }))
    }
}
