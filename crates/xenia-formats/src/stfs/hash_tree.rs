//! Hash tree of a package.
//!
//! Each table has the hashes of 170 children: blocks at level 0, tables above. A table precedes the
//! first block that it covers, except for the first table of a level, which follows the blocks of
//! its first child. Writable packages have two copies of each table, and the parent records which
//! is current. A level 0 entry also contains the index of the next block of the file.

use std::sync::Arc;

use sha1::{Digest, Sha1};

use crate::error::{FormatError, Reason, limited};
use crate::findings::Findings;
use crate::read_at::{ReadAt, read_exact_at};

pub(super) type BlockHash = [u8; 20];

/// Callback for a block or table with a wrong hash: an error ends the read, `Ok` continues it.
pub(super) type Bad<'a> = &'a mut dyn FnMut(FormatError) -> Result<(), FormatError>;

/// Size of a block, and of a table, in bytes.
pub(super) const BLOCK: usize = 0x1000;
/// Number of hashes in a table.
pub(super) const CHILDREN: u32 = 170;
/// Number of blocks covered by a table of each level.
pub(super) const COVERED: [u32; 3] = [CHILDREN, CHILDREN * CHILDREN, CHILDREN * CHILDREN * CHILDREN];
/// Size of a hash entry in bytes.
pub(super) const ENTRY: usize = 24;
/// Flag in the word after a hash: the child's second copy is the current one.
const SECOND_COPY: u32 = 1 << 30;
/// Flag in that word at level 0: the block belongs to a file.
pub(super) const IN_USE: u32 = 1 << 31;
/// Mask in that word at level 0: index of the next block.
const NEXT: u32 = 0xFF_FFFF;
/// The index that ends a file; those of blocks are lower.
pub(super) const LAST: u32 = NEXT;
/// Mask of each of two counts in that word above level 0, from bit 0 and from bit 15 on: free
/// blocks, and blocks that become free with the next write.
const FREE: u32 = 0x7FFF;
const TABLE: &str = "STFS hash table";

/// Layout of blocks and tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// File offset of the first block or table.
    pub(super) data: u64,
    /// Number of copies of each table.
    pub(super) copies: u32,
    /// Total number of blocks.
    pub(super) blocks: u32,
}

impl Shape {
    /// Position of a block among all blocks and tables.
    pub(super) fn place_of_block(self, block: u32) -> u64 {
        let mut place = u64::from(block);
        for covered in COVERED {
            // The tables of this level up to and including this block's.
            place += u64::from(self.copies) * (u64::from(block / covered) + 1);
            if block < covered {
                break;
            }
        }
        place
    }

    /// Position of a table's first copy among all blocks and tables.
    pub(super) fn place_of_table(self, level: usize, table: u32) -> u64 {
        let table = u64::from(table);
        let copies = u64::from(self.copies);
        let group = u64::from(CHILDREN) + copies;
        let large = u64::from(COVERED[1]) + (u64::from(CHILDREN) + 1) * copies;
        match (level, table) {
            (0, 0) => 0,
            (0, _) => {
                let above = table / u64::from(CHILDREN);
                // Groups of blocks and a table, the tables of level 1 so far and, from the second
                // of these on, the table of level 2.
                table * group + (above + 1) * copies + if above > 0 { copies } else { 0 }
            }
            (1, 0) => group,
            (1, _) => table * large + copies,
            _ => large,
        }
    }

    fn offset(self, place: u64) -> u64 {
        self.data + place * BLOCK as u64
    }

    /// Number of blocks that a table covers.
    pub(super) fn covered_by(self, level: usize, table: u32) -> u32 {
        self.blocks.saturating_sub(table.saturating_mul(COVERED[level])).min(COVERED[level])
    }

    /// Whether the parent's `word` declares all blocks of a table free.
    fn is_free(self, level: usize, table: u32, word: u32) -> bool {
        self.copies > 1 && (word & FREE) + (word >> 15 & FREE) == self.covered_by(level, table)
    }

    /// Number of table levels.
    pub(super) fn levels(self) -> Option<usize> {
        COVERED.iter().position(|&covered| self.blocks <= covered).map(|level| level + 1)
    }
}

/// The verified hash tree of a package.
pub(super) struct HashTree {
    package: Arc<dyn ReadAt>,
    shape: Shape,
    /// Total number of tables.
    tables: u32,
    /// Hash of each block, and the next block of its file.
    blocks: Vec<(BlockHash, u32)>,
}

impl HashTree {
    /// Reads and verifies all tables, from the top.
    pub(super) fn read(
        package: Arc<dyn ReadAt>,
        shape: Shape,
        second_copy: bool,
        top: &[u8],
        bad: Bad<'_>,
    ) -> Result<Self, FormatError> {
        const WHAT: &str = "STFS blocks";
        let size = package.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
        // Fail early for a tree that describes more blocks than the file has.
        let least = shape.data + u64::from(shape.blocks) * BLOCK as u64;
        if least > size {
            return Err(FormatError::truncated(WHAT, shape.data, least - shape.data, size));
        }
        let levels = shape.levels().ok_or_else(|| {
            let of = "the number of blocks";
            let value = shape.blocks.into();
            let limit = COVERED[2].into();
            FormatError::new(WHAT, shape.data, Reason::TooLarge { of, value, limit })
        })?;
        let mut digest = BlockHash::default();
        digest.copy_from_slice(top);
        let mut tables = vec![(digest, if second_copy { SECOND_COPY } else { 0 })];
        let mut read = 0;
        for level in (0..levels).rev() {
            // Blocks covered by a child of this level: a table of the level below, or one block.
            let covered = if level == 0 { 1 } else { COVERED[level - 1] };
            let count = shape.blocks.div_ceil(covered) as usize;
            let mut children = Vec::with_capacity(count);
            for (number, (digest, word)) in (0_u32..).zip(&tables) {
                // The top table has no parent that could declare its blocks free.
                if level + 1 < levels && shape.is_free(level, number, *word) {
                    let free = count.min(children.len() + CHILDREN as usize);
                    let first = children.len() as u32;
                    children.extend((first..free as u32).map(|child| {
                        // The children are free as well: their words count all of their blocks.
                        let word = level.checked_sub(1).map_or(0, |below| shape.covered_by(below, child));
                        (BlockHash::default(), word)
                    }));
                    continue;
                }
                read += 1;
                let copy = u64::from(shape.copies > 1 && word & SECOND_COPY != 0);
                let offset = shape.offset(shape.place_of_table(level, number) + copy);
                let table = read_exact_at(&package, TABLE, offset, BLOCK as u64)?;
                compare(TABLE, offset, &table, digest).or_else(&mut *bad)?;
                let entries = table.chunks_exact(ENTRY).take(CHILDREN as usize);
                children.extend(entries.take(count - children.len()).map(entry));
            }
            tables = children;
        }
        Ok(Self { package, shape, tables: read, blocks: tables })
    }

