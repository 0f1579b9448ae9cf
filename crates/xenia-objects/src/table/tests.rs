//! Objects and handles in single-threaded and concurrent use.

use super::*;
use crate::failure::Failure;
use crate::kernel_pool::KernelPool;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

struct Setup {
    memory: Arc<GuestMemory>,
    pool: KernelPool,
    objects: Arc<Objects>,
    limits: Arc<ResourceLimits>,
}

fn setup() -> Setup {
    let memory = GuestMemory::new().unwrap();
    let limits = Arc::new(ResourceLimits::default());
    let pool = KernelPool::new(memory.clone(), limits.clone());
    Setup { objects: Arc::new(Objects::new(memory.clone(), limits.clone())), memory, pool, limits }
}

impl Setup {
    fn create(&self, kind: ObjectKind) -> Fallible<GuestAddr> {
        self.objects.create(&self.pool, kind, 0x10)
    }

    fn create_named(&self, kind: ObjectKind, name: &str) -> Fallible<(GuestAddr, bool)> {
        if let Some(body) = self.objects.reference_named(name, kind, ExistingNamed::Open)? {
            return Ok((body, true));
        }
        let body = self.create(kind)?;
        self.objects.claim_name(body, name)?;
        Ok((body, false))
    }

    /// Deletes unused objects as the kernel does; returns them.
    fn delete_unused(&self) -> Vec<(ObjectKind, GuestAddr)> {
        let deleted = self.objects.take_deferred();
        for &object in &deleted {
            self.pool.release(GuestAddr(object.body.0 - header::SIZE)).unwrap();
            self.objects.forget(object);
        }
        deleted.into_iter().map(|object| (object.kind, object.body)).collect()
    }

    fn counts(&self, body: GuestAddr) -> [u32; 2] {
        let at = GuestAddr(body.0 - header::SIZE);
        [header::POINTER_COUNT, header::HANDLE_COUNT]
            .map(|offset| self.memory.read(at.offset(offset)).unwrap())
    }
}

/// Titles use the two low bits of a handle as marks: in an overlapped structure's event, one means
/// that no completion port is to be notified.
#[test]
fn the_low_bits_of_a_handle_are_ignored() {
    let s = setup();
    let event = s.create(ObjectKind::Event).unwrap();
    for mark in 0..4 {
        let handle = s.objects.open(event).unwrap();
        let marked = Handle(handle.0 | mark);
        assert_eq!(s.objects.resolve_kind(marked, ObjectKind::Event).unwrap().body(), event);
        s.objects.close(marked).unwrap();
        assert!(invalid(s.objects.resolve(handle)) && invalid(s.objects.close(marked)));
    }
    assert!(s.objects.handles().is_empty());
}

fn invalid<T>(result: Fallible<T>) -> bool {
    result.err() == Some(Failure::Status(NtStatus::INVALID_HANDLE))
}

/// As on the console: a title finds its threads' numbers by a subtraction from the handles.
#[test]
fn a_closed_handle_is_stale_until_it_is_opened_next() {
    let s = setup();
    let event = s.create(ObjectKind::Event).unwrap();
    let first = s.objects.open(event).unwrap();
    assert_eq!(first, Handle(0xF800_0004));
    s.objects.dereference(event).unwrap();
    assert!(s.delete_unused().is_empty(), "the handle keeps it");
    s.objects.close(first).unwrap();
    assert_eq!(s.delete_unused(), [(ObjectKind::Event, event)]);
    let again = s.create(ObjectKind::Event).unwrap();
    assert_eq!(again, event, "its memory is used again");
    assert!(invalid(s.objects.resolve(first)) && invalid(s.objects.close(first)));
    assert_eq!(s.objects.open(again), Ok(first));
    assert_eq!(s.objects.resolve(first).unwrap().body(), again);
    assert_eq!(s.objects.open(again), Ok(Handle(0xF800_0008)));
}

#[test]
fn the_handle_closed_last_is_opened_first() {
    let s = setup();
    let event = s.create(ObjectKind::Event).unwrap();
    let [a, b, c, d] = [(); 4].map(|()| s.objects.open(event).unwrap());
    for handle in [b, a, c] {
        s.objects.close(handle).unwrap();
    }
    let next = Handle(d.0 + 4);
    for expected in [c, a, b, next] {
        assert_eq!(s.objects.open(event), Ok(expected));
    }
    // A guest that dereferences too often closes the handles.
    for _ in 0..6 {
        s.objects.dereference(event).unwrap();
    }
    assert!(s.objects.handles().is_empty());
    let other = s.create(ObjectKind::Event).unwrap();
    assert_eq!(s.objects.open(other), Ok(next));
    s.objects.tables.lock().free_handles.clear();
    s.objects.tables.lock().next_handle = HandleTable::END;
    let status = s.objects.open(other).map_err(Failure::status);
    assert_eq!(status, Err(NtStatus::INSUFFICIENT_RESOURCES));
    assert_eq!(s.objects.counts(other), Some(ReferenceCounts { pointers: 2, handles: 1 }));
}

