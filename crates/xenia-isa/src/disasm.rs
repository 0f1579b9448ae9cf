//! Disassembler: word to text. Its templates are the assembler's, so any text that it writes,
//! assembled at the same address, is the same instruction, reserved bits excepted.

use crate::syntax::{Arg, Shown, Template};
use crate::templates::TEMPLATES;
use crate::{Class, Instruction, Operand, decode, spr};
use std::fmt::Write;

/// The mnemonics that the disassembler writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Syntax {
    /// The base mnemonic with all its operands: `or r3,r4,r4`.
    Standard,
    /// A simplified mnemonic if one matches: `mr r3,r4`.
    #[default]
    Simplified,
}

/// Disassembles the instruction `word` at address `pc`.
///
/// Branch targets are absolute addresses. A word that is not an instruction becomes `.long`.
/// Reserved bits are not shown; assembling the text at `pc` restores every other bit.
pub fn disassemble(word: u32, pc: u32, syntax: Syntax) -> String {
    let fallback = || format!(".long 0x{word:08X}");
    let Some(op) = decode(word) else { return fallback() };
    let word = Instruction(word);
    let fits = |kind| {
        TEMPLATES
            .of(op)
            .filter(move |template| template.shown == kind && word.0 & template.mask == template.bits)
            .find_map(|template| print(template, word, pc))
    };
    (syntax == Syntax::Simplified)
        .then(|| fits(Shown::Simplified))
        .flatten()
        .or_else(|| fits(Shown::Standard))
        .unwrap_or_else(fallback)
}

/// The text of `word` by this template; `None` if the word's operands don't match it.
fn print(template: &Template, word: Instruction, pc: u32) -> Option<String> {
    let n = template.solve(word)?;
    let mut text = template.name.clone();
    let mut separator = ' ';
    let mut base_follows = false;
    for arg in &template.args {
        let written = match *arg {
            Arg::Field(field) => operand(field, field.extract(word), word, pc),
            Arg::Optional(field, default) => match field.extract(word) {
                value if value == default => continue,
                value => operand(field, value, word, pc),
            },
            Arg::Leading(field) => match field.extract(word) {
                0 if template.shown == Shown::Simplified => continue,
                value => operand(field, value, word, pc),
            },
            Arg::Negated(field) => match field.extract(word) {
                value if value < 0 => (-value).to_string(),
                _ => return None,
            },
            Arg::All(fields) => {
                let value = fields[0].extract(word);
                if fields.iter().any(|field| field.extract(word) != value) {
                    return None;
                }
                operand(fields[0], value, word, pc)
            }
            Arg::N => n.to_string(),
            Arg::B | Arg::Mask | Arg::Again(_) => return None,
        };
        if base_follows {
            let _ = write!(text, "({written})");
        } else {
            let _ = write!(text, "{separator}{written}");
            separator = ',';
        }
        base_follows = matches!(arg, Arg::Field(Operand::disp | Operand::disp_ds));
    }
    Some(text)
}

