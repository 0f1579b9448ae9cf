//! Reference implementations of some instructions, from the books' descriptions, for rows that qemu
//! lacks.

/// The big-endian bytes of a vector register.
pub(crate) fn bytes(value: u128) -> [u8; 16] {
    value.to_be_bytes()
}

/// `lvlx`: the bytes from `ea` to the end of its quadword, left-justified, followed by zeros.
pub(crate) fn lvlx(memory: &[u8], ea: usize) -> u128 {
    let mut out = [0; 16];
    let count = 16 - ea % 16;
    out[..count].copy_from_slice(&memory[ea..ea + count]);
    u128::from_be_bytes(out)
}

/// `lvrx`: the bytes of the quadword before `ea`, right-justified, preceded by zeros.
pub(crate) fn lvrx(memory: &[u8], ea: usize) -> u128 {
    let mut out = [0; 16];
    let count = ea % 16;
    out[16 - count..].copy_from_slice(&memory[ea - count..ea]);
    u128::from_be_bytes(out)
}

/// `stvlx`: stores the left bytes of the register from `ea` up to the end of its quadword.
pub(crate) fn stvlx(memory: &mut [u8], ea: usize, value: u128) {
    let count = 16 - ea % 16;
    memory[ea..ea + count].copy_from_slice(&bytes(value)[..count]);
}

/// `stvrx`: stores the right bytes of the register in the quadword's bytes before `ea`.
pub(crate) fn stvrx(memory: &mut [u8], ea: usize, value: u128) {
    let count = ea % 16;
    memory[ea - count..ea].copy_from_slice(&bytes(value)[16 - count..]);
}

/// `vsl` or `vsr` as on the console: bit by bit, each from the place that the count of its byte in
/// `b` says, with zeros from outside.
pub(crate) fn shifted_bytes(a: u128, b: u128, is_left: bool) -> u128 {
    (0..128).fold(0, |result, bit| {
        let count = (b >> (bit & !7)) as u32 & 7;
        let moved = if is_left { a << count } else { a >> count };
        result | moved & 1_u128 << bit
    })
}

/// Whether a trap's condition is true; with `word`, the low words are compared.
pub(crate) fn traps(to: u64, a: u64, b: u64, word: bool) -> bool {
    let (a, b) = if word { (a as i32 as i64 as u64, b as i32 as i64 as u64) } else { (a, b) };
    let (ua, ub) = if word { (a & 0xFFFF_FFFF, b & 0xFFFF_FFFF) } else { (a, b) };
    let sa = a as i64;
    let sb = b as i64;
    to & 16 != 0 && sa < sb
        || to & 8 != 0 && sa > sb
        || to & 4 != 0 && sa == sb
        || to & 2 != 0 && ua < ub
        || to & 1 != 0 && ua > ub
}
