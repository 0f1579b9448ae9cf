//! Random sequences of kernel calls, as a hostile title makes them: valid and invalid arguments
//! mixed, on one kernel, so that threads, handles and files persist from call to call.
//!
//! The seed determines a sequence. The test runs some; to run many, use
//!
//! ```sh
//! XENIA_KERNEL_SEEDS=0..1000000 cargo test --release -p xenia-kernel-tests kernel_call_sequences
//! ```
//!
//! in one process per core, each with a range of seeds. No call may panic, take long, or make the
//! process large; the message contains the seed.

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;
use xenia_exports::FAMILIES;
use xenia_kernel::KernelSystem;
use xenia_kernel::reload::{reload_core, restore_stored_core, stored_core};
use xenia_sched::{Disposition, HW_THREADS, System, ThreadState};
use xenia_testing::{Cases, Dice, thread_time};

/// Calls in a sequence.
const CALLS: usize = 120;
/// Limit of processor time for one call.
const MAX_TIME: Duration = Duration::from_secs(15);
/// Offsets of prepared structures in the scratch memory; the stack is above them.
const STRINGS: u32 = 0x8000;
const TIMES: u32 = 0xC000;

/// Exports that end the title or serve only to end it.
const ENDS: &[&str] =
    &["Terminate", "Launch", "Bugcheck", "BugCheck", "ReturnToFirmware", "BreakPoint", "Unwind", "Raise"];

/// Paths and names for arguments.
const NAMES: &[&str] = &[
    "cache:\\a",
    "cache:\\d\\b",
    "cache:\\d",
    "cache:\\",
    "game:\\default.xex",
    "game:\\..\\..\\etc\\passwd",
    "\\Device\\Harddisk0\\Cache0\\a",
    "x:",
    "Event",
    "%s %d %n %08x %f %I64d",
    "",
    "*",
];
/// Times: zero, now, soon, later, never, some absolute ones.
const TIME_VALUES: &[i64] =
    &[0, -1, -10_000, -10_000_000_000, i64::MIN, 1, 132_500_000_000_100_000, i64::MAX];

struct Sequence {
    harness: Harness,
    /// Whether the kernel's core is saved and restored between calls.
    reloads: bool,
    /// Number of reloads so far.
    reloaded: u64,
    dice: Dice,
    exports: Vec<(&'static xenia_kernel::imports::Export, GuestAddr)>,
    /// Log of all calls so far.
    log: Vec<String>,
}

impl Sequence {
    fn new(seed: u64) -> Self {
        let harness = Harness::new();
        let memory = harness.memory();
        let mut stubs = harness.kernel.imports.stubs.lock();
        let exports = FAMILIES.iter().copied().flatten();
        let exports = exports.map(|export| (export, stubs.export_stub(memory, export).unwrap())).collect();
        drop(stubs);
        let sequence =
            Self { harness, reloads: false, reloaded: 0, dice: Dice(seed), exports, log: Vec::new() };
        sequence.prepare();
        sequence
    }

    fn system(&self) -> KernelSystem {
        KernelSystem::new(self.harness.kernel.clone())
    }

    /// Stores strings, object attributes and times at known addresses.
    fn prepare(&self) {
        for (index, name) in NAMES.iter().enumerate() {
            self.harness.put_attributes(STRINGS + 0x80 * index as u32, name);
        }
        for (index, &time) in TIME_VALUES.iter().enumerate() {
            self.harness
                .memory()
                .write(self.harness.scratch.offset(TIMES + 8 * index as u32), time as u64)
                .unwrap();
        }
    }

