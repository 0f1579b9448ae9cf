//! State of the object table: records, handles, names, and the uses of each object.
//!
//! Objects are distinguished by their positions in the slab, not by their addresses: a guest that
//! frees an object's memory through the pool may get another object at the same address, and
//! handles and waits still mean the first one.

#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "testing"))]
use super::HeldState;
use super::deferred_deletion::DeferredWork;
use super::{Deleted, ObjectTables, Objects, Record, key};
use crate::handle::Handle;
use crate::handle_table::HandleTable;
use crate::slab::{Name, SlabState};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// State of [`Objects`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectsState {
    slab: SlabState,
    records: BTreeMap<GuestAddr, RecordState>,
    handles: BTreeMap<Handle, OpenHandle>,
    free_handles: Vec<Handle>,
    next_handle: Handle,
    names: BTreeMap<String, GuestAddr>,
    default_object: Option<GuestAddr>,
    deferred: Vec<DeferredState>,
}

/// State of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RecordState {
    /// Index of the object's position.
    position: u32,
    pointers: u32,
    handles: u32,
    name: Option<String>,
}

/// Saved form of an open handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OpenHandle {
    body: GuestAddr,
    /// Index of the object's position; `None` if a guest that dereferences too often has deleted
    /// the object that the handle named.
    position: Option<u32>,
}

/// Deferred work on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum DeferredState {
    /// The object at this position is to be deleted.
    Deleted(u32),
    /// A reference of an ended wait, and its use.
    Reference(u32, GuestAddr),
}

/// Objects of a restored table that have no record: only waits and requests use them. Until
/// [`Objects::settle_uses`] they are kept, and can be found by address.
#[derive(Debug)]
#[must_use = "objects that only waits use are kept until the uses are settled"]
pub struct RestoredUses(Vec<UnlistedObject>);

#[derive(Debug)]
struct UnlistedObject {
    name: Name,
    body: GuestAddr,
    /// Number of uses when the state was saved.
    uses: u32,
}

/// Name that no object has: generations begin at 1.
const NO_OBJECT: Name = Name { index: 1, generation: 0 };

impl Objects {
    pub fn state(&self) -> ObjectsState {
        let Self {
            // The machine has these.
            memory: _,
            limits: _,
            slab,
            handles: by_handle,
            // A copy of the records' addresses.
            bodies: _,
            tables,
            deferred,
            // Whether there is deferred work.
            has_deferred: _,
            // Set while the kernel is made.
            types: _,
        } = self;
        let tables = tables.lock();
        // The bytes of names are counted again.
        let ObjectTables {
            records,
            handles,
            // The same handles in another order.
            handles_by_body: _,
            free_handles,
            next_handle,
            names,
            name_bytes: _,
            positions,
            default_object,
        } = &*tables;
        let records = records.iter().map(|(&body, record)| {
            // The slab has the kind.
            let Record { position, kind: _, pointers, handles, name } = record;
            let pointers = *pointers;
            let handles = *handles;
            (body, RecordState { position: position.index, pointers, handles, name: name.clone() })
        });
        let handles = handles.iter().map(|(&handle, &body)| {
            let name = by_handle.get(handle).filter(|&name| slab.uses(name) > 0);
            (handle, OpenHandle { body, position: name.map(|name| name.index) })
        });
        let deferred = deferred.lock();
        let deferred = deferred.iter().map(|work| match *work {
            // The slab has the kind and the address.
            DeferredWork::Deleted(Deleted { kind: _, body: _, position }) => {
                DeferredState::Deleted(position.index)
            }
            DeferredWork::Reference(position, body) => DeferredState::Reference(position.index, body),
        });
        ObjectsState {
            slab: slab.state(positions),
            records: records.collect(),
            handles: handles.collect(),
            free_handles: free_handles.clone(),
            next_handle: *next_handle,
            names: names.clone(),
            default_object: *default_object,
            deferred: deferred.collect(),
        }
    }

