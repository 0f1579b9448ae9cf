//! Preserved program order: which steps of a thread wait for which earlier ones.

use super::{LocalRegister, MemoryLocation, Processor, Step, What};

impl What {
    /// The place that the step accesses as data.
    fn place(self) -> Option<MemoryLocation> {
        match self {
            Self::Load { from: at, .. }
            | Self::Store { to: at, .. }
            | Self::Checked { to: at, .. }
            | Self::Take { at, .. }
            | Self::Give { at, .. }
            | Self::Clean(at)
            | Self::Drop(at) => Some(at),
            _ => None,
        }
    }

    fn reads(self) -> bool {
        matches!(self, Self::Load { .. } | Self::Take { .. })
    }

    fn is_acquire(self) -> bool {
        matches!(self, Self::Load { acquire: true, .. } | Self::Take { acquire: true, .. })
    }

    fn is_release(self) -> bool {
        matches!(self, Self::Store { release: true, .. } | Self::Give { release: true, .. })
    }

    pub(super) fn is_fetch(self) -> bool {
        matches!(self, Self::Fetch { .. })
    }

    /// Whether the step may be performed before the conditions of its and of earlier steps are
    /// known.
    pub(super) fn is_speculative(self) -> bool {
        matches!(self, Self::Load { .. } | Self::Take { .. }) || self.is_fetch()
    }

    /// Whether the step has no effect but to order others. It is performed as soon as it may be,
    /// and no interrupt shows whether it has been.
    pub(super) fn only_orders(self) -> bool {
        matches!(self, Self::FenceAll | Self::FenceLoads | Self::Isb)
    }

    /// The register that the step sets.
    fn sets(self) -> Option<LocalRegister> {
        match self {
            Self::Load { into, .. }
            | Self::Take { into, .. }
            | Self::Fetch { into, .. }
            | Self::Checked { into, .. } => Some(into),
            _ => None,
        }
    }

    /// The registers that the step uses.
    pub(super) fn uses(self) -> impl Iterator<Item = LocalRegister> {
        let [first, second] = match self {
            Self::Store { value, .. } | Self::Checked { value, .. } => [value.register(), None],
            Self::Give { value, taken, .. } => [value.register(), Some(taken)],
            _ => [None, None],
        };
        first.into_iter().chain(second)
    }
}

/// Whether the step `b` is performed after the earlier step `a` of the same thread, if both are
/// performed.
pub(super) fn is_ordered(processor: Processor, a: &Step, b: &Step) -> bool {
    let a = a.what;
    let b = b.what;
    if a.sets().is_some_and(|set| b.uses().any(|used| used == set)) {
        return true;
    }
    match processor {
        Processor::Aarch64 => on_aarch64(a, b),
        Processor::X86_64 => on_x86_64(a, b),
    }
}

fn on_x86_64(a: What, b: What) -> bool {
    let overtakes = matches!(a, What::Store { .. }) && (b.is_fetch() || matches!(b, What::Load { .. }));
    // A load of the place that was stored reads that store (`Protocol::loaded`).
    !overtakes
}

fn on_aarch64(a: What, b: What) -> bool {
    // An instruction that is not a load commits only after all before it have been fetched.
    let commits = !b.is_speculative();
    if a.is_fetch() {
        return commits && !b.only_orders() || b == What::Isb;
    }
    if b.is_fetch() {
        return matches!(a, What::Isb | What::Everywhere(_));
    }
    match (a, b) {
        (What::Everywhere(_) | What::FenceAll | What::FenceLoads | What::Isb, _)
        | (_, What::Everywhere(_) | What::FenceAll) => return true,
        (_, What::FenceLoads) => return a.reads(),
        (_, What::Isb) => return false,
        _ => {}
    }
    if a.is_acquire() || b.is_release() || a.is_release() && b.is_acquire() {
        return true;
    }
    // A load may read its thread's store before others can.
    let is_early = matches!((a, b), (What::Store { .. }, What::Load { .. }));
    a.place().is_some() && a.place() == b.place() && !is_early
}
