//! The floating-point thunks, built from shared macros. See [`super`].

use super::parts::MARKS;
use super::*;

/// Defines a row with two operands, in double and single precision, and each as the first of a
/// pair.
macro_rules! two_operands {
    ([$($name:ident),*], $keep:literal, $operation:literal) => {
        two_operands!(
            $($name),*;
            concat!(load_a!(), "\nmovsd [rbp + {a}], xmm0\n", load_b!(), $keep),
            concat!(load_a!(), "\n", load_b!()),
            concat!("movapd xmm2, xmm0\n", $operation)
        );
    };
    (
        $double:ident, $single:ident, $first:ident, $first_single:ident;
        $load:expr, $load_only:expr, $operation:expr
    ) => {
        float_thunk!($double, "lazy", [$load, $operation, double!(deliver!("xmm2"))]);
        float_thunk!($single, "lazy", [$load, $operation, single!(deliver!("xmm3")), middle_of_two!()]);
        first_thunk!($first, [$load_only, $operation, double!(pass_on!("xmm2"))]);
        first_thunk!($first_single, [$load_only, $operation, single!(pass_on!("xmm3")), middle_of_two!()]);
    };
}

two_operands!(
    [add, add_single, first_add, first_add_single],
    "\nmovsd [rbp + {b}], xmm1",
    "addsd xmm2, xmm1"
);
two_operands!(
    [subtract, subtract_single, first_subtract, first_subtract_single],
    "\nmovsd [rbp + {b}], xmm1",
    "subsd xmm2, xmm1"
);
two_operands!(
    [divide, divide_single, first_divide, first_divide_single],
    "\nmovsd [rbp + {b}], xmm1",
    "divsd xmm2, xmm1"
);
// `packed_operands` has frC in frB's place.
two_operands!(
    [multiply, multiply_single, first_multiply, first_multiply_single],
    "\nmovsd [rbp + {c}], xmm1",
    "mulsd xmm2, xmm1"
);

/// Defines a multiply-add, in double and single precision, and each as the first of a pair.
macro_rules! fused {
    ([$($name:ident),* $(,)?], $operation:literal, $deliver:ident, $pass_on:ident) => {
        fused!(
            $($name),*;
            concat!(
                load_a!(),
                "\nmovsd [rbp + {a}], xmm0\n",
                load_b!(),
                "\nmovsd [rbp + {b}], xmm1\n",
                load_c!("xmm4"),
                "\nmovsd [rbp + {c}], xmm4"
            ),
            concat!(load_a!(), "\n", load_b!(), "\n", load_c!("xmm4")),
            concat!("movapd xmm2, xmm0\n", $operation, " xmm2, xmm4, xmm1"),
            $deliver,
            $pass_on
        );
    };
    (
        $double:ident, $single:ident, $first:ident, $first_single:ident;
        $load:expr, $load_only:expr, $operation:expr, $deliver:ident, $pass_on:ident
    ) => {
        float_thunk!($double, "lazy", [$load, $operation, double!($deliver!("xmm2"))]);
        float_thunk!($single, "lazy", [$load, $operation, single!($deliver!("xmm3")), middle_by_arm!()]);
        first_thunk!($first, [$load_only, $operation, double!($pass_on!("xmm2"))]);
        first_thunk!($first_single, [$load_only, $operation, single!($pass_on!("xmm3")), middle_by_arm!()]);
    };
}

fused!(
    [multiply_add, multiply_add_single, first_multiply_add, first_multiply_add_single],
    "vfmadd213sd",
    deliver,
    pass_on
);
fused!(
    [multiply_subtract, multiply_subtract_single, first_multiply_subtract, first_multiply_subtract_single],
    "vfmsub213sd",
    deliver,
    pass_on
);
fused!(
    [
        negative_multiply_add,
        negative_multiply_add_single,
        first_negative_multiply_add,
        first_negative_multiply_add_single,
    ],
    "vfmadd213sd",
    deliver_negated,
    pass_on_negated
);
fused!(
    [
        negative_multiply_subtract,
        negative_multiply_subtract_single,
        first_negative_multiply_subtract,
        first_negative_multiply_subtract_single,
    ],
    "vfmsub213sd",
    deliver_negated,
    pass_on_negated
);

first_thunk!(first_round_to_single, [load_b!(), "movapd xmm2, xmm1", rounded!(pass_on!("xmm3"))]);

first_thunk!(
    first_from_integer,
    [load_b!(), "movq rcx, xmm1", "xorps xmm2, xmm2", "cvtsi2sd xmm2, rcx", pass_on!("xmm2")]
);

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
