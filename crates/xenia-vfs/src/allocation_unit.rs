//! Allocation unit of disks.

/// Size of an allocation unit in bytes, unless a FATX header states another: 32 sectors of 512.
pub(crate) const UNIT: u64 = 0x4000;
