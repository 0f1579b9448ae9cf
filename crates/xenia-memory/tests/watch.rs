//! Watches: every kind of store changes the version, through every view, from every thread.

use crate::common::{RW, commit, host_load, host_store, space, version};
use std::io::{Seek, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};
use xenia_guest::GuestAddr;
use xenia_memory::{AccessKind, AllocKind, DeviceQueue, FaultKind, GuestMemory, MemoryFault, Protect, Watch};

const VIEWS: [&[u32]; 4] =
    [&[0x0004_0000], &[0x7000_0000], &[0x8200_0000, 0x9200_0000], &[0xA300_0000, 0xC300_0000, 0xE2FF_F000]];

#[test]
fn a_store_through_any_view_is_seen_through_every_view() {
    let memory = space();
    let mut dev = DeviceQueue::new();
    for views in VIEWS {
        commit(&memory, views[0], 0x1000, RW);
        for &watched in views {
            for &stored in views {
                let stores: [(&str, &mut dyn FnMut()); 8] = [
                    ("compiled code", &mut || host_store(&memory, stored + 8, 1)),
                    ("interpreter", &mut || memory.store_u32(stored + 12, 2, &mut dev).unwrap()),
                    ("write", &mut || memory.write(GuestAddr(stored + 16), 3_u8).unwrap()),
                    ("write_bytes", &mut || memory.write_bytes(GuestAddr(stored), &[4; 100]).unwrap()),
                    ("fill", &mut || memory.fill(GuestAddr(stored), 0x1000, 5).unwrap()),
                    ("atomic", &mut || {
                        memory.atomic_u32(GuestAddr(stored), |v| Some(v + 1)).unwrap().unwrap();
                    }),
                    ("stwcx.", &mut || {
                        let old = host_load(&memory, stored);
                        assert_eq!(memory.compare_exchange_u32(stored, old, 7), Ok(true));
                    }),
                    ("protect", &mut || {
                        memory.protect(GuestAddr(views[0]), 0x1000, RW).unwrap();
                    }),
                ];
                for (what, store) in stores {
                    let before: Vec<u32> = views.iter().map(|&v| version(&memory, v)).collect();
                    assert_eq!(memory.watch(GuestAddr(watched), 4), Ok(Watch::Protected));
                    assert_eq!(host_load(&memory, stored), memory.read::<u32>(GuestAddr(watched)).unwrap());
                    assert_eq!(before[0], version(&memory, watched), "a load is not a store");
                    store();
                    for (&view, before) in views.iter().zip(before) {
                        assert_ne!(
                            version(&memory, view),
                            before,
                            "{what}: {watched:#x} {stored:#x} {view:#x}"
                        );
                    }
                    // The watch lasted for one store: the next costs nothing.
                    let after = version(&memory, watched);
                    let faults = memory.counters().watch_faults;
                    host_store(&memory, stored + 8, 9);
                    assert_eq!((version(&memory, watched), memory.counters().watch_faults), (after, faults));
                }
            }
        }
    }
}

#[test]
fn watches_keep_to_their_pages_and_respect_rights() {
    let memory = space();
    commit(&memory, 0x1_0000, 0x4000, RW);
    let _ = memory.watch(GuestAddr(0x1_1FFF), 2).unwrap();
    let before = [0x1_0000, 0x1_1000, 0x1_2000, 0x1_3000].map(|a| version(&memory, a));
    for addr in [0x1_0000, 0x1_1000, 0x1_2000, 0x1_3000] {
        host_store(&memory, addr, 1);
    }
    let after = [0x1_0000, 0x1_1000, 0x1_2000, 0x1_3000].map(|a| version(&memory, a));
    assert_eq!([0, 1, 2, 3].map(|i| after[i] - before[i]), [0, 1, 1, 0]);
    // Uncommitted memory can't be watched.
    assert_eq!(memory.watch(GuestAddr(0x1_3FFF), 2).unwrap_err().addr, GuestAddr(0x1_4000));
    assert!(memory.watch(GuestAddr(0x7FC8_0000), 4).is_err());
    assert_eq!(memory.watch_code_page(u32::MAX), None);
    // A read-only page changes by HLE only, and the end of its watch does not make it writable.
    memory.protect(GuestAddr(0x1_0000), 0x1000, Protect::READ_ONLY).unwrap();
    let (seen, kind) = memory.watch_code_page(GuestMemory::page_index(GuestAddr(0x1_0000)).unwrap()).unwrap();
    assert_eq!(kind, Watch::Protected);
    memory.write(GuestAddr(0x1_0000), 1_u32).unwrap();
    assert_ne!(version(&memory, 0x1_0000), seen);
    assert!(memory.store_u32(0x1_0000, 1, &mut DeviceQueue::new()).is_err());
}

