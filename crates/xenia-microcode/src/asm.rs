//! Shader assembler: text to microcode.
//!
//! One instruction per line; `;` starts a comment. Consecutive ALU and fetch instructions form
//! clauses; control flow instructions and labels end them. A line that begins with `+` is the
//! scalar half of the preceding vector instruction.
//!
//! ```text
//! vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
//!                        ; also signed, integer, nozero, rounded, exp=N
//! vfetch_mini r2.zyxw, format=6, offset=3
//!                        ; address and index of the preceding fetch
//! tfetch2D r0, r0.xy, tf0, mag=linear
//!                        ; 1D, 2D, 3D, Cube; unnormalized, min=, mip=, aniso=, nolod, reglod,
//!                        ; reggrad, bias=, offsetx=, ...; of 3D volmag=, volmin=
//! getBCF2D, getCompTexLOD2D, getGradients, getWeights2D, setTexLOD, setGradientH, setGradientV
//!                        ; like tfetch
//! alloc position         ; none, interpolators N, colors N, memory N
//! dp4 oPos.x, r1, c[0]
//! mad r0.xyz_, r1, c[a0+4], -r[aL+2].wzyx
//!                        ; _abs, _sat: r3_abs, mul_sat; c[aL+4]
//! + rcp r1.w, r0.x       ; scalar pairs: adds r0.x, r1.xy
//! (p0) mul o0, r0, c[1].x
//!                        ; also (!p0); .xyz1 and .xyz0 on exports
//! undefined              ; a fetch that does nothing
//! exec b3 / exec !b3 / exec p0 / exec
//!                        ; starts a clause; later clauses inherit its condition
//! exece p0               ; the shader ends after this clause, if it ran
//! loop i0, done / loop i0, done, repeat
//! endloop i0, top / endloop i0, top, !p0
//!                        ; the latter leaves the loop where the condition holds
//! jump top, b2 / call f, p0 / ret / nop
//!                        ; a target may be @N, the number of a control flow instruction
//! .open                  ; no end is added to the shader
//! ```
//!
//! Names of exports: `o0` to `o63`, `oC0` to `oC3`, `oPos`, `oPts`, `oDepth`, `eA`, `eM0` to `eM4`.

mod arithmetic;
mod fetch;
mod operand;

use super::encode;
use super::program::{Alu, Condition, Control};
use operand::{Result, number, number_to};

/// Error in assembly text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AssembleError {
    /// Line, counted from 1.
    pub line: usize,
    /// Description of the error.
    pub reason: String,
}

/// Maximum number of instructions in a clause.
const MAX_CLAUSE: u32 = 6;
/// Number of addressable instructions.
const MAX_ADDRESS: usize = 4096;
/// Highest target of a control flow instruction.
const MAX_TARGET: u32 = 0x1fff;

enum Item {
    Label(String),
    Arithmetic(Alu),
    Fetch([u32; 3]),
    /// Starts a clause: its condition, and whether the shader ends after it.
    Exec(Condition, bool),
    /// Control flow instruction with an unresolved target.
    Control(Control, Option<String>),
    Open,
}

/// Assembles a program to microcode words in host order.
pub fn assemble(text: &str) -> std::result::Result<Vec<u32>, AssembleError> {
    let mut items: Vec<(usize, Item)> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line_number = i + 1;
        let line = line.split(';').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let fail = |reason: String| AssembleError { line: line_number, reason };
        if let Some(label) = line.strip_suffix(':') {
            items.push((line_number, Item::Label(label.trim().to_owned())));
        } else if let Some(scalar) = line.strip_prefix('+') {
            let Some((at, Item::Arithmetic(alu))) = items.last_mut() else {
                return Err(fail("no vector instruction before the scalar one".into()));
            };
            *at = line_number;
            let (name, operands) = words_of(scalar.trim());
            arithmetic::scalar(name, &operands, alu).map_err(fail)?;
        } else {
            items.push((line_number, statement(line).map_err(fail)?));
        }
    }
    Linker::default().link(&items)
}

/// A control flow instruction whose target is not resolved yet.
struct PlacedControl {
    control: Control,
    /// Its target as the text has it.
    target: Option<String>,
    /// Fetches among the instructions of a clause, one bit each.
    fetches: u32,
    /// Line of the text; 0 for instructions that the linker adds.
    line: usize,
}

impl PlacedControl {
    /// An instruction without a target.
    fn plain(control: Control, line: usize) -> Self {
        Self { control, target: None, fetches: 0, line }
    }

