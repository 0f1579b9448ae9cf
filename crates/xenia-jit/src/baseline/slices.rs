//! Slices: how the budget of a visit and the instructions until the next sample are counted while
//! baseline code runs.
//!
//! Code compares and subtracts the register [`BUDGET`](super::map::BUDGET) only. That holds a
//! *slice*, which ends at the next sample or with the visit; services find it as the context's
//! budget:
//!
//! ```text
//!  visit:        │◄── left of the slice ──►│◄── Rest ──►│ its end
//!  next sample:  │◄── left of the slice ──►│◄── ToSample ──►│
//! ```
//!
//! | count | in baseline code | in optimized code that runs below it |
//! |---|---|---|
//! | left of the slice, less [`RESERVE`] | its register | [`BaselineWord::Slice`] |
//! | from there to the visit's end, and [`RESERVE`] | [`BaselineWord::Rest`] | 0: code has all |
//! | from there to the next sample | [`BaselineWord::ToSample`] | the same |
//!
//! A path begins with a subtraction of the instructions that run on each way. If the result is not
//! negative, up to [`RESERVE`] others fit into the slice, too. Otherwise the slice ends soon, and
//! code behind the unit's blocks compares exactly (`emit::exits`). So a visit leaves code at the
//! same instruction as without a reserve, and one that is shorter runs code, too. Code subtracts 32
//! bits: the upper half means nothing.
//!
//! `ToSample` is above 0 only if the visit ends with the slice. It is below 0 if
//! instructions of the previous slice were left, fewer than the next path needed: they are part of
//! the slice.
//!
//! Instructions of the optimizing tier are not sampled: baseline code that continues has its slice
//! back. If less than the slice is left of the visit then, that becomes the slice, and `ToSample`
//! grows by the difference (`enter::tiers`).
//!
//! Three more counts are independent of these: instructions that the tier's shares lack
//! (`Engine::unshared`), of both tiers; the work of a unit, which each sample adds to
//! ([`super::cache::Work`]); and the budget charged at a site
//! ([`super::cache::Site::remaining`]).

use super::map::BaselineWord;
use super::reason::Reason;
use xenia_cpu::PpcContext;

/// Guest instructions between two samples: a prime, because samples would find a loop whose length
/// divides it at the same place each time.
pub(crate) const SLICE: i64 = 20_011;

/// Guest instructions by which the count in the budget's register is less than what is left of the
/// slice.
pub(super) const RESERVE: i32 = 64;

const _: () = assert!(RESERVE <= 128, "the exact comparison has three bytes more");

fn count(ctx: &PpcContext, word: BaselineWord) -> i64 {
    ctx.host[word as usize].cast_signed()
}

/// Instructions left of the slice, by the count that is less by [`RESERVE`].
fn left(reduced: i64) -> i64 {
    i64::from(reduced as i32) + i64::from(RESERVE)
}

/// The counts in baseline code, without the reserve.
struct SliceCounts {
    left: i64,
    rest: i64,
    to_sample: i64,
}

impl SliceCounts {
    fn set(self, ctx: &mut PpcContext) {
        let reserve = i64::from(RESERVE);
        ctx.budget = self.left - reserve;
        ctx.host[BaselineWord::Rest as usize] = (self.rest + reserve).cast_unsigned();
        ctx.host[BaselineWord::ToSample as usize] = self.to_sample.cast_unsigned();
    }
}

/// Begins the first slice of a run; the next sample is due after `until_sample` instructions.
pub(super) fn begin(ctx: &mut PpcContext, until_sample: i64) {
    let left = ctx.budget.min(until_sample);
    SliceCounts { left, rest: ctx.budget - left, to_sample: until_sample - left }.set(ctx);
}

