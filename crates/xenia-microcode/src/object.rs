//! Shader object files of titles (`.xvu`, `.xpu`), and files of bare microcode.
//!
//! The layout was found by inspecting such files. All numbers are big-endian:
//! ```text
//! header   0 u32 magic: 0x102a11 and the kind (1 vertex, 0 pixel)
//!          4 u32 bytes of the header part, which is followed by the data part
//!          8 u32 bytes of the data part
//!        0x14 u32 offset of the literals' table, 0 if there is none
//!        0x18 u32 offset of the shader's record
//! record   0 u32 offset of the microcode in the data part
//!          4 u32 bytes of microcode
//! literals 0x10 u32 bytes from here to the table's end, including this word
//!         then {u16 first constant (pixel shaders count from 256), u16 floats,
//!               u32 offset in the data part}, until the number of floats is zero
//! ```
//!
//! Direct3D writes vertex formats, strides and offsets into the fetches at run time, so in a file
//! they are empty.

use super::ShaderKind;

/// Magic number without the kind.
const MAGIC: u32 = 0x102a_1100;
/// First float constant of pixel shaders.
const PIXEL_BASE: u16 = 256;
/// Number of float constants per kind of shader.
const CONSTANTS: u16 = 256;
/// Maximum number of literals of an object; twice the number of constants is more than any shader
/// needs.
const MAX_LITERALS: usize = 2 * CONSTANTS as usize;
/// Maximum number of words of microcode: 12 address bits, three words per instruction.
const MAX_WORDS: usize = 3 * 4096;

/// Error in a shader file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The file is too short.
    #[error("offset {at:#x}: {what} needs {needed} bytes, and the file has {length}")]
    Truncated {
        /// Name of the part.
        what: &'static str,
        /// Offset of the part.
        at: usize,
        /// Size of the part in bytes.
        needed: usize,
        /// Size of the file in bytes.
        length: usize,
    },
    /// The size of the microcode is not a multiple of four bytes.
    #[error("offset {at:#x}: {length} bytes are not a whole number of words")]
    Unaligned {
        /// Offset of the microcode.
        at: usize,
        /// Size of the microcode in bytes.
        length: usize,
    },
    /// Literals for constants out of range, or more literals than the limit.
    #[error(
        "offset {at:#x}: {count} literals from constant {constant} on, after {before}, are more than a shader can have"
    )]
    Literals {
        /// Offset of the table entry.
        at: usize,
        /// Number of literals in the entry.
        count: usize,
        /// First constant of the entry, relative to the shader's first.
        constant: u16,
        /// Number of literals before the entry.
        before: usize,
    },
    /// The microcode exceeds the addressable instructions.
    #[error("offset {at:#x}: {length} bytes of microcode are more than a shader can have")]
    TooLong {
        /// Offset of the microcode.
        at: usize,
        /// Size of the microcode in bytes.
        length: usize,
    },
}

/// Float constant stored with a shader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Literal {
    /// Constant number, relative to the shader's first.
    pub constant: u16,
    pub value: [f32; 4],
}

/// Parsed shader file.
#[derive(Clone, Debug, PartialEq)]
pub struct ShaderObject {
    /// Kind of shader; `None` for bare microcode.
    pub kind: Option<ShaderKind>,
    /// Microcode in host order.
    pub words: Vec<u32>,
    /// Float constants stored with the shader.
    pub literals: Vec<Literal>,
}

struct File<'a>(&'a [u8]);

