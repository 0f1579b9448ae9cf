//! Map files of Microsoft's linker: after a table of sections, one line for each symbol, as in
//!
//! ```text
//!   Address         Publics by Value              Rva+Base       Lib:Object
//!
//!  0005:00000120       ?update@World@@QAAXM@Z     82010120 f   world.obj
//!
//!  Static symbols
//!
//!  0005:00000200       helper                     82010200 f   world.obj
//! ```
//!
//! `f` marks functions, `i` those that were inline. Names are decorated, without spaces. Section 0
//! has absolute values, which are not addresses. (Documented at "/MAP (Generate Mapfile)"; that
//! page shows no example, so the columns are those that linkers of Visual C++ write.)

use super::{FoundSymbols, Line, MapFileError, address};
use crate::image::Symbol;
use xenia_guest::GuestAddr;

/// Whether the table of public symbols follows the line.
pub(super) fn is_heading(line: &str) -> bool {
    line.contains("Publics by Value") && line.contains("Rva+Base")
}

/// The section of a line that begins as a symbol's, such as `0005:00000120`.
fn section_of(word: &str) -> Option<u32> {
    let (section, offset) = word.split_once(':')?;
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex(section) || !is_hex(offset) {
        return None;
    }
    u32::from_str_radix(section, 16).ok()
}

/// Reads the lines below the heading.
pub(super) fn read<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    found: &mut FoundSymbols,
) -> Result<(), MapFileError> {
    for (number, line) in lines {
        let mut words = line.split_ascii_whitespace();
        let Some(section) = words.next().and_then(section_of) else { continue };
        let (Some(name), Some(at)) = (words.next(), words.next()) else {
            let reason = "a symbol has a name and its address".to_owned();
            return Err(MapFileError { line: number, reason });
        };
        let at = address(number, at)?;
        if section != 0 {
            let is_function = words.take_while(|word| matches!(*word, "f" | "i")).any(|word| word == "f");
            let symbol = Symbol { name: name.to_owned(), address: GuestAddr(at), size: 0, is_function };
            found.add(number, symbol)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::map_file::read;

    /// A file with each kind of line.
    const FILE: &str = " default\r
\r
 Timestamp is 4a0b7c11 (Thu May 14 02:05:37 2009)\r
\r
 Preferred load address is 82000000\r
\r
 Start         Length     Name                   Class\r
 0001:00000000 00000b2cH .rdata                  DATA\r
 0005:00000000 0000f2c4H .text                   CODE\r
\r
  Address         Publics by Value              Rva+Base       Lib:Object\r
\r
 0000:00000001       __safe_se_handler_count    00000001     <absolute>\r
 0001:00000010       ??_7World@@6B@             82000410     world.obj\r
 0005:00000120       ?update@World@@QAAXM@Z     82010120 f   world.obj\r
 0005:000000a0       main                       820100a0 f   main.obj\r
 0005:00000140       ?size@List@@QBAIXZ         0000000082010140 f i list.obj\r
\r
 entry point at        0005:000000a0\r
\r
 Static symbols\r
\r
 0005:00000200       helper                     82010200 f   world.obj\r
 0001:00000020       f                          82000420     i.obj\r
";

    #[test]
    fn public_and_static_symbols_are_read() {
        let symbols = read(FILE.as_bytes()).unwrap();
        let found: Vec<_> =
            symbols.iter().map(|symbol| (symbol.address.0, &*symbol.name, symbol.is_function)).collect();
        assert_eq!(
            found,
            [
                (0x8200_0410, "??_7World@@6B@", false),
                (0x8200_0420, "f", false),
                (0x8201_00A0, "main", true),
                (0x8201_0120, "?update@World@@QAAXM@Z", true),
                (0x8201_0140, "?size@List@@QBAIXZ", true),
                (0x8201_0200, "helper", true),
            ]
        );
        assert!(symbols.iter().all(|symbol| symbol.size == 0));
    }

    #[test]
    fn errors_have_the_line() {
        let (head, _) = FILE.split_once(" 0000:").unwrap();
        for (line, reason) in [
            ("0005:00000120 main", "name and its address"),
            ("0005:00000120", "name and its address"),
            ("0005:00000120 main main.obj", "`main.obj` is not an address"),
            ("0005:00000120 main 100000000 f main.obj", "32 bits"),
        ] {
            let error = read(format!("{head}\n{line}\n").as_bytes()).unwrap_err();
            assert_eq!(error.line, 14, "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
