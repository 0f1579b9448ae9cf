//! Displacements of the context's fields from the pinned register.

use super::displacement;
use std::mem::offset_of;
use xenia_cpu::PpcContext;

macro_rules! fields {
    ($($name:ident $field:ident;)*) => { $(
        #[doc = concat!("`PpcContext::", stringify!($field), "`.")]
        pub const $name: i32 = displacement(offset_of!(PpcContext, $field));
    )* };
}

fields! {
    BUDGET budget;
    CTR ctr;
    FPSCR fpscr;
    FP_LAZY fp_lazy;
    HW_ID hw_id;
    LR lr;
    MSR msr;
    PC pc;
    RESERVATION reservation;
    TICK_SHIFT tick_shift;
    TIME_BASE time_base;
    TIME_READS_LEFT time_reads_left;
    VISIT_BUDGET visit_budget;
    VRSAVE vrsave;
    VSCR vscr;
    XER_CA xer_ca;
    XER_COUNT xer_count;
    XER_OV xer_ov;
    XER_SO xer_so;
}

/// A general-purpose register.
pub const fn gpr(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, gpr) + size_of::<u64>() * n)
}

/// A floating-point register.
pub const fn fpr(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, fpr) + size_of::<u64>() * n)
}

/// A vector register.
pub const fn vr(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, vr) + size_of::<u128>() * n)
}

/// A field of the condition register, in its form in the context.
pub const fn cr(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, cr) + size_of::<u64>() * n)
}

/// One of SPRG0 to SPRG3.
pub const fn sprg(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, sprg) + size_of::<u64>() * n)
}
