//! Builder of content packages, block by block in file order.

use sha1::{Digest, Sha1};

const BLOCK: usize = 0x1000;
const DATA: usize = 0xA000;
const CHILDREN: usize = 170;

/// A package to be built.
pub struct StfsBuilder {
    pub magic: &'static [u8; 4],
    /// Whether tables have two copies; of every other table the second one is current.
    pub is_written_to: bool,
    /// Whether the blocks of files alternate, instead of being consecutive.
    pub is_scattered: bool,
    /// Index of the parent directory, or 0xFFFF; name; contents of a file.
    pub entries: Vec<(u16, String, Option<Vec<u8>>)>,
    /// Number of free blocks at the end. A table that covers free blocks alone is not written.
    pub free: usize,
    /// Number of blocks at the end of each file that were never written.
    pub unwritten: usize,
}

/// A package with `default.xex` and `media/a.bin`.
pub fn sample() -> Vec<u8> {
    StfsBuilder {
        magic: b"LIVE",
        is_written_to: false,
        is_scattered: false,
        entries: vec![
            (0xFFFF, "default.xex".to_owned(), Some(b"XEX2".to_vec())),
            (0xFFFF, "media".to_owned(), None),
            (1, "a.bin".to_owned(), Some(b"bytes".to_vec())),
        ],
        free: 0,
        unwritten: 0,
    }
    .build()
}

/// A hash and its word.
type Entry = ([u8; 20], u32);

/// A hash table for this number of blocks.
fn hash_table(children: &[Entry], blocks: usize) -> Vec<u8> {
    let mut table = Vec::new();
    for (digest, word) in children {
        table.extend(digest);
        table.extend(word.to_be_bytes());
    }
    table.resize(CHILDREN * 24, 0);
    table.extend((blocks as u32).to_be_bytes());
    block(&table)
}

fn block(bytes: &[u8]) -> Vec<u8> {
    let mut block = bytes.to_vec();
    block.resize(BLOCK, 0);
    block
}

