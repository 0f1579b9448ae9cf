//! Properties of the processor that decide which code is fast, measured once for each process.
//!
//! They are measured because no feature flag reports them, and there are too many models to list.
//! The results may only choose between implementations with equal results.

use std::sync::OnceLock;

/// Whether a load of the value that was just stored takes no longer than an addition. Registers in
/// memory then cost as little as registers. Takes less than 0.1 ms once.
///
/// Processors without such forwarding take four to eight cycles. Source: Agner Fog, "The
/// microarchitecture of Intel, AMD and VIA CPUs", on memory mirroring and store forwarding.
pub fn stores_are_free() -> bool {
    static RESULT: OnceLock<bool> = OnceLock::new();
    *RESULT.get_or_init(measure::stores_are_free)
}

#[cfg(target_arch = "x86_64")]
mod measure {
    use std::arch::asm;
    use std::time::{Duration, Instant};

    /// Rounds of the loops below, each with eight additions: about half a microsecond.
    const ROUNDS: u64 = 256;
    /// Measurements of each loop; the least counts, as others may have been interrupted.
    const MEASUREMENTS: u32 = 16;

    pub(super) fn stores_are_free() -> bool {
        let mut in_register = Duration::MAX;
        let mut in_memory = Duration::MAX;
        for _ in 0..MEASUREMENTS {
            in_register = in_register.min(time(add_in_register));
            in_memory = in_memory.min(time(add_in_memory));
        }
        // A cycle an addition, or at least five more.
        in_memory < in_register * 5 / 2
    }

    fn time(run: fn() -> u64) -> Duration {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed()
    }

    /// A chain of additions in a register. No constants are added, as some processors add those
    /// while they rename registers, several in a cycle.
    pub(super) fn add_in_register() -> u64 {
        let mut sum = 0;
        // SAFETY: the loop changes its operands only.
        unsafe {
            asm!(
                "2:",
                "add {sum}, {one}", "add {sum}, {one}", "add {sum}, {one}", "add {sum}, {one}",
                "add {sum}, {one}", "add {sum}, {one}", "add {sum}, {one}", "add {sum}, {one}",
                "dec {rounds}",
                "jnz 2b",
                sum = inout(reg) sum,
                one = in(reg) 1u64,
                rounds = inout(reg) ROUNDS => _,
                options(nomem, nostack),
            );
        }
        sum
    }

    /// The same chain through memory, as the baseline tier computes with registers in memory.
    pub(super) fn add_in_memory() -> u64 {
        let mut sum = 0;
        let mut cell = 0u64;
        // SAFETY: the loop changes its operands and `cell` only.
        unsafe {
            asm!(
                "2:",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "mov [{cell}], {sum}", "mov {sum}, [{cell}]", "add {sum}, {one}",
                "dec {rounds}",
                "jnz 2b",
                cell = in(reg) &raw mut cell,
                one = in(reg) 1u64,
                sum = inout(reg) sum,
                rounds = inout(reg) ROUNDS => _,
                options(nostack),
            );
        }
        sum
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn both_loops_add_the_same_and_the_answer_stays() {
            assert_eq!((add_in_register(), add_in_memory()), (8 * ROUNDS, 8 * ROUNDS));
            assert_eq!(super::super::stores_are_free(), super::super::stores_are_free());
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod measure {
    /// Not measured: there is no baseline tier.
    pub(super) fn stores_are_free() -> bool {
        false
    }
}