/// The lowest handle of an object is that which a search of all handles finds.
#[test]
fn the_lowest_handle_follows_opens_and_closes() {
    let s = setup();
    let bodies = [(); 3].map(|()| s.create(ObjectKind::Event).unwrap());
    let searched =
        |body: GuestAddr| s.objects.handles().into_iter().find(|row| row.1 == body).map(|row| row.0);
    let mut random = 1_u32;
    for step in 0..1000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let open = s.objects.handles();
        let index = (random >> 16) as usize;
        if random < 0x8000_0000 || open.is_empty() {
            s.objects.open(bodies[index % 3]).unwrap();
        } else {
            s.objects.close(open[index % open.len()].0).unwrap();
        }
        assert_eq!(bodies.map(|body| s.objects.handle_of(body)), bodies.map(searched), "step {step}");
    }
    let last = s.objects.open(bodies[0]).unwrap();
    while s.objects.dereference(bodies[0]).is_ok() {}
    assert_eq!(s.objects.handle_of(bodies[0]), None);
    assert!(invalid(s.objects.close(last)));
    let tables = s.objects.tables.lock();
    assert_eq!(tables.handles_by_body.len(), tables.handles.len());
}

#[test]
fn handles_objects_and_names_have_an_end() {
    let s = setup();
    let event = s.create(ObjectKind::Event).unwrap();
    let refused = (0..).find_map(|_| s.objects.open(event).err()).unwrap();
    assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
    assert_eq!(s.objects.handles().len() as u64, Limit::Handles.row().value);
    s.objects.close(Handle(0xF800_0004)).unwrap();
    assert!(s.objects.open(event).is_ok(), "there is room again");
    let long = "n".repeat(0xFFFF);
    let refused = (0..100).find_map(|n| s.create_named(ObjectKind::Event, &format!("{long}{n}")).err());
    assert_eq!(refused.unwrap().status(), NtStatus::INSUFFICIENT_RESOURCES);
    let names: Vec<_> = s.objects.tables.lock().names.values().copied().collect();
    for body in names {
        s.objects.dereference(body).unwrap();
    }
    assert_eq!(s.objects.tables.lock().name_bytes, 0);
    s.delete_unused();
    let refused = (0..).find_map(|_| s.create(ObjectKind::Event).err()).unwrap();
    assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
    let hits: Vec<_> = s.limits.hits().into_keys().collect();
    assert_eq!(hits, ["handles", "object_name_bytes", "objects"]);
}

#[test]
fn names_are_unique_without_case_and_typed() {
    let s = setup();
    let (body, existed) = s.create_named(ObjectKind::Event, "Ready").unwrap();
    assert!(!existed);
    assert_eq!(s.create_named(ObjectKind::Event, "READY"), Ok((body, true)));
    let other = s.create(ObjectKind::Event).unwrap();
    assert_eq!(s.objects.claim_name(other, "ready"), Ok(false));
    assert_eq!(
        s.create_named(ObjectKind::Mutant, "ready").unwrap_err().status(),
        NtStatus::OBJECT_TYPE_MISMATCH
    );
    assert_eq!(s.objects.find_name("rEADY").unwrap().body(), body);
    s.objects.dereference(body).unwrap();
    s.objects.dereference(body).unwrap();
    assert!(s.objects.find_name("ready").is_none());
    assert_eq!(s.objects.claim_name(other, "ready"), Ok(true));
}

#[test]
fn counts_are_visible_to_the_guest() {
    let s = setup();
    let body = s.create(ObjectKind::Semaphore).unwrap();
    let handle = s.objects.open(body).unwrap();
    assert_eq!(s.counts(body), [2, 1]);
    let unseen = s.objects.hold(body).unwrap();
    let counted = s.objects.hold_counted(body).unwrap();
    let found = s.objects.resolve_kind(handle, ObjectKind::Semaphore).unwrap();
    assert_eq!(s.counts(body), [3, 1], "only a wait by handle shows");
    drop((unseen, counted, found));
    assert_eq!(s.counts(body), [3, 1], "until the call is over");
    assert!(s.delete_unused().is_empty());
    assert_eq!(s.counts(body), [2, 1]);
}

#[test]
fn an_object_stays_for_as_long_as_a_call_or_a_wait_uses_it() {
    let s = setup();
    for what in ["call by handle", "call by pointer", "wait by pointer", "wait by handle"] {
        let body = s.create(ObjectKind::Timer).unwrap();
        let handle = s.objects.open(body).unwrap();
        let kept = match what {
            "call by handle" => (s.objects.resolve(handle).ok(), None),
            "call by pointer" => (s.objects.by_pointer(body), None),
            "wait by pointer" => (None, s.objects.hold(body)),
            _ => (None, s.objects.hold_counted(body)),
        };
        assert!(kept.0.is_some() || kept.1.is_some(), "{what}");
        s.objects.dereference(body).unwrap();
        s.objects.close(handle).unwrap();
        assert!(invalid(s.objects.resolve(handle)), "{what}: the handle is closed");
        assert_eq!(s.objects.by_pointer(body).is_some(), what == "wait by handle", "{what}");
        assert!(s.delete_unused().is_empty(), "{what}");
        let other = s.create(ObjectKind::Event).unwrap();
        assert_ne!(other, body, "{what}");
        drop(kept);
        assert_eq!(s.delete_unused(), [(ObjectKind::Timer, body)], "{what}");
        s.objects.dereference(other).unwrap();
        s.delete_unused();
    }
    assert_eq!(s.pool.lock().blocks(), 0);
}

