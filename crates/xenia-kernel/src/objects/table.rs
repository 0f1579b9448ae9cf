//! The books of objects and handles.

use super::ObjectKind;
use crate::abi::Handle;
use crate::layout::object_header as header;
use crate::limits::{Limit, Limits};
use crate::memory::pool::Pool;
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// The first handle, and the step to the next.
const FIRST_HANDLE: u32 = 0x1000;
const HANDLE_STEP: u32 = 4;
/// Where handle numbers end and begin again: a number is used again only after a thousand million others.
const LAST_HANDLE: u32 = 0xEFFF_FFFC;

#[derive(Clone, Debug)]
struct Object {
    kind: ObjectKind,
    /// References, those of handles included.
    pointers: u32,
    handles: u32,
    name: Option<String>,
    permanent: bool,
}

/// An object that nobody refers to any more. Its body is still allocated: the owner of its state clears that,
/// then frees `body` with [`Objects::free_body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// What it was.
    pub kind: ObjectKind,
    /// Its body.
    pub body: GuestAddr,
}

/// A new object, or the one that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its body.
    pub body: GuestAddr,
    /// Whether it was there before.
    pub existed: bool,
}

/// All objects and handles of a machine.
#[derive(Debug)]
pub struct Objects {
    records: BTreeMap<GuestAddr, Object>,
    handles: BTreeMap<Handle, GuestAddr>,
    next_handle: u32,
    /// Objects by name, in lower case.
    names: BTreeMap<String, GuestAddr>,
    /// Bytes of all names.
    name_bytes: u64,
    limits: Arc<Limits>,
    types: BTreeMap<ObjectKind, GuestAddr>,
    /// The event that waits for objects without a state of their own are for, once a title could know it.
    pub(crate) default_object: Option<GuestAddr>,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            records: BTreeMap::new(),
            handles: BTreeMap::new(),
            next_handle: FIRST_HANDLE,
            names: BTreeMap::new(),
            name_bytes: 0,
            limits: Arc::default(),
            types: BTreeMap::new(),
            default_object: None,
        }
    }
}

