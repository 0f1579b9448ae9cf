//! Tests of full caches: limits of code, regions and pages, and what is freed.

use super::*;
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_lifter::cfg::ranges::AddressRange;
use xenia_lifter::{EntryOffset, FaultExits};
use xenia_memory::{AllocKind, GuestMemory, Protect};

fn region(pc: u32, size: usize) -> Compiled {
    Compiled {
        code: vec![0xCC; size],
        tables: Tables {
            entries: vec![EntryOffset { pc, offset: 0 }],
            covered: [AddressRange { start: pc, end: pc + 8 }].into_iter().collect(),
            ..Tables::default()
        },
        texts: None,
        fault_exits: FaultExits::default(),
    }
}

#[test]
fn full_memory_is_emptied_with_its_profile_and_reused_after_the_engines_leave_it() {
    const THIRD: usize = CODE_SIZE / 3;
    let epochs = Epochs::new();
    let mut cache = CodeCache::new(Arc::clone(&epochs), Mode::default(), None).unwrap();
    let engine = epochs.join();
    epochs.enter(&engine);
    cache.functions.set_bounds(0x1000, Some(0x2000));
    cache.functions.add(0x3000);
    cache.functions.add_entry(0x3000, 0x3010);
    cache.functions.add_entry(0x1000, 0x1010);
    assert_eq!(cache.slot(0x3000), 0);
    for pc in [0x1000, 0x3000] {
        cache.release_retired();
        cache.publish(region(pc, THIRD), Vec::new()).unwrap();
    }
    cache.functions.record_compilation(0x1000, 0x1000, 1);
    assert!(cache.place(0x1004).is_covered && !cache.place(0x1008).is_covered);
    let full = cache.publish(region(0x5000, THIRD), Vec::new());
    assert!(matches!(full, Err(JitError::CodeMemoryFull)), "{full:?}");
    assert_eq!(cache.tables().entries().offset(0x1000), 0, "withdrawn");
    assert_eq!(cache.place(0x3004).roots, [0x3004], "what was learned is forgotten");
    let place = cache.place(0x1004);
    assert_eq!((place.roots, place.piece), (vec![0x1000], (0x1000..0x2000).into()), "what was given is not");
    // The engine may still be in the code.
    cache.release_retired();
    assert!(cache.publish(region(0x5000, THIRD), Vec::new()).is_err());
    epochs.enter(&engine);
    assert!(cache.begin_lifting(0x5000) && !cache.begin_lifting(0x5000), "by one engine at a time");
    cache.end_lifting(0x5000);
    cache.slot(0x6000);
    cache.publish(region(0x5000, 64), Vec::new()).unwrap();
    cache.flush();
    epochs.enter(&engine);
    cache.release_retired();
    assert_eq!(cache.slot(0x7000), 0, "slots begin anew");
    cache.publish(region(0x5000, THIRD), Vec::new()).unwrap();
    assert_ne!(cache.tables().entries().offset(0x5000), 0);
}

#[test]
fn small_regions_are_full_memory_before_their_code_is() {
    let epochs = Epochs::new();
    let mut cache = CodeCache::new(Arc::clone(&epochs), Mode::default(), None).unwrap();
    let most = (CODE_SIZE / MIN_REGION_COST) as u32;
    for n in 0..most {
        cache.publish(region(0x1_0000 + 8 * n, 64), Vec::new()).unwrap();
    }
    let full = cache.publish(region(0x8000_0000, 64), Vec::new());
    assert!(matches!(full, Err(JitError::CodeMemoryFull)), "{full:?}");
    cache.release_retired();
    assert_eq!(cache.kept, 0);
    cache.publish(region(0x8000_0000, 64), Vec::new()).unwrap();
}

#[test]
fn code_on_many_pages_fills_memory_and_its_tables_are_released() {
    let epochs = Epochs::new();
    let mut cache = CodeCache::new(Arc::clone(&epochs), Mode::default(), None).unwrap();
    cache.max_tables = 64;
    for round in 0..3 {
        for n in 0..64 {
            cache.publish(region(0xA000_0000 + (n << 12), 64), Vec::new()).unwrap();
        }
        let full = cache.publish(region(0xC000_0000, 64), Vec::new());
        assert!(matches!(full, Err(JitError::CodeMemoryFull)), "{round}: {full:?}");
        assert_eq!(cache.tables.of_code(), 0);
        cache.release_retired();
    }
}

#[test]
fn pages_with_only_stored_code_are_limited() {
    let epochs = Epochs::new();
    let mut cache = CodeCache::new(Arc::clone(&epochs), Mode::default(), None).unwrap();
    cache.max_tables = 64;
    for n in 0..200 {
        cache.mark_stored(0xA000_0000 + (n << 12));
    }
    assert_eq!((cache.tables.in_use(), cache.tables.of_code()), (64, 0));
    // Code has separate tables; those that it leaves do not become the store's.
    for n in 0..64 {
        cache.publish(region(0xC000_0000 + (n << 12), 64), Vec::new()).unwrap();
        cache.mark_stored(0xC000_0000 + (n << 12));
    }
    cache.tables.give_back_empty();
    assert_eq!((cache.tables.in_use(), cache.tables.of_code()), (64, 0));
}

#[test]
fn releasing_many_regions_at_once_leaves_one_free_range() {
    let epochs = Epochs::new();
    let mut cache = CodeCache::new(Arc::clone(&epochs), Mode::default(), None).unwrap();
    let engine = epochs.join();
    epochs.enter(&engine);
    for n in 0..20_000 {
        cache.publish(region(0x1_0000 + 8 * n, 64), Vec::new()).unwrap();
    }
    cache.flush();
    engine.leave();
    cache.release_retired();
    assert!(cache.regions.is_empty() && cache.retired.is_empty() && cache.by_offset.is_empty());
    assert_eq!(cache.memory.allocate(CODE_SIZE - 4096).unwrap(), 64, "after the stubs");
}

#[test]
fn code_that_is_loaded_and_unloaded_often_is_compiled() {
    const START: u32 = 0x8000_0000;
    let kind = AllocKind::ReserveCommit;
    let protect = Protect::READ_WRITE;
    let page = GuestMemory::page_index(GuestAddr(START)).unwrap();
    for is_unloaded in [true, false] {
        let memory = GuestMemory::new().unwrap();
        let mut cache = CodeCache::new(Epochs::new(), Mode::default(), None).unwrap();
        memory.alloc_fixed(GuestAddr(START), PAGE_SIZE, kind, protect).unwrap();
        for _ in 0..MAX_CODE_CHANGES {
            let version = memory.page_version(page);
            cache.publish(region(START, 64), vec![PageVersion { page, version }]).unwrap();
            cache.functions.add(START);
            if is_unloaded {
                memory.free(GuestAddr(START)).unwrap();
            } else {
                memory.bump(page);
            }
            assert_eq!(cache.withdraw_changed(&memory), 1);
            if is_unloaded {
                memory.alloc_fixed(GuestAddr(START), PAGE_SIZE, kind, protect).unwrap();
            }
        }
        assert_eq!(cache.is_volatile(page), !is_unloaded);
        cache.halve_changes();
        assert!(!cache.is_volatile(page));
        // Where no function is known, one begins at the address.
        let function = cache.place(START + 4).function.start;
        assert_eq!(function, if is_unloaded { START + 4 } else { START });
    }
}