#[test]
fn a_store_to_code_is_refused_once_and_ends_the_watch() {
    let memory = space();
    let devices = &mut DeviceQueue::new();
    commit(&memory, 0x1_0000, 0x3000, RW);
    let refused = |addr| {
        Err(MemoryFault { addr: GuestAddr(addr), kind: FaultKind::HoldsCode, access: AccessKind::Store })
    };
    // The page and its neighbour were already watched for their contents.
    let _ = memory.watch(GuestAddr(0x1_0000), 0x3000).unwrap();
    let _ = memory.watch_code(GuestAddr(0x1_1000), 4).unwrap();
    let before = version(&memory, 0x1_1000);
    assert_eq!(memory.store_u32(0x1_0000, 1, devices), Ok(()));
    assert_eq!((memory.before_store(0x1_2000), version(&memory, 0x1_1000)), (Ok(()), before));
    // An access of two pages, the second of which holds code.
    assert_eq!(memory.store_u64(0x1_0FFC, 1, devices), refused(0x1_1003));
    assert_eq!((memory.read(GuestAddr(0x1_0FFC)), version(&memory, 0x1_1000)), (Ok(0_u32), before + 1));
    assert_eq!(memory.store_u64(0x1_0FFC, 1, devices), Ok(()));
    let _ = memory.watch_code(GuestAddr(0x1_1000), 4).unwrap();
    assert_eq!(memory.compare_exchange_u32(0x1_1000, 1, 2), refused(0x1_1000).map(|()| true));
    assert_eq!(memory.compare_exchange_u32(0x1_1000, 1, 2), Ok(true));
    // Neither the kernel's writes nor devices' are refused.
    let _ = memory.watch_code(GuestAddr(0x1_1000), 4).unwrap();
    let before = version(&memory, 0x1_1000);
    memory.write(GuestAddr(0x1_1000), 7_u32).unwrap();
    assert_eq!(version(&memory, 0x1_1000), before + 1);
}

#[test]
fn only_changes_of_code_move_the_code_epoch() {
    const CODE: u32 = 0x1_0000;
    const DATA: u32 = 0x1_1000;
    let memory = space();
    commit(&memory, CODE, 0x2000, RW);
    let watch = || assert_eq!(memory.watch(GuestAddr(DATA), 4), Ok(Watch::Protected));
    let watch_code = |addr| assert_eq!(memory.watch_code(GuestAddr(addr), 4), Ok(Watch::Protected));
    let write = |addr| memory.write(GuestAddr(addr), 1_u32).unwrap();
    let store = |addr| memory.store_u32(addr, 2, &mut DeviceQueue::new());
    let decommit = || {
        memory.decommit(GuestAddr(CODE), 0x1000).unwrap();
    };
    // The change, and whether it is one of code.
    let changes: [(&str, bool, &dyn Fn()); 12] = [
        ("compiled code stores data", false, &|| {
            watch();
            host_store(&memory, DATA, 1);
        }),
        ("the interpreter stores data", false, &|| {
            watch();
            store(DATA).unwrap();
        }),
        ("HLE writes data", false, &|| {
            watch();
            write(DATA);
        }),
        ("other memory is mapped", false, &|| commit(&memory, 0x2_0000, 0x1000, RW)),
        ("an engine's store to code is refused", true, &|| {
            watch_code(CODE);
            assert_eq!(store(CODE).unwrap_err().kind, FaultKind::HoldsCode);
        }),
        ("HLE writes code", true, &|| {
            watch_code(CODE);
            write(CODE);
        }),
        ("HLE writes code that was data", true, &|| {
            watch();
            watch_code(DATA);
            write(DATA);
        }),
        ("code gets other rights", true, &|| {
            watch_code(CODE);
            memory.protect(GuestAddr(CODE), 0x1000, RW).unwrap();
        }),
        ("a page that had code is decommitted", true, &decommit),
        ("it is committed", false, &|| {
            memory.alloc_fixed(GuestAddr(CODE), 0x1000, AllocKind::Commit, RW).unwrap();
        }),
        ("it is decommitted without code", false, &decommit),
        ("the version changes for an unknown reason", true, &|| {
            memory.bump(GuestMemory::page_index(GuestAddr(DATA)).unwrap());
        }),
    ];
    for (change, is_of_code, make) in changes {
        let epoch = memory.epoch();
        let code_epoch = memory.code_epoch();
        make();
        assert_ne!(memory.epoch(), epoch, "{change}");
        assert_eq!(memory.code_epoch() != code_epoch, is_of_code, "{change}");
    }
}

#[test]
fn a_hundred_thousand_watch_and_store_cycles() {
    let memory = space();
    commit(&memory, 0xE000_F000 + 0x100_0000, 0x2000, RW);
    let views = [0xE100_F000, 0xA101_0000, 0xC101_0000];
    let start = version(&memory, views[0]);
    for round in 0..100_000_u32 {
        let view = |i: u32| views[(round + i) as usize % 3];
        assert_eq!(memory.watch(GuestAddr(view(0)), 1), Ok(Watch::Protected));
        host_store(&memory, view(1) + round % 1024 * 4, round);
        assert_eq!(version(&memory, view(2)), start + round + 1);
        assert_eq!(host_load(&memory, view(2) + round % 1024 * 4), round);
    }
    assert_eq!(memory.counters().watch_faults, 100_000);
    assert_eq!(memory.counters().watches_refused, 0);
}

