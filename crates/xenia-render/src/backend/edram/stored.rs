//! Stored pipelines of the EDRAM: conversion to and from numbers.
//!
//! The numbers come from a file that may be damaged or another version's: those that name no
//! pipeline are skipped. Their meaning is part of the file's format, whose version is in
//! `backend/pipelines/store.rs`.

use super::super::conversion::{
    CompiledConversions, Conversion, EDRAM_COMPUTE, EDRAM_RENDER, TEXTURE_DECODE,
};
use super::super::device::Device;
use super::super::pipelines::Building;
use super::pipelines::{Kernel, Load, Part, Pipelines, Texels};
use super::{Edram, TargetFormat};
use xenia_gpu::enums::Msaa;

impl Texels {
    /// Numbers of the format.
    fn numbers(self) -> [u32; 4] {
        [self.kind, u32::from_le_bytes(self.widths), self.number, self.bytes]
    }
}

impl Kernel {
    /// Numbers of a kernel for a format.
    pub(super) fn conversion(self, format: u32) -> Conversion {
        let (entry, [kind, widths, number, bytes]) = match self {
            Self::DumpColor { multisampled } => (u32::from(multisampled), [0; 4]),
            Self::DumpDepth { multisampled } => (2 + u32::from(multisampled), [0; 4]),
            Self::Clear => (4, [0; 4]),
            Self::Resolve(texels) => (5, texels.numbers()),
            Self::ScaledResolve(texels) => (6, texels.numbers()),
            Self::GatherWords => (7, [0; 4]),
            Self::SpreadWords => (8, [0; 4]),
            Self::SpreadTexels { bytes } => (9, [0, 0, 0, bytes]),
        };
        Conversion { entry: EDRAM_COMPUTE + entry, constants: [format, kind, widths, number, bytes, 0, 0] }
    }

    /// Kernel and format with these numbers.
    fn of(conversion: &Conversion) -> Option<(Self, u32)> {
        let [format, kind, widths, number, bytes, ..] = conversion.constants;
        let texels = || {
            let is_valid = bytes.is_power_of_two() && bytes <= 16;
            is_valid.then_some(Texels { kind, widths: widths.to_le_bytes(), number, bytes })
        };
        let kernel = match conversion.entry.checked_sub(EDRAM_COMPUTE)? {
            entry @ (0 | 1) => Self::DumpColor { multisampled: entry == 1 },
            entry @ (2 | 3) => Self::DumpDepth { multisampled: entry == 3 },
            4 => Self::Clear,
            5 => Self::Resolve(texels()?),
            6 => Self::ScaledResolve(texels()?),
            7 => Self::GatherWords,
            8 => Self::SpreadWords,
            9 => Self::SpreadTexels { bytes: texels()?.bytes },
            _ => return None,
        };
        Some((kernel, format))
    }
}

impl Load {
    /// Numbers of a load; they determine the host's format.
    pub(super) fn conversion(self) -> Conversion {
        let (entry, plane) = match self.part {
            Part::Color => (0, 0),
            Part::Depth => (1, 0),
            Part::Plane(plane) => (2, u32::from(plane)),
            Part::FilledColor => (3, 0),
            Part::FilledDepth => (4, 0),
        };
        let constants = [self.format, plane, self.samples, 0, 0, 0, 0];
        Conversion { entry: EDRAM_RENDER + entry, constants }
    }

    fn of(conversion: &Conversion, device: &Device) -> Option<Self> {
        let [number, plane, samples, ..] = conversion.constants;
        let format = TargetFormat::of(number)?;
        let is_color = matches!(format, TargetFormat::Color(_));
        let part = match (conversion.entry.checked_sub(EDRAM_RENDER)?, is_color) {
            (0, true) => Part::Color,
            (1, false) => Part::Depth,
            (2, false) => Part::Plane(u8::try_from(plane).ok()?),
            (3, true) => Part::FilledColor,
            (4, false) => Part::FilledDepth,
            _ => return None,
        };
        let msaa = match samples {
            1 => Msaa::X1,
            4 => Msaa::X4,
            _ => return None,
        };
        Some(Self { part, format: number, host: format.host(device, msaa), samples })
    }
}

