//! Makes a failing sequence as small as it can be and still fail.

use super::arena::Arena;
use super::sequence::Sequence;

/// Whether both machines still differ.
fn fails(arena: &mut Arena<'_>, sequence: &Sequence) -> bool {
    // An engine that can't be built again can't show the failure either.
    let Ok(entries) = arena.load(std::slice::from_ref(sequence)) else { return false };
    arena.run(sequence, entries[0], None).difference.is_some()
}

/// Takes away units, then state, as long as the sequence fails. If the failure needs its surroundings, the
/// sequence stays as it is.
pub(super) fn shrink(arena: &mut Arena<'_>, sequence: &Sequence) -> Sequence {
    let mut best = sequence.clone();
    if !fails(arena, &best) {
        return best;
    }
    // Units: halves, quarters, … single ones, until no single one can go.
    let mut size = best.units.len().div_ceil(2).max(1);
    loop {
        let mut removed = false;
        let mut at = 0;
        while at < best.units.len() {
            let mut candidate = best.clone();
            candidate.units.drain(at..(at + size).min(best.units.len()));
            if fails(arena, &candidate) {
                best = candidate;
                removed = true;
            } else {
                at += size;
            }
        }
        if size > 1 {
            size = size.div_ceil(2);
        } else if !removed {
            break;
        }
    }
    // Single instructions of the units that are left.
    for unit in 0..best.units.len() {
        let mut at = 0;
        while at < best.units[unit].items.len() {
            let mut candidate = best.clone();
            candidate.units[unit].items.remove(at);
            if fails(arena, &candidate) {
                best = candidate;
            } else {
                at += 1;
            }
        }
    }
    best.units.retain(|unit| !unit.items.is_empty());
    shrink_state(arena, &mut best);
    best
}

/// Sets registers and memory to zero where the failure doesn't need them.
fn shrink_state(arena: &mut Arena<'_>, best: &mut Sequence) {
    let mut attempt = |change: &dyn Fn(&mut Sequence)| {
        let mut candidate = best.clone();
        change(&mut candidate);
        if fails(arena, &candidate) {
            *best = candidate;
        }
    };
    attempt(&|sequence| sequence.memory.fill(0));
    attempt(&|sequence| sequence.state.vr = [0; 128]);
    attempt(&|sequence| sequence.state.fpr = [0; 32]);
    for n in (0..32).filter(|n| !matches!(n, 13 | 14)) {
        attempt(&|sequence| sequence.state.gpr[n] = 0);
    }
    for n in 0..32 {
        attempt(&|sequence| sequence.state.fpr[n] = 0);
    }
    for n in 0..128 {
        attempt(&|sequence| sequence.state.vr[n] = 0);
    }
    attempt(&|sequence| sequence.state.set_cr_word(0));
    attempt(&|sequence| sequence.state.set_xer_word(0));
    attempt(&|sequence| sequence.state.ctr = 0);
    attempt(&|sequence| sequence.state.fpscr = 0);
    attempt(&|sequence| sequence.state.vscr = 0x0001_0000);
    attempt(&|sequence| sequence.state.vrsave = 0);
    attempt(&|sequence| sequence.state.msr = xenia_cpu::PpcContext::default().msr);
}