#[test]
fn a_file_is_read_into_a_watched_page() {
    let memory = space();
    commit(&memory, 0x8200_0000, 0x1_0000, Protect::READ_ONLY);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[0x5A; 0x3000]).unwrap();
    file.rewind().unwrap();
    let _ = memory.watch(GuestAddr(0x9200_0000), 0x4000).unwrap();
    let pages = [0x8200_0000, 0x8200_1000, 0x8200_2000, 0x8200_3000];
    let before = pages.map(|p| version(&memory, p));
    assert_eq!(memory.read_file_into(GuestAddr(0x8200_0800), 0x2000, &file, 0).unwrap(), 0x2000);
    let moved = [0, 1, 2, 3].map(|i| version(&memory, pages[i]) != before[i]);
    assert_eq!(moved, [true, true, true, false]);
    assert_eq!(memory.read::<u32>(GuestAddr(0x8200_27FC)), Ok(0x5A5A_5A5A));
}

/// Stops the other threads of a test, also when it fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A thread stores a counter by `store`; the watcher checks that an unchanged version means
/// unchanged contents, until it has seen 100 watches end, or its time has passed.
fn race(store: impl Fn(&GuestMemory, &mut DeviceQueue, u32) + Send + Sync) {
    const AT: u32 = 0xA200_0000;
    const ALIAS: u32 = 0xE1FF_F000;
    let memory = space();
    commit(&memory, AT, 0x1_0000, RW);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut dev = DeviceQueue::new();
            let mut value = 0_u32;
            while !stop.load(Relaxed) {
                value = value.wrapping_add(1);
                store(&memory, &mut dev, value);
            }
            value
        });
        let mut dev = DeviceQueue::new();
        let _stop = StopOnDrop(&stop);
        let mut ended = 0;
        let start = Instant::now();
        let time = Duration::from_secs(if xenia_testing::is_long() { 3 } else { 1 });
        while ended < 100 && (ended == 0 || start.elapsed() < time) {
            let before = version(&memory, ALIAS);
            assert_eq!(memory.watch(GuestAddr(ALIAS), 4), Ok(Watch::Protected));
            let first = memory.load_u32(ALIAS, &mut dev).unwrap();
            let mut last = first;
            for _ in 0..1_000 {
                last = memory.load_u32(AT, &mut dev).unwrap();
                if last != first || version(&memory, ALIAS) != before {
                    break;
                }
            }
            if last != first {
                // HLE and the interpreter bump the version after the bytes are written: soon, but
                // not at once.
                let start = Instant::now();
                while version(&memory, ALIAS) == before && start.elapsed() < Duration::from_mins(1) {
                    thread::yield_now();
                }
                let seen = version(&memory, ALIAS) != before;
                assert!(seen, "{first} became {last}, and version {before} stayed");
            }
            if version(&memory, ALIAS) != before {
                ended += 1;
            } else {
                thread::yield_now();
            }
        }
        stop.store(true, Relaxed);
        let last = writer.join().unwrap();
        assert_eq!(host_load(&memory, AT), last);
    });
}

#[test]
fn no_store_of_compiled_code_slips_past_a_watch() {
    race(|memory, _, value| host_store(memory, 0xA200_0000, value));
}

#[test]
fn no_store_of_the_interpreter_slips_past_a_watch() {
    race(|memory, dev, value| memory.store_u32(0xA200_0000, value, dev).unwrap());
}

#[test]
fn no_write_of_hle_slips_past_a_watch() {
    race(|memory, _, value| memory.write(GuestAddr(0xC200_0000), value).unwrap());
}

/// Rights and watches change while two threads store: no thread hangs, crashes or loses a page.
#[test]
fn watches_protection_and_stores_race_without_harm() {
    const AT: u32 = 0x8300_0000;
    let memory: Arc<GuestMemory> = space();
    commit(&memory, AT, 0x4_0000, RW);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..2_u32 {
            let memory = &memory;
            let stop = &stop;
            scope.spawn(move || {
                let mut value = 0_u32;
                while !stop.load(Relaxed) {
                    value += 1;
                    let page = value.wrapping_mul(7) % 64;
                    let view = if value & 1 == 0 { AT } else { AT + 0x1000_0000 };
                    host_store(memory, view + page * 0x1000 + writer * 4, value);
                }
            });
        }
        let _stop = StopOnDrop(&stop);
        for round in 0..5_000_u32 {
            let at = GuestAddr(AT + round % 61 * 0x1000);
            match round % 4 {
                0 | 1 => assert_eq!(memory.watch(at, 0x3000), Ok(Watch::Protected)),
                2 => memory.write(at.offset(8), round).unwrap(),
                _ => {
                    let old =
                        memory.protect(GuestAddr(at.0 & !0xFFFF), 0x1_0000, Protect::EXECUTE_READ_WRITE);
                    assert!(old.unwrap().writable());
                }
            }
        }
    });
}
