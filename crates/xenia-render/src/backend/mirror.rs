//! Mirror of guest memory on the device: pages that resolves have written there, and those of them
//! that memory does not have yet.
//!
//! ```text
//!   resolve ──► image (buffer of consecutive pages) ──► texture decoding
//!                    │ delivery: read back, in `super::delivery`
//!                    ▼
//!               guest memory
//! ```
//!
//! A page belongs to the image that the last resolve to it has written. It is *current* as long as
//! memory's version of it is the one noted, and *pending* while memory lacks some of its bytes,
//! which are undelivered or in flight. The rest of a page that a resolve writes in part is copied
//! from memory, or from the page's last image, before the resolve. All of this happens in the order
//! of recorded commands.
//!
//! docs/src/decisions/0019-wgpu-backend.md has the reasons.

mod coverage;
mod page_map;
mod pages;
mod pending;
mod reading;
mod scaled;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use xenia_gpu::memory::PAGE_SIZE;
use xenia_gpu::{PhysicalMemory, PhysicalRange};

use super::Device;
use super::mapping::{device_buffer, filled_buffer};
use super::scale::Scale;
use page_map::{PageMap, PageSet};
use pages::{Bytes, pages_of};

pub(super) use coverage::{Coverage, Coverages, Footprint};
pub(super) use pending::Delivery;
pub(super) use reading::{Contents, Piece, ScaledPiece};
pub(super) use scaled::ScaledPages;
use scaled::{ScaledImage, Unscaled};

/// Maximum total size of images in bytes; beyond it the least recently written ones are delivered
/// and dropped.
pub(super) const MAX_MIRROR_BYTES: u64 = 256 << 20;
/// Maximum size of one image in bytes. Larger resolves go through the CPU.
const MAX_IMAGE_BYTES: u64 = 64 << 20;

/// Buffer of consecutive pages.
struct Image {
    buffer: wgpu::Buffer,
    /// The same pages at the host's resolution, if there is a scale.
    scaled: Option<ScaledImage>,
    pages: Range<u32>,
    /// Number of pages that belong to it.
    owned: usize,
    /// Stamp of the last resolve to it.
    used: u64,
}

impl Image {
    /// Bytes of the buffers.
    fn bytes(&self) -> u64 {
        self.buffer.size() + self.scaled.as_ref().map_or(0, |scaled| scaled.buffer.size())
    }

    /// Position of a page in the buffer.
    fn place(&self, page: u32) -> u64 {
        u64::from(page - self.pages.start) * u64::from(PAGE_SIZE)
    }
}

/// Page that a resolve has written.
struct Page {
    image: u64,
    /// Memory's version for which the page is current.
    version: u64,
    /// Number of the resolve.
    stamp: u64,
    /// Bytes that memory does not have yet, and whose delivery has not begun.
    undelivered: Option<Bytes>,
    /// Number of deliveries of the page that are under way.
    flights: u32,
}

impl Page {
    /// Whether memory lacks bytes of the page.
    fn is_lacking(&self) -> bool {
        self.undelivered.is_some() || self.flights != 0
    }
}

/// Destination of a resolve on the device.
pub(super) struct Destination {
    pub(super) buffer: wgpu::Buffer,
    /// Position of the buffer's first byte relative to the resolve's destination (modulo 2^32).
    pub(super) origin: u32,
    /// The pages at the host's resolution, if there is a scale.
    pub(super) scaled: Option<ScaledPages>,
}

/// The mirror's pages and images.
pub(super) struct Mirror {
    images: BTreeMap<u64, Image>,
    pages: PageMap<Page>,
    next: u64,
    /// Bytes of the images.
    bytes: u64,
    /// Pages with bytes whose delivery has not begun.
    undelivered: PageSet,
    /// Sum of the pages' flights.
    flights: usize,
    /// Number of resolves.
    stamp: u64,
    /// Maximum total size of the images in bytes.
    limit: u64,
    scale: Scale,
    /// Bytes that the device of a test has for images.
    #[cfg(test)]
    pub(super) budget: Option<u64>,
}

impl Default for Mirror {
    fn default() -> Self {
        Self::new(Scale::ONE)
    }
}

impl Mirror {
    /// Creates a mirror of nothing, for a scale.
    pub(super) fn new(scale: Scale) -> Self {
        Self {
            images: BTreeMap::new(),
            pages: PageMap::default(),
            next: 0,
            bytes: 0,
            undelivered: PageSet::default(),
            flights: 0,
            stamp: 0,
            limit: MAX_MIRROR_BYTES * u64::from(scale.factor()),
            scale,
            #[cfg(test)]
            budget: None,
        }
    }
}

/// Memory of pages.
pub(super) fn memory_of(pages: &Range<u32>) -> PhysicalRange {
    PhysicalRange { start: pages.start * PAGE_SIZE, length: (pages.end - pages.start) * PAGE_SIZE }
}

/// Memory's version of a page.
fn version(memory: &dyn PhysicalMemory, page: u32) -> u64 {
    memory.version(page * PAGE_SIZE, PAGE_SIZE)
}

