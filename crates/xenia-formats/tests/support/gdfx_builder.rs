//! Builder of small disc images.

const SECTOR: usize = 0x800;

fn entry(children: [u16; 2], sector: u32, size: u32, attributes: u8, name: &str) -> Vec<u8> {
    let mut bytes = children.map(u16::to_le_bytes).concat();
    bytes.extend([sector, size].map(u32::to_le_bytes).concat());
    bytes.extend([attributes, name.len() as u8]);
    bytes.extend(name.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0xFF);
    bytes
}

/// An image with `default.xex` and `media/a.bin`.
pub fn sample() -> Vec<u8> {
    let mut image = vec![0x55; 37 * SECTOR];
    let mut put = |sector: usize, bytes: &[u8]| {
        image[sector * SECTOR..][..bytes.len()].copy_from_slice(bytes);
    };
    let first = entry([0, 7], 35, 4, 0x80, "default.xex");
    let root = [first, entry([0, 0], 34, 20, 0x10, "media")].concat();
    let head = [b"MICROSOFT*XBOX*MEDIA".to_vec(), 33_u32.to_le_bytes().to_vec()].concat();
    put(32, &[head, (root.len() as u32).to_le_bytes().to_vec()].concat());
    put(33, &root);
    put(34, &entry([0, 0], 36, 5, 0x80, "a.bin"));
    put(35, b"XEX2");
    put(36, b"bytes");
    image[33 * SECTOR - 20..33 * SECTOR].copy_from_slice(b"MICROSOFT*XBOX*MEDIA");
    image.truncate(36 * SECTOR + 5);
    image
}
