//! Where objects are counted: a position each, which a call finds by name and pins without a lock.
//!
//! A position is filled under the lock of the books ([`super::Objects`]) and stays filled until its
//! last use is over: the books' own, which stands for all references that guests see, and those of
//! calls and waits.

use super::ObjectKind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use xenia_guest::GuestAddr;
use xenia_sync::Counted;

/// Positions that are made together.
const CHUNK: usize = 1024;
/// Bits of a position's number.
pub(super) const INDEX_BITS: u32 = 20;
const CHUNKS: usize = (1 << INDEX_BITS) / CHUNK;

/// One object: where it is, and which of those that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// On a cache line of its own: calls on different objects change nothing in common.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Position {
    uses: Counted,
    body: AtomicU32,
    kind: AtomicU8,
}

impl Position {
    fn object(&self) -> (GuestAddr, ObjectKind) {
        let kind = ObjectKind::ALL[usize::from(self.kind.load(Relaxed)) % ObjectKind::ALL.len()];
        (GuestAddr(self.body.load(Relaxed)), kind)
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Slab(Box<[OnceLock<Box<[Position]>>]>);

/// Positions that nobody uses; in the books.
#[derive(Debug, Default)]
pub(super) struct Positions {
    free: Vec<u32>,
    /// Those that were ever used.
    begun: u32,
}

impl Default for Slab {
    fn default() -> Self {
        Self((0..CHUNKS).map(|_| OnceLock::new()).collect())
    }
}

impl Slab {
    fn get(&self, index: u32) -> Option<&Position> {
        let index = index as usize;
        self.0.get(index / CHUNK)?.get()?.get(index % CHUNK)
    }

    /// Enters an object with one use, the books'. `None` if all positions are taken.
    pub(super) fn insert(
        &self,
        positions: &mut Positions,
        body: GuestAddr,
        kind: ObjectKind,
    ) -> Option<Name> {
        let index = positions.free.pop().or_else(|| {
            let index = positions.begun;
            let chunk = self.0.get(index as usize / CHUNK)?;
            chunk.get_or_init(|| (0..CHUNK).map(|_| Position::default()).collect());
            positions.begun += 1;
            Some(index)
        })?;
        let position = self.get(index)?;
        position.body.store(body.0, Relaxed);
        position.kind.store(kind as u8, Relaxed);
        Some(Name { index, generation: position.uses.occupy() })
    }

    /// Counts a use of an object that is still there.
    pub(super) fn pin(&self, name: Name) -> Option<(GuestAddr, ObjectKind)> {
        let position = self.get(name.index)?;
        if !position.uses.pin(name.generation) {
            return None;
        }
        Some(position.object())
    }

    /// Takes a use back; the object if that was the last.
    pub(super) fn unpin(&self, name: Name) -> Option<(GuestAddr, ObjectKind)> {
        let position = self.get(name.index)?;
        // Read before: afterwards another object may be there.
        let object = position.object();
        position.uses.unpin().then_some(object)
    }

    /// The position of an object that was cleared away may be used again.
    pub(super) fn give_back(positions: &mut Positions, name: Name) {
        positions.free.push(name.index);
    }
}
