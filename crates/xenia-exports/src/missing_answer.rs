//! Text of the settings of missing exports' results.

use super::registry;
use xenia_guest::Ordinal;
use xenia_imports::ordinals::{self, ExportKind};
use xenia_imports::{Library, Status};
use xenia_kernel::imports::MissingAnswer;

/// Reads a setting of the results of missing exports: `fail`, `zero`, `keep` or `NAME=VALUE`.
///
/// # Errors
/// The text is none of these, or the name is not that of a missing function.
pub fn missing_answer(text: &str) -> Result<MissingAnswer, String> {
    match text {
        "fail" => return Ok(MissingAnswer::Fail),
        "zero" => return Ok(MissingAnswer::Zero),
        "keep" => return Ok(MissingAnswer::Keep),
        _ => {}
    }
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not fail, zero, keep or NAME=VALUE"))?;
    let parsed = value_of(value).ok_or_else(|| format!("`{value}` is not a number of 64 bits"))?;
    let found = by_ordinal(name).map_or_else(|| by_name(name), |found| vec![found]);
    if found.is_empty() {
        return Err(format!("`{name}` is not a function of the console"));
    }
    let is_missing =
        |&&(library, ordinal): &&(Library, Ordinal)| registry().status(library, ordinal) == Status::Missing;
    let Some(&(library, ordinal)) = found.iter().find(is_missing) else {
        return Err(format!("`{name}` is implemented; only missing calls have a set answer"));
    };
    // The name that calls have in reports.
    let row = ordinals::find(library.rows(), ordinal);
    let name = row.map_or_else(|| format!("{}#{ordinal}", library.name()), |row| row.name.to_owned());
    Ok(MissingAnswer::Named(name, parsed))
}

/// An export by library and ordinal, as reports name it if its name is unknown: `xam#0FFE`.
fn by_ordinal(name: &str) -> Option<(Library, Ordinal)> {
    let (library, ordinal) = name.split_once('#')?;
    let ordinal = u16::from_str_radix(ordinal, 16).ok().filter(|_| !ordinal.starts_with('+'))?;
    Some((Library::of_file(library)?, Ordinal(ordinal)))
}

/// The functions with this name; libraries may share one.
fn by_name(name: &str) -> Vec<(Library, Ordinal)> {
    let rows =
        Library::ALL.into_iter().flat_map(|library| library.rows().iter().map(move |row| (library, row)));
    rows.filter(|(_, row)| row.name == name && row.kind == ExportKind::Function)
        .map(|(library, row)| (library, row.ordinal))
        .collect()
}

/// A value of r3 in decimal or hexadecimal, maybe negative, underscores allowed.
fn value_of(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    if let Some(digits) = text.strip_prefix('-') {
        let negative: i64 = digits.parse().ok().filter(|_| !digits.starts_with(['+', '-']))?;
        return Some(negative.wrapping_neg() as u64);
    }
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')),
        None => text.parse().ok().filter(|_| !text.starts_with('+')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_mistakes_are_named() {
        for (text, expected) in [
            ("fail", MissingAnswer::Fail),
            ("zero", MissingAnswer::Zero),
            ("keep", MissingAnswer::Keep),
            ("MmDoubleMapMemory=0x1_0", MissingAnswer::Named("MmDoubleMapMemory".into(), 16)),
            ("xam#0FFE=7", MissingAnswer::Named("xam#0FFE".into(), 7)),
            ("MmDoubleMapMemory=-1", MissingAnswer::Named("MmDoubleMapMemory".into(), u64::MAX)),
        ] {
            assert_eq!(missing_answer(text), Ok(expected.clone()), "{text}");
            assert_eq!(missing_answer(&expected.to_string()), Ok(expected), "{text}");
        }
        for (text, message) in [
            ("one", "`one` is not fail, zero, keep or NAME=VALUE"),
            ("MmDoubleMapMemory=x", "`x` is not a number of 64 bits"),
            ("MmDoubleMapMemory=--1", "not a number"),
            ("MmDoubleMapMemory=0x+1", "not a number"),
            ("MmDoubleMapMemory=0x1_0000_0000_0000_0000", "not a number"),
            ("MmDoubleMap=1", "`MmDoubleMap` is not a function of the console"),
            ("XboxHardwareInfo=1", "is not a function"),
            ("NtClose=0", "`NtClose` is implemented; only missing calls"),
            ("xan#1=0", "is not a function"),
            ("xam#10000=0", "is not a function"),
            ("xboxkrnl#CF=0", "`xboxkrnl#CF` is implemented"),
        ] {
            let error = missing_answer(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
