//! The console's printf family: formats text as the C runtime of Visual C++ 2010 does.
//!
//! `%[flags][width][.precision][size]type`, 8-bit and UTF-16, with `%I64d`, `%ws`, `%S`, `%Z` and
//! the runtime's special formats of doubles (three-digit exponents, 17 significant digits,
//! `1.#INF`). The caller supplies the arguments by an [`ArgumentSource`]. Formats and arguments are
//! untrusted: widths, strings and output are bounded.

mod float;
mod spec;

use super::characters::narrowed;
use spec::{Flags, Size, Spec};

/// Maximum output length in units; the rest is cut off.
const MAX_OUTPUT: usize = 0x10_0000;
/// Maximum width and precision.
const MAX_FIELD: u32 = 0x1_0000;
/// Maximum length of a string argument without a precision.
const MAX_STRING: u32 = 0x1_0000;

/// Source of the arguments and of the strings that they point to.
pub trait ArgumentSource {
    /// Error for a bad pointer.
    type Error;
    /// Returns the next argument's 8 bytes; a double is passed as its bits.
    fn next(&mut self) -> Result<u64, Self::Error>;
    /// Reads the 8-bit string at an address up to its terminator, at most `limit` bytes.
    fn narrow(&mut self, at: u32, limit: u32) -> Result<Vec<u8>, Self::Error>;
    /// Reads the UTF-16 string at an address up to its terminator, at most `limit` units.
    fn wide(&mut self, at: u32, limit: u32) -> Result<Vec<u16>, Self::Error>;
    /// Reads the counted string (`ANSI_STRING`, `UNICODE_STRING`) at an address, at most `limit`
    /// units.
    fn counted(&mut self, at: u32, wide: bool, limit: u32) -> Result<Vec<u16>, Self::Error>;
    /// Stores the number of units written so far (`%n`), in 2, 4 or 8 bytes.
    fn store(&mut self, at: u32, bytes: u32, count: u64) -> Result<(), Self::Error>;
}

/// Formats an 8-bit format string.
pub fn format_narrow<S: ArgumentSource>(format: &[u8], source: &mut S) -> Result<Vec<u8>, S::Error> {
    let format: Vec<u16> = format.iter().map(|&byte| u16::from(byte)).collect();
    let units = Formatter { source, wide: false, out: Vec::new() }.run(&format)?;
    Ok(units.into_iter().map(narrowed).collect())
}

/// Formats a UTF-16 format string.
pub fn format_wide<S: ArgumentSource>(format: &[u16], source: &mut S) -> Result<Vec<u16>, S::Error> {
    Formatter { source, wide: true, out: Vec::new() }.run(format)
}

/// Notation of an integer.
struct Radix {
    /// As many digits as the base.
    digits: &'static [u8],
    /// Written before other numbers than 0 by the flag `#`.
    prefix: &'static str,
}

impl Radix {
    const OCTAL: Self = Self { digits: b"01234567", prefix: "" };
    const DECIMAL: Self = Self { digits: b"0123456789", prefix: "" };
    const LOWER_HEX: Self = Self { digits: b"0123456789abcdef", prefix: "0x" };
    const UPPER_HEX: Self = Self { digits: b"0123456789ABCDEF", prefix: "0X" };
}

fn units(bytes: impl IntoIterator<Item = u8>) -> Vec<u16> {
    bytes.into_iter().map(u16::from).collect()
}

struct Formatter<'a, S> {
    source: &'a mut S,
    /// Whether the format, and so the output, is UTF-16.
    wide: bool,
    out: Vec<u16>,
}