/// Formats one operand.
fn operand(field: Operand, value: i64, word: Instruction, pc: u32) -> String {
    match field.class() {
        Class::GprOrZero if value == 0 => "0".to_owned(),
        Class::Gpr | Class::GprOrZero => format!("r{value}"),
        Class::Fpr => format!("f{value}"),
        Class::Vector => format!("v{value}"),
        Class::CrField => format!("cr{value}"),
        Class::CrBit => {
            let bit = ["lt", "gt", "eq", "so"][value as usize & 3];
            if value < 4 { bit.to_owned() } else { format!("4*cr{}+{bit}", value / 4) }
        }
        Class::Target => {
            let from = if word.aa() { 0 } else { pc };
            format!("0x{:X}", from.wrapping_add(value as u32))
        }
        Class::Spr if field == Operand::spr => spr::NAMES
            .iter()
            .find(|&&(number, name)| number == value && matches!(name, "xer" | "lr" | "ctr"))
            .map_or_else(|| value.to_string(), |&(_, name)| name.to_owned()),
        Class::Displacement | Class::Number | Class::Spr => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simplified_and_standard_forms() {
        for (word, simplified, standard) in [
            (0x3860_0010, "li r3,16", "addi r3,0,16"),
            (0x3C60_8201, "lis r3,-32255", "addis r3,0,-32255"),
            (0x3821_FFF0, "subi r1,r1,16", "addi r1,r1,-16"),
            (0x7C83_2378, "mr r3,r4", "or r3,r4,r4"),
            (0x7C83_20F8, "not r3,r4", "nor r3,r4,r4"),
            (0x6000_0000, "nop", "ori r0,r0,0"),
            (0x7C64_2850, "sub r3,r5,r4", "subf r3,r4,r5"),
            (0x4E80_0020, "blr", "bclr 20,lt"),
            (0x4E80_0421, "bctrl", "bcctrl 20,lt"),
            (0x419A_0010, "beq cr6,0x82010010", "bc 12,4*cr6+eq,0x82010010"),
            (0x4082_FFFC, "bne 0x8200FFFC", "bc 4,eq,0x8200FFFC"),
            (0x4200_FFF8, "bdnz 0x8200FFF8", "bc 16,lt,0x8200FFF8"),
            (0x41E2_0008, "beq+ 0x82010008", "bc 15,eq,0x82010008"),
            (0x4BFF_FFFD, "bl 0x8200FFFC", "bl 0x8200FFFC"),
            (0x2F03_0000, "cmpwi cr6,r3,0", "cmpi cr6,0,r3,0"),
            (0x2B03_000A, "cmplwi cr6,r3,10", "cmpli cr6,0,r3,10"),
            (0x7C23_2000, "cmpd r3,r4", "cmp cr0,1,r3,r4"),
            (0x5463_103A, "slwi r3,r3,2", "rlwinm r3,r3,2,0,29"),
            (0x5463_F0BE, "srwi r3,r3,2", "rlwinm r3,r3,30,2,31"),
            (0x5463_063E, "clrlwi r3,r3,24", "rlwinm r3,r3,0,24,31"),
            (0x7863_0020, "clrldi r3,r3,32", "rldicl r3,r3,0,32"),
            (0x7863_07C6, "sldi r3,r3,32", "rldicr r3,r3,32,31"),
            (0x7D88_02A6, "mflr r12", "mfspr r12,lr"),
            (0x7D29_03A6, "mtctr r9", "mtspr ctr,r9"),
            (0x4CC6_3182, "crclr 4*cr1+eq", "crxor 4*cr1+eq,4*cr1+eq,4*cr1+eq"),
            (0x0FE0_0016, "twui r0,22", "twi 31,r0,22"),
            (0x7FE0_0008, "trap", "tw 31,r0,r0"),
            (0x7C20_04AC, "lwsync", "sync 1"),
            (0x8061_FFF8, "lwz r3,-8(r1)", "lwz r3,-8(r1)"),
            (0x8060_0010, "lwz r3,16(0)", "lwz r3,16(0)"),
            (0xE861_0010, "ld r3,16(r1)", "ld r3,16(r1)"),
            (0x7C01_01CE, "stvx v0,r1,r0", "stvx v0,r1,r0"),
            (0x1000_0484, "vmr v0,v0", "vor v0,v0,v0"),
            (0x7060_0001, "andi. r0,r3,1", "andi. r0,r3,1"),
            (0x1BEE_077C, "vspltisw128 v127,14", "vspltisw128 v127,14"),
            (0x7C60_0026, "mfcr r3", "mfcr r3"),
            (0x7C70_2026, "mfocrf r3,2", "mfocrf r3,2"),
            (0, ".long 0x00000000", ".long 0x00000000"),
        ] {
            assert_eq!(disassemble(word, 0x8201_0000, Syntax::Simplified), simplified);
            assert_eq!(disassemble(word, 0x8201_0000, Syntax::Standard), standard);
        }
    }
}