impl File<'_> {
    fn bytes(&self, what: &'static str, at: usize, needed: usize) -> Result<&[u8], ObjectError> {
        let end = at.checked_add(needed);
        end.and_then(|end| self.0.get(at..end)).ok_or(ObjectError::Truncated {
            what,
            at,
            needed,
            length: self.0.len(),
        })
    }

    fn u32(&self, what: &'static str, at: usize) -> Result<u32, ObjectError> {
        let mut word = [0; 4];
        word.copy_from_slice(self.bytes(what, at, 4)?);
        Ok(u32::from_be_bytes(word))
    }

    fn words(&self, what: &'static str, at: usize, length: usize) -> Result<Vec<u32>, ObjectError> {
        if !length.is_multiple_of(4) {
            return Err(ObjectError::Unaligned { at, length });
        }
        let bytes = self.bytes(what, at, length)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
            .collect())
    }

    fn microcode(&self, at: usize, length: usize) -> Result<Vec<u32>, ObjectError> {
        if length > 4 * MAX_WORDS {
            return Err(ObjectError::TooLong { at, length });
        }
        self.words("microcode", at, length)
    }

    fn literals(&self, table: usize, data: usize, first: u16) -> Result<Vec<Literal>, ObjectError> {
        let length = self.u32("the literals' length", table.saturating_add(0x10))? as usize;
        let start = table.saturating_add(0x14);
        let mut literals = Vec::new();
        for i in 0..length.saturating_sub(4) / 8 {
            let at = start.saturating_add(8 * i);
            let place = self.u32("a literal's place", at)?;
            let floats = (place & 0xffff) as usize;
            if floats == 0 {
                break;
            }
            let from = self.u32("a literal's offset", at + 4)? as usize;
            let words = self.words("literals", data.saturating_add(from), 4 * floats)?;
            let constant = ((place >> 16) as u16).wrapping_sub(first);
            let count = words.len() / 4;
            let before = literals.len();
            if usize::from(constant) + count > usize::from(CONSTANTS) || before + count > MAX_LITERALS {
                return Err(ObjectError::Literals { at, count, constant, before });
            }
            for (constant, value) in (constant..).zip(words.chunks_exact(4)) {
                let value = [value[0], value[1], value[2], value[3]].map(f32::from_bits);
                literals.push(Literal { constant, value });
            }
        }
        Ok(literals)
    }
}

impl ShaderObject {
    /// Parses a shader object, or bare microcode (big-endian words) if the magic is missing.
    pub fn parse(bytes: &[u8]) -> Result<Self, ObjectError> {
        let file = File(bytes);
        let magic = file.u32("the first word", 0)?;
        if magic & !1 != MAGIC {
            return Ok(Self { kind: None, words: file.microcode(0, bytes.len())?, literals: Vec::new() });
        }
        let (kind, first) =
            if magic & 1 != 0 { (ShaderKind::Vertex, 0) } else { (ShaderKind::Pixel, PIXEL_BASE) };
        let data = file.u32("the header's length", 4)? as usize;
        let table = file.u32("the literals' place", 0x14)? as usize;
        let record = file.u32("the shader's place", 0x18)? as usize;
        let code = file.u32("the microcode's offset", record)? as usize;
        let length = file.u32("the microcode's length", record.saturating_add(4))? as usize;
        let words = file.microcode(data.saturating_add(code), length)?;
        let literals = if table == 0 { Vec::new() } else { file.literals(table, data, first)? };
        Ok(Self { kind: Some(kind), words, literals })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Program, assemble, disassemble};
    use super::*;
    use proptest::prelude::*;

