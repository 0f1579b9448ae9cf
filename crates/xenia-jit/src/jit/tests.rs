//! Tests of several concurrent engines, and of the engine's own state.

use super::*;
use crate::code::cache::MAX_CODE_CHANGES;
use crate::plan::CodeRequest;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;
use xenia_isa::word::{BCTR, BCTRL, BLR, NOP};
use xenia_memory::{AllocKind, Protect};

const CODE: u32 = 0x8200_0000;
const SIZE: u32 = 0x1_0000;

/// A machine that compiles at once and has `words` at [`CODE`].
fn machine(words: &[u32]) -> Jit {
    let memory = GuestMemory::new().unwrap();
    memory.alloc_fixed(GuestAddr(CODE), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    let jit = Jit::new(memory, JitConfig::compile_everything()).unwrap();
    put(&jit, words);
    jit
}

fn put(jit: &Jit, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    jit.shared.memory.write_bytes(GuestAddr(CODE), &bytes).unwrap();
}

#[test]
fn the_longest_wait_is_neither_the_last_nor_the_sum() {
    let waited = |times: &[u64]| {
        let mut counts = CompileCounts::default();
        for time in times {
            counts.add_wait(Duration::from_millis(*time));
        }
        counts
    };
    let mut counts = waited(&[20, 50, 30]);
    assert_eq!([counts.waited, counts.longest_wait].map(|time| time.as_millis()), [100, 50]);
    counts += waited(&[40]);
    assert_eq!([counts.waited, counts.longest_wait].map(|time| time.as_millis()), [140, 50]);
}

/// A loop: r3 += 1; sc 2.
const CALLS: [u32; 3] = [0x3863_0001, 0x4400_0042, 0x4BFF_FFF8];

#[test]
fn kernel_calls_take_no_lock() {
    let mut jit = machine(&CALLS);
    let mut calls = |count: u64| {
        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.begin_visit(1 << 20, 0, u32::MAX);
        for _ in 0..count {
            assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
        }
        ctx.gpr[3]
    };
    calls(10);
    let shared = Arc::clone(&jit.shared);
    let mode = Mode::default();
    let cache = shared.code(mode).unwrap().cache.lock();
    let (done, wait) = mpsc::channel();
    // The thread is not scoped, so that the test ends even if it hangs.
    thread::spawn(move || done.send(calls_of(&mut jit)));
    let counted = wait.recv_timeout(Duration::from_mins(1));
    drop(cache);
    assert_eq!(counted, Ok(1000));
}

/// Makes a thousand kernel calls from compiled code, and returns the count.
fn calls_of(jit: &mut Jit) -> u64 {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.begin_visit(1 << 20, 0, u32::MAX);
    let mut devices = DeviceQueue::new();
    for _ in 0..1000 {
        assert_eq!(jit.run(&mut ctx, &mut devices), Exit::Syscall { lev: 2 });
    }
    ctx.gpr[3]
}

/// `sum(r3)` = r3 + sum(r3 - 1) down to 0, then `sc 2`: calls, returns and branches of several
/// regions.
const SUM: [u32; 14] = [
    0x4800_0009, // bl +8
    0x4400_0042, // sc 2
    0x2C03_0000, // cmpwi r3,0
    0x4D82_0020, // beqlr
    0x7C08_02A6, // mflr r0
    0x9421_FFE0, // stwu r1,-32(r1)
    0x9001_0024, // stw r0,36(r1)
    0x9061_0008, // stw r3,8(r1)
    0x3863_FFFF, // addi r3,r3,-1
    0x4BFF_FFE5, // bl -28
    0x8001_0008, // lwz r0,8(r1)
    0x7C63_0214, // add r3,r3,r0
    0x8001_0024, // lwz r0,36(r1)
    0x4800_0004, // b +4
];
const SUM_END: [u32; 3] = [
    0x3821_0020, // addi r1,r1,32
    0x7C08_03A6, // mtlr r0
    BLR,
];

#[test]
fn engines_run_on_while_all_code_is_withdrawn_and_its_memory_used_again() {
    /// Runs for which the test waits on a slow host.
    const RUNS: u64 = 100;
    let words = [&SUM[..], &SUM_END].concat();
    let jit = machine(&words);
    let stop = AtomicBool::new(false);
    let runs = AtomicU64::new(0);
    let shared = Arc::clone(&jit.shared);
    thread::scope(|scope| {
        let engines: Vec<_> = (1..=3_u32)
            .map(|number| {
                let mut engine = jit.fork();
                let stop = &stop;
                let runs = &runs;
                scope.spawn(move || {
                    let mut devices = DeviceQueue::new();
                    while !stop.load(Relaxed) {
                        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
                        ctx.gpr[1] = u64::from(CODE + SIZE / 4 * (number + 1) - 64);
                        ctx.gpr[3] = 100;
                        loop {
                            ctx.begin_visit(331, 0, u32::MAX);
                            match engine.run(&mut ctx, &mut devices) {
                                Exit::Budget => {}
                                exit => break assert_eq!(exit, Exit::Syscall { lev: 2 }),
                            }
                        }
                        assert_eq!(ctx.gpr[3], 5050);
                        runs.fetch_add(1, Relaxed);
                    }
                })
            })
            .collect();
        let code = shared.code(Mode::default()).unwrap();
        let time = Duration::from_millis(if xenia_testing::is_long() { 1500 } else { 600 });
        let start = Instant::now();
        let mut turn = 0_u32;
        let has_few = || runs.load(Relaxed) <= RUNS && start.elapsed() < Duration::from_mins(2);
        let is_over = || engines.iter().any(thread::ScopedJoinHandle::is_finished);
        while (start.elapsed() < time || has_few()) && !is_over() {
            turn += 1;
            if turn.is_multiple_of(3) {
                // Writing the same words again changes the page's version.
                put(&jit, &words);
            } else {
                code.cache.lock().flush();
            }
            thread::sleep(Duration::from_micros(300));
        }
        stop.store(true, Relaxed);
        for engine in engines {
            engine.join().unwrap();
        }
    });
    assert!(runs.load(Relaxed) > RUNS, "{runs:?}");
}

#[test]
fn changes_of_code_age_by_executed_instructions_without_the_baseline_tier() {
    let mut jit = machine(&CALLS);
    let shared = Arc::clone(&jit.shared);
    let code = shared.code(Mode::default()).unwrap();
    code.cache.lock().set_compile_volatile(false);
    let page = GuestMemory::page_index(GuestAddr(CODE)).unwrap();
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.begin_visit(1 << 20, 0, u32::MAX);
    let mut run = |jit: &mut Jit| {
        assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
    };
    for _ in 0..=MAX_CODE_CHANGES {
        run(&mut jit);
        put(&jit, &CALLS);
    }
    assert!(code.cache.lock().is_volatile(page));
    let instructions = MAX_AGE - jit.engine.age;
    assert!(jit.engine.age > 0);
    jit.engine.age_changes(&shared, instructions - 1);
    assert!(code.cache.lock().is_volatile(page));
    run(&mut jit);
    assert!(!code.cache.lock().is_volatile(page));
}

/// A library's functions were called, and none became hot.
#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the host has no baseline tier")]
fn a_library_that_is_unloaded_leaves_no_starts_of_functions() {
    /// A call of the kernel, `sc 2`.
    const KERNEL: u32 = 0x4400_0042;
    const OTHER: u32 = CODE + 0x100_0000;
    const CALLED: u32 = CODE + 12;
    let memory = GuestMemory::new().unwrap();
    for at in [CODE, OTHER] {
        memory.alloc_fixed(GuestAddr(at), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    }
    let config = JitConfig { tiers: Tiers::Both, ..JitConfig::default() };
    let mut jit = Jit::new(Arc::clone(&memory), config).unwrap();
    // bl +12
    put(&jit, &[0x4800_000D, KERNEL, BLR, BLR]);
    memory.write_bytes(GuestAddr(OTHER), &KERNEL.to_be_bytes()).unwrap();
    let shared = Arc::clone(&jit.shared);
    let mut start_after_run = |pc: u32| {
        let mut ctx = PpcContext { pc, ..PpcContext::default() };
        ctx.begin_visit(1000, 0, u32::MAX);
        assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 2 });
        let cache = shared.code(Mode::default()).unwrap().cache.lock();
        cache.place(CALLED + 4).function.start
    };
    assert_eq!(start_after_run(CODE), CALLED);
    memory.free(GuestAddr(CODE)).unwrap();
    // Where no function is known, one begins at the address.
    assert_eq!(start_after_run(OTHER), CALLED + 4);
}

