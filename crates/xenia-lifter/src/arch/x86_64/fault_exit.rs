//! Marks of fault exits on x86-64: a branch becomes a no-op that holds its distance
//! ([`crate::fault_exit`]).

/// `nop word [rdi + rdi*8 + distance]` without its distance, a form that no compiler emits.
pub(super) const MARK: [u8; 5] = [0x66, 0x0F, 0x1F, 0x84, 0xFF];
/// Size of a mark in bytes: that of the branch, `test` of two registers and `jz`.
const MARK_SIZE: usize = 9;
const TEST_SIZE: usize = 3;
/// Limit of moves between an access and its branch.
const MAX_MOVES: usize = 4;

/// Replaces the branch after the access at `access` by its mark. Returns `None` if there is no such
/// branch. If moves have to be repeated on the way to the cold block, code for that is appended.
pub(crate) fn mark(code: &mut Vec<u8>, access: usize) -> Option<()> {
    let moves = access + Form::of(code.get(access..)?)?.access()?;
    let test = moves + moves_at(code.get(moves..)?)?;
    let jump = test + TEST_SIZE;
    let jump = jump + moves_at(code.get(jump..)?)?;
    let branch = jump - TEST_SIZE;
    let after = jump - TEST_SIZE + MARK_SIZE;
    let &[0x48 | 0x49 | 0x4C | 0x4D, 0x85, 0xC0..=0xFF] = code.get(test..test + TEST_SIZE)? else {
        return None;
    };
    let &[0x0F, 0x84, ref distance @ ..] = code.get(jump..after)? else { return None };
    // The jump's distance counts from the end of the jump, which is also the end of the mark.
    let mut distance = i32::from_le_bytes(distance.try_into().ok()?);
    // A mark's distance has no sign.
    if distance <= 0 {
        return None;
    }
    // Moves change no flags, so moves after the test may be executed before it.
    code[test..jump].rotate_left(TEST_SIZE);
    if moves_at(&code[moves..])? != branch - moves {
        return None;
    }
    if moves < branch {
        let cold = after as i32 + distance;
        distance = (code.len() - after) as i32;
        code.extend_from_within(moves..branch);
        let end = code.len() as i32 + 5;
        code.push(0xE9);
        code.extend((cold - end).to_le_bytes());
    }
    code[branch..branch + 5].copy_from_slice(&MARK);
    code[branch + 5..after].copy_from_slice(&distance.to_le_bytes());
    Some(())
}

/// Distance from the access at the start of `code` to the code that leads to the cold block; `None`
/// if the access has no mark.
pub(crate) fn distance(code: &[u8]) -> Option<u64> {
    let access = Form::of(code)?.access()?;
    let after = access + moves_at(code.get(access..)?)?;
    let mark = code.get(after..after + MARK_SIZE)?;
    let (start, distance) = mark.split_first_chunk::<5>()?;
    let distance = u32::from_le_bytes(distance.try_into().ok()?);
    (*start == MARK).then_some((after + MARK_SIZE) as u64 + u64::from(distance))
}

/// Length of the moves at the start of `code`. `None` if there are more than [`MAX_MOVES`].
fn moves_at(code: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..MAX_MOVES {
        let Some(size) = code.get(at..).and_then(Form::of).and_then(Form::stack_move) else {
            return Some(at);
        };
        at += size;
    }
    None
}

/// The second operand of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Register,
    /// Memory on the stack.
    Stack,
    /// Memory that is not on the stack.
    Memory,
}

/// The properties of a move that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    length: usize,
    /// It only copies bits.
    plain: bool,
    operand: Operand,
}

impl Form {
    /// The length of the instruction if it is a memory access.
    fn access(self) -> Option<usize> {
        (self.operand == Operand::Memory).then_some(self.length)
    }

    /// The length of the instruction if it is a move between registers and the stack.
    fn stack_move(self) -> Option<usize> {
        (self.plain && self.operand != Operand::Memory).then_some(self.length)
    }