    /// Builds an object in the layout of titles' files: header, literals' table, record, data.
    fn build(kind: ShaderKind, words: &[u32], literals: &[Literal]) -> Vec<u8> {
        let table = 0x24_u32;
        let record = 0x24 + 0x14 + 8 * (literals.len() as u32 + 1);
        let data = record + 8;
        let code = 16 * literals.len() as u32;
        let first = if kind == ShaderKind::Pixel { PIXEL_BASE } else { 0 };
        let length = 4 * words.len() as u32;
        let mut out = vec![MAGIC | u32::from(kind == ShaderKind::Vertex), data, code + length, 0x24, 0x24];
        out.extend([if literals.is_empty() { 0 } else { table }, record, 0, 0]);
        out.extend([0, 1, 0, 0, 4 + 8 * (literals.len() as u32 + 1)]);
        for (i, literal) in literals.iter().enumerate() {
            out.extend([((literal.constant + first) as u32) << 16 | 4, 16 * i as u32]);
        }
        out.extend([0, 0, code, length]);
        out.extend(literals.iter().flat_map(|literal| literal.value.map(f32::to_bits)));
        out.extend(words);
        out.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn sample() -> (Vec<u32>, Vec<Literal>) {
        let words = assemble("mul oC0, r0, c[255]").unwrap();
        (
            words,
            vec![
                Literal { constant: 254, value: [0.5; 4] },
                Literal { constant: 255, value: [1.0, 2.0, 3.0, 4.0] },
            ],
        )
    }

    #[test]
    fn shader_objects_are_parsed() {
        let (words, literals) = sample();
        for kind in [ShaderKind::Vertex, ShaderKind::Pixel] {
            for literals in [&literals[..], &[]] {
                let object = ShaderObject::parse(&build(kind, &words, literals)).unwrap();
                assert_eq!(
                    object,
                    ShaderObject { kind: Some(kind), words: words.clone(), literals: literals.to_vec() }
                );
            }
        }
        let bare: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(ShaderObject::parse(&bare), Ok(ShaderObject { kind: None, words, literals: Vec::new() }));
    }

    #[test]
    fn mistakes_are_named_by_offset() {
        let (words, literals) = sample();
        let good = build(ShaderKind::Vertex, &words, &literals);
        for (at, value, expected) in [
            (0x18, 0xffff_fff0_u32, "offset 0xfffffff0: the microcode's offset needs 4 bytes"),
            (0x04, 0x4000_0000, "offset 0x40000020: microcode needs 24 bytes"),
            (0x14, 0x7fff_0000, "offset 0x7fff0010: the literals' length needs 4 bytes"),
            (0x38, 0x00fc_ffff, "literals needs 262140 bytes"),
            (0x54, 0x0001_0000, "65536 bytes of microcode are more than a shader can have"),
            (0x54, 26, "26 bytes are not a whole number of words"),
        ] {
            let mut bytes = good.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
            let error = ShaderObject::parse(&bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(ShaderObject::parse(&[]).is_err());
        assert!(ShaderObject::parse(&good[..40]).is_err());
    }

    #[test]
    fn literal_count_and_index_are_bounded_by_constants() {
        let (words, _) = sample();
        let literal = |constant| Literal { constant, value: [0.5; 4] };
        // Each table entry is one literal; all are for the same constant.
        let of = |count| build(ShaderKind::Vertex, &words, &vec![literal(0); count]);
        assert_eq!(ShaderObject::parse(&of(MAX_LITERALS)).unwrap().literals.len(), MAX_LITERALS);
        let refused = |bytes: &[u8]| ShaderObject::parse(bytes).unwrap_err();
        assert!(matches!(refused(&of(MAX_LITERALS + 1)), ObjectError::Literals { before: MAX_LITERALS, .. }));
        for constant in [CONSTANTS, u16::MAX] {
            let one = build(ShaderKind::Vertex, &words, &[literal(constant)]);
            assert!(matches!(refused(&one), ObjectError::Literals { before: 0, count: 1, .. }));
        }
    }

    proptest! {
        #[test]
        fn damaged_objects_are_refused_or_read(at in 0_usize..120, value in any::<u8>(), length in 0_usize..160) {
            let (words, literals) = sample();
            let mut bytes = build(ShaderKind::Pixel, &words, &literals);
            let last = bytes.len() - 1;
            bytes[at.min(last)] = value;
            bytes.truncate(length);
            let _ = ShaderObject::parse(&bytes);
        }
    }

    /// Runs on the files of titles, if a folder of titles is given.
    #[test]
    fn shaders_of_titles_assemble_to_themselves() {
        let Some(files) = xenia_testing::files_of_titles(&["xvu", "xpu"]) else { return };
        for path in files {
            let object = ShaderObject::parse(&std::fs::read(&path).unwrap()).unwrap();
            let program = Program::decode(&object.words);
            let text = disassemble(object.kind.unwrap(), &program);
            assert_eq!(Program::decode(&assemble(&text).unwrap()), program, "{}\n{text}", path.display());
            assert!(!program.instructions.is_empty() && !text.contains("undefined"));
        }
    }
}
