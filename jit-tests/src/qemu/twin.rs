//! Translates VMX128 words to equivalent AltiVec words (twins), so that a processor without VMX128
//! can run them.
//!
//! One word becomes one word, so addresses are kept. Registers above v31 get lower numbers that the
//! code doesn't use; rows without a twin of the same operands (`vmulfp128`, `vpermwi128`,
//! `vrlimi128`) take a constant from another free register. Left and right loads and stores, D3D
//! packing and dot products have no twin.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use xenia_isa::{Class, Family, Flag, Instruction, Op, Operand, ROWS, decode};

/// −0 in each word: a product is a fused product plus −0.
const MINUS_ZERO: u128 = 0x8000_0000_8000_0000_8000_0000_8000_0000;

/// VMX128 rows and their equivalent AltiVec rows.
static TWINS: LazyLock<BTreeMap<u16, Op>> = LazyLock::new(|| {
    let mut twins = BTreeMap::new();
    for row in ROWS.iter().filter(|row| row.family == Family::Vector128) {
        let name = match row.op {
            Op::vmaddcfp128 | Op::vmulfp128 => "vmaddfp",
            Op::vpermwi128 | Op::vrlimi128 => "vperm",
            Op::vcfpsxws128 => "vctsxs",
            Op::vcfpuxws128 => "vctuxs",
            Op::vcsxwfp128 => "vcfsx",
            Op::vcuxwfp128 => "vcfux",
            _ => row.mnemonic.trim_end_matches("128"),
        };
        let half = ["lvl", "lvr", "stvl", "stvr"].iter().any(|start| name.starts_with(start));
        let found = ROWS.iter().find(|row| row.family != Family::Vector128 && row.mnemonic == name);
        if let Some(twin) = found
            && !half
        {
            twins.insert(row.op as u16, twin.op);
        }
    }
    twins
});

/// Whether a VMX128 row has a twin.
pub fn has_twin(op: Op) -> bool {
    TWINS.contains_key(&(op as u16))
}

/// Vector registers of one piece of code, and their replacements.
pub struct Twins {
    /// `map[here]` is the number in qemu's code; `None` if it is neither used nor assigned.
    map: [Option<u8>; 128],
    free: Vec<u8>,
    constants: Vec<(u8, u128)>,
}

impl Twins {
    /// Assigns numbers to the registers that the words use; `None` if there are more than 32.
    pub fn new(words: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut used = [false; 128];
        for word in words {
            let Some(op) = decode(word) else { continue };
            for operand in op.row().operands.iter().filter(|operand| operand.class() == Class::Vector) {
                used[operand.extract(Instruction(word)) as usize] = true;
            }
        }
        let mut free: Vec<u8> = (0..32).rev().filter(|&n| !used[usize::from(n)]).collect();
        let mut map = [None; 128];
        for here in 0..128 {
            if here < 32 && used[here] {
                map[here] = Some(here as u8);
            } else if used[here] {
                map[here] = Some(free.pop()?);
            }
        }
        Some(Self { map, free, constants: Vec::new() })
    }

