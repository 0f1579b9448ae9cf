//! ALU operations: one row each, with opcode, name and number of operands.

macro_rules! operations {
    ($(#[doc = $doc:literal])* $name:ident else $default:ident { $($(#[doc = $odoc:literal])* $number:literal $variant:ident $text:literal $operands:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $odoc])* $variant = $number,)* }

        impl $name {
            /// Decodes the opcode field; undefined opcodes have no visible effect.
            pub const fn from_bits(bits: u32) -> Self {
                match bits { $($number => Self::$variant,)* _ => Self::$default }
            }

            /// Mnemonic in assembly text.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Number of operands.
            pub const fn operands(self) -> usize {
                match self { $(Self::$variant => $operands,)* }
            }

            /// All operations of the unit.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
        }
    };
}

operations! {
    /// Operations of the vector unit.
    VectorOp else Max {
        /// a + b
        0 Add "add" 2,
        /// a * b, where zero times anything is +0
        1 Mul "mul" 2,
        /// a >= b ? a : b
        2 Max "max" 2,
        /// a < b ? a : b
        3 Min "min" 2,
        /// a == b ? 1 : 0
        4 Seq "seq" 2,
        /// a > b ? 1 : 0
        5 Sgt "sgt" 2,
        /// a >= b ? 1 : 0
        6 Sge "sge" 2,
        /// a != b ? 1 : 0
        7 Sne "sne" 2,
        /// a - floor(a)
        8 Frc "frc" 1,
        /// Rounds towards zero
        9 Trunc "trunc" 1,
        /// Rounds towards minus infinity
        10 Floor "floor" 1,
        /// a * b + c
        11 Mad "mad" 3,
        /// a == 0 ? b : c
        12 CndEq "cndeq" 3,
        /// a >= 0 ? b : c
        13 CndGe "cndge" 3,
        /// a > 0 ? b : c
        14 CndGt "cndgt" 3,
        /// Dot product of four components
        15 Dp4 "dp4" 2,
        /// Dot product of three components
        16 Dp3 "dp3" 2,
        /// Dot product of two components, plus c.x
        17 Dp2Add "dp2add" 3,
        /// Cube map coordinates
        18 Cube "cube" 2,
        /// Largest of a's components
        19 Max4 "max4" 1,
        /// Predicate: equal; counts nesting
        20 SetpEqPush "setp_eq_push" 2,
        /// Predicate: not equal; counts nesting
        21 SetpNePush "setp_ne_push" 2,
        /// Predicate: greater; counts nesting
        22 SetpGtPush "setp_gt_push" 2,
        /// Predicate: greater or equal; counts nesting
        23 SetpGePush "setp_ge_push" 2,
        /// Discards where any component is equal
        24 KillEq "kill_eq" 2,
        /// Discards where any component is greater
        25 KillGt "kill_gt" 2,
        /// Discards where any component is greater or equal
        26 KillGe "kill_ge" 2,
        /// Discards where any component differs
        27 KillNe "kill_ne" 2,
        /// Distance vector (1, a.y * b.y, a.z, b.w)
        28 Dst "dst" 2,
        /// Max, and sets the address register
        29 MaxA "maxa" 2,
    }
}

operations! {
    /// Operations of the scalar unit. `ps` is the previous scalar result.
    ScalarOp else RetainPrev {
        /// a + b
        0 Adds "adds" 2,
        /// a + ps
        1 AddsPrev "adds_prev" 1,
        /// a * b
        2 Muls "muls" 2,
        /// a * ps
        3 MulsPrev "muls_prev" 1,
        /// a * ps, for lighting
        4 MulsPrev2 "muls_prev2" 2,
        /// a >= b ? a : b
        5 Maxs "maxs" 2,
        /// a < b ? a : b
        6 Mins "mins" 2,
        /// a == 0 ? 1 : 0
        7 Seqs "seqs" 1,
        /// a > 0 ? 1 : 0
        8 Sgts "sgts" 1,
        /// a >= 0 ? 1 : 0
        9 Sges "sges" 1,
        /// a != 0 ? 1 : 0
        10 Snes "snes" 1,
        /// a - floor(a)
        11 Frcs "frcs" 1,
        /// Rounds towards zero
        12 Truncs "truncs" 1,
        /// Rounds towards minus infinity
        13 Floors "floors" 1,
        /// 2 to the power of a
        14 Exp "exp" 1,
        /// Logarithm to base 2, clamped
        15 Logc "logc" 1,
        /// Logarithm to base 2
        16 Log "log" 1,
        /// 1 / a, clamped
        17 Rcpc "rcpc" 1,
        /// 1 / a, infinities flushed
        18 Rcpf "rcpf" 1,
        /// 1 / a
        19 Rcp "rcp" 1,
        /// 1 / sqrt(a), clamped
        20 Rsqc "rsqc" 1,
        /// 1 / sqrt(a), infinities flushed
        21 Rsqf "rsqf" 1,
        /// 1 / sqrt(a)
        22 Rsq "rsq" 1,
        /// Max, and sets the address register, rounded to nearest
        23 MaxAs "maxas" 2,
        /// Max, and sets the address register, rounded down
        24 MaxAsf "maxasf" 2,
        /// a - b
        25 Subs "subs" 2,
        /// a - ps
        26 SubsPrev "subs_prev" 1,
        /// Predicate: a == 0
        27 SetpEq "setp_eq" 1,
        /// Predicate: a != 0
        28 SetpNe "setp_ne" 1,
        /// Predicate: a > 0
        29 SetpGt "setp_gt" 1,
        /// Predicate: a >= 0
        30 SetpGe "setp_ge" 1,
        /// Predicate: inverts a nesting count
        31 SetpInv "setp_inv" 1,
        /// Predicate: decrements a nesting count
        32 SetpPop "setp_pop" 1,
        /// Predicate: always false
        33 SetpClr "setp_clr" 0,
        /// Predicate: restores a nesting count
        34 SetpRstr "setp_rstr" 1,
        /// Discards where a == 0
        35 KillsEq "kills_eq" 1,
        /// Discards where a > 0
        36 KillsGt "kills_gt" 1,
        /// Discards where a >= 0
        37 KillsGe "kills_ge" 1,
        /// Discards where a != 0
        38 KillsNe "kills_ne" 1,
        /// Discards where a == 1
        39 KillsOne "kills_one" 1,
        /// Square root of a
        40 Sqrt "sqrt" 1,
        /// Constant times register
        42 Mulsc0 "mulsc0" 2,
        /// Constant times register
        43 Mulsc1 "mulsc1" 2,
        /// Constant plus register
        44 Addsc0 "addsc0" 2,
        /// Constant plus register
        45 Addsc1 "addsc1" 2,
        /// Constant minus register
        46 Subsc0 "subsc0" 2,
        /// Constant minus register
        47 Subsc1 "subsc1" 2,
        /// Sine of a
        48 Sin "sin" 1,
        /// Cosine of a
        49 Cos "cos" 1,
        /// Returns ps unchanged
        50 RetainPrev "retain_prev" 0,
    }
}

impl VectorOp {
    /// Whether the operation can discard pixels.
    pub const fn kills(self) -> bool {
        matches!(self, Self::KillEq | Self::KillGt | Self::KillGe | Self::KillNe)
    }

    /// Whether the operation has a side effect.
    pub const fn changes_state(self) -> bool {
        self.kills()
            || matches!(
                self,
                Self::SetpEqPush | Self::SetpNePush | Self::SetpGtPush | Self::SetpGePush | Self::MaxA
            )
    }
}

impl ScalarOp {
    /// Whether the operation can discard pixels.
    pub const fn kills(self) -> bool {
        matches!(self, Self::KillsEq | Self::KillsGt | Self::KillsGe | Self::KillsNe | Self::KillsOne)
    }

    /// Whether the operation sets the predicate.
    pub const fn changes_predicate(self) -> bool {
        matches!(
            self,
            Self::SetpEq
                | Self::SetpNe
                | Self::SetpGt
                | Self::SetpGe
                | Self::SetpInv
                | Self::SetpPop
                | Self::SetpClr
                | Self::SetpRstr
        )
    }

    /// Whether the operands are a constant and a register rather than two components of one.
    pub const fn takes_constant_and_register(self) -> bool {
        matches!(
            self,
            Self::Mulsc0 | Self::Mulsc1 | Self::Addsc0 | Self::Addsc1 | Self::Subsc0 | Self::Subsc1
        )
    }
}
