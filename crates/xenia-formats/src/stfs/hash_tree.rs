//! The blocks of a package and the tree of hashes over them.
//!
//! Each table has the hashes of 170 children: of blocks at level 0, of tables above. A table lies
//! before the first block that it covers but the first of them of its level, which lies behind its
//! first child's blocks. Packages that are written to have two copies of each table, and its parent
//! says which is good. An entry of level 0 also names the block that follows in its file.

use std::sync::Arc;

use sha1::{Digest, Sha1};

use crate::error::{FormatError, Reason};
use crate::findings::Findings;
use crate::read_at::{ReadAt, read_exact_at};

pub(super) type BlockHash = [u8; 20];

/// What becomes of a block or table that has another hash: reading ends with it, or goes on.
pub(super) type Bad<'a> = &'a mut dyn FnMut(FormatError) -> Result<(), FormatError>;

/// Bytes of a block, and of a table.
pub(super) const BLOCK: usize = 0x1000;
/// Hashes in a table.
pub(super) const CHILDREN: u32 = 170;
/// Blocks that a table of each level covers.
pub(super) const COVERED: [u32; 3] = [CHILDREN, CHILDREN * CHILDREN, CHILDREN * CHILDREN * CHILDREN];
/// Bytes of a hash and what goes with it.
const ENTRY: usize = 24;
/// Of the word beside a hash: the child's second copy is the good one.
const SECOND_COPY: u32 = 1 << 30;
/// Of the same word at level 0: the block is a file's.
const IN_USE: u32 = 1 << 31;
/// Of the same word at level 0: the next block.
const NEXT: u32 = 0xFF_FFFF;
const TABLE: &str = "STFS hash table";

/// Where everything is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Where blocks and tables begin in the file.
    pub(super) data: u64,
    /// Of each table.
    pub(super) copies: u32,
    /// In all files together.
    pub(super) blocks: u32,
}

impl Shape {
    /// Which of all blocks and tables this block is.
    pub(super) fn place_of_block(self, block: u32) -> u64 {
        let mut place = u64::from(block);
        for covered in COVERED {
            // The tables of this level so far, this block's among them.
            place += u64::from(self.copies) * (u64::from(block / covered) + 1);
            if block < covered {
                break;
            }
        }
        place
    }

