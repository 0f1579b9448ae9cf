//! Information structures of files and volumes, as bytes in guest order.
//!
//! Layouts are NT's, with the lengths of the console's kernel (xenia-canary).

use fnv::FnvHasher;
use std::hash::Hasher;
use xenia_guest::code_page;
use xenia_sched::START_FILETIME;
use xenia_vfs::{Entry, Stamp, VolumeProperties};

/// Serializer for consecutive big-endian fields.
#[derive(Debug, Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }
    fn word(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    fn long(mut self, value: u64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }
    /// Creation, last access, last write, change. The console's volumes do not distinguish the last
    /// two.
    fn times(self, entry: &Entry) -> Self {
        let Stamp { created, accessed, written, .. } = entry.stamp;
        self.long(created).long(accessed).long(written).long(written)
    }
    fn text(mut self, text: &str) -> Self {
        self.0.extend(code_page::encode_lossy(text));
        self
    }
    fn pad(mut self, size: usize) -> Self {
        self.0.resize(self.0.len().max(size), 0);
        self
    }
}

/// Serializes a `FILE_BASIC_INFORMATION`.
pub fn basic(entry: &Entry) -> Vec<u8> {
    Fields::default().times(entry).word(entry.attributes()).word(0).0
}

/// Serializes a `FILE_STANDARD_INFORMATION`.
pub fn standard(entry: &Entry, allocation: u64, delete_pending: bool) -> Vec<u8> {
    Fields::default()
        .long(allocation)
        .long(entry.size)
        .word(1)
        .byte(u8::from(delete_pending))
        .byte(u8::from(entry.directory))
        .pad(0x18)
        .0
}

/// Serializes a `FILE_NETWORK_OPEN_INFORMATION`.
pub fn network_open(entry: &Entry, allocation: u64) -> Vec<u8> {
    Fields::default().times(entry).long(allocation).long(entry.size).word(entry.attributes()).word(0).0
}

/// `FILE_NAME_INFORMATION`: length, then the name.
pub fn name(full_name: &str) -> Vec<u8> {
    Fields::default().word(code_page::encode_lossy(full_name).len() as u32).text(full_name).pad(8).0
}

/// Serializes the last `FILE_DIRECTORY_INFORMATION` of a list, padded to the structure's size.
pub fn directory_entry(index: u32, entry: &Entry, volume: &VolumeProperties) -> Vec<u8> {
    Fields::default()
        .word(0)
        .word(index)
        .times(entry)
        .long(entry.size)
        .long(volume.allocation(entry.size))
        .word(entry.attributes())
        .word(code_page::encode_lossy(&entry.name).len() as u32)
        .text(&entry.name)
        .pad(0x48)
        .0
}

/// `FILE_FS_VOLUME_INFORMATION` without a label, because the console's file systems have no labels.
pub fn volume(serial_number: u32) -> Vec<u8> {
    Fields::default().long(START_FILETIME).word(serial_number).word(0).pad(0x18).0
}

/// Serializes a `FILE_FS_SIZE_INFORMATION`.
pub fn volume_size(volume: &VolumeProperties) -> Vec<u8> {
    Fields::default()
        .long(volume.total_units)
        .long(volume.free_units)
        .word(volume.sectors_per_unit)
        .word(volume.bytes_per_sector)
        .0
}

/// `FILE_FS_DEVICE_INFORMATION`: a disk, or a removable read-only disc.
pub fn volume_device(volume: &VolumeProperties) -> Vec<u8> {
    const CD_ROM: u32 = 2;
    const DISK: u32 = 7;
    const REMOVABLE_AND_READ_ONLY: u32 = 3;
    let (kind, characteristics) =
        if volume.read_only { (CD_ROM, REMOVABLE_AND_READ_ONLY) } else { (DISK, 0) };
    Fields::default().word(kind).word(characteristics).0
}

/// `FILE_FS_ATTRIBUTE_INFORMATION`: names preserve case; the read-only flag is set for read-only
/// volumes.
pub fn volume_attributes(volume: &VolumeProperties) -> Vec<u8> {
    const READ_ONLY_VOLUME: u32 = 0x8_0000;
    const CASE_PRESERVED_NAMES: u32 = 2;
    let attributes = CASE_PRESERVED_NAMES | if volume.read_only { READ_ONLY_VOLUME } else { 0 };
    let name = volume.file_system;
    Fields::default().word(attributes).word(volume.name_length).word(name.len() as u32).text(name).0
}

/// A file's index number: the FNV-1a hash of its case-folded path.
pub fn index_number(full_name: &str) -> u64 {
    let mut hasher = FnvHasher::default();
    hasher.write(full_name.to_ascii_lowercase().as_bytes());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_sizes_and_offsets_of_the_reference() {
        let entry = Entry {
            name: "ab\u{e9}".to_owned(),
            directory: false,
            size: 0x1_0001,
            read_only: true,
            stamp: Stamp { created: 1, accessed: 2, written: 3, attributes: 0 },
        };
        let disk = VolumeProperties {
            file_system: "FATX",
            total_units: 100,
            free_units: 50,
            sectors_per_unit: 32,
            bytes_per_sector: 512,
            name_length: 42,
            read_only: false,
        };
        assert_eq!(basic(&entry).len(), 0x28);
        assert_eq!(standard(&entry, 0, true).len(), 0x18);
        assert_eq!(volume(1).len(), 0x18);
        assert_eq!(volume_size(&disk).len(), 0x18);
        assert_eq!(volume_device(&disk).len(), 8);
        assert_eq!(volume_attributes(&disk).len(), 0x10);
        let open = network_open(&entry, disk.allocation(entry.size));
        assert_eq!(open[..0x20], [1_u64, 2, 3, 3].map(u64::to_be_bytes).concat());
        assert_eq!(open.len(), 0x38);
        assert_eq!(open[0x20..0x28], 0x1_4000_u64.to_be_bytes());
        assert_eq!(open[0x28..0x30], 0x1_0001_u64.to_be_bytes());
        assert_eq!(open[0x30..0x34], 1_u32.to_be_bytes());
        let listed = directory_entry(7, &entry, &disk);
        assert_eq!(listed.len(), 0x48);
        assert_eq!(listed[4..8], 7_u32.to_be_bytes());
        assert_eq!(listed[0x28..0x30], 0x1_0001_u64.to_be_bytes());
        assert_eq!(listed[0x3C..0x43], [0, 0, 0, 3, b'a', b'b', 0xE9]);
        assert_eq!(name(r"\a")[..6], [0, 0, 0, 2, b'\\', b'a']);
        assert_eq!(index_number(r"\A"), index_number(r"\a"));
    }
}