    /// Decodes the first instruction of `code`, if it is of a kind that loads, stores and moves
    /// compile to.
    fn of(code: &[u8]) -> Option<Self> {
        let opcode = Opcode::of(code)?;
        let form = ModRm::of(code.get(opcode.length..)?, &opcode)?;
        let length = opcode.length + form.length + opcode.immediate;
        Some(Self { length, plain: opcode.plain, operand: form.operand })
    }
}

/// An instruction up to its ModRM byte: prefixes and opcode.
struct Opcode {
    length: usize,
    /// It only copies bits.
    plain: bool,
    /// Length of the immediate at the instruction's end.
    immediate: usize,
    /// Extension bits of the base and the index, in REX or VEX.
    base_high: bool,
    index_high: bool,
}

impl Opcode {
    fn of(code: &[u8]) -> Option<Self> {
        let prefixes = code.iter().take_while(|byte| matches!(byte, 0x66 | 0xF2 | 0xF3)).count();
        let is_half = code[..prefixes].contains(&0x66);
        let code = &code[prefixes..];
        let opcode = match code.first()? {
            0xC5 => Self::vex2(code)?,
            0xC4 => Self::vex3(code)?,
            _ => Self::legacy(code, is_half)?,
        };
        Some(Self { length: prefixes + opcode.length, ..opcode })
    }

    /// A VEX prefix of two bytes, which implies the first map, and a move.
    fn vex2(code: &[u8]) -> Option<Self> {
        let plain = is_vector_move(*code.get(2)?)?;
        Some(Self { length: 3, plain, immediate: 0, base_high: false, index_high: false })
    }

    /// A VEX prefix of three bytes, and a move of the first map.
    fn vex3(code: &[u8]) -> Option<Self> {
        let bits = *code.get(1)?;
        let plain = bits & 0x1F == 1 && is_vector_move(*code.get(3)?)?;
        // VEX has these bits inverted (Intel SDM, volume 2, 2.3.5).
        let base_high = bits & 0x20 == 0;
        let index_high = bits & 0x40 == 0;
        Some(Self { length: 4, plain, immediate: 0, base_high, index_high })
    }

    /// An opcode without VEX, with or without REX. `is_half`: after an operand-size prefix.
    fn legacy(code: &[u8], is_half: bool) -> Option<Self> {
        let rex = code.first().copied().filter(|first| first & 0xF0 == 0x40).unwrap_or(0);
        let mut length = usize::from(rex != 0) + 1;
        let mut immediate = 0;
        let plain = match *code.get(length - 1)? {
            // mov
            0x88..=0x8B => true,
            // movsxd
            0x63 => false,
            // mov of an immediate: of a byte, a half or a word
            0xC6 => {
                immediate = 1;
                false
            }
            0xC7 => {
                // REX.W overrides the prefix of the operand's size, and its immediates have 32
                // bits.
                immediate = if is_half && rex & 8 == 0 { 2 } else { 4 };
                false
            }
            0x0F => {
                length += 1;
                match *code.get(length - 1)? {
                    // movzx, movsx
                    0xB6 | 0xB7 | 0xBE | 0xBF => false,
                    opcode => is_vector_move(opcode)?,
                }
            }
            _ => return None,
        };
        Some(Self { length, plain, immediate, base_high: rex & 1 != 0, index_high: rex & 2 != 0 })
    }
}

/// ModRM, SIB and displacement: the second operand.
struct ModRm {
    length: usize,
    operand: Operand,
}

