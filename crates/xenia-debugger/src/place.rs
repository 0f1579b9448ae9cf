//! Places in commands: an address, a register, a symbol or an import, with an offset.

use crate::command::number;
use crate::model::{FoundSymbol, SymbolSearch};
use anyhow::{Context, Result, bail};
use xenia::machine::Debugged;
use xenia_gdb::Debuggee;
use xenia_gdb::registers::GdbRegister;

/// Maximum number of symbols listed in an error.
const MAX_LISTED_SYMBOLS: usize = 4;

/// The register with a name.
pub(crate) fn register(name: &str) -> Option<GdbRegister> {
    let name = match name {
        "sp" => "r1".to_owned(),
        _ => match name.strip_prefix('v').filter(|digits| digits.parse::<u8>().is_ok()) {
            Some(digits) => format!("vr{digits}"),
            None => name.to_owned(),
        },
    };
    (0..).map_while(GdbRegister::numbered).find(|register| register.name() == name)
}

/// Whether a place is a symbol or an import, which another title may have elsewhere.
pub(crate) fn is_name(place: &str) -> bool {
    let base = split(place).map_or(place, |(base, _)| base);
    !base.starts_with(|c: char| c.is_ascii_digit()) && register(base).is_none()
}

/// The parts of `base+offset` or `base-offset`.
fn split(text: &str) -> Result<(&str, u32)> {
    // A name may have signs, too, so the last one counts, if a number follows.
    let Some(at) = text.rfind(['+', '-']).filter(|&at| at > 0) else { return Ok((text, 0)) };
    let Ok(offset) = number(&text[at + 1..]) else { return Ok((text, 0)) };
    let offset = u32::try_from(offset).context("an offset has 32 bits")?;
    Ok((&text[..at], if text.as_bytes()[at] == b'-' { offset.wrapping_neg() } else { offset }))
}

/// The address of a place, for a thread.
///
/// # Errors
/// `text` is not an address, a register or a known symbol; the message says what is similar.
pub(crate) fn resolve(text: &str, machine: &Debugged<'_, '_>, thread: u32) -> Result<u32> {
    let (base, offset) = split(text)?;
    if base.starts_with(|c: char| c.is_ascii_digit()) {
        let address = u32::try_from(number(base)?).with_context(|| format!("`{base}` has over 32 bits"))?;
        return Ok(address.wrapping_add(offset));
    }
    if let Some(register) = register(base) {
        let ctx = machine.context(thread).with_context(|| format!("there is no thread {thread:#x}"))?;
        return Ok((register.get(ctx) as u32).wrapping_add(offset));
    }
    let mut exact = Vec::new();
    let mut similar = Vec::new();
    machine.each_symbol(|name, address| {
        if name == base {
            exact.push(address);
        } else if similar.len() < MAX_LISTED_SYMBOLS && name.contains(base) {
            similar.push(name.to_owned());
        }
        true
    });
    exact.dedup();
    match exact[..] {
        [address] => return Ok(address.wrapping_add(offset)),
        [] => {}
        _ => bail!("`{base}` is at {}: give one of these", crate::text::list(&exact)),
    }
    if let Some(&address) = machine.imports_named(base).first() {
        return Ok(address.wrapping_add(offset));
    }
    if similar.is_empty() {
        bail!("no symbol, import or register is named `{base}`; an address begins with 0x");
    }
    let similar: Vec<String> =
        similar.iter().map(|name| crate::text::escaped_text(name, crate::text::MAX_NAME_LENGTH)).collect();
    bail!("no symbol is named `{base}`; there is {}", similar.join(", "))
}

/// Symbols whose names contain a text, whatever the case. The first `most` are listed.
pub(crate) fn find(text: &str, machine: &Debugged<'_, '_>, most: usize) -> SymbolSearch {
    let text = text.to_lowercase();
    let mut found = SymbolSearch::default();
    machine.each_symbol(|name, at| {
        if name.to_lowercase().contains(&text) {
            if found.symbols.len() < most {
                found.symbols.push(FoundSymbol { name: name.to_owned(), at });
            } else {
                found.left_out += 1;
            }
        }
        true
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_have_the_names_that_people_use() {
        assert_eq!(register("r31"), Some(GdbRegister::Gpr(31)));
        assert_eq!(register("sp"), Some(GdbRegister::Gpr(1)));
        assert_eq!(register("v127"), Some(GdbRegister::Vr(127)));
        assert_eq!(register("vr3"), Some(GdbRegister::Vr(3)));
        assert_eq!(register("pc"), Some(GdbRegister::Pc));
        assert_eq!(register("v"), None);
        assert_eq!(register("main"), None);
    }

    #[test]
    fn names_are_neither_addresses_nor_registers() {
        assert!(is_name("main") && is_name("main+4") && is_name("operator+"));
        assert!(!is_name("0x82000000") && !is_name("r3+0x10") && !is_name("lr"));
    }

    #[test]
    fn offsets_are_numbers_after_the_last_sign() {
        assert_eq!(split("r3+0x10").unwrap(), ("r3", 16));
        assert_eq!(split("main-4").unwrap(), ("main", 4_u32.wrapping_neg()));
        assert_eq!(split("operator+").unwrap(), ("operator+", 0));
        assert_eq!(split("-4").unwrap(), ("-4", 0));
        assert!(split("r3+0x100000000").is_err());
    }
}
