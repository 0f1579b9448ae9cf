//! Object table: objects, handles and names, with their counts.
//!
//! Two counts keep an object alive. Its *references* are those that guests see in its header;
//! references, names and handles are recorded in the table, under its lock. Its *uses* are counted
//! in the slab without a lock: all references together are one use, and each call or wait that has
//! found the object is another. Dropping the last reference removes the object from the table, so
//! it cannot be found any more. Dropping the last use queues it for deferred deletion, which the
//! kernel does at the end of a call, without holding a lock. Only then is its memory freed.

mod deferred_deletion;
mod handles;
mod held_state;
mod object_ref;
mod state;
#[cfg(test)]
mod tests;

pub use handles::ReferenceCounts;
pub use held_state::HeldState;
pub use object_ref::{HeldObject, ObjectRef};
pub use state::ObjectsState;
pub use state::RestoredUses;

use super::ObjectKind;
use super::dispatcher_header::{initialize, kind};
use super::handle_table::HandleTable;
use super::sharded::Sharded;
use super::slab::{Name, Positions, Slab};
use crate::failure::Fallible;
use crate::handle::Handle;
use crate::kernel_pool::KernelPool;
use deferred_deletion::DeferredWork;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_guest::layout::{dispatcher_header, file_object, object_header as header};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex, RwLock};

/// Size in bytes of the event for waits on objects that have no signal state.
const DEFAULT_OBJECT: u32 = dispatcher_header::SIZE;

#[derive(Clone, Debug)]
struct Record {
    position: Name,
    kind: ObjectKind,
    /// References, including those of handles.
    pointers: u32,
    handles: u32,
    name: Option<String>,
}

/// An object without uses, already removed from the table, whose deletion is pending. Its body is
/// still allocated: the subsystem that owns its state clears that state and frees the body, then
/// calls [`Objects::forget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The object's kind.
    pub kind: ObjectKind,
    /// Address of the object's body.
    pub body: GuestAddr,
    position: Name,
}

#[derive(Debug)]
struct ObjectTables {
    records: BTreeMap<GuestAddr, Record>,
    handles: BTreeMap<Handle, GuestAddr>,
    /// The same handles by body.
    handles_by_body: BTreeSet<(GuestAddr, Handle)>,
    /// Closed handles: the last one is opened next.
    free_handles: Vec<Handle>,
    /// The first handle that was never open.
    next_handle: Handle,
    /// Objects by lower-case name.
    names: BTreeMap<String, GuestAddr>,
    /// Total bytes of all names.
    name_bytes: u64,
    positions: Positions,
    /// The event for waits on objects that have no signal state, once a title may have its address.
    default_object: Option<GuestAddr>,
}

/// An object of the table, for debuggers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Address of the object's body.
    pub body: GuestAddr,
    /// The object's kind.
    pub kind: ObjectKind,
    /// Number of references, including those of handles.
    pub references: u32,
    /// Name that the title gave it.
    pub name: Option<String>,
}

/// Effect of an existing object with the name on a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingNamed {
    /// The creation opens it.
    Open,
    /// The creation fails.
    Refuse,
}

/// All objects and handles of a machine.
pub struct Objects {
    memory: Arc<GuestMemory>,
    slab: Slab,
    handles: HandleTable,
    /// Objects by body, a copy of the table's that is written under its lock.
    bodies: Sharded<RwLock<BTreeMap<GuestAddr, Name>>>,
    tables: Mutex<ObjectTables>,
    deferred: Mutex<Vec<DeferredWork>>,
    /// Whether deferred work may be queued.
    has_deferred: AtomicBool,
    types: BTreeMap<ObjectKind, GuestAddr>,
    limits: Arc<ResourceLimits>,
}

