//! Macros of which the floating-point thunks are built: prologue, operands, checks and delivery.

/// Placeholders for the addresses of [`super::slow`] and [`super::prepare`], which are written into
/// the copies of a thunk.
pub(super) const MARKS: [u64; 3] = [0xB5D1_C3A7_9E24_6F80, 0xA47F_19D3_58C2_E6B1, 0xC68B_52E9_7D04_A3F7];

/// Defines a function that [`super::float_thunk`] copies. Its lines jump to label 9 to have the arm
/// run; `$kept` is the place where rcx is saved for that.
macro_rules! float_thunk {
    ($name:ident, $kept:literal, [$($line:expr),* $(,)?]) => {
        #[unsafe(naked)]
        pub(super) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "cmp byte ptr [rbp + {ready}], 0",
                "je 8f",
                "2:",
                concat!("mov [rbp + {", $kept, "}], rcx"),
                $($line,)*
                "8:",
                "test dword ptr [rbp + {fpscr}], {control}",
                "jnz 20f",
                "call qword ptr [rip + 31f]",
                "jmp 2b",
                "9:",
                concat!("mov ecx, [rbp + {", $kept, "}]"),
                "20:",
                "jmp qword ptr [rip + 30f]",
                "30:",
                ".quad {mark_slow}",
                "31:",
                ".quad {mark_prepare}",
                "/* {fpr} {lazy} {site} {a} {b} {c} {compare} {rounding} */",
                ready = const READY,
                fpscr = const FPSCR,
                control = const CONTROL,
                mark_slow = const MARKS[0],
                mark_prepare = const MARKS[1],
                fpr = const FPR,
                lazy = const LAZY_OP,
                site = const Slot::Site.at(),
                a = const LAZY + offset_of!(FpLazy, a) as i32,
                b = const LAZY + offset_of!(FpLazy, b) as i32,
                c = const LAZY + offset_of!(FpLazy, c) as i32,
                compare = const LAZY_OP + 5,
                rounding = const LAZY_OP + 6,
            )
        }
    };
}

/// Defines a function that [`super::float_thunk`] copies: the first row of two. It does not
/// record the operation, as the second row's record replaces it, and ends by [`pass_on`]. Its lines
/// jump to label 9 to have the arm run.
macro_rules! first_thunk {
    ($name:ident, [$($line:expr),* $(,)?]) => {
        #[unsafe(naked)]
        pub(super) unsafe extern "sysv64" fn $name() {
            naked_asm!(
                "cmp byte ptr [rbp + {ready}], 0",
                "je 8f",
                "2:",
                $($line,)*
                "8:",
                "test dword ptr [rbp + {fpscr}], {control}",
                "jnz 9f",
                "call qword ptr [rip + 31f]",
                "jmp 2b",
                "9:",
                "mov ecx, [rip + 32f]",
                "call qword ptr [rip + 30f]",
                "shr rax, 32",
                "jmp 40f",
                "30:",
                ".quad {mark_slow}",
                "31:",
                ".quad {mark_prepare}",
                "32:",
                ".quad {mark_row}",
                "40:",
                ready = const READY,
                fpscr = const FPSCR,
                control = const CONTROL,
                mark_slow = const MARKS[0],
                mark_prepare = const MARKS[1],
                mark_row = const MARKS[2],
                fpr = const FPR,
            )
        }
    };
}

/// Stores a register to frD, and goes on to the second row of a pair.
macro_rules! pass_on {
    ($from:literal) => {
        concat!(
            "mov ecx, eax
             shr ecx, 24
             movsd [rbp + rcx * 8 + {fpr}], ",
            $from,
            "
             shr rax, 32
             jmp 40f"
        )
    };
}

/// [`pass_on`] of the negated register.
macro_rules! pass_on_negated {
    ($from:literal) => {
        concat!("movq rcx, ", $from, "\nbtc rcx, 63\nmovq ", $from, ", rcx\n", pass_on!($from))
    };
}

/// xmm0 = frA.
macro_rules! load_a {
    () => {
        "movzx ecx, al
         movsd xmm0, [rbp + rcx * 8 + {fpr}]"
    };
}

/// xmm1 = frB.
macro_rules! load_b {
    () => {
        "movzx ecx, ah
         movsd xmm1, [rbp + rcx * 8 + {fpr}]"
    };
}

/// Loads frC into a register.
macro_rules! load_c {
    ($to:literal) => {
        concat!(
            "mov ecx, eax
             shr ecx, 16
             movzx ecx, cl
             movsd ",
            $to,
            ", [rbp + rcx * 8 + {fpr}]"
        )
    };
}

/// Delivers the double in xmm2 through `$end`.
macro_rules! double {
    ($end:expr) => {
        concat!(
            "movq rcx, xmm2
             shr rcx, 32
             lea ecx, [rcx + rcx - 2 * 0x200000]
             cmp ecx, 2045 * 0x200000 - 1
             ja 5f
             3:
             ",
            $end,
            "
             5:
             ucomisd xmm2, xmm2
             jp 9f
             cmp ecx, -0x200000
             jb 3b
             jmp 9f"
        )
    };
}

/// Delivers the double in xmm2, rounded to a single in xmm3, through `$end`. Label 6 must follow,
/// which handles an xmm2 that is the midpoint of two singles.
macro_rules! single {
    ($end:expr) => {
        concat!(
            "movq rcx, xmm2
             and ecx, 0x1FFFFFFF
             cmp ecx, 0x10000000
             je 6f
             4:
             ",
            rounded!($end)
        )
    };
}

/// [`single`] without the check for the midpoint.
macro_rules! rounded {
    ($end:expr) => {
        concat!(
            "xorps xmm3, xmm3
             cvtsd2ss xmm3, xmm2
             movd ecx, xmm3
             cvtss2sd xmm3, xmm3
             lea ecx, [rcx + rcx - 2 * 0x1000000]
             cmp ecx, 253 * 0x1000000 - 1
             ja 5f
             3:
             ",
            $end,
            "
             5:
             ucomisd xmm3, xmm3
             jp 9f
             cmp ecx, 253 * 0x1000000
             je 3b
             movq rcx, xmm2
             add rcx, rcx
             jz 3b
             jmp 9f"
        )
    };
}

/// Stores a register to frD.
macro_rules! deliver {
    ($from:literal) => {
        concat!(
            "shr eax, 24
             movsd [rbp + rax * 8 + {fpr}], ",
            $from,
            "
             ret"
        )
    };
}

/// Stores a register to frD, negated.
macro_rules! deliver_negated {
    ($from:literal) => {
        concat!(
            "movq rcx, ",
            $from,
            "
             btc rcx, 63
             shr eax, 24
             mov [rbp + rax * 8 + {fpr}], rcx
             ret"
        )
    };
}

/// The midpoint of two singles: the double is right if xmm0 and xmm1 have at most 24 significant
/// bits.
macro_rules! middle_of_two {
    () => {
        "6:
         movapd xmm4, xmm0
         orpd xmm4, xmm1
         movq rcx, xmm4
         test ecx, 0x1FFFFFFF
         jz 4b
         jmp 9f"
    };
}

macro_rules! middle_by_arm {
    () => {
        "6:
         jmp 9f"
    };
}
