//! Builder of patches (XEXP) between two executables of the XEX builder.

use super::lzx_encoder::{Block, encode_after};
use super::xex_builder::XexBuilder;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};

/// A record: source, destination, size, and kind.
#[derive(Clone, Debug)]
pub enum Record {
    Zero(usize, usize),
    Copy(usize, usize, usize),
    /// The new contents, compressed relative to the contents at the other position.
    Lzx(usize, usize, Vec<u8>),
}

fn records(list: &[Record], buffer: &mut [u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in list {
        let (old, new, length, data) = match record {
            Record::Zero(at, length) => {
                buffer[*at..at + length].fill(0);
                (0, *at, *length, None)
            }
            Record::Copy(from, to, length) => {
                buffer.copy_within(*from..from + length, *to);
                (*from, *to, *length, Some(Vec::new()))
            }
            Record::Lzx(from, to, bytes) => {
                let whole = [&buffer[*from..from + bytes.len()], bytes].concat();
                let data = encode_after(16, None, &[(Block::Verbatim, 0)], &whole, bytes.len()).concat();
                buffer[*to..to + bytes.len()].copy_from_slice(bytes);
                (*from, *to, bytes.len(), Some(data))
            }
        };
        out.extend([old as u32, new as u32].map(u32::to_be_bytes).concat());
        let packed = data.as_ref().map_or(0, |data| data.len().max(1));
        out.extend([length as u16, packed as u16].map(u16::to_be_bytes).concat());
        out.extend(data.into_iter().flatten());
    }
    out
}

fn decrypted(key: [u8; 16], mut block: [u8; 16]) -> [u8; 16] {
    let decryptor = cbc::Decryptor::<aes::Aes128>::new(&key.into(), &[0; 16].into());
    decryptor.decrypt_padded::<NoPadding>(&mut block).unwrap();
    block
}

fn encrypted(key: [u8; 16], bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let size = bytes.len();
    let encryptor = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &[0; 16].into());
    encryptor.encrypt_padded::<NoPadding>(&mut bytes, size).unwrap();
    bytes
}

/// The key of both executables, and the key of the patch.
const FILE_KEY: [u8; 16] = *b"a key of a file!";
const PATCH_KEY: [u8; 16] = *b"key of a patch!!";

/// A patch from `old` to `new` with these records for the image; encrypted if `old` is.
pub fn build(old: &XexBuilder, new: &XexBuilder, image: &[Record]) -> Vec<u8> {
    let header = |file: &[u8]| file[..u32::from_be_bytes(file[8..12].try_into().unwrap()) as usize].to_vec();
    let old_header = header(&old.build());
    let new_header = header(&new.build());
    let mut buffer = old_header;
    buffer.resize(buffer.len().max(new_header.len()), 0);
    let master = old.master.unwrap_or_default();
    let session = decrypted(master, FILE_KEY);

    let mut descriptor = vec![0; 12];
    descriptor.extend([0; 20]);
    descriptor.extend(encrypted(session, &session));
    let image_size = new.image.len() as u32;
    let words = [new_header.len() as u32, 0, new_header.len() as u32, 0, 0, image_size, 0];
    descriptor.extend(words.map(u32::to_be_bytes).concat());
    descriptor.extend(records(&[Record::Lzx(0, 0, new_header)], &mut buffer));
    descriptor.extend([0; 12]);
    descriptor.resize(descriptor.len().next_multiple_of(4), 0);
    let size = descriptor.len() as u32;
    descriptor[..4].copy_from_slice(&size.to_be_bytes());

    let mut image_buffer = old.image.clone();
    image_buffer.resize(image_buffer.len().max(new.image.len()), 0);
    let mut next = (0_u32, [0_u8; 20]);
    let mut blocks = Vec::new();
    // One block per record, built in order, linked from the last.
    let parts: Vec<Vec<u8>> =
        image.iter().map(|record| records(std::slice::from_ref(record), &mut image_buffer)).collect();
    image_buffer.truncate(new.image.len());
    assert!(image_buffer == new.image, "the records make another image");
    for part in parts.iter().rev() {
        let block = [&next.0.to_be_bytes()[..], &next.1, part, &[0; 12]].concat();
        next = (block.len() as u32, Sha1::digest(&block).into());
        blocks.push(block);
    }
    blocks.reverse();
    let mut payload = blocks.concat();
    let mut format =
        [0_u32, u32::from(old.master.is_some()) << 16 | 3, 0x1_0000, next.0].map(u32::to_be_bytes).concat();
    format.extend(next.1);
    let size = format.len() as u32;
    format[..4].copy_from_slice(&size.to_be_bytes());
    if old.master.is_some() {
        payload = encrypted(decrypted(session, PATCH_KEY), &payload);
    }

    let bodies = 0x18 + 16;
    let security = bodies + descriptor.len() + format.len();
    let header_size = security + 0x184;
    let mut file = b"XEX2".to_vec();
    file.extend([0x41, header_size as u32, 0, security as u32, 2].map(u32::to_be_bytes).concat());
    file.extend(
        [0x3FF, (bodies + descriptor.len()) as u32, 0x5FF, bodies as u32].map(u32::to_be_bytes).concat(),
    );
    file.extend(descriptor);
    file.extend(format);
    file.resize(header_size, 0);
    file[security + 0x150..security + 0x160].copy_from_slice(&PATCH_KEY);
    file.extend(payload);
    file
}
