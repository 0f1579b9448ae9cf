//! Emulation of faulting instructions on AArch64, as [`crate::emulated`] describes.
//!
//! Supports loads and stores of one register with an immediate or a register as offset, and of
//! pairs up to 16 bytes with an immediate, general and vector registers, without writeback. Any
//! other instruction is refused. Encodings: Arm Architecture Reference Manual, C4.1, "Loads and
//! Stores".

use crate::emulated::Bus;
use xenia_host::fault::{HostAccess, Interrupted};
use xenia_host::registers::{Registers, STACK_POINTER, Vectors};

/// Size of an instruction in bytes.
const INSTRUCTION: u64 = 4;
/// Number of the register that reads as zero, unless it is a base.
const ZERO: usize = 31;

/// Builds tables that emulation needs: none.
pub(crate) fn warm_up() {}

/// The faulting instruction; the fault was not one of a fetch.
fn instruction(interrupted: &Interrupted<'_>) -> u32 {
    // SAFETY: the instruction was fetched, so its four bytes, which are aligned, are readable.
    unsafe { (interrupted.pc() as *const u32).read() }
}

/// Whether the interrupted access is a store, or updates memory. The processor reports an update
/// whose load is refused as a load.
pub(crate) fn is_store(interrupted: &Interrupted<'_>) -> bool {
    interrupted.access() == HostAccess::Store || is_update(instruction(interrupted))
}

/// Whether an instruction is part of an atomic update: compare-and-swap (`cas`, `casal`), or the
/// load of a loop (`ldxr`, `ldaxr`).
fn is_update(word: u32) -> bool {
    // Free bits: the size (31, 30), and of `cas` acquire (22) and release (15).
    let is_compare_and_swap = word & 0x3FA0_7C00 == 0x08A0_7C00;
    // L (22) makes it a load; o0 (15), which is free, makes it `ldaxr`.
    let is_exclusive_load = word & 0x3FE0_0000 == 0x0840_0000;
    is_compare_and_swap || is_exclusive_load
}

/// Emulates the faulting instruction. False if that is not possible; the state is then unchanged.
pub(crate) fn emulate(interrupted: &mut Interrupted<'_>, bus: &mut impl Bus) -> bool {
    let word = instruction(interrupted);
    let mut general = interrupted.registers();
    let Some(mut vectors) = interrupted.vectors() else { return false };
    if execute(word, &mut general, &mut vectors, bus).is_none() {
        return false;
    }
    interrupted.set_vectors(&vectors);
    interrupted.set_registers(&general);
    interrupted.set_pc(interrupted.pc() + INSTRUCTION);
    true
}

/// The field of `width` bits from bit `from` on.
fn field(word: u32, from: u32, width: u32) -> usize {
    (word >> from & ((1 << width) - 1)) as usize
}

/// The field as a signed number.
fn signed(word: u32, from: u32, width: u32) -> i64 {
    i64::from((word << (32 - from - width)).cast_signed() >> (32 - width))
}

fn sign_extended(value: u64, size: usize) -> u64 {
    let shift = 64 - 8 * size as u32;
    ((value << shift).cast_signed() >> shift).cast_unsigned()
}

fn has(word: u32, bit: u32) -> bool {
    word >> bit & 1 != 0
}

/// Value of a general register that is stored, or an index.
fn value_of(general: &Registers, number: usize) -> u64 {
    if number == ZERO { 0 } else { general[number] }
}

fn set(general: &mut Registers, number: usize, value: u64) {
    if number != ZERO {
        general[number] = value;
    }
}

/// Executes an instruction on the registers. `None`, with nothing changed, if it is not one of the
/// supported ones or if the bus refuses.
fn execute(word: u32, general: &mut Registers, vectors: &mut Vectors, bus: &mut impl Bus) -> Option<()> {
    match field(word, 27, 3) {
        0b111 if !has(word, 25) => one(word, general, vectors, bus),
        // Other values write the base back, or are the pairs without allocation (`ldnp`, `stnp`).
        0b101 if field(word, 23, 3) == 0b010 => pair(word, general, vectors, bus),
        _ => None,
    }
}

