//! Memory access for HLE and devices: typed, checked, mirrored.
//!
//! These accesses go through the alias view and need committed memory only: the console's kernel
//! and devices are not bound by the guest's page rights (a kernel export that needs them checks
//! [`GuestMemory::is_writable`]). Every write bumps the versions of watched pages *after* the bytes
//! are written, ends reservations of the lines it touches (if the table is used), counts in
//! `writes_total`, and is repeated on the mirror. Naturally aligned values up to 8 bytes don't
//! tear. Device registers are not memory here: an access faults.

use crate::error::{Access, AccessKind, FaultKind, FileReadError, MemoryFault};
use crate::host;
use crate::layout::PAGE_SHIFT;
use crate::memory::GuestMemory;
use crate::page_table::{COMMITTED, WATCHED};
use std::fs::File;
use std::sync::atomic::{Ordering::*, fence};
use xenia_guest::{GuestAddr, GuestValue, PAGE_SIZE, RESERVATION_LINE};
use xenia_host::file;

/// Length of the first part of a string that is read. Most strings end in it, so it is short.
const FIRST_STRING_PART: u32 = 64;
/// Units of a wide string that one access reads.
const WIDE_STRING_PART: u32 = 32;

/// The body of [`GuestMemory::atomic_u32`] for a type, with the host's functions for its values.
macro_rules! exchange_body {
    ($memory:ident, $addr:ident, $f:ident, $value:ty, $load:ident, $compare_exchange:ident) => {{
        const SIZE: u32 = <$value as GuestValue>::SIZE;
        $memory.check_aligned($addr, SIZE)?;
        // SAFETY: `check_aligned` found the value committed and aligned.
        let mut seen = unsafe { host::$load($memory.alias.0, $addr.0) };
        loop {
            let old = <$value>::from_be(seen);
            let Some(new) = $f(old) else { return Ok(Err(old)) };
            // SAFETY: `check_aligned` found the value committed and aligned.
            let exchange = || unsafe { host::$compare_exchange($memory.alias.0, $addr.0, seen, new.to_be()) };
            let found = $memory.ending_reservations($addr, SIZE, exchange);
            if found == seen {
                $memory.after_write($addr.0, SIZE);
                $memory.mirror.repeat(|mirror| mirror.write($addr, new));
                return Ok(Ok(old));
            }
            seen = found;
        }
    }};
}

/// Converts a host length to a guest length; more than 4 GiB cannot be mapped from `addr` on.
fn length(addr: GuestAddr, len: usize, access: AccessKind) -> Access<u32> {
    u32::try_from(len).map_err(|_| MemoryFault { addr, kind: FaultKind::Unmapped, access })
}

impl GuestMemory {
    /// Reads a big-endian value.
    #[inline]
    pub fn read<T: GuestValue>(&self, addr: GuestAddr) -> Access<T> {
        self.check(addr.0, T::SIZE, COMMITTED, AccessKind::Load)?;
        let mut bytes = T::Bytes::default();
        let base = self.alias.0;
        let dst = bytes.as_mut();
        // SAFETY: the whole range is committed.
        unsafe {
            match T::SIZE {
                1 => dst.copy_from_slice(&host::load_u8(base, addr.0).to_ne_bytes()),
                2 => dst.copy_from_slice(&host::load_u16(base, addr.0).to_ne_bytes()),
                4 => dst.copy_from_slice(&host::load_u32(base, addr.0).to_ne_bytes()),
                8 => dst.copy_from_slice(&host::load_u64(base, addr.0).to_ne_bytes()),
                _ => host::copy_out(base, addr.0, dst),
            }
        }
        Ok(T::from_guest(bytes))
    }

    /// Writes a big-endian value.
    #[inline]
    pub fn write<T: GuestValue>(&self, addr: GuestAddr, value: T) -> Access<()> {
        self.check(addr.0, T::SIZE, COMMITTED, AccessKind::Store)?;
        let bytes = value.to_guest();
        let src = bytes.as_ref();
        // SAFETY: the whole range is committed.
        self.ending_reservations(addr, T::SIZE, || unsafe { self.put(addr.0, src) });
        self.after_write(addr.0, T::SIZE);
        self.mirror.repeat(|mirror| mirror.write(addr, value));
        Ok(())
    }

