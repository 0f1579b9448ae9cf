//! Builder of ZArchives.

use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sha2::{Digest, Sha256};

const BLOCK: usize = 0x1_0000;

/// An archive with `default.xex` and `media/a.bin`.
pub fn sample() -> Vec<u8> {
    let bytes = (0..BLOCK + 5).map(|i| (i % 251) as u8).collect();
    let files = [
        ("default.xex".to_owned(), Some(b"XEX2".to_vec())),
        ("media".to_owned(), None),
        ("media/a.bin".to_owned(), Some(bytes)),
    ];
    build(&files)
}

struct Node {
    name: u32,
    /// Offset and size of a file, or index of a folder's first child and number of children.
    place: [u64; 2],
    is_file: bool,
}

/// An archive of these files and folders.
pub fn build(files: &[(String, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut names = Vec::new();
    let mut data = Vec::new();
    let mut nodes = vec![Node { name: 0x7FFF_FFFF, place: [0, 0], is_file: false }];
    // Folders in order of discovery, each with its node number.
    let mut folders = vec![(String::new(), 0)];
    let mut next = 0;
    while let Some((folder, node)) = folders.get(next).cloned() {
        next += 1;
        let mut children: Vec<_> = files
            .iter()
            .filter(|(path, _)| path.rsplit_once('/').map_or("", |(folder, _)| folder) == folder)
            .collect();
        children.sort_by_key(|(path, _)| path.to_lowercase());
        nodes[node].place = [nodes.len() as u64, children.len() as u64];
        for (path, bytes) in children {
            let name = path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name);
            let at = names.len() as u32;
            if name.len() < 0x80 {
                names.push(name.len() as u8);
            } else {
                names.extend([name.len() as u8 & 0x7F | 0x80, (name.len() >> 7) as u8]);
            }
            names.extend(name.as_bytes());
            if bytes.is_none() {
                folders.push((path.clone(), nodes.len()));
            }
            let place = [data.len() as u64, bytes.as_ref().map_or(0, Vec::len) as u64];
            nodes.push(Node { name: at, place, is_file: bytes.is_some() });
            data.extend(bytes.iter().flatten());
        }
    }
    data.resize(data.len().next_multiple_of(BLOCK), 0);

    let mut file = Vec::new();
    let mut records = Vec::new();
    for (number, block) in data.chunks(BLOCK).enumerate() {
        let packed = compress_to_vec(block, CompressionLevel::Fastest);
        let packed = if packed.len() < BLOCK { packed } else { block.to_vec() };
        if number % 16 == 0 {
            records.extend((file.len() as u64).to_be_bytes());
        }
        records.extend((packed.len() as u16).wrapping_sub(1).to_be_bytes());
        file.extend(packed);
    }
    records.resize(records.len().next_multiple_of(40), 0);
    let mut tree = Vec::new();
    for node in &nodes {
        let [first, second] = node.place;
        tree.extend((node.name | u32::from(node.is_file) << 31).to_be_bytes());
        let high = (second >> 32 << 16 | first >> 32) as u32;
        let high = if node.is_file { high } else { 0 };
        tree.extend([first as u32, second as u32, high].map(u32::to_be_bytes).concat());
    }
    assemble(&file, &records, &names, &tree)
}

/// An archive of these parts.
pub fn assemble(blocks: &[u8], records: &[u8], names: &[u8], tree: &[u8]) -> Vec<u8> {
    let mut file = blocks.to_vec();
    let mut parts = vec![[0, file.len() as u64]];
    file.resize(file.len().next_multiple_of(8), 0);
    for part in [records, names, tree, &[], &[]] {
        parts.push([file.len() as u64, part.len() as u64]);
        file.extend(part);
    }
    let mut footer: Vec<u8> = parts.concat().into_iter().flat_map(u64::to_be_bytes).collect();
    footer.extend([0; 32]);
    footer.extend((file.len() as u64 + 144).to_be_bytes());
    footer.extend([0x61, 0xBF, 0x3A, 0x01, 0x16, 0x9F, 0x52, 0xD6]);
    file.extend(footer);
    let digest = Sha256::digest(&file);
    let at = file.len() - 48;
    file[at..at + 32].copy_from_slice(&digest);
    file
}