/// Notes the versions of pages, which are ascending, and watches them; `None` if writes to some of
/// them can't be tracked.
fn track(memory: &dyn PhysicalMemory, pages: &[u32]) -> Option<Vec<u64>> {
    // Versions are taken before memory is watched: a write in between makes a page stale.
    let versions = pages.iter().map(|page| version(memory, *page)).collect();
    for run in pages.chunk_by(|page, next| page + 1 == *next) {
        memory.track(run[0] * PAGE_SIZE, run.len() as u32 * PAGE_SIZE)?;
    }
    Some(versions)
}

impl Mirror {
    /// Sets the limit on the bytes of images.
    #[cfg(test)]
    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Number that changes with each resolve.
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Bytes of the images.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether memory lacks bytes.
    pub(super) fn has_pending(&self) -> bool {
        !self.undelivered.is_empty() || self.flights != 0
    }

    /// Whether memory lacks bytes whose delivery has not begun.
    pub(super) fn has_waiting(&self) -> bool {
        !self.undelivered.is_empty()
    }

    /// Whether memory lacks bytes of a range's pages.
    pub(super) fn is_pending(&self, range: PhysicalRange) -> bool {
        self.has_pending()
            && pages_of(range).any(|pages| self.pages.range(pages).any(|(_, page)| page.is_lacking()))
    }

    /// Whether the images exceed the limit. A single one may: without it each resolve would be
    /// waited for.
    pub(super) fn is_full(&self) -> bool {
        self.images.len() > 1 && self.bytes > self.limit
    }

    /// Lowers the limit after the device had no memory for an image. Half makes room, also for
    /// others.
    fn lower_limit(&mut self) {
        let least = MAX_IMAGE_BYTES * u64::from(self.scale.factor());
        let limit = self.limit.min((self.bytes / 2).max(least));
        if std::mem::replace(&mut self.limit, limit) != limit {
            tracing::warn!(target: "gpu", limit, "no memory for a resolve; the device keeps fewer pages");
        }
    }

    /// Pages of the image that was written least recently.
    pub(super) fn oldest(&self) -> Option<Range<u32>> {
        self.images.values().min_by_key(|image| image.used).map(|image| image.pages.clone())
    }

    /// Drops pages, whose bytes that memory lacks are lost, and images without pages.
    pub(super) fn forget(&mut self, pages: Range<u32>) {
        let all: Vec<u32> = self.pages.range(pages).map(|(page, _)| page).collect();
        for page in all {
            self.drop_page(page);
        }
    }

    fn drop_page(&mut self, page: u32) {
        let Some(dropped) = self.pages.remove(page) else { return };
        self.undelivered.set(page, false);
        self.flights -= dropped.flights as usize;
        self.disown(dropped.image);
    }

    fn disown(&mut self, id: u64) {
        let Some(image) = self.images.get_mut(&id) else { return };
        image.owned -= 1;
        if image.owned == 0 {
            self.bytes -= image.bytes();
            self.images.remove(&id);
        }
    }

    fn is_current(&self, page: u32, memory: &dyn PhysicalMemory) -> bool {
        self.pages.get(page).is_some_and(|known| known.version == version(memory, page))
    }

    /// Whether memory lacks bytes of a page of the range that was written by the CPU since.
    pub(super) fn is_torn(&self, pages: Range<u32>, memory: &dyn PhysicalMemory) -> bool {
        self.has_pending()
            && self
                .pages
                .range(pages)
                .any(|(number, page)| page.is_lacking() && page.version != version(memory, number))
    }

    /// Prepares the destination of a resolve. The covered pages must not be torn. Returns `None` if
    /// an image of the device can't hold them, or if writes to memory can't be tracked. The caller
    /// records the resolve.
    pub(super) fn resolve(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        coverage: &Coverage,
        memory: &dyn PhysicalMemory,
    ) -> Option<Destination> {
        let Coverage { physical, pages, written, .. } = coverage;
        if u64::from(memory_of(pages).length) > device.device.limits().max_storage_buffer_binding_size {
            return None;
        }
        let stale: Vec<u32> =
            written.iter().map(|(page, _)| *page).filter(|page| !self.is_current(*page, memory)).collect();
        let versions = track(memory, &stale)?;
        let id = self.image(device, pages.clone(), written.first()?.0)?;
        let mut unscaled = self.scale_image(device, id, coverage.texel_bytes());
        let image = self.images.get(&id)?;
        let missing = self.copy_partial(encoder, image, written, &stale, &mut unscaled);
        upload_pages(device, encoder, image, &missing, memory);
        let destination = Destination {
            buffer: image.buffer.clone(),
            origin: (image.pages.start * PAGE_SIZE).wrapping_sub(*physical),
            scaled: image.scaled_pages(unscaled),
        };
        self.stamp += 1;
        // The stale pages are some of the written ones, in the same order.
        let mut versions = stale.into_iter().zip(versions).peekable();
        for (number, bytes) in written {
            let version = versions.next_if(|(stale, _)| stale == number).map(|(_, version)| version);
            self.own(*number, id, version, bytes);
        }
        if let Some(image) = self.images.get_mut(&id) {
            image.used = self.stamp;
        }
        Some(destination)
    }

