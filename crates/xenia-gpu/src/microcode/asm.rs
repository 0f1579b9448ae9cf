//! Text to microcode.
//!
//! One instruction a line; `;` starts a comment. Arithmetic and fetch instructions are gathered into
//! clauses; control instructions and labels end them. A line that begins with `+` is the scalar half
//! of the vector instruction before it.
//!
//! ```text
//! vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0      ; also signed, integer, rounded, exp=N
//! vfetch_mini r2.zyxw, format=6, offset=3                        ; place and index of the fetch before
//! tfetch2D r0, r0.xy, tf0, mag=linear                            ; 1D, 2D, 3D, Cube; unnormalized, min=, mip=
//! alloc position                                                 ; interpolators N, colors N
//! dp4 oPos.x, r1, c[0]
//! mad r0.xyz_, r1, c[a0+4], -r2.wzyx                             ; _abs, _sat: r3_abs, mul_sat
//! + rcp r1.w, r0.x                                               ; scalar pairs: adds r0.x, r1.xy
//! (p0) mul o0, r0, c[1].x                                        ; also (!p0); .xyz1 and .xyz0 on exports
//! exec b3 / exec !b3 / exec p0 / exec                            ; condition of the clauses that follow
//! loop i0, done / endloop i0, top / jump top, b2 / call f, p0 / ret
//! ```
//! Names of exports: `o0` to `o15`, `oC0` to `oC3`, `oPos`, `oPts`, `oDepth`.

use super::ops::{ScalarOp, VectorOp};

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct AssembleError {
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

type Result<T> = std::result::Result<T, String>;

#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    Bool(u32, bool),
    Predicate(bool),
}

enum Item {
    Label(String),
    Instruction([u32; 3], bool),
    When(When),
    Control(u32, u32, Option<String>),
}

/// Assembles a program: its microcode, in host order.
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
            let Some((_, Item::Instruction(words, false))) = items.last_mut() else {
                return Err(fail("no vector instruction before the scalar one".into()));
            };
            scalar_half(scalar.trim(), words).map_err(fail)?;
        } else {
            items.push((line_number, statement(line).map_err(fail)?));
        }
    }
    link(&items)
}

/// Gathers clauses, resolves labels, lays out words.
fn link(items: &[(usize, Item)]) -> std::result::Result<Vec<u32>, AssembleError> {
    let mut controls: Vec<(u32, u32, Option<String>, usize)> = Vec::new();
    let mut labels = std::collections::BTreeMap::new();
    let mut instructions: Vec<[u32; 3]> = Vec::new();
    let mut clause: Option<usize> = None;
    let mut when = When::Always;
    for (line, item) in items {
        match item {
            Item::Label(name) => {
                clause = None;
                labels.insert(name.clone(), controls.len() as u32);
            }
            Item::When(condition) => {
                clause = None;
                when = *condition;
            }
            Item::Control(low, high, target) => {
                clause = None;
                controls.push((*low, *high, target.clone(), *line));
            }
            Item::Instruction(words, fetch) => {
                let open = clause.filter(|index| controls[*index].0 >> 12 & 7 < 6);
                let index = open.unwrap_or_else(|| {
                    let high = match when {
                        When::Always => 1 << 12,
                        When::Bool(index, value) => 3 << 12 | index << 2 | u32::from(value) << 10,
                        When::Predicate(value) => 5 << 12 | u32::from(value) << 10,
                    };
                    controls.push((instructions.len() as u32, high, None, *line));
                    controls.len() - 1
                });
                clause = Some(index);
                let low = &mut controls[index].0;
                let count = *low >> 12 & 7;
                *low |= u32::from(*fetch) << (16 + 2 * count);
                *low += 1 << 12;
                instructions.push(*words);
            }
        }
    }
    // An unconditional clause that comes last ends the shader by itself.
    let is_target = labels.values().any(|at| *at as usize == controls.len());
    match controls.last_mut() {
        Some((_, high, _, _)) if *high >> 12 == 1 && !is_target => *high = 2 << 12,
        _ => controls.push((0, 2 << 12, None, 0)),
    }
    if !controls.len().is_multiple_of(2) {
        controls.push((0, 0, None, 0));
    }
    let first = (controls.len() / 2) as u32;
    let mut words = Vec::new();
    for (low, high, target, line) in &mut controls {
        if matches!(*high >> 12, 1..=6) {
            *low += first;
        }
        if let Some(target) = target {
            let at = labels.get(target).ok_or_else(|| AssembleError {
                line: *line,
                reason: format!("label {target} is not defined"),
            })?;
            *low |= *at;
        }
    }
    for pair in controls.chunks_exact(2) {
        let [(a, b, ..), (c, d, ..)] = pair else { continue };
        words.extend([*a, b & 0xffff | c << 16, c >> 16 | d << 16]);
    }
    words.extend(instructions.iter().flatten());
    Ok(words)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.trim().parse().map_err(|_| format!("'{text}' is not a number"))
}

