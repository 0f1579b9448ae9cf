//! Map files of GNU ld: sections of object files, and below each its global symbols, as in
//!
//! ```text
//! Linker script and memory map
//!
//! .text           0x82010000     0x2000
//!  .text          0x82010000      0x120 main.o
//!                 0x820100a0                main
//!  .text.a_long_name
//!                 0x82010120       0x40 world.o
//!                 0x82010120                World::update(float)
//!                 0x82010160                _end = .
//! ```
//!
//! A symbol reaches to the next one of its section, or to the section's end, so that static
//! functions of other files, which are not listed, don't pass for it. Those of `.text`, `.init` and
//! `.fini` are functions. Assignments of the linker script are left out.

use super::{FoundSymbols, Line, MapFileError, address};
use crate::image::Symbol;
use xenia_guest::GuestAddr;

/// Whether sections follow the line. Those before it were discarded and have no addresses.
pub(super) fn is_heading(line: &str) -> bool {
    line.trim_end() == "Linker script and memory map"
}

/// The present section of an object file.
#[derive(Default)]
struct FileSection {
    start: u32,
    end: u64,
    is_code: bool,
    /// Index of its last symbol.
    last: Option<usize>,
}

/// The digits of a hexadecimal number.
fn digits(word: &str) -> Option<&str> {
    word.strip_prefix("0x").filter(|digits| !digits.is_empty())
}

/// Splits off the first word.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""))
}

fn is_code(section: &str) -> bool {
    [".text", ".init", ".fini"]
        .iter()
        .any(|name| section.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// Whether the linker script gives the symbol its value.
fn is_assigned(name: &str) -> bool {
    name.contains(" = ") || name.starts_with("PROVIDE") || name.starts_with("ASSERT") || name.starts_with('[')
}

/// Reads the lines below the heading.
pub(super) fn read<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    found: &mut FoundSymbols,
) -> Result<(), MapFileError> {
    let mut section = FileSection::default();
    // A long section name is on a separate line.
    let mut name = "";
    for (number, line) in lines {
        let (first, rest) = word(line);
        let (at, rest) = match digits(first) {
            Some(at) => (at, rest),
            None if line.starts_with('*') || first.starts_with('*') => continue,
            None => {
                name = first;
                let (second, rest) = word(rest);
                let Some(at) = digits(second) else { continue };
                (at, rest)
            }
        };
        if let Some(size) = digits(word(rest).0) {
            let start = address(number, at)?;
            let size = address(number, size)?;
            let end = u64::from(start) + u64::from(size);
            section = FileSection { start, end, is_code: is_code(name), last: None };
            continue;
        }
        let symbol = rest.trim();
        if symbol.is_empty() || is_assigned(symbol) || !line.starts_with([' ', '\t']) {
            continue;
        }
        let at = address(number, at)?;
        // This also skips lines without a symbol, such as `0x3c (size before relaxing)`.
        if at < section.start || u64::from(at) >= section.end {
            continue;
        }
        if let Some(last) = section.last.and_then(|last| found.list.get_mut(last))
            && last.address.0 < at
        {
            last.size = last.size.min(at - last.address.0);
        }
        let size = (section.end - u64::from(at)).try_into().unwrap_or(u32::MAX);
        let is_function = section.is_code;
        section.last = Some(found.list.len());
        found.add(number, Symbol { name: symbol.to_owned(), address: GuestAddr(at), size, is_function })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::map_file::read;

    /// A file with each kind of line.
    const FILE: &str = "Archive member included to satisfy reference by file (symbol)

libc.a(printf.o)              main.o (printf)

Discarded input sections

 .text          0x00000000        0x0 crt1.o
 .comment       0x00000000       0x2c main.o

Memory Configuration

Name             Origin             Length             Attributes
*default*        0x00000000         0xffffffff

Linker script and memory map

LOAD main.o
                [!provide]                        PROVIDE (__executable_start = SEGMENT_START (0x10000000))
                0x820100b4                        . = (0x82010000 + SIZEOF_HEADERS)

.text           0x82010000     0x2000
 *(.text.unlikely .text.*_unlikely)
 .text          0x82010000      0x120 main.o
                0x82010000                _start
                0x820100a0                main
                                0x3c (size before relaxing)
 .text.a_very_long_name_of_a_section
                0x0000000082010140       0x40 world.o
                0x0000000082010140                World::update(float, int)
                0x0000000082010140                alias
                0x820101c0                outside
                0x82012000                _etext = .
                0x82012000                PROVIDE (etext = .)

.data           0x82020000      0x100 load address 0x82020000
 *fill*         0x82020000        0x8
 .data          0x82020008       0x20 main.o
                0x82020010                state
 .text_of_another
                0x82020100       0x20 main.o
                0x82020100                no_code
OUTPUT(doom.elf elf32-powerpc)
";

    #[test]
    fn symbols_have_the_code_or_data_of_their_section_and_end_in_it() {
        let symbols = read(FILE.as_bytes()).unwrap();
        let found: Vec<_> = symbols
            .iter()
            .map(|symbol| (symbol.address.0, symbol.size, &*symbol.name, symbol.is_function))
            .collect();
        assert_eq!(
            found,
            [
                (0x8201_0000, 0xA0, "_start", true),
                (0x8201_00A0, 0x80, "main", true),
                (0x8201_0140, 0x40, "World::update(float, int)", true),
                (0x8201_0140, 0x40, "alias", true),
                (0x8202_0010, 0x18, "state", false),
                (0x8202_0100, 0x20, "no_code", false),
            ]
        );
    }

    #[test]
    fn errors_have_the_line() {
        let (head, _) = FILE.split_once(".text           0x8201").unwrap();
        for line in
            [" .text 0x100000000 0x20 main.o", " .text 0x82010000 0x100000000 main.o", " .text 0xg 0x1 m"]
        {
            let error = read(format!("{head}\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!((error.line, error.to_string().contains("32 bits")), (22, true), "{error}");
        }
    }
}