    /// # Safety
    /// The range is committed.
    #[inline(always)]
    unsafe fn put(&self, addr: u32, src: &[u8]) {
        let base = self.alias.0;
        // SAFETY: the caller guarantees that the whole range is committed.
        unsafe {
            match *src {
                [a] => host::store_u8(base, addr, a),
                [a, b] => host::store_u16(base, addr, u16::from_ne_bytes([a, b])),
                [a, b, c, d] => host::store_u32(base, addr, u32::from_ne_bytes([a, b, c, d])),
                [a, b, c, d, e, f, g, h] => {
                    host::store_u64(base, addr, u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
                }
                _ => host::copy_in(base, addr, src),
            }
        }
    }

    /// Makes a short write. With strict reservations, it ends the reservations of the lines
    /// atomically with the write.
    #[inline(always)]
    fn ending_reservations<R>(&self, addr: GuestAddr, len: u32, write: impl FnOnce() -> R) -> R {
        if self.reservations.is_strict() && (1..=RESERVATION_LINE).contains(&len) {
            self.reservations.write_strictly(addr, len, write)
        } else {
            write()
        }
    }

    /// Bookkeeping after every write by HLE or a device, once the bytes are in place.
    fn after_write(&self, addr: u32, len: u32) {
        let are_reserved = self.reservations.are_used();
        if are_reserved {
            // Also the read-modify-write that `invalidate_range_for_write` needs.
            self.counts.writes.count();
        } else {
            self.counts.writes.count_unordered();
        }
        if len == 0 {
            return;
        }
        self.bump_watched(addr, len);
        if are_reserved {
            self.reservations.invalidate_range_for_write(GuestAddr(addr), len);
        }
    }

    /// Bumps the versions of the watched pages among `addr..addr + len` (`len` > 0).
    pub(crate) fn bump_watched(&self, addr: u32, len: u32) {
        let last = addr.saturating_add(len - 1);
        for page in addr >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            if self.pages.page_flags(page) & WATCHED != 0 {
                self.stored_to_watched(page << PAGE_SHIFT);
            }
        }
    }

    /// Copies guest memory out. On a fault no byte has been copied.
    pub fn read_bytes(&self, addr: GuestAddr, into: &mut [u8]) -> Access<()> {
        let len = length(addr, into.len(), AccessKind::Load)?;
        self.check(addr.0, len, COMMITTED, AccessKind::Load)?;
        // SAFETY: the whole range is committed.
        unsafe { host::copy_out(self.alias.0, addr.0, into) };
        Ok(())
    }

    /// Copies into guest memory. On a fault no byte has been written.
    pub fn write_bytes(&self, addr: GuestAddr, from: &[u8]) -> Access<()> {
        let len = length(addr, from.len(), AccessKind::Store)?;
        self.check(addr.0, len, COMMITTED, AccessKind::Store)?;
        // SAFETY: the whole range is committed.
        self.ending_reservations(addr, len, || unsafe { self.put(addr.0, from) });
        self.after_write(addr.0, len);
        self.mirror.repeat(|mirror| mirror.write_bytes(addr, from));
        Ok(())
    }

    /// Sets `len` bytes to `value`. On a fault no byte has been written.
    pub fn fill(&self, addr: GuestAddr, len: u32, value: u8) -> Access<()> {
        self.check(addr.0, len, COMMITTED, AccessKind::Store)?;
        // SAFETY: the whole range is committed.
        self.ending_reservations(addr, len, || unsafe { host::fill(self.alias.0, addr.0, len, value) });
        self.after_write(addr.0, len);
        self.mirror.repeat(|mirror| mirror.fill(addr, len, value));
        Ok(())
    }