/// Loads or stores one register.
fn one(word: u32, general: &mut Registers, vectors: &mut Vectors, bus: &mut impl Bus) -> Option<()> {
    let is_vector = has(word, 26);
    let size = field(word, 30, 2);
    let opc = field(word, 22, 2);
    // Vectors have a third bit of the size in opc<1>: 4 is a quadword.
    let scale = if is_vector { size | (opc >> 1) << 2 } else { size };
    if scale > 4 {
        return None;
    }
    let offset = if has(word, 24) {
        // An unsigned immediate in units of the access.
        (field(word, 10, 12) as u64) << scale
    } else if has(word, 21) {
        // The others are atomic operations and loads with pointer authentication.
        if field(word, 10, 2) != 0b10 {
            return None;
        }
        let index = value_of(general, field(word, 16, 5));
        let index = match field(word, 13, 3) {
            // `uxtw`, `sxtw`, and `lsl` or `sxtx`, which take all 64 bits.
            0b010 => index & 0xFFFF_FFFF,
            0b110 => sign_extended(index, 4),
            0b011 | 0b111 => index,
            _ => return None,
        };
        index << if has(word, 12) { scale } else { 0 }
    } else if field(word, 10, 2) == 0b00 {
        // `ldur` and `stur`; the other values write the base back or are unprivileged accesses.
        signed(word, 12, 9).cast_unsigned()
    } else {
        return None;
    };
    // As a base, 31 is the stack pointer.
    let at = general[field(word, 5, 5)].wrapping_add(offset);
    let bytes = 1 << scale;
    let target = field(word, 0, 5);
    if is_vector {
        if opc & 1 == 0 {
            return bus.store(at, &vectors[target].to_le_bytes()[..bytes]);
        }
        vectors[target] = loaded(at, bytes, bus)?;
        return Some(());
    }
    match opc {
        0 => return bus.store(at, &value_of(general, target).to_le_bytes()[..bytes]),
        1 => set(general, target, loaded(at, bytes, bus)? as u64),
        // Loads with sign extension: to 64 bits, to 32 bits. The rest are prefetches.
        2 if scale < 3 => set(general, target, sign_extended(loaded(at, bytes, bus)? as u64, bytes)),
        3 if scale < 2 => {
            let value = sign_extended(loaded(at, bytes, bus)? as u64, bytes);
            set(general, target, value & 0xFFFF_FFFF);
        }
        _ => return None,
    }
    Some(())
}

/// Loads or stores two registers, with one access.
fn pair(word: u32, general: &mut Registers, vectors: &mut Vectors, bus: &mut impl Bus) -> Option<()> {
    let is_vector = has(word, 26);
    let bytes: usize = match (field(word, 30, 2), is_vector) {
        (0, _) => 4,
        (2, false) | (1, true) => 8,
        // 1 is `ldpsw` for general registers, 2 a pair of quadwords for vectors.
        _ => return None,
    };
    let offset = signed(word, 15, 7) * bytes as i64;
    let at = general[field(word, 5, 5)].wrapping_add_signed(offset);
    let [first, second] = [field(word, 0, 5), field(word, 10, 5)];
    let bits = 8 * bytes as u32;
    if has(word, 22) {
        let both = loaded(at, 2 * bytes, bus)?;
        let halves = [both & ((1 << bits) - 1), both >> bits];
        for (target, half) in [first, second].into_iter().zip(halves) {
            if is_vector {
                vectors[target] = half;
            } else {
                set(general, target, half as u64);
            }
        }
        return Some(());
    }
    let mask = (1_u128 << bits) - 1;
    let [low, high] = [first, second]
        .map(|source| mask & if is_vector { vectors[source] } else { value_of(general, source).into() });
    bus.store(at, &(low | high << bits).to_le_bytes()[..2 * bytes])
}

/// Loads up to 16 bytes as a number; the others are zero.
fn loaded(at: u64, bytes: usize, bus: &mut impl Bus) -> Option<u128> {
    let value = u128::from_le_bytes(bus.load(at, bytes)?);
    Some(if bytes == 16 { value } else { value & ((1 << (8 * bytes)) - 1) })
}

