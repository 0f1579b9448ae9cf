//! Models of entries, link slots and patched branches.

use super::{Model, NONE};
use xenia_testing::weak_memory::{
    Barrier, Explored, FinalState, Judgement, LocalRegister, MemoryLocation, Processor, StepCondition,
    ThreadSteps, explore, threads,
};

pub(super) const MODELS: &[Model] = &[
    Model {
        name: "entry: a region is published",
        processor: Processor::Aarch64,
        threads: 2,
        run: publication,
        faults: &[NO_MAINTENANCE, NO_SERIALIZATION, ONLY_MEMORY, ENTRY_FIRST],
        is_long: false,
    },
    Model {
        name: "entry: a region is published",
        processor: Processor::X86_64,
        threads: 2,
        run: publication,
        faults: &[ENTRY_FIRST],
        is_long: false,
    },
    Model {
        name: "link slot: its target is published by another engine",
        processor: Processor::Aarch64,
        threads: 3,
        run: target,
        faults: &[NO_MAINTENANCE, NO_SERIALIZATION, ONLY_MEMORY, ENTRY_FIRST],
        is_long: false,
    },
    Model {
        name: "link slot: its target is published by another engine",
        processor: Processor::X86_64,
        threads: 3,
        run: target,
        faults: &[ENTRY_FIRST],
        is_long: false,
    },
    Model {
        name: "link slot: withdrawn, its code's memory reused",
        processor: Processor::Aarch64,
        threads: 2,
        run: slot,
        faults: &[NO_BARRIER, NO_PRESENCE, EPOCH_FIRST, LATE_PRESENCE],
        is_long: false,
    },
    Model {
        name: "link slot: withdrawn, its code's memory reused",
        processor: Processor::X86_64,
        threads: 2,
        run: slot,
        faults: &[NO_BARRIER, NO_PRESENCE, EPOCH_FIRST, LATE_PRESENCE],
        is_long: false,
    },
    Model {
        name: "patched branch: a link is made",
        processor: Processor::X86_64,
        threads: 2,
        run: patched,
        faults: &[ENTRY_FIRST],
        is_long: false,
    },
    Model {
        name: "patched branch: withdrawn, its code's memory reused",
        processor: Processor::X86_64,
        threads: 2,
        run: unpatched,
        faults: &[NO_BARRIER, NO_PRESENCE, EPOCH_FIRST, LATE_PRESENCE],
        is_long: false,
    },
];

const NO_MAINTENANCE: &str = "no cache maintenance";
const NO_SERIALIZATION: &str = "no barrier on all threads";
const ONLY_MEMORY: &str = "that barrier not of instructions";
const ENTRY_FIRST: &str = "the entry, slot or branch before the code";
const NO_BARRIER: &str = "no barrier before presences are read";
const NO_PRESENCE: &str = "presences not read";
const EPOCH_FIRST: &str = "the epoch before the withdrawal";
const LATE_PRESENCE: &str = "presence after the look-up";

/// The code of a region that has a link to the other, its entry, and whether it has a slot for it.
const CALLER: MemoryLocation = MemoryLocation(5);
const ENTRY_OF_CALLER: MemoryLocation = MemoryLocation(6);
const HAS_SLOT: MemoryLocation = MemoryLocation(7);
/// The lock of the code cache.
const LOCK: MemoryLocation = MemoryLocation(8);
/// Code of the region; in [`slot`] and [`unpatched`], [`OTHER`] once its memory is reused.
const CODE: MemoryLocation = MemoryLocation(0);
/// The way to the region: its entry, a link slot, or the distance of a branch. 0 is the stub.
const WAY: MemoryLocation = MemoryLocation(1);
/// A link slot of the region itself.
const OWN_SLOT: MemoryLocation = MemoryLocation(2);
/// `Presence` of the engine (`code/epochs.rs`), and the current epoch.
const PRESENCE: MemoryLocation = MemoryLocation(3);
const EPOCH: MemoryLocation = MemoryLocation(4);

/// The region's code, in [`CODE`].
const REGION: u8 = 1;
/// Code of another region.
const OTHER: u8 = 2;
/// Presence of an engine that runs no code.
const AWAY: u8 = 9;

