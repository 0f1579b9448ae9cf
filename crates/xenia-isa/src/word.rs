//! Encodings of instructions without operands.

/// `nop`: `ori r0,r0,0`.
pub const NOP: u32 = 0x6000_0000;
/// `blr`: returns to the address in LR.
pub const BLR: u32 = 0x4E80_0020;
/// `bctr`: jumps to the address in CTR.
pub const BCTR: u32 = 0x4E80_0420;
/// `bctrl`: calls the address in CTR.
pub const BCTRL: u32 = 0x4E80_0421;

/// `sc`: a system call of this level.
pub const fn sc(level: u8) -> u32 {
    0x4400_0002 | (level as u32) << 5
}
