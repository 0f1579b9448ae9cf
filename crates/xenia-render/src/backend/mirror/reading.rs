//! Reads of the mirror: the contents of a range, and its parts on the device.

use std::ops::Range;

use xenia_gpu::memory::{PAGE_SIZE, PHYSICAL_SIZE};
use xenia_gpu::{PhysicalMemory, PhysicalRange};

use super::pages::pages_of;
use super::{Mirror, version};

/// Contents of a range: they have not changed while this is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Contents {
    /// Version of the pages in memory.
    memory: u64,
    /// Hash of the resolves to the pages on the device.
    device: u64,
}

/// Part of a range that is on the device.
pub(in super::super) struct Piece {
    pub(in super::super) buffer: wgpu::Buffer,
    /// Position in the buffer.
    pub(in super::super) from: u64,
    /// Bytes from the start of the range.
    pub(in super::super) within: Range<u64>,
    /// The same texels at the host's resolution, if they are available.
    pub(in super::super) scaled: Option<ScaledPiece>,
}

/// Texels of a piece at the host's resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct ScaledPiece {
    pub(in super::super) buffer: wgpu::Buffer,
    /// Position in the buffer.
    pub(in super::super) from: u64,
    /// Bytes of a guest texel.
    pub(in super::super) texel_bytes: u32,
}

/// A page that the CPU has written lacks bytes of a resolve: these must be delivered first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Torn;

impl Mirror {
    /// State of a range's contents.
    pub(in super::super) fn contents(
        &self,
        physical: u32,
        length: u32,
        memory: &dyn PhysicalMemory,
    ) -> Contents {
        let mut sum = 0_u64;
        let mut device = 0_u64;
        if self.pages.is_empty() {
            return Contents { memory: memory.version(physical, length), device };
        }
        for pages in pages_of(PhysicalRange { start: physical, length }) {
            let mut next = pages.start;
            let mut add = |run: Range<u32>| {
                if !run.is_empty() {
                    let version = memory.version(run.start * PAGE_SIZE, (run.end - run.start) * PAGE_SIZE);
                    sum = sum.wrapping_add(version);
                }
            };
            for (number, page) in self.pages.range(pages.clone()) {
                if page.version == version(memory, number) {
                    add(next..number);
                    next = number + 1;
                    // FNV-1a of the page and its resolve.
                    for value in [u64::from(number), page.stamp] {
                        device = (device ^ value).wrapping_mul(0x100_0000_01b3).wrapping_add(1);
                    }
                }
            }
            add(next..pages.end);
        }
        Contents { memory: sum, device }
    }

    /// Parts of a range that are on the device, in order.
    pub(in super::super) fn pieces(
        &self,
        physical: u32,
        length: u32,
        memory: &dyn PhysicalMemory,
    ) -> Result<Vec<Piece>, Torn> {
        let physical = physical % PHYSICAL_SIZE;
        let mut pieces: Vec<Piece> = Vec::new();
        let mut before = 0;
        for pages in pages_of(PhysicalRange { start: physical, length }) {
            // Bytes from the start of the range to the start of a page, which may lie before it.
            let start = if before == 0 { i64::from(physical) } else { 0 };
            let end = before + i64::from(pages.end) * i64::from(PAGE_SIZE) - start;
            for (number, page) in self.pages.range(pages) {
                if page.version != version(memory, number) {
                    if page.is_lacking() {
                        return Err(Torn);
                    }
                    continue;
                }
                let Some(image) = self.images.get(&page.image) else { continue };
                let at = before + i64::from(number) * i64::from(PAGE_SIZE) - start;
                let cut = (-at).max(0);
                let within = (at + cut) as u64..((at + i64::from(PAGE_SIZE)).min(i64::from(length))) as u64;
                let from = image.place(number) + cut as u64;
                match pieces.last_mut() {
                    Some(last)
                        if last.within.end == within.start
                            && last.buffer == image.buffer
                            && last.from + (last.within.end - last.within.start) == from =>
                    {
                        last.within.end = within.end;
                    }
                    _ => {
                        let scaled = image.scaled.as_ref().map(|scaled| ScaledPiece {
                            buffer: scaled.buffer.clone(),
                            from: scaled.place(from),
                            texel_bytes: scaled.texel_bytes,
                        });
                        pieces.push(Piece { buffer: image.buffer.clone(), from, within, scaled });
                    }
                }
            }
            before = end;
        }
        Ok(pieces)
    }
}
