//! Delivery of resolved texels to guest memory, and resolves on the device.
//!
//! A resolve that the [`mirror`](super::mirror) can hold is recorded without a wait; memory gets
//! its bytes by [`deliver_pages`](WgpuBackend::deliver_pages), before they may be read. Others go
//! through the CPU at once: slices of 3D textures, overlapping rows, images above the limit or
//! without memory, bits that comparisons make.

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::{BackendError, PhysicalMemory, PhysicalRange, Readback};

use super::WgpuBackend;
use super::draw::Refused;
use super::edram::{Resolve, TexelConversion, read_back};
use super::mirror::{Delivery, memory_of};

/// Bytes that are read back together, unless one run of pages has more.
pub(super) const PART_BYTES: u64 = 32 << 20;
/// Maximum number of draws between two submissions.
const MAX_UNSUBMITTED: u32 = 4096;
/// Draws that a resolve of texels counts as.
const DRAWS_OF_A_COPY: u32 = 64;
/// Maximum number of single-range deliveries for a draw; the next delivery covers all pages.
const MAX_DELIVERIES: u32 = 8;

/// Number and bytes of the deliveries that are read back together.
pub(super) fn first_part(deliveries: &[Delivery]) -> (usize, u64) {
    let mut count = 0;
    let mut size = 0;
    while let Some(next) = deliveries.get(count)
        && (count == 0 || size + next.length <= PART_BYTES)
    {
        count += 1;
        size += next.length;
    }
    (count, size)
}

impl WgpuBackend {
    /// Begins a draw or a resolve, after submitting those before it if they hold much. Equal ones
    /// fill no buffer.
    pub(super) fn begin_commands(&mut self) {
        if self.unsubmitted >= MAX_UNSUBMITTED || self.textures.needs_submission() {
            self.submit();
        }
        self.unsubmitted += 1;
    }

    /// Records a draw, after the delivery of the texels that it reads from memory.
    pub(super) fn record_delivered(
        &mut self,
        call: &DrawCall,
        memory: &dyn PhysicalMemory,
    ) -> Result<Result<(), Refused>, BackendError> {
        let mut result = self.record(call, memory);
        let mut deliveries = 0;
        while let Err(Refused::Pending(range)) = result
            && deliveries <= MAX_DELIVERIES
        {
            deliveries += 1;
            // The last turn delivers all pages, after which no range is pending.
            let is_narrow = self.readback == Readback::None && deliveries <= MAX_DELIVERIES;
            self.deliver_pages(is_narrow.then_some(range), memory)?;
            self.textures.begin();
            result = self.record(call, memory);
        }
        Ok(result)
    }

    /// Makes a resolve without its clears, after transfers to the EDRAM buffer were recorded.
    pub(super) fn copy_texels(
        &mut self,
        resolve: &Resolve<'_>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let Some(conversion) = resolve.conversion()? else { return Ok(()) };
        if resolve.packs_bits() || !self.copy_on_device(resolve, &conversion, memory)? {
            self.resolves_through_cpu += 1;
            // Pending texels are older, and must not overwrite these.
            self.deliver_pages(None, memory)?;
            // The device may have had no memory for the pages.
            self.forget_oldest(memory)?;
            self.submit();
            return self.edram.copy_out(&self.device, resolve, &conversion, memory);
        }
        self.resolves_on_device += 1;
        self.unsubmitted += DRAWS_OF_A_COPY;
        self.forget_oldest(memory)?;
        if self.readback == Readback::Full { self.deliver_pages(None, memory) } else { Ok(()) }
    }

    /// Delivers and drops the pages that were written least recently, as far as the mirror has too
    /// many.
    fn forget_oldest(&mut self, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        while self.mirror.is_full()
            && let Some(pages) = self.mirror.oldest()
        {
            self.deliver_pages(Some(memory_of(&pages)), memory)?;
            self.mirror.forget(pages);
        }
        Ok(())
    }

    /// Records a resolve to the mirror; false if that can't hold it.
    fn copy_on_device(
        &mut self,
        resolve: &Resolve<'_>,
        conversion: &TexelConversion,
        memory: &dyn PhysicalMemory,
    ) -> Result<bool, BackendError> {
        let Some(coverage) = self.coverages.coverage(resolve.footprint(conversion)) else { return Ok(false) };
        if self.mirror.is_torn(coverage.pages.clone(), memory) {
            self.deliver_pages(Some(memory_of(&coverage.pages)), memory)?;
        }
        let encoder = self.recording.encoder(&self.device);
        let to = self.mirror.resolve(&self.device, encoder, &coverage, memory);
        let Some(destination) = to else { return Ok(false) };
        self.edram.copy_tiled(&self.device, encoder, resolve, conversion, &destination);
        self.edram.copy_scaled(&self.device, encoder, resolve, conversion, &destination);
        Ok(true)
    }

    /// Writes resolved bytes to memory that it lacks: those in the pages of a range, or all.
    pub(super) fn deliver_pages(
        &mut self,
        range: Option<PhysicalRange>,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        self.land_in(range, memory)?;
        let skips = self.readback == Readback::None;
        let deliveries = self.mirror.take(range, skips, memory);
        let mut rest = &deliveries[..];
        while !rest.is_empty() {
            let (count, size) = first_part(rest);
            let (part, others) = rest.split_at(count);
            if let Err(error) = self.deliver_part(part, size, memory) {
                // The device is lost, and the bytes with it.
                for delivery in rest {
                    self.mirror.drop_lost(delivery);
                }
                return Err(error);
            }
            rest = others;
        }
        Ok(())
    }

    /// Reads back some deliveries of `size` bytes, and writes them to memory.
    fn deliver_part(
        &mut self,
        part: &[Delivery],
        size: u64,
        memory: &dyn PhysicalMemory,
    ) -> Result<(), BackendError> {
        let back = self.copy_back(part, size);
        self.submit();
        let view = read_back(&self.device, &back, size)?;
        self.mirror.write(part, &view, memory);
        // wgpu panics if a buffer is unmapped that still has a view.
        drop(view);
        back.unmap();
        self.staging.give_back(back);
        Ok(())
    }

    /// Records the copy of deliveries of `size` bytes to a buffer that the CPU can read.
    pub(super) fn copy_back(&mut self, part: &[Delivery], size: u64) -> wgpu::Buffer {
        let back = self.staging.take(&self.device, size);
        let encoder = self.recording.encoder(&self.device);
        let mut at = 0;
        for Delivery { buffer, from, length, .. } in part {
            encoder.copy_buffer_to_buffer(buffer, *from, &back, at, *length);
            at += length;
        }
        back
    }
}

#[cfg(test)]
mod tests;
