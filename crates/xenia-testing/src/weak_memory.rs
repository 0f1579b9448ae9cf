//! Exhaustive exploration of small protocols between threads under a processor's memory order,
//! with what models of languages lack: fetches of instructions, cache maintenance, and barriers
//! that one thread issues on all others (`membarrier`).
//!
//! A protocol is a straight line of steps for each thread, some of them conditional. The explorer
//! performs the steps in every order that the processor permits, and judges each end.
//!
//! # The model
//! Memory is one for all threads: a store becomes visible to all others at once, as on AArch64
//! (*multi-copy atomic*) and x86-64. All reordering is in the order in which a thread performs its
//! steps (`order.rs`):
//! - AArch64: any order that respects dependencies on registers and places, barriers, Acquire and
//!   Release. Loads and fetches are speculative: they wait for no condition. All other steps wait
//!   for the conditions before them. A load may read its own thread's store early. A
//!   read-modify-write is a pair of exclusive accesses, between which other accesses may be
//!   performed, and no branch on their success orders later stores: weaker than the pair of
//!   instructions, and than the single one.
//! - x86-64: program order, except that loads overtake stores.
//!
//! **Fetches.** On AArch64 a fetch may be performed at any time since the last `isb` or interrupt
//! of its thread, and returns any value since the last maintenance of both caches. On x86-64
//! fetches see stores in order, which all processors do, though their manuals do not promise it.
//!
//! **Barriers on all threads** interrupt each other thread once, between two steps: the steps
//! before have been performed, those after have not begun. On AArch64, [`Barrier::Memory`] does not
//! order fetches; on x86-64 interrupts end with `iret`, which serializes.
//!
//! Where a simplification was needed, the model permits more than the processor. So it may refute a
//! protocol that is right, and not confirm one that is wrong, as far as the steps are those of the
//! code.
//!
//! Arm Architecture Reference Manual, B2.3 and B2.4; Intel SDM volume 3, 9.1.3, 9.2 and 9.3.

mod explore;
mod order;
#[cfg(test)]
mod tests;

pub use explore::{Explored, FinalState, Judgement, explore};

/// Limits of a protocol, so that states are small.
const MAX_THREADS: usize = 4;
const MAX_REGISTERS: usize = 20;
const MAX_PLACES: usize = 12;
const MAX_STEPS: usize = 32;

/// A processor whose order is explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Weakly ordered, with caches of instructions apart.
    Aarch64,
    /// Total store order.
    X86_64,
}

/// A place in memory, which holds a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLocation(pub u8);

impl From<MemoryLocation> for usize {
    fn from(place: MemoryLocation) -> Self {
        place.0.into()
    }
}

/// A register of one thread; one step sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalRegister {
    thread: usize,
    index: usize,
}

/// A value that a step uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepValue {
    /// A constant, known from the start.
    Value(u8),
    /// The value of a register of the same thread, plus a constant.
    Sum(LocalRegister, u8),
}

impl StepValue {
    fn register(self) -> Option<LocalRegister> {
        match self {
            Self::Sum(register, _) => Some(register),
            Self::Value(_) => None,
        }
    }
}

impl From<u8> for StepValue {
    fn from(value: u8) -> Self {
        Self::Value(value)
    }
}

impl From<LocalRegister> for StepValue {
    fn from(register: LocalRegister) -> Self {
        Self::Sum(register, 0)
    }
}

/// A condition of steps, on registers of the same thread.
#[derive(Clone, Copy, Debug)]
pub enum StepCondition {
    /// The register has this value.
    Is(LocalRegister, StepValue),
    /// The register has another value.
    IsNot(LocalRegister, StepValue),
    /// The register has a larger value.
    Above(LocalRegister, StepValue),
}

impl StepCondition {
    /// The registers that it compares.
    fn uses(&self) -> impl Iterator<Item = LocalRegister> + use<> {
        let (Self::Is(register, other) | Self::IsNot(register, other) | Self::Above(register, other)) = *self;
        std::iter::once(register).chain(other.register())
    }
}

/// A barrier on all threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barrier {
    /// Memory accesses: `MEMBARRIER_CMD_PRIVATE_EXPEDITED`.
    Memory,
    /// Instruction fetches, too: `MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE`.
    Instructions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Load {
        from: MemoryLocation,
        into: LocalRegister,
        acquire: bool,
    },
    Store {
        to: MemoryLocation,
        value: StepValue,
        release: bool,
    },
    /// The load of a pair of exclusive accesses.
    Take {
        at: MemoryLocation,
        into: LocalRegister,
        acquire: bool,
    },
    /// Its store. It never succeeds if `free` and the loaded value was not 0.
    Give {
        at: MemoryLocation,
        value: StepValue,
        taken: LocalRegister,
        free: bool,
        release: bool,
    },
    /// A store that succeeds only while `gate` is 0.
    Checked {
        gate: MemoryLocation,
        to: MemoryLocation,
        value: StepValue,
        into: LocalRegister,
    },
    FenceAll,
    FenceLoads,
    Isb,
    Fetch {
        from: MemoryLocation,
        into: LocalRegister,
    },
    Clean(MemoryLocation),
    Drop(MemoryLocation),
    Everywhere(Barrier),
}

#[derive(Clone, Debug)]
struct Step {
    what: What,
    conditions: Vec<StepCondition>,
}

/// The steps of one thread.
#[derive(Clone, Debug)]
pub struct ThreadSteps {
    name: &'static str,
    number: usize,
    steps: Vec<Step>,
    /// Conditions of the steps that are added now.
    conditions: Vec<StepCondition>,
    /// The step that sets each register.
    makers: Vec<usize>,
}