/// Begins the next slice, at a sample. Returns false if the visit ends with the current one.
pub(super) fn begin_next(ctx: &mut PpcContext) -> bool {
    let rest = count(ctx, BaselineWord::Rest) - i64::from(RESERVE);
    if rest == 0 {
        return false;
    }
    let more = rest.min(SLICE);
    let left = left(ctx.budget) + more;
    SliceCounts { left, rest: rest - more, to_sample: SLICE - left }.set(ctx);
    true
}

/// Ends a run that was left for `reason`: the context has the visit's whole budget again. Returns
/// the number of instructions until the next sample, for the next run.
pub(super) fn end(ctx: &mut PpcContext, reason: Reason) -> i64 {
    let left = if reason == Reason::Optimized {
        left(count(ctx, BaselineWord::Slice))
    } else {
        let left = left(ctx.budget);
        ctx.budget = left + count(ctx, BaselineWord::Rest) - i64::from(RESERVE);
        left
    };
    (left + count(ctx, BaselineWord::ToSample)).clamp(1, SLICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A context at the start of a visit with this budget, whose next sample is that far.
    fn begun(budget: i64, until_sample: i64) -> PpcContext {
        let mut ctx = PpcContext { budget, ..PpcContext::default() };
        begin(&mut ctx, until_sample);
        ctx
    }

    /// Subtracts instructions as code does, which clears the upper half.
    fn run(ctx: &mut PpcContext, instructions: i32) {
        let budget = (ctx.budget as i32).wrapping_sub(instructions);
        ctx.budget = i64::from(budget.cast_unsigned());
    }

    #[test]
    fn a_visit_gets_slice_after_slice() {
        let mut ctx = begun(3 * SLICE, 300);
        assert_eq!(left(ctx.budget), 300);
        // The next path does not fit into the ten that are left.
        run(&mut ctx, 290);
        assert!(begin_next(&mut ctx));
        assert_eq!(left(ctx.budget), 10 + SLICE);
        run(&mut ctx, 100);
        assert_eq!(end(&mut ctx, Reason::Branch), SLICE - 100);
        assert_eq!(ctx.budget, 3 * SLICE - 290 - 100);
    }

    #[test]
    fn a_slice_continues_in_the_next_visit() {
        let mut ctx = begun(100, 500);
        assert_eq!(left(ctx.budget), 100);
        run(&mut ctx, 40);
        assert!(!begin_next(&mut ctx), "the visit ends first");
        assert_eq!(end(&mut ctx, Reason::Budget), 460);
        assert_eq!(ctx.budget, 60);
    }

    #[test]
    fn visits_and_slices_may_be_shorter_than_the_reserve() {
        let mut ctx = begun(3, 500);
        run(&mut ctx, 3);
        assert!(!begin_next(&mut ctx));
        assert_eq!((end(&mut ctx, Reason::Budget), ctx.budget), (497, 0));
        let mut ctx = begun(1000, 3);
        run(&mut ctx, 1);
        assert!(begin_next(&mut ctx));
        assert_eq!(left(ctx.budget), 999);
        // An exit gives back what its block has charged.
        run(&mut ctx, 980);
        run(&mut ctx, -980);
        assert_eq!((end(&mut ctx, Reason::Interpret), ctx.budget), (SLICE, 999));
    }

    /// Optimized code has run with the whole budget and left the tier.
    #[test]
    fn instructions_of_the_optimizing_tier_are_not_sampled() {
        let mut ctx = begun(1000, 500);
        ctx.host[BaselineWord::Slice as usize] = (480 - i64::from(RESERVE)).cast_unsigned();
        ctx.host[BaselineWord::Rest as usize] = 0;
        ctx.budget = 30;
        assert_eq!(end(&mut ctx, Reason::Optimized), 480);
        assert_eq!(ctx.budget, 30);
    }

    #[test]
    fn a_sample_that_is_due_follows_the_next_instruction() {
        let mut ctx = begun(1000, 500);
        run(&mut ctx, 500);
        assert_eq!(end(&mut ctx, Reason::Fault), 1);
        assert_eq!(ctx.budget, 500);
    }
}
