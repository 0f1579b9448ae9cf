//! Single host accesses on x86-64. [`crate::host`] has their safety rules.

use std::arch::asm;

/// Whether an atomic read-modify-write orders all accesses before it before all after it: locked
/// instructions do.
pub(crate) const UPDATES_ARE_FENCES: bool = true;

macro_rules! scalar {
    ($load:ident, $store:ident, $t:ty, $class:ident, $operand:literal, $width:literal) => {
        /// Loads one value.
        ///
        /// # Safety
        /// See the rules of [`crate::host`].
        #[inline(always)]
        pub(crate) unsafe fn $load(base: *const u8, addr: u32) -> $t {
            let value: $t;
            // SAFETY: the caller guarantees that the bytes are mapped readable; the instruction
            // touches nothing else.
            unsafe {
                asm!(
                    concat!("mov {v", $operand, "}, ", $width, " ptr [{b} + {a}]"),
                    v = out($class) value, b = in(reg) base, a = in(reg) addr as u64,
                    options(nostack, readonly, preserves_flags)
                );
            }
            value
        }

        /// Stores one value.
        ///
        /// # Safety
        /// See the rules of [`crate::host`].
        #[inline(always)]
        pub(crate) unsafe fn $store(base: *mut u8, addr: u32, value: $t) {
            // SAFETY: the caller guarantees that the bytes are mapped writable; the instruction
            // touches nothing else.
            unsafe {
                asm!(
                    concat!("mov ", $width, " ptr [{b} + {a}], {v", $operand, "}"),
                    v = in($class) value, b = in(reg) base, a = in(reg) addr as u64,
                    options(nostack, preserves_flags)
                );
            }
        }
    };
}
scalar!(load_u8, store_u8, u8, reg_byte, "", "byte");
scalar!(load_u16, store_u16, u16, reg, ":x", "word");
scalar!(load_u32, store_u32, u32, reg, ":e", "dword");
scalar!(load_u64, store_u64, u64, reg, ":r", "qword");

macro_rules! compare_exchange {
    ($name:ident, $t:ty, $operand:literal, $width:literal) => {
        /// Compare-and-swap: atomically replaces `expected` by `new`; returns the previous value.
        ///
        /// # Safety
        /// See the rules of [`crate::host`]; `addr` must be naturally aligned.
        #[inline(always)]
        pub(crate) unsafe fn $name(base: *mut u8, addr: u32, expected: $t, new: $t) -> $t {
            let old: $t;
            // SAFETY: the caller guarantees that the bytes are mapped writable.
            unsafe {
                asm!(
                    concat!("lock cmpxchg ", $width, " ptr [{b} + {a}], {n", $operand, "}"),
                    n = in(reg) new, b = in(reg) base, a = in(reg) addr as u64,
                    inout("rax") expected => old,
                    options(nostack)
                );
            }
            old
        }
    };
}
compare_exchange!(compare_exchange_u32, u32, ":e", "dword");
compare_exchange!(compare_exchange_u64, u64, ":r", "qword");

/// Copies `len` bytes.
///
/// # Safety
/// Both ranges must be mapped, the second one writable.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller guarantees both ranges.
    unsafe {
        // Copies upwards: the direction flag is clear at the beginning of every `asm!`.
        asm!("rep movsb", inout("rcx") len => _, inout("rsi") from => _, inout("rdi") to => _,
            options(nostack, preserves_flags));
    }
}

/// Sets `len` bytes to `value`.
///
/// # Safety
/// The range must be mapped writable.
#[inline(always)]
pub(crate) unsafe fn set(to: *mut u8, len: usize, value: u8) {
    // SAFETY: the caller guarantees the range.
    unsafe {
        asm!("rep stosb", inout("rcx") len => _, in("al") value, inout("rdi") to => _,
            options(nostack, preserves_flags));
    }
}
