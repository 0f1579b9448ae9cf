//! Single host accesses to guest memory.
//!
//! # Safety rules
//! - Every function takes the base of a view and a 32-bit guest address; `base + addr` up to the
//!   access size must be mapped with the rights that the access needs. Callers have checked the
//!   page table, and use the alias view, which never loses its mapping.
//! - Other threads, including compiled guest code, access the same bytes at any time. The accesses
//!   are therefore machine instructions (`asm!`), opaque to the compiler: no reference into guest
//!   memory is made, no value is assumed to stay, and a naturally aligned access of up to 8 bytes
//!   does not tear. They are Acquire loads and Release stores, and copies of 64 bytes and more come
//!   after earlier accesses and before later ones. `arch::accesses` has the instructions.
//! - Values are passed in memory order (little-endian words of big-endian data).

use crate::arch::accesses;
pub(crate) use crate::arch::accesses::{
    compare_exchange_u32, compare_exchange_u64, load_u8, load_u16, load_u32, load_u64, store_u8, store_u16,
    store_u32, store_u64,
};

/// Host address of a view's guest address 0.
#[derive(Clone, Copy)]
pub(crate) struct ViewBase(pub(crate) *mut u8);

// SAFETY: only an address; every use of it is an unsafe function that states its requirements.
unsafe impl Send for ViewBase {}
// SAFETY: only an address, which threads may share; its uses state their requirements.
unsafe impl Sync for ViewBase {}

/// Copies guest bytes out. Below 64 bytes, parts that are aligned on both sides don't tear.
///
/// # Safety
/// See the module's rules, for `dst.len()` bytes.
pub(crate) unsafe fn copy_out(base: *const u8, addr: u32, dst: &mut [u8]) {
    if dst.len() < 64 {
        let mut at = addr;
        let mut rest = dst;
        while !rest.is_empty() {
            let size = 1 << rest.len().min(8).ilog2();
            // SAFETY: inside the range that the caller guarantees.
            let bytes = unsafe {
                match size {
                    8 => load_u64(base, at),
                    4 => load_u32(base, at).into(),
                    2 => load_u16(base, at).into(),
                    _ => load_u8(base, at).into(),
                }
            };
            let (piece, after) = std::mem::take(&mut rest).split_at_mut(size);
            piece.copy_from_slice(&u64::to_le_bytes(bytes)[..size]);
            at = at.wrapping_add(size as u32);
            rest = after;
        }
        return;
    }
    // SAFETY: the caller guarantees the source; destination and length are the slice's.
    unsafe { accesses::copy(base.add(addr as usize), dst.as_mut_ptr(), dst.len()) };
}

/// Copies bytes into guest memory. Below 64 bytes, parts that are aligned on both sides don't tear.
///
/// # Safety
/// See the module's rules, for `src.len()` bytes.
pub(crate) unsafe fn copy_in(base: *mut u8, addr: u32, src: &[u8]) {
    if src.len() < 64 {
        let mut at = addr;
        let mut rest = src;
        while !rest.is_empty() {
            let size = 1 << rest.len().min(8).ilog2();
            let (piece, after) = rest.split_at(size);
            let mut bytes = [0; 8];
            bytes[..size].copy_from_slice(piece);
            let value = u64::from_le_bytes(bytes);
            // SAFETY: inside the range that the caller guarantees.
            unsafe {
                match size {
                    8 => store_u64(base, at, value),
                    4 => store_u32(base, at, value as u32),
                    2 => store_u16(base, at, value as u16),
                    _ => store_u8(base, at, value as u8),
                }
            }
            at = at.wrapping_add(size as u32);
            rest = after;
        }
        return;
    }
    // SAFETY: the caller guarantees the destination; source and length are the slice's.
    unsafe { accesses::copy(src.as_ptr(), base.add(addr as usize), src.len()) };
}

/// Sets `len` guest bytes to `value`.
///
/// # Safety
/// See the module's rules, for `len` bytes.
pub(crate) unsafe fn fill(base: *mut u8, addr: u32, len: u32, value: u8) {
    // SAFETY: the caller guarantees the destination.
    unsafe { accesses::set(base.add(addr as usize), len as usize, value) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_round_trip_and_copies_have_every_length() {
        let mut space = vec![0_u8; 4096];
        let base = space.as_mut_ptr();
        // SAFETY: all addresses lie inside `space`, which has no other user meanwhile.
        unsafe {
            store_u8(base, 1, 0x11);
            store_u16(base, 3, 0x2233);
            store_u32(base, 7, 0x4455_6677);
            store_u64(base, 13, 0x8899_AABB_CCDD_EEFF);
            assert_eq!(load_u8(base, 1), 0x11);
            assert_eq!(load_u16(base, 3), 0x2233);
            assert_eq!(load_u32(base, 7), 0x4455_6677);
            assert_eq!(load_u64(base, 13), 0x8899_AABB_CCDD_EEFF);
            assert_eq!(compare_exchange_u32(base, 32, 0, 5), 0);
            assert_eq!(compare_exchange_u32(base, 32, 0, 6), 5);
            assert_eq!(compare_exchange_u64(base, 40, 0, 7), 0);
            assert_eq!(load_u64(base, 40), 7);
            for len in 0..200_usize {
                let data: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
                copy_in(base, 1001, &data);
                let mut back = vec![0; len];
                copy_out(base, 1001, &mut back);
                assert_eq!(back, data);
            }
            fill(base, 1001, 50, 0xEE);
            assert_eq!(load_u8(base, 1050), 0xEE);
            assert_ne!(load_u8(base, 1051), 0xEE);
        }
    }
}
