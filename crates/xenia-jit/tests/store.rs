//! Persistent code cache: the next start of a title compiles nothing and behaves the same,
//! regardless of damage to the file.

use crate::common::*;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use xenia_cpu::{EngineCounters, Execute, Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::Op;
use xenia_jit::{CodeStore, Jit, JitConfig, JitTesting, Keeper, StoreOptions, StoreTally, Tiers};
use xenia_memory::DeviceQueue;

/// A file in memory.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Option<Vec<u8>>>>);

impl Shelf {
    fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Some(bytes))))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }
}

impl Keeper for Shelf {
    fn read(&self) -> std::io::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.to_vec());
        Ok(())
    }

    fn name(&self) -> String {
        "shelf".to_owned()
    }
}

/// Held by each test that starts a machine. Compiled code contains the address of guest memory,
/// which is low for only one machine of a process at a time ([`GuestMemory::guest_base`]); a store
/// made by a machine with memory elsewhere is rejected.
///
/// [`GuestMemory::guest_base`]: xenia_memory::GuestMemory::guest_base
fn only_machine() -> MutexGuard<'static, ()> {
    static ONLY: Mutex<()> = Mutex::new(());
    ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn options(shelf: &Shelf, build: &str, title: &str) -> StoreOptions {
    StoreOptions { build: build.to_owned(), title: title.to_owned(), keeper: Box::new(shelf.clone()) }
}

/// r4 = sum of f(n) for n in r3..0, f(n) = 3 n + the word at DATA, stored there: a loop with a
/// call, a load and a store.
fn words(factor: i32) -> Vec<u32> {
    let mut words = words_with_leaf(factor);
    // A branch to the next word prevents inlining, so the function is called.
    words.insert(words.len() - 1, d(Op::bcx, 12, 2, 4));
    words
}

/// The same with f as a leaf function, which is inlined in the loop.
fn words_with_leaf(factor: i32) -> Vec<u32> {
    vec![
        MFLR0,
        d(Op::addi, 4, 0, 0),
        b(CODE + 8, CODE + 0x40, true),
        x(Op::addx, 4, 4, 5, 0),
        d(Op::addi, 3, 3, -1),
        d(Op::cmpi, 0, 3, 0),
        0x4082_FFF0, // bne -16
        MTLR0,
        SC,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        d(Op::mulli, 5, 3, factor),
        d(Op::addis, 6, 0, (DATA >> 16) as i32),
        d(Op::lwz, 7, 6, 8),
        x(Op::addx, 5, 5, 7, 0),
        d(Op::stw, 5, 6, 8),
        BLR,
    ]
}

/// Result of one start of the title.
#[derive(Debug, PartialEq)]
struct Outcome {
    gpr: [u64; 32],
    data: Vec<u8>,
    left: i64,
}

struct Started {
    outcome: Outcome,
    counters: EngineCounters,
    tally: StoreTally,
    store: Option<Arc<CodeStore>>,
}

/// Starts the title with the code that earlier starts of this build stored.
fn start(options: impl Into<Option<StoreOptions>>, config: JitConfig, words: &[u32], times: u32) -> Started {
    let memory = memory();
    let mut jit = Jit::with_store(Arc::clone(&memory), config, options.into()).unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut devices = DeviceQueue::new();
    let mut ctx = PpcContext::default();
    for _ in 0..times {
        // Each write makes a new version of the page, once it is watched.
        memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
        ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.gpr[3] = 500;
        ctx.begin_visit(1 << 20, 0, u32::MAX);
        assert_eq!(jit.run(&mut ctx, &mut devices), Exit::Syscall { lev: 2 });
    }
    let mut data = vec![0; 64];
    memory.read_bytes(GuestAddr(DATA), &mut data).unwrap();
    let store = jit.store();
    if let Some(store) = &store {
        store.save();
    }
    let tally = store.as_ref().map(|store| store.tally()).unwrap_or_default();
    let outcome = Outcome { gpr: ctx.gpr, data, left: ctx.budget };
    Started { outcome, counters: jit.counters(), tally, store }
}

fn config() -> JitConfig {
    config_with(4)
}

/// With enough time to compile all that a start needs, however busy the host is.
fn config_with(warm_up: u32) -> JitConfig {
    JitConfig { warm_up, compile_budget: Duration::MAX, ..JitConfig::default() }
}

/// A file with the code that one start compiled.
fn kept() -> (Shelf, Outcome) {
    let shelf = Shelf::default();
    let first = start(options(&shelf, "build", "title"), config(), &words(3), 1);
    assert!(first.counters.functions > 0 && first.counters.cache_hits == 0);
    assert_eq!((first.tally.saved > 0, first.tally.rejected), (true, 0));
    (shelf, first.outcome)
}