impl Objects {
    /// No objects yet; what is refused is counted in `limits`.
    pub fn new(limits: Arc<Limits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Says where the guest-visible type of a kind lies.
    pub fn set_type(&mut self, kind: ObjectKind, variable: GuestAddr) {
        self.types.insert(kind, variable);
    }

    /// The kind whose guest-visible type lies at `variable`.
    pub fn kind_of_type(&self, variable: GuestAddr) -> Option<ObjectKind> {
        self.types.iter().find(|&(_, &at)| at == variable).map(|(&kind, _)| kind)
    }

    /// Makes an object with a zeroed body of `size` bytes and one reference, which is the caller's. With
    /// a name that is taken: if `open_existing` a reference to that object (of the same kind), otherwise
    /// `OBJECT_NAME_COLLISION`.
    pub fn create(
        &mut self,
        memory: &GuestMemory,
        pool: &mut Pool,
        kind: ObjectKind,
        size: u32,
        name: Option<&str>,
        open_existing: bool,
    ) -> Fallible<Created> {
        if let Some(name) = name
            && let Some(&body) = self.names.get(&key(name))
        {
            if !open_existing {
                return Err(NtStatus::OBJECT_NAME_COLLISION.into());
            }
            if self.kind(body) != Some(kind) {
                return Err(NtStatus::OBJECT_TYPE_MISMATCH.into());
            }
            self.reference(memory, body)?;
            return Ok(Created { body, existed: true });
        }
        self.limits.admit(Limit::Objects, self.records.len())?;
        let name_bytes = name.map_or(0, |name| name.len() as u64);
        self.limits.admit_amount(Limit::NameBytes, self.name_bytes, name_bytes)?;
        let at = pool.allocate(memory, header::SIZE.saturating_add(size))?;
        let body = at.offset(header::SIZE);
        memory.write(at.offset(header::POINTER_COUNT), 1_u32)?;
        memory.write(at.offset(header::FLAGS), if name.is_some() { 0x11_u8 } else { 0x10 })?;
        memory.write(at.offset(header::TYPE), self.types.get(&kind).copied().unwrap_or_default())?;
        let object =
            Object { kind, pointers: 1, handles: 0, name: name.map(str::to_owned), permanent: false };
        self.records.insert(body, object);
        if let Some(name) = name {
            self.names.insert(key(name), body);
            self.name_bytes += name_bytes;
        }
        Ok(Created { body, existed: false })
    }

    /// Every object and every handle as one line each, in a fixed order: what a state digest is over. The
    /// objects' bodies are guest memory and not repeated here.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        for (body, object) in &self.records {
            let Object { kind, pointers, handles, name, permanent } = object;
            line(&format!("object {body} {kind:?} {pointers} {handles} {name:?} {permanent}"));
        }
        for (handle, body) in &self.handles {
            line(&format!("handle {handle:?} {body}"));
        }
        line(&format!("next handle {:#x}", self.next_handle));
    }

    /// The kind of the object whose body lies at `body`.
    pub fn kind(&self, body: GuestAddr) -> Option<ObjectKind> {
        self.records.get(&body).map(|object| object.kind)
    }

    /// An object's name.
    pub fn name(&self, body: GuestAddr) -> Option<&str> {
        self.records.get(&body)?.name.as_deref()
    }

    /// The object of this name; case does not matter.
    pub fn find_name(&self, name: &str) -> Option<GuestAddr> {
        self.names.get(&key(name)).copied()
    }

    /// Gives an existing object a name.
    pub fn set_name(&mut self, body: GuestAddr, name: &str) -> Fallible<()> {
        if self.names.contains_key(&key(name)) {
            return Err(NtStatus::OBJECT_NAME_COLLISION.into());
        }
        let object = self.records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit_amount(Limit::NameBytes, self.name_bytes, name.len() as u64)?;
        if let Some(old) = object.name.replace(name.to_owned()) {
            self.names.remove(&key(&old));
            self.name_bytes -= old.len() as u64;
        }
        self.name_bytes += name.len() as u64;
        self.names.insert(key(name), body);
        Ok(())
    }

    /// A permanent object stays without references.
    pub fn set_permanent(&mut self, body: GuestAddr, permanent: bool) {
        if let Some(object) = self.records.get_mut(&body) {
            object.permanent = permanent;
        }
    }

    /// Takes a reference.
    pub fn reference(&mut self, memory: &GuestMemory, body: GuestAddr) -> Fallible<()> {
        let object = self.records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        object.pointers = object.pointers.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        publish(memory, body, object)
    }

    /// Gives a reference back; returns the object if that was the last.
    pub fn dereference(&mut self, memory: &GuestMemory, body: GuestAddr) -> Fallible<Option<Deleted>> {
        let object = self.records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        object.pointers = object.pointers.saturating_sub(1);
        publish(memory, body, object)?;
        if object.pointers > 0 || object.permanent {
            return Ok(None);
        }
        let (kind, has_handles) = (object.kind, object.handles > 0);
        if let Some(object) = self.records.remove(&body)
            && let Some(name) = object.name
        {
            self.names.remove(&key(&name));
            self.name_bytes -= name.len() as u64;
        }
        // Handles to an object hold references; a guest that dereferences more than it may can get here with some.
        if has_handles {
            self.handles.retain(|_, &mut target| target != body);
        }
        Ok(Some(Deleted { kind, body }))
    }

    /// Frees the memory of a deleted object.
    pub fn free_body(memory: &GuestMemory, pool: &mut Pool, body: GuestAddr) -> Fallible<()> {
        pool.free(memory, GuestAddr(body.0.wrapping_sub(header::SIZE)))
    }

    /// A new handle to an object, with a reference of its own.
    pub fn open(&mut self, memory: &GuestMemory, body: GuestAddr) -> Fallible<Handle> {
        let object = self.records.get_mut(&body).ok_or(NtStatus::INVALID_HANDLE)?;
        self.limits.admit(Limit::Handles, self.handles.len())?;
        let pointers = object.pointers.checked_add(1).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        // There are more numbers than handles, so one is free.
        let mut handle = Handle(self.next_handle);
        while self.handles.contains_key(&handle) {
            handle = following(handle);
        }
        self.next_handle = following(handle).0;
        object.pointers = pointers;
        object.handles += 1;
        publish(memory, body, object)?;
        self.handles.insert(handle, body);
        Ok(handle)
    }

    /// What a handle names.
    pub fn resolve(&self, handle: Handle) -> Fallible<GuestAddr> {
        self.handles.get(&handle).copied().ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// What a handle names, if it is of this kind.
    pub fn resolve_kind(&self, handle: Handle, kind: ObjectKind) -> Fallible<GuestAddr> {
        let body = self.resolve(handle)?;
        if self.kind(body) != Some(kind) {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH.into());
        }
        Ok(body)
    }

    /// Ends a handle; returns the object if that was the last reference.
    pub fn close(&mut self, memory: &GuestMemory, handle: Handle) -> Fallible<Option<Deleted>> {
        let body = self.handles.remove(&handle).ok_or(NtStatus::INVALID_HANDLE)?;
        if let Some(object) = self.records.get_mut(&body) {
            object.handles = object.handles.saturating_sub(1);
        }
        self.dereference(memory, body)
    }

    /// All objects, by address: kind, body, references, handles, name. For digests and reports.
    pub fn iter(&self) -> impl Iterator<Item = (ObjectKind, GuestAddr, u32, u32, Option<&str>)> {
        self.records.iter().map(|(&body, object)| {
            (object.kind, body, object.pointers, object.handles, object.name.as_deref())
        })
    }

    /// All handles, ascending, with what they name.
    pub fn handles(&self) -> impl Iterator<Item = (Handle, GuestAddr)> + '_ {
        self.handles.iter().map(|(&handle, &body)| (handle, body))
    }
}

