//! Special-purpose registers: their numbers, as encoded by `mfspr` and `mtspr`, and their names.

/// XER: fixed-point exceptions, and the byte count of strings.
pub const XER: usize = 1;
/// LR: link register.
pub const LR: usize = 8;
/// CTR: count register.
pub const CTR: usize = 9;
/// VRSAVE: a mask of the vector registers in use.
pub const VRSAVE: usize = 256;
/// TB: time base, read-only; its upper half is [`TBU`].
pub const TB: usize = 268;
/// TBU: upper half of the time base, read-only.
pub const TBU: usize = 269;
/// SPRG0: the first of four registers for an operating system.
pub const SPRG0: usize = 272;
/// SPRG3: the last of these four registers.
pub const SPRG3: usize = 275;
/// PVR: processor version.
pub const PVR: usize = 287;
/// PIR: number of the hardware thread.
pub const PIR: usize = 1023;

/// Whether moves of the register with this number are privileged: bit 0 of the field `spr`, whose
/// halves are swapped in the number (PowerISA 2.02 book III, `mfspr` and `mtspr`).
#[must_use]
pub const fn is_privileged(number: usize) -> bool {
    number & 16 != 0
}

/// Numbers and names of the registers that mnemonics name, such as `mflr`.
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