#[test]
fn the_second_start_compiles_nothing_and_ends_the_same() {
    let _only = only_machine();
    let (shelf, first) = kept();
    let without = start(None, config(), &words(3), 1);
    assert_eq!(first, without.outcome);
    // Also with pages that were written before, and other slots.
    for (times, warm_up) in [(1, 4), (3, 4), (1, 2500), (1, 0)] {
        let config = config_with(warm_up);
        let without = start(None, config, &words(3), times);
        let second = start(options(&shelf, "build", "title"), config, &words(3), times);
        assert_eq!(second.outcome, without.outcome);
        assert_eq!((second.counters.functions, second.tally.rejected), (0, 0), "{:?}", second.tally);
        assert!(second.counters.cache_hits >= 2 * u64::from(times), "{:?}", second.tally);
        assert!(second.counters.interpreted_instructions < without.counters.interpreted_instructions + 50);
        assert_eq!(second.tally.saved, 0, "nothing is new");
    }
    let background = JitConfig { warm_up: 4, background: true, ..JitConfig::default() };
    let second = start(options(&shelf, "build", "title"), background, &words(3), 1);
    assert_eq!((second.outcome, second.counters.functions), (first, 0));
}

#[test]
fn code_that_was_withdrawn_comes_back_without_being_compiled() {
    let _only = only_machine();
    let shelf = Shelf::default();
    let without = start(None, config(), &words(3), 5);
    let with = start(options(&shelf, "build", "title"), config(), &words(3), 5);
    assert_eq!(with.outcome, without.outcome);
    assert!(with.counters.invalidations >= 4 && with.counters.cache_hits >= 4, "{:?}", with.tally);
    assert!(with.counters.functions < without.counters.functions);
    // Pages that change often are still not compiled.
    let with = start(options(&shelf, "build", "title"), config(), &words(3), 40);
    assert!(with.counters.cache_hits < 40, "{:?}", with.tally);
}

#[test]
fn store_of_other_build_title_or_config_is_rejected() {
    let _only = only_machine();
    let (shelf, first) = kept();
    let bytes = shelf.bytes();
    let testing = JitTesting { portable_code: true, ..JitTesting::default() };
    let host = JitConfig { testing, ..config() };
    for (build, title, config) in
        [("b", "title", config()), ("build", "t", config()), ("build", "title", host)]
    {
        let shelf = Shelf::of(bytes.clone());
        let started = start(options(&shelf, build, title), config, &words(3), 1);
        assert_eq!(started.outcome, first);
        assert_eq!((started.tally.rejected, started.tally.restored, started.tally.found), (1, 0, 0));
        assert!(started.tally.saved > 0 && shelf.bytes() != bytes, "its own takes the place");
    }
}

#[test]
fn code_that_has_changed_is_compiled() {
    let _only = only_machine();
    let (shelf, first) = kept();
    let without = start(None, config(), &words(5), 1);
    let changed = start(options(&shelf, "build", "title"), config(), &words(5), 1);
    assert_ne!(without.outcome, first);
    assert_eq!(changed.outcome, without.outcome);
    assert!(changed.counters.functions > 0);
    // The file now has both versions.
    for factor in [3, 5] {
        let started = start(options(&shelf, "build", "title"), config(), &words(factor), 1);
        assert_eq!((started.counters.functions, started.tally.rejected), (0, 0), "{factor}");
    }
}

#[test]
fn code_with_a_leaf_that_has_changed_is_compiled() {
    let _only = only_machine();
    let shelf = Shelf::default();
    let begin = |factor| start(options(&shelf, "build", "title"), config(), &words_with_leaf(factor), 1);
    let first = begin(3);
    assert!(first.counters.functions > 0);
    let without = start(None, config(), &words_with_leaf(5), 1);
    assert_ne!(without.outcome, first.outcome);
    let changed = begin(5);
    assert_eq!(changed.outcome, without.outcome);
    assert!(changed.counters.functions > 0);
    for (factor, outcome) in [(3, first.outcome), (5, without.outcome)] {
        let started = begin(factor);
        let Started { counters, tally, .. } = started;
        assert_eq!((counters.functions, tally.rejected), (0, 0), "{tally:?} {counters:?}");
        assert_eq!(started.outcome, outcome);
        assert!(tally.restored > 0, "{tally:?}");
    }
}

