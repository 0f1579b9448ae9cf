//! Builder of small XEX2 files of every supported kind, most of which the project's writer does not
//! produce.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};

use super::lzx_encoder::{Block, encode};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    Plain,
    Basic,
    Lzx,
}

#[derive(Clone)]
pub struct XexBuilder {
    pub payload: Payload,
    /// Master key for encryption of the payload, if any.
    pub master: Option<[u8; 16]>,
    pub image: Vec<u8>,
    /// Page size: 4 KiB or 64 KiB.
    pub page_size: u32,
    /// Page counts and types.
    pub runs: Vec<(u32, u32)>,
    /// Names and record addresses.
    pub imports: Vec<(String, Vec<u32>)>,
    /// Optional headers beyond format and imports: key, and a word or a body.
    pub headers: Vec<(u32, Result<u32, Vec<u8>>)>,
    pub export_table: u32,
    pub module_flags: u32,
}

pub const BASE: u32 = 0x9200_0000;
pub const IMAGE_SIZE: usize = 0x6000;
pub const ENTRY: u32 = BASE + 0x1100;

/// An image of six small pages: PE header, code, exports, imports, data, zeros.
pub fn sample_image() -> Vec<u8> {
    let mut image = vec![0; IMAGE_SIZE];
    let put =
        |image: &mut Vec<u8>, at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(&mut image, 0, b"MZ");
    put(&mut image, 0x3C, &0x80_u32.to_le_bytes());
    put(&mut image, 0x80, b"PE\0\0\xF2\x01\x01\0");
    put(&mut image, 0x94, &0xE0_u16.to_le_bytes());
    put(&mut image, 0x98, &0x10B_u16.to_le_bytes());
    put(&mut image, 0x98 + 0x44, &14_u16.to_le_bytes());
    put(&mut image, 0x98 + 0x5C, &16_u32.to_le_bytes());
    put(&mut image, 0x178, b".pdata\0\0");
    for (at, value) in [(0x180, 0x18_u32), (0x184, 0x4000), (0x188, 0x18), (0x18C, 0x4000)] {
        put(&mut image, at, &value.to_le_bytes());
    }
    for (i, at) in (0x1000..0x2000).step_by(4).enumerate() {
        put(&mut image, at, &(0x3880_0000 + i as u32 * 5).to_be_bytes());
    }
    let words = |image: &mut Vec<u8>, at: usize, words: &[u32]| {
        for (i, word) in words.iter().enumerate() {
            image[at + i * 4..at + i * 4 + 4].copy_from_slice(&word.to_be_bytes());
        }
    };
    // Export table with ordinals 10 and 12.
    words(&mut image, 0x2020, &[BASE >> 16, 3, 10, 0x1100, 0, 0x1200]);
    // Slot and thunk of function 5, variable 9; then function 7 of the other library.
    words(&mut image, 0x3000, &[5, 9, 0x1_0007]);
    words(&mut image, 0x3010, &[0x0100_0005, 0x0200_0005, 0x7D69_03A6, 0x4E80_0420]);
    words(&mut image, 0x3020, &[0x0101_0007, 0x0201_0007, 0x7D69_03A6, 0x4E80_0420]);
    // A function with a handler, one outside the image, and a restore routine, which has no
    // handler.
    words(
        &mut image,
        0x4000,
        &[BASE + 0x1100, 0xC000_1003, BASE + 0x5FF0, 0x4000_0501, BASE + 0x1140, 0x8000_0401, 0, 0],
    );
    for (i, byte) in image[0x4100..0x4800].iter_mut().enumerate() {
        *byte = ((i * 31) >> 3) as u8;
    }
    image
}