    /// Bytes before the first zero byte, at most `max`.
    pub fn read_c_string(&self, addr: GuestAddr, max: u32) -> Access<Vec<u8>> {
        let mut text = Vec::new();
        let mut at = addr.0;
        let mut part = FIRST_STRING_PART;
        while (text.len() as u32) < max {
            // No part is in two pages: the page after the terminator need not be mapped.
            let to_page_end = PAGE_SIZE - at % PAGE_SIZE;
            let len = part.min(to_page_end).min(max - text.len() as u32);
            part = part.saturating_mul(2);
            let start = text.len();
            text.resize(start + len as usize, 0);
            self.read_bytes(GuestAddr(at), &mut text[start..])?;
            if let Some(end) = text[start..].iter().position(|&b| b == 0) {
                text.truncate(start + end);
                break;
            }
            at = at.wrapping_add(len);
        }
        Ok(text)
    }

    /// UTF-16 code units before the first zero unit, at most `max` units.
    pub fn read_wide_string(&self, addr: GuestAddr, max: u32) -> Access<Vec<u16>> {
        let mut text = Vec::new();
        let mut at = addr.0;
        while (text.len() as u32) < max {
            // The page after the terminator need not be mapped. A unit at an odd address may lie in
            // two pages.
            let to_page_end = (PAGE_SIZE - at % PAGE_SIZE) / 2;
            let count = to_page_end.clamp(1, WIDE_STRING_PART).min(max - text.len() as u32);
            let mut bytes = [0; 2 * WIDE_STRING_PART as usize];
            let bytes = &mut bytes[..2 * count as usize];
            self.read_bytes(GuestAddr(at), bytes)?;
            for &unit in bytes.as_chunks().0 {
                match u16::from_be_bytes(unit) {
                    0 => return Ok(text),
                    unit => text.push(unit),
                }
            }
            at = at.wrapping_add(2 * count);
        }
        Ok(text)
    }

    /// Lets the host read up to `len` bytes at `offset` of `file` directly into guest memory,
    /// watched or not. Returns the number of bytes read: less than `len` only at the end of the
    /// file.
    pub fn read_file_into(
        &self,
        addr: GuestAddr,
        len: u32,
        file: &File,
        offset: u64,
    ) -> Result<u32, FileReadError> {
        self.check(addr.0, len, COMMITTED, AccessKind::Store)?;
        // SAFETY: the range is committed, and so writable through the alias view, to which no
        // reference is made.
        let (read, result) =
            unsafe { file::read_into(file, offset, self.alias.0.add(addr.0 as usize), len as usize) };
        let read = read as u32;
        self.after_write(addr.0, read);
        if read > 0 && self.mirror.is_set() {
            let mut bytes = vec![0; read as usize];
            self.read_bytes(addr, &mut bytes)?;
            self.mirror.repeat(|mirror| mirror.write_bytes(addr, &bytes));
        }
        result.map(|()| read).map_err(|source| FileReadError::Io { read, source })
    }

    /// Atomically replaces the word at `addr` by `f(word)`. `f` may be called repeatedly, and
    /// returns `None` to leave the word unchanged. Returns the previous word: `Ok` if it was
    /// replaced, else `Err`.
    pub fn atomic_u32(
        &self,
        addr: GuestAddr,
        mut f: impl FnMut(u32) -> Option<u32>,
    ) -> Access<Result<u32, u32>> {
        exchange_body!(self, addr, f, u32, load_u32, compare_exchange_u32)
    }

    /// Like [`GuestMemory::atomic_u32`], for a doubleword.
    pub fn atomic_u64(
        &self,
        addr: GuestAddr,
        mut f: impl FnMut(u64) -> Option<u64>,
    ) -> Access<Result<u64, u64>> {
        exchange_body!(self, addr, f, u64, load_u64, compare_exchange_u64)
    }

    fn check_aligned(&self, addr: GuestAddr, size: u32) -> Access<()> {
        if !addr.0.is_multiple_of(size) {
            return Err(MemoryFault { addr, kind: FaultKind::Misaligned, access: AccessKind::Store });
        }
        self.check(addr.0, size, COMMITTED, AccessKind::Store)
    }

    /// Release fence: a thread that reads one of this thread's later writes with Acquire also sees
    /// all earlier ones.
    pub fn fence_release(&self) {
        fence(Release);
    }
}