    /// Which of all blocks and tables the first copy of a table is.
    pub(super) fn place_of_table(self, level: usize, table: u32) -> u64 {
        let (table, copies) = (u64::from(table), u64::from(self.copies));
        let group = u64::from(CHILDREN) + copies;
        let large = u64::from(COVERED[1]) + (u64::from(CHILDREN) + 1) * copies;
        match (level, table) {
            (0, 0) => 0,
            (0, _) => {
                let above = table / u64::from(CHILDREN);
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

    /// Levels of tables.
    pub(super) fn levels(self) -> Option<usize> {
        COVERED.iter().position(|&covered| self.blocks <= covered).map(|level| level + 1)
    }
}

/// See the module's documentation.
pub(super) struct HashTree {
    package: Arc<dyn ReadAt>,
    shape: Shape,
    /// How many tables there are.
    tables: u32,
    /// Of each block: its hash, and the block that follows it in its file.
    blocks: Vec<(BlockHash, u32)>,
}

impl HashTree {
    /// Reads and checks all tables, from the one at the top on.
    pub(super) fn read(
        package: Arc<dyn ReadAt>,
        shape: Shape,
        second_copy: bool,
        top: &[u8],
        bad: Bad<'_>,
    ) -> Result<Self, FormatError> {
        const WHAT: &str = "STFS blocks";
        let size = package.size().map_err(|error| FormatError::new(WHAT, 0, Reason::Io(error)))?;
        // So that tables for more than there is are not even looked for.
        let least = shape.data + u64::from(shape.blocks) * BLOCK as u64;
        if least > size {
            return Err(FormatError::truncated(WHAT, shape.data, least - shape.data, size));
        }
        let levels = shape.levels().ok_or_else(|| {
            let (value, limit) = (shape.blocks.into(), COVERED[2].into());
            FormatError::new(WHAT, shape.data, Reason::TooLarge { value, limit })
        })?;
        let mut digest = BlockHash::default();
        digest.copy_from_slice(top);
        let mut tables = vec![(digest, if second_copy { SECOND_COPY } else { 0 })];
        let mut read = 0;
        for level in (0..levels).rev() {
            // Children of this level's tables: tables of the one below, or blocks.
            let covered = if level == 0 { 1 } else { COVERED[level - 1] };
            let count = shape.blocks.div_ceil(covered) as usize;
            let mut children = Vec::with_capacity(count);
            for (number, (digest, word)) in tables.iter().enumerate() {
                read += 1;
                let copy = u64::from(shape.copies > 1 && word & SECOND_COPY != 0);
                let offset = shape.offset(shape.place_of_table(level, number as u32) + copy);
                let table = read_exact_at(&package, TABLE, offset, BLOCK as u64)?;
                compare(TABLE, offset, &table, digest).or_else(&mut *bad)?;
                let entries = table.chunks_exact(ENTRY).take(CHILDREN as usize);
                children.extend(entries.take(count - children.len()).map(entry));
            }
            tables = children;
        }
        Ok(Self { package, shape, tables: read, blocks: tables })
    }

    /// A block's bytes.
    pub(super) fn block(&self, block: u32) -> Result<Vec<u8>, FormatError> {
        const WHAT: &str = "STFS block";
        let offset = self.offset(block);
        let Some((digest, _)) = self.blocks.get(block as usize) else {
            return Err(FormatError::new(WHAT, offset, self.beyond(block)));
        };
        checked(&self.package, WHAT, offset, digest)
    }

    /// Compares every table and every block in use, free ones left out.
    pub(super) fn verify(&self, findings: &mut Findings) {
        for _ in 0..self.tables {
            findings.checked();
        }
        for (number, (digest, word)) in self.blocks.iter().enumerate() {
            if word & IN_USE == 0 {
                continue;
            }
            findings.checked();
            let offset = self.offset(number as u32);
            if let Err(error) = checked(&self.package, "STFS block", offset, digest) {
                findings.fault(error);
            }
        }
    }

    /// Where a block is in the file.
    pub(super) fn offset(&self, block: u32) -> u64 {
        self.shape.offset(self.shape.place_of_block(block))
    }

    /// So many blocks from this one on, as the tables have them.
    pub(super) fn chain(&self, first: u32, count: u32) -> Result<Vec<u32>, Reason> {
        // A chain that leads back into itself is as long as any.
        if count > self.shape.blocks {
            return Err(Reason::TooLarge { value: count.into(), limit: self.shape.blocks.into() });
        }
        let mut chain = Vec::with_capacity(count as usize);
        let mut next = first;
        for _ in 0..count {
            let (_, word) = self.blocks.get(next as usize).ok_or_else(|| self.beyond(next))?;
            chain.push(next);
            next = word & NEXT;
        }
        Ok(chain)
    }

    /// So many blocks from this one on, one after the other.
    pub(super) fn run(&self, first: u32, count: u32) -> Result<std::ops::Range<u32>, Reason> {
        let end = first.saturating_add(count);
        if end > self.shape.blocks { Err(self.beyond(end - 1)) } else { Ok(first..end) }
    }

    fn beyond(&self, block: u32) -> Reason {
        Reason::Invalid(format!("block {block:#x} of {:#x}", self.shape.blocks).into())
    }
}

fn entry(bytes: &[u8]) -> (BlockHash, u32) {
    let mut digest = BlockHash::default();
    digest.copy_from_slice(&bytes[..20]);
    (digest, super::be32(bytes, 20))
}

/// A block whose hash is right.
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
