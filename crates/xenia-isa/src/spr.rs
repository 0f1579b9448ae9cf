//! Special-purpose registers: their numbers, as `mfspr` and `mtspr` have them in their fields, and
//! their names.

/// Fixed-point exceptions, and the byte count of strings.
pub const XER: usize = 1;
/// Link register.
pub const LR: usize = 8;
/// Count register.
pub const CTR: usize = 9;
/// Which vector registers are in use.
pub const VRSAVE: usize = 256;
/// Time base, to be read; its upper half is [`TBU`].
pub const TB: usize = 268;
/// Upper half of the time base, to be read.
pub const TBU: usize = 269;
/// The first of four registers for an operating system's own use.
pub const SPRG0: usize = 272;
/// The last of them.
pub const SPRG3: usize = 275;
/// Processor version.
pub const PVR: usize = 287;
/// Number of the hardware thread.
pub const PIR: usize = 1023;

/// Numbers and names of those that mnemonics name, as in `mflr`.
pub(crate) static NAMES: &[(i64, &str)] = &[
    (XER as i64, "xer"),
    (LR as i64, "lr"),
    (CTR as i64, "ctr"),
    (18, "dsisr"),
    (19, "dar"),
    (22, "dec"),
    (25, "sdr1"),
    (26, "srr0"),
    (27, "srr1"),
    (VRSAVE as i64, "vrsave"),
    (SPRG0 as i64, "sprg0"),
    (273, "sprg1"),
    (274, "sprg2"),
    (SPRG3 as i64, "sprg3"),
    (PVR as i64, "pvr"),
];