#[test]
fn corrupt_or_truncated_store_is_detected() {
    let _only = only_machine();
    let (shelf, first) = kept();
    let bytes = shelf.bytes();
    let step = (bytes.len() / 700).max(1);
    for at in (0..bytes.len()).step_by(step) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        let started = start(options(&Shelf::of(flipped), "build", "title"), config(), &words(3), 1);
        assert_eq!(started.outcome, first, "byte {at}");
        assert_ne!((started.tally.rejected, started.counters.functions), (0, 0), "byte {at} was not noticed");
    }
    for length in (0..bytes.len()).step_by(step * 7) {
        let shelf = Shelf::of(bytes[..length].to_vec());
        let started = start(options(&shelf, "build", "title"), config(), &words(3), 1);
        assert_eq!((started.outcome, started.tally.rejected), (first_of(&first), 1), "{length} bytes");
    }
}

fn first_of(outcome: &Outcome) -> Outcome {
    Outcome { gpr: outcome.gpr, data: outcome.data.clone(), left: outcome.left }
}

#[test]
fn programs_that_share_a_file_keep_what_both_have_compiled() {
    let _only = only_machine();
    let shelf = Shelf::default();
    let one = start(options(&shelf, "build", "title"), config(), &words(3), 1);
    // Has read the file before the first process wrote it.
    let blind = Shelf::default();
    let other = start(options(&blind, "build", "title"), config(), &words(7), 1);
    let written = shelf.bytes();
    let written_blindly = blind.bytes();
    assert_ne!(written, written_blindly);
    let late = Shelf::default();
    let third = {
        let memory = memory();
        let mut jit =
            Jit::with_store(Arc::clone(&memory), config(), Some(options(&late, "build", "title"))).unwrap();
        // Another process writes the file while this one runs.
        late.write(&written).unwrap();
        let bytes: Vec<u8> = words(7).iter().flat_map(|word| word.to_be_bytes()).collect();
        memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.gpr[3] = 500;
        ctx.begin_visit(1 << 20, 0, u32::MAX);
        assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
        jit.store().unwrap().save();
        late
    };
    for (factor, outcome) in [(3, one.outcome), (7, other.outcome)] {
        let started = start(options(&third, "build", "title"), config(), &words(factor), 1);
        assert_eq!((started.outcome, started.counters.functions), (outcome, 0), "{factor}");
    }
}

/// A keeper whose first writes fail, as on a disk that is full for a while.
#[derive(Clone, Default)]
struct Full {
    shelf: Shelf,
    failures: Arc<AtomicU32>,
}

impl Keeper for Full {
    fn read(&self) -> std::io::Result<Option<Vec<u8>>> {
        self.shelf.read()
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let fails = self.failures.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
        if fails { Err(std::io::ErrorKind::StorageFull.into()) } else { self.shelf.write(bytes) }
    }

    fn name(&self) -> String {
        self.shelf.name()
    }
}

#[test]
fn a_save_that_failed_is_made_good_by_the_next_one() {
    let _only = only_machine();
    let keeper = Full::default();
    keeper.failures.store(1, Relaxed);
    let store = StoreOptions { keeper: Box::new(keeper.clone()), ..options(&Shelf::default(), "b", "t") };
    let memory = memory();
    let mut jit = Jit::with_store(Arc::clone(&memory), config(), Some(store)).unwrap();
    let words: Vec<u8> = words(3).iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(CODE), &words).unwrap();
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.gpr[3] = 500;
    ctx.begin_visit(1 << 20, 0, u32::MAX);
    assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
    let store = jit.store().unwrap();
    store.save();
    assert!(keeper.shelf.bytes().is_empty());
    store.save();
    assert!(!keeper.shelf.bytes().is_empty());
}

#[test]
fn constantly_new_code_does_not_fill_the_store() {
    let _only = only_machine();
    let shelf = Shelf::default();
    let mut sizes = Vec::new();
    for factor in 1..60 {
        let started = start(options(&shelf, "build", "title"), config(), &words(factor), 1);
        assert!(started.store.is_some());
        sizes.push(shelf.bytes().len());
    }
    assert!(sizes[58] <= sizes[8] + 64, "{sizes:?}");
}