    /// Replaces all objects by those of a state. No wait may use an object of the previous table.
    pub fn restore(&self, state: ObjectsState) -> Result<RestoredUses, Impossible> {
        self.forget_deferred();
        let ObjectsState {
            slab,
            records,
            handles,
            free_handles,
            next_handle,
            names,
            default_object,
            deferred,
        } = state;
        let mut tables = self.tables.lock();
        let tables = &mut *tables;
        let listed = tables.records.values().map(|record| record.position.index).collect();
        let positions = self.slab.restore(&mut tables.positions, &listed, &slab)?;
        check_handles(&handles, &free_handles, next_handle)?;
        tables.next_handle = next_handle;
        tables.free_handles = free_handles;
        tables.default_object = default_object;
        self.restore_handles(tables, &positions, &handles)?;
        restore_names(tables, &records, names)?;
        let listed: BTreeSet<u32> = records.values().map(|record| record.position).collect();
        check(listed.len() == records.len(), "two objects have one position")?;
        self.restore_records(tables, &slab, &positions, records)?;
        self.restore_deferred(&slab, &positions, &deferred)?;
        let unlisted =
            slab.occupied.iter().filter(|(index, object)| object.uses > 0 && !listed.contains(index));
        let unlisted = unlisted.map(|(index, object)| {
            let name = positions[index];
            let body = object.body;
            let uses = object.uses;
            self.bodies.shard_at(body).write().entry(body).or_insert(name);
            UnlistedObject { name, body, uses }
        });
        Ok(RestoredUses(unlisted.collect()))
    }

    fn restore_handles(
        &self,
        tables: &mut ObjectTables,
        positions: &BTreeMap<u32, Name>,
        handles: &BTreeMap<Handle, OpenHandle>,
    ) -> Result<(), Impossible> {
        for &handle in std::mem::take(&mut tables.handles).keys() {
            self.handles.remove(handle);
        }
        tables.handles_by_body.clear();
        for (&handle, &OpenHandle { body, position }) in handles {
            let name = match position {
                Some(index) => *positions.get(&index).ok_or("a handle's object has no position")?,
                None => NO_OBJECT,
            };
            self.handles.insert(handle, name);
            tables.insert_handle(handle, body);
        }
        Ok(())
    }

    fn restore_records(
        &self,
        tables: &mut ObjectTables,
        slab: &SlabState,
        positions: &BTreeMap<u32, Name>,
        records: BTreeMap<GuestAddr, RecordState>,
    ) -> Result<(), Impossible> {
        for &body in std::mem::take(&mut tables.records).keys() {
            self.bodies.shard_at(body).write().remove(&body);
        }
        let mut open = BTreeMap::<GuestAddr, u32>::new();
        for &body in tables.handles.values() {
            *open.entry(body).or_default() += 1;
        }
        for (body, RecordState { position: index, pointers, handles, name }) in records {
            let position = *positions.get(&index).ok_or("an object has no position")?;
            let object = slab.occupied[&index];
            check(object.body == body && object.uses > 0, "an object is not the one at its position")?;
            let counts = pointers > 0 && handles <= open.get(&body).copied().unwrap_or_default();
            check(counts, "an object without a pointer, or with more handles than are open")?;
            let record = Record { position, kind: object.kind, pointers, handles, name };
            tables.records.insert(body, record);
            self.bodies.shard_at(body).write().insert(body, position);
        }
        Ok(())
    }

    fn restore_deferred(
        &self,
        slab: &SlabState,
        positions: &BTreeMap<u32, Name>,
        deferred: &[DeferredState],
    ) -> Result<(), Impossible> {
        let mut unused: BTreeSet<u32> =
            slab.occupied.iter().filter(|(_, object)| object.uses == 0).map(|(&index, _)| index).collect();
        let mut works = Vec::new();
        for &work in deferred {
            works.push(match work {
                DeferredState::Deleted(index) => {
                    check(unused.remove(&index), "an object in use, or a deleted one, is to be deleted")?;
                    let object = slab.occupied[&index];
                    let position = positions[&index];
                    // Drops the use that it was restored with.
                    let _ = self.slab.unpin(position);
                    DeferredWork::Deleted(Deleted { kind: object.kind, body: object.body, position })
                }
                DeferredState::Reference(index, body) => {
                    let is_used = slab.occupied.get(&index).is_some_and(|object| object.uses > 0);
                    check(is_used, "an ended wait had an object that is to be deleted")?;
                    let name = self.pin_again(index, body).ok_or("an ended wait had no object")?;
                    DeferredWork::Reference(name, body)
                }
            });
        }
        check(unused.is_empty(), "an object without uses is not to be deleted")?;
        self.has_deferred.store(!works.is_empty(), Ordering::Release);
        *self.deferred.lock() = works;
        Ok(())
    }