impl XexBuilder {
    pub fn sample(payload: Payload, master: Option<[u8; 16]>) -> Self {
        let mut execution: Vec<u8> = [0x1122_3344_u32, 0x2004_D201, 0x1000_0000, 0x5841_07D1]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect();
        execution.extend([2, 0, 1, 2, 0, 0, 0, 9]);
        let tls: Vec<u8> =
            [64, BASE + 0x4100, 0x40, 0x20].iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        let mut resources = 20_u32.to_be_bytes().to_vec();
        resources.extend(b"584107D1");
        resources.extend((BASE + 0x4200).to_be_bytes());
        resources.extend(0x300_u32.to_be_bytes());
        let mut name = 16_u32.to_be_bytes().to_vec();
        name.extend(b"sample.exe\0\0");
        Self {
            payload,
            master,
            image: sample_image(),
            page_size: 0x1000,
            runs: vec![(1, 3), (1, 1), (2, 3), (2, 2)],
            imports: vec![
                ("xam.xex".to_owned(), vec![BASE + 0x3000, BASE + 0x3010, BASE + 0x3004]),
                ("xboxkrnl.exe".to_owned(), vec![BASE + 0x3008, BASE + 0x3020]),
            ],
            headers: vec![
                (0x2FF, Err(resources)),
                (0x1_0100, Ok(ENTRY)),
                (0x1_0201, Ok(BASE)),
                (0x1_83FF, Err(name)),
                (0x2_0104, Err(tls)),
                (0x2_0200, Ok(0x8_0000)),
                (0x4_0006, Err(execution)),
                (
                    0x4_07FF,
                    Err([12_u32, 0x5841_07D1, 0x5841_07D2].into_iter().flat_map(u32::to_be_bytes).collect()),
                ),
            ],
            export_table: BASE + 0x2000,
            module_flags: 1,
        }
    }

    pub fn build(&self) -> Vec<u8> {
        let (format, payload) = self.payload();
        let (imports, import_digest) = self.import_table();
        let mut headers = self.headers.clone();
        headers.push((0x3FF, Err(format)));
        headers.push((0x1_03FF, Err(imports)));
        headers.sort_by_key(|(key, _)| *key);

        // Bodies first, security info last, unlike the project's writer.
        let bodies_start = 0x18 + headers.len() * 8;
        let mut table = Vec::new();
        let mut bodies: Vec<u8> = Vec::new();
        for (key, value) in &headers {
            table.extend(key.to_be_bytes());
            match value {
                Ok(word) => table.extend(word.to_be_bytes()),
                Err(body) => {
                    table.extend(((bodies_start + bodies.len()) as u32).to_be_bytes());
                    bodies.extend(body);
                }
            }
        }
        let security_offset = bodies_start + bodies.len();
        let (security, header_digest_at) = self.security(import_digest);
        let header_size = (security_offset + security.len()).next_multiple_of(0x100);
        let mut out = b"XEX2".to_vec();
        for word in [self.module_flags, header_size as u32, 0, security_offset as u32, headers.len() as u32] {
            out.extend(word.to_be_bytes());
        }
        out.extend(table);
        out.extend(bodies);
        out.extend(security);
        out.resize(header_size, 0);
        let digest = hash(&[&out[security_offset + 0x17C..], &out[..security_offset + 8]]);
        let at = security_offset + header_digest_at;
        out[at..at + 20].copy_from_slice(&digest);
        out.extend(payload);
        out
    }

    fn payload(&self) -> (Vec<u8>, Vec<u8>) {
        let compression = match self.payload {
            Payload::Plain => 0,
            Payload::Basic => 1,
            Payload::Lzx => 2,
        };
        let mut format = vec![0, 0, 0, 0, 0, u8::from(self.master.is_some()), 0, compression];
        let mut payload = match self.payload {
            Payload::Plain => self.image.clone(),
            Payload::Basic => {
                // The last two pages are zero, except for the end of a stored run of 0x4800 bytes.
                format.extend([0_u32, 0, 0x4800, 0x1800].iter().flat_map(|word| word.to_be_bytes()));
                self.image[..0x4800].to_vec()
            }
            Payload::Lzx => {
                let blocks = [(Block::Uncompressed, 0x1001), (Block::Verbatim, 0x2000), (Block::Aligned, 0)];
                let stream = encode(15, None, &blocks, &self.image).concat();
                let (size, digest, list) = chunk_list(&stream);
                format.extend(0x8000_u32.to_be_bytes());
                format.extend(size.to_be_bytes());
                format.extend(digest);
                list
            }
        };
        let size = format.len() as u32;
        format[..4].copy_from_slice(&size.to_be_bytes());
        if let Some(master) = self.master {
            let mut session = FILE_KEY;
            let decryptor = cbc::Decryptor::<aes::Aes128>::new(&master.into(), &[0; 16].into());
            decryptor.decrypt_padded::<NoPadding>(&mut session).unwrap();
            payload.resize(payload.len().next_multiple_of(16), 0);
            let size = payload.len();
            let encryptor = cbc::Encryptor::<aes::Aes128>::new(&session.into(), &[0; 16].into());
            encryptor.encrypt_padded::<NoPadding>(&mut payload, size).unwrap();
        }
        (format, payload)
    }

