//! Map files of linkers: the names of functions, for executables without symbols.
//!
//! Two forms are read: that of Microsoft's linker (`/MAP`), with a table of public and one of
//! static symbols, and that of GNU ld (`-Map`), which lists global symbols below the section of the
//! object file that they are in. All lines of other kinds are passed over.
//!
//! Addresses are those of the linked image. Files are untrusted: the lengths and the number of
//! names are limited, and errors name the line.

mod gnu;
mod microsoft;

use crate::image::Symbol;

/// Largest map file in bytes.
pub const MAX_FILE: u64 = 256 << 20;
/// Largest number of symbols.
const MAX_SYMBOLS: usize = 1 << 20;
/// Longest name in bytes; the rest is cut off. Names of C++ templates are long.
const MAX_NAME: usize = 1024;
/// Maximum total size of all names, in bytes.
const MAX_NAMES: usize = 64 << 20;

/// An error in a map file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct MapFileError {
    /// Number of the line, from 1.
    pub line: usize,
    /// The mistake there.
    pub reason: String,
}

/// A line with its number, from 1.
type Line<'a> = (usize, &'a str);

/// The symbols found so far, and their size.
#[derive(Default)]
struct FoundSymbols {
    list: Vec<Symbol>,
    name_bytes: usize,
}

impl FoundSymbols {
    fn add(&mut self, line: usize, mut symbol: Symbol) -> Result<(), MapFileError> {
        let end = symbol.name.floor_char_boundary(MAX_NAME);
        symbol.name.truncate(end);
        self.name_bytes += symbol.name.len();
        if self.list.len() >= MAX_SYMBOLS || self.name_bytes > MAX_NAMES {
            let reason = format!("more than {MAX_SYMBOLS} symbols, or {} MiB of names", MAX_NAMES >> 20);
            return Err(MapFileError { line, reason });
        }
        self.list.push(symbol);
        Ok(())
    }
}

/// The number of these hexadecimal digits, which has at most 32 bits.
fn address(line: usize, digits: &str) -> Result<u32, MapFileError> {
    let number = u64::from_str_radix(digits, 16).ok().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| MapFileError { line, reason: format!("`{digits}` is not an address of 32 bits") })
}

/// The symbols of a map file, by ascending address; functions are marked.
///
/// # Errors
/// The text is not a map file, an address has more than 32 bits, or a limit is exceeded.
pub fn read(bytes: &[u8]) -> Result<Vec<Symbol>, MapFileError> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = (1..).zip(text.lines());
    let mut last = 1;
    let mut found = FoundSymbols::default();
    let is_read = loop {
        let Some((number, line)) = lines.next() else { break false };
        last = number;
        if microsoft::is_heading(line) {
            microsoft::read(lines, &mut found)?;
            break true;
        }
        if gnu::is_heading(line) {
            gnu::read(lines, &mut found)?;
            break true;
        }
    };
    if !is_read {
        let reason = "a map file of Microsoft's linker has a line `Address  Publics by Value  Rva+Base`, \
                      one of GNU ld `Linker script and memory map`; there is neither";
        return Err(MapFileError { line: last, reason: reason.to_owned() });
    }
    let mut symbols = found.list;
    symbols.sort_by(|a, b| (a.address, &a.name).cmp(&(b.address, &b.name)));
    symbols.dedup_by(|a, b| (a.address, &a.name) == (b.address, &b.name));
    Ok(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::GuestAddr;

    #[test]
    fn other_texts_are_refused_with_both_headings() {
        for text in ["", "hello\n", "\u{7f}ELF\0\0"] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, 1);
            assert!(error.to_string().contains("Publics by Value"), "{error}");
            assert!(error.to_string().contains("Linker script and memory map"), "{error}");
        }
    }

    #[test]
    fn lengths_and_numbers_of_symbol_names_are_limited() {
        let mut found = FoundSymbols::default();
        let symbol = |name: String| Symbol { name, address: GuestAddr(4), size: 0, is_function: true };
        found.add(1, symbol("\u{e4}".repeat(MAX_NAME))).unwrap();
        assert_eq!(found.list[0].name.len(), MAX_NAME);
        found.add(1, symbol(format!("x{}", "\u{e4}".repeat(MAX_NAME)))).unwrap();
        assert_eq!(found.list[1].name.len(), MAX_NAME - 1, "no half of a character");
        found.name_bytes = MAX_NAMES;
        let error = found.add(9, symbol("f".to_owned())).unwrap_err();
        assert_eq!((error.line, error.reason.contains("symbols")), (9, true));
        let mut found = FoundSymbols { list: vec![symbol("f".to_owned()); MAX_SYMBOLS], name_bytes: 0 };
        assert_eq!(found.add(7, symbol("g".to_owned())).unwrap_err().line, 7);
    }
}