impl<S: ArgumentSource> Formatter<'_, S> {
    fn run(mut self, format: &[u16]) -> Result<Vec<u16>, S::Error> {
        const PERCENT: u16 = b'%' as u16;
        let mut rest = format;
        while let Some((&unit, after)) = rest.split_first() {
            if self.out.len() >= MAX_OUTPUT {
                break;
            }
            rest = after;
            if unit != PERCENT {
                self.out.push(unit);
                continue;
            }
            let (mut spec, length) = Spec::parse(rest);
            let Some(kind) = rest.get(length) else { break };
            rest = &rest[length + 1..];
            if spec.star_width {
                let width = self.source.next()? as i32;
                spec.flags.left |= width < 0;
                spec.width = width.unsigned_abs();
            }
            if spec.star_precision {
                let precision = self.source.next()? as i32;
                spec.precision = u32::try_from(precision).ok();
            }
            spec.width = spec.width.min(MAX_FIELD);
            spec.precision = spec.precision.map(|precision| precision.min(MAX_FIELD));
            self.conversion(&spec, *kind)?;
        }
        self.out.truncate(MAX_OUTPUT);
        Ok(self.out)
    }

    fn conversion(&mut self, spec: &Spec, kind: u16) -> Result<(), S::Error> {
        let letter = u8::try_from(kind).unwrap_or(0);
        match letter {
            b'd' | b'i' => self.signed(spec)?,
            b'u' => self.unsigned(spec, &Radix::DECIMAL)?,
            b'o' => self.octal(spec)?,
            b'x' => self.unsigned(spec, &Radix::LOWER_HEX)?,
            b'X' => self.unsigned(spec, &Radix::UPPER_HEX)?,
            b'p' => {
                // Pointers are printed as eight upper-case digits.
                let spec = Spec { precision: Some(8), size: Size::Default, ..*spec };
                self.unsigned(&spec, &Radix::UPPER_HEX)?;
            }
            b'c' | b'C' => {
                let unit = self.source.next()? as u16;
                let wide = self.is_wide(spec, letter == b'C');
                let unit = if wide { unit } else { unit & 0xFF };
                self.text(spec, &[], vec![unit]);
            }
            b's' | b'S' => self.string(spec, letter == b'S')?,
            b'Z' => {
                let at = self.source.next()? as u32;
                let text = if at == 0 {
                    cut(units(*b"(null)"), spec.precision)
                } else {
                    self.source.counted(at, spec.size == Size::Long, string_limit(spec))?
                };
                self.text(spec, &[], text);
            }
            b'n' => {
                let at = self.source.next()? as u32;
                let bytes = match spec.size {
                    Size::Short => 2,
                    Size::LongLong => 8,
                    _ => 4,
                };
                self.source.store(at, bytes, self.out.len() as u64)?;
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
                let value = f64::from_bits(self.source.next()?);
                let digits = float::format(value, letter, spec.precision, spec.flags.alternate);
                let sign = sign(spec.flags, value.is_sign_negative());
                self.text(spec, sign.as_bytes(), units(digits.into_bytes()));
            }
            // A percent sign, and letters without a meaning, are copied.
            _ => self.out.push(kind),
        }
        Ok(())
    }

    /// Returns whether a character or string argument is UTF-16. A capital letter selects the other
    /// kind than the format's.
    fn is_wide(&self, spec: &Spec, capital: bool) -> bool {
        match spec.size {
            Size::Short => false,
            Size::Long => true,
            _ => self.wide != capital,
        }
    }

    fn string(&mut self, spec: &Spec, capital: bool) -> Result<(), S::Error> {
        let at = self.source.next()? as u32;
        let limit = string_limit(spec);
        let text = if at == 0 {
            cut(units(*b"(null)"), spec.precision)
        } else if limit == 0 {
            Vec::new()
        } else if self.is_wide(spec, capital) {
            self.source.wide(at, limit)?
        } else {
            units(self.source.narrow(at, limit)?)
        };
        self.text(spec, &[], text);
        Ok(())
    }

    fn signed(&mut self, spec: &Spec) -> Result<(), S::Error> {
        let argument = self.source.next()?;
        let value = match spec.size {
            Size::Short => i64::from(argument as i16),
            Size::LongLong => argument as i64,
            Size::Default | Size::Long => i64::from(argument as i32),
        };
        let digits = integer_digits(value.unsigned_abs(), &Radix::DECIMAL, spec.precision);
        self.integer(spec, sign(spec.flags, value < 0), digits);
        Ok(())
    }

    fn unsigned_argument(&mut self, size: Size) -> Result<u64, S::Error> {
        let argument = self.source.next()?;
        Ok(match size {
            Size::Short => u64::from(argument as u16),
            Size::LongLong => argument,
            Size::Default | Size::Long => u64::from(argument as u32),
        })
    }

    fn unsigned(&mut self, spec: &Spec, radix: &Radix) -> Result<(), S::Error> {
        let value = self.unsigned_argument(spec.size)?;
        let prefix = if spec.flags.alternate && value != 0 { radix.prefix } else { "" };
        self.integer(spec, prefix, integer_digits(value, radix, spec.precision));
        Ok(())
    }

    fn octal(&mut self, spec: &Spec) -> Result<(), S::Error> {
        let value = self.unsigned_argument(spec.size)?;
        let mut digits = integer_digits(value, &Radix::OCTAL, spec.precision);
        if spec.flags.alternate && digits.first() != Some(&b'0') {
            digits.insert(0, b'0');
        }
        self.integer(spec, "", digits);
        Ok(())
    }

    /// Writes an integer with its sign or prefix. A precision turns off zero padding.
    fn integer(&mut self, spec: &Spec, prefix: &str, digits: Vec<u8>) {
        let flags = Flags { zero: spec.flags.zero && spec.precision.is_none(), ..spec.flags };
        self.text(&Spec { flags, ..*spec }, prefix.as_bytes(), units(digits));
    }

    /// Pads and writes a field. Zero padding goes between prefix and text, and applies to text as
    /// well.
    fn text(&mut self, spec: &Spec, prefix: &[u8], text: Vec<u16>) {
        let padding = (spec.width as usize).saturating_sub(prefix.len() + text.len());
        let fill = |out: &mut Vec<u16>, unit: u8| out.resize(out.len() + padding, u16::from(unit));
        if !spec.flags.left && !spec.flags.zero {
            fill(&mut self.out, b' ');
        }
        self.out.extend(prefix.iter().map(|&byte| u16::from(byte)));
        if !spec.flags.left && spec.flags.zero {
            fill(&mut self.out, b'0');
        }
        self.out.extend(text);
        if spec.flags.left {
            fill(&mut self.out, b' ');
        }
    }
}

/// Largest number of units that are read of a string argument.
fn string_limit(spec: &Spec) -> u32 {
    spec.precision.unwrap_or(MAX_STRING).min(MAX_STRING)
}

fn cut(mut text: Vec<u16>, precision: Option<u32>) -> Vec<u16> {
    if let Some(precision) = precision {
        text.truncate(precision as usize);
    }
    text
}

/// Returns the prefix of a signed number.
fn sign(flags: Flags, negative: bool) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        _ => "",
    }
}

/// Returns the digits of an integer, at least `precision` of them; no digits for 0 with precision
/// 0.
fn integer_digits(mut value: u64, radix: &Radix, precision: Option<u32>) -> Vec<u8> {
    let base = radix.digits.len() as u64;
    let mut digits = Vec::new();
    while value > 0 {
        digits.push(radix.digits[(value % base) as usize]);
        value /= base;
    }
    let least = precision.unwrap_or(1) as usize;
    if digits.len() < least {
        digits.resize(least, b'0');
    }
    digits.reverse();
    digits
}

#[cfg(test)]
mod tests;
