//! The `#_` lines: registers and memory, before and after.
//!
//! | register | value |
//! |---|---|
//! | `r0`–`r31`, `lr`, `ctr` | number: decimal, `0x…`, negative |
//! | `f0`–`f31` | decimal number (compared as a number), or `0x…` bits (compared exactly) |
//! | `v0`–`v127` | `[w0, w1, w2, w3]` hexadecimal words, or `(x, y, z, w)` decimal numbers |
//! | `cr`, `xer`, `fpscr`, `vscr`, `vrsave`, `msr` | number |
//!
//! `MEMORY_IN address bytes`, `MEMORY_OUT address bytes`: hexadecimal, bytes grouped at will.

use super::harness::{DATA_BASE, DATA_SIZE};
use std::fmt;
use xenia_cpu::PpcContext;

/// A register that annotations can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PpcRegister {
    Gpr(usize),
    Fpr(usize),
    Vector(usize),
    Cr,
    Xer,
    Lr,
    Ctr,
    Fpscr,
    Vscr,
    Vrsave,
    Msr,
}

/// A register's value; `number` selects numeric instead of bitwise comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterValue {
    pub(crate) bits: u128,
    number: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Annotation {
    RegisterIn(PpcRegister, RegisterValue),
    RegisterOut(PpcRegister, RegisterValue),
    MemoryIn(u32, Vec<u8>),
    MemoryOut(u32, Vec<u8>),
}

/// Reason why an annotation can't be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnotationError {
    /// The key is not one of the four.
    #[error("unknown annotation `{0}`")]
    UnknownKey(String),
    /// The name or the value is missing.
    #[error("`{0}` needs a name and a value")]
    Incomplete(String),
    /// The register does not exist.
    #[error("unknown register `{0}`")]
    UnknownRegister(String),
    /// The text is not a value of the register.
    #[error("`{value}` is not a value of {register}")]
    BadValue { register: String, value: String },
    /// The text is not a list of bytes.
    #[error("`{0}` is not whole bytes in hexadecimal")]
    BadBytes(String),
    /// The bytes are outside of the cases' data memory.
    #[error("{addr:08X} with {len} bytes is outside {DATA_BASE:08X}–{end:08X}", end = DATA_BASE + DATA_SIZE - 1)]
    OutsideMemory {
        addr: u32,
        /// Number of bytes.
        len: usize,
    },
    /// The annotation precedes the first case.
    #[error("annotation before the first case")]
    BeforeFirstCase,
}

impl PpcRegister {
    fn parse(name: &str) -> Option<Self> {
        let indexed = |prefix: &str, count: usize| {
            let digits = name.strip_prefix(prefix)?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten().filter(|&index: &usize| index < count)
        };
        Some(match name {
            "cr" => Self::Cr,
            "xer" => Self::Xer,
            "lr" => Self::Lr,
            "ctr" => Self::Ctr,
            "fpscr" => Self::Fpscr,
            "vscr" => Self::Vscr,
            "vrsave" => Self::Vrsave,
            "msr" => Self::Msr,
            _ => indexed("r", 32)
                .map(Self::Gpr)
                .or_else(|| indexed("f", 32).map(Self::Fpr))
                .or_else(|| indexed("v", 128).map(Self::Vector))?,
        })
    }

    /// The register's value in a context.
    pub fn get(self, ctx: &PpcContext) -> u128 {
        match self {
            Self::Gpr(n) => ctx.gpr[n].into(),
            Self::Fpr(n) => ctx.fpr[n].into(),
            Self::Vector(n) => ctx.vr[n],
            Self::Cr => ctx.cr_word().into(),
            Self::Xer => ctx.xer_word().into(),
            Self::Lr => ctx.lr.into(),
            Self::Ctr => ctx.ctr.into(),
            Self::Fpscr => ctx.fpscr.into(),
            Self::Vscr => ctx.vscr.into(),
            Self::Vrsave => ctx.vrsave.into(),
            Self::Msr => ctx.msr.into(),
        }
    }

    /// Sets the register in a context; excess bits are dropped.
    pub fn set(self, ctx: &mut PpcContext, bits: u128) {
        match self {
            Self::Gpr(n) => ctx.gpr[n] = bits as u64,
            Self::Fpr(n) => ctx.fpr[n] = bits as u64,
            Self::Vector(n) => ctx.vr[n] = bits,
            Self::Cr => ctx.set_cr_word(bits as u32),
            Self::Xer => ctx.set_xer_word(bits as u32),
            Self::Lr => ctx.lr = bits as u64,
            Self::Ctr => ctx.ctr = bits as u64,
            Self::Fpscr => ctx.fpscr = bits as u32,
            Self::Vscr => ctx.vscr = bits as u32,
            Self::Vrsave => ctx.vrsave = bits as u32,
            Self::Msr => ctx.msr = bits as u64,
        }
    }

    fn value(self, text: &str) -> Option<RegisterValue> {
        let exact = |bits| Some(RegisterValue { bits, number: false });
        match self {
            Self::Vector(_) => vector(text),
            Self::Fpr(_) => match hexadecimal(text) {
                Some(bits) => exact(bits.into()),
                None => {
                    text.parse::<f64>().ok().map(|f| RegisterValue { bits: f.to_bits().into(), number: true })
                }
            },
            Self::Gpr(_) | Self::Lr | Self::Ctr | Self::Msr => integer(text).and_then(|v| exact(v.into())),
            // 64-bit spellings of these occur; the bits above bit 31 must be zero.
            _ => integer(text).filter(|&bits| bits >> 32 == 0).and_then(|bits| exact(bits.into())),
        }
    }