/// `CodeMemory::write` of code to memory that held other code.
fn write(thread: &mut ThreadSteps, processor: Processor, (at, code): (MemoryLocation, u8), fault: &str) {
    thread.store(at, code);
    // `instruction_cache::synchronize`.
    if processor == Processor::Aarch64 && fault != NO_MAINTENANCE {
        thread.synchronize(at);
    }
    // `barrier::serialize_all_threads`.
    match fault {
        NO_SERIALIZATION => {}
        ONLY_MEMORY => thread.everywhere(Barrier::Memory),
        _ => thread.everywhere(Barrier::Instructions),
    }
}

/// `CodeMemory::write` to memory that never held code, for which x86-64 issues no barrier.
fn write_first(thread: &mut ThreadSteps, processor: Processor, at: MemoryLocation, fault: &str) {
    match processor {
        Processor::Aarch64 => write(thread, processor, (at, REGION), fault),
        Processor::X86_64 => thread.store(at, REGION),
    }
}

/// `CodeCache::publish`, and another engine that finds the entry.
fn publication(processor: Processor, fault: &str) -> Explored {
    let [mut publisher, mut engine] = threads(["CodeCache::publish", "dispatch"]);
    // `CodeCache::slot`: the code's own links come before it.
    publisher.store_release(OWN_SLOT, 1);
    if fault == ENTRY_FIRST {
        publisher.store_release(WAY, 1);
    }
    write_first(&mut publisher, processor, CODE, fault);
    // `Tables::set`.
    publisher.store_release(WAY, 1);
    // `arch::enter::dispatch`, or `Lifter::looked_up`: plain loads.
    let entry = engine.load(WAY);
    let mut run = (entry, entry);
    engine.when(StepCondition::Is(entry, 1.into()), |engine| {
        // The code's first instruction, which loads a slot.
        run = (engine.fetch(CODE), engine.load(OWN_SLOT));
    });
    let (code, own_slot) = run;
    explore(processor, &[0; 3], &[publisher, engine], |end| match (end.of(entry), end.of(code)) {
        (0, _) => Judgement::Other,
        (_, REGION) if end.of(own_slot) == 1 => Judgement::Worked,
        _ => Judgement::Forbidden,
    })
}

/// Two engines publish regions, one of which has a link to the other; a third one runs both.
fn target(processor: Processor, fault: &str) -> Explored {
    let [mut one, mut two, mut engine] =
        threads(["publishes the target", "publishes the caller", "dispatch"]);
    one.lock(LOCK);
    // `CodeCache::set_entry`: the entry, and the slot if there is one.
    let lead = |one: &mut ThreadSteps| {
        one.store_release(WAY, 1);
        let has_slot = one.load(HAS_SLOT);
        one.when(StepCondition::Is(has_slot, 1.into()), |one| one.store_release(OWN_SLOT, 1));
    };
    if fault == ENTRY_FIRST {
        lead(&mut one);
    }
    write_first(&mut one, processor, CODE, fault);
    if fault != ENTRY_FIRST {
        lead(&mut one);
    }
    one.unlock(LOCK);
    two.lock(LOCK);
    // `CodeCache::slot`.
    let known = two.load_acquire(WAY);
    two.store_release(OWN_SLOT, known);
    two.store(HAS_SLOT, 1);
    write_first(&mut two, processor, CALLER, NONE);
    two.store_release(ENTRY_OF_CALLER, 1);
    two.unlock(LOCK);
    let entry = engine.load(ENTRY_OF_CALLER);
    let mut run = [entry; 3];
    engine.when(StepCondition::Is(entry, 1.into()), |engine| {
        let caller = engine.fetch(CALLER);
        let way = engine.load(OWN_SLOT);
        engine.when(StepCondition::Is(way, 1.into()), |engine| run = [caller, way, engine.fetch(CODE)]);
    });
    let [caller, way, code] = run;
    explore(processor, &[0; 9], &[one, two, engine], |end| {
        match (end.of(entry), end.of(caller), end.of(way), end.of(code)) {
            (0, ..) => Judgement::Other,
            (_, REGION, 0, _) => Judgement::Other,
            (_, REGION, _, REGION) => Judgement::Worked,
            _ => Judgement::Forbidden,
        }
    })
}