    /// Reads and verifies a block.
    pub(super) fn block(&self, block: u32) -> Result<Vec<u8>, FormatError> {
        const WHAT: &str = "STFS block";
        let offset = self.offset(block);
        let Some((digest, word)) = self.blocks.get(block as usize) else {
            return Err(FormatError::new(WHAT, offset, self.beyond_blocks(block)));
        };
        if self.is_unwritten(digest, *word) {
            return Ok(vec![0; BLOCK]);
        }
        checked(&self.package, WHAT, offset, digest)
    }

    /// Verifies all tables that were read and all blocks in use. Free blocks are skipped, and in
    /// writable packages blocks without a hash, which a file owns and has not written.
    pub(super) fn verify(&self, findings: &mut Findings) {
        for _ in 0..self.tables {
            findings.checked();
        }
        for (number, (digest, word)) in self.blocks.iter().enumerate() {
            if word & IN_USE == 0 || self.is_unwritten(digest, *word) {
                continue;
            }
            findings.checked();
            let offset = self.offset(number as u32);
            if let Err(error) = checked(&self.package, "STFS block", offset, digest) {
                findings.fault(error);
            }
        }
    }

    /// Whether a file owns the block with this entry, and has not written it.
    fn is_unwritten(&self, digest: &BlockHash, word: u32) -> bool {
        self.is_writable() && word & IN_USE != 0 && *digest == BlockHash::default()
    }

    /// Whether the package is one that a console writes to.
    pub(super) fn is_writable(&self) -> bool {
        self.shape.copies > 1
    }

    /// File offset of a block.
    pub(super) fn offset(&self, block: u32) -> u64 {
        self.shape.offset(self.shape.place_of_block(block))
    }

    /// A chain of `count` blocks from `first` on, as linked in the tables.
    pub(super) fn chain(&self, first: u32, count: u32) -> Result<Vec<u32>, Reason> {
        // A longer chain would be cyclic.
        limited("the number of a file's blocks", count.into(), self.shape.blocks.into())?;
        let mut chain = Vec::with_capacity(count as usize);
        let mut next = first;
        for _ in 0..count {
            let (_, word) = self.blocks.get(next as usize).ok_or_else(|| self.beyond_blocks(next))?;
            chain.push(next);
            next = word & NEXT;
        }
        Ok(chain)
    }

    /// A run of `count` consecutive blocks from `first` on.
    pub(super) fn run(&self, first: u32, count: u32) -> Result<std::ops::Range<u32>, Reason> {
        let end = first.saturating_add(count);
        if end > self.shape.blocks { Err(self.beyond_blocks(end - 1)) } else { Ok(first..end) }
    }

    fn beyond_blocks(&self, block: u32) -> Reason {
        Reason::Invalid(format!("block {block:#x} of {:#x}", self.shape.blocks).into())
    }
}

fn entry(bytes: &[u8]) -> (BlockHash, u32) {
    let mut digest = BlockHash::default();
    digest.copy_from_slice(&bytes[..20]);
    (digest, super::be32(bytes, 20))
}

/// Reads a block and checks its hash.
fn checked(
    package: &dyn ReadAt,
    what: &'static str,
    offset: u64,
    digest: &BlockHash,
) -> Result<Vec<u8>, FormatError> {
    let bytes = read_exact_at(package, what, offset, BLOCK as u64)?;
    compare(what, offset, &bytes, digest)?;
    Ok(bytes)
}

fn compare(what: &'static str, offset: u64, bytes: &[u8], digest: &BlockHash) -> Result<(), FormatError> {
    if Sha1::digest(bytes)[..] == digest[..] {
        Ok(())
    } else {
        Err(FormatError::invalid(what, offset, "its hash is another: the package is damaged"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_blocks_and_tables_one_after_the_other() {
        for copies in [1, 2] {
            let shape = Shape { data: 0, copies, blocks: 0 };
            let mut place = 0;
            for block in 0..COVERED[1] * 2 + 500 {
                let covers =
                    |level: usize| block.is_multiple_of(COVERED[level]).then_some(block / COVERED[level]);
                let tables = [
                    (2, (block == COVERED[1]).then_some(0)),
                    (1, if block == CHILDREN { Some(0) } else { covers(1).filter(|&table| table > 0) }),
                    (0, covers(0)),
                ];
                for (level, table) in tables {
                    if let Some(table) = table {
                        assert_eq!(shape.place_of_table(level, table), place, "{level} {table}");
                        place += u64::from(copies);
                    }
                }
                assert_eq!(shape.place_of_block(block), place, "{block}");
                place += 1;
            }
        }
    }
}