    /// Registers of the code: (number here, number there).
    pub fn registers(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..128).filter_map(|here| self.map[here].map(|there| (here, usize::from(there))))
    }

    /// Registers that must hold constants.
    pub fn constants(&self) -> &[(u8, u128)] {
        &self.constants
    }

    fn there(&self, here: i64) -> Option<i64> {
        self.map.get(here as usize).copied().flatten().map(i64::from)
    }

    fn constant(&mut self, value: u128) -> Option<i64> {
        if let Some(&(register, _)) = self.constants.iter().find(|(_, known)| *known == value) {
            return Some(register.into());
        }
        // From the top: registers of the code get the lowest numbers.
        let register = (!self.free.is_empty()).then(|| self.free.remove(0))?;
        self.constants.push((register, value));
        Some(register.into())
    }

    /// The word for a processor without VMX128; other words are unchanged. `None` if there is no
    /// twin.
    pub fn word(&mut self, word: u32) -> Option<u32> {
        let Some(op) = decode(word) else { return Some(word) };
        if op.row().family != Family::Vector128 {
            return Some(word);
        }
        let twin = *TWINS.get(&(op as u16))?;
        let instruction = Instruction(word);
        let field = |operand: Operand| operand.extract(instruction);
        let mut bits = twin.row().bits;
        if op.row().has(Flag::vrc128) && word & 0x40 != 0 {
            bits |= 0x400;
        }
        let d = self.there(field(Operand::vd128));
        // A field that holds another operand may look like an unused register.
        let a = self.there(field(Operand::va128));
        let b = self.there(field(Operand::vb128));
        use Operand::{va, vb, vc, vd};
        let put = |bits: u32, fields: &[(Operand, Option<i64>)]| {
            fields.iter().try_fold(bits, |bits, &(operand, value)| Some(bits | operand.insert(value?).ok()?))
        };
        match op {
            // VA × VB + VD, VA × VD + VB, −(VA × VB − VD): `vmaddfp` is VA × VC + VB.
            Op::vmaddfp128 | Op::vnmsubfp128 => put(bits, &[(vd, d), (va, a), (vc, b), (vb, d)]),
            Op::vmaddcfp128 => put(bits, &[(vd, d), (va, a), (vc, d), (vb, b)]),
            Op::vmulfp128 => {
                let zero = self.constant(MINUS_ZERO);
                put(bits, &[(vd, d), (va, a), (vc, b), (vb, zero)])
            }
            Op::vsel128 => put(bits, &[(vd, d), (va, a), (vb, b), (vc, d)]),
            Op::vpermwi128 => {
                let selector = field(Operand::perm);
                let words = [6, 4, 2, 0].map(|shift| (selector >> shift & 3) as u8);
                let selectors = self.constant(word_selectors(words));
                put(bits, &[(vd, d), (va, b), (vb, b), (vc, selectors)])
            }
            Op::vrlimi128 => {
                let mask = field(Operand::uimm5);
                let z = field(Operand::z);
                // 0–3 select the old words of the pair, 4–7 VB's.
                let words = [0_i64, 1, 2, 3].map(|n| match mask >> (3 - n) & 1 {
                    0 => n as u8,
                    _ => (4 + (n + z) % 4) as u8,
                });
                let selectors = self.constant(word_selectors(words));
                put(bits, &[(vd, d), (va, d), (vb, b), (vc, selectors)])
            }
            // VA may be 0x60, which selects half-words.
            Op::vupkhsb128 | Op::vupklsb128 => {
                let halves = if op == Op::vupkhsb128 { Op::vupkhsh } else { Op::vupklsh };
                let bits = if field(Operand::va128) == 0 { bits } else { halves.row().bits };
                put(bits, &[(vd, d), (vb, b)])
            }
            _ => {
                for &operand in op.row().operands {
                    let value = field(operand);
                    let (target, value) = match operand {
                        Operand::vd128 => (vd, self.there(value)?),
                        Operand::vs128 => (Operand::vs, self.there(value)?),
                        Operand::va128 => (va, self.there(value)?),
                        Operand::vb128 => (vb, self.there(value)?),
                        Operand::vc3 => (vc, self.there(value)?),
                        _ => (operand, value),
                    };
                    bits |= target.insert(value).ok()?;
                }
                Some(bits)
            }
        }
    }
}

/// `vperm`'s control for four whole words of a pair of vectors.
fn word_selectors(words: [u8; 4]) -> u128 {
    words.iter().fold(0, |value, &word| (0..4).fold(value, |v, byte| v << 8 | u128::from(4 * word + byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_isa::{Syntax, assemble, disassemble};

    fn translate(source: &str) -> (String, Vec<(u8, u128)>) {
        let bytes = assemble(source, 0).unwrap().bytes;
        let word = u32::from_be_bytes(bytes[..4].try_into().unwrap());
        let mut twins = Twins::new([word]).unwrap();
        let twin = twins.word(word).unwrap();
        (disassemble(twin, 0, Syntax::Standard), twins.constants().to_vec())
    }

    #[test]
    fn words_get_their_twins() {
        for (here, there) in [
            ("vaddfp128 v65,v98,v127", "vaddfp v0,v1,v2"),
            ("vmaddfp128 v3,v98,v127", "vmaddfp v3,v0,v1,v3"),
            ("vmaddcfp128 v3,v98,v127", "vmaddfp v3,v0,v3,v1"),
            ("vcmpeqfp128. v3,v4,v64", "vcmpeqfp. v3,v4,v0"),
            ("vsldoi128 v3,v4,v64,5", "vsldoi v3,v4,v0,5"),
            ("vperm128 v64,v4,v65,v7", "vperm v0,v4,v1,v7"),
            ("vcfpsxws128 v64,v65,7", "vctsxs v0,v1,7"),
            ("lvx128 v64,r4,r5", "lvx v0,r4,r5"),
            ("vspltisw128 v64,-3", "vspltisw v0,-3"),
            ("vupkhsh128 v64,v3", "vupkhsh v0,v3"),
            ("xor r3,r4,r5", "xor r3,r4,r5"),
        ] {
            assert_eq!(translate(here).0, there, "{here}");
        }
    }

    #[test]
    fn constants_replace_missing_operands() {
        let (text, constants) = translate("vrlimi128 v64,v65,5,1");
        assert_eq!(text, "vperm v0,v0,v1,v31");
        assert_eq!(constants, [(31, 0x0001_0203_1819_1A1B_0809_0A0B_1011_1213)]);
        let (text, constants) = translate("vmulfp128 v64,v65,v66");
        assert_eq!((text.as_str(), constants[0].1), ("vmaddfp v0,v1,v2,v31", MINUS_ZERO));
    }

    #[test]
    fn rows_without_a_twin_are_few() {
        let without: Vec<_> = ROWS
            .iter()
            .filter(|row| row.family == Family::Vector128 && !has_twin(row.op))
            .map(|row| row.name)
            .collect();
        assert_eq!(
            without,
            [
                "lvlx128",
                "lvlxl128",
                "lvrx128",
                "lvrxl128",
                "stvlx128",
                "stvlxl128",
                "stvrx128",
                "stvrxl128",
                "vmsum3fp128",
                "vmsum4fp128",
                "vpkd3d128",
                "vupkd3d128"
            ]
        );
    }
}