/// Threads without steps, by the names of the code that they are models of.
///
/// # Panics
/// If there are more than the explorer takes.
#[must_use]
pub fn threads<const N: usize>(names: [&'static str; N]) -> [ThreadSteps; N] {
    assert!(N <= MAX_THREADS, "too many threads");
    let mut number = 0;
    names.map(|name| {
        number += 1;
        let steps = Vec::new();
        let conditions = Vec::new();
        let makers = Vec::new();
        ThreadSteps { name, number: number - 1, steps, conditions, makers }
    })
}

impl ThreadSteps {
    fn step(&mut self, what: What) {
        assert!(self.steps.len() < MAX_STEPS, "too many steps");
        self.steps.push(Step { what, conditions: self.conditions.clone() });
    }

    /// A register that the next step sets.
    fn register(&mut self) -> LocalRegister {
        assert!(self.makers.len() < MAX_REGISTERS, "too many registers");
        self.makers.push(self.steps.len());
        LocalRegister { thread: self.number, index: self.makers.len() - 1 }
    }

    /// Adds steps that are performed if `condition` holds.
    pub fn when(&mut self, condition: StepCondition, steps: impl FnOnce(&mut Self)) {
        self.conditions.push(condition);
        steps(self);
        self.conditions.pop();
    }

    /// A plain or Relaxed load.
    pub fn load(&mut self, from: MemoryLocation) -> LocalRegister {
        let into = self.register();
        self.step(What::Load { from, into, acquire: false });
        into
    }

    /// An Acquire load.
    pub fn load_acquire(&mut self, from: MemoryLocation) -> LocalRegister {
        let into = self.register();
        self.step(What::Load { from, into, acquire: true });
        into
    }

    /// A plain or Relaxed store.
    pub fn store(&mut self, to: MemoryLocation, value: impl Into<StepValue>) {
        self.step(What::Store { to, value: value.into(), release: false });
    }

    /// A Release store.
    pub fn store_release(&mut self, to: MemoryLocation, value: impl Into<StepValue>) {
        self.step(What::Store { to, value: value.into(), release: true });
    }

    /// A Relaxed atomic addition; returns the previous value.
    pub fn add(&mut self, to: MemoryLocation, by: u8) -> LocalRegister {
        self.add_with(to, by, false)
    }

    /// A plain store to a page whose rights are in `gate`: 0 allows it. Returns whether it was
    /// made, as 1 or 0. Check and store are one step: a change of rights waits for accesses by the
    /// old ones.
    pub fn store_if_open(
        &mut self,
        gate: MemoryLocation,
        to: MemoryLocation,
        value: impl Into<StepValue>,
    ) -> LocalRegister {
        let into = self.register();
        self.step(What::Checked { gate, to, value: value.into(), into });
        into
    }

    /// An atomic addition with Release order; returns the previous value.
    pub fn add_release(&mut self, to: MemoryLocation, by: u8) -> LocalRegister {
        self.add_with(to, by, true)
    }

    fn add_with(&mut self, to: MemoryLocation, by: u8, release: bool) -> LocalRegister {
        let taken = self.register();
        self.step(What::Take { at: to, into: taken, acquire: false });
        let value = StepValue::Sum(taken, by);
        self.step(What::Give { at: to, value, taken, free: false, release });
        taken
    }

    /// An Acquire and Release compare-and-swap; returns the previous value, which is `from` if the
    /// swap was made.
    pub fn exchange(&mut self, at: MemoryLocation, from: u8, to: u8) -> LocalRegister {
        let taken = self.register();
        self.step(What::Take { at, into: taken, acquire: true });
        self.when(StepCondition::Is(taken, from.into()), |thread| {
            thread.step(What::Give { at, value: to.into(), taken, free: false, release: true });
        });
        taken
    }

    /// Takes a lock, which is 0 while it is free.
    pub fn lock(&mut self, at: MemoryLocation) {
        let taken = self.register();
        self.step(What::Take { at, into: taken, acquire: true });
        self.step(What::Give { at, value: 1.into(), taken, free: true, release: false });
    }

    /// Releases a lock.
    pub fn unlock(&mut self, at: MemoryLocation) {
        self.store_release(at, 0);
    }

    /// A barrier of all accesses (`dmb ish`, `mfence`).
    pub fn fence(&mut self) {
        self.step(What::FenceAll);
    }

    /// A barrier between earlier loads and all later accesses (`dmb ishld`).
    pub fn fence_loads(&mut self) {
        self.step(What::FenceLoads);
    }

    /// A barrier of instruction fetches on this thread (`isb`).
    pub fn isb(&mut self) {
        self.step(What::Isb);
    }

    /// A fetch of an instruction that is run if a branch before it leads there.
    pub fn fetch(&mut self, from: MemoryLocation) -> LocalRegister {
        let into = self.register();
        self.step(What::Fetch { from, into });
        into
    }

    /// Cache maintenance for code that was written: `dc cvau`, `dsb`, `ic ivau`, `dsb`, `isb`.
    pub fn synchronize(&mut self, code: MemoryLocation) {
        self.step(What::Clean(code));
        self.fence();
        self.step(What::Drop(code));
        self.fence();
        self.isb();
    }

    /// A barrier on all threads.
    pub fn everywhere(&mut self, barrier: Barrier) {
        self.step(What::Everywhere(barrier));
    }
}