impl Objects {
    /// Creates an empty table. Refused requests are counted in `limits`.
    pub fn new(memory: Arc<GuestMemory>, limits: Arc<ResourceLimits>) -> Self {
        let tables = ObjectTables {
            records: BTreeMap::new(),
            handles: BTreeMap::new(),
            handles_by_body: BTreeSet::new(),
            free_handles: Vec::new(),
            next_handle: HandleTable::FIRST,
            names: BTreeMap::new(),
            name_bytes: 0,
            positions: Positions::default(),
            default_object: None,
        };
        Self {
            memory,
            slab: Slab::default(),
            handles: HandleTable::default(),
            bodies: Sharded::new(|shard| RwLock::numbered(Level::Objects, 1 + shard, BTreeMap::new())),
            tables: Mutex::new(Level::Objects, tables),
            deferred: Mutex::new(Level::Leaf, Vec::new()),
            has_deferred: AtomicBool::new(false),
            types: BTreeMap::new(),
            limits,
        }
    }

    /// Sets the address of a kind's guest-visible type.
    pub fn set_type(&mut self, kind: ObjectKind, variable: GuestAddr) {
        self.types.insert(kind, variable);
    }

    /// Gives objects of a kind the guest-visible type of another kind, if that has one.
    pub fn share_type(&mut self, kind: ObjectKind, other: ObjectKind) {
        if let Some(&at) = self.types.get(&other) {
            self.types.insert(kind, at);
        }
    }

    /// Whether objects of this kind pass the type check against `variable`; true if there is no
    /// type at `variable`.
    pub fn is_of_type(&self, kind: ObjectKind, variable: GuestAddr) -> bool {
        self.kind_of_type(variable).is_none_or(|_| self.types.get(&kind) == Some(&variable))
    }

    /// The kind whose guest-visible type lies at `variable`.
    pub fn kind_of_type(&self, variable: GuestAddr) -> Option<ObjectKind> {
        self.types.iter().find(|&(_, &at)| at == variable).map(|(&kind, _)| kind)
    }

    // ---- creation and naming ----

    /// Creates an unnamed object with a zeroed body of `size` bytes and one reference, which the
    /// caller owns. No other thread can access the object yet: the caller must initialise it.
    pub fn create(&self, pool: &KernelPool, kind: ObjectKind, size: u32) -> Fallible<GuestAddr> {
        let memory = &*self.memory;
        let mut tables = self.tables.lock();
        self.limits.admit(Limit::Objects, tables.records.len())?;
        let mut pool = pool.lock();
        let at = pool.allocate(memory, header::SIZE.saturating_add(size))?;
        let body = at.offset(header::SIZE);
        memory.write(at.offset(header::POINTER_COUNT), 1_u32)?;
        memory.write(at.offset(header::FLAGS), header::OF_TITLE)?;
        memory.write(at.offset(header::TYPE), self.types.get(&kind).copied().unwrap_or_default())?;
        let Some(position) = self.slab.insert(&mut tables.positions, body, kind) else {
            pool.free(memory, at)?;
            return Err(NtStatus::INSUFFICIENT_RESOURCES.into());
        };
        drop(pool);
        let record = Record { position, kind, pointers: 1, handles: 0, name: None };
        tables.records.insert(body, record);
        self.bodies.shard_at(body).write().insert(body, position);
        Ok(body)
    }

