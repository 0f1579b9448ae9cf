//! Models of page versions: code is compiled from a page while another thread writes to it.

use super::Model;
use xenia_testing::weak_memory::{
    Barrier, Explored, Judgement, LocalRegister, MemoryLocation, Processor, StepCondition, StepValue,
    ThreadSteps, explore, threads,
};

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "page version: the page gets watched",
        processor: Processor::Aarch64,
        threads: 3,
        run: newly_watched,
        faults: &[NO_BARRIER, NOT_COMPARED, EARLY_FLAGS],
        is_long: false,
    },
    Model {
        name: "page version: the page gets watched",
        processor: Processor::X86_64,
        threads: 3,
        run: newly_watched,
        faults: &[NO_BARRIER, NOT_COMPARED, EARLY_FLAGS],
        is_long: false,
    },
    Model {
        name: "page version: the kernel stores to a watched page",
        processor: Processor::Aarch64,
        threads: 3,
        run: kernel_stores,
        faults: &[NOT_COMPARED],
        is_long: false,
    },
    Model {
        name: "page version: the kernel stores to a watched page",
        processor: Processor::X86_64,
        threads: 3,
        run: kernel_stores,
        faults: &[NOT_COMPARED],
        is_long: false,
    },
    Model {
        name: "page version: an engine stores to a watched page",
        processor: Processor::Aarch64,
        threads: 3,
        run: engine_stores,
        faults: &[LATE_VERSION, NOT_COMPARED],
        is_long: true,
    },
    Model {
        name: "page version: an engine stores to a watched page",
        processor: Processor::X86_64,
        threads: 3,
        run: engine_stores,
        faults: &[LATE_VERSION, NOT_COMPARED],
        is_long: false,
    },
    Model {
        name: "page version: compiled code stores, the page gets watched",
        processor: Processor::Aarch64,
        threads: 3,
        run: compiled_store,
        faults: &[NO_CHANGE],
        is_long: false,
    },
    Model {
        name: "page version: compiled code stores to a watched page",
        processor: Processor::Aarch64,
        threads: 3,
        run: compiled_store_to_watched,
        faults: &[NO_CHANGE, LATE_VERSION],
        is_long: false,
    },
    Model {
        name: "page version: compiled code stores, the page gets watched",
        processor: Processor::X86_64,
        threads: 3,
        run: compiled_store,
        faults: &[NO_CHANGE],
        is_long: false,
    },
    Model {
        name: "page version: compiled code stores to a watched page",
        processor: Processor::X86_64,
        threads: 3,
        run: compiled_store_to_watched,
        faults: &[NO_CHANGE, LATE_VERSION],
        is_long: false,
    },
    Model {
        name: "page version: two visits of published code",
        processor: Processor::Aarch64,
        threads: 2,
        run: visits,
        faults: &[EPOCH_FIRST, LATE_EPOCH],
        is_long: false,
    },
    Model {
        name: "page version: two visits of published code",
        processor: Processor::X86_64,
        threads: 2,
        run: visits,
        faults: &[EPOCH_FIRST, LATE_EPOCH],
        is_long: false,
    },
    Model {
        name: "page version: the page is mapped anew",
        processor: Processor::Aarch64,
        threads: 2,
        run: remapped,
        faults: &[NO_FENCE, LATE_EPOCH],
        is_long: false,
    },
];

const NO_CHANGE: &str = "the version does not change";
const NO_BARRIER: &str = "no barrier on all threads";
const LATE_VERSION: &str = "version read after the watch";
const NOT_COMPARED: &str = "versions not compared at publication";
const EARLY_FLAGS: &str = "flags read before the bytes are stored";
const EPOCH_FIRST: &str = "the epoch changes before the version";
const LATE_EPOCH: &str = "the epoch read after the versions";
const NO_FENCE: &str = "no fence before the epoch's second part";