fn condition(text: &str) -> Result<When> {
    let (text, value) = text.strip_prefix('!').map_or((text, true), |rest| (rest, false));
    if text == "p0" {
        return Ok(When::Predicate(value));
    }
    match text.strip_prefix('b') {
        Some(index) => Ok(When::Bool(number::<u32>(index)? & 255, value)),
        None => Err(format!("'{text}' is no condition")),
    }
}

/// The condition bits of a branch, for the low and the high word.
fn branch(when: When) -> (u32, u32) {
    match when {
        When::Always => (1 << 13, 0),
        When::Predicate(value) => (1 << 14, u32::from(value) << 10),
        When::Bool(index, value) => (0, index << 2 | u32::from(value) << 10),
    }
}

fn statement(line: &str) -> Result<Item> {
    let (predicate, line) = match line.strip_prefix('(') {
        Some(rest) => {
            let (inside, rest) = rest.split_once(')').ok_or("no closing parenthesis")?;
            match condition(inside)? {
                When::Predicate(value) => (Some(value), rest.trim()),
                _ => return Err("only a predicate can stand before an instruction".into()),
            }
        }
        None => (None, line),
    };
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let operands: Vec<&str> = rest.split(',').map(str::trim).filter(|operand| !operand.is_empty()).collect();
    let operand = |i: usize| operands.get(i).copied().ok_or_else(|| format!("{name} needs more operands"));
    let when = |i: usize| operands.get(i).map_or(Ok(When::Always), |text| condition(text));
    let indexed = |i: usize, prefix: &str| -> Result<u32> {
        let text = operand(i)?;
        number(text.strip_prefix(prefix).ok_or_else(|| format!("'{text}' is not {prefix}N"))?)
    };
    Ok(match name {
        "exec" => Item::When(when(0)?),
        "alloc" => {
            let mut words = rest.split_whitespace();
            let kind = match words.next() {
                Some("position") => 1,
                Some("interpolators" | "colors") => 2,
                Some("memory") => 3,
                _ => return Err("alloc needs position, interpolators, colors or memory".into()),
            };
            let count: u32 = words.next().map_or(Ok(1), number)?;
            Item::Control((count.max(1) - 1) & 7, 12 << 12 | kind << 9, None)
        }
        "loop" => Item::Control((indexed(0, "i")? & 31) << 16, 7 << 12, Some(operand(1)?.to_owned())),
        "endloop" => Item::Control((indexed(0, "i")? & 31) << 16, 8 << 12, Some(operand(1)?.to_owned())),
        "call" | "jump" => {
            let (low, high) = branch(when(1)?);
            let opcode = if name == "call" { 9 } else { 11 };
            Item::Control(low, high | opcode << 12, Some(operand(0)?.to_owned()))
        }
        "ret" => Item::Control(0, 10 << 12, None),
        "nop" => Item::Control(0, 0, None),
        _ if name.starts_with("vfetch") => Item::Instruction(vertex_fetch(name, &operands, predicate)?, true),
        _ if name.starts_with("tfetch") => {
            Item::Instruction(texture_fetch(name, &operands, predicate)?, true)
        }
        _ => Item::Instruction(arithmetic(name, &operands, predicate)?, false),
    })
}

fn component(letter: char) -> Result<u32> {
    "xyzw".find(letter).map(|i| i as u32).ok_or_else(|| format!("'{letter}' is no component"))
}

/// A register and what follows its dot.
fn register(text: &str) -> Result<(u32, &str)> {
    let (name, suffix) = text.split_once('.').unwrap_or((text, ""));
    let number: u32 = number(name.strip_prefix('r').ok_or_else(|| format!("'{name}' is no register"))?)?;
    if number > 63 {
        return Err(format!("there is no register {number}"));
    }
    Ok((number, suffix))
}

