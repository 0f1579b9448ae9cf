//! Single host accesses on AArch64. [`crate::host`] has their safety rules.
//!
//! Guest addresses may be misaligned, which the instructions with order of their own (`ldar`,
//! `stlr`) do not allow, so barriers make Acquire loads and Release stores of plain ones. A
//! compare-and-swap orders all accesses before it before all after it, as on x86-64; unlike there,
//! the load of one that stores nothing may come before earlier stores.

use std::arch::asm;

/// Whether an atomic read-modify-write orders all accesses before it before all after it: loads may
/// overtake its store.
pub(crate) const UPDATES_ARE_FENCES: bool = false;

macro_rules! scalar {
    ($load:ident, $store:ident, $t:ty, $wide:ty, $operand:literal, $suffix:literal) => {
        /// Loads one value.
        ///
        /// # Safety
        /// See the rules of [`crate::host`].
        #[inline(always)]
        pub(crate) unsafe fn $load(base: *const u8, addr: u32) -> $t {
            let value: $wide;
            // SAFETY: the caller guarantees that the bytes are mapped readable; the instruction
            // touches nothing else.
            unsafe {
                asm!(
                    concat!("ldr", $suffix, " {v", $operand, "}, [{b}, {a}]"),
                    "dmb ishld",
                    v = out(reg) value, b = in(reg) base, a = in(reg) u64::from(addr),
                    options(nostack, preserves_flags)
                );
            }
            value as $t
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
                    "dmb ish",
                    concat!("str", $suffix, " {v", $operand, "}, [{b}, {a}]"),
                    v = in(reg) <$wide>::from(value), b = in(reg) base, a = in(reg) u64::from(addr),
                    options(nostack, preserves_flags)
                );
            }
        }
    };
}
scalar!(load_u8, store_u8, u8, u32, ":w", "b");
scalar!(load_u16, store_u16, u16, u32, ":w", "h");
scalar!(load_u32, store_u32, u32, u32, ":w", "");
scalar!(load_u64, store_u64, u64, u64, ":x", "");

macro_rules! compare_exchange {
    ($name:ident, $t:ty, $operand:literal) => {
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
                    "2:",
                    concat!("ldaxr {o", $operand, "}, [{p}]"),
                    concat!("cmp {o", $operand, "}, {e", $operand, "}"),
                    "b.ne 3f",
                    concat!("stlxr {f:w}, {n", $operand, "}, [{p}]"),
                    "cbnz {f:w}, 2b",
                    "3:",
                    // Later accesses may overtake `stlxr`, and a failed comparison stores nothing.
                    "dmb ish",
                    p = in(reg) base.wrapping_add(addr as usize), e = in(reg) expected, n = in(reg) new,
                    o = out(reg) old, f = out(reg) _,
                    options(nostack)
                );
            }
            old
        }
    };
}
compare_exchange!(compare_exchange_u32, u32, ":w");
compare_exchange!(compare_exchange_u64, u64, ":x");

/// Copies `len` bytes, after all earlier accesses and before all later ones.
///
/// # Safety
/// Both ranges must be mapped, the second one writable.
#[inline(always)]
pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller guarantees both ranges.
    unsafe {
        asm!(
            "dmb ish",
            "2:",
            "cmp {n}, #16",
            "b.lo 3f",
            "ldp {x}, {y}, [{s}], #16",
            "stp {x}, {y}, [{d}], #16",
            "sub {n}, {n}, #16",
            "b 2b",
            "3:",
            "cbz {n}, 4f",
            "ldrb {x:w}, [{s}], #1",
            "strb {x:w}, [{d}], #1",
            "sub {n}, {n}, #1",
            "b 3b",
            "4:",
            "dmb ish",
            n = inout(reg) len => _, s = inout(reg) from => _, d = inout(reg) to => _,
            x = out(reg) _, y = out(reg) _,
            options(nostack)
        );
    }
}

/// Sets `len` bytes to `value`, after all earlier accesses and before all later ones.
///
/// # Safety
/// The range must be mapped writable.
#[inline(always)]
pub(crate) unsafe fn set(to: *mut u8, len: usize, value: u8) {
    let pattern = u64::from(value) * 0x0101_0101_0101_0101;
    // SAFETY: the caller guarantees the range.
    unsafe {
        asm!(
            "dmb ish",
            "2:",
            "cmp {n}, #16",
            "b.lo 3f",
            "stp {v}, {v}, [{d}], #16",
            "sub {n}, {n}, #16",
            "b 2b",
            "3:",
            "cbz {n}, 4f",
            "strb {v:w}, [{d}], #1",
            "sub {n}, {n}, #1",
            "b 3b",
            "4:",
            "dmb ish",
            n = inout(reg) len => _, v = in(reg) pattern, d = inout(reg) to => _,
            options(nostack)
        );
    }
}