impl ModRm {
    fn of(code: &[u8], opcode: &Opcode) -> Option<Self> {
        let form = *code.first()?;
        let mode = form >> 6;
        let low = form & 7;
        if mode == 3 {
            return Some(Self { length: 1, operand: Operand::Register });
        }
        let sib = if low == 4 { Some(*code.get(1)?) } else { None };
        let displacement = match mode {
            // Register 5 as the base means a displacement of 32 bits.
            0 if sib.unwrap_or(low) & 7 == 5 => 4,
            0 => 0,
            1 => 1,
            _ => 4,
        };
        // The base is rsp, and there is no index.
        let is_stack = sib.is_some_and(|sib| sib & 0x3F == 0x24) && !opcode.base_high && !opcode.index_high;
        let operand = if is_stack { Operand::Stack } else { Operand::Memory };
        Some(Self { length: 1 + usize::from(sib.is_some()) + displacement, operand })
    }
}

/// Whether an opcode of the first map is a plain move of a vector register, which only copies:
/// movups, movaps, movd, movdqu and the like. `None` if the opcode is unknown.
fn is_vector_move(opcode: u8) -> Option<bool> {
    matches!(opcode, 0x10 | 0x11 | 0x28 | 0x29 | 0x6E | 0x6F | 0x7E | 0x7F | 0xD6).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Mnemonic, OpKind, Register};

    /// Compares the lengths of all instructions with opcodes of moves with a complete decoder.
    #[test]
    fn lengths_are_those_of_a_whole_decoder() {
        let mut known = 0;
        let prefixes: [&[u8]; 13] = [
            &[],
            &[0x66],
            &[0x48],
            &[0x4D],
            &[0x40],
            &[0x66, 0x45],
            &[0xF3],
            &[0xF2, 0x44],
            &[0xF3, 0x4C],
            &[0xC5, 0xFA],
            &[0xC5, 0x79],
            &[0xC4, 0xE1, 0xF9],
            &[0xC4, 0x41, 0x7A],
        ];
        for prefix in prefixes {
            for escape in [&[][..], &[0x0F]] {
                for opcode in 0..=255 {
                    for form in 0..=255 {
                        for sib in [0x00, 0x24, 0x25, 0x8D, 0xFF] {
                            let mut code = [prefix, escape, &[opcode, form, sib]].concat();
                            code.resize(64, 0x11);
                            let Some(form) = Form::of(&code) else { continue };
                            let decoded = Decoder::new(64, &code, DecoderOptions::NONE).decode();
                            if decoded.mnemonic() == Mnemonic::INVALID {
                                continue;
                            }
                            assert_eq!(form.length, decoded.len(), "{code:02x?}: {decoded}");
                            let memory =
                                decoded.op0_kind() == OpKind::Memory || decoded.op1_kind() == OpKind::Memory;
                            let on_stack = decoded.memory_base() == Register::RSP
                                && decoded.memory_index() == Register::None;
                            let operand = match () {
                                () if !memory => Operand::Register,
                                () if on_stack => Operand::Stack,
                                () => Operand::Memory,
                            };
                            assert_eq!(form.operand, operand, "{code:02x?}: {decoded}");
                            known += 1;
                        }
                    }
                }
            }
        }
        assert!(known > 50_000, "only {known}");
    }

    #[test]
    fn a_branch_becomes_a_mark_that_leads_where_it_led() {
        // mov rax, [rcx+8]; test rdx, rdx; jz +0x1234
        let code = [0x48, 0x8B, 0x41, 8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0];
        let mut marked = code.to_vec();
        assert_eq!(distance(&code), None);
        assert_eq!(mark(&mut marked, 0), Some(()));
        assert_eq!(distance(&marked), Some(13 + 0x1234));
        let nop = Decoder::new(64, &marked[4..], DecoderOptions::NONE).decode();
        assert_eq!((nop.mnemonic(), nop.len()), (Mnemonic::Nop, MARK_SIZE));
        assert_eq!(marked.len(), code.len());
        for cut in 0..marked.len() {
            assert_eq!(distance(&marked[..cut]), None, "cut at {cut}");
        }
    }

    #[test]
    fn moves_between_an_access_and_its_branch_are_copied_to_the_exit() {
        // mov rax, [rcx+8]; mov [rsp+0x18], rax; mov rbx, r13; test rdx, rdx; jz +16;
        // 20 zero bytes
        let moves = [0x48, 0x89, 0x44, 0x24, 0x18, 0x4C, 0x89, 0xEB];
        let mut code = vec![0x48, 0x8B, 0x41, 8];
        code.extend(moves);
        code.extend([0x48, 0x85, 0xD2, 0x0F, 0x84, 16, 0, 0, 0]);
        let cold = code.len() + 16;
        code.extend([0x90; 20]);
        let end = code.len();
        assert_eq!(mark(&mut code, 0), Some(()));
        assert_eq!(distance(&code), Some(end as u64));
        assert_eq!(code[end..end + 8], moves);
        let jump = Decoder::with_ip(64, &code[end + 8..], end as u64 + 8, DecoderOptions::NONE).decode();
        assert_eq!((jump.mnemonic(), jump.near_branch_target(), jump.len()), (Mnemonic::Jmp, cold as u64, 5));
        assert_eq!(code.len(), end + 13);
    }

    #[test]
    fn moves_after_the_test_precede_the_mark() {
        // mov rax, [rcx+8]; mov rbx, r13; test rcx, rcx; mov [rsp+0x18], rcx; jz +16;
        // 20 zero bytes
        let mut code = vec![0x48, 0x8B, 0x41, 8, 0x4C, 0x89, 0xEB];
        code.extend([0x48, 0x85, 0xC9, 0x48, 0x89, 0x4C, 0x24, 0x18, 0x0F, 0x84, 16, 0, 0, 0]);
        let cold = code.len() + 16;
        code.extend([0x90; 20]);
        let end = code.len();
        assert_eq!(mark(&mut code, 0), Some(()));
        let moves = [0x4C, 0x89, 0xEB, 0x48, 0x89, 0x4C, 0x24, 0x18];
        assert_eq!(code[4..12], moves);
        assert_eq!(code[12..17], MARK);
        assert_eq!(distance(&code), Some(end as u64));
        assert_eq!(code[end..end + 8], moves);
        let jump = Decoder::with_ip(64, &code[end + 8..], end as u64 + 8, DecoderOptions::NONE).decode();
        assert_eq!((jump.mnemonic(), jump.near_branch_target()), (Mnemonic::Jmp, cold as u64));
    }

    #[test]
    fn marking_refuses_inexact_access_and_branch_pairs() {
        let refused: [&[u8]; 7] = [
            // Another instruction in between: add rax, rbx.
            &[0x48, 0x8B, 0x41, 8, 0x48, 0x01, 0xD8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0],
            // Another instruction after the test: add rax, rbx.
            &[0x48, 0x8B, 0x41, 8, 0x48, 0x85, 0xD2, 0x48, 0x01, 0xD8, 0x0F, 0x84, 0x34, 0x12, 0, 0],
            // A second access in between.
            &[0x48, 0x8B, 0x41, 8, 0x48, 0x8B, 0x41, 8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0],
            // The opposite condition.
            &[0x48, 0x8B, 0x41, 8, 0x48, 0x85, 0xD2, 0x0F, 0x85, 0x34, 0x12, 0, 0],
            // A backward branch.
            &[0x48, 0x8B, 0x41, 8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0x80],
            // The first instruction is not a plain access: add rax, [rcx+8].
            &[0x48, 0x03, 0x41, 8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0],
            // A move from the stack, which doesn't fault.
            &[0x48, 0x8B, 0x44, 0x24, 8, 0x48, 0x85, 0xD2, 0x0F, 0x84, 0x34, 0x12, 0, 0],
        ];
        for code in refused {
            let mut code = code.to_vec();
            let before = code.clone();
            assert_eq!(mark(&mut code, 0), None, "{before:02x?}");
            assert_eq!(code, before);
        }
    }
}
