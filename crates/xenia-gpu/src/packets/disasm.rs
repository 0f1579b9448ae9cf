//! Command streams as text.

use std::fmt::Write;

use super::{Header, Packets, dispatch};
use crate::registers;

/// Writes each packet as a line: its name, its operands by meaning where that helps.
pub struct Disassembler;

/// A word list's text, one line per packet; a packet that the words end within says so.
pub fn disassemble(words: &[u32]) -> String {
    let mut text = String::new();
    let mut at = 0;
    while let Some(&word) = words.get(at) {
        let header = Header::decode(word);
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

/// A packet as a line of text.
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
            format!("{bin}{}", dispatch(&mut Disassembler, opcode, body))
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

/// The first register that the offset/type word of `SET_CONSTANT` means.
fn constant_base(word: u32) -> u32 {
    crate::processor::constant_base(word).unwrap_or(u32::MAX)
}

macro_rules! plainly {
    ($($method:ident $name:literal;)*) => {
        $(fn $method(&mut self, body: &[u32]) -> String { plain($name, body) })*
    };
}

impl Packets for Disassembler {
    type Output = String;

    fn unknown(&mut self, opcode: u8, body: &[u32]) -> String {
        plain(&format!("unknown {opcode:#04x}"), body)
    }

    fn too_short(&mut self, name: &'static str, body: &[u32]) -> String {
        plain(&format!("{name} (too short)"), body)
    }

    fn reg_rmw(&mut self, body: &[u32]) -> String {
        let operand = |is_register: u32, value: u32| {
            if is_register != 0 { registers::name(value & 0x1fff) } else { format!("{value:#x}") }
        };
        let register = registers::name(body[0] & 0x1fff);
        let and = operand(body[0] >> 31 & 1, body[1]);
        format!("REG_RMW {register} = {register} & {and} | {}", operand(body[0] >> 30 & 1, body[2]))
    }

    fn draw_indx(&mut self, body: &[u32]) -> String {
        format!("DRAW_INDX viz {:x}, {}", body[0], draw(&body[1..]))
    }

    fn draw_indx_2(&mut self, body: &[u32]) -> String {
        format!("DRAW_INDX_2 {}", draw(body))
    }

    fn set_constant(&mut self, body: &[u32]) -> String {
        constants("SET_CONSTANT", constant_base(body[0]), &body[1..])
    }

    fn set_constant2(&mut self, body: &[u32]) -> String {
        constants("SET_CONSTANT2", body[0] & 0xffff, &body[1..])
    }

    fn set_shader_constants(&mut self, body: &[u32]) -> String {
        constants("SET_SHADER_CONSTANTS", body[0] & 0xffff, &body[1..])
    }

    fn load_alu_constant(&mut self, body: &[u32]) -> String {
        let (from, count) = (body[0] & 0x3fff_ffff, body[2] & 0xfff);
        format!(
            "LOAD_ALU_CONSTANT {} from {from:08x}, {count} words",
            registers::name(constant_base(body[1]))
        )
    }

    fn im_load(&mut self, body: &[u32]) -> String {
        let kind = shader_kind(body[0]);
        format!("IM_LOAD {kind} shader at {:08x}, {} words", body[0] & !3, body[1] & 0xffff)
    }

    fn im_load_immediate(&mut self, body: &[u32]) -> String {
        let kind = shader_kind(body[0]);
        format!("IM_LOAD_IMMEDIATE {kind} shader, {} words", body[1] & 0xffff)
    }

    fn wait_reg_mem(&mut self, body: &[u32]) -> String {
        format!("WAIT_REG_MEM {}", condition(body))
    }

    fn cond_write(&mut self, body: &[u32]) -> String {
        let to =
            if body[0] & 0x100 != 0 { format!("[{:08x}]", body[4] & !3) } else { registers::name(body[4]) };
        format!("COND_WRITE {to} = {:#x} if {}", body[5], condition(body))
    }

    fn reg_to_mem(&mut self, body: &[u32]) -> String {
        format!("REG_TO_MEM [{:08x}] = {}", body[1] & !3, registers::name(body[0]))
    }

    fn mem_write(&mut self, body: &[u32]) -> String {
        plain(&format!("MEM_WRITE [{:08x}] =", body[0] & !3), &body[1..])
    }

    plainly! {
        nop "NOP";
        viz_query "VIZ_QUERY";
        set_state "SET_STATE";
        wait_for_idle "WAIT_FOR_IDLE";
        im_store "IM_STORE";
        load_constant_context "LOAD_CONSTANT_CONTEXT";
        draw_indx_bin "DRAW_INDX_BIN";
        draw_indx_2_bin "DRAW_INDX_2_BIN";
        indirect_buffer_pfd "INDIRECT_BUFFER_PFD";
        invalidate_state "INVALIDATE_STATE";
        indirect_buffer "INDIRECT_BUFFER";
        cond_exec "COND_EXEC";
        event_write "EVENT_WRITE";
        me_init "ME_INIT";
        set_shader_bases "SET_SHADER_BASES";
        set_bin_base_offset "SET_BIN_BASE_OFFSET";
        mem_write_cntr "MEM_WRITE_CNTR";
        set_bin_mask "SET_BIN_MASK";
        set_bin_select "SET_BIN_SELECT";
        wait_reg_eq "WAIT_REG_EQ";
        wait_reg_gte "WAIT_REG_GTE";
        interrupt "INTERRUPT";
        event_write_shd "EVENT_WRITE_SHD";
        event_write_cfl "EVENT_WRITE_CFL";
        event_write_ext "EVENT_WRITE_EXT";
        event_write_zpd "EVENT_WRITE_ZPD";
        wait_until_read "WAIT_UNTIL_READ";
        wait_ib_pfd_complete "WAIT_IB_PFD_COMPLETE";
        context_update "CONTEXT_UPDATE";
        set_bin_mask_lo "SET_BIN_MASK_LO";
        set_bin_mask_hi "SET_BIN_MASK_HI";
        set_bin_select_lo "SET_BIN_SELECT_LO";
        set_bin_select_hi "SET_BIN_SELECT_HI";
        xe_swap "XE_SWAP";
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
    use crate::packets::{opcode, type0, type3};

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
            type3(opcode::NOP, 3),
            0,
        ];
        let text = disassemble(&words);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "00000 RB_SURFACE_INFO { surface_pitch: 1280, msaa_samples: 2, hiz_pitch: 0 }");
        assert_eq!(lines[1], "00002 WAIT_REG_MEM [10000040] & 0xff == 0x7");
        assert_eq!(lines[2], "00008 INTERRUPT 00000004");
        assert_eq!(lines[3], "0000a unknown 0x7f 00000001");
        assert_eq!(lines[4], "0000c c0021000 cut off: 3 words announced");
    }
}
