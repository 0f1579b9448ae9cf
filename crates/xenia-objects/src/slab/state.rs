//! State of the slab: the objects at its positions, and the order in which free ones are used.

use super::{CHUNK, Name, ObjectKind, Position, Positions, Slab};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// State of a [`Slab`] and its [`Positions`]. The generations of positions are not saved: only
/// names in this process have them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlabState {
    /// Positions with an object, by index.
    pub(crate) occupied: BTreeMap<u32, SlabObject>,
    /// Free positions among the first ones; the last is used first.
    free: Vec<u32>,
}

/// An object at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlabObject {
    pub(crate) body: GuestAddr,
    pub(crate) kind: ObjectKind,
    /// Number of uses; 0 if its deletion is pending.
    pub(crate) uses: u32,
}

impl Slab {
    pub(crate) fn state(&self, positions: &Positions) -> SlabState {
        let Positions { free, begun } = positions;
        let unused: BTreeSet<u32> = free.iter().copied().collect();
        let mut occupied = BTreeMap::new();
        for index in (0..*begun).filter(|index| !unused.contains(index)) {
            if let Some(position) = self.get(index) {
                let Position { uses, body: _, kind: _ } = position;
                let (body, kind) = position.object();
                occupied.insert(index, SlabObject { body, kind, uses: uses.uses() });
            }
        }
        SlabState { occupied, free: free.clone() }
    }

    /// Replaces the slab's objects, each of which has one use afterwards; returns their names.
    /// Those at the `listed` positions have one use before, and the others none, so that no wait
    /// uses one.
    pub(crate) fn restore(
        &self,
        positions: &mut Positions,
        listed: &BTreeSet<u32>,
        state: &SlabState,
    ) -> Result<BTreeMap<u32, Name>, Impossible> {
        self.clear(positions, listed)?;
        let SlabState { occupied, free } = state;
        let begun = occupied.len() + free.len();
        let mut seen: BTreeSet<u32> = free.iter().copied().collect();
        seen.extend(occupied.keys());
        let is_whole = seen.len() == begun && seen.last().is_none_or(|&last| (last as usize) < begun);
        check(is_whole, "objects and free positions are not numbered from 0, each number once")?;
        for chunk in 0..begun.div_ceil(CHUNK) {
            let chunk = self.0.get(chunk).ok_or("there are too many positions of objects")?;
            chunk.get_or_init(|| (0..CHUNK).map(|_| Position::default()).collect());
        }
        *positions = Positions { free: free.clone(), begun: begun as u32 };
        let mut names = BTreeMap::new();
        for (&index, &SlabObject { body, kind, uses: _ }) in occupied {
            let position = self.get(index).ok_or("there are too many positions of objects")?;
            names.insert(index, position.occupy(index, body, kind));
        }
        Ok(names)
    }

    /// Removes all objects, whose only use is that of the list; none if another uses one.
    fn clear(&self, positions: &mut Positions, listed: &BTreeSet<u32>) -> Result<(), Impossible> {
        let free: BTreeSet<u32> = positions.free.iter().copied().collect();
        let used = (0..positions.begun).filter(|index| !free.contains(index));
        let used: Vec<_> = used.filter_map(|index| Some((index, self.get(index)?))).collect();
        let is_listed_only = |&(index, position): &(u32, &Position)| {
            position.uses.uses() <= u32::from(listed.contains(&index))
        };
        check(used.iter().all(is_listed_only), "the machine that gets the state has threads in waits")?;
        for (_, position) in used {
            if position.uses.uses() > 0 {
                position.uses.unpin();
            }
        }
        *positions = Positions::default();
        Ok(())
    }

    /// The name of the object at a position that was restored, if its body is at `body`.
    pub(crate) fn name_at(&self, index: u32, body: GuestAddr) -> Option<Name> {
        let position = self.get(index)?;
        let name = Name { index, generation: position.uses.generation() };
        (position.body.load(Relaxed) == body.0).then_some(name)
    }

    /// Number of uses of the object with this name; 0 if it is gone.
    pub(crate) fn uses(&self, name: Name) -> u32 {
        let position = self.get(name.index).filter(|position| position.uses.generation() == name.generation);
        position.map_or(0, |position| position.uses.uses())
    }
}

#[cfg(test)]
impl SlabState {
    /// Makes a position free that is used.
    pub(crate) fn free_again(&mut self) {
        self.free.extend(self.occupied.keys().next());
    }
}