    /// Whether it is a clause that takes no more instructions.
    fn is_full(&self) -> bool {
        matches!(self.control, Control::Exec { count: MAX_CLAUSE.., .. })
    }
}

/// Linker: forms clauses, resolves labels and lays out words.
#[derive(Default)]
struct Linker {
    controls: Vec<PlacedControl>,
    labels: std::collections::BTreeMap<String, u32>,
    instructions: Vec<[u32; 3]>,
    /// Clause under construction.
    clause: Option<usize>,
    /// Condition of clauses without an explicit `exec`.
    condition: Option<Condition>,
    /// Whether an end is explicit (`exece`) or must not be added (`.open`).
    ends_said: bool,
}

impl Linker {
    fn link(mut self, items: &[(usize, Item)]) -> std::result::Result<Vec<u32>, AssembleError> {
        for (line, item) in items {
            let fail = |reason: String| AssembleError { line: *line, reason };
            match item {
                Item::Label(name) => {
                    self.clause = None;
                    if self.labels.insert(name.clone(), self.controls.len() as u32).is_some() {
                        return Err(fail(format!("label {name} is defined twice")));
                    }
                }
                Item::Exec(condition, end) => {
                    self.condition = Some(*condition);
                    self.ends_said |= *end;
                    self.begin(*condition, *end, *line);
                }
                Item::Control(control, target) => {
                    self.clause = None;
                    let placed = PlacedControl::plain(*control, *line);
                    self.controls.push(PlacedControl { target: target.clone(), ..placed });
                }
                Item::Open => self.ends_said = true,
                Item::Fetch(words) => self.add(*words, true, *line).map_err(fail)?,
                Item::Arithmetic(alu) => {
                    let words = encode::alu(alu).ok_or_else(|| fail(arithmetic::refusal(alu)))?;
                    self.add(words, false, *line).map_err(fail)?;
                }
            }
        }
        if !self.ends_said {
            self.end();
        }
        if !self.controls.len().is_multiple_of(2) {
            self.controls.push(PlacedControl::plain(Control::Nop, 0));
        }
        self.lay_out()
    }

    fn begin(&mut self, condition: Condition, end: bool, line: usize) {
        let first = self.instructions.len() as u32;
        self.clause = Some(self.controls.len());
        self.controls.push(PlacedControl::plain(Control::Exec { first, count: 0, condition, end }, line));
    }

    fn add(&mut self, words: [u32; 3], is_fetch: bool, line: usize) -> Result<()> {
        let open = self.clause.filter(|index| !self.controls[*index].is_full());
        let index = open.unwrap_or_else(|| {
            // An ending clause that is split ends after its last part.
            let mut ends = false;
            if let Some(index) = self.clause
                && let Control::Exec { end, .. } = &mut self.controls[index].control
            {
                ends = std::mem::take(end);
            }
            self.begin(self.condition.unwrap_or(Condition::Always), ends, line);
            self.controls.len() - 1
        });
        if let PlacedControl { control: Control::Exec { count, .. }, fetches, .. } = &mut self.controls[index]
        {
            *fetches |= u32::from(is_fetch) << *count;
            *count += 1;
        }
        self.instructions.push(words);
        if self.instructions.len() + self.controls.len().div_ceil(2) >= MAX_ADDRESS {
            return Err(format!("the program is longer than {MAX_ADDRESS} instructions"));
        }
        Ok(())
    }

    /// Makes a trailing unconditional clause end the shader; otherwise adds an ending clause.
    fn end(&mut self) {
        let is_target = self.labels.values().any(|at| *at as usize == self.controls.len());
        match self.controls.last_mut() {
            Some(PlacedControl {
                control: Control::Exec { condition: Condition::Always, end, .. }, ..
            }) if !is_target => *end = true,
            _ => self.begin(Condition::Always, true, 0),
        }
    }

    fn target(&self, text: &str) -> Result<u32> {
        let target = match text.strip_prefix('@') {
            Some(index) => number(index)?,
            None => *self.labels.get(text).ok_or_else(|| format!("label {text} is not defined"))?,
        };
        if target > MAX_TARGET { Err(format!("there is no target {target}")) } else { Ok(target) }
    }

