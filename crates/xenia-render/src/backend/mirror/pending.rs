//! Pending pages of the mirror: their delivery to memory.
//!
//! A delivery is taken, copied to a buffer by the device, and written. Only the bytes of texels are
//! written, as the title may write other bytes of a page meanwhile. Invariant: a page is
//! undelivered until a delivery takes it, so no two deliveries have the same texels.

use std::ops::Range;

use xenia_gpu::memory::{PAGE_SIZE, PHYSICAL_SIZE};
use xenia_gpu::{PhysicalMemory, PhysicalRange};

use super::pages::pages_of;
use super::{Mirror, track};

impl Delivery {
    /// Whether pages of a range are delivered.
    pub(in super::super) fn touches(&self, range: PhysicalRange) -> bool {
        let (Some((first, _)), Some((last, _))) = (self.pages.first(), self.pages.last()) else {
            return false;
        };
        pages_of(range).any(|pages| pages.start <= *last && *first < pages.end)
    }
}

/// Pages of one image to read back.
pub(in super::super) struct Delivery {
    pub(in super::super) buffer: wgpu::Buffer,
    pub(in super::super) from: u64,
    pub(in super::super) length: u64,
    /// Physical address and byte range in the delivery of what memory gets.
    pub(in super::super) writes: Vec<(u32, Range<usize>)>,
    /// Its pages, which are consecutive, and whether memory will have them as the device does.
    pages: Vec<(u32, bool)>,
}

impl Mirror {
    /// Begins the delivery of undelivered pages: those of a range, or all. With `skips`, pages that
    /// the CPU has written since are dropped instead.
    pub(in super::super) fn take(
        &mut self,
        range: Option<PhysicalRange>,
        skips: bool,
        memory: &dyn PhysicalMemory,
    ) -> Vec<Delivery> {
        let range = range.unwrap_or(PhysicalRange { start: 0, length: PHYSICAL_SIZE });
        let numbers: Vec<u32> = pages_of(range).flat_map(|pages| self.undelivered.range(pages)).collect();
        let mut deliveries: Vec<(u64, Delivery)> = Vec::new();
        for number in numbers {
            let is_current = self.is_current(number, memory);
            if !is_current && skips {
                self.drop_page(number);
                continue;
            }
            let Some(page) = self.pages.get_mut(number) else { continue };
            let (Some(bytes), Some(image)) = (page.undelivered.take(), self.images.get(&page.image)) else {
                continue;
            };
            self.undelivered.set(number, false);
            let from = image.place(number);
            let joins =
                |last: &&mut (u64, Delivery)| last.0 == page.image && last.1.from + last.1.length == from;
            let last = if deliveries.last_mut().as_ref().is_some_and(joins) {
                deliveries.last_mut()
            } else {
                let buffer = image.buffer.clone();
                let writes = Vec::new();
                let pages = Vec::new();
                deliveries.push((page.image, Delivery { buffer, from, length: 0, writes, pages }));
                deliveries.last_mut()
            };
            let Some((_, delivery)) = last else { continue };
            let start = delivery.length as usize;
            for range in bytes.ranges() {
                let physical = number * PAGE_SIZE + range.start;
                let range = start + range.start as usize..start + range.end as usize;
                match delivery.writes.last_mut() {
                    Some((_, last)) if last.end == range.start => last.end = range.end,
                    _ => delivery.writes.push((physical, range)),
                }
            }
            delivery.length += u64::from(PAGE_SIZE);
            // Other bytes of a page may be written at any time, also during the delivery.
            delivery.pages.push((number, is_current && bytes.is_whole()));
        }
        deliveries.into_iter().map(|(_, delivery)| delivery).collect()
    }

    /// Notes that deliveries are under way: memory will have their bytes later.
    pub(in super::super) fn fly(&mut self, deliveries: &[Delivery]) {
        for (number, _) in deliveries.iter().flat_map(|delivery| &delivery.pages) {
            if let Some(page) = self.pages.get_mut(*number) {
                page.flights += 1;
                self.flights += 1;
            }
        }
    }

    /// Notes the end of a delivery that was under way, before
    /// [`note_delivery`](Self::note_delivery) or [`drop_lost`](Self::drop_lost).
    pub(in super::super) fn land(&mut self, delivery: &Delivery) {
        for (number, _) in &delivery.pages {
            if let Some(page) = self.pages.get_mut(*number).filter(|page| page.flights != 0) {
                page.flights -= 1;
                self.flights -= 1;
            }
        }
    }

    /// Drops the pages of a delivery that failed.
    pub(in super::super) fn drop_lost(&mut self, delivery: &Delivery) {
        for (number, _) in &delivery.pages {
            self.drop_page(*number);
        }
    }

    /// Writes the bytes of deliveries, one after another, to memory.
    pub(in super::super) fn write(
        &mut self,
        deliveries: &[Delivery],
        mut bytes: &[u8],
        memory: &dyn PhysicalMemory,
    ) {
        for delivery in deliveries {
            let (own, rest) = bytes.split_at(delivery.length as usize);
            for (physical, range) in &delivery.writes {
                memory.write(*physical, &own[range.clone()]);
            }
            self.note_delivery(delivery, own, memory);
            bytes = rest;
        }
    }

    /// Notes that memory has the bytes of a delivery, which were written with `writes`. Pages that
    /// memory has now as the device has them remain.
    fn note_delivery(&mut self, delivery: &Delivery, bytes: &[u8], memory: &dyn PhysicalMemory) {
        let numbers: Vec<u32> = delivery.pages.iter().map(|(number, _)| *number).collect();
        let Some(versions) = track(memory, &numbers) else {
            for number in numbers {
                self.drop_page(number);
            }
            return;
        };
        let mut found = Vec::new();
        let sent = bytes.chunks_exact(PAGE_SIZE as usize);
        for (((number, is_sure), version), expected) in delivery.pages.iter().zip(versions).zip(sent) {
            if !is_sure {
                found.resize(PAGE_SIZE as usize, 0);
                memory.read(number * PAGE_SIZE, &mut found);
            }
            if *is_sure || found == expected {
                if let Some(page) = self.pages.get_mut(*number) {
                    page.version = version;
                }
            } else if self.pages.get(*number).is_some_and(|page| !page.is_lacking()) {
                self.drop_page(*number);
            }
            // Otherwise a later resolve has made the page torn, until that is delivered.
        }
    }
}
