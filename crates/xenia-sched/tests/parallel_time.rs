//! Guest time of the parallel executor: reads of the time base, calls, skipped time and the time in
//! memory.

use crate::scripted::{exit, machine, machine_with};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use xenia_cpu::{EngineCounters, Execute, Exit, PpcContext};
use xenia_memory::DeviceQueue;
use xenia_sched::{
    Alertable, BlockReason, Disposition, EndKind, GuestTicks, Limits, RunEnd, TICKS_PER_SECOND,
    TIME_READS_PER_VISIT, Wait,
};

/// Engine that takes long and reads the time base, [`READS`] times, and calls.
struct Reader;

/// Time that [`Reader`] takes before the read.
const LONG: Duration = Duration::from_millis(4);

/// Runs of a test that a busy host may disturb, at most.
const ATTEMPTS: u32 = 200;

/// Reads before the call: one more than those of a visit.
const READS: u64 = TIME_READS_PER_VISIT as u64 + 1;

impl Execute for Reader {
    fn run(&mut self, ctx: &mut PpcContext, _: &mut DeviceQueue) -> Exit {
        while ctx.budget > 0 {
            ctx.budget -= 1;
            ctx.pc += 4;
            match ctx.pc {
                4 => std::thread::sleep(LONG),
                8 => {
                    ctx.gpr[3] = ctx.now();
                    ctx.time_reads_left -= 1;
                    if ctx.time_reads_left == 0 {
                        return Exit::Yield;
                    }
                }
                12 if ctx.gpr[4] + 1 < READS => {
                    ctx.gpr[4] += 1;
                    ctx.pc = 0;
                }
                _ => return Exit::Syscall { lev: 2 },
            }
        }
        Exit::Budget
    }

    fn name(&self) -> &'static str {
        "reader"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(Reader))
    }
}

#[test]
fn time_base_reads_return_the_current_time() {
    let late = || {
        let late = Arc::new(AtomicU64::new(u64::MAX));
        let seen = late.clone();
        let mut machine = machine_with(Box::new(Reader), &[(1, 0)], move |_, cpu, running| {
            seen.store(cpu.now() - running.ctx.gpr[3], SeqCst);
            exit(cpu, running)
        });
        machine.run(&Limits::default());
        assert_eq!(machine.instructions(), 3 * READS, "each counts once");
        Duration::from_micros(late.load(SeqCst) / (TICKS_PER_SECOND / 1_000_000))
    };
    // An old time is always too late; the host may delay the call after a read, but not each time.
    assert!((0..ATTEMPTS).any(|_| late() < LONG / 2));
}

#[test]
fn a_call_sees_the_time_at_which_it_is_made() {
    let before = Arc::new(AtomicU64::new(0));
    let seen = before.clone();
    let mut machine = machine(&[(1, 0)], move |_, cpu, running| {
        let before = seen.swap(cpu.now(), SeqCst);
        std::thread::sleep(LONG);
        if before == 0 {
            return Disposition::Continue;
        }
        let passed = seen.load(SeqCst) - before;
        assert!(passed >= LONG.as_micros() as u64 * (TICKS_PER_SECOND / 1_000_000), "{passed} ticks");
        assert_eq!(cpu.now() - before, passed, "one time for a call");
        exit(cpu, running)
    });
    let end = machine.run(&Limits::default());
    assert!(matches!(end, RunEnd::Ended(EndKind::Exit { .. })), "{end:?}");
}

#[test]
fn time_in_which_nothing_happens_is_skipped() {
    const HOUR: GuestTicks = 3600 * TICKS_PER_SECOND;
    let start = Instant::now();
    let mut machine = machine(&[(7, 3)], |_, cpu, running| {
        if running.ctx.gpr[3] == 0x102 {
            assert!(cpu.now() >= HOUR);
            return exit(cpu, running);
        }
        let deadline = Some(cpu.now() + HOUR);
        Disposition::Park(Wait { reason: BlockReason::Delay, deadline, alertable: Alertable::No })
    });
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 7 }));
    assert!(machine.scheduler.now() >= HOUR);
    assert!(start.elapsed() < Duration::from_hours(1));
}

#[test]
fn the_time_in_memory_advances_each_millisecond_though_no_event_is_due() {
    let advances = || {
        let advances = Arc::new(AtomicU64::new(0));
        let mut machine = machine(&[(1, 0)], |_, _, _| Disposition::Continue);
        machine.system.advances = Some(advances.clone());
        let limits = Limits { ticks: Some(TICKS_PER_SECOND / 5), ..Limits::default() };
        assert_eq!(machine.run(&limits), RunEnd::Ticks);
        advances.load(SeqCst)
    };
    // It is 200 on an idle host, and 40 if the time-keeper sleeps for as long as it may. A busy
    // host delays it, but not each time.
    assert!((0..ATTEMPTS).any(|_| advances() >= 60));
}