    fn lay_out(&self) -> std::result::Result<Vec<u32>, AssembleError> {
        let start = (self.controls.len() / 2) as u32;
        let mut encoded = Vec::new();
        for &PlacedControl { mut control, ref target, fetches, line } in &self.controls {
            let to = match target {
                Some(text) => self.target(text).map_err(|reason| AssembleError { line, reason })?,
                None => 0,
            };
            match &mut control {
                Control::Exec { first, .. } => *first += start,
                Control::LoopStart { skip: at, .. }
                | Control::LoopEnd { body: at, .. }
                | Control::Call(at, _)
                | Control::Jump(at, _) => *at = to,
                Control::Nop | Control::Alloc(..) | Control::Return => {}
            }
            encoded.push(encode::control(control, fetches));
        }
        let mut words = Vec::new();
        for pair in encoded.chunks_exact(2) {
            let first = pair[0];
            let second = pair[1];
            let middle = first.high & 0xffff | second.low << 16;
            words.extend([first.low, middle, second.low >> 16 | second.high << 16]);
        }
        words.extend(self.instructions.iter().flatten());
        Ok(words)
    }
}

/// Splits a line into a mnemonic and its operands.
fn words_of(line: &str) -> (&str, Vec<&str>) {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (name, rest.split(',').map(str::trim).filter(|operand| !operand.is_empty()).collect())
}

fn condition(text: &str) -> Result<Condition> {
    let (text, value) = text.strip_prefix('!').map_or((text, true), |rest| (rest, false));
    if text == "p0" {
        return Ok(Condition::Predicate(value));
    }
    match text.strip_prefix('b') {
        Some(index) => Ok(Condition::Bool(number_to(index, 255, "boolean constant")?, value)),
        None => Err(format!("'{text}' is not a condition")),
    }
}

fn statement(line: &str) -> Result<Item> {
    let (predicate, line) = match line.strip_prefix('(') {
        Some(rest) => {
            let (inside, rest) = rest.split_once(')').ok_or("no closing parenthesis")?;
            match condition(inside)? {
                Condition::Predicate(value) => (Some(value), rest.trim()),
                _ => return Err("only a predicate can precede an instruction".into()),
            }
        }
        None => (None, line),
    };
    let (name, operands) = words_of(line);
    let operand = |i: usize| operands.get(i).copied().ok_or_else(|| format!("{name} needs more operands"));
    let when = |i: usize| operands.get(i).map_or(Ok(Condition::Always), |text| condition(text));
    let target = |i: usize| operand(i).map(|text| Some(text.to_owned()));
    let loop_constant = || {
        let text = operand(0)?;
        let index = text.strip_prefix('i').ok_or_else(|| format!("'{text}' is not iN"))?;
        number_to(index, 31, "loop constant")
    };
    Ok(match name {
        ".open" => Item::Open,
        "exec" | "exece" => Item::Exec(when(0)?, name == "exece"),
        "alloc" => Item::Control(alloc(operands.first().copied().unwrap_or(""))?, None),
        "loop" => {
            let repeat = match operands.get(2) {
                None => false,
                Some(&"repeat") => true,
                Some(other) => return Err(format!("unknown option '{other}'")),
            };
            Item::Control(Control::LoopStart { skip: 0, constant: loop_constant()?, repeat }, target(1)?)
        }
        "endloop" => {
            let break_on = match operands.get(2).map(|text| condition(text)).transpose()? {
                None => None,
                Some(Condition::Predicate(value)) => Some(value),
                Some(_) => return Err("only a predicate can end a loop".into()),
            };
            Item::Control(Control::LoopEnd { body: 0, constant: loop_constant()?, break_on }, target(1)?)
        }
        "call" => Item::Control(Control::Call(0, when(1)?), target(0)?),
        "jump" => Item::Control(Control::Jump(0, when(1)?), target(0)?),
        "ret" => Item::Control(Control::Return, None),
        "nop" => Item::Control(Control::Nop, None),
        "undefined" => Item::Fetch(encode::UNDEFINED),
        _ if name.starts_with("vfetch") => {
            Item::Fetch(encode::vertex(&fetch::vertex(name, &operands, predicate)?))
        }
        _ if fetch::is_texture(name) => {
            Item::Fetch(encode::texture(&fetch::texture(name, &operands, predicate)?))
        }
        _ => Item::Arithmetic(arithmetic::instruction(name, &operands, predicate)?),
    })
}

fn alloc(text: &str) -> Result<Control> {
    let mut words = text.split_whitespace();
    let kind = match words.next() {
        Some("none") => 0,
        Some("position") => 1,
        Some("interpolators" | "colors") => 2,
        Some("memory") => 3,
        _ => return Err("alloc needs position, interpolators, colors or memory".into()),
    };
    let count = words.next().map_or(Ok(1), |text| number_to(text, 8, "allocation of"))?;
    Ok(Control::Alloc(kind, count.max(1) - 1))
}

#[cfg(test)]
mod tests;