const _: () = assert!(STACK_POINTER == ZERO, "both have the same number in machine code");

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes at address 0x1000.
    struct Bytes([u8; 32]);

    impl Bus for Bytes {
        fn segment_base(&self) -> u64 {
            0
        }

        fn load(&mut self, host_addr: u64, size: usize) -> Option<[u8; 16]> {
            let at = host_addr.checked_sub(0x1000)? as usize;
            let mut bytes = [0x77; 16];
            bytes[..size].copy_from_slice(self.0.get(at..at + size)?);
            Some(bytes)
        }

        fn store(&mut self, host_addr: u64, bytes: &[u8]) -> Option<()> {
            let at = host_addr.checked_sub(0x1000)? as usize;
            self.0.get_mut(at..at + bytes.len())?.copy_from_slice(bytes);
            Some(())
        }
    }

    /// Registers with x1 = 0x1000, x2 = 4, x3 = -4 as a word with other bits above it.
    fn registers() -> Registers {
        let mut general = [0; 32];
        general[1] = 0x1000;
        general[2] = 4;
        general[3] = 0x1234_FFFF_FFFC;
        general[STACK_POINTER] = 0x1008;
        general
    }

    /// Memory is 0x80, 0x81, … .
    #[test]
    fn loads_are_emulated_as_the_host_executes_them() {
        for (word, expected) in [
            (0xB940_0020, 0x8382_8180_u64),       // ldr w0, [x1]
            (0xB940_0820, 0x8B8A_8988),           // ldr w0, [x1, #8]
            (0xF940_0420, 0x8F8E_8D8C_8B8A_8988), // ldr x0, [x1, #8]
            (0x3940_0820, 0x82),                  // ldrb w0, [x1, #2]
            (0x7940_0420, 0x8382),                // ldrh w0, [x1, #2]
            (0x3980_0420, 0xFFFF_FFFF_FFFF_FF81), // ldrsb x0, [x1, #1]
            (0x39C0_0420, 0xFFFF_FF81),           // ldrsb w0, [x1, #1]
            (0x7980_0420, 0xFFFF_FFFF_FFFF_8382), // ldrsh x0, [x1, #2]
            (0xB980_0420, 0xFFFF_FFFF_8786_8584), // ldrsw x0, [x1, #4]
            (0xB862_6820, 0x8786_8584),           // ldr w0, [x1, x2]
            (0xB862_7820, 0x9392_9190),           // ldr w0, [x1, x2, lsl #2]
            (0xB862_4820, 0x8786_8584),           // ldr w0, [x1, w2, uxtw]
            (0xB863_CBE0, 0x8786_8584),           // ldr w0, [sp, w3, sxtw]
            (0xB840_3020, 0x8685_8483),           // ldur w0, [x1, #3]
            (0xB85F_C3E0, 0x8786_8584),           // ldur w0, [sp, #-4]
            (0xB87F_6820, 0x8382_8180),           // ldr w0, [x1, xzr]
        ] {
            let mut general = registers();
            let mut vectors = [0; 32];
            let mut bus = Bytes(std::array::from_fn(|i| 0x80 + i as u8));
            assert_eq!(execute(word, &mut general, &mut vectors, &mut bus), Some(()), "{word:08x}");
            assert_eq!(general[0], expected, "{word:08x} {:x}", general[0]);
        }
    }

    #[test]
    fn stores_and_pairs_are_emulated_as_the_host_executes_them() {
        let mut general = registers();
        let mut vectors = [0; 32];
        let mut bus = Bytes([0; 32]);
        let mut run = |word, general: &mut Registers, vectors: &mut Vectors| {
            assert_eq!(execute(word, general, vectors, &mut bus), Some(()), "{word:08x}");
            bus.0
        };
        general[4] = 0x0807_0605_0403_0201;
        general[5] = 0x1817_1615_1413_1211;
        let after = run(0xB900_0024, &mut general, &mut vectors); // str w4, [x1]
        assert_eq!(after[..5], [1, 2, 3, 4, 0]);
        let after = run(0x7900_0C24, &mut general, &mut vectors); // strh w4, [x1, #6]
        assert_eq!(after[4..9], [0, 0, 1, 2, 0]);
        let after = run(0xB900_003F, &mut general, &mut vectors); // str wzr, [x1]
        assert_eq!(after[..6], [0; 6]);
        let after = run(0xA900_9424, &mut general, &mut vectors); // stp x4, x5, [x1, #8]
        assert_eq!((after[8], after[15], after[16], after[23], after[24]), (1, 8, 0x11, 0x18, 0));
        run(0xA97F_9BE6, &mut general, &mut vectors); // ldp x6, x6, [sp, #-8]: the second wins
        assert_eq!(general[6], 0x0807_0605_0403_0201);
        run(0x2940_A027, &mut general, &mut vectors); // ldp w7, w8, [x1, #4]
        assert_eq!((general[7], general[8]), (0x0201_0000, 0x0403_0201));
        vectors[9] = u128::MAX;
        run(0xFD40_0429, &mut general, &mut vectors); // ldr d9, [x1, #8]: clears the upper half
        assert_eq!(vectors[9], 0x0807_0605_0403_0201);
        run(0x3DC0_002A, &mut general, &mut vectors); // ldr q10, [x1]
        assert_eq!(vectors[10] >> 64, 0x0807_0605_0403_0201);
        let after = run(0x3D80_042A, &mut general, &mut vectors); // str q10, [x1, #16]
        assert_eq!(after[16..], vectors[10].to_le_bytes());
        let after = run(0x6D00_2429, &mut general, &mut vectors); // stp d9, d9, [x1]
        assert_eq!(after[..8], after[8..16]);
    }

    #[test]
    fn emulation_rejects_unsupported_accesses_without_side_effects() {
        for word in [
            0xB840_4420, // ldr w0, [x1], #4
            0xB840_4C20, // ldr w0, [x1, #4]!
            0xF980_0020, // prfm pldl1keep, [x1]
            0xAD40_0420, // ldp q0, q1, [x1]
            0xA8C1_0C20, // ldp x0, x3, [x1], #16
            0x6940_0C20, // ldpsw x0, x3, [x1]
            0x885F_7C20, // ldxr w0, [x1]
            0x88DF_FC20, // ldar w0, [x1]
            0x4C40_7020, // ld1 {v0.16b}, [x1]
            0x9100_0420, // add x0, x1, #1
            0xD503_201F, // nop
        ] {
            let mut general = registers();
            let mut vectors = [7; 32];
            let mut bus = Bytes([7; 32]);
            assert_eq!(execute(word, &mut general, &mut vectors, &mut bus), None, "{word:08x}");
            assert_eq!((general, vectors, bus.0), (registers(), [7; 32], [7; 32]), "{word:08x}");
        }
        // Past the end of the bus: ldr x0, [x1, #32]; stp x0, x0, [x1, #24].
        for word in [0xF940_1020, 0xA901_8020] {
            let mut general = registers();
            let mut vectors = [0; 32];
            assert_eq!(execute(word, &mut general, &mut vectors, &mut Bytes([7; 32])), None, "{word:08x}");
        }
    }

    #[test]
    fn atomic_updates_are_distinguished_from_loads() {
        for (word, expected) in [
            (0x88E0_FC41, true),  // casal w0, w1, [x2]
            (0xC8A0_7C41, true),  // cas x0, x1, [x2]
            (0x885F_FC20, true),  // ldaxr w0, [x1]
            (0xC85F_7C20, true),  // ldxr x0, [x1]
            (0x88DF_FC20, false), // ldar w0, [x1]
            (0xB862_6820, false), // ldr w0, [x1, x2]
            (0x3DC0_002A, false), // ldr q10, [x1]
            (0xA940_0C20, false), // ldp x0, x3, [x1]
        ] {
            assert_eq!(is_update(word), expected, "{word:08x}");
        }
    }

    /// No word panics, and a refusal changes nothing.
    #[test]
    fn any_word_is_executed_or_refused() {
        let mut dice = xenia_testing::Dice(1);
        let mut executed = 0;
        let mut refused = 0;
        for round in 0..300_000 {
            let mut word = dice.next() as u32;
            if round & 1 == 0 {
                // One register or a pair, with a small offset.
                word = word & !0x3A3F_8000 | if round & 2 == 0 { 0x3800_0000 } else { 0x2800_0000 };
            }
            let mut general: Registers = std::array::from_fn(|_| 0x1000 + dice.next() % 16);
            let mut vectors: Vectors = std::array::from_fn(|i| i as u128);
            let mut bus = Bytes(std::array::from_fn(|i| i as u8));
            let before = (general, vectors, bus.0);
            if execute(word, &mut general, &mut vectors, &mut bus).is_some() {
                executed += 1;
            } else {
                refused += 1;
                assert_eq!((general, vectors, bus.0), before, "{word:08x}");
            }
        }
        assert!(executed > 1_000 && refused > 100_000, "{executed} {refused}");
    }
}
