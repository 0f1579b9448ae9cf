//! Command stream disassembler, for traces and logs.
//!
//! Any words have a text: unknown opcodes and packets that are too short are shown as words, and a
//! packet that is cut off ends the text.

use std::fmt::Write;

use super::{Header, PacketRow, opcode, row};
use crate::registers;

/// Disassembles words to one line per packet. Consecutive fillers share a line; a truncated packet
/// is marked.
pub fn disassemble(words: &[u32]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        let header = Header::decode(word);
        if header == Header::Filler {
            let rest = words[at..].iter();
            let count = rest.take_while(|&&word| Header::decode(word) == Header::Filler).count();
            let times = if count == 1 { String::new() } else { format!(" x{count}") };
            let _ = writeln!(text, "{at:05x} filler{times}");
            at += count;
            continue;
        }
        let count = header.body_words() as usize;
        let Some(body) = words.get(at + 1..at + 1 + count) else {
            let _ = writeln!(text, "{at:05x} {word:08x} cut off: {count} words announced");
            break;
        };
        let line = describe(header, body);
        let _ = writeln!(text, "{at:05x} {line}");
        at += 1 + count;
    }
    text
}

/// Formats a packet as a line of text.
pub fn describe(header: Header, body: &[u32]) -> String {
    match header {
        Header::Filler => String::from("filler"),
        Header::Pair { first, second } => {
            format!("{}; {}", registers::describe(first, body[0]), registers::describe(second, body[1]))
        }
        Header::Registers { first, same, .. } => {
            let each = body
                .iter()
                .enumerate()
                .map(|(i, &value)| registers::describe(if same { first } else { first + i as u32 }, value));
            each.collect::<Vec<_>>().join("; ")
        }
        Header::Command { opcode, predicated, .. } => {
            let bin = if predicated { "(bin) " } else { "" };
            format!("{bin}{}", command(opcode, body))
        }
    }
}

fn plain(name: &str, body: &[u32]) -> String {
    let mut line = name.to_owned();
    for word in body.iter().take(16) {
        let _ = write!(line, " {word:08x}");
    }
    if body.len() > 16 {
        let _ = write!(line, " … {} more", body.len() - 16);
    }
    line
}

fn shader_kind(word: u32) -> &'static str {
    ["vertex", "pixel", "unknown", "unknown"][(word & 3) as usize]
}

const COMPARE: [&str; 8] = ["never", "<", "<=", "==", "!=", ">=", ">", "always"];

fn polled(info: u32, address: u32) -> String {
    if info & 0x10 != 0 { format!("[{:08x}]", address & !3) } else { registers::name(address) }
}

fn condition(body: &[u32]) -> String {
    let compare = COMPARE[(body[0] & 7) as usize];
    format!("{} & {:#x} {compare} {:#x}", polled(body[0], body[1]), body[3], body[2])
}

fn constants(name: &str, base: u32, values: &[u32]) -> String {
    plain(&format!("{name} {}:", registers::name(base)), values)
}

/// First register that the offset/type word of `SET_CONSTANT` selects.
fn constant_base(word: u32) -> u32 {
    super::constant_base(word).unwrap_or(u32::MAX)
}