    /// The value in the reports' syntax.
    pub fn text(self, bits: u128) -> String {
        match self {
            Self::Vector(_) => {
                let word = |n: u32| (bits >> (96 - 32 * n)) as u32;
                format!("[{:08X}, {:08X}, {:08X}, {:08X}]", word(0), word(1), word(2), word(3))
            }
            Self::Gpr(_) | Self::Lr | Self::Ctr | Self::Msr => format!("0x{bits:016X}"),
            Self::Fpr(_) => format!("0x{bits:016X} ({:?})", f64::from_bits(bits as u64)),
            _ => format!("0x{bits:08X}"),
        }
    }
}

impl fmt::Display for PpcRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gpr(n) => write!(f, "r{n}"),
            Self::Fpr(n) => write!(f, "f{n}"),
            Self::Vector(n) => write!(f, "v{n}"),
            Self::Cr => f.write_str("cr"),
            Self::Xer => f.write_str("xer"),
            Self::Lr => f.write_str("lr"),
            Self::Ctr => f.write_str("ctr"),
            Self::Fpscr => f.write_str("fpscr"),
            Self::Vscr => f.write_str("vscr"),
            Self::Vrsave => f.write_str("vrsave"),
            Self::Msr => f.write_str("msr"),
        }
    }
}

impl RegisterValue {
    /// Whether a register that holds `actual` matches the expectation.
    pub(super) fn matches(self, actual: u128) -> bool {
        if !self.number {
            return self.bits == actual;
        }
        let expected = f64::from_bits(self.bits as u64);
        let actual = f64::from_bits(actual as u64);
        expected == actual || expected.is_nan() && actual.is_nan()
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    u64::from_str_radix(digits, 16).ok()
}

fn integer(text: &str) -> Option<u64> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // C's suffixes occur: `0x1ull`.
    let magnitude = magnitude.trim_end_matches(['u', 'U', 'l', 'L']);
    let value = hexadecimal(magnitude).or_else(|| magnitude.parse().ok())?;
    Some(if negative { value.wrapping_neg() } else { value })
}

fn vector(text: &str) -> Option<RegisterValue> {
    let words = |inner: &str, word: &dyn Fn(&str) -> Option<u32>| {
        let words: Vec<u32> =
            inner.split([',', ' ', '\t']).filter(|part| !part.is_empty()).map(word).collect::<Option<_>>()?;
        let [a, b, c, d] = words[..] else { return None };
        Some(u128::from(a) << 96 | u128::from(b) << 64 | u128::from(c) << 32 | u128::from(d))
    };
    let bits = if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        words(inner, &|part| u32::from_str_radix(part.strip_prefix("0x").unwrap_or(part), 16).ok())?
    } else {
        let inner = text.strip_prefix('(')?.strip_suffix(')')?;
        words(inner, &|part| part.parse::<f32>().ok().map(f32::to_bits))?
    };
    Some(RegisterValue { bits, number: false })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for group in text.split_whitespace() {
        if group.len() % 2 != 0 || !group.is_ascii() {
            return None;
        }
        for at in (0..group.len()).step_by(2) {
            out.push(u8::from_str_radix(&group[at..at + 2], 16).ok()?);
        }
    }
    Some(out)
}

/// Parses the text after `#_`.
pub(super) fn parse(text: &str) -> Result<Annotation, AnnotationError> {
    let mut parts = text.trim().splitn(2, char::is_whitespace);
    let key = parts.next().unwrap_or("");
    let rest = parts.next().unwrap_or("").trim();
    if !matches!(key, "REGISTER_IN" | "REGISTER_OUT" | "MEMORY_IN" | "MEMORY_OUT") {
        return Err(AnnotationError::UnknownKey(key.to_owned()));
    }
    // A comment may follow the value.
    let rest = rest.split('#').next().unwrap_or("").trim();
    let Some((name, value)) = rest.split_once(char::is_whitespace) else {
        return Err(AnnotationError::Incomplete(key.to_owned()));
    };
    let value = value.trim();
    if key.starts_with("REGISTER") {
        let register = PpcRegister::parse(&name.to_ascii_lowercase())
            .ok_or_else(|| AnnotationError::UnknownRegister(name.to_owned()))?;
        let value = register.value(value).ok_or_else(|| AnnotationError::BadValue {
            register: register.to_string(),
            value: value.to_owned(),
        })?;
        return Ok(if key == "REGISTER_IN" {
            Annotation::RegisterIn(register, value)
        } else {
            Annotation::RegisterOut(register, value)
        });
    }
    let addr = u32::from_str_radix(name.strip_prefix("0x").unwrap_or(name), 16)
        .map_err(|_| AnnotationError::BadBytes(name.to_owned()))?;
    let bytes = bytes(value).ok_or_else(|| AnnotationError::BadBytes(value.to_owned()))?;
    let end = u64::from(addr) + bytes.len() as u64;
    if addr < DATA_BASE || end > u64::from(DATA_BASE + DATA_SIZE) {
        return Err(AnnotationError::OutsideMemory { addr, len: bytes.len() });
    }
    Ok(if key == "MEMORY_IN" {
        Annotation::MemoryIn(addr, bytes)
    } else {
        Annotation::MemoryOut(addr, bytes)
    })
}