#[test]
fn precompiled_code_is_not_compiled_at_run_time() {
    let _only = only_machine();
    // A loop with a call, and a switch of two cases that only its indirect branch reaches.
    let mut code = words(3);
    let switch = code.len() as u32;
    code[2] = b(CODE + 8, CODE + 4 * switch, true);
    code.extend([
        d(Op::addis, 8, 0, (CODE >> 16) as i32),
        d(Op::addi, 8, 8, 4 * (switch as i32 + 5)),
        x(Op::rlwinmx, 3, 9, 0, 0x1F << 6 | 0x1F << 1), // r9 = r3 & 1
        x(Op::rlwinmx, 9, 9, 3, 28 << 6 | 28 << 1),     // r9 = 8 r9
        0x4800_0004,                                    // b +4
    ]);
    assert_eq!(code.len() as u32, switch + 5);
    code.extend([
        x(Op::addx, 8, 8, 9, 0),
        d(Op::addi, 8, 8, 16),
        x(Op::mtspr, 8, 9, 0, 0),
        BCTR,
        d(Op::addi, 5, 0, 7),
        BLR,
        d(Op::addi, 5, 0, 9),
        BLR,
    ]);
    let shelf = Shelf::default();
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_be_bytes()).collect();
    for (threads, known) in [(3, 0), (1, 2)] {
        let memory = memory();
        memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
        let store = options(&shelf, "build", "title");
        let jit = Jit::with_store(Arc::clone(&memory), config(), Some(store)).unwrap();
        jit.add_function(GuestAddr(CODE + 4 * switch), Some(GuestAddr(CODE + 4 * code.len() as u32)));
        let done = jit.precompile(&[GuestAddr(CODE), GuestAddr(0x8300_0000)], threads, &|_| true);
        jit.store().unwrap().save();
        assert_eq!((done.functions, done.done, done.known, done.failed), (3, 3, known, 0), "{done:?}");
        assert_eq!(done.regions, 2 - known, "{done:?}");
        let stopped = jit.precompile(&[GuestAddr(CODE)], 1, &|_| false);
        assert_eq!((stopped.done, stopped.known), (1, 1), "{stopped:?}");
    }
    let config = config_with(0);
    let without = start(None, config, &code, 1);
    let with = start(options(&shelf, "build", "title"), config, &code, 1);
    assert_eq!(with.outcome, without.outcome);
    assert_eq!(with.outcome.gpr[4], 250 * 16);
    assert_eq!((with.counters.functions, with.tally.rejected), (0, 0), "{:?}", with.tally);
}

#[test]
fn idle_processors_precompile_worthwhile_functions() {
    let _only = only_machine();
    // A function that calls two others: a loop, and one without a loop.
    let mut code = vec![b(CODE, CODE + 0x40, true), b(CODE + 4, CODE + 0x80, true), SC];
    code.resize(0x10, 0);
    code.extend([d(Op::addi, 4, 4, 3), d(Op::bcx, 16, 0, -4), BLR]);
    code.resize(0x20, 0);
    code.extend([d(Op::addi, 5, 0, 7), BLR]);
    let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_be_bytes()).collect();
    let (memory, shelf) = (memory(), Shelf::default());
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let both = JitConfig { tiers: Tiers::Both, ahead: true, ..JitConfig::in_background() };
    let store = options(&shelf, "build", "title");
    let jit = Jit::with_store(Arc::clone(&memory), both, Some(store)).unwrap();
    jit.ahead().name_functions(&[GuestAddr(CODE)]);
    let began = Instant::now();
    while jit.counters().compiled_ahead == 0 {
        assert!(began.elapsed() < Duration::from_mins(2), "nothing is compiled ahead");
        thread::sleep(Duration::from_millis(1));
    }
    let counters = jit.counters();
    assert_eq!((counters.compiled_ahead, counters.functions), (3, 0));
    assert!(counters.ahead_ns > 0);
    let done = jit.precompile(&[GuestAddr(CODE)], 1, &|_| true);
    assert_eq!((done.functions, done.left, done.known, done.regions), (3, 2, 1, 0), "{done:?}");
}

#[test]
fn a_machine_that_has_ended_holds_no_memory() {
    let _only = only_machine();
    let (memory, shelf) = (memory(), Shelf::default());
    let held = Arc::downgrade(&memory);
    let both = JitConfig { tiers: Tiers::Both, ahead: true, ..JitConfig::in_background() };
    drop(Jit::with_store(memory, both, Some(options(&shelf, "build", "title"))).unwrap());
    assert_eq!(held.strong_count(), 0);
}

#[test]
fn in_lockstep_nothing_is_compiled_ahead() {
    let _only = only_machine();
    let memory = memory();
    let bytes: Vec<u8> = words(3).iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
    let both = JitConfig { tiers: Tiers::Both, ..JitConfig::in_background() };
    let store = options(&Shelf::default(), "build", "title");
    let jit = Jit::with_store(Arc::clone(&memory), both, Some(store)).unwrap();
    jit.ahead().name_functions(&[GuestAddr(CODE)]);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(jit.counters().compiled_ahead, 0);
}