/// How an engine finds the way to the code.
type Find = fn(&mut ThreadSteps) -> LocalRegister;

/// Two visits of an engine: `Engine::run_compiled`. Returns what each found and ran.
fn visits(engine: &mut ThreadSteps, find: Find, fault: &str) -> [(LocalRegister, LocalRegister); 2] {
    let visits = [(); 2].map(|()| {
        // `Epochs::enter`.
        let epoch = engine.load_acquire(EPOCH);
        let enter = |engine: &mut ThreadSteps| engine.store_release(PRESENCE, epoch);
        if fault != LATE_PRESENCE {
            enter(engine);
        }
        // The slot or branch is one of code that stays.
        let way = find(engine);
        if fault == LATE_PRESENCE {
            enter(engine);
        }
        let mut code = way;
        engine.when(StepCondition::Is(way, 1.into()), |engine| code = engine.fetch(CODE));
        (way, code)
    });
    // `Presence::leave`.
    engine.store_release(PRESENCE, AWAY);
    visits
}

/// `CodeCache::withdraw` or `BaselineCache::withdraw`, then `release_retired` and the publication
/// of other code in the same memory.
fn reuse(thread: &mut ThreadSteps, processor: Processor, fault: &str) {
    // `Links::withdraw`, or `CodeMemory::set_slot`; then `Epochs::advance`.
    if fault != EPOCH_FIRST {
        thread.store_release(WAY, 0);
    }
    let withdrawn = thread.add_release(EPOCH, 1);
    if fault == EPOCH_FIRST {
        thread.store_release(WAY, 0);
    }
    // `Epochs::oldest`.
    if fault != NO_BARRIER {
        thread.everywhere(Barrier::Memory);
    }
    let presence = thread.load_acquire(PRESENCE);
    let is_free = match fault {
        NO_PRESENCE => StepCondition::IsNot(presence, 0.into()),
        _ => StepCondition::Above(presence, withdrawn.into()),
    };
    thread.when(is_free, |thread| write(thread, processor, (CODE, OTHER), NONE));
}

/// Explores [`reuse`] against [`visits`].
fn reused(processor: Processor, find: Find, fault: &str) -> Explored {
    let [mut cache, mut engine] = threads(["release_retired", "Engine::run_compiled"]);
    reuse(&mut cache, processor, fault);
    let visits = visits(&mut engine, find, fault);
    explore(processor, &[REGION, 1, 0, AWAY, 1], &[cache, engine], |end: &FinalState<'_>| {
        let ran = |code| visits.iter().any(|&(way, ran)| end.of(way) == 1 && end.of(ran) == code);
        match end.at(CODE) {
            _ if ran(OTHER) => Judgement::Forbidden,
            OTHER if ran(REGION) => Judgement::Worked,
            _ => Judgement::Other,
        }
    })
}

/// A link slot, which code loads (`Lifter::linked`).
fn slot(processor: Processor, fault: &str) -> Explored {
    reused(processor, |engine| engine.load(WAY), fault)
}

/// A branch of the baseline tier (`CodeMemory::set_distance`), which is fetched.
fn unpatched(processor: Processor, fault: &str) -> Explored {
    reused(processor, |engine| engine.fetch(WAY), fault)
}

/// `BaselineCache::publish` into fresh memory, then `Links::lead`, while an engine runs the branch.
fn patched(processor: Processor, fault: &str) -> Explored {
    let [mut publisher, mut engine] = threads(["BaselineCache::publish", "a unit"]);
    if fault == ENTRY_FIRST {
        publisher.store_release(WAY, 1);
    }
    publisher.store(CODE, REGION);
    publisher.store_release(WAY, 1);
    let branch = engine.fetch(WAY);
    let mut code = branch;
    engine.when(StepCondition::Is(branch, 1.into()), |engine| code = engine.fetch(CODE));
    explore(processor, &[0; 2], &[publisher, engine], |end| match (end.of(branch), end.of(code)) {
        (0, _) => Judgement::Other,
        (_, REGION) => Judgement::Worked,
        _ => Judgement::Forbidden,
    })
}