    /// Gives a page to an image, with bytes that memory lacks. A new version makes it current.
    fn own(&mut self, number: u32, id: u64, new: Option<u64>, bytes: &Bytes) {
        // Before the old image is disowned: it may be this one, and must not lose its last page.
        if let Some(image) = self.images.get_mut(&id) {
            image.owned += 1;
        }
        self.undelivered.set(number, true);
        let stamp = self.stamp;
        let Some(page) = self.pages.get_mut(number) else {
            // An unknown page was stale, so there is a version.
            let version = new.unwrap_or(0);
            let undelivered = Some(bytes.clone());
            self.pages.insert(number, Page { image: id, version, stamp, undelivered, flights: 0 });
            return;
        };
        let old = std::mem::replace(&mut page.image, id);
        page.version = new.unwrap_or(page.version);
        page.stamp = stamp;
        match &mut page.undelivered {
            Some(undelivered) => undelivered.add(bytes),
            None => page.undelivered = Some(bytes.clone()),
        }
        self.disown(old);
    }

    /// Finds an image that contains the pages, or creates it; `None` if the device has no memory
    /// for it. Then fewer bytes of images are kept.
    fn image(&mut self, device: &Device, pages: Range<u32>, first: u32) -> Option<u64> {
        if let Some(page) = self.pages.get(first)
            && let Some(image) = self.images.get(&page.image)
            && image.pages.start <= pages.start
            && pages.end <= image.pages.end
        {
            return Some(page.image);
        }
        let size = u64::from(pages.end - pages.start) * u64::from(PAGE_SIZE);
        let buffer = image_buffer(device, "resolved pages", size);
        #[cfg(test)]
        let buffer = buffer.filter(|_| self.budget.is_none_or(|budget| self.bytes + size <= budget));
        let Some(buffer) = buffer else {
            self.lower_limit();
            return None;
        };
        self.bytes += size;
        self.next += 1;
        let image = Image { buffer, scaled: None, pages, owned: 0, used: self.stamp };
        self.images.insert(self.next, image);
        Some(self.next)
    }

    /// Copies the pages that a resolve writes in part to its image, unless the image has them. Adds
    /// those whose scaled texels are not copied to `unscaled`. Returns the pages that only memory
    /// has.
    fn copy_partial(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        image: &Image,
        written: &[(u32, Bytes)],
        stale: &[u32],
        unscaled: &mut Unscaled,
    ) -> Vec<u32> {
        let mut missing = Vec::new();
        for (number, _) in written.iter().filter(|(_, bytes)| !bytes.is_whole()) {
            if stale.binary_search(number).is_ok() {
                missing.push(*number);
                unscaled.add(*number);
            } else if let Some(from) = self.pages.get(*number).and_then(|page| self.images.get(&page.image))
                && from.buffer != image.buffer
            {
                if !image.copy_scaled(encoder, from, *number) {
                    unscaled.add(*number);
                }
                let place = from.place(*number);
                let size = u64::from(PAGE_SIZE);
                encoder.copy_buffer_to_buffer(&from.buffer, place, &image.buffer, image.place(*number), size);
            }
        }
        missing
    }
}

/// Creates a buffer of an image; `None` if the device has no memory for it.
fn image_buffer(device: &Device, label: &str, size: u64) -> Option<wgpu::Buffer> {
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
    device_buffer(device, label, size, usage)
}

/// Uploads pages of memory, in ascending order, to an image.
fn upload_pages(
    device: &Device,
    encoder: &mut wgpu::CommandEncoder,
    image: &Image,
    pages: &[u32],
    memory: &dyn PhysicalMemory,
) {
    if pages.is_empty() {
        return;
    }
    let mut bytes = vec![0; pages.len() * PAGE_SIZE as usize];
    for (page, into) in pages.iter().zip(bytes.chunks_exact_mut(PAGE_SIZE as usize)) {
        memory.read(page * PAGE_SIZE, into);
    }
    device.traffic.bytes_up.fetch_add(bytes.len() as u64, Relaxed);
    let sent = filled_buffer(&device.device, "pages of memory", &bytes, wgpu::BufferUsages::COPY_SRC);
    let mut at = 0;
    for run in pages.chunk_by(|page, next| page + 1 == *next) {
        let length = run.len() as u64 * u64::from(PAGE_SIZE);
        encoder.copy_buffer_to_buffer(&sent, at, &image.buffer, image.place(run[0]), length);
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::super::device;
    use super::*;

    #[test]
    fn an_image_without_memory_is_none_and_no_error() {
        device::tests::with_device(|device| {
            let mut mirror = Mirror::default();
            assert!(mirror.image(device, 0..4, 0).is_some());
            let bytes = mirror.bytes();
            // Larger than any buffer, which is refused as one without memory is.
            assert_eq!(mirror.image(device, 0..u32::MAX, 0), None);
            assert_eq!((mirror.bytes(), mirror.images.len()), (bytes, 1));
            // The limit has fallen to its minimum, which still has room for a large image.
            assert_eq!(mirror.limit, MAX_IMAGE_BYTES);
        });
    }
}
