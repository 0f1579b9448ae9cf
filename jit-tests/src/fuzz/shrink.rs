//! Test-case reduction: minimises a failing sequence.

use super::sequence::{SANDBOX_SIZE, Sequence};

/// Removes units, then state, as long as the sequence still fails. If the failure depends on
/// preceding sequences, the sequence is unchanged.
pub(super) fn shrink(sequence: &Sequence, fails: &mut dyn FnMut(&Sequence) -> bool) -> Sequence {
    let mut best = sequence.clone();
    if !fails(&best) {
        return best;
    }
    // Units: halves, quarters, … single ones, until no single one can be removed.
    let mut size = best.units.len().div_ceil(2).max(1);
    loop {
        let mut removed = false;
        let mut at = 0;
        while at < best.units.len() {
            let mut candidate = best.clone();
            candidate.units.drain(at..(at + size).min(best.units.len()));
            if fails(&candidate) {
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
    // Single instructions of the remaining units.
    for unit in 0..best.units.len() {
        let mut at = 0;
        while at < best.units[unit].items.len() {
            let mut candidate = best.clone();
            candidate.units[unit].items.remove(at);
            if fails(&candidate) {
                best = candidate;
            } else {
                at += 1;
            }
        }
    }
    best.units.retain(|unit| !unit.items.is_empty());
    shrink_state(&mut best, fails);
    best
}

/// Sets registers and memory to zero where the failure doesn't depend on them.
pub(super) fn shrink_state(best: &mut Sequence, fails: &mut dyn FnMut(&Sequence) -> bool) {
    let mut attempt = |change: &dyn Fn(&mut Sequence)| {
        let mut candidate = best.clone();
        change(&mut candidate);
        let changed =
            candidate.memory != best.memory || candidate.state.first_difference(&best.state).is_some();
        if changed && fails(&candidate) {
            *best = candidate;
        }
    };
    for size in [SANDBOX_SIZE, 256, 16] {
        for at in (0..SANDBOX_SIZE).step_by(size) {
            attempt(&|sequence| sequence.memory[at..at + size].fill(0));
        }
    }
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
    attempt(&|sequence| sequence.state.vscr = xenia_cpu::vscr_bit::NJ);
    attempt(&|sequence| sequence.state.vrsave = 0);
    attempt(&|sequence| sequence.state.msr = xenia_cpu::PpcContext::default().msr);
}
