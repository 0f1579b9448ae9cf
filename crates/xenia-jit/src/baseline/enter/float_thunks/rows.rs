//! The floating-point thunks, built from shared macros. See [`super`].

use super::*;

/// Placeholders for the addresses of [`super::slow`] and [`super::prepare`], which are written into
/// the copies of a thunk.
pub(super) const MARKS: [u64; 2] = [0xB5D1_C3A7_9E24_6F80, 0xA47F_19D3_58C2_E6B1];
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
             add rcx, rcx
             shr rcx, 53
             sub ecx, 2
             cmp ecx, 0x7FC
             ja 5f
             3:
             ",
            $end,
            "
             5:
             ucomisd xmm2, xmm2
             jp 9f
             cmp ecx, -1
             jne 3b
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
             cvtss2sd xmm3, xmm3
             movq rcx, xmm3
             add rcx, rcx
             shr rcx, 53
             sub ecx, 898
             cmp ecx, 1150 - 898
             ja 5f
             3:
             ",
            $end,
            "
             5:
             ucomisd xmm3, xmm3
             jp 9f
             cmp ecx, 2047 - 898
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

/// Defines a row with two operands, in double and single precision.
macro_rules! two_operands {
    ($double:ident, $single:ident, [$($load:expr),*], $operation:literal) => {
        float_thunk!($double, "lazy", [$($load,)* "movapd xmm2, xmm0", $operation, double!(deliver!("xmm2"))]);
        float_thunk!(
            $single,
            "lazy",
            [
                $($load,)*
                "movapd xmm2, xmm0",
                $operation,
                single!(deliver!("xmm3")),
                middle_of_two!(),
            ]
        );
    };
}

macro_rules! operands_ab {
    () => {
        concat!(load_a!(), "\nmovsd [rbp + {a}], xmm0\n", load_b!(), "\nmovsd [rbp + {b}], xmm1")
    };
}

// `packed_operands` has frC in frB's place.
macro_rules! operands_ac {
    () => {
        concat!(load_a!(), "\nmovsd [rbp + {a}], xmm0\n", load_b!(), "\nmovsd [rbp + {c}], xmm1")
    };
}

two_operands!(add, add_single, [operands_ab!()], "addsd xmm2, xmm1");
two_operands!(subtract, subtract_single, [operands_ab!()], "subsd xmm2, xmm1");
two_operands!(divide, divide_single, [operands_ab!()], "divsd xmm2, xmm1");
two_operands!(multiply, multiply_single, [operands_ac!()], "mulsd xmm2, xmm1");

/// Defines a multiply-add, in double and single precision.
macro_rules! fused {
    ($double:ident, $single:ident, $operation:literal, $deliver:ident) => {
        float_thunk!(
            $double,
            "lazy",
            [
                operands_ab!(),
                load_c!("xmm4"),
                "movsd [rbp + {c}], xmm4",
                "movapd xmm2, xmm0",
                concat!($operation, " xmm2, xmm4, xmm1"),
                double!($deliver!("xmm2")),
            ]
        );
        float_thunk!(
            $single,
            "lazy",
            [
                operands_ab!(),
                load_c!("xmm4"),
                "movsd [rbp + {c}], xmm4",
                "movapd xmm2, xmm0",
                concat!($operation, " xmm2, xmm4, xmm1"),
                single!($deliver!("xmm3")),
                middle_by_arm!(),
            ]
        );
    };
}

fused!(multiply_add, multiply_add_single, "vfmadd213sd", deliver);
fused!(multiply_subtract, multiply_subtract_single, "vfmsub213sd", deliver);
fused!(negative_multiply_add, negative_multiply_add_single, "vfmadd213sd", deliver_negated);
fused!(negative_multiply_subtract, negative_multiply_subtract_single, "vfmsub213sd", deliver_negated);

float_thunk!(
    round_to_single,
    "lazy",
    [load_b!(), "movsd [rbp + {b}], xmm1", "movapd xmm2, xmm1", rounded!(deliver!("xmm3"))]
);

float_thunk!(
    square_root,
    "lazy",
    [load_b!(), "movsd [rbp + {b}], xmm1", "sqrtsd xmm2, xmm1", double!(deliver!("xmm2"))]
);

float_thunk!(
    square_root_single,
    "lazy",
    [
        load_b!(),
        "movsd [rbp + {b}], xmm1",
        "movapd xmm0, xmm1",
        "sqrtsd xmm2, xmm1",
        single!(deliver!("xmm3")),
        middle_of_two!(),
    ]
);

float_thunk!(
    from_integer,
    "lazy",
    [
        load_b!(),
        "movsd [rbp + {b}], xmm1",
        "movq rcx, xmm1",
        "xorps xmm2, xmm2",
        "cvtsi2sd xmm2, rcx",
        deliver!("xmm2"),
    ]
);

/// Defines a conversion to an integer, rounding toward zero: FR is 0, and FI is known at once.
macro_rules! to_integer {
    ($name:ident, $reg:literal, $extend:literal) => {
        float_thunk!(
            $name,
            "site",
            [
                load_b!(),
                concat!("cvttsd2si ", $reg, ", xmm1"),
                // The least integer is the host's result for all values out of range; only it
                // overflows here.
                concat!("cmp ", $reg, ", 1"),
                "jo 9f",
                "xorps xmm0, xmm0",
                concat!("cvtsi2sd xmm0, ", $reg),
                $extend,
                "shr eax, 24",
                "mov [rbp + rax * 8 + {fpr}], rcx",
                "ucomisd xmm0, xmm1",
                "setne al",
                "or al, 0x10",
                "mov [rbp + {rounding}], al",
                "ret",
            ]
        );
    };
}

to_integer!(to_word, "ecx", "movsxd rcx, ecx");
to_integer!(to_doubleword, "rcx", "");

// The field is −1, 0 or 1 (`xenia_cpu::CrField`), and FPCC 8, 2 or 4.
float_thunk!(
    compare,
    "site",
    [
        load_a!(),
        load_b!(),
        "ucomisd xmm0, xmm1",
        "jp 9f",
        "seta al",
        "setb cl",
        "movzx eax, al",
        "movzx ecx, cl",
        "lea ecx, [rcx + rcx * 2]",
        "add ecx, eax",
        "lea eax, [rcx + rcx + 0x12]",
        "mov [rbp + {compare}], al",
        "mov eax, ecx",
        "and eax, 2",
        "add eax, eax",
        "sub rcx, rax",
        "ret",
    ]
);

// Minus zero compares as zero; a NaN selects frB.
float_thunk!(
    select,
    "site",
    [
        load_a!(),
        load_b!(),
        load_c!("xmm2"),
        "xorps xmm3, xmm3",
        "cmplesd xmm3, xmm0",
        "andpd xmm2, xmm3",
        "andnpd xmm3, xmm1",
        "orpd xmm2, xmm3",
        deliver!("xmm2"),
    ]
);
