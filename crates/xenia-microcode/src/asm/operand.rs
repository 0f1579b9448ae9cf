//! Assembly of registers, constants, components and numbers.

use super::super::program::*;

pub(super) type Result<T> = std::result::Result<T, String>;

pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.trim().parse().map_err(|_| format!("'{text}' is not a number"))
}

/// Parses a number of at most `highest`, which errors call `what`.
pub(super) fn number_to(text: &str, highest: u32, what: &str) -> Result<u8> {
    let value: u32 = number(text)?;
    if value > highest {
        return Err(format!("there is no {what} {value}"));
    }
    Ok(value as u8)
}

pub(super) fn component(letter: char) -> Result<u8> {
    "xyzw".find(letter).map(|i| i as u8).ok_or_else(|| format!("'{letter}' is not a component"))
}

/// Text between `prefix[` and `]`.
fn indexed<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')
}

/// Parses a register number, and whether the loop address is added.
fn register(name: &str) -> Result<(u8, bool)> {
    if let Some(inside) = indexed(name, "r") {
        let number = inside.strip_prefix("aL+").ok_or_else(|| format!("'{inside}' is not aL+N"))?;
        return Ok((number_to(number, 63, "register")?, true));
    }
    let number = name.strip_prefix('r').ok_or_else(|| format!("'{name}' is not a register"))?;
    Ok((number_to(number, 63, "register")?, false))
}

/// Parses a source register.
pub(super) fn source_register(name: &str) -> Result<Source> {
    Ok(match register(name)? {
        (number, true) => Source::RegisterLoop(number),
        (number, false) => Source::Register(number),
    })
}

/// Parses a destination register.
pub(super) fn destination_register(name: &str) -> Result<Destination> {
    Ok(match register(name)? {
        (number, true) => Destination::RegisterLoop(number),
        (number, false) => Destination::Register(number),
    })
}

/// Splits a name from the letters after its dot.
pub(super) fn split(text: &str) -> (&str, &str) {
    text.rsplit_once('.').unwrap_or((text, ""))
}

/// Parses an operand and the components that it names.
pub(super) fn operand(text: &str) -> Result<(ShaderOperand, Vec<u8>)> {
    let (negate, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (name, suffix) = split(text);
    let (name, absolute) = name.strip_suffix("_abs").map_or((name, false), |name| (name, true));
    let components = suffix.chars().map(component).collect::<Result<Vec<_>>>()?;
    let source = match indexed(name, "c") {
        Some(index) => {
            let constant = |text| number_to(text, 255, "constant");
            if let Some(index) = index.strip_prefix("a0+") {
                Source::ConstantAddress(constant(index)?)
            } else if let Some(index) = index.strip_prefix("aL+") {
                Source::ConstantLoop(constant(index)?)
            } else {
                Source::Constant(constant(index)?)
            }
        }
        None => source_register(name)?,
    };
    // The last given component is repeated.
    let swizzle =
        [0, 1, 2, 3].map(|i: u8| components.get(i as usize).or(components.last()).copied().unwrap_or(i));
    Ok((ShaderOperand { source, swizzle, absolute, negate }, components))
}

/// Export number of a destination's name.
fn export(name: &str) -> Option<u8> {
    match name {
        "oPos" => Some(62),
        "oPts" => Some(63),
        "oDepth" => Some(61),
        "eA" => Some(32),
        _ => {
            let within = |prefix: &str, highest: u8| {
                let number: u8 = name.strip_prefix(prefix)?.parse().ok()?;
                (number <= highest).then_some(number)
            };
            within("oC", 3).or_else(|| within("eM", 4).map(|n| 33 + n)).or_else(|| within("o", 63))
        }
    }
}

/// Parses a destination: components to write, to set to zero and to set to one.
pub(super) fn destination(text: &str) -> Result<(Destination, [u8; 3])> {
    let (name, suffix) = split(text);
    let suffix = if suffix.is_empty() { "xyzw" } else { suffix };
    let to = match export(name) {
        Some(number) => Destination::Export(number),
        None => destination_register(name)?,
    };
    let is_export = matches!(to, Destination::Export(_));
    let mut masks = [0; 3];
    for (place, letter) in suffix.chars().enumerate() {
        if place > 3 {
            return Err(format!("'{suffix}' names more than four components"));
        }
        match letter {
            '_' => {}
            '0' if is_export => masks[1] |= 1 << place,
            '1' if is_export => masks[2] |= 1 << place,
            letter => masks[0] |= 1 << component(letter)?,
        }
    }
    Ok((to, masks))
}