impl StfsBuilder {
    pub fn build(&self) -> Vec<u8> {
        // Blocks of each file, after those of the directory.
        let directory = self.entries.len().div_ceil(BLOCK / 0x40).max(1);
        let sizes: Vec<usize> = self
            .entries
            .iter()
            .map(|(_, _, bytes)| bytes.as_ref().map_or(0, Vec::len).div_ceil(BLOCK))
            .collect();
        let mut blocks = vec![Vec::new(); sizes.len()];
        let mut free = directory;
        if self.is_scattered {
            for turn in 0..sizes.iter().copied().max().unwrap_or(0) {
                for (file, _) in sizes.iter().enumerate().filter(|(_, size)| **size > turn) {
                    blocks[file].push(free);
                    free += 1;
                }
            }
        } else {
            for (file, size) in sizes.iter().enumerate() {
                blocks[file] = (free..free + size).collect();
                free += size;
            }
        }

        let mut data = vec![Vec::new(); free];
        let mut next = vec![0xFF_FFFF_u32; free];
        for (number, next) in next.iter_mut().enumerate().take(directory - 1) {
            *next = number as u32 + 1;
        }
        let mut table = Vec::new();
        for ((parent, name, bytes), blocks) in self.entries.iter().zip(&blocks) {
            let mut entry = vec![0; 0x40];
            entry[..name.len()].copy_from_slice(name.as_bytes());
            let run = if self.is_scattered { 0 } else { 0x40 };
            entry[0x28] = name.len() as u8 | if bytes.is_none() { 0x80 } else { run };
            let written = blocks.len().saturating_sub(self.unwritten) as u32;
            entry[0x29..0x2C].copy_from_slice(&written.to_le_bytes()[..3]);
            entry[0x2C..0x2F].copy_from_slice(&(blocks.len() as u32).to_le_bytes()[..3]);
            let first = blocks.first().copied().unwrap_or(0) as u32;
            entry[0x2F..0x32].copy_from_slice(&first.to_le_bytes()[..3]);
            entry[0x32..0x34].copy_from_slice(&parent.to_be_bytes());
            let bytes = bytes.as_deref().unwrap_or_default();
            entry[0x34..0x38].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
            table.extend(entry);
            for (i, &number) in blocks.iter().enumerate() {
                data[number] = block(&bytes[i * BLOCK..bytes.len().min((i + 1) * BLOCK)]);
                next[number] = blocks.get(i + 1).map_or(0xFF_FFFF, |&next| next as u32);
            }
        }
        for (number, part) in data.iter_mut().enumerate().take(directory) {
            *part = block(&table[number * BLOCK..table.len().min((number + 1) * BLOCK)]);
        }

        // Hash entries of all blocks: used, owned but unwritten, free.
        let mut leaves: Vec<Entry> = data
            .iter()
            .zip(&next)
            .map(|(block, next)| (Sha1::digest(block).into(), next | 0x8000_0000))
            .collect();
        for blocks in &blocks {
            for &number in &blocks[blocks.len().saturating_sub(self.unwritten)..] {
                data[number] = vec![0x55; BLOCK];
                leaves[number] = ([0; 20], next[number] | 0xC000_0000);
            }
        }
        let total = free + self.free;
        data.resize(total, vec![0x55; BLOCK]);
        leaves.resize(total, ([0; 20], 0));

        // Table levels; the last one has a single table.
        let is_second = |table: usize| self.is_written_to && table % 2 == 1;
        let mut levels: Vec<Vec<Vec<u8>>> = Vec::new();
        let mut below = leaves;
        while levels.last().is_none_or(|level| level.len() > 1) {
            let covered = CHILDREN.pow(levels.len() as u32 + 1);
            let mut tables = Vec::new();
            let mut entries: Vec<Entry> = Vec::new();
            for (number, children) in below.chunks(CHILDREN).enumerate() {
                let blocks = (total - number * covered).min(covered);
                let free = (number * covered + blocks).saturating_sub(free).min(blocks);
                let is_written = !self.is_written_to || free < blocks;
                let table = if is_written { hash_table(children, blocks) } else { vec![0x55; BLOCK] };
                let digest = if is_written { Sha1::digest(&table).into() } else { [0; 20] };
                entries.push((digest, u32::from(is_second(number)) << 30 | free as u32));
                tables.push(table);
            }
            levels.push(tables);
            below = entries;
        }
        let top = &levels[levels.len() - 1][0];
        // The second copy of a table above level 0 is current, if there are two.
        let top_is_second = self.is_written_to && levels.len() > 1;

        let mut file = vec![0; DATA];
        file[..4].copy_from_slice(self.magic);
        file[0x340..0x344].copy_from_slice(&0x971A_u32.to_be_bytes());
        let flags = u8::from(!self.is_written_to) | u8::from(top_is_second) << 1;
        file[0x379..0x37C].copy_from_slice(&[0x24, 0, flags]);
        file[0x37C..0x37E].copy_from_slice(&(directory as u16).to_le_bytes());
        file[0x381..0x395].copy_from_slice(&Sha1::digest(top));
        file[0x395..0x399].copy_from_slice(&(total as u32).to_be_bytes());
        let id = Sha1::digest(&file[0x344..]);
        file[0x32C..0x340].copy_from_slice(&id);
        let tables = |table: &[u8], is_second: bool| {
            let stale = vec![0x55; BLOCK];
            match (self.is_written_to, is_second) {
                (false, _) => table.to_vec(),
                (true, false) => [table, &stale].concat(),
                (true, true) => [&stale, table].concat(),
            }
        };
        for (number, part) in data.iter().enumerate() {
            // A table precedes the blocks that it covers, but the first table of a level follows
            // the first group that it covers; tables of higher levels come first.
            for (level, all) in levels.iter().enumerate().rev() {
                let below = CHILDREN.pow(level as u32);
                let covered = CHILDREN.pow(level as u32 + 1);
                let starts =
                    if level > 0 && number < covered { number == below } else { number % covered == 0 };
                if starts {
                    let table = number / covered;
                    let second = if level + 1 == levels.len() { top_is_second } else { is_second(table) };
                    file.extend(tables(&all[table], second));
                }
            }
            file.extend(part);
        }
        file
    }
}