/// The handle number after this one.
fn following(handle: Handle) -> Handle {
    Handle(if handle.0 >= LAST_HANDLE { FIRST_HANDLE } else { handle.0 + HANDLE_STEP })
}

/// Names compare without case.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Writes the counts where the guest sees them.
fn publish(memory: &GuestMemory, body: GuestAddr, object: &Object) -> Fallible<()> {
    let at = GuestAddr(body.0.wrapping_sub(header::SIZE));
    memory.write(at.offset(header::POINTER_COUNT), object.pointers)?;
    memory.write(at.offset(header::HANDLE_COUNT), object.handles)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::failure::Failure;

    struct Setup {
        memory: Arc<GuestMemory>,
        pool: Pool,
        objects: Objects,
    }

    fn setup() -> Setup {
        Setup { memory: GuestMemory::new().unwrap(), pool: Pool::default(), objects: Objects::default() }
    }

    impl Setup {
        fn create(&mut self, kind: ObjectKind, name: Option<&str>, open: bool) -> Fallible<Created> {
            self.objects.create(&self.memory, &mut self.pool, kind, 0x10, name, open)
        }
    }

    #[test]
    fn a_closed_handle_is_stale_forever() {
        let mut s = setup();
        let event = s.create(ObjectKind::Event, None, false).unwrap().body;
        let first = s.objects.open(&s.memory, event).unwrap();
        assert_eq!(first, Handle(0x1000));
        assert_eq!(s.objects.dereference(&s.memory, event), Ok(None), "the handle keeps it");
        assert_eq!(
            s.objects.close(&s.memory, first),
            Ok(Some(Deleted { kind: ObjectKind::Event, body: event }))
        );
        Objects::free_body(&s.memory, &mut s.pool, event).unwrap();
        let again = s.create(ObjectKind::Event, None, false).unwrap().body;
        let second = s.objects.open(&s.memory, again).unwrap();
        assert_eq!(second, Handle(0x1004));
        assert_eq!(s.objects.resolve(first), Err(Failure::Status(NtStatus::INVALID_HANDLE)));
        assert_eq!(s.objects.close(&s.memory, first), Err(Failure::Status(NtStatus::INVALID_HANDLE)));
    }

    #[test]
    fn numbers_are_used_again_only_after_the_last_and_never_while_open() {
        let mut s = setup();
        let event = s.create(ObjectKind::Event, None, false).unwrap().body;
        let kept = s.objects.open(&s.memory, event).unwrap();
        let closed = s.objects.open(&s.memory, event).unwrap();
        s.objects.close(&s.memory, closed).unwrap();
        s.objects.next_handle = LAST_HANDLE;
        assert_eq!(s.objects.open(&s.memory, event), Ok(Handle(LAST_HANDLE)));
        assert_eq!(s.objects.open(&s.memory, event), Ok(closed), "the first that is free: not {kept:?}");
    }

    #[test]
    fn handles_objects_and_names_have_an_end() {
        let mut s = setup();
        let event = s.create(ObjectKind::Event, None, false).unwrap().body;
        let refused = (0..).find_map(|_| s.objects.open(&s.memory, event).err()).unwrap();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(s.objects.handles().count() as u64, Limit::Handles.row().value);
        s.objects.close(&s.memory, Handle(0x1000)).unwrap();
        assert!(s.objects.open(&s.memory, event).is_ok(), "there is room again");
        let long = "n".repeat(0xFFFF);
        let refused =
            (0..100).find_map(|n| s.create(ObjectKind::Event, Some(&format!("{long}{n}")), true).err());
        assert_eq!(refused.unwrap().status(), NtStatus::INSUFFICIENT_RESOURCES);
        let names: Vec<_> = s.objects.names.values().copied().collect();
        for body in names {
            s.objects.dereference(&s.memory, body).unwrap();
        }
        assert_eq!(s.objects.name_bytes, 0);
        let refused = (0..).find_map(|_| s.create(ObjectKind::Event, None, true).err()).unwrap();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        let hits: Vec<_> = s.objects.limits.hits().into_keys().collect();
        assert_eq!(hits, ["handles", "object_name_bytes", "objects"]);
    }

    #[test]
    fn names_are_unique_without_case_and_typed() {
        let mut s = setup();
        let made = s.create(ObjectKind::Event, Some("Ready"), true).unwrap();
        assert!(!made.existed);
        let found = s.create(ObjectKind::Event, Some("READY"), true).unwrap();
        assert_eq!(found, Created { body: made.body, existed: true });
        assert_eq!(
            s.create(ObjectKind::Event, Some("ready"), false).unwrap_err().status(),
            NtStatus::OBJECT_NAME_COLLISION
        );
        assert_eq!(
            s.create(ObjectKind::Mutant, Some("ready"), true).unwrap_err().status(),
            NtStatus::OBJECT_TYPE_MISMATCH
        );
        s.objects.dereference(&s.memory, made.body).unwrap();
        assert!(s.objects.dereference(&s.memory, made.body).unwrap().is_some());
        assert_eq!(s.objects.find_name("ready"), None);
    }

    #[test]
    fn counts_are_visible_to_the_guest() {
        let mut s = setup();
        let body = s.create(ObjectKind::Semaphore, None, false).unwrap().body;
        s.objects.open(&s.memory, body).unwrap();
        let at = GuestAddr(body.0 - header::SIZE);
        assert_eq!(s.memory.read::<u32>(at).unwrap(), 2);
        assert_eq!(s.memory.read::<u32>(at.offset(4)).unwrap(), 1);
    }
}
