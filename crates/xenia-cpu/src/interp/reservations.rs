//! Reservations, in the three [`ReservationMode`]s.
//!
//! A reservation is the address, size and value of the load that made it. The conditional store
//! fails at another address or with another size (the book allows it), and if the value has
//! changed. With the table, a commit by another hardware thread or a write by the machine ends it
//! as well; in strict mode plain stores of other threads too, each atomically with ending the
//! reservation.

use super::{CpuView, ExceptionKind, Raised, Retirement, Step};
use crate::{Reservation, ReservationMode};
use std::sync::atomic::{Ordering, fence};
use xenia_guest::GuestAddr;
use xenia_isa::Instruction;
use xenia_memory::{AccessKind, FaultKind, GuestMemory, MemoryFault};

impl CpuView<'_> {
    fn misaligned(&mut self, ea: u32, access: AccessKind) -> Raised {
        let fault = MemoryFault { addr: GuestAddr(ea), kind: FaultKind::Misaligned, access };
        self.raise(ExceptionKind::Memory(fault))
    }

    /// Makes a reservation for a load of `size` bytes at `ea` that follows; the value is set after
    /// it.
    fn reserve(&mut self, ea: u32, size: u32) -> Reservation {
        let generation = match self.reservations {
            ReservationMode::Context => 0,
            ReservationMode::Table | ReservationMode::Strict => {
                self.memory.reservations().reserve(GuestAddr(ea), self.ctx.hw_id)
            }
        };
        Reservation { value: 0, addr: ea, generation, valid: 1, size }
    }

    /// A conditional store of `size` bytes at `ea`: if the reservation is valid, `exchange`
    /// compares with the reserved value and stores. The reservation ends either way, except by a
    /// fault.
    fn store_conditionally(
        &mut self,
        ea: u32,
        size: u32,
        exchange: impl FnOnce(&GuestMemory, u64) -> Result<bool, MemoryFault>,
    ) -> Result<bool, MemoryFault> {
        let held = self.ctx.reservation;
        let matches = held.valid != 0 && held.addr == ea && held.size == size;
        let claimed = matches.then_some((GuestAddr(ea), held.generation));
        let table = self.memory.reservations();
        let hw_id = self.ctx.hw_id;
        let stored = match self.reservations {
            ReservationMode::Context if matches => exchange(self.memory, held.value)?,
            ReservationMode::Context => false,
            ReservationMode::Table | ReservationMode::Strict => {
                // Before the table's reservation is consumed, which a store that faults keeps.
                self.memory.before_store(ea)?;
                if matches {
                    self.memory.check_writable(ea)?;
                }
                let stored = table.commit(claimed, hw_id, || exchange(self.memory, held.value));
                stored.unwrap_or(Ok(false))?
            }
        };
        self.ctx.reservation = Reservation::default();
        Ok(stored)
    }

    pub(super) fn load_and_reserve(
        &mut self,
        i: Instruction,
        size: u32,
        load: impl FnOnce(&mut Self, u32) -> Result<u64, Raised>,
    ) -> Step {
        let ea = self.ea_x(i);
        if !ea.is_multiple_of(size) {
            return Err(self.misaligned(ea, AccessKind::Load));
        }
        // Reserve before the load: a commit in between must end the reservation.
        let reservation = self.reserve(ea, size);
        let value = load(self, ea)?;
        fence(Ordering::Acquire);
        self.ctx.reservation = Reservation { value, ..reservation };
        self.set_gpr(i.rd(), value);
        Ok(Retirement::Next)
    }

    /// `stwcx.` and `stdcx.` at `ea`; `exchange` makes the store.
    pub(super) fn store_conditional(
        &mut self,
        ea: u32,
        size: u32,
        exchange: impl FnOnce(&GuestMemory, u64) -> Result<bool, MemoryFault>,
    ) -> Step {
        if !ea.is_multiple_of(size) {
            return Err(self.misaligned(ea, AccessKind::Store));
        }
        self.check_watched(ea, size, true)?;
        // Logged even if the store fails: then it must fail in every engine.
        self.log_store(ea, size);
        match self.store_conditionally(ea, size, exchange) {
            Ok(done) => {
                // CR0 is 0b00, then whether the store was made, then XER[SO] (PowerISA book II,
                // `stwcx.`).
                self.set_cr(0, u8::from(done) << 1 | self.ctx.xer_so);
                Ok(Retirement::Next)
            }
            Err(fault) => Err(self.raise(ExceptionKind::Memory(fault))),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::interp::testing::*;
    use crate::{EngineConfig, ExceptionKind, Execute, Exit, PpcContext, Reservation, ReservationMode};
    use std::sync::Arc;
    use std::thread;
    use xenia_guest::GuestAddr;
    use xenia_isa::Op;
    use xenia_memory::{AccessKind, DeviceQueue, FaultKind};

    #[test]
    fn a_conditional_store_needs_its_reservation() {
        for reservations in [ReservationMode::Context, ReservationMode::Table, ReservationMode::Strict] {
            let mut machine = CpuHarness::on(memory(), EngineConfig { reservations });
            machine.ctx.gpr[4] = u64::from(DATA);
            machine.ctx.gpr[3] = 5;
            let lwarx = x(Op::lwarx, 6, 0, 4, 0);
            let stwcx = x(Op::stwcx, 3, 0, 4, 0);
            machine.ctx.xer_so = 1;
            machine.one(stwcx);
            assert_eq!(
                (machine.ctx.cr[0].nibble(), machine.word(DATA)),
                (1, 0),
                "{reservations:?}: none was made"
            );
            machine.one(lwarx);
            machine.one(stwcx);
            assert_eq!((machine.ctx.cr[0].nibble(), machine.word(DATA)), (3, 5), "{reservations:?}");
            machine.one(stwcx);
            assert_eq!(machine.ctx.cr[0].nibble(), 1, "{reservations:?}: one reservation, one store");
            machine.one(lwarx);
            machine.memory.write(GuestAddr(DATA), 9_u32).unwrap();
            machine.one(stwcx);
            assert_eq!(
                (machine.ctx.cr[0].nibble(), machine.word(DATA)),
                (1, 9),
                "{reservations:?}: somebody wrote"
            );
            machine.one(lwarx);
            machine.ctx.gpr[4] += 4;
            machine.one(stwcx);
            assert_eq!(machine.ctx.cr[0].nibble(), 1, "{reservations:?}: another address");
            assert_eq!(machine.ctx.reservation, Reservation::default());
        }
    }

    #[test]
    fn strict_reservations_die_of_foreign_plain_stores_only() {
        let memory = memory();
        let config = EngineConfig { reservations: ReservationMode::Strict };
        let mut own = CpuHarness::on(Arc::clone(&memory), config);
        let mut other = CpuHarness::on(memory, config);
        other.ctx.hw_id = 1;
        let lwarx = x(Op::lwarx, 6, 0, 4, 0);
        let stwcx = x(Op::stwcx, 3, 0, 4, 0);
        let stw = d(Op::stw, 7, 4, 64);
        for machine in [&mut own, &mut other] {
            machine.ctx.gpr[4] = u64::from(DATA);
            machine.ctx.gpr[3] = 5;
        }
        own.one(lwarx);
        own.one(stw);
        own.one(stwcx);
        assert_eq!(own.ctx.cr[0].nibble(), 2, "the own store doesn't end it");
        own.one(lwarx);
        other.one(stw);
        own.one(stwcx);
        assert_eq!(own.ctx.cr[0].nibble(), 0, "another thread's store to the line does, whatever the value");
    }

    #[test]
    fn reservations_must_be_aligned() {
        let mut machine = CpuHarness::new();
        machine.ctx.gpr[4] = u64::from(DATA) + 2;
        let words =
            [(x(Op::lwarx, 3, 0, 4, 0), AccessKind::Load), (x(Op::stdcx, 3, 0, 4, 0), AccessKind::Store)];
        for (word, access) in words {
            let Exit::Exception(exception) = machine.one_exit(word) else { panic!("no exception") };
            let ExceptionKind::Memory(fault) = exception.kind else { panic!("{exception:?}") };
            assert_eq!((fault.kind, fault.access), (FaultKind::Misaligned, access));
        }
    }

    /// Eight host threads add 1 to a counter 1,000 times each with `lwarx`/`stwcx.`.
    fn add_concurrently(reservations: ReservationMode, threads: u8) {
        let memory = memory();
        // loop: lwarx r3,0,r4; addi r3,r3,1; stwcx. r3,0,r4; bne- loop; bdnz loop; sc
        let code = [
            x(Op::lwarx, 3, 0, 4, 0),
            d(Op::addi, 3, 3, 1),
            x(Op::stwcx, 3, 0, 4, 0),
            d(Op::bcx, 4, 2, -12),
            d(Op::bcx, 16, 0, -16),
            d(Op::sc, 0, 0, 2),
        ];
        CpuHarness::on(Arc::clone(&memory), EngineConfig::default()).put(CODE, &code);
        thread::scope(|scope| {
            for hw_id in 0..threads {
                let mut machine = CpuHarness::on(Arc::clone(&memory), EngineConfig { reservations });
                scope.spawn(move || {
                    machine.ctx.hw_id = hw_id;
                    machine.ctx.gpr[4] = u64::from(DATA);
                    machine.ctx.ctr = 1000;
                    // Odd budgets cut between the reservation and its store as well.
                    while machine.run(37) == Exit::Budget {}
                    assert_eq!(machine.ctx.pc, CODE + 24);
                });
            }
        });
        assert_eq!(memory.read::<u32>(GuestAddr(DATA)).unwrap(), u32::from(threads) * 1000);
    }

    #[test]
    fn concurrent_lwarx_stwcx_serializes() {
        add_concurrently(ReservationMode::Context, 8);
    }

    #[test]
    fn concurrent_lwarx_stwcx_serializes_with_the_table() {
        // The table supports six hardware threads, as many as the machine has.
        add_concurrently(ReservationMode::Table, 6);
        add_concurrently(ReservationMode::Strict, 6);
    }

    #[test]
    fn a_flag_spin_sees_the_other_thread_s_store() {
        let memory = memory();
        // spin: lwz r3,0(r4); cmpwi r3,0; beq spin; lwz r5,4(r4); sc
        let spin = [
            d(Op::lwz, 3, 4, 0),
            d(Op::cmpi, 0, 3, 0),
            d(Op::bcx, 12, 2, -8),
            d(Op::lwz, 5, 4, 4),
            d(Op::sc, 0, 0, 2),
        ];
        // stw r6,4(r4); lwsync; stw r7,0(r4); sc
        let set = [d(Op::stw, 6, 4, 4), x(Op::sync, 1, 0, 0, 0), d(Op::stw, 7, 4, 0), d(Op::sc, 0, 0, 2)];
        let mut waiter = CpuHarness::on(Arc::clone(&memory), EngineConfig::default());
        let mut setter = CpuHarness::on(memory, EngineConfig::default());
        waiter.put(CODE, &spin);
        waiter.put(CODE + 0x100, &set);
        waiter.ctx.gpr[4] = u64::from(DATA);
        setter.ctx = PpcContext { pc: CODE + 0x100, ..PpcContext::default() };
        setter.ctx.gpr[4] = u64::from(DATA);
        setter.ctx.gpr[6] = 42;
        setter.ctx.gpr[7] = 1;
        thread::scope(|scope| {
            scope.spawn(|| {
                let CpuHarness { interp, ctx, .. } = &mut waiter;
                ctx.begin_visit(i64::MAX, 0, u32::MAX);
                assert_eq!(interp.run(ctx, &mut DeviceQueue::new()), Exit::Syscall { lev: 0 });
            });
            thread::yield_now();
            assert_eq!(setter.run(100), Exit::Syscall { lev: 0 });
        });
        assert_eq!(waiter.ctx.gpr[5], 42, "what was stored before the flag is seen after it");
    }
}