/// A word of code on the page: 0, then 1.
const BYTES: MemoryLocation = MemoryLocation(0);
/// The page's flag WATCHED, its watch state and its version.
const FLAG: MemoryLocation = MemoryLocation(1);
const STATE: MemoryLocation = MemoryLocation(2);
const VERSION: MemoryLocation = MemoryLocation(3);
/// The two parts of the memory's epoch: versions that changed one by one, and changes of mappings.
/// The code epoch is one count like the first part; a change of mappings counts there after its
/// fence.
const EPOCH: MemoryLocation = MemoryLocation(4);
const MAPPINGS: MemoryLocation = MemoryLocation(9);
/// The host's rights to the page: 1 if stores fault.
const RIGHTS: MemoryLocation = MemoryLocation(10);
/// The lock of the code cache.
const LOCK: MemoryLocation = MemoryLocation(5);
/// The entry: 0, or 1 more than the word that was compiled.
const ENTRY: MemoryLocation = MemoryLocation(6);
/// The version that the code cache noted for the page.
const NOTED: MemoryLocation = MemoryLocation(7);
/// The flag by which the writer notifies others of its store.
const NOTIFIED: MemoryLocation = MemoryLocation(8);

const IDLE: u8 = 0;
const WATCHED: u8 = 1;
const OWNED: u8 = 2;

/// Steps of `GuestMemory::bump`.
fn bump(thread: &mut ThreadSteps, fault: &str) {
    let places = if fault == EPOCH_FIRST { [EPOCH, VERSION] } else { [VERSION, EPOCH] };
    for place in places {
        thread.add_release(place, 1);
    }
}

/// `GuestMemory::end_watch` on a page that was seen to be watched; returns the watch state found.
fn end_watch(thread: &mut ThreadSteps, fault: &str) -> LocalRegister {
    let state = thread.exchange(STATE, WATCHED, OWNED);
    thread.when(StepCondition::Is(state, WATCHED.into()), |thread| {
        // `GuestMemory::open_block`, `PageTable::change_guest_flags`, `GuestMemory::disown`.
        bump(thread, fault);
        thread.store_release(FLAG, 0);
        thread.fence();
        thread.store_release(STATE, IDLE);
    });
    state
}

/// A store by the kernel (`GuestMemory::write`), or by the interpreter if it saw no watch
/// (`GuestMemory::try_store_u32`).
fn store(thread: &mut ThreadSteps, fault: &str) {
    let early = (fault == EARLY_FLAGS).then(|| thread.load(FLAG));
    // `host::store_u32`.
    thread.fence();
    thread.store(BYTES, 1);
    let flag = early.unwrap_or_else(|| thread.load(FLAG));
    // `GuestMemory::stored_to_watched`.
    thread.when(StepCondition::Is(flag, 1.into()), |thread| {
        let state = end_watch(thread, fault);
        thread.when(StepCondition::IsNot(state, WATCHED.into()), |thread| bump(thread, fault));
    });
}

/// The engine that compiles: `code::pages::watch_pages` and `Shared::install`.
fn compile(thread: &mut ThreadSteps, is_watched: bool, fault: &str) {
    let early = (fault != LATE_VERSION).then(|| thread.load_acquire(VERSION));
    let mut conditions = Vec::new();
    if is_watched {
        // `GuestMemory::is_watched`.
        conditions.push((thread.load_acquire(STATE), WATCHED));
        conditions.push((thread.load(FLAG), 1));
    } else {
        // `GuestMemory::watch_run`.
        let state = thread.exchange(STATE, IDLE, OWNED);
        thread.when(StepCondition::Is(state, IDLE.into()), |thread| {
            thread.store_release(FLAG, 1);
            thread.fence();
            if fault != NO_BARRIER {
                thread.everywhere(Barrier::Memory);
            }
            thread.store_release(STATE, WATCHED);
        });
        conditions.push((state, IDLE));
    }
    let version = early.unwrap_or_else(|| thread.load_acquire(VERSION));
    // `GuestMemory::fetch_u32`: `host::load_u32`.
    let word = thread.load(BYTES);
    thread.fence_loads();
    let publish: &dyn Fn(&mut ThreadSteps) = &|thread| {
        thread.store(NOTED, version);
        // `CodeMemory::write` issues barriers here, which are not needed for this.
        thread.store_release(ENTRY, StepValue::Sum(word, 1));
    };
    let compare: &dyn Fn(&mut ThreadSteps) = &|thread| {
        thread.lock(LOCK);
        let now = thread.load_acquire(VERSION);
        if fault == NOT_COMPARED {
            publish(thread);
        } else {
            thread.when(StepCondition::Is(now, version.into()), publish);
        }
        thread.unlock(LOCK);
    };
    add_under_conditions(thread, &conditions, compare);
}

