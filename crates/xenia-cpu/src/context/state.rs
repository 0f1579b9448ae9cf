//! Contexts in saved states: the registers and the counts of the visit, without what belongs to the
//! engine that ran it.

use super::{FpLazy, HOST_WORDS, PpcContext, Reservation};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use xenia_guest::{HW_THREADS, MAX_TICKS};
use xenia_state::{Impossible, check};

/// Maximum budget of a visit in a saved state, in instructions: more than any executor gives.
const MAX_BUDGET: i64 = 1 << 50;

/// A context as it is stored. CR and XER are stored as the guest reads them, so that every stored
/// value is possible.
#[derive(Serialize, Deserialize)]
struct StoredContext {
    gpr: [u64; 32],
    fpr: [u64; 32],
    /// All 128; longer than the arrays that serde knows.
    vr: Vec<u128>,
    cr: u32,
    xer: u32,
    lr: u64,
    ctr: u64,
    msr: u64,
    pc: u32,
    fpscr: u32,
    vscr: u32,
    vrsave: u32,
    sprg: [u64; 4],
    budget: i64,
    visit_budget: i64,
    time_base: u64,
    tick_shift: u32,
    time_reads_left: u32,
    hw_id: u8,
    thread_id: u32,
    reservation: Reservation,
}

impl Serialize for PpcContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            gpr,
            // The words of CR and XER, below.
            cr: _,
            xer_so: _,
            xer_ov: _,
            xer_ca: _,
            xer_count: _,
            lr,
            ctr,
            budget,
            // Scratch of the engine.
            host: _,
            fpr,
            vr,
            visit_budget,
            time_base,
            tick_shift,
            time_reads_left,
            msr,
            pc,
            fpscr,
            vscr,
            vrsave,
            sprg,
            hw_id,
            thread_id,
            reservation,
            fp_lazy,
        } = self;
        // Operands of an operation that is not pending are rest of the engine's.
        if fp_lazy.op != 0 {
            return Err(ser::Error::custom("floating-point flags are pending outside of a run"));
        }
        let stored = StoredContext {
            gpr: *gpr,
            fpr: *fpr,
            vr: vr.to_vec(),
            cr: self.cr_word(),
            xer: self.xer_word(),
            lr: *lr,
            ctr: *ctr,
            msr: *msr,
            pc: *pc,
            fpscr: *fpscr,
            vscr: *vscr,
            vrsave: *vrsave,
            sprg: *sprg,
            budget: *budget,
            visit_budget: *visit_budget,
            time_base: *time_base,
            tick_shift: *tick_shift,
            time_reads_left: *time_reads_left,
            hw_id: *hw_id,
            thread_id: *thread_id,
            reservation: *reservation,
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PpcContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StoredContext::deserialize(deserializer)?.context().map_err(de::Error::custom)
    }
}

impl StoredContext {
    /// The context, if its values are possible ones.
    fn context(self) -> Result<PpcContext, Impossible> {
        let vr = <[u128; 128]>::try_from(self.vr).map_err(|_| "a thread has not 128 vector registers")?;
        check(usize::from(self.hw_id) < HW_THREADS, "a context is on a hardware thread that does not exist")?;
        let is_visit = (0..=self.visit_budget).contains(&self.budget) && self.visit_budget <= MAX_BUDGET;
        check(is_visit, "the budget of a context is negative, above that of its visit, or too large")?;
        check(self.time_base <= MAX_TICKS, "the time base of a context is too late")?;
        check(self.tick_shift < u64::BITS, "a tick of a context is too long")?;
        let Reservation { valid, size, .. } = self.reservation;
        check(valid <= 1 && matches!(size, 0 | 4 | 8), "a reservation has an unknown size or mark")?;
        let mut ctx = PpcContext {
            gpr: self.gpr,
            lr: self.lr,
            ctr: self.ctr,
            budget: self.budget,
            host: [0; HOST_WORDS],
            fpr: self.fpr,
            vr,
            visit_budget: self.visit_budget,
            time_base: self.time_base,
            tick_shift: self.tick_shift,
            time_reads_left: self.time_reads_left,
            msr: self.msr,
            pc: self.pc,
            fpscr: self.fpscr,
            vscr: self.vscr,
            vrsave: self.vrsave,
            sprg: self.sprg,
            hw_id: self.hw_id,
            thread_id: self.thread_id,
            reservation: self.reservation,
            fp_lazy: FpLazy::default(),
            ..PpcContext::default()
        };
        ctx.set_cr_word(self.cr);
        ctx.set_xer_word(self.xer);
        Ok(ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_state::{StateSection, StoredSection};

    #[derive(Debug, Serialize, Deserialize)]
    struct Saved(Box<PpcContext>);

    impl StateSection for Saved {
        const NAME: &'static str = "test/context";
        const VERSION: u16 = 1;
    }

    fn full() -> PpcContext {
        let mut ctx = PpcContext {
            gpr: std::array::from_fn(|n| u64::MAX - n as u64),
            fpr: std::array::from_fn(|n| (n as u64) << 52),
            vr: std::array::from_fn(|n| (n as u128) << 120 | 5),
            lr: 1 << 40,
            ctr: 3,
            msr: 1 << 63,
            pc: 0x8200_0004,
            fpscr: 0xE000_0001,
            vscr: 1,
            vrsave: 9,
            sprg: [1, 2, 3, 4],
            budget: 5,
            visit_budget: 50_000,
            time_base: 77,
            tick_shift: 3,
            time_reads_left: 6,
            hw_id: 5,
            thread_id: 12,
            reservation: Reservation { value: 8, addr: 0x4000_0000, generation: 7, valid: 1, size: 8 },
            ..PpcContext::default()
        };
        ctx.set_cr_word(0x1234_5678);
        ctx.set_xer_word(0xA000_0011);
        ctx
    }

    #[test]
    fn a_context_is_saved_without_the_engines_scratch() {
        let mut ctx = full();
        ctx.host.fill(99);
        ctx.fp_lazy.a = 99;
        let stored = StoredSection::encode(&Saved(Box::new(ctx.clone()))).unwrap();
        let Saved(read) = stored.decode().unwrap();
        assert_eq!(ctx.first_difference(&read), None);
        assert_eq!(read.host, [0; HOST_WORDS]);
        assert_eq!(read.fp_lazy, FpLazy::default());
        // All other fields, those that are not compared included.
        let plain = full();
        assert_eq!(format!("{read:?}"), format!("{plain:?}"));
        ctx.fp_lazy.op = 1;
        assert!(StoredSection::encode(&Saved(Box::new(ctx))).is_err(), "flags are pending");
    }

    #[test]
    fn impossible_values_are_refused() {
        type Change = fn(&mut PpcContext);
        let changes: [Change; 7] = [
            |ctx| ctx.hw_id = 6,
            |ctx| ctx.budget = -1,
            |ctx| ctx.budget = ctx.visit_budget + 1,
            |ctx| ctx.visit_budget = i64::MAX,
            |ctx| ctx.time_base = u64::MAX,
            |ctx| ctx.tick_shift = 64,
            |ctx| ctx.reservation.size = 3,
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut ctx = full();
            change(&mut ctx);
            let stored = StoredSection::encode(&Saved(Box::new(ctx))).unwrap();
            assert!(stored.decode::<Saved>().is_err(), "change {index}");
        }
    }
}
