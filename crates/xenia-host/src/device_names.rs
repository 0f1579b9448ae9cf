//! Names that Windows gives to devices.

/// Devices without a number.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// Devices whose names end with a digit.
const NUMBERED: [&str; 2] = ["COM", "LPT"];

/// Whether the name is one of a device in any folder of a Windows host, with any extension (`con`,
/// `aux.bin`, `com1`).
pub fn is_device_name(name: &str) -> bool {
    // Windows also takes blanks before the dot for no part of the name.
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let is_one_of = |devices: &[&str], word: &str| devices.iter().any(|one| word.eq_ignore_ascii_case(one));
    // Windows takes the superscripts of Latin-1 for digits.
    let is_digit = |c: char| matches!(c, '1'..='9' | '\u{B9}' | '\u{B2}' | '\u{B3}');
    let word = stem.strip_suffix(is_digit);
    is_one_of(&DEVICES, stem) || word.is_some_and(|word| is_one_of(&NUMBERED, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_have_a_digit_where_windows_has_one() {
        for name in ["con", "NUL.txt", "com1", "lpt9.x", "aux .x", "Prn.a.b", "COM\u{B9}", "lpt\u{B3}.txt"] {
            assert!(is_device_name(name), "{name}");
        }
        assert!(is_device_name("conin$") && is_device_name("CONOUT$"));
        for name in ["com.bik", "lpt.dat", "con2.xex", "aux10.xma", "nul1", "com10", "lpt0", "com11.x"] {
            assert!(!is_device_name(name), "{name}");
        }
        for name in ["console", "null", "a.con", ".con", "", "com\u{B2}\u{B2}", "con$", "com\u{2074}"] {
            assert!(!is_device_name(name), "{name}");
        }
    }
}