enum Made {
    Compute((Kernel, u32), wgpu::ComputePipeline),
    Render(Load, wgpu::RenderPipeline),
}

impl Pipelines {
    fn make(&self, device: &Device, conversion: &Conversion) -> Option<Made> {
        if let Some((kernel, format)) = Kernel::of(conversion) {
            let made = device.attempt(|_| self.shaders.compute_pipeline(device, kernel, format));
            return made.ok().map(|pipeline| Made::Compute((kernel, format), pipeline));
        }
        let load = Load::of(conversion, device)?;
        let made = device.attempt(|_| self.shaders.render_pipeline(device, load));
        made.ok().map(|pipeline| Made::Render(load, pipeline))
    }
}

impl Edram {
    /// Compiles the stored conversions that belong to the EDRAM.
    pub(crate) fn prebuild(&mut self, device: &Device, stored: &[Conversion], building: &Building<'_>) {
        let own: Vec<_> = stored.iter().filter(|stored| stored.entry < TEXTURE_DECODE).collect();
        for made in building.all(&own, |conversion| self.pipelines.make(device, conversion)) {
            match made {
                Some(Made::Compute(key, pipeline)) => drop(self.pipelines.compute.insert(key, pipeline)),
                Some(Made::Render(load, pipeline)) => drop(self.pipelines.render.insert(load, pipeline)),
                None => {}
            }
        }
    }

    /// Takes the conversions that were compiled since the last call, except by `prebuild`.
    pub(crate) fn take_compiled(&mut self) -> CompiledConversions {
        std::mem::take(&mut self.pipelines.compiled)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::device::tests::with_device;
    use super::*;
    use crate::backend::Scale;

    #[test]
    fn numbers_round_trip_and_invalid_ones_are_refused() {
        with_device(|device| {
            let texels = Texels { kind: 1, widths: [5, 6, 5, 0], number: 2, bytes: 8 };
            for kernel in [
                Kernel::DumpColor { multisampled: false },
                Kernel::DumpColor { multisampled: true },
                Kernel::DumpDepth { multisampled: false },
                Kernel::DumpDepth { multisampled: true },
                Kernel::Resolve(texels),
                Kernel::ScaledResolve(texels),
                Kernel::Clear,
                Kernel::GatherWords,
                Kernel::SpreadWords,
                Kernel::SpreadTexels { bytes: 2 },
            ] {
                assert!(Kernel::of(&kernel.conversion(7)) == Some((kernel, 7)));
                assert!(Load::of(&kernel.conversion(7), device).is_none());
            }
            for (part, format) in [
                (Part::Color, 7),
                (Part::Depth, 17),
                (Part::Plane(4), 16),
                (Part::FilledColor, 0),
                (Part::FilledDepth, 16),
            ] {
                for (samples, msaa) in [(1, Msaa::X1), (4, Msaa::X4)] {
                    let host = TargetFormat::of(format).unwrap().host(device, msaa);
                    let load = Load { part, format, host, samples };
                    assert!(Load::of(&load.conversion(), device) == Some(load));
                    assert!(Kernel::of(&load.conversion()).is_none());
                }
            }
            let pipelines = Pipelines::new(device, Scale::ONE);
            let mut dice = xenia_testing::Dice(1);
            let mut made = 0;
            for i in 0..if xenia_testing::is_long() { 2000_u32 } else { 500 } {
                let constants = std::array::from_fn(|_| dice.next() as u32 >> dice.below(32));
                let entry = [EDRAM_COMPUTE, EDRAM_RENDER][i as usize & 1] + (i >> 1) % 12;
                made += u32::from(pipelines.make(device, &Conversion { entry, constants }).is_some());
            }
            assert!(made > 0);
        });
    }
}
