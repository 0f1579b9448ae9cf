//! Single accesses by host instructions, and code that makes one, on AArch64.

use std::arch::asm;

/// Registers of a function's first arguments: x0 and x1.
pub(crate) const FIRST_ARGUMENT: usize = 0;
pub(crate) const SECOND_ARGUMENT: usize = 1;

macro_rules! accesses {
    ($load:ident, $store:ident, $t:ty, $wide:ty, $operand:literal, $suffix:literal) => {
        pub(crate) unsafe fn $load(base: *mut u8, addr: u32) -> $t {
            let value: $wide;
            // SAFETY: one load, from an address that the caller guarantees.
            unsafe {
                asm!(concat!("ldr", $suffix, " {v", $operand, "}, [{b}, {a}]"),
                    v = out(reg) value, b = in(reg) base, a = in(reg) u64::from(addr), options(nostack));
            }
            value as $t
        }

        pub(crate) unsafe fn $store(base: *mut u8, addr: u32, value: $t) {
            // SAFETY: one store, to an address that the caller guarantees.
            unsafe {
                asm!(concat!("str", $suffix, " {v", $operand, "}, [{b}, {a}]"), v = in(reg) <$wide>::from(value),
                    b = in(reg) base, a = in(reg) u64::from(addr), options(nostack));
            }
        }
    };
}
accesses!(load_u8, store_u8, u8, u32, ":w", "b");
accesses!(load_u16, store_u16, u16, u32, ":w", "h");
accesses!(load_u32, store_u32, u32, u32, ":w", "");
accesses!(load_u64, store_u64, u64, u64, ":x", "");

/// Loads a big-endian word: a load and an instruction that swaps.
pub(crate) unsafe fn load_swapped_u64(base: *mut u8, addr: u32) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { load_u64(base, addr) }.swap_bytes()
}

pub(crate) unsafe fn load_vector(base: *mut u8, addr: u32) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    // SAFETY: one load, from an address that the caller guarantees, and a store to the array.
    unsafe {
        asm!("ldr {x:q}, [{b}, {a}]", "str {x:q}, [{o}]", b = in(reg) base, a = in(reg) u64::from(addr),
            o = in(reg) bytes.as_mut_ptr(), x = out(vreg) _);
    }
    bytes
}

/// Makes a load that a handler may step over, by [`step_over`].
pub(crate) unsafe fn load_of_known_length(at: usize) {
    // SAFETY: the caller expects the fault.
    unsafe { asm!("ldr {v}, [{a}]", a = in(reg) at, v = out(reg) _) };
}

/// Steps over that load.
pub(crate) fn step_over(context: &mut libc::ucontext_t) {
    context.uc_mcontext.pc += 4;
}

/// `ldr w0, [x0, x1]; ret`: a function of a base, an address and a value.
pub(crate) const LOAD: &[u8] = &[0x00, 0x68, 0x61, 0xB8, 0xC0, 0x03, 0x5F, 0xD6];
/// `str w2, [x0, x1]; ret`
pub(crate) const STORE: &[u8] = &[0x02, 0x68, 0x21, 0xB8, 0xC0, 0x03, 0x5F, 0xD6];
/// `add x3, x0, x1; 2: ldaxr w0, [x3]; stlxr w4, w2, [x3]; cbnz w4, 2b; ret`
pub(crate) const UPDATE: &[u8] = &[
    0x03, 0x00, 0x01, 0x8B, 0x60, 0xFC, 0x5F, 0x88, 0x62, 0xFC, 0x04, 0x88, 0xC4, 0xFF, 0xFF, 0x35, 0xC0,
    0x03, 0x5F, 0xD6,
];
/// `mov w0, #-1; ret`
pub(crate) const LANDING: &[u8] = &[0x00, 0x00, 0x80, 0x12, 0xC0, 0x03, 0x5F, 0xD6];

/// Calls code at an address, as these functions are called.
pub(crate) unsafe fn call(code: usize, base: *mut u8, addr: u32, value: u32) -> u32 {
    // SAFETY: the caller guarantees that the code is such a function.
    let f: extern "C" fn(*mut u8, u64, u32) -> u32 = unsafe { std::mem::transmute(code as *const ()) };
    f(base, u64::from(addr), value)
}