#[test]
fn surplus_dereferences_take_the_object_only_from_a_wait() {
    let s = setup();
    let body = s.create(ObjectKind::Event).unwrap();
    let handle = s.objects.open(body).unwrap();
    let held = s.objects.hold_counted(body).unwrap();
    for _ in 0..3 {
        s.objects.dereference(body).unwrap();
    }
    assert!(invalid(s.objects.resolve(handle)) && invalid(s.objects.reference(body)));
    assert!(s.objects.handles().is_empty());
    assert!(s.delete_unused().is_empty(), "the wait uses it");
    drop(held);
    assert_eq!(s.delete_unused(), [(ObjectKind::Event, body)]);
    assert_eq!(s.pool.lock().blocks(), 0);
}

#[test]
fn concurrent_alloc_handle_distinct() {
    const THREADS: usize = 10;
    const EACH: usize = 100;
    let s = setup();
    let made: Vec<(Handle, GuestAddr)> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let make = || {
                        let body = s.create(ObjectKind::Event).unwrap();
                        (s.objects.open(body).unwrap(), body)
                    };
                    (0..EACH).map(|_| make()).collect::<Vec<_>>()
                })
            })
            .collect();
        makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
    });
    let handles: BTreeSet<u32> = made.iter().map(|(handle, _)| handle.0).collect();
    let bodies: BTreeSet<GuestAddr> = made.iter().map(|&(_, body)| body).collect();
    assert_eq!((handles.len(), bodies.len()), (THREADS * EACH, THREADS * EACH));
    assert_eq!(handles.last().unwrap() - handles.first().unwrap(), 4 * (THREADS * EACH - 1) as u32);
    for (handle, body) in made {
        assert_eq!(s.objects.resolve(handle).unwrap().body(), body);
        assert_eq!(s.counts(body), [2, 1]);
    }
}

/// Four threads create and close objects whose handles four others look up. A lookup finds the body
/// that was made for that handle, which stays alive while it is in use, and each object is deleted
/// exactly once.
#[test]
fn lookups_during_closes_find_the_object_or_nothing() {
    const MAKERS: u32 = 4;
    const ROUNDS: usize = 4000;
    let s = setup();
    // The newest handle of each maker.
    let newest: [AtomicUsize; MAKERS as usize] = Default::default();
    let running = AtomicUsize::new(MAKERS as usize);
    let cleared = AtomicUsize::new(0);
    let found = AtomicUsize::new(0);
    let clear = || {
        for object in s.objects.take_deferred() {
            // A thread that still used the object would see this write.
            s.memory.write(object.body, 0_u32).unwrap();
            s.pool.release(GuestAddr(object.body.0 - header::SIZE)).unwrap();
            s.objects.forget(object);
            cleared.fetch_add(1, Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for (maker, handle_at) in (1..).zip(&newest) {
            let s = &s;
            let clear = &clear;
            let running = &running;
            scope.spawn(move || {
                for round in 1..=ROUNDS {
                    let body = s.create(ObjectKind::Event).unwrap();
                    // Each object gets a unique mark before another thread can find it: a closed
                    // handle soon names another object.
                    s.memory.write(body, maker << 28 | round as u32).unwrap();
                    let handle = s.objects.open(body).unwrap();
                    s.objects.dereference(body).unwrap();
                    handle_at.store(handle.0 as usize, Release);
                    let kept = (round % 3 == 0).then(|| s.objects.hold_counted(body).unwrap());
                    s.objects.close(handle).unwrap();
                    clear();
                    drop(kept);
                    clear();
                }
                running.fetch_sub(1, Release);
            });
            let newest = &newest;
            let found = &found;
            scope.spawn(move || {
                while running.load(Acquire) > 0 {
                    for handle_at in newest {
                        let handle = handle_at.load(Acquire) as u32;
                        if let Ok(object) = s.objects.resolve_kind(Handle(handle), ObjectKind::Event) {
                            let marks = [(); 4].map(|()| s.memory.read::<u32>(object.body()).unwrap());
                            assert_eq!(marks, [marks[0]; 4], "the object of {handle:#x}");
                            assert_ne!(marks[0], 0, "the object of {handle:#x}");
                            found.fetch_add(1, Relaxed);
                        }
                        clear();
                    }
                }
            });
        }
    });
    clear();
    assert_eq!(cleared.load(Relaxed), MAKERS as usize * ROUNDS);
    assert_eq!((s.objects.list().len(), s.objects.handles().len(), s.pool.lock().blocks()), (0, 0, 0));
    println!("{} look-ups found their object", found.load(Relaxed));
}
