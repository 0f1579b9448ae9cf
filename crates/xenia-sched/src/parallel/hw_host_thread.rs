//! The host thread of one hardware thread.
//!
//! ```text
//! boundary ── pick a thread ──▶ visit: engine.run ─▶ syscall ─▶ engine.run ─▶ … ──▶ boundary
//!     └─ no thread: sleep until notified
//! ```
//!
//! A visit ends when its quantum is spent, the guest yields, its thread waits or ends, or the host
//! thread is notified ([`super::parker::Parker`]) that the choice of the running thread may have
//! changed. The slot's lock is taken at boundaries only, and is not needed there if no other thread
//! is ready and there is no notification.

use super::live_counters::LiveCounters;
use super::phaser::Phaser;
use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::device_stores;
use crate::parks::Parks;
use crate::sampling::SampledLane;
use crate::time::TIME_READS_PER_VISIT;
use crate::{Disposition, Doing, GuestTicks, HwSlot, Limits, RunEnd, Running, System};
use std::mem;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;
use xenia_cpu::{Execute, Exit};
use xenia_memory::DeviceQueue;

/// log2 of the instructions per tick within a visit: 65,536 per tick. No host executes that many,
/// even while the clock runs slower, so a thread's time does not get ahead of the clock. Calls and
/// reads of the time base take the clock's time.
const TICK_SHIFT: u32 = 16;

/// How long an idle host thread sleeps without a notification. Notifications are not lost: this
/// limits the harm if one were.
const IDLE: Duration = Duration::from_secs(1);

/// The host thread of one hardware thread ([module documentation](self)).
pub(super) struct HwHostThread<'a, S> {
    pub(super) shared: &'a Shared,
    pub(super) limits: &'a Limits,
    pub(super) system: S,
    pub(super) engine: &'a mut dyn Execute,
    pub(super) hw_id: u8,
    /// Length of a visit in instructions.
    pub(super) quantum: u64,
    /// Guest time at the end of the last visit: the next visit begins no earlier.
    pub(super) time: GuestTicks,
    /// The barrier of the hardware threads, if it is on.
    pub(super) phaser: Option<&'a Phaser>,
    /// Whether this hardware thread takes part in the barrier.
    pub(super) is_participant: bool,
    /// Instructions since the last rendezvous at the barrier, over all visits.
    pub(super) since_rendezvous: u64,
    /// Whether `Shared` records that this thread has a guest thread.
    pub(super) is_busy: bool,
    /// Samples of guest code, if a profiler requests them.
    pub(super) sampling: Option<SampledLane>,
    /// Where the engine's counters are shown, if the run has an observer.
    pub(super) counters: Option<&'a LiveCounters>,
}

/// The thread chosen for the slot.
struct Picked {
    running: Running,
    /// Whether the guest has not been notified of its present slot yet.
    has_moved: bool,
    /// Whether no other thread is ready on the slot.
    is_alone: bool,
    /// Guest ids of the threads whose priority changes are to be reported.
    changed: Vec<u32>,
}

/// State after a visit.
#[derive(Default)]
struct VisitResult {
    /// The thread, unless it waits or has ended.
    running: Option<Running>,
    /// Instructions since the boundary that the slot has not counted yet.
    executed: u64,
    /// Whether it yields to threads of equal priority.
    yields: bool,
}

/// Result of one call of the engine.
struct EngineRun {
    exit: Exit,
    executed: u64,
    /// Whether the budget was cut for a sample.
    is_cut: bool,
}