/// Adds steps under several conditions.
fn add_under_conditions(
    thread: &mut ThreadSteps,
    conditions: &[(LocalRegister, u8)],
    steps: &dyn Fn(&mut ThreadSteps),
) {
    match conditions {
        [] => steps(thread),
        [(register, value), rest @ ..] => {
            thread.when(StepCondition::Is(*register, (*value).into()), |thread| {
                add_under_conditions(thread, rest, steps);
            });
        }
    }
}

/// Steps of `CodeCache::withdraw_changed`.
fn withdraw_changed(engine: &mut ThreadSteps) {
    engine.lock(LOCK);
    let noted = engine.load(NOTED);
    let version = engine.load_acquire(VERSION);
    engine.when(StepCondition::IsNot(version, noted.into()), |engine| engine.store_release(ENTRY, 0));
    engine.unlock(LOCK);
}

/// A store to a page of code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PageStore {
    /// To a page that gets watched.
    NewlyWatched,
    /// The kernel's, to a watched page.
    Kernel,
    /// An engine's, to a watched page.
    Engine,
}

/// Explores a compiling engine and a store against an engine that has seen the announcement of the
/// store and enters the code.
fn run(processor: Processor, page_store: PageStore, fault: &str) -> Explored {
    let is_watched = page_store != PageStore::NewlyWatched;
    let [mut compiler, mut writer, mut engine] = threads(["compile", "store", "Engine::visit"]);
    compile(&mut compiler, is_watched, fault);
    if page_store == PageStore::Engine {
        // The interpreter sees the watch, and ends it (`GuestMemory::storing_to_watched`).
        end_watch(&mut writer, fault);
    }
    store(&mut writer, fault);
    // The announcement to other threads, in any way.
    writer.store_release(NOTIFIED, 1);
    let notified = engine.load_acquire(NOTIFIED);
    // `ModeCode::withdraw_changed`, for a cache that has seen epoch 0.
    let epoch = engine.load_acquire(EPOCH);
    engine.when(StepCondition::IsNot(epoch, 0.into()), withdraw_changed);
    // `dispatch`.
    let entry = engine.load(ENTRY);
    let start = if is_watched { (1, WATCHED) } else { (0, IDLE) };
    let initial = [0, start.0, start.1, 0, 0, 0, 0, 0, 0, 0];
    explore(processor, &initial, &[compiler, writer, engine], |end| match (end.of(notified), end.of(entry)) {
        (1, 1) => Judgement::Forbidden,
        // New code; or old code, run by a thread that has not seen the announcement of a store.
        (1, 2) | (0, 1) => Judgement::Worked,
        _ => Judgement::Other,
    })
}

fn newly_watched(processor: Processor, fault: &str) -> Explored {
    run(processor, PageStore::NewlyWatched, fault)
}

fn kernel_stores(processor: Processor, fault: &str) -> Explored {
    run(processor, PageStore::Kernel, fault)
}

fn engine_stores(processor: Processor, fault: &str) -> Explored {
    run(processor, PageStore::Engine, fault)
}

/// Explores a change against two visits of an engine: after the first, the cache has seen an epoch.
fn visited(
    processor: Processor,
    change: impl FnOnce(&mut ThreadSteps),
    parts: &[MemoryLocation],
    fault: &str,
) -> Explored {
    let [mut writer, mut engine] = threads(["store", "Engine::visit"]);
    change(&mut writer);
    writer.store_release(NOTIFIED, 1);
    // `ModeCode::withdraw_changed`: the epoch, the versions if it has moved, and its old value.
    let first: Vec<LocalRegister> = parts.iter().map(|&part| engine.load_acquire(part)).collect();
    if_any(&mut engine, &first, &vec![0.into(); parts.len()]);
    let seen = match fault {
        LATE_EPOCH => parts.iter().map(|&part| engine.load_acquire(part)).collect(),
        _ => first,
    };
    let notified = engine.load_acquire(NOTIFIED);
    let second: Vec<LocalRegister> = parts.iter().map(|&part| engine.load_acquire(part)).collect();
    let seen: Vec<StepValue> = seen.into_iter().map(StepValue::from).collect();
    if_any(&mut engine, &second, &seen);
    let entry = engine.load(ENTRY);
    let initial = [0, 1, WATCHED, 0, 0, 0, 1, 0, 0, 0];
    explore(processor, &initial, &[writer, engine], |end| match (end.of(notified), end.of(entry)) {
        (1, 1) => Judgement::Forbidden,
        (1, 0) => Judgement::Worked,
        _ => Judgement::Other,
    })
}

