//! Logs of written pages, after random steps.

use super::*;
use crate::layout::Heap;
use crate::{AllocKind, Protect};
use proptest::prelude::*;
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;

/// The contents of memory according to a log.
#[derive(Default)]
struct LoggedContents(BTreeMap<u32, Box<PageBytes>>);

impl LoggedContents {
    /// Follows the log; returns how many pages it has reported.
    fn follow(&mut self, log: &mut WriteLog) -> usize {
        let mut count = 0;
        log.take(|page, content| {
            count += 1;
            if *content == ZEROS {
                self.0.remove(&page);
            } else {
                self.0.insert(page, Box::new(*content));
            }
        });
        count
    }

    fn check(&self, memory: &GuestMemory) {
        let mut expected = BTreeMap::new();
        memory.for_each_committed_page(|addr, content| {
            if *content != ZEROS {
                expected.insert(backing_page(addr.0).expect("a page"), Box::new(*content));
            }
        });
        assert!(self.0 == expected, "{:?}, not {:?}", self.0.keys(), expected.keys());
    }
}

#[test]
fn only_written_pages_are_reported() {
    let memory = GuestMemory::new().expect("memory");
    memory.guest_base();
    let at = memory.alloc(Heap::Virtual4K, 0x10_0000, 0x1000, Protect::READ_WRITE).expect("room");
    memory.write(at, 1_u32).expect("committed");
    let mut log = WriteLog::new(memory.clone());
    let mut logged = LoggedContents::default();
    logged.follow(&mut log);
    logged.check(&memory);
    memory.write(at.offset(0x5000), 2_u32).expect("committed");
    let count = logged.follow(&mut log);
    assert!(log.tracker.is_none() || count == 1, "{count} pages");
    logged.check(&memory);
    memory.write(at.offset(0x5000), 0_u32).expect("committed");
    logged.follow(&mut log);
    logged.check(&memory);
    memory.decommit(at, 0x1000).expect("committed");
    logged.follow(&mut log);
    logged.check(&memory);
    assert!(logged.0.is_empty());
}

#[test]
fn a_restored_page_that_is_lost_is_reported() {
    let memory = GuestMemory::new().expect("memory");
    let at = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).expect("room");
    let page = backing_page(at.0).expect("a page");
    let mut log = WriteLog::new(memory.clone());
    let mut logged = LoggedContents::default();
    memory.write(at, 1_u32).expect("committed");
    logged.follow(&mut log);
    let content = logged.0[&page].clone();
    let commit = || memory.alloc_fixed(at, 0x1000, AllocKind::Commit, Protect::READ_WRITE);
    for notes_all in [false, true] {
        memory.decommit(at, 0x1000).expect("committed");
        logged.follow(&mut log);
        assert!(logged.0.is_empty());
        commit().expect("reserved");
        memory.put_page(page, &content).expect("committed");
        if notes_all {
            log.note_restore();
        } else {
            log.note_content(page, &content);
        }
        logged.0.insert(page, content.clone());
        memory.decommit(at, 0x1000).expect("committed");
        logged.follow(&mut log);
        logged.check(&memory);
        commit().expect("reserved");
        memory.write(at, 1_u32).expect("committed");
        logged.follow(&mut log);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn a_log_has_all_changes(
        steps in proptest::collection::vec((0..0x300_u32, 1..0x300_u32, any::<u32>(), 0..8_u8), 1..40),
    ) {
        let memory = GuestMemory::new().expect("memory");
        let base = GuestAddr(0x4000_0000);
        memory.alloc_fixed(base, 0x40_0000, AllocKind::Reserve, Protect::READ_WRITE).expect("free");
        let mut log = WriteLog::new(memory.clone());
        let mut logged = LoggedContents::default();
        for (page, count, word, step) in steps {
            let at = base.offset(page << 12);
            let size = count << 12;
            match step {
                0 | 1 => {
                    let kind = AllocKind::Commit;
                    drop(memory.alloc_fixed(at, size, kind, Protect::READ_WRITE));
                }
                2..=4 => drop(memory.write(at.offset(word & 0xFFC), word)),
                5 => drop(memory.decommit(at, size)),
                6 => drop(memory.read::<u32>(at)),
                _ => {
                    logged.follow(&mut log);
                    logged.check(&memory);
                }
            }
        }
        logged.follow(&mut log);
        logged.check(&memory);
    }
}