/// Formats a command: by meaning where that helps, else as the row's name and the words.
fn command(opcode: u8, body: &[u32]) -> String {
    let Some(&PacketRow { name, words, .. }) = row(opcode) else {
        return plain(&format!("unknown {opcode:#04x}"), body);
    };
    if body.len() < words {
        return plain(&format!("{name} (too short)"), body);
    }
    match opcode {
        opcode::REG_RMW => {
            let operand = |is_register: u32, value: u32| {
                if is_register != 0 { registers::name(value & 0x1fff) } else { format!("{value:#x}") }
            };
            let register = registers::name(body[0] & 0x1fff);
            let and = operand(body[0] >> 31 & 1, body[1]);
            format!("{name} {register} = {register} & {and} | {}", operand(body[0] >> 30 & 1, body[2]))
        }
        opcode::DRAW_INDX => format!("{name} viz {:x}, {}", body[0], draw(&body[1..])),
        opcode::DRAW_INDX_2 => format!("{name} {}", draw(body)),
        opcode::SET_CONSTANT => constants(name, constant_base(body[0]), &body[1..]),
        opcode::SET_CONSTANT2 | opcode::SET_SHADER_CONSTANTS => constants(name, body[0] & 0xffff, &body[1..]),
        opcode::LOAD_ALU_CONSTANT => {
            let from = body[0] & 0x3fff_ffff;
            let count = body[2] & 0xfff;
            format!("{name} {} from {from:08x}, {count} words", registers::name(constant_base(body[1])))
        }
        opcode::IM_LOAD => {
            let kind = shader_kind(body[0]);
            format!("{name} {kind} shader at {:08x}, {} words", body[0] & !3, body[1] & 0xffff)
        }
        opcode::IM_LOAD_IMMEDIATE => {
            format!("{name} {} shader, {} words", shader_kind(body[0]), body[1] & 0xffff)
        }
        opcode::WAIT_REG_MEM => format!("{name} {}", condition(body)),
        opcode::COND_WRITE => {
            // Bit 8 says whether the target is memory, as bit 4 does of the operand.
            let to = polled(body[0] >> 4, body[4]);
            format!("{name} {to} = {:#x} if {}", body[5], condition(body))
        }
        opcode::REG_TO_MEM => {
            let first = registers::name(body[0] & 0x3_ffff);
            let count = (body[0] >> 18 & 0xfff).max(1);
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            format!("{name} [{:08x}] = {first}{more}", body[1] & !3)
        }
        opcode::MEM_WRITE => plain(&format!("{name} [{:08x}] =", body[0] & !3), &body[1..]),
        _ => plain(name, body),
    }
}

fn draw(body: &[u32]) -> String {
    let initiator = registers::vgt::VgtDrawInitiator(body[0]);
    let mut line = format!("{initiator:?}");
    if initiator.source_select() == 0 && body.len() >= 3 {
        let _ = write!(line, " indices at {:08x}, {:?}", body[1], registers::vgt::VgtDmaSize(body[2]));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packets::{ROWS, type0, type3};

    const FILLER: u32 = 0x8000_0000;

    #[test]
    fn a_stream_reads_back_as_text() {
        let words = [
            type0(0x2000, 1),
            0x0002_0500,
            type3(opcode::WAIT_REG_MEM, 5),
            0x13,
            0x1000_0042,
            7,
            0xff,
            0x100,
            type3(opcode::INTERRUPT, 1),
            4,
            type3(0x7f, 1),
            1,
            FILLER,
            type3(0x7f, 1),
            2,
            FILLER,
            FILLER,
            FILLER,
            type3(opcode::NOP, 3),
            0,
        ];
        let text = disassemble(&words);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "00000 RB_SURFACE_INFO { surface_pitch: 1280, msaa_samples: X4, hiz_pitch: 0 }");
        assert_eq!(lines[1], "00002 WAIT_REG_MEM [10000040] & 0xff == 0x7");
        assert_eq!(lines[2], "00008 INTERRUPT 00000004");
        assert_eq!(lines[3], "0000a unknown 0x7f 00000001");
        assert_eq!(lines[4], "0000c filler");
        assert_eq!(lines[6], "0000f filler x3");
        assert_eq!(lines[7], "00012 c0021000 cut off: 3 words announced");
    }

    #[test]
    fn every_packet_has_its_name_however_short_it_is() {
        for row in ROWS {
            for count in 0..8 {
                let header = Header::Command { opcode: row.opcode, count, predicated: false };
                let text = describe(header, &vec![u32::MAX; count as usize]);
                assert!(text.starts_with(row.name), "{text}");
                assert_eq!(text.contains("too short"), (count as usize) < row.words, "{text}");
            }
        }
    }
}
