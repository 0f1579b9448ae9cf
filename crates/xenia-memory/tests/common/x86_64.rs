//! Single accesses by host instructions, and code that makes one, on x86-64.

use std::arch::asm;
use xenia_host::registers::{RDI, RSI};

/// Registers of a function's first arguments.
pub(crate) const FIRST_ARGUMENT: usize = RDI;
pub(crate) const SECOND_ARGUMENT: usize = RSI;

macro_rules! accesses {
    ($load:ident, $store:ident, $t:ty, $class:ident, $operand:literal, $width:literal) => {
        pub(crate) unsafe fn $load(base: *mut u8, addr: u32) -> $t {
            let value: $t;
            // SAFETY: one load, from an address that the caller guarantees.
            unsafe {
                asm!(concat!("mov {v", $operand, "}, ", $width, " ptr [{b} + {a}]"),
                    v = out($class) value, b = in(reg) base, a = in(reg) u64::from(addr), options(nostack));
            }
            value
        }

        pub(crate) unsafe fn $store(base: *mut u8, addr: u32, value: $t) {
            // SAFETY: one store, to an address that the caller guarantees.
            unsafe {
                asm!(concat!("mov ", $width, " ptr [{b} + {a}], {v", $operand, "}"),
                    v = in($class) value, b = in(reg) base, a = in(reg) u64::from(addr), options(nostack));
            }
        }
    };
}
accesses!(load_u8, store_u8, u8, reg_byte, "", "byte");
accesses!(load_u16, store_u16, u16, reg, ":x", "word");
accesses!(load_u32, store_u32, u32, reg, ":e", "dword");
accesses!(load_u64, store_u64, u64, reg, ":r", "qword");

/// Loads a big-endian word by `movbe`.
pub(crate) unsafe fn load_swapped_u64(base: *mut u8, addr: u32) -> u64 {
    let value: u64;
    // SAFETY: one load, from an address that the caller guarantees.
    unsafe {
        asm!("movbe {v}, qword ptr [{b} + {a}]", b = in(reg) base, a = in(reg) u64::from(addr),
            v = out(reg) value);
    }
    value
}

pub(crate) unsafe fn load_vector(base: *mut u8, addr: u32) -> [u8; 16] {
    let mut bytes = [0_u8; 16];
    // SAFETY: one load, from an address that the caller guarantees, and a store to the array.
    unsafe {
        asm!("movdqu {x}, xmmword ptr [{b} + {a}]", "movdqu xmmword ptr [{o}], {x}", b = in(reg) base,
            a = in(reg) u64::from(addr), o = in(reg) bytes.as_mut_ptr(), x = out(xmm_reg) _);
    }
    bytes
}

/// Makes a load that a handler may step over, by [`step_over`].
pub(crate) unsafe fn load_of_known_length(at: usize) {
    // SAFETY: the caller expects the fault.
    unsafe { asm!("mov rax, qword ptr [rdi]", in("rdi") at, out("rax") _) };
}

/// Steps over the three bytes of that load.
#[cfg(target_os = "linux")]
pub(crate) fn step_over(context: &mut libc::ucontext_t) {
    context.uc_mcontext.gregs[libc::REG_RIP as usize] += 3;
}

/// `mov eax, [rdi + rsi]; ret`: a function of a base, an address and a value.
pub(crate) const LOAD: &[u8] = &[0x8B, 0x04, 0x37, 0xC3];
/// `mov [rdi + rsi], edx; ret`
pub(crate) const STORE: &[u8] = &[0x89, 0x14, 0x37, 0xC3];
/// `lock xadd [rdi + rsi], edx; mov eax, edx; ret`
pub(crate) const UPDATE: &[u8] = &[0xF0, 0x0F, 0xC1, 0x14, 0x37, 0x89, 0xD0, 0xC3];
/// `mov eax, -1; ret`
pub(crate) const LANDING: &[u8] = &[0xB8, 0xFF, 0xFF, 0xFF, 0xFF, 0xC3];

/// Calls code at an address, as these functions are called.
pub(crate) unsafe fn call(code: usize, base: *mut u8, addr: u32, value: u32) -> u32 {
    // SAFETY: the caller guarantees that the code is such a function.
    let f: extern "sysv64" fn(*mut u8, u64, u32) -> u32 = unsafe { std::mem::transmute(code as *const ()) };
    f(base, u64::from(addr), value)
}
