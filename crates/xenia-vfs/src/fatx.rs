//! Header of a FATX volume, as a title's library writes it to a raw partition.
//!
//! The files of a scratch disk are not stored in that format. But a library that has formatted a
//! partition queries the volume's allocation unit, and refuses the disk if it is not the one in the
//! header. Layout: Free60, "FATX".
//!
//! | offset | size | contents |
//! |---|---|---|
//! | 0 | 4 | `XTAF` |
//! | 4 | 4 | serial number |
//! | 8 | 4 | sectors per allocation unit: a power of two |
//! | 12 | 4 | allocation unit of the root directory |

use crate::{FileData, VolumeProperties};

/// The first bytes of a volume.
const MAGIC: [u8; 4] = *b"XTAF";
/// Bytes of the header that are read.
const LENGTH: usize = 12;
/// Maximum number of sectors per allocation unit: 64 KiB, the largest that titles may choose.
const MAX_SECTORS: u32 = 128;

/// Sectors per allocation unit of the volume on a partition, if it has a valid header.
fn sectors_per_unit(partition: &dyn FileData) -> Option<u32> {
    let mut header = [0; LENGTH];
    let count = partition.read_at(0, &mut header).ok()?;
    let (magic, rest) = header.split_first_chunk::<4>()?;
    let sectors = u32::from_be_bytes(*rest.last_chunk()?);
    let is_valid = count == LENGTH && *magic == MAGIC;
    (is_valid && sectors.is_power_of_two() && sectors <= MAX_SECTORS).then_some(sectors)
}

impl VolumeProperties {
    /// This volume in the allocation units that the header on its partition states. Without a valid
    /// header it is unchanged.
    pub(crate) fn formatted_as(self, partition: &dyn FileData) -> Self {
        let Some(sectors_per_unit) = sectors_per_unit(partition) else { return self };
        let formatted = Self { sectors_per_unit, ..self };
        let unit = formatted.unit().max(1);
        Self {
            total_units: self.total_units.saturating_mul(self.unit()) / unit,
            free_units: self.free_bytes() / unit,
            ..formatted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FileDevice, MemoryDevice};
    use std::sync::Arc;

    #[test]
    fn a_valid_header_sets_the_allocation_unit() {
        const SIZE: u64 = 0x28_0000;
        let device = MemoryDevice::new(SIZE, Arc::default());
        let partition = device.partition().unwrap();
        let usual = device.volume();
        for (magic, sectors, expected) in [
            (b"XTAF", 128_u32, Some(0x1_0000)),
            (b"XTAF", 16, Some(0x2000)),
            (b"XTAF", 1, Some(0x200)),
            (b"FATX", 128, None),
            (b"XTAF", 0, None),
            (b"XTAF", 3, None),
            (b"XTAF", 256, None),
            (b"XTAF", 0x8000_0000, None),
        ] {
            let header = [&magic[..], &[1, 2, 3, 4], &sectors.to_be_bytes(), &[0, 0, 0, 1]].concat();
            partition.write_at(0, &header).unwrap();
            let volume = device.volume();
            assert_eq!(volume.unit(), expected.unwrap_or(usual.unit()), "{magic:?} {sectors}");
            assert_eq!(volume.total_units * volume.unit(), SIZE);
            assert!(volume.free_bytes() <= SIZE - 0x4000, "the header takes a unit");
        }
    }
}
