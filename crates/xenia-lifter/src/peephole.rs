//! Optimisation of finished host code: its input about a function, and its result.
//!
//! Cranelift lowers each value by itself and its rules can't be changed from outside, so some
//! instructions are left that later ones make needless. The processor's
//! [`optimize`](crate::arch::peephole::optimize) edits the code once registers are allocated.

/// Facts about a function's code that its bytes do not show. All offsets are in bytes from its
/// start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// Starts of basic blocks, in ascending order; the first is 0.
    pub(crate) blocks: &'a [u32],
    /// Other places where instructions start to which nothing falls through, such as traps; in any
    /// order.
    pub(crate) starts: &'a [u32],
    /// Accesses that have a mark ([`crate::fault_exit`]), in any order.
    pub(crate) marked: &'a [u32],
    /// Fields of four bytes that refer to symbols, in any order.
    pub(crate) references: &'a [u32],
}

impl Facts<'_> {
    /// Whether all offsets lie in code of `size` bytes.
    pub(crate) fn are_inside(&self, size: usize) -> bool {
        let all = [self.blocks, self.starts, self.marked, self.references];
        all.iter().copied().flatten().all(|&at| (at as usize) < size)
    }
}

/// Code after the optimisation.
#[derive(Debug)]
pub(crate) struct Optimized {
    pub(crate) code: Vec<u8>,
    /// Where its instructions are now.
    pub(crate) moved: Moved,
}

/// Offsets before and after the optimisation, of all instructions and data, in ascending order.
#[derive(Clone, Debug)]
pub(crate) struct Moved(Vec<(u32, u32)>);

impl Moved {
    /// Creates it from old and new offsets, both in ascending order.
    pub(crate) fn new(offsets: Vec<(u32, u32)>) -> Self {
        debug_assert!(offsets.is_sorted(), "in order");
        Self(offsets)
    }

    /// The offset to which `offset` has moved. An offset within an instruction counts from its
    /// start; that of a removed instruction is that of the next one; that of data is the end of the
    /// code in front of it.
    pub(crate) fn moved_offset(&self, offset: u32) -> u32 {
        let after = self.0.partition_point(|&(old, _)| old <= offset);
        self.0.get(after.wrapping_sub(1)).map_or(offset, |&(old, new)| new + (offset - old))
    }
}