/// Withdraws changed code if one part of the epoch differs from the value seen.
fn if_any(engine: &mut ThreadSteps, parts: &[LocalRegister], seen: &[StepValue]) {
    let ([part, parts @ ..], [was, seen @ ..]) = (parts, seen) else { return };
    engine.when(StepCondition::IsNot(*part, *was), withdraw_changed);
    engine.when(StepCondition::Is(*part, *was), |engine| if_any(engine, parts, seen));
}

fn visits(processor: Processor, fault: &str) -> Explored {
    visited(processor, |writer| store(writer, fault), &[EPOCH], fault)
}

/// `GuestMemory::remap`: the code's words are gone with its version.
fn remapped(processor: Processor, fault: &str) -> Explored {
    let remap = |writer: &mut ThreadSteps| {
        writer.add_release(VERSION, 1);
        writer.add(EPOCH, 1);
        // `PageTable::change_all_flags`.
        writer.store_release(FLAG, 0);
        if fault != NO_FENCE {
            writer.fence();
        }
        writer.add(MAPPINGS, 1);
    };
    visited(processor, remap, &[EPOCH, MAPPINGS], fault)
}

/// A store of compiled code, and the fault handler if it faults (`GuestMemory::fault_outcome`),
/// against a user of the watch and a thread that has seen the announcement of the store.
fn compiled(processor: Processor, is_watched: bool, fault: &str) -> Explored {
    let [mut user, mut writer, mut other] = threads(["GuestMemory::watch", "compiled code", "notified"]);
    let early = (fault != LATE_VERSION).then(|| user.load_acquire(VERSION));
    let state = if is_watched { WATCHED } else { IDLE };
    let found = if is_watched {
        // `GuestMemory::is_watched`.
        user.load_acquire(STATE)
    } else {
        // `GuestMemory::watch_run`, with `apply_rights`.
        let found = user.exchange(STATE, IDLE, OWNED);
        user.when(StepCondition::Is(found, IDLE.into()), |user| {
            user.store_release(FLAG, 1);
            user.fence();
            user.store(RIGHTS, 1);
            user.everywhere(Barrier::Memory);
            user.store_release(STATE, WATCHED);
        });
        found
    };
    let version = early.unwrap_or_else(|| user.load_acquire(VERSION));
    let word = user.load(BYTES);
    let is_made = writer.store_if_open(RIGHTS, BYTES, 1);
    writer.when(StepCondition::Is(is_made, 0.into()), |writer| {
        let state = writer.exchange(STATE, WATCHED, OWNED);
        writer.when(StepCondition::Is(state, WATCHED.into()), |writer| {
            if fault != NO_CHANGE {
                bump(writer, fault);
            }
            writer.store_release(FLAG, 0);
            writer.fence();
            writer.store(RIGHTS, 0);
            writer.store_release(STATE, IDLE);
        });
        // The instruction is executed again.
        let is_made = writer.store_if_open(RIGHTS, BYTES, 1);
        writer.when(StepCondition::Is(is_made, 1.into()), |writer| writer.store_release(NOTIFIED, 1));
    });
    writer.when(StepCondition::Is(is_made, 1.into()), |writer| writer.store_release(NOTIFIED, 1));
    let notified = other.load_acquire(NOTIFIED);
    let now = other.load_acquire(VERSION);
    let start = if is_watched { (1, WATCHED) } else { (0, IDLE) };
    let initial = [0, start.0, start.1, 0, 0, 0, 0, 0, 0, 0, start.0];
    explore(processor, &initial, &[user, writer, other], |end| {
        let is_current = end.of(now) == end.of(version);
        match (end.of(notified), end.of(word)) {
            _ if end.of(found) != state => Judgement::Other,
            (1, 0) if is_current => Judgement::Forbidden,
            // The user has the new word, or is notified that its own is old.
            (1, _) => Judgement::Worked,
            _ => Judgement::Other,
        }
    })
}

fn compiled_store(processor: Processor, fault: &str) -> Explored {
    compiled(processor, false, fault)
}

fn compiled_store_to_watched(processor: Processor, fault: &str) -> Explored {
    compiled(processor, true, fault)
}
