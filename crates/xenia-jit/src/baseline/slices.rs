//! Slices: how the budget of a visit and the instructions until the next sample are counted while
//! baseline code runs.
//!
//! Code compares and subtracts the context's budget only. That holds a *slice*, which ends at the
//! next sample or with the visit:
//!
//! ```text
//!  visit:        │◄── left of the slice ──►│◄── Rest ──►│ its end
//!  next sample:  │◄── left of the slice ──►│◄── ToSample ──►│
//! ```
//!
//! | count | in baseline code | in optimized code that runs below it |
//! |---|---|---|
//! | left of the slice | the context's budget | [`BaselineWord::Slice`] |
//! | from there to the visit's end | [`BaselineWord::Rest`] | 0: code has the whole budget |
//! | from there to the next sample | [`BaselineWord::ToSample`] | the same |
//!
//! `ToSample` is above 0 only if the visit ends with the slice (`Rest` is 0). It is below 0 if
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

fn count(ctx: &PpcContext, word: BaselineWord) -> i64 {
    ctx.host[word as usize].cast_signed()
}

fn set_count(ctx: &mut PpcContext, word: BaselineWord, count: i64) {
    ctx.host[word as usize] = count.cast_unsigned();
}

/// Begins the first slice of a run; the next sample is due after `until_sample` instructions.
pub(super) fn begin(ctx: &mut PpcContext, until_sample: i64) {
    let slice = ctx.budget.min(until_sample);
    set_count(ctx, BaselineWord::Rest, ctx.budget - slice);
    set_count(ctx, BaselineWord::ToSample, until_sample - slice);
    ctx.budget = slice;
}

/// Begins the next slice, at a sample. Returns false if the visit ends with the current one.
pub(super) fn begin_next(ctx: &mut PpcContext) -> bool {
    let rest = count(ctx, BaselineWord::Rest);
    if rest == 0 {
        return false;
    }
    let more = rest.min(SLICE);
    ctx.budget += more;
    set_count(ctx, BaselineWord::Rest, rest - more);
    set_count(ctx, BaselineWord::ToSample, SLICE - ctx.budget);
    true
}

/// Ends a run that was left for `reason`: the context has the visit's whole budget again. Returns
/// the number of instructions until the next sample, for the next run.
pub(super) fn end(ctx: &mut PpcContext, reason: Reason) -> i64 {
    let left = if reason == Reason::Optimized { count(ctx, BaselineWord::Slice) } else { ctx.budget };
    ctx.budget += count(ctx, BaselineWord::Rest);
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

    #[test]
    fn a_visit_gets_slice_after_slice() {
        let mut ctx = begun(3 * SLICE, 300);
        assert_eq!(ctx.budget, 300);
        // The next path does not fit into the ten that are left.
        ctx.budget = 10;
        assert!(begin_next(&mut ctx));
        assert_eq!(ctx.budget, 10 + SLICE);
        ctx.budget -= 100;
        assert_eq!(end(&mut ctx, Reason::Branch), SLICE - 100);
        assert_eq!(ctx.budget, 3 * SLICE - 290 - 100);
    }

    #[test]
    fn a_slice_continues_in_the_next_visit() {
        let mut ctx = begun(100, 500);
        assert_eq!(ctx.budget, 100);
        ctx.budget -= 40;
        assert!(!begin_next(&mut ctx), "the visit ends first");
        assert_eq!(end(&mut ctx, Reason::Budget), 460);
        assert_eq!(ctx.budget, 60);
    }

    /// Optimized code has run with the whole budget and left the tier.
    #[test]
    fn instructions_of_the_optimizing_tier_are_not_sampled() {
        let mut ctx = begun(1000, 500);
        set_count(&mut ctx, BaselineWord::Slice, 480);
        set_count(&mut ctx, BaselineWord::Rest, 0);
        ctx.budget = 30;
        assert_eq!(end(&mut ctx, Reason::Optimized), 480);
        assert_eq!(ctx.budget, 30);
    }

    #[test]
    fn a_sample_that_is_due_follows_the_next_instruction() {
        let mut ctx = begun(1000, 500);
        ctx.budget = 0;
        assert_eq!(end(&mut ctx, Reason::Fault), 1);
        assert_eq!(ctx.budget, 500);
    }
}