    /// Adds a use to the object at a position.
    pub(crate) fn pin_again(&self, index: u32, body: GuestAddr) -> Option<Name> {
        let name = self.slab.name_at(index, body)?;
        self.slab.pin(name)?;
        Some(name)
    }

    /// Ends a restore, when all areas that hold objects are restored: from now on only these keep
    /// the objects that have no record.
    pub fn settle_uses(&self, unlisted: RestoredUses) {
        for UnlistedObject { name, body, uses } in unlisted.0 {
            {
                let mut bodies = self.bodies.shard_at(body).write();
                if bodies.get(&body) == Some(&name) {
                    bodies.remove(&body);
                }
            }
            // With as many uses as before, the table's is one of them: the guest has freed the
            // object's memory, and another record has its place.
            if self.slab.uses(name) != uses {
                self.unpin(name);
            }
        }
    }
}

/// Checks that each handle value before the next is either open or free.
fn check_handles(
    open: &BTreeMap<Handle, OpenHandle>,
    free: &[Handle],
    next: Handle,
) -> Result<(), Impossible> {
    let all: BTreeSet<Handle> = open.keys().chain(free).copied().collect();
    let are_valid = all.iter().all(|&handle| HandleTable::is_valid(handle) && handle < next);
    let is_next = HandleTable::plain(next) == next && next <= HandleTable::END;
    check(are_valid, "a handle is not one of the table's, or is not below the next one")?;
    check(is_next, "the next handle is not one of the table's")?;
    let count = open.len() + free.len();
    check(all.len() == count && count == HandleTable::count_to(next), "a handle is both open and free")
}

/// Restores the names, which must include that of each record.
fn restore_names(
    tables: &mut ObjectTables,
    records: &BTreeMap<GuestAddr, RecordState>,
    names: BTreeMap<String, GuestAddr>,
) -> Result<(), Impossible> {
    check(names.keys().all(|name| key(name) == *name), "the name of an object has capital letters")?;
    for (body, record) in records {
        let named = record.name.as_ref().is_none_or(|name| names.get(&key(name)) == Some(body));
        check(named, "the name of an object names another object")?;
    }
    tables.name_bytes = names.keys().map(|name| name.len() as u64).sum();
    tables.names = names;
    Ok(())
}

#[cfg(any(test, feature = "testing"))]
impl ObjectsState {
    /// Whether these and the table itself are all users of the objects.
    pub fn is_used_by(&self, held: impl Iterator<Item = HeldState>) -> bool {
        let references = self.deferred.iter().filter_map(|work| match *work {
            DeferredState::Deleted(_) => None,
            DeferredState::Reference(index, _) => Some(index),
        });
        let listed = self.records.values().map(|record| record.position);
        let mut uses = BTreeMap::<u32, u32>::new();
        for index in references.chain(listed).chain(held.map(HeldState::position)) {
            *uses.entry(index).or_default() += 1;
        }
        self.slab
            .occupied
            .iter()
            .all(|(index, object)| object.uses == uses.get(index).copied().unwrap_or_default())
    }
}

#[cfg(any(test, feature = "testing"))]
impl Objects {
    /// An empty table with the types of this one.
    pub fn emptied(&self) -> Self {
        let mut empty = Self::new(self.memory.clone(), self.limits.clone());
        empty.types.clone_from(&self.types);
        empty
    }
}
