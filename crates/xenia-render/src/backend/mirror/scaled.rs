//! Images at the host's resolution, beside those at the guest's.
//!
//! An image is scaled for texels of one size, that of the last resolve to it. Pages that have
//! texels from elsewhere are *unscaled* until these are spread over the subpixels, before the
//! resolve.

use std::ops::Range;

use xenia_gpu::memory::PAGE_SIZE;

use super::{Device, Image, Mirror, image_buffer};

/// Pages of an image at the host's resolution.
pub(super) struct ScaledImage {
    pub(super) buffer: wgpu::Buffer,
    /// Bytes of a guest texel.
    pub(super) texel_bytes: u32,
    /// Bytes of a page.
    page_bytes: u64,
}

/// Numbers of an image's pages whose texels must be spread.
#[derive(Default)]
pub(super) struct Unscaled {
    pages: Vec<u32>,
}

impl Unscaled {
    pub(super) fn add(&mut self, page: u32) {
        self.pages.push(page);
    }
}

/// Destination of a resolve at the host's resolution.
pub(in super::super) struct ScaledPages {
    pub(in super::super) scaled: wgpu::Buffer,
    /// The same pages at the guest's resolution.
    pub(in super::super) plain: wgpu::Buffer,
    /// Ranges of bytes of `plain` to be spread before the resolve.
    pub(in super::super) spread: Vec<Range<u32>>,
}

impl ScaledImage {
    /// Position of a byte of the guest-resolution image, which begins a texel.
    pub(super) fn place(&self, byte: u64) -> u64 {
        byte / u64::from(PAGE_SIZE) * self.page_bytes
            + byte % u64::from(PAGE_SIZE) * self.page_bytes / u64::from(PAGE_SIZE)
    }
}

impl Image {
    /// Copies a page's scaled texels from another image, if that has texels of the same size.
    pub(super) fn copy_scaled(&self, encoder: &mut wgpu::CommandEncoder, from: &Self, number: u32) -> bool {
        let (Some(to), Some(other)) = (&self.scaled, &from.scaled) else { return false };
        if to.texel_bytes != other.texel_bytes {
            return false;
        }
        let source = other.place(from.place(number));
        let place = to.place(self.place(number));
        encoder.copy_buffer_to_buffer(&other.buffer, source, &to.buffer, place, to.page_bytes);
        true
    }

    /// Destination of a resolve, after the copies to the image.
    pub(super) fn scaled_pages(&self, unscaled: Unscaled) -> Option<ScaledPages> {
        let scaled = self.scaled.as_ref()?;
        let mut pages = unscaled.pages;
        pages.sort_unstable();
        pages.dedup();
        let start = |page: u32| (page - self.pages.start) * PAGE_SIZE;
        let runs = pages.chunk_by(|page, next| page + 1 == *next);
        let spread = runs.map(|run| start(run[0])..start(run[0]) + run.len() as u32 * PAGE_SIZE).collect();
        Some(ScaledPages { scaled: scaled.buffer.clone(), plain: self.buffer.clone(), spread })
    }
}

impl Mirror {
    /// Gives an image pages at the host's resolution for texels of a size, if there is a scale and
    /// the device has such buffers. Returns which pages they lack. Without memory for them fewer
    /// bytes of images are kept.
    pub(super) fn scale_image(&mut self, device: &Device, id: u64, texel_bytes: u32) -> Unscaled {
        let scale = self.scale;
        let Some(image) = self.images.get_mut(&id).filter(|_| !scale.is_one()) else {
            return Unscaled::default();
        };
        if image.scaled.as_ref().is_some_and(|scaled| scaled.texel_bytes == texel_bytes) {
            return Unscaled::default();
        }
        // Counted anew below, with another scaled buffer or without one.
        self.bytes -= image.bytes();
        let page_bytes = scale.bytes(u64::from(PAGE_SIZE), texel_bytes);
        let size = page_bytes * u64::from(image.pages.end - image.pages.start);
        let limits = device.device.limits();
        let is_possible = size <= limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let buffer = if is_possible { image_buffer(device, "scaled pages", size) } else { None };
        #[cfg(test)]
        let buffer = buffer
            .filter(|_| self.budget.is_none_or(|budget| self.bytes + image.buffer.size() + size <= budget));
        image.scaled = buffer.map(|buffer| ScaledImage { buffer, texel_bytes, page_bytes });
        self.bytes += image.bytes();
        let is_without_memory = is_possible && image.scaled.is_none();
        let pages = if image.owned == 0 { Vec::new() } else { image.pages.clone().collect() };
        if is_without_memory {
            self.lower_limit();
        }
        Unscaled { pages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::device;
    use crate::backend::scale::Scale;

    #[test]
    fn scaled_pages_without_memory_lower_the_limit_and_a_single_image_stays() {
        device::tests::with_device(|device| {
            let mut mirror = Mirror::new(Scale::new(2).unwrap());
            let first = mirror.image(device, 0..4, 0).unwrap();
            let limit = mirror.limit;
            mirror.scale_image(device, first, 4);
            assert_eq!((mirror.images[&first].scaled.is_some(), mirror.limit), (true, limit));
            mirror.budget = Some(mirror.bytes());
            // Texels that are smaller than words need twice the memory.
            mirror.scale_image(device, first, 2);
            assert!(mirror.images[&first].scaled.is_none());
            assert_eq!(mirror.bytes(), mirror.images[&first].buffer.size());
            assert!(mirror.limit < limit);
            mirror.set_limit(1);
            assert!(!mirror.is_full());
            mirror.image(device, 4..5, 4).unwrap();
            assert!(mirror.is_full());
        });
    }
}
