//! Disassembly around the cursor.

use super::{Pane, PaneRow, RowMark};
use crate::text::{MAX_NAME_LENGTH, escaped_text};
use xenia_isa::{Instruction, Op, Syntax, decode, disassemble};

/// Whether an instruction is a call: a branch that sets LR.
pub fn is_call(word: u32) -> bool {
    let is_branch = matches!(decode(word), Some(Op::bx | Op::bcx | Op::bclrx | Op::bcctrx));
    is_branch && Instruction(word).lk()
}

/// Target of a direct branch.
pub fn branch_target(word: u32, pc: u32) -> Option<u32> {
    let branch = Instruction(word);
    let displacement = match decode(word)? {
        Op::bx => branch.li(),
        Op::bcx => branch.bd(),
        _ => return None,
    };
    let base = if branch.aa() { 0 } else { pc };
    Some(base.wrapping_add(displacement as u32))
}

/// Sources of the code pane.
pub struct CodeView<'a> {
    /// Address of the instruction at the cursor.
    pub cursor: u32,
    /// Address of the instruction that the thread executes next.
    pub pc: Option<u32>,
    /// The word at an address.
    pub word: &'a dyn Fn(u32) -> Option<u32>,
    /// Function and offset of an address.
    pub place: &'a dyn Fn(u32) -> Option<(String, u32)>,
    /// Whether there is a breakpoint at an address.
    pub is_stop: &'a dyn Fn(u32) -> bool,
}

impl CodeView<'_> {
    fn name(&self, at: u32) -> Option<String> {
        let (name, offset) = (self.place)(at)?;
        let name = escaped_text(&name, MAX_NAME_LENGTH);
        Some(if offset == 0 { name } else { format!("{name}+{offset:#x}") })
    }

    fn row(&self, at: u32) -> PaneRow {
        let is_here = self.pc == Some(at);
        let is_stop = (self.is_stop)(at);
        let marks = [(at == self.cursor, '>'), (is_here, '='), (is_stop, '*')];
        let marks: String = marks.iter().map(|&(is, mark)| if is { mark } else { ' ' }).collect();
        let text = match (self.word)(at) {
            None => "not mapped".to_owned(),
            Some(word) => {
                let text = disassemble(word, at, Syntax::default());
                let target = branch_target(word, at).map(|target| {
                    let arrow = if target > at { "down" } else { "up" };
                    self.name(target).map_or_else(|| arrow.to_owned(), |name| format!("{arrow} {name}"))
                });
                let target = target.map(|target| format!("  ; {target}")).unwrap_or_default();
                format!("{word:08x}  {text}{target}")
            }
        };
        let mark = match (is_here, is_stop) {
            (true, _) => RowMark::Here,
            (_, true) => RowMark::Stop,
            _ => RowMark::Plain,
        };
        PaneRow { text: format!("{marks} {at:08x}  {text}"), mark }
    }

    /// The pane, with this number of rows. The cursor is in the upper third.
    pub fn pane(&self, height: usize) -> Pane {
        let above = u32::try_from(height / 3).unwrap_or_default();
        let first = self.cursor.saturating_sub(above * 4);
        let mut rows = Vec::new();
        let mut at = first;
        while rows.len() < height {
            if let Some((name, 0)) = (self.place)(at) {
                rows.push(PaneRow {
                    text: format!("    {}:", escaped_text(&name, MAX_NAME_LENGTH)),
                    mark: RowMark::Heading,
                });
            }
            rows.push(self.row(at));
            let Some(next) = at.checked_add(4) else { break };
            at = next;
        }
        // A heading may have pushed the cursor out of a low pane.
        let cursor = rows.iter().position(|row| row.text.starts_with('>')).unwrap_or_default();
        let excess = (cursor + 1).saturating_sub(height);
        rows.drain(..excess.min(rows.len()));
        rows.truncate(height);
        let title = self.name(self.cursor).map_or_else(|| "code".to_owned(), |name| format!("code: {name}"));
        Pane { title, rows, ..Pane::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_branches_that_set_lr() {
        // bl, blrl, bctrl, bcl; b, blr, bctr, mr., addi.
        for word in [0x4800_0001, 0x4E80_0021, 0x4E80_0421, 0x4182_0009] {
            assert!(is_call(word), "{word:#x}");
        }
        for word in [0x4800_0000, 0x4E80_0020, 0x4E80_0420, 0x7C83_2379, 0x3860_0001, 0x4C00_012D] {
            assert!(!is_call(word), "{word:#x}");
        }
    }

    #[test]
    fn targets_are_those_of_the_disassembler() {
        for word in [0x4800_0008_u32, 0x4BFF_FFF0, 0x4182_0010, 0x4082_FFF8, 0x4800_0402, 0x4182_8006] {
            let at = 0x8201_0000;
            let text = disassemble(word, at, Syntax::default());
            let target = text.rsplit([' ', ',']).next().unwrap().trim_start_matches("0x");
            let target = u32::from_str_radix(target, 16).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(branch_target(word, at), Some(target), "{text}");
        }
        assert_eq!(branch_target(0x4E80_0020, 0), None);
    }

    #[test]
    fn names_of_the_title_are_made_harmless() {
        let code = CodeView {
            cursor: 0xFFFF_FFF8,
            pc: None,
            word: &|_| Some(0x4800_0000),
            place: &|_| Some(("evil\x1b]0;x\x07".to_owned(), 0)),
            is_stop: &|_| false,
        };
        for height in 0..20 {
            let pane = code.pane(height);
            assert!(pane.rows.len() <= height);
            assert!(pane.rows.iter().all(|row| !row.text.contains('\x1b')));
            assert!(height == 0 || pane.rows.iter().any(|row| row.text.starts_with('>')), "{height}");
        }
    }
}