    /// Takes a reference to the object with this name, which must be of this kind, for a creation.
    /// If the name is unused, checks that there is room for it and returns `None`.
    pub fn reference_named(
        &self,
        name: &str,
        kind: ObjectKind,
        existing: ExistingNamed,
    ) -> Fallible<Option<GuestAddr>> {
        let mut tables = self.tables.lock();
        let Some(&body) = tables.names.get(&key(name)) else {
            self.limits.admit_amount(Limit::NameBytes, tables.name_bytes, name.len() as u64)?;
            return Ok(None);
        };
        if existing == ExistingNamed::Refuse {
            return Err(NtStatus::OBJECT_NAME_COLLISION.into());
        }
        if tables.records.get(&body).map(|record| record.kind) != Some(kind) {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH.into());
        }
        self.reference_in(&mut tables, body)?;
        Ok(Some(body))
    }

    /// Names an initialised object, which makes it visible to other threads. Returns `false` if
    /// another object has the name.
    pub fn claim_name(&self, body: GuestAddr, name: &str) -> Fallible<bool> {
        let mut tables = self.tables.lock();
        let ObjectTables { records, names, name_bytes, .. } = &mut *tables;
        if names.contains_key(&key(name)) {
            return Ok(false);
        }
        let record = records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit_amount(Limit::NameBytes, *name_bytes, name.len() as u64)?;
        let at = GuestAddr(body.0.wrapping_sub(header::SIZE));
        self.memory.write(at.offset(header::FLAGS), header::OF_TITLE | header::NAMED)?;
        if let Some(old) = record.name.replace(name.to_owned()) {
            names.remove(&key(&old));
            *name_bytes -= old.len() as u64;
        }
        *name_bytes += name.len() as u64;
        names.insert(key(name), body);
        Ok(true)
    }

    /// The event that is always signalled, for waits on objects that have no signal state. The
    /// first call allocates it.
    pub fn default_object(&self, pool: &KernelPool) -> Fallible<GuestAddr> {
        let mut tables = self.tables.lock();
        if let Some(at) = tables.default_object {
            return Ok(at);
        }
        let at = pool.allocate(DEFAULT_OBJECT)?;
        initialize(&self.memory, at, kind::MANUAL_EVENT, DEFAULT_OBJECT, 1)?;
        tables.default_object = Some(at);
        Ok(at)
    }

    // ---- lookup ----

    /// The object that a handle names. Takes no lock.
    pub fn resolve(&self, handle: Handle) -> Fallible<ObjectRef<'_>> {
        let name = self.handles.get(handle).ok_or(NtStatus::INVALID_HANDLE)?;
        self.pin(name).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// The object that a handle names, if it is of this kind. Takes no lock.
    pub fn resolve_kind(&self, handle: Handle, kind: ObjectKind) -> Fallible<ObjectRef<'_>> {
        let object = self.resolve(handle)?;
        if object.kind() == kind { Ok(object) } else { Err(NtStatus::OBJECT_TYPE_MISMATCH.into()) }
    }

    /// The object whose body lies at `body`.
    pub fn by_pointer(&self, body: GuestAddr) -> Option<ObjectRef<'_>> {
        let name = *self.bodies.shard_at(body).read().get(&body)?;
        self.pin(name)
    }

    /// The object with this name, ignoring case.
    pub fn find_name(&self, name: &str) -> Option<ObjectRef<'_>> {
        let position = {
            let tables = self.tables.lock();
            tables.records.get(tables.names.get(&key(name))?)?.position
        };
        self.pin(position)
    }

    /// Passes the name and kind of each named object to `visit`, sorted by name without case. The
    /// table is locked meanwhile.
    pub fn for_each_name(&self, visit: &mut dyn FnMut(&str, ObjectKind)) {
        let tables = self.tables.lock();
        for record in tables.names.values().filter_map(|body| tables.records.get(body)) {
            if let Some(name) = &record.name {
                visit(name, record.kind);
            }
        }
    }

    /// Keeps the object whose body lies at `body` alive for a wait. Returns `None` if that is not a
    /// kernel object but a title's own dispatcher object.
    pub fn hold(self: &Arc<Self>, body: GuestAddr) -> Option<HeldObject> {
        let name = *self.bodies.shard_at(body).read().get(&body)?;
        self.slab.pin(name)?;
        Some(HeldObject { objects: self.clone(), name, body, counted: false })
    }

    /// Like [`Self::hold`], with a reference that titles see. A wait for a driver's file is for the
    /// event in it, at `body`. Such a file gets no reference: dropping the last one calls the
    /// driver, which the end of a wait can't do.
    pub fn hold_counted(self: &Arc<Self>, body: GuestAddr) -> Option<HeldObject> {
        if let Some(mut held) = self.hold(body) {
            held.counted = self.reference(body).is_ok();
            return Some(held);
        }
        let file = GuestAddr(body.0.wrapping_sub(file_object::EVENT));
        let is_file = self.by_pointer(file)?.kind() == ObjectKind::DriverFile;
        if is_file { self.hold(file) } else { None }
    }

    fn pin(&self, name: Name) -> Option<ObjectRef<'_>> {
        let (body, kind) = self.slab.pin(name)?;
        Some(ObjectRef { objects: self, name, body, kind })
    }

    // ---- references ----

    /// Takes a reference.
    pub fn reference(&self, body: GuestAddr) -> Fallible<()> {
        self.reference_in(&mut self.tables.lock(), body)
    }

    fn reference_in(&self, tables: &mut ObjectTables, body: GuestAddr) -> Fallible<()> {
        let record = tables.records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        record.pointers = record.pointers.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        publish(&self.memory, body, record)
    }

    /// Drops a reference. Dropping the last one removes the object from the table.
    pub fn dereference(&self, body: GuestAddr) -> Fallible<()> {
        let last = self.dereference_in(&mut self.tables.lock(), body)?;
        if let Some(position) = last {
            self.unpin(position);
        }
        Ok(())
    }

    /// Drops a reference unless it is the last one; returns whether it did.
    pub fn dereference_unless_last(&self, body: GuestAddr) -> Fallible<bool> {
        let mut tables = self.tables.lock();
        if tables.records.get(&body).is_some_and(|record| record.pointers <= 1) {
            return Ok(false);
        }
        self.dereference_in(&mut tables, body).map(|_| true)
    }

    /// Returns the position of an object that was removed from the table; the table's use of it is
    /// still counted.
    fn dereference_in(&self, tables: &mut ObjectTables, body: GuestAddr) -> Fallible<Option<Name>> {
        let ObjectTables { records, names, name_bytes, .. } = tables;
        let record = records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        record.pointers = record.pointers.saturating_sub(1);
        publish(&self.memory, body, record)?;
        if record.pointers > 0 {
            return Ok(None);
        }
        let Some(record) = records.remove(&body) else { return Ok(None) };
        if let Some(name) = record.name {
            names.remove(&key(&name));
            *name_bytes -= name.len() as u64;
        }
        // Each handle holds a reference. A guest that dereferences too often can get here with open
        // handles.
        if record.handles > 0 {
            while let Some(handle) = tables.lowest_handle(body) {
                tables.remove_handle(handle);
                self.handles.remove(handle);
                tables.free_handles.push(handle);
            }
        }
        self.bodies.shard_at(body).write().remove(&body);
        Ok(Some(record.position))
    }

    // ---- reports ----

    /// Describes every object and handle, one line each, in a fixed order: the input of a state
    /// digest. The objects' bodies are guest memory and are not repeated here.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        let tables = self.tables.lock();
        for (body, record) in &tables.records {
            let Record { kind, pointers, handles, name, .. } = record;
            // Always `false`, as objects without references are removed; kept in the format of the
            // digest.
            line(&format!("object {body} {kind:?} {pointers} {handles} {name:?} false"));
        }
        for (handle, body) in &tables.handles {
            line(&format!("handle {handle:?} {body}"));
        }
        line(&format!("free handles {:?}", tables.free_handles));
        line(&format!("next handle {:#x}", tables.next_handle.0));
    }

    /// All objects, by address of their bodies.
    pub fn list(&self) -> Vec<(ObjectKind, GuestAddr)> {
        self.tables.lock().records.iter().map(|(&body, record)| (record.kind, body)).collect()
    }

    /// All objects with their names, by address of their bodies.
    pub fn listed(&self) -> Vec<ListedObject> {
        let tables = self.tables.lock();
        let rows = tables.records.iter().map(|(&body, record)| ListedObject {
            body,
            kind: record.kind,
            references: record.pointers,
            name: record.name.clone(),
        });
        rows.collect()
    }

    /// Holds the table's lock.
    #[cfg(any(test, feature = "testing"))]
    pub fn hold_tables(&self) -> impl Drop + '_ {
        self.tables.lock()
    }
}

/// The key of a name: names compare without case.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Writes the counts to the object's header, where the guest sees them.
fn publish(memory: &GuestMemory, body: GuestAddr, record: &Record) -> Fallible<()> {
    let at = GuestAddr(body.0.wrapping_sub(header::SIZE));
    memory.write(at.offset(header::POINTER_COUNT), record.pointers)?;
    memory.write(at.offset(header::HANDLE_COUNT), record.handles)?;
    Ok(())
}
