//! Emulation of faulting instructions on x86-64, as [`crate::emulated`] describes.
//!
//! Supports the plain accesses of 1 to 16 bytes that a compiler emits: mov, movzx, movsx, movbe,
//! xchg, and the scalar and 128-bit vector moves. Any other instruction is refused.
//!
//! Async-signal-safe: does not allocate after [`warm_up`] has built the decoder's tables.

use crate::emulated::Bus;
use iced_x86::{Code, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use std::ptr;
use xenia_guest::PAGE_SIZE;
use xenia_host::fault::{HostAccess, Interrupted};
use xenia_host::registers::{Registers, Vectors};

/// Longest x86 instruction, in bytes.
const MAX_INSTRUCTION: usize = 15;

/// Builds the decoder's tables, which allocates.
pub(crate) fn warm_up() {
    // mov eax, [rdi]; vmovdqu xmm0, [rdi]; movbe eax, [rdi]
    for code in [&[0x8B, 0x07][..], &[0xC5, 0xFA, 0x6F, 0x07], &[0x0F, 0x38, 0xF0, 0x07]] {
        let decoded = Decoder::with_ip(64, code, 0, DecoderOptions::NONE).decode();
        debug_assert!(!decoded.is_invalid());
    }
}

/// Emulates the faulting instruction. False if that is not possible; the state is then unchanged.
pub(crate) fn emulate(interrupted: &mut Interrupted<'_>, bus: &mut impl Bus) -> bool {
    let pc = interrupted.pc();
    // The instruction was fetched, so its bytes are readable; the next page may not be.
    let to_page_end = (u64::from(PAGE_SIZE) - pc % u64::from(PAGE_SIZE)) as usize;
    let mut code = [0_u8; MAX_INSTRUCTION];
    let first = to_page_end.min(MAX_INSTRUCTION);
    let decoded = [first, MAX_INSTRUCTION].into_iter().find_map(|len| {
        // SAFETY: reads to the end of the page, and into the next one only if the instruction
        // continues there.
        unsafe { ptr::copy_nonoverlapping(pc as *const u8, code.as_mut_ptr(), len) };
        decode(&code[..len], pc)
    });
    let Some(instruction) = decoded else { return false };
    let mut general = interrupted.registers();
    let Some(mut vectors) = interrupted.vectors() else { return false };
    if !execute(&instruction, &mut general, &mut vectors, bus) {
        return false;
    }
    interrupted.set_vectors(&vectors);
    interrupted.set_registers(&general);
    interrupted.set_pc(instruction.next_ip());
    true
}

/// Whether the interrupted access is a store, or updates memory.
pub(crate) fn is_store(interrupted: &Interrupted<'_>) -> bool {
    interrupted.access() == HostAccess::Store
}

/// Decodes the instruction at `rip`, if `code` holds all of it.
fn decode(code: &[u8], rip: u64) -> Option<Instruction> {
    let instruction = Decoder::with_ip(64, code, rip, DecoderOptions::NONE).decode();
    (!instruction.is_invalid()).then_some(instruction)
}

fn general_value(general: &Registers, register: Register) -> u64 {
    // Numbers of general registers are below 16; the mask leaves no check of bounds that could
    // panic.
    let full = general[register.full_register().number() & 15];
    if is_high_byte(register) { full >> 8 & 0xFF } else { full & mask(register.size()) }
}

fn is_high_byte(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

fn mask(size: usize) -> u64 {
    if size >= 8 { u64::MAX } else { (1 << (8 * size)) - 1 }
}

/// Writes a general register with the processor's rules: a 32-bit write clears the upper half,
/// narrower ones keep the other bits.
fn set_general(general: &mut Registers, register: Register, value: u64) {
    let full = &mut general[register.full_register().number() & 15];
    *full = match register.size() {
        8 => value,
        4 => value & mask(4),
        _ if is_high_byte(register) => *full & !0xFF00 | (value & 0xFF) << 8,
        size => *full & !mask(size) | value & mask(size),
    };
}

fn sign_extend(value: u64, size: usize) -> u64 {
    let shift = 64 - 8 * size as u32;
    ((value << shift) as i64 >> shift) as u64
}

/// Swaps the low `size` bytes.
fn swap(value: u64, size: usize) -> u64 {
    value.swap_bytes() >> (64 - 8 * size as u32)
}

fn word(bytes: [u8; 16]) -> u64 {
    u128::from_le_bytes(bytes) as u64
}

/// Executes `instruction` on the registers. False, with nothing changed, if it is not a plain load
/// or store or if the bus refuses. The caller advances rip.
fn execute(
    instruction: &Instruction,
    general: &mut Registers,
    vectors: &mut Vectors,
    bus: &mut impl Bus,
) -> bool {
    try_execute(instruction, general, vectors, bus).is_some()
}

fn try_execute(
    instruction: &Instruction,
    general: &mut Registers,
    vectors: &mut Vectors,
    bus: &mut impl Bus,
) -> Option<()> {
    if instruction.op_count() != 2 {
        return None;
    }
    let memory = (0..2).find(|&op| instruction.op_kind(op) == OpKind::Memory)?;
    let addr = instruction.virtual_address(memory, 0, |register, _, _| match register {
        // 64-bit mode takes these bases as 0 (Intel SDM, volume 1, 3.4.2.1).
        Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
        Register::GS => Some(bus.segment_base()),
        _ if register.is_gpr() => Some(general_value(general, register)),
        _ => None,
    })?;
    let size = instruction.memory_size().size();
    if size == 0 || size > 16 {
        return None;
    }
    let loads = memory == 1;
    let register = instruction.op_register(1 - memory);
    use Mnemonic::*;
    match instruction.mnemonic() {
        Mov | Movbe | Movzx | Movsx | Movsxd if loads && register.is_gpr() && size <= 8 => {
            let value = word(bus.load(addr, size)?) & mask(size);
            let value = match instruction.mnemonic() {
                Movbe => swap(value, size),
                Movsx | Movsxd => sign_extend(value, size),
                _ => value,
            };
            set_general(general, register, value);
        }
        Mov | Movbe if !loads && size <= 8 => {
            let value = match instruction.op_kind(1) {
                OpKind::Register if register.is_gpr() => general_value(general, register),
                OpKind::Register => return None,
                _ => instruction.immediate(1),
            };
            let value = if instruction.mnemonic() == Movbe { swap(value, size) } else { value };
            bus.store(addr, &value.to_le_bytes()[..size])?;
        }
        // The register changes last, so that a refused store leaves all as it was.
        Xchg if register.is_gpr() && size <= 8 => {
            let old = word(bus.load(addr, size)?) & mask(size);
            bus.store(addr, &general_value(general, register).to_le_bytes()[..size])?;
            set_general(general, register, old);
        }
        Movss | Movsd | Movd | Movq | Movups | Movupd | Movaps | Movapd | Movdqu | Movdqa | Vmovss
        | Vmovsd | Vmovd | Vmovq | Vmovups | Vmovupd | Vmovaps | Vmovapd | Vmovdqu | Vmovdqa
            if register.is_xmm() && register.number() < 16 =>
        {
            move_vector(instruction, &mut vectors[register.number()], addr, bus)?;
        }
        _ => return None,
    }
    Some(())
}

/// Loads or stores a vector register. A load clears the bytes that it does not load.
fn move_vector(instruction: &Instruction, vector: &mut u128, addr: u64, bus: &mut impl Bus) -> Option<()> {
    // Evex forms may mask or scale.
    if instruction.has_op_mask() || instruction.code() == Code::INVALID {
        return None;
    }
    let size = instruction.memory_size().size();
    if instruction.op_kind(1) == OpKind::Memory {
        let value = u128::from_le_bytes(bus.load(addr, size)?);
        *vector = if size == 16 { value } else { value & ((1 << (8 * size)) - 1) };
    } else {
        bus.store(addr, &vector.to_le_bytes()[..size])?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes at address 0x1000.
    struct Bytes([u8; 32]);

    impl Bus for Bytes {
        fn segment_base(&self) -> u64 {
            0xFF8
        }

        fn load(&mut self, host_addr: u64, size: usize) -> Option<[u8; 16]> {
            let at = host_addr.checked_sub(0x1000)? as usize;
            let mut bytes = [0; 16];
            bytes[..size].copy_from_slice(self.0.get(at..at + size)?);
            Some(bytes)
        }

        fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()> {
            let at = host_addr.checked_sub(0x1000)? as usize;
            self.0.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
            Some(())
        }
    }

    fn run(code: &[u8], general: &mut Registers, vectors: &mut Vectors, bus: &mut Bytes) -> bool {
        let instruction = decode(code, 0x4000).unwrap_or_else(|| panic!("{code:x?}"));
        assert_eq!(instruction.len(), code.len());
        execute(&instruction, general, vectors, bus)
    }

    /// Pairs of code and the expected rax: rax = 0x1111_2222_3333_4444, rdi = 0x1000, rcx = 8
    /// before; memory = 80, 81, … .
    #[test]
    fn loads_are_emulated_as_the_host_executes_them() {
        const RAX: u64 = 0x1111_2222_3333_4444;
        for (code, expected) in [
            (&[0x8B, 0x07][..], 0x8382_8180),                          // mov eax, [rdi]
            (&[0x8B, 0x04, 0x0F], 0x8B8A_8988),                        // mov eax, [rdi+rcx]
            (&[0x48, 0x8B, 0x04, 0x4F], 0x9796_9594_9392_9190),        // mov rax, [rdi+rcx*2]
            (&[0x66, 0x8B, 0x47, 0x02], RAX & !0xFFFF | 0x8382),       // mov ax, [rdi+2]
            (&[0x8A, 0x07], RAX & !0xFF | 0x80),                       // mov al, [rdi]
            (&[0x8A, 0x67, 0x01], RAX & !0xFF00 | 0x8100),             // mov ah, [rdi+1]
            (&[0x65, 0x67, 0x8B, 0x41, 0x02], 0x8584_8382),            // mov eax, gs:[ecx+2]
            (&[0x65, 0x67, 0x0F, 0x38, 0xF0, 0x01], 0x8081_8283),      // movbe eax, gs:[ecx]
            (&[0x0F, 0xB6, 0x07], 0x80),                               // movzx eax, byte [rdi]
            (&[0x0F, 0xB7, 0x07], 0x8180),                             // movzx eax, word [rdi]
            (&[0x48, 0x0F, 0xB6, 0x07], 0x80),                         // movzx rax, byte [rdi]
            (&[0x0F, 0xBE, 0x07], 0xFFFF_FF80),                        // movsx eax, byte [rdi]
            (&[0x48, 0x0F, 0xBF, 0x07], 0xFFFF_FFFF_FFFF_8180),        // movsx rax, word [rdi]
            (&[0x48, 0x63, 0x07], 0xFFFF_FFFF_8382_8180),              // movsxd rax, dword [rdi]
            (&[0x0F, 0x38, 0xF0, 0x07], 0x8081_8283),                  // movbe eax, [rdi]
            (&[0x48, 0x0F, 0x38, 0xF0, 0x07], 0x8081_8283_8485_8687),  // movbe rax, [rdi]
            (&[0x66, 0x0F, 0x38, 0xF0, 0x07], RAX & !0xFFFF | 0x8081), // movbe ax, [rdi]
        ] {
            let mut general = [0; 16];
            general[0] = RAX;
            general[7] = 0x1000;
            general[1] = 8;
            let mut bus = Bytes(std::array::from_fn(|i| 0x80 + i as u8));
            assert!(run(code, &mut general, &mut [0; 16], &mut bus), "{code:x?}");
            assert_eq!(general[0], expected, "{code:x?} {:x}", general[0]);
        }
    }

    #[test]
    fn stores_are_emulated_as_the_host_executes_them() {
        for (code, expected) in [
            (&[0x89, 0x07][..], &[0x44, 0x43, 0x42, 0x41][..]), // mov [rdi], eax
            (&[0x48, 0x89, 0x07], &[0x44, 0x43, 0x42, 0x41, 0x48, 0x47, 0x46, 0x45]), // mov [rdi], rax
            (&[0x66, 0x89, 0x07], &[0x44, 0x43, 0]),            // mov [rdi], ax
            (&[0x88, 0x07], &[0x44, 0]),                        // mov [rdi], al
            (&[0x88, 0x27], &[0x43, 0]),                        // mov [rdi], ah
            (&[0xC6, 0x07, 0x12], &[0x12, 0]),                  // mov byte [rdi], 12h
            (&[0x66, 0xC7, 0x07, 0x34, 0x12], &[0x34, 0x12, 0]), // mov word [rdi], 1234h
            (&[0xC7, 0x07, 1, 2, 3, 4], &[1, 2, 3, 4, 0]),      // mov dword [rdi], 4030201h
            (&[0x48, 0xC7, 0x07, 0xFE, 0xFF, 0xFF, 0xFF], &[0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            (&[0x0F, 0x38, 0xF1, 0x07], &[0x41, 0x42, 0x43, 0x44, 0]), // movbe [rdi], eax
        ] {
            let mut general = [0; 16];
            general[0] = 0x4546_4748_4142_4344;
            general[7] = 0x1000;
            let mut bus = Bytes([0; 32]);
            assert!(run(code, &mut general, &mut [0; 16], &mut bus), "{code:x?}");
            assert_eq!(bus.0[..expected.len()], *expected, "{code:x?}");
        }
    }

    #[test]
    fn exchanges_and_vector_accesses_are_emulated() {
        let mut general = [0; 16];
        general[0] = 0xFFFF_FFFF_0102_0304;
        general[7] = 0x1000;
        let mut vectors = [0; 16];
        vectors[3] = u128::from_le_bytes(std::array::from_fn(|i| 0xA0 + i as u8));
        let mut bus = Bytes([0x55; 32]);
        assert!(run(&[0x87, 0x07], &mut general, &mut vectors, &mut bus)); // xchg [rdi], eax
        assert_eq!((general[0], bus.0[0], bus.0[3], bus.0[4]), (0x5555_5555, 4, 1, 0x55));
        assert!(run(&[0xF3, 0x0F, 0x7F, 0x5F, 0x08], &mut general, &mut vectors, &mut bus)); // movdqu [rdi+8], xmm3
        assert_eq!(bus.0[8..24], vectors[3].to_le_bytes());
        assert!(run(&[0xC5, 0xFA, 0x6F, 0x6F, 0x08], &mut general, &mut vectors, &mut bus)); // vmovdqu xmm5, [rdi+8]
        assert_eq!(vectors[5], vectors[3]);
        assert!(run(&[0xF3, 0x0F, 0x10, 0x6F, 0x08], &mut general, &mut vectors, &mut bus)); // movss xmm5, [rdi+8]
        assert_eq!(vectors[5], 0xA3A2_A1A0);
        assert!(run(&[0x66, 0x0F, 0xD6, 0x1F], &mut general, &mut vectors, &mut bus)); // movq [rdi], xmm3
        assert_eq!(bus.0[..8], vectors[3].to_le_bytes()[..8]);
        assert!(run(
            &[0x66, 0x45, 0x0F, 0x6E, 0x5F, 0x00],
            &mut {
                let mut g = general;
                g[15] = 0x1000;
                g
            },
            &mut vectors,
            &mut bus
        )); // movd xmm11, [r15]
        assert_eq!(vectors[11], 0xA3A2_A1A0);
    }

    #[test]
    fn emulation_rejects_unsupported_accesses_without_side_effects() {
        for code in [
            &[0x03, 0x07][..],         // add eax, [rdi]
            &[0xF0, 0x0F, 0xB1, 0x0F], // lock cmpxchg [rdi], ecx
            &[0xFF, 0x07],             // inc dword [rdi]
            &[0x64, 0x8B, 0x07],       // mov eax, fs:[rdi]
            &[0xC5, 0xFE, 0x6F, 0x07], // vmovdqu ymm0, [rdi]
            &[0x8B, 0xC7],             // mov eax, edi
            &[0xA4],                   // movsb
        ] {
            let mut general = [0; 16];
            general[7] = 0x1000;
            let mut bus = Bytes([7; 32]);
            assert!(!run(code, &mut general, &mut [0; 16], &mut bus), "{code:x?}");
            assert_eq!((general[0], bus.0), (0, [7; 32]));
        }
        // Past the end of the bus.
        let mut general = [0; 16];
        general[7] = 0x101E;
        assert!(!run(&[0x8B, 0x07], &mut general, &mut [0; 16], &mut Bytes([7; 32])));
        assert_eq!(decode(&[0x8B], 0), None);
    }

    /// Random bytes never panic, and a refusal changes nothing. Half of the inputs begin like plain
    /// accesses.
    #[test]
    fn any_bytes_are_executed_or_refused() {
        let mut dice = xenia_testing::Dice(1);
        let mut next = move || dice.next();
        let opcodes =
            [0x8B, 0x89, 0x8A, 0x88, 0xC6, 0xC7, 0x87, 0x86, 0x63, 0x0F, 0xC5, 0xC4, 0x62, 0x66, 0xF3, 0x48];
        let mut executed = 0;
        let mut refused = 0;
        for round in 0..300_000 {
            let mut code = (u128::from(next()) << 64 | u128::from(next())).to_le_bytes();
            if round & 1 == 0 {
                code[0] = opcodes[next() as usize % opcodes.len()];
            }
            let Some(instruction) = decode(&code[..MAX_INSTRUCTION], 0x4000) else { continue };
            let mut general: Registers = std::array::from_fn(|_| 0x1000 + next() % 16);
            let mut vectors: Vectors = std::array::from_fn(|i| i as u128);
            let mut bus = Bytes(std::array::from_fn(|i| i as u8));
            let before = (general, vectors, bus.0);
            if execute(&instruction, &mut general, &mut vectors, &mut bus) {
                executed += 1;
            } else {
                refused += 1;
                assert_eq!((general, vectors, bus.0), before, "{code:x?}");
            }
        }
        assert!(executed > 1_000 && refused > 100_000, "{executed} {refused}");
    }
}