    /// Returns a random argument of any meaning, rarely an unusable pointer.
    fn argument(&mut self) -> u64 {
        let scratch = self.harness.scratch.0;
        let value = match self.dice.below(32) {
            0..=5 => self.dice.below(9) as u64,
            6..=13 => u64::from(scratch) + 16 * self.dice.below(0x200) as u64,
            14 | 15 => {
                // Object attributes, a string, its text.
                let part = [0, 0x10, 0x20][self.dice.below(3)];
                u64::from(scratch + STRINGS) + 0x80 * self.dice.below(NAMES.len()) as u64 + part
            }
            16 => u64::from(scratch + TIMES) + 8 * self.dice.below(TIME_VALUES.len()) as u64,
            17..=21 => {
                let handles: Vec<u32> =
                    self.harness.kernel.objects.handles().into_iter().map(|(handle, _)| handle.0).collect();
                u64::from(self.dice.pick(&handles).unwrap_or(0x1000))
            }
            22 | 23 => {
                let bodies: Vec<u32> =
                    self.harness.kernel.objects.list().into_iter().map(|(_, body)| body.0).collect();
                u64::from(self.dice.pick(&bodies).unwrap_or(scratch))
            }
            24 => [0xFFFF_FFFE, 0xFFFF_FFFF, 0x1000, 0x3000, 0x4000, 0x8000, 0xC000_0000][self.dice.below(7)],
            25 => 1 << self.dice.below(33),
            26 => [4, 0x10, 0x14, 0x18, 0x28, 0x38, 0x40, 0x100][self.dice.below(8)],
            27 => {
                [0x8000_0000, 0xC010_0000, 0xC011_0000, 0x21, 0x60, 0x1020, 0x2000_0004][self.dice.below(7)]
            }
            28 => u64::from(self.exports[self.dice.below(self.exports.len())].1.0),
            29 if self.dice.one_in(4) => self.dice.next(),
            30 if self.dice.one_in(4) => [0x7FC8_0000, 0x10, 0xFFFF_FFFC, 0x7000_0000][self.dice.below(4)],
            _ => 0,
        };
        if self.dice.one_in(40) { value + self.dice.below(4) as u64 } else { value }
    }

    fn export(&mut self) -> (&'static xenia_kernel::imports::Export, GuestAddr) {
        loop {
            let found = self.exports[self.dice.below(self.exports.len())];
            if !ENDS.iter().any(|end| found.0.name.contains(end)) || self.dice.one_in(30) {
                return found;
            }
        }
    }

    /// Makes the thread call an export through its stub, as guest code does.
    fn call(&mut self) {
        let (export, stub) = self.export();
        if self.harness.scheduler.thread(self.harness.thread).is_err() {
            return;
        }
        let arguments: Vec<u64> = (0..12).map(|_| self.argument()).collect();
        self.log.push(format!("{}({:x?})", export.name, &arguments[..export.parameters.len().min(12)]));
        let stack = u64::from(self.harness.scratch.0) + 0x1_8000;
        for (index, &argument) in arguments.iter().skip(8).enumerate() {
            let at = self.harness.scratch.offset(0x1_8050 + 8 * index as u32);
            // The title may have freed the memory.
            let _ = self.harness.memory().write(at, argument);
        }
        let ctx = self.harness.context();
        ctx.gpr[1] = stack;
        ctx.gpr[3..11].copy_from_slice(&arguments[..8]);
        ctx.pc = stub.0 + 4;
        let thread = self.harness.thread;
        let mut system = self.system();
        let start = thread_time();
        let _ = self.harness.act(thread, |cpu, running| system.syscall(cpu, running, 2));
        let took = thread_time().saturating_sub(start);
        assert!(took < MAX_TIME, "one call took {took:?}");
    }

    /// Makes guest code that the kernel has called return with some result.
    fn guest_returns(&mut self, thread: ThreadRef) -> Disposition {
        let result = self.argument();
        let Ok(ctx) = self.harness.scheduler.context_mut(thread) else { return Disposition::Continue };
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        ctx.gpr[3] = result;
        let mut system = self.system();
        self.harness.act(thread, |cpu, running| system.syscall(cpu, running, 2))
    }

    /// Advances time to the next event, and lets the other threads run, which return.
    fn others_run(&mut self) {
        let mut system = self.system();
        let next = [self.harness.scheduler.next_deadline(), system.next_event()];
        let now = self.harness.scheduler.now() + 1000;
        let next = next.into_iter().flatten().min().filter(|&next| next < xenia_sched::MAX_TICKS);
        self.harness.scheduler.set_now(next.unwrap_or(now).max(now));
        system.advance(&mut self.harness.scheduler);
        let now = self.harness.scheduler.now();
        while let Some(thread) = self.harness.scheduler.pop_expired(now) {
            self.harness.scheduler.time_out(&mut system, thread);
        }
        for hw_id in 0..HW_THREADS as u8 {
            for _ in 0..4 {
                match self.harness.scheduler.begin_slot_visit(hw_id) {
                    Some(thread) if thread != self.harness.thread => {
                        self.guest_returns(thread);
                    }
                    _ => break,
                }
            }
        }
    }