/// The three bits per component that say what a fetch's destination gets.
fn fetch_select(suffix: &str) -> Result<u32> {
    let mut bits = 0;
    for i in 0..4 {
        let select = match suffix.chars().nth(i) {
            None if suffix.is_empty() => i as u32,
            None | Some('_') => 7,
            Some('0') => 4,
            Some('1') => 5,
            Some(letter) => component(letter)?,
        };
        bits |= select << (3 * i);
    }
    Ok(bits)
}

/// Options of the form `name=value` or just `name`.
fn options<'a>(operands: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
    operands.iter().map(|option| option.split_once('=').unwrap_or((option, "")))
}

fn vertex_fetch(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<[u32; 3]> {
    let mini = name == "vfetch_mini";
    let (to, select) = register(operands.first().ok_or("no destination")?)?;
    let mut words = [to << 12 | 1 << 19, fetch_select(select)?, 0];
    let mut rest = &operands[1..];
    if mini {
        words[1] |= 1 << 30;
    } else {
        let [source, constant, others @ ..] = rest else {
            return Err("vfetch needs an index and a constant".into());
        };
        let (from, suffix) = register(source)?;
        words[0] |= from << 5 | component(suffix.chars().next().unwrap_or('x'))? << 30;
        let constant: u32 = number(constant.strip_prefix("vf").ok_or("the constant must be vfN")?)?;
        if constant > 95 {
            return Err(format!("there is no vertex fetch constant {constant}"));
        }
        words[0] |= (constant / 3) << 20 | (constant % 3) << 25;
        rest = others;
    }
    for (option, value) in options(rest) {
        match option {
            "format" => words[1] |= (number::<u32>(value)? & 63) << 16,
            "stride" => words[2] |= number::<u32>(value)? & 255,
            "offset" => words[2] |= (number::<i32>(value)? as u32 & 0x7f_ffff) << 8,
            "exp" => words[1] |= (number::<i32>(value)? as u32 & 63) << 24,
            "signed" => words[1] |= 1 << 12,
            "integer" => words[1] |= 1 << 13,
            "nozero" => words[1] |= 1 << 14,
            "rounded" => words[1] |= 1 << 15,
            _ => return Err(format!("unknown option '{option}'")),
        }
    }
    Ok(fetch_predicate(words, predicate))
}

fn fetch_predicate(mut words: [u32; 3], predicate: Option<bool>) -> [u32; 3] {
    if let Some(value) = predicate {
        words[1] |= 1 << 31;
        words[2] |= u32::from(value) << 31;
    }
    words
}

fn texture_fetch(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<[u32; 3]> {
    let dimension = match name {
        "tfetch1D" => 0,
        "tfetch2D" => 1,
        "tfetch3D" => 2,
        "tfetchCube" => 3,
        _ => return Err(format!("unknown instruction '{name}'")),
    };
    let [to, source, constant, rest @ ..] = operands else {
        return Err(format!("{name} needs a destination, coordinates and a constant"));
    };
    let ((to, select), (from, suffix)) = (register(to)?, register(source)?);
    let constant: u32 = number(constant.strip_prefix("tf").ok_or("the constant must be tfN")?)?;
    if constant > 31 {
        return Err(format!("there is no texture fetch constant {constant}"));
    }
    let mut words = [1 | from << 5 | to << 12 | constant << 20, fetch_select(select)?, dimension << 14];
    for i in 0..3 {
        let letter = suffix.chars().nth(i).or(suffix.chars().last());
        words[0] |= letter.map_or(Ok(i as u32), component)? << (26 + 2 * i);
    }
    // Filters are the constant's unless said otherwise; the level comes from gradients.
    let (mut mag, mut min, mut mip) = (3, 3, 3);
    words[1] |= 7 << 18 | 7 << 21 | 1 << 28;
    for (option, value) in options(rest) {
        let filter = || match value {
            "point" => Ok(0),
            "linear" => Ok(1),
            "base" => Ok(2),
            _ => Err(format!("unknown filter '{value}'")),
        };
        match option {
            "unnormalized" => words[0] |= 1 << 25,
            "mag" => mag = filter()?,
            "min" => min = filter()?,
            "mip" => mip = filter()?,
            _ => return Err(format!("unknown option '{option}'")),
        }
    }
    words[1] |= mag << 12 | min << 14 | mip << 16;
    Ok(fetch_predicate(words, predicate))
}

/// Export number of a destination's name.
fn export(name: &str) -> Option<u32> {
    match name {
        "oPos" => Some(62),
        "oPts" => Some(63),
        "oDepth" => Some(61),
        _ => {
            let (digits, highest) = name.strip_prefix("oC").map_or((name.strip_prefix('o')?, 15), |d| (d, 3));
            digits.parse().ok().filter(|number| *number <= highest)
        }
    }
}

/// A destination: register or export, components, components set to zero and to one.
fn destination(text: &str) -> Result<(bool, u32, [u32; 3])> {
    let (name, suffix) = text.split_once('.').unwrap_or((text, "xyzw"));
    let (is_export, number) = match export(name) {
        Some(number) => (true, number),
        None => (false, register(name)?.0),
    };
    let mut masks = [0; 3];
    for (place, letter) in suffix.chars().enumerate() {
        match letter {
            '_' => {}
            '0' if is_export => masks[1] |= 1 << place,
            '1' if is_export => masks[2] |= 1 << place,
            letter => masks[0] |= 1 << component(letter)?,
        }
    }
    Ok((is_export, number, masks))
}

/// A source operand, encoded for one of the three places.
struct Encoded {
    field: u32,
    is_register: bool,
    negate: bool,
    absolute: bool,
    /// Constant with the address register.
    relative: bool,
    components: Vec<u32>,
}

fn source(text: &str) -> Result<Encoded> {
    let (negate, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (name, suffix) = text.split_once('.').unwrap_or((text, ""));
    let (name, absolute) = name.strip_suffix("_abs").map_or((name, false), |name| (name, true));
    let components = suffix.chars().map(component).collect::<Result<Vec<_>>>()?;
    let encoded =
        |field, is_register, relative| Encoded { field, is_register, negate, absolute, relative, components };
    if let Some(index) = name.strip_prefix("c[").and_then(|rest| rest.strip_suffix(']')) {
        let (index, relative) = index.strip_prefix("a0+").map_or((index, false), |index| (index, true));
        let index: u32 = number(index)?;
        if index > 255 {
            return Err(format!("there is no constant {index}"));
        }
        return Ok(encoded(index, false, relative));
    }
    let (number, _) = register(name)?;
    Ok(encoded(number, true, false))
}

/// The swizzle field for all four components; a single one is repeated.
fn swizzle(components: &[u32]) -> u32 {
    (0..4).fold(0, |field, i| {
        let component = components.get(i as usize).or(components.last()).copied().unwrap_or(i);
        field | ((component.wrapping_sub(i)) & 3) << (2 * i)
    })
}

/// Puts an operand into place 0, 1 or 2.
fn place(words: &mut [u32; 3], i: u32, operand: &Encoded, swizzle: u32) -> Result<()> {
    let mut field = operand.field;
    if operand.is_register {
        field |= u32::from(operand.absolute) << 7;
        words[2] |= 1 << (31 - i);
    } else {
        words[0] |= u32::from(operand.absolute) << 7;
        if operand.relative {
            let earlier = (0..i).any(|k| words[2] >> (31 - k) & 1 == 0);
            words[1] |= 1 << 29 | 1 << if earlier { 30 } else { 31 };
        }
    }
    if words[2] >> (16 - 8 * i) & 255 != 0 && i == 2 {
        return Err("the third operand is taken already".into());
    }
    words[2] |= field << (16 - 8 * i);
    words[1] |= swizzle << (16 - 8 * i) | u32::from(operand.negate) << (26 - i);
    Ok(())
}

fn mnemonic(name: &str) -> (&str, bool) {
    name.strip_suffix("_sat").map_or((name, false), |name| (name, true))
}

fn arithmetic(name: &str, operands: &[&str], predicate: Option<bool>) -> Result<[u32; 3]> {
    let (base, saturate) = mnemonic(name);
    let mut words = [(ScalarOp::RetainPrev as u32) << 26, 0, 0];
    if let Some(value) = predicate {
        words[1] |= 1 << 28 | u32::from(value) << 27;
    }
    let Some(&op) = VectorOp::ALL.iter().find(|op| op.name() == base) else {
        // A scalar instruction on its own: its vector half writes nothing.
        words[2] |= (VectorOp::Max as u32) << 24 | 3 << 30;
        scalar_encode(base, saturate, operands, &mut words)?;
        return Ok(words);
    };
    let [to, sources @ ..] = operands else { return Err(format!("{base} needs a destination")) };
    if sources.len() != op.operands() {
        return Err(format!("{base} takes {} operands", op.operands()));
    }
    let (is_export, to, [mask, zeros, ones]) = destination(to)?;
    words[0] |=
        to | u32::from(is_export) << 15 | u32::from(saturate) << 24 | (mask | ones) << 16 | ones << 20;
    if zeros != 0 {
        if zeros | mask | ones != 15 {
            return Err("with a zero, all components must be given".into());
        }
        words[0] |= 1 << 14;
    }
    words[2] |= (op as u32) << 24;
    let encoded = sources.iter().map(|text| source(text)).collect::<Result<Vec<_>>>()?;
    for (i, operand) in encoded.iter().enumerate() {
        place(&mut words, i as u32, operand, swizzle(&operand.components))?;
    }
    if op.operands() < 3 {
        words[2] |= 1 << 29; // an unused third operand is register 0
    }
    if op.operands() < 2 {
        words[2] |= 1 << 30;
    }
    Ok(words)
}

/// Adds a scalar instruction to a vector one.
fn scalar_half(line: &str, words: &mut [u32; 3]) -> Result<()> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let operands: Vec<&str> = rest.split(',').map(str::trim).filter(|operand| !operand.is_empty()).collect();
    let (base, saturate) = mnemonic(name);
    scalar_encode(base, saturate, &operands, words)
}

fn scalar_encode(base: &str, saturate: bool, operands: &[&str], words: &mut [u32; 3]) -> Result<()> {
    // The constant-and-register forms are written without the register's low bit.
    let wanted = match base {
        "mulsc" | "addsc" | "subsc" => format!("{base}0"),
        _ => base.to_owned(),
    };
    let Some(&op) = ScalarOp::ALL.iter().find(|op| op.name() == wanted) else {
        return Err(format!("unknown instruction '{base}'"));
    };
    let [to, sources @ ..] = operands else { return Err(format!("{base} needs a destination")) };
    let (is_export, to, [mask, zeros, ones]) = destination(to)?;
    if zeros | ones != 0 {
        return Err("a scalar instruction can't set constants".into());
    }
    let was_export = words[0] >> 15 & 1 != 0;
    let vector_writes = words[0] >> 16 & 15 != 0;
    if was_export != is_export && vector_writes || was_export && words[0] & 63 != to {
        return Err("both halves must go to the same export, or to registers".into());
    }
    words[0] &= !(63 << 26);
    words[0] |= mask << 20 | u32::from(saturate) << 25;
    words[0] |= if is_export { 1 << 15 | to } else { to << 8 };
    let mut opcode = op as u32;
    let third_taken = matches!(words[2] >> 24 & 31, 11..=14 | 17);
    if third_taken && op.operands() != 0 {
        return Err("the vector instruction has the third operand".into());
    }
    if op.takes_constant_and_register() {
        let [constant, register] = sources else {
            return Err(format!("{base} takes a constant and a register"));
        };
        let (constant, register) = (source(constant)?, source(register)?);
        if constant.is_register || !register.is_register {
            return Err(format!("{base} takes a constant and a register"));
        }
        let first = |operand: &Encoded| operand.components.first().copied().unwrap_or(0);
        opcode |= register.field & 1;
        let fields = first(&constant).wrapping_sub(3) & 3;
        let swizzle = fields << 6 | first(&register) & 3 | register.field & 0x3c;
        words[2] &= !(1 << 29);
        place(words, 2, &Encoded { components: Vec::new(), ..constant }, swizzle)?;
        words[2] |= (register.field >> 1 & 1) << 29;
    } else if op.operands() > 0 {
        let [operand] = sources else { return Err(format!("{base} takes one operand")) };
        let operand = source(operand)?;
        let a = operand.components.first().copied().unwrap_or(0);
        let b = operand.components.get(1).copied().unwrap_or(a);
        words[2] &= !(1 << 29);
        place(words, 2, &operand, (a.wrapping_sub(3) & 3) << 6 | b)?;
    } else if !sources.is_empty() {
        return Err(format!("{base} takes no operand"));
    }
    words[0] |= opcode << 26;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::decode::*;
    use super::*;

    fn program(text: &str) -> Program {
        Program::decode(&assemble(text).unwrap())
    }

    fn alu(text: &str) -> Alu {
        match program(text).instructions[0] {
            Instruction::Alu(alu) => alu,
            ref other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operands_come_out_as_written() {
        let alu = alu("(!p0) mad_sat r5.xz, -r1_abs.wzyx, c[7].y, c[a0+200]\n+ setp_clr r9._");
        assert_eq!(alu.predicate, Some(false));
        assert_eq!(
            (alu.vector, alu.vector_to, alu.vector_mask),
            (VectorOp::Mad, Destination::Register(5), 5)
        );
        assert!(alu.vector_clamp);
        let [a, b, c] = alu.operands;
        assert_eq!(
            (a.source, a.swizzle, a.negate, a.absolute),
            (Source::Register(1), [3, 2, 1, 0], true, true)
        );
        assert_eq!((b.source, b.swizzle, b.negate), (Source::Constant(7), [1; 4], false));
        assert_eq!((c.source, c.swizzle), (Source::ConstantAddress(200), [0, 1, 2, 3]));
        assert_eq!(alu.scalar, ScalarOp::SetpClr);
    }

    #[test]
    fn scalars_take_their_components() {
        let one = alu("add r0, r1, r2\n+ adds r3.y, -r4.zw");
        assert_eq!(
            one.scalar_operands.map(|(o, c)| (o.source, c, o.negate)),
            [(Source::Register(4), 2, true), (Source::Register(4), 3, true)]
        );
        assert_eq!((one.scalar_to, one.scalar_mask), (Destination::Register(3), 2));
        for register in [0, 1, 2, 3, 17, 63] {
            let two = alu(&format!("mulsc r0.x, c[9].w, r{register}.y"));
            let [(a, ca), (b, cb)] = two.scalar_operands;
            assert_eq!((a.source, ca, b.source, cb), (Source::Constant(9), 3, Source::Register(register), 1));
        }
    }

    #[test]
    fn exports_set_constants() {
        let alu = alu("max o1.xy01, r0, r0");
        assert_eq!((alu.vector_to, alu.vector_mask, alu.zeros, alu.ones), (Destination::Export(1), 3, 4, 8));
        assert_eq!(program("max oPos, r0, r0").exports, 1 << 62);
    }

    #[test]
    fn control_flow_links() {
        let program =
            program("jump end, !b7\ntop:\nexec p0\nadd r0, r0, r0\nloop i3, end\nendloop i3, top\nend:\nret");
        let controls: Vec<_> = program.controls.iter().copied().filter(|c| *c != Control::Nop).collect();
        assert_eq!(controls[0], Control::Jump(4, Condition::Bool(7, false)));
        assert_eq!(
            controls[1],
            Control::Exec { first: 0, count: 1, condition: Condition::Predicate(true), end: false }
        );
        assert_eq!(controls[2], Control::LoopStart { skip: 4, constant: 3, repeat: false });
        assert_eq!(controls[3], Control::LoopEnd { body: 1, constant: 3, break_on: None });
        assert_eq!(controls[4], Control::Return);
        let long = "add r0, r0, r0\n".repeat(14);
        let program = self::program(&long);
        assert_eq!(program.instructions.len(), 14);
    }

    #[test]
    fn fetches_come_out_as_written() {
        let program = program(
            "vfetch r1.xyz1, r0.y, vf94, format=57, stride=7, offset=-2, signed\n\
             vfetch_mini r2.zyx_, format=6, offset=3\n\
             tfetch2D r3, r1.yx, tf5, mag=linear, unnormalized",
        );
        let Instruction::Vertex(full) = &program.instructions[0] else { panic!() };
        assert_eq!(
            (full.constant, full.format, full.stride, full.offset, full.signed),
            (94, 57, 7, -2, true)
        );
        assert_eq!(full.common.select[3], FetchSelect::One);
        let Instruction::Vertex(mini) = &program.instructions[1] else { panic!() };
        assert_eq!((mini.mini, mini.constant, mini.offset, mini.common.source_swizzle[0]), (true, 94, 3, 1));
        assert_eq!(mini.common.select[3], FetchSelect::Keep);
        let Instruction::Texture(texture) = &program.instructions[2] else { panic!() };
        assert_eq!(
            (texture.constant, texture.common.source_swizzle, texture.unnormalized),
            (5, [1, 0, 0], true)
        );
        assert_eq!(
            (texture.mag, texture.min),
            (crate::enums::TextureFilter::Linear, crate::enums::TextureFilter::UseFetchConstant)
        );
    }

    #[test]
    fn mistakes_are_named_by_line() {
        for (text, line) in [
            ("add r0, r1", 1),
            ("\nfoo r0, r1", 2),
            ("mul r64, r0, r0", 1),
            ("jump nowhere", 1),
            ("+ rcp r0.x, r0.x", 1),
            ("mad r0, r0, r0, r0\n+ rcp r0.x, r1.x", 2),
        ] {
            assert_eq!(assemble(text).map_err(|error| error.line), Err(line), "{text}");
        }
    }
}