/// [`CODE`]: a loop that calls a function of 1003 instructions, and [`KERNEL_CALL`].
const WORK_AND_CALL: [u32; 13] = [
    0x4800_000D, // bl +12
    0x4800_0029, // bl +40
    0x4BFF_FFF8, // b -8
    0x3880_00C8, // li r4,200
    0x7C89_03A6, // mtctr r4
    0x3863_0001, // addi r3,r3,1
    0x3863_0001,
    0x3863_0001,
    0x3863_0001,
    0x4200_FFF0, // bdnz -16
    BLR,
    0x4400_0042, // sc 2
    BLR,
];
const KERNEL_CALL: u32 = CODE + 4 * 11;

/// All visits end in the optimizing tier, after less than a slice of baseline code.
#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the host has no baseline tier")]
fn baseline_code_becomes_hot_between_kernel_calls_of_optimized_code() {
    let memory = GuestMemory::new().unwrap();
    memory.alloc_fixed(GuestAddr(CODE), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    let config = JitConfig { tiers: Tiers::Both, ..JitConfig::default() };
    let mut jit = Jit::new(memory, config).unwrap();
    put(&jit, &WORK_AND_CALL);
    jit.add_function(GuestAddr(KERNEL_CALL), Some(GuestAddr(KERNEL_CALL + 8)));
    let shared = Arc::clone(&jit.shared);
    let code = shared.code(Mode::default()).unwrap();
    let wanted = CodeRequest { pc: KERNEL_CALL, as_entry: true };
    assert!(jit.engine.compile(&shared, code, wanted, None));
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    let mut devices = DeviceQueue::new();
    for _ in 0..2000 {
        ctx.begin_visit(50_000, 0, u32::MAX);
        assert_eq!(jit.run(&mut ctx, &mut devices), Exit::Syscall { lev: 2 });
    }
    assert_eq!(ctx.gpr[3], 2000 * 800);
    assert!(jit.engine.compiled.functions >= 2);
}

/// Address of two neighbouring words that have entries.
const NEIGHBOURS: u32 = CODE + 0x40;

/// A loop that goes to r9 + 4 and r9 in turn, by calls or jumps. If r9 is [`NEIGHBOURS`], r3 counts
/// the visits of the latter, and r4 those of both.
fn alternating(calls: bool) -> Vec<u32> {
    let mut words = vec![
        0x694A_0004, // xori r10,r10,4
        0x7D89_5214, // add r12,r9,r10
        0x7D89_03A6, // mtctr r12
    ];
    words.extend(if calls { [BCTRL, 0x4BFF_FFF0] } else { [BCTR, NOP] }); // b -16
    words.resize(((NEIGHBOURS - CODE) / 4) as usize, 0);
    words.extend([
        0x3863_0001, // addi r3,r3,1
        0x3884_0001, // addi r4,r4,1
    ]);
    words.extend(if calls { [BLR; 2] } else { [0x4BFF_FFB8, 0x4BFF_FFB4] }); // b -72, b -76
    words
}

/// Runs a thousand rounds of `length` instructions from [`CODE`] with this r9, and returns r3 and
/// r4.
fn rounds_of(jit: &mut Jit, length: i64, r9: u32) -> [u64; 2] {
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    ctx.gpr[9] = u64::from(r9);
    ctx.begin_visit(1000 * length, 0, u32::MAX);
    assert_eq!(jit.run(&mut ctx, &mut DeviceQueue::new()), Exit::Budget);
    [ctx.gpr[3], ctx.gpr[4]]
}

/// A request for code would take the lock of the baseline tier's cache.
#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the host has no baseline tier")]
fn entries_of_neighbouring_words_are_found_without_a_lock() {
    for (calls, length) in [(false, 13), (true, 15)] {
        let memory = GuestMemory::new().unwrap();
        memory.alloc_fixed(GuestAddr(CODE), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        let config = JitConfig { tiers: Tiers::Baseline, ..JitConfig::default() };
        let mut jit = Jit::new(memory, config).unwrap();
        put(&jit, &alternating(calls));
        assert_eq!(rounds_of(&mut jit, length, NEIGHBOURS), [1000, 2000]);
        // The call table, too, has one word for all of these functions, which the last one gets.
        assert_eq!(rounds_of(&mut jit, length, NEIGHBOURS + 8), [0, 0]);
        assert_eq!(rounds_of(&mut jit, length, NEIGHBOURS), [1000, 2000]);
        let shared = Arc::clone(&jit.shared);
        let cache = shared.baseline.as_ref().unwrap().cache.lock();
        let (done, wait) = mpsc::channel();
        // The thread is not scoped, so that the test ends even if it hangs.
        thread::spawn(move || done.send(rounds_of(&mut jit, length, NEIGHBOURS)));
        let counted = wait.recv_timeout(Duration::from_mins(1));
        drop(cache);
        assert_eq!(counted, Ok([1000, 2000]), "calls: {calls}");
    }
}