    fn import_table(&self) -> (Vec<u8>, [u8; 20]) {
        let mut names = Vec::new();
        for (name, _) in &self.imports {
            names.extend(name.as_bytes());
            names.push(0);
            while names.len() % 4 != 0 {
                names.push(0);
            }
        }
        let mut records: Vec<Vec<u8>> = Vec::new();
        for (index, (_, addresses)) in self.imports.iter().enumerate() {
            let mut record = (0x28 + addresses.len() as u32 * 4).to_be_bytes().to_vec();
            record.extend([0; 20]);
            record.extend([0xCAFE_u32, 0x2052_7F00, 0x2000_0000].iter().flat_map(|w| w.to_be_bytes()));
            record.extend([0, index as u8]);
            record.extend((addresses.len() as u16).to_be_bytes());
            record.extend(addresses.iter().flat_map(|address| address.to_be_bytes()));
            records.push(record);
        }
        for index in (1..records.len()).rev() {
            let digest = hash(&[&records[index][4..]]);
            records[index - 1][4..24].copy_from_slice(&digest);
        }
        let digest = records.first().map_or([0; 20], |record| hash(&[&record[4..]]));
        let mut body = vec![0; 4];
        body.extend((names.len() as u32).to_be_bytes());
        body.extend((records.len() as u32).to_be_bytes());
        body.extend(names);
        body.extend(records.concat());
        let size = body.len() as u32;
        body[..4].copy_from_slice(&size.to_be_bytes());
        (body, digest)
    }

    fn security(&self, import_digest: [u8; 20]) -> (Vec<u8>, usize) {
        let mut descriptors: Vec<[u8; 24]> = Vec::new();
        for &(pages, kind) in &self.runs {
            let mut descriptor = [0; 24];
            descriptor[..4].copy_from_slice(&(pages << 4 | kind).to_be_bytes());
            descriptors.push(descriptor);
        }
        let mut ends: Vec<usize> = Vec::new();
        for &(pages, _) in &self.runs {
            ends.push(ends.last().copied().unwrap_or(0) + (pages * self.page_size) as usize);
        }
        let mut digest = [0; 20];
        for index in (0..descriptors.len()).rev() {
            descriptors[index][4..].copy_from_slice(&digest);
            let start = if index == 0 { 0 } else { ends[index - 1] };
            digest = hash(&[&self.image[start..ends[index]], &descriptors[index]]);
        }
        let mut out = Vec::new();
        let word = |out: &mut Vec<u8>, value: u32| out.extend(value.to_be_bytes());
        word(&mut out, 0x184 + 24 * descriptors.len() as u32);
        word(&mut out, self.image.len() as u32);
        out.extend([0x5A; 0x100]);
        word(&mut out, 0x174);
        word(&mut out, if self.page_size == 0x1000 { 0x1000_0000 } else { 0 });
        word(&mut out, 0x8200_0000); // overridden by an optional header
        out.extend(digest);
        word(&mut out, self.imports.len() as u32);
        out.extend(import_digest);
        out.extend([0; 16]);
        out.extend(FILE_KEY);
        word(&mut out, self.export_table);
        let header_digest_at = out.len();
        out.extend([0; 20]);
        word(&mut out, 0xFFFF_FFFF);
        word(&mut out, 0xFFFF_FFFF);
        word(&mut out, descriptors.len() as u32);
        out.extend(descriptors.concat());
        (out, header_digest_at)
    }
}

const FILE_KEY: [u8; 16] = *b"a key of a file!";

fn hash(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Splits a stream into chunks of 700 bytes, three per block; returns size and digest of the first
/// block, and all bytes.
fn chunk_list(stream: &[u8]) -> (u32, [u8; 20], Vec<u8>) {
    let mut next = (0_u32, [0_u8; 20]);
    let mut out: Vec<Vec<u8>> = Vec::new();
    let chunks: Vec<&[u8]> = stream.chunks(700).collect();
    for group in chunks.chunks(3).rev() {
        let mut block = next.0.to_be_bytes().to_vec();
        block.extend(next.1);
        for chunk in group {
            block.extend((chunk.len() as u16).to_be_bytes());
            block.extend(*chunk);
        }
        block.extend([0, 0]);
        next = (block.len() as u32, hash(&[&block]));
        out.push(block);
    }
    out.reverse();
    (next.0, next.1, out.concat())
}
