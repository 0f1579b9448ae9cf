//! Tables that are saved with handles, names, pins and deferred work, and impossible ones.

use super::*;
use crate::kernel_pool::KernelPool;
use crate::{HeldObject, ObjectKind};
use std::sync::Arc;
use xenia_guest::layout::object_header;
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_state::{StateSection, StoredSection};

#[derive(Serialize, Deserialize)]
struct Saved(ObjectsState, Vec<HeldState>);

impl StateSection for Saved {
    const NAME: &'static str = "test/objects";
    const VERSION: u16 = 1;
}

struct Setup {
    memory: Arc<GuestMemory>,
    limits: Arc<ResourceLimits>,
    pool: KernelPool,
    objects: Arc<Objects>,
    held: Vec<HeldObject>,
}

impl Setup {
    /// Objects in every situation: with and without handles and names, kept by waits, to be
    /// deleted, at the address of another.
    fn new() -> Self {
        let memory = GuestMemory::new().unwrap();
        let limits = Arc::new(ResourceLimits::default());
        let pool = KernelPool::new(memory.clone(), limits.clone());
        let objects = Arc::new(Objects::new(memory.clone(), limits.clone()));
        let mut setup = Self { memory, limits, pool, objects, held: Vec::new() };
        let objects = setup.objects.clone();
        let named = setup.create(ObjectKind::Event);
        assert_eq!(objects.claim_name(named, "Ready"), Ok(true));
        let gone = setup.create(ObjectKind::Timer);
        objects.dereference(gone).unwrap();
        for deleted in objects.take_deferred() {
            setup.pool.release(GuestAddr(deleted.body.0 - object_header::SIZE)).unwrap();
            objects.forget(deleted);
        }
        // Kept by a wait by pointer alone, then by a wait by handle alone.
        for counted in [false, true] {
            let body = setup.create(ObjectKind::Semaphore);
            let handle = objects.open(body).unwrap();
            let held = if counted { objects.hold_counted(body) } else { objects.hold(body) };
            setup.held.extend(held);
            objects.close(handle).unwrap();
            objects.dereference(body).unwrap();
        }
        // To be deleted, and a reference of an ended wait.
        let deleted = setup.create(ObjectKind::Mutant);
        objects.dereference(deleted).unwrap();
        drop(objects.hold_counted(named));
        // Its memory is freed, and another object made there.
        let freed = setup.create(ObjectKind::Event);
        let stale = objects.open(freed).unwrap();
        setup.pool.release(GuestAddr(freed.0 - object_header::SIZE)).unwrap();
        assert_eq!(setup.create(ObjectKind::Thread), freed);
        assert_eq!(objects.resolve(stale).map(|object| object.kind()), Ok(ObjectKind::Event));
        let closed = [(); 2].map(|()| objects.open(named).unwrap()).map(|handle| objects.close(handle));
        assert_eq!(closed, [Ok(()); 2]);
        objects.open(named).unwrap();
        objects.default_object(&setup.pool).unwrap();
        setup
    }

    fn create(&self, kind: ObjectKind) -> GuestAddr {
        self.objects.create(&self.pool, kind, 0x10).unwrap()
    }

    fn saved(&self) -> Saved {
        Saved(self.objects.state(), self.held.iter().map(HeldObject::state).collect())
    }

    /// The same memory and pool, with a table that is restored from the state's bytes.
    fn restored(self) -> Self {
        let stored = StoredSection::encode(&self.saved()).unwrap();
        let Saved(state, held) = stored.decode().unwrap();
        let objects = Arc::new(Objects::new(self.memory.clone(), self.limits.clone()));
        let uses = objects.restore(state).unwrap();
        let held = held.into_iter().map(|held| objects.hold_again(held).unwrap()).collect();
        objects.settle_uses(uses);
        let restored = Self { objects, held, ..self };
        assert_eq!(StoredSection::encode(&restored.saved()).unwrap(), stored);
        restored
    }