    /// Makes the thread able to make the next call: ends a wait, returns from guest code, replaces
    /// an ended thread. Returns `false` if that is impossible.
    fn recover(&mut self) -> bool {
        let thread = self.harness.thread;
        let (waiting, gone) = match self.harness.scheduler.thread(thread).map(|thread| thread.state().clone())
        {
            Ok(ThreadState::Waiting { .. }) => (true, false),
            Ok(ThreadState::Exited { .. }) | Err(_) => (false, true),
            Ok(_) => (false, false),
        };
        if gone {
            let new = NewThread::new(
                GuestAddr(0x8200_0000),
                self.harness.kernel.imports.own_stubs.thread_return,
                0,
            );
            let made = self.harness.kernel.thread_life().create(&mut self.harness.scheduler, &new);
            return made.map(|made| self.harness.thread = made.reference).is_ok();
        }
        if waiting {
            let mut system = self.system();
            self.harness.scheduler.time_out(&mut system, thread);
        }
        if self.harness.context().lr as u32 == self.harness.kernel.imports.own_stubs.call_return.0
            && !self.dice.one_in(4)
        {
            self.guest_returns(thread);
        }
        self.harness.scheduler.thread(self.harness.thread).is_ok()
    }

    /// Stores the prepared structures again, because calls may have overwritten or freed them.
    fn renew_scratch(&mut self) {
        let memory = self.harness.memory();
        let scratch = self.harness.scratch;
        if !(0..0x20).all(|page| memory.is_writable(scratch.offset(page << 12))) {
            let Ok(scratch) = memory.alloc(Heap::Virtual4K, 0x2_0000, 0x1_0000, Protect::READ_WRITE) else {
                return;
            };
            self.harness.scratch = scratch;
        }
        self.prepare();
    }

    fn run(&mut self) {
        for number in 0..CALLS {
            self.call();
            if number % 4 == 3 {
                self.others_run();
            }
            if !self.recover() {
                break;
            }
            if number % 16 == 15 {
                self.renew_scratch();
            }
            if self.reloads {
                let kernel = Arc::get_mut(&mut self.harness.kernel).expect("nothing else has the kernel");
                self.reloaded += u64::from(reload_core(kernel));
            }
        }
        self.harness.kernel.describe_objects(&mut |_| {});
        let _ = self.harness.kernel.imports.missing_calls();
    }
}

#[test]
fn kernel_call_sequences() {
    Cases::new("XENIA_KERNEL_SEEDS", 250).each(|seed| {
        let mut sequence = Sequence::new(seed);
        let ended = catch_unwind(AssertUnwindSafe(|| sequence.run()));
        if let Err(panic) = ended {
            if std::env::var_os("XENIA_KERNEL_LOG").is_some() {
                println!("{}", sequence.log.join("\n"));
            }
            let last = sequence.log.last().map(String::as_str).unwrap_or_default();
            println!("call {}: {last}", sequence.log.len());
            resume_unwind(panic);
        }
    });
}

/// A hostile title can't tell whether the kernel's core was saved and restored between its calls.
#[test]
fn sequences_continue_identically_after_the_core_is_restored() {
    let reloads: u64 = (1_000_000..1_000_025).map(same_with_reloads).sum();
    assert!(reloads > 1000, "{reloads}");
}

/// Makes a sequence of calls without and with reloads, which must be the same; returns the number
/// of reloads.
fn same_with_reloads(seed: u64) -> u64 {
    let [mut plain, mut reloaded] = [false, true].map(|reloads| {
        let mut sequence = Sequence::new(seed);
        sequence.reloads = reloads;
        sequence.run();
        sequence
    });
    assert_eq!(plain.log, reloaded.log, "seed {seed}");
    let [one, other] = [&mut plain, &mut reloaded].map(|sequence| {
        let mut lines = Vec::new();
        sequence.harness.kernel.describe_objects(&mut |line| lines.push(line.to_owned()));
        let thread = sequence.harness.thread;
        lines.push(format!(
            "{thread:?} {:?}",
            sequence.harness.scheduler.context_mut(thread).map(|ctx| ctx.gpr)
        ));
        lines
    });
    assert_eq!(one, other, "seed {seed}");
    reloaded.reloaded
}

/// A core that is restored from changed bytes is refused, or later calls run without a panic.
#[test]
fn changed_states_are_refused_or_possible() {
    let mut refused = 0;
    let mut possible = 0;
    for seed in 2_000_000..2_000_025 {
        let mut sequence = Sequence::new(seed);
        sequence.run();
        let Some(stored) = stored_core(&sequence.harness.kernel) else { continue };
        for _ in 0..20 {
            let mut changed = stored.clone();
            for _ in 0..=sequence.dice.below(3) {
                let at = sequence.dice.below(changed.bytes.len());
                changed.bytes[at] ^= 1 << sequence.dice.below(8);
            }
            let kernel = Arc::get_mut(&mut sequence.harness.kernel).expect("nothing else has the kernel");
            if restore_stored_core(kernel, &changed).is_ok() {
                possible += 1;
                sequence.run();
                break;
            }
            refused += 1;
        }
    }
    assert!(refused > 25 && possible > 12, "{refused} refused, {possible} possible");
}
