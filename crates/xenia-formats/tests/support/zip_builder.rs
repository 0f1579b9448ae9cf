//! Builder of ZIP archives.

use miniz_oxide::deflate::compress_to_vec;

/// An archive to be built.
#[derive(Default)]
pub struct ZipBuilder {
    /// Whether folders have entries.
    pub folders: bool,
    /// Whether every other file is stored instead of deflated.
    pub stored: bool,
    /// Paths and contents; `None` for a folder.
    pub entries: Vec<(String, Option<Vec<u8>>)>,
}

/// An archive with `default.xex` and `media/a.bin`.
pub fn sample() -> Vec<u8> {
    let bytes = b"bytes and bytes and bytes and bytes".to_vec();
    let entries =
        vec![("default.xex".to_owned(), Some(b"XEX2".to_vec())), ("media/a.bin".to_owned(), Some(bytes))];
    ZipBuilder { folders: false, stored: true, entries }.build()
}

/// CRC-32, one byte at a time, with the table made one bit at a time.
pub fn crc(bytes: &[u8]) -> u32 {
    let of_byte =
        |byte: u32| (0..8).fold(byte, |crc, _| crc >> 1 ^ if crc & 1 != 0 { 0xEDB8_8320 } else { 0 });
    let table: [u32; 256] = std::array::from_fn(|byte| of_byte(byte as u32));
    !bytes.iter().fold(u32::MAX, |crc, byte| crc >> 8 ^ table[usize::from(crc as u8 ^ byte)])
}

impl ZipBuilder {
    pub fn build(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let mut directory = Vec::new();
        let mut count = 0_u16;
        for (number, (path, bytes)) in self.entries.iter().enumerate() {
            let path = if bytes.is_none() { format!("{path}/") } else { path.clone() };
            if bytes.is_none() && !self.folders {
                continue;
            }
            let bytes = bytes.as_deref().unwrap_or_default();
            let deflated = !(self.stored && number % 2 == 0 || bytes.is_empty());
            let data = if deflated { compress_to_vec(bytes, 6) } else { bytes.to_vec() };
            let mut common =
                [20_u16, 0x800, if deflated { 8 } else { 0 }, 0, 0].map(u16::to_le_bytes).concat();
            common.extend([crc(bytes), data.len() as u32, bytes.len() as u32].map(u32::to_le_bytes).concat());
            common.extend([path.len() as u16, 0].map(u16::to_le_bytes).concat());
            let offset = file.len() as u32;
            file.extend(b"PK\x03\x04");
            file.extend(&common);
            file.extend(path.as_bytes());
            file.extend(&data);
            directory.extend(b"PK\x01\x02\x14\0");
            directory.extend(&common);
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(path.as_bytes());
            count += 1;
        }
        let at = file.len() as u32;
        file.extend(&directory);
        file.extend(b"PK\x05\x06\0\0\0\0");
        file.extend([count, count].map(u16::to_le_bytes).concat());
        file.extend([directory.len() as u32, at].map(u32::to_le_bytes).concat());
        file.extend([0, 0]);
        file
    }
}