    /// Lines that the objects produce from now on.
    fn go_on(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        self.objects.describe(&mut |line| lines.push(line.to_owned()));
        for (handle, _) in self.objects.handles() {
            lines.push(format!("{:?}", self.objects.resolve(handle)));
        }
        for (_, body) in self.objects.list() {
            lines.push(format!("{body} {:?}", self.objects.handle_of(body)));
        }
        lines.push(format!("{:?}", self.objects.find_name("READY")));
        lines.push(format!("{:?}", self.objects.list()));
        let event = self.create(ObjectKind::Event);
        lines.push(format!("{event} {:?}", self.objects.open(event)));
        lines.push(format!("{:?}", self.objects.default_object(&self.pool)));
        self.held.clear();
        let deleted = self.objects.take_deferred();
        lines.extend(deleted.iter().map(|deleted| format!("deleted {:?} {}", deleted.kind, deleted.body)));
        for deleted in deleted {
            self.objects.forget(deleted);
        }
        for (handle, _) in self.objects.handles() {
            lines.push(format!("close {:?}", self.objects.close(handle)));
        }
        for (_, body) in self.objects.list() {
            lines.push(format!("dereference {:?}", self.objects.dereference(body)));
        }
        let deleted = self.objects.take_deferred();
        lines.extend(deleted.iter().map(|deleted| format!("deleted {:?} {}", deleted.kind, deleted.body)));
        lines.push(format!("{:?}", self.objects.state()));
        lines
    }
}

/// A change that makes a state impossible, with its description.
type Change = (&'static str, fn(&mut ObjectsState));

#[test]
fn a_restored_table_continues_as_the_saved_one() {
    let lines = Setup::new().go_on();
    assert!(lines.iter().filter(|line| line.starts_with("deleted")).count() >= 5, "{lines:#?}");
    assert_eq!(Setup::new().restored().go_on(), lines);
    assert_eq!(Setup::new().restored().restored().go_on(), lines);
}

#[test]
fn a_table_in_use_refuses_to_restore() {
    let setup = Setup::new();
    assert!(setup.objects.restore(setup.objects.state()).is_err());
}

#[test]
fn restored_objects_without_a_record_are_kept_by_their_holders() {
    let setup = Setup::new();
    let Saved(state, held) = setup.saved();
    let body = setup.held[0].body;
    // By a wait, or by the object's address.
    for holders in [&[true][..], &[false], &[true, false]] {
        let objects = Arc::new(Objects::new(setup.memory.clone(), setup.limits.clone()));
        let uses = objects.restore(state.clone()).unwrap();
        assert!(
            objects.hold_again(held[0].at(1 << 20)).is_err() && objects.hold_again(held[0].at(0)).is_err()
        );
        let hold = |wait| if wait { objects.hold_again(held[0]).ok() } else { objects.hold(body) };
        let again: Vec<_> = holders.iter().map(|&wait| hold(wait).unwrap()).collect();
        objects.settle_uses(uses);
        assert!(objects.hold(body).is_none() && objects.by_pointer(body).is_none());
        let is_deleted = || objects.take_deferred().iter().any(|deleted| deleted.body == body);
        assert!(!is_deleted());
        drop(again);
        assert!(is_deleted());
    }
}

#[test]
fn impossible_tables_are_refused() {
    let setup = Setup::new();
    let changes: [Change; 16] = [
        ("a handle with marks", |state| state.next_handle.0 += 1),
        ("a handle below the first", |state| state.next_handle = Handle(0x1000)),
        ("a handle above the last", |state| state.next_handle = Handle(0xF900_0000)),
        ("a handle that is neither open nor free", |state| state.next_handle.0 += 4),
        ("a handle that is open and free", |state| {
            state.free_handles[0] = *state.handles.keys().next().unwrap();
        }),
        ("a handle that is free twice", |state| state.free_handles.extend_from_within(..)),
        ("a position that is free and used", |state| state.slab.free_again()),
        ("two records at one position", |state| {
            let position = state.records.values().next().unwrap().position;
            state.records.values_mut().for_each(|record| record.position = position);
        }),
        ("a record of nothing", |state| state.records.values_mut().for_each(|record| record.position = 999)),
        ("no references", |state| state.records.values_mut().for_each(|record| record.pointers = 0)),
        ("too many handles", |state| state.records.values_mut().for_each(|record| record.handles += 5)),
        ("a handle of nothing", |state| {
            state.handles.values_mut().for_each(|handle| handle.position = Some(999));
        }),
        ("capital letters", |state| {
            state.names.insert("READY".to_owned(), GuestAddr(0));
        }),
        ("a name of another", |state| state.names.values_mut().for_each(|body| body.0 += 8)),
        ("work for nobody", |state| state.deferred.clear()),
        ("work twice", |state| state.deferred.extend_from_within(..)),
    ];
    for (what, change) in changes {
        let Saved(mut state, _) = setup.saved();
        change(&mut state);
        let objects = Arc::new(Objects::new(setup.memory.clone(), setup.limits.clone()));
        let restored = objects.restore(state);
        assert!(restored.is_err(), "{what}");
    }
}
