//! Slab of objects' use counts: one position for each object, which a call finds by name and pins
//! without a lock.
//!
//! A position is filled under the object table's lock ([`super::Objects`]) and stays filled until
//! its last use ends. The table's use covers all references that guests see; each call and each
//! wait has a use too.

mod state;

pub(super) use state::SlabState;

use super::ObjectKind;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use xenia_guest::GuestAddr;
use xenia_sync::GenerationCount;

/// Number of positions that are allocated together.
const CHUNK: usize = 1024;
/// Number of bits in the index of a position.
pub(super) const INDEX_BITS: u32 = 20;
const CHUNKS: usize = (1 << INDEX_BITS) / CHUNK;

/// Name of one object: its position, and the generation among the objects that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// Aligned to a cache line, so calls on different objects do not share one.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Position {
    uses: GenerationCount,
    body: AtomicU32,
    kind: AtomicU8,
}

impl Position {
    /// Enters an object with one use.
    fn occupy(&self, index: u32, body: GuestAddr, kind: ObjectKind) -> Name {
        self.body.store(body.0, Relaxed);
        self.kind.store(kind as u8, Relaxed);
        Name { index, generation: self.uses.occupy() }
    }

    fn object(&self) -> (GuestAddr, ObjectKind) {
        let kind = ObjectKind::ALL[usize::from(self.kind.load(Relaxed)) % ObjectKind::ALL.len()];
        (GuestAddr(self.body.load(Relaxed)), kind)
    }
}

/// The positions of all objects, allocated in chunks on demand.
#[derive(Debug)]
pub(super) struct Slab(Box<[OnceLock<Box<[Position]>>]>);

/// Free positions; guarded by the object table's lock.
#[derive(Debug, Default)]
pub(super) struct Positions {
    free: Vec<u32>,
    /// Number of positions that were ever used.
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

    /// Enters an object with one use, the object table's. Returns `None` if all positions are
    /// taken.
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
        Some(self.get(index)?.occupy(index, body, kind))
    }

    /// Adds a use to an object that is still alive.
    pub(super) fn pin(&self, name: Name) -> Option<(GuestAddr, ObjectKind)> {
        let position = self.get(name.index)?;
        if !position.uses.pin(name.generation) {
            return None;
        }
        Some(position.object())
    }

    /// Drops a use; returns the object if it was the last.
    pub(super) fn unpin(&self, name: Name) -> Option<(GuestAddr, ObjectKind)> {
        let position = self.get(name.index)?;
        // Read first: once the use is dropped, another object may take the position.
        let object = position.object();
        position.uses.unpin().then_some(object)
    }

    /// Frees the position of an object that was deleted.
    pub(super) fn give_back(positions: &mut Positions, name: Name) {
        positions.free.push(name.index);
    }
}