impl<S: System> HwHostThread<'_, S> {
    /// Runs guest threads until the run ends.
    pub(super) fn run(mut self, queue: &mut DeviceQueue) {
        let parker = &self.shared.slots.owners[usize::from(self.hw_id)];
        parker.register();
        let mut devices = queue.make_current();
        let mut left = VisitResult::default();
        while !self.shared.is_ending() {
            parker.clear();
            let picked = self.boundary(left);
            self.set_participation(picked.is_some());
            left = if let Some((running, is_alone)) = picked {
                self.visit(running, is_alone, &mut devices)
            } else {
                self.shared.activity.set(usize::from(self.hw_id), Doing::Nothing);
                // One engine has the totals that all share, which change while it is idle.
                self.show_counters();
                parker.wait(IDLE);
                VisitResult::default()
            };
        }
        self.shared.activity.set(usize::from(self.hw_id), Doing::Nothing);
        self.set_participation(false);
        self.save_context(left);
    }

    /// Joins or leaves the barrier.
    fn set_participation(&mut self, participates: bool) {
        if let Some(phaser) = self.phaser
            && participates != self.is_participant
        {
            self.is_participant = participates;
            self.since_rendezvous = 0;
            if participates { phaser.join() } else { phaser.leave() }
        }
    }

    /// Waits at the barrier after a quantum of instructions, however many visits that took, or when
    /// the guest yields the rest of it. Otherwise a thread that yields would never arrive, and
    /// threads for which it spins would wait for it at the barrier.
    fn rendezvous(&mut self, executed: u64, gives_up: bool) {
        self.since_rendezvous += executed;
        if let Some(phaser) = self.phaser
            && (gives_up || self.since_rendezvous >= self.quantum)
        {
            self.since_rendezvous = 0;
            phaser.arrive();
        }
    }

    /// Puts the registers of the thread that ran last back into its record.
    fn save_context(&mut self, left: VisitResult) {
        let VisitResult { running, executed, .. } = left;
        if let Some(running) = running {
            self.shared.slots.put(running, self.time);
        }
        self.shared.slots.own(self.hw_id, |slot| {
            slot.decrement_quantum(executed);
            self.set_busy(false);
        });
    }

    /// Publishes whether there is a guest thread here. The caller holds the slot's lock.
    fn set_busy(&mut self, is_busy: bool) {
        if is_busy != self.is_busy {
            self.is_busy = is_busy;
            self.shared.set_busy(self.hw_id, is_busy);
        }
    }

    /// Picks the next thread of the slot. Also returns whether no other thread is ready there.
    fn boundary(&mut self, left: VisitResult) -> Option<(Running, bool)> {
        let VisitResult { mut running, executed, yields } = left;
        let hw_id = self.hw_id;
        let slots = &self.shared.slots;
        let now = self.shared.clock.now().max(self.time);
        let before = running.as_ref().map(|running| running.thread);
        let mut picked = slots.own(hw_id, |slot| {
            slot.decrement_quantum(executed);
            if yields {
                slot.yield_slot();
            }
            if let Some(running) = running.take_if(|running| slot.records.has(running.thread)) {
                slot.put(&slots.common, running);
            }
            // A thread that was moved away can't be replaced before its registers are put back.
            if running.is_none() { self.pick(slot) } else { None }
        })?;
        if picked.is_none() && (running.is_some() || slots.common.can_take_thread(hw_id)) {
            if let Some(running) = running {
                slots.put(running, now);
            }
            slots.steal(hw_id, now);
            picked = slots.own(hw_id, |slot| self.pick(slot))?;
        }
        let Picked { mut running, has_moved, is_alone, changed } = picked?;
        for id in changed {
            self.system.priority_changed(&mut SlotCpu::at(self.shared, now), id);
        }
        if before != Some(running.thread) {
            // A processor has one reservation, which must not survive a switch of threads.
            running.ctx.reservation.valid = 0;
        }
        if has_moved {
            self.system.thread_moved(&running);
        }
        Some((running, is_alone))
    }

    /// Picks a thread for the slot, and takes its registers.
    fn pick(&mut self, slot: &mut HwSlot) -> Option<Picked> {
        let running = slot.pick(&self.shared.slots.common).and_then(|thread| slot.take(thread).ok());
        self.set_busy(running.is_some());
        let running = running?;
        let mut changed = slot.take_changed_priorities();
        // The change may be in the list of another slot whose host thread has not reported it yet.
        if slot.take_unreported_priority(running.thread) && !changed.contains(&running.id) {
            changed.push(running.id);
        }
        Some(Picked {
            has_moved: slot.take_moved(running.thread),
            is_alone: !slot.has_ready(),
            changed,
            running,
        })
    }

    /// Runs a thread to the next boundary.
    fn visit(&mut self, mut running: Running, is_alone: bool, devices: &mut DeviceQueue) -> VisitResult {
        let parker = &self.shared.slots.owners[usize::from(self.hw_id)];
        let mut executed = 0;
        loop {
            let Some((on, disposition)) = self.quantum(running, devices, &mut executed) else {
                return VisitResult { executed, ..VisitResult::default() };
            };
            running = on;
            match disposition {
                Disposition::Continue if is_alone && !parker.is_notified() && !self.shared.is_ending() => {}
                Disposition::Continue | Disposition::Park(_) => {
                    return VisitResult { running: Some(running), executed, yields: false };
                }
                Disposition::EndVisit => {
                    // On the console the other hardware threads run meanwhile; here they may need
                    // this host processor.
                    thread::yield_now();
                    return VisitResult { running: Some(running), executed, yields: true };
                }
                Disposition::Stop => {
                    self.shared.finish(RunEnd::Stopped);
                    return VisitResult { running: Some(running), executed, yields: false };
                }
                Disposition::End(kind) => {
                    self.shared.finish(RunEnd::Ended(kind));
                    return VisitResult { running: Some(running), executed, yields: false };
                }
            }
        }
    }

    /// Runs a thread until the engine returns, but at most to the next sample, and hands over its
    /// device stores.
    fn run_engine(&mut self, running: &mut Running, devices: &mut DeviceQueue) -> EngineRun {
        let ctx = &mut *running.ctx;
        self.shared.activity.set(usize::from(self.hw_id), Doing::Guest(ctx.pc));
        let before = ctx.budget;
        let held_back = self.sampling.as_mut().map_or(0, |sampling| {
            let budget = u64::try_from(before).unwrap_or(0);
            (budget - sampling.allowed(budget)) as i64
        });
        let exit = ctx.with_budget_held(held_back, |ctx| self.engine.run(ctx, devices));
        let executed = (before - ctx.budget) as u64;
        if let Some(sampling) = &mut self.sampling
            && sampling.advance(executed)
        {
            sampling.add(running.id, ctx.pc, self.system.call_stack(ctx));
        }
        if !devices.is_empty() {
            self.system.show_stores(devices.stores());
            self.shared.leave_stores(devices.stores());
            devices.clear();
        }
        EngineRun { exit, executed, is_cut: held_back > 0 }
    }

    /// Runs a thread for a quantum, or until its visit ends for another reason. Returns `None` if
    /// it waits.
    fn quantum(
        &mut self,
        mut running: Running,
        devices: &mut DeviceQueue,
        executed: &mut u64,
    ) -> Option<(Running, Disposition)> {
        let parker = &self.shared.slots.owners[usize::from(self.hw_id)];
        let time = self.shared.clock.now().max(self.time);
        let ctx = &mut *running.ctx;
        ctx.tick_shift = TICK_SHIFT;
        ctx.begin_visit(self.quantum as i64, time, 1);
        self.shared.activity.set_thread(usize::from(self.hw_id), running.id);
        let mut counted = 0;
        let mut time_reads = 0;
        let disposition = loop {
            let EngineRun { exit, executed: since, is_cut } = self.run_engine(&mut running, devices);
            let ctx = &mut *running.ctx;
            let now = ctx.now();
            let pc = ctx.pc;
            self.time = now;
            counted += since;
            *executed += since;
            let disposition = match exit {
                Exit::Budget if is_cut => Disposition::Continue,
                Exit::Budget => break Disposition::Continue,
                Exit::Yield if ctx.time_reads_left == 0 => {
                    // The read returned the time at the start of the visit. Execute the read again
                    // with the clock's current time, from which guest time continues, or in the
                    // next visit. Both count as one instruction.
                    counted -= 1;
                    *executed -= 1;
                    ctx.pc = pc.wrapping_sub(4);
                    if time_reads == TIME_READS_PER_VISIT {
                        break Disposition::EndVisit;
                    }
                    time_reads += 1;
                    ctx.begin_visit(ctx.budget + 1, self.shared.clock.now().max(now), 2);
                    Disposition::Continue
                }
                Exit::Yield => break Disposition::EndVisit,
                Exit::Syscall { lev } => {
                    self.shared.activity.set(usize::from(self.hw_id), Doing::Kernel(pc));
                    self.system.syscall(&mut SlotCpu::since(self.shared, now), &mut running, lev)
                }
                // The devices have been given the stores above.
                Exit::Exception(_) if device_stores::are_too_many(exit) => Disposition::Continue,
                Exit::Exception(exception) => {
                    self.system.exception(&mut SlotCpu::since(self.shared, now), &mut running, exception)
                }
            };
            let disposition = if let Disposition::Park(wait) = disposition {
                // The thread keeps the rest of its quantum while it waits.
                let since_boundary = mem::take(executed);
                self.shared.slots.own(self.hw_id, |slot| slot.decrement_quantum(since_boundary));
                let mut cpu = SlotCpu::at(self.shared, now);
                let Some((on, disposition)) = cpu.park_or_resume(&mut self.system, running, wait) else {
                    self.count(counted);
                    self.rendezvous(counted, false);
                    return None;
                };
                running = on;
                disposition
            } else {
                disposition
            };
            if disposition != Disposition::Continue || parker.is_notified() || self.shared.is_ending() {
                break disposition;
            }
        };
        self.count(counted);
        self.rendezvous(counted, disposition == Disposition::EndVisit);
        Some((running, disposition))
    }

    /// Adds to the run's instruction count, and shows the engine's counters.
    fn count(&self, executed: u64) {
        let total = self.shared.instructions.fetch_add(executed, Relaxed) + executed;
        self.shared.activity.step(usize::from(self.hw_id), total, self.time);
        if self.limits.instructions.is_some_and(|limit| total >= limit) {
            self.shared.finish(RunEnd::Instructions);
        }
        self.show_counters();
    }

    /// Shows the engine's counters, if they are requested. The caller must hold no lock.
    fn show_counters(&self) {
        if let Some(counters) = self.counters {
            counters.update(self.hw_id, &*self.engine);
        }
    }
}
