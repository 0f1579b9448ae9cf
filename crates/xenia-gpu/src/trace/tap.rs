//! Memory tap: records every byte that the chip reads and that the trace does not contain yet.
//!
//! The tap keeps a copy of each page as it will be in the player's memory. A byte read that differs
//! from the copy must be in the trace before the current call; a byte that the chip writes will be
//! written by the player, too.

use super::TraceEvent;
use crate::memory::{PAGE_SIZE, PhysicalMemory, page_parts};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_sync::{Level, Mutex, MutexGuard};

const PAGE: usize = PAGE_SIZE as usize;
/// Runs of recorded bytes at most this far apart become one event.
const GAP: usize = 8;

/// Bitmap with one bit per byte of a page.
type Bits = [u64; PAGE / 64];

/// Page as the player will have it, and the accesses of the current call.
struct Page {
    bytes: Box<[u8; PAGE]>,
    /// Bytes that must be in the trace before the call, with the values that were read.
    noted: Option<Box<(Bits, [u8; PAGE])>>,
    /// Bytes that the chip wrote during the call.
    written: Option<Box<Bits>>,
}

impl Default for Page {
    fn default() -> Self {
        Self { bytes: Box::new([0; PAGE]), noted: None, written: None }
    }
}

#[derive(Default)]
struct Pages {
    by_number: BTreeMap<u32, Page>,
    /// Pages with recorded or written bytes.
    touched: Vec<u32>,
}

fn has(bits: &Bits, at: usize) -> bool {
    bits[at / 64] >> (at % 64) & 1 != 0
}

fn set(bits: &mut Bits, at: usize) {
    bits[at / 64] |= 1 << (at % 64);
}

/// Wrapper of a [`PhysicalMemory`] that records reads.
pub(crate) struct Tap {
    inner: Arc<dyn PhysicalMemory>,
    pages: Mutex<Pages>,
}

impl Tap {
    pub(crate) fn new(inner: Arc<dyn PhysicalMemory>) -> Self {
        Self { inner, pages: Mutex::new(Level::Leaf, Pages::default()) }
    }

    /// The wrapped memory.
    pub(crate) fn inner(&self) -> Arc<dyn PhysicalMemory> {
        self.inner.clone()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock()
    }

    /// Calls `to` with the memory events that must precede the completed call, in order of
    /// addresses.
    pub(crate) fn take_noted(&self, mut to: impl FnMut(TraceEvent)) {
        let mut pages = self.pages();
        let mut touched = std::mem::take(&mut pages.touched);
        touched.sort_unstable();
        touched.dedup();
        for number in touched {
            let Some(page) = pages.by_number.get_mut(&number) else { continue };
            let written = page.written.take();
            let Some(noted) = page.noted.take() else { continue };
            let (bits, bytes) = &*noted;
            // A gap's bytes equal the player's, unless the call wrote them.
            let is_known = |at: usize| written.as_ref().is_none_or(|written| !has(written, at));
            let mut at = 0;
            while at < PAGE {
                if !has(bits, at) {
                    at += 1;
                    continue;
                }
                let start = at;
                let mut end = at + 1;
                let mut ahead = end;
                while ahead < PAGE && ahead < end + GAP && (has(bits, ahead) || is_known(ahead)) {
                    ahead += 1;
                    if has(bits, ahead - 1) {
                        end = ahead;
                    }
                }
                let value = |i: usize| if has(bits, i) { bytes[i] } else { page.bytes[i] };
                to(TraceEvent::Memory {
                    at: number * PAGE_SIZE + start as u32,
                    bytes: (start..end).map(value).collect(),
                });
                at = end;
            }
        }
    }
}

impl PhysicalMemory for Tap {
    fn read(&self, physical: u32, into: &mut [u8]) {
        self.inner.read(physical, into);
        let mut pages = self.pages();
        let Pages { by_number, touched } = &mut *pages;
        for (address, range) in page_parts(physical, into.len()) {
            let number = address / PAGE_SIZE;
            let offset = address as usize % PAGE;
            let page = by_number.entry(number).or_default();
            let read = &into[range];
            if page.bytes[offset..offset + read.len()] == *read {
                continue;
            }
            touched.push(number);
            let noted = page.noted.get_or_insert_with(|| Box::new(([0; PAGE / 64], [0; PAGE])));
            for (at, &byte) in (offset..).zip(read) {
                if page.bytes[at] != byte {
                    page.bytes[at] = byte;
                    set(&mut noted.0, at);
                    noted.1[at] = byte;
                }
            }
        }
    }

    fn write(&self, physical: u32, from: &[u8]) {
        self.inner.write(physical, from);
        let mut pages = self.pages();
        let Pages { by_number, touched } = &mut *pages;
        for (address, range) in page_parts(physical, from.len()) {
            let number = address / PAGE_SIZE;
            let offset = address as usize % PAGE;
            let page = by_number.entry(number).or_default();
            let range = &from[range];
            page.bytes[offset..offset + range.len()].copy_from_slice(range);
            touched.push(number);
            let written = page.written.get_or_insert_with(|| Box::new([0; PAGE / 64]));
            (offset..offset + range.len()).for_each(|at| set(written, at));
        }
    }

    // Differs from the inner memory's version, so that backends reread data that they cached before
    // the recording and it gets into the trace.
    fn version(&self, physical: u32, length: u32) -> u64 {
        self.inner.version(physical, length) ^ 1 << 63
    }

    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        self.inner.track(physical, length).map(|version| version ^ 1 << 63)
    }
}
