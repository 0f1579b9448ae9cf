//! Timers beside a model: set, set again, taken back and closed at any times, with deferred calls, APCs and waiting threads.

mod model;

use super::*;
use crate::KernelSystem;
use crate::layout::{dispatcher_header, kdpc, ktimer};
use crate::thread::apc::ApcSource;
use model::{Model, Setting, Thread, Timer, Wait};
use xenia_sched::{GuestTicks, MAX_TICKS, START_FILETIME, System};
use xenia_testing::{Cases, Dice};

/// Operations in a case.
const OPERATIONS: usize = 120;
/// Where things lie in scratch memory: three deferred calls, arguments, timers; the stack is above.
const DPCS: u32 = 0x100;
const TIMES: u32 = 0x200;
const OUT: u32 = 0x240;
const LIST: u32 = 0x280;
const TIMERS: u32 = 0x400;
/// Timers by pointer, every other one in a page of its own.
const POINTERS: u32 = 12;

struct Case {
    dice: Dice,
    bench: Bench,
    system: KernelSystem,
    model: Model,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut bench = Bench::new();
        let system = KernelSystem::new(bench.kernel.clone());
        let mut model = Model::default();
        let threads = [bench.thread, bench.add_thread(), bench.add_thread(), bench.add_thread()];
        for name in threads {
            model.threads.push(Thread::new(name, bench.scheduler.thread(name).unwrap().id));
        }
        for index in 0..3 {
            let dpc = bench.scratch.0 + DPCS + 0x20 * index;
            bench.kernel_call("KeInitializeDpc", &[u64::from(dpc), 0x8200_0000, 7]);
            model.known_dpcs.push(dpc);
        }
        let mut case = Self { dice: Dice(seed), bench, system, model };
        for index in 0..POINTERS {
            let alone = index % 2 == 0;
            let at = if alone {
                let page =
                    case.bench.memory().alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE, false);
                page.unwrap().0
            } else {
                case.bench.scratch.0 + TIMERS + ktimer::SIZE * index
            };
            case.add_pointer(at);
            case.model.timers[index as usize].alone = alone;
        }
        case
    }

    fn add_pointer(&mut self, at: u32) {
        let kind = self.dice.below(2) as u64;
        self.bench.kernel_call("KeInitializeTimerEx", &[u64::from(at), kind]);
        self.add(at, None, kind == 1);
    }

    fn add(&mut self, at: u32, handle: Option<u64>, auto: bool) {
        self.model.timers.push(Timer {
            at,
            handle,
            alone: false,
            auto,
            state: 0,
            set: None,
            due_time: None,
            closed: false,
            gone: false,
            hidden: false,
        });
    }

    fn create(&mut self) {
        if self.free().is_none() {
            return;
        }
        let kind = self.dice.below(3) as u64;
        let out = u64::from(self.bench.scratch.0 + OUT);
        let status = self.bench.status("NtCreateTimer", &[out, 0, kind]);
        if kind > 1 {
            assert_eq!(status, NtStatus::INVALID_PARAMETER);
            return;
        }
        assert_eq!(status, NtStatus::SUCCESS);
        let handle = self.bench.word(OUT);
        let body = self.bench.kernel.objects.resolve(crate::abi::Handle(handle)).unwrap().body();
        self.add(body.0, Some(u64::from(handle)), kind != 0);
    }

    fn interval(&mut self) -> i64 {
        let now = self.bench.scheduler.now();
        match self.dice.below(16) {
            0 => 0,
            1 => i64::MIN,
            2 => i64::MAX,
            3 => 1,
            4 => -1,
            5 => START_FILETIME as i64 + self.dice.below(3) as i64 - 1,
            6 => (START_FILETIME as i64).saturating_add(self.dice.next() as i64 >> 1 & i64::MAX),
            7 => -(self.dice.next() as i64 >> 1 & i64::MAX),
            8 | 9 => xenia_sched::filetime(now + 1000 * self.dice.below(100) as u64) as i64,
            // Often at the same time as another.
            _ => -10_000 * self.dice.below(8) as i64,
        }
    }

    fn period(&mut self) -> u32 {
        match self.dice.below(8) {
            0..=3 => 0,
            4 => u32::MAX,
            5 => 0x8000_0000,
            _ => 1 + self.dice.below(20) as u32,
        }
    }

    fn dpc(&mut self) -> u32 {
        match self.dice.below(8) {
            0..=3 => 0,
            4 => 0xFFFF_FF00,
            _ => self.dice.of(&self.model.known_dpcs).unwrap(),
        }
    }

    /// A timer that is still there.
    fn any(&mut self, can_close: bool) -> usize {
        loop {
            let at = self.dice.below(self.model.timers.len());
            let timer = &self.model.timers[at];
            if !timer.closed && (timer.handle.is_none() || !can_close) {
                return at;
            }
        }
    }

    /// A thread that can make a call.
    fn free(&mut self) -> Option<usize> {
        let who = self.dice.below(self.model.threads.len());
        let thread = &mut self.model.threads[who];
        if thread.wait.is_some() || thread.in_apc.is_some() {
            return None;
        }
        thread.result = None;
        let name = thread.name;
        self.bench.act_as(name);
        Some(who)
    }

    fn put_time(&self, value: i64) -> u64 {
        self.bench.memory().write(self.bench.scratch.offset(TIMES), value).unwrap();
        u64::from(self.bench.scratch.0 + TIMES)
    }

    fn set(&mut self) {
        let Some(who) = self.free() else { return };
        let at = self.any(false);
        let (interval, period_ms) = (self.interval(), self.period());
        let due = model::due(self.bench.scheduler.now(), interval);
        let serial = self.model.next_serial();
        let address = u64::from(self.model.timers[at].at);
        let (before, state) = (self.model.timers[at].set.is_some(), self.model.timers[at].state);
        let setting = if let Some(handle) = self.model.timers[at].handle {
            let context = self.dice.next() as u32;
            let routine = if self.dice.one_in(2) { 0x8200_0000 } else { 0 };
            let (time, out) = (self.put_time(interval), u64::from(self.bench.scratch.0 + OUT));
            let arguments = [handle, time, routine, 1, u64::from(context), 0, u64::from(period_ms), out];
            let status = self.bench.status("NtSetTimerEx", &arguments);
            if i32::try_from(period_ms).is_err() {
                assert_eq!(status, NtStatus::INVALID_PARAMETER);
                return;
            }
            assert_eq!(status, NtStatus::SUCCESS);
            assert_eq!(self.bench.word(OUT), u32::from(state != 0));
            self.model.forget_apc(at);
            Setting { due, serial, period_ms, dpc: 0, apc: (routine != 0).then_some((who, context)) }
        } else {
            let dpc = self.dpc();
            let once = self.dice.one_in(3);
            let (name, period_ms) = if once { ("KeSetTimer", 0) } else { ("KeSetTimerEx", period_ms) };
            let last = if once { [u64::from(dpc), 0] } else { [u64::from(period_ms), u64::from(dpc)] };
            let arguments = [address, interval as u64, last[0], last[1]];
            if self.model.timers[at].hidden {
                assert!(matches!(self.bench.call(Library::xboxkrnl, name, &arguments), Flow::Fault(_)));
                return;
            }
            assert_eq!(self.bench.kernel_call(name, &arguments), u64::from(before));
            Setting { due, serial, period_ms, dpc, apc: None }
        };
        self.model.set(at, setting, self.bench.scheduler.now());
    }

    fn cancel(&mut self) {
        if self.free().is_none() {
            return;
        }
        let at = self.any(false);
        let timer = &self.model.timers[at];
        let (address, handle, hidden, state) = (u64::from(timer.at), timer.handle, timer.hidden, timer.state);
        let before = self.model.timers[at].set.take().is_some();
        if let Some(handle) = handle {
            let out = u64::from(self.bench.scratch.0 + OUT);
            assert_eq!(self.bench.status("NtCancelTimer", &[handle, out]), NtStatus::SUCCESS);
            assert_eq!(self.bench.word(OUT), u32::from(state != 0));
            self.model.forget_apc(at);
        } else if hidden {
            assert!(matches!(
                self.bench.call(Library::xboxkrnl, "KeCancelTimer", &[address]),
                Flow::Fault(_)
            ));
        } else {
            assert_eq!(self.bench.kernel_call("KeCancelTimer", &[address]), u64::from(before));
        }
    }

    fn wait(&mut self) {
        let Some(who) = self.free() else { return };
        let now = self.bench.scheduler.now();
        let interval = if self.dice.one_in(3) { None } else { Some(self.interval()) };
        let timeout = interval.map_or(0, |interval| self.put_time(interval));
        let deadline = interval.map(|interval| model::due(now, interval));
        let alertable = self.dice.one_in(2);
        let flag = u64::from(alertable);
        let serial = self.model.next_serial();
        let mut wait = Wait { timers: Vec::new(), all: false, deadline, alertable, by_handle: false, serial };
        let kind = self.dice.below(6);
        let count = if kind < 3 { 1 + self.dice.below(3) } else { 1 };
        if kind < 5 {
            for _ in 0..count {
                let at = self.any(false);
                // Waiting in a page that goes away is another matter.
                let page = self.model.timers[at].alone;
                if page || self.model.timers[at].handle.is_some() && kind != 4 {
                    return;
                }
                wait.timers.push(at);
            }
        }
        let timer = wait.timers.first().map(|&at| &self.model.timers[at]);
        let (name, arguments) = match (timer, kind) {
            (Some(_), 0..=2) => {
                wait.all = kind == 0;
                for (index, &at) in wait.timers.iter().enumerate() {
                    let place = self.bench.scratch.offset(LIST + 4 * index as u32);
                    self.bench.memory().write(place, self.model.timers[at].at).unwrap();
                }
                let (list, any) = (u64::from(self.bench.scratch.0 + LIST), u64::from(kind != 0));
                ("KeWaitForMultipleObjects", vec![count as u64, list, any, 3, 1, flag, timeout, 0])
            }
            (Some(Timer { handle: Some(handle), .. }), _) => {
                wait.by_handle = true;
                ("NtWaitForSingleObjectEx", vec![*handle, 1, flag, timeout])
            }
            (Some(timer), _) => ("KeWaitForSingleObject", vec![u64::from(timer.at), 3, 1, flag, timeout]),
            (None, _) if timeout == 0 => return,
            (None, _) => ("KeDelayExecutionThread", vec![1, flag, timeout]),
        };
        self.model.wait(who, wait, now);
        let answer = self.bench.carry_out(name, &arguments);
        assert_eq!(answer, self.model.threads[who].result, "{name}");
    }

    /// The guest code that a thread was made to call returns.
    fn apc_returns(&mut self) {
        let who = self.dice.below(self.model.threads.len());
        if self.model.threads[who].in_apc.is_none() {
            return;
        }
        let name = self.model.threads[who].name;
        let ctx = self.bench.scheduler.context_mut(name).unwrap();
        assert_eq!((ctx.pc, ctx.lr as u32), (0x8200_0000, self.bench.kernel.imports.own_stubs.call_return.0));
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        ctx.gpr[3] = 0x5555;
        self.bench.act(name, |cpu, running| self.system.syscall(cpu, running, 2));
        self.model.threads[who].next_apc();
    }

    fn service(&self) -> Option<ThreadRef> {
        self.bench.kernel.threads.lock().interrupts.thread(0).map(|service| service.thread)
    }

    fn dpc_returns(&mut self) {
        let Some(thread) = self.service().filter(|_| self.model.dpc.is_some()) else { return };
        let ctx = self.bench.scheduler.context_mut(thread).unwrap();
        ctx.pc = (ctx.lr as u32).wrapping_add(4);
        self.bench.act(thread, |cpu, running| self.system.syscall(cpu, running, 2));
        self.model.dpc = self.model.dpcs.pop_front();
    }

    fn remove_dpc(&mut self) {
        if self.free().is_some() {
            let dpc = self.dice.of(&self.model.known_dpcs).unwrap();
            let before = self.model.dpcs.len();
            self.model.dpcs.retain(|&(queued, _)| queued != dpc);
            let removed = u64::from(self.model.dpcs.len() < before);
            assert_eq!(self.bench.kernel_call("KeRemoveQueueDpc", &[u64::from(dpc)]), removed);
        }
    }

    fn time_passes(&mut self) {
        let now = self.bench.scheduler.now();
        let next = self.model.next_due().filter(|&due| due < MAX_TICKS).unwrap_or(now);
        let to = match self.dice.below(8) {
            0 => now,
            1..=3 => next,
            4 => next.saturating_sub(1),
            5 if self.dice.one_in(8) => now + (1 << self.dice.below(48)),
            _ => now + self.dice.below(200_000) as u64,
        };
        self.advance(to.clamp(now, MAX_TICKS - 1));
    }

    fn advance(&mut self, now: GuestTicks) {
        self.bench.scheduler.set_now(now);
        self.system.advance(&mut self.bench.scheduler);
        while let Some(thread) = self.bench.scheduler.pop_expired(now) {
            self.bench.scheduler.time_out(&mut self.system, thread);
        }
        self.model.advance(now);
    }

    /// A timer's memory is given back.
    fn hide(&mut self) {
        let at = self.any(true);
        let timer = &mut self.model.timers[at];
        if timer.alone && !timer.hidden {
            timer.hidden = true;
            // Reserved it stays, so that nothing else comes there.
            self.bench.memory().decommit(GuestAddr(timer.at), 0).unwrap();
        }
    }

    fn end_thread(&mut self) {
        let who = self.dice.below(self.model.threads.len());
        self.bench.kernel.end_thread(&mut self.bench.scheduler, self.model.threads[who].id, 0).unwrap();
        self.bench.kernel.clear_away_deleted();
        let name = self.bench.add_thread();
        let id = self.bench.scheduler.thread(name).unwrap().id;
        self.model.replace_thread(who, name, id);
    }

    fn close(&mut self) {
        let at = self.any(false);
        let timer = &self.model.timers[at];
        if let Some(handle) = timer.handle {
            self.bench.kernel.close(crate::abi::Handle(handle as u32)).unwrap();
            self.model.timers[at].closed = true;
            self.model.delete_closed();
        }
    }

    /// More timers than expire in a round, due at once.
    fn many(&mut self) {
        let memory = self.bench.kernel.memory.clone();
        let count = 1000 + self.dice.below(1500) as u32;
        let size = (count * ktimer::SIZE).next_multiple_of(0x1000);
        let first = memory.alloc(Heap::Virtual4K, size, 0x1000, Protect::READ_WRITE, false).unwrap();
        if self.free().is_none() {
            return;
        }
        let interval = self.interval();
        let due = model::due(self.bench.scheduler.now(), interval);
        for index in 0..count {
            let at = first.0 + 8 + ktimer::SIZE * index;
            self.add_pointer(at);
            let dpc = self.dpc();
            let arguments = [u64::from(at), interval as u64, u64::from(dpc)];
            assert_eq!(self.bench.kernel_call("KeSetTimer", &arguments), 0);
            let serial = self.model.next_serial();
            let (at, now) = (self.model.timers.len() - 1, self.bench.scheduler.now());
            self.model.set(at, Setting { due, serial, period_ms: 0, dpc, apc: None }, now);
        }
    }

    fn operation(&mut self) {
        match self.dice.below(24) {
            0..=6 => self.set(),
            7 => self.cancel(),
            8..=12 => self.wait(),
            13..=16 => self.time_passes(),
            17 => self.create(),
            18 => self.apc_returns(),
            19 => self.dpc_returns(),
            20 if self.dice.one_in(2) => self.close(),
            21 if self.dice.one_in(2) => self.remove_dpc(),
            22 if self.dice.one_in(2) => self.hide(),
            23 if self.dice.one_in(4) => self.end_thread(),
            20 => self.poke(),
            21 => self.renew(),
            22 if self.dice.one_in(60) => self.many(),
            _ => {}
        }
        self.bench.kernel.clear_away_deleted();
    }

    /// A title writes a state.
    fn poke(&mut self) {
        let at = self.any(false);
        let state = [0, 1, -1, i32::MIN, i32::MAX][self.dice.below(5)];
        let timer = &mut self.model.timers[at];
        if !timer.hidden {
            timer.state = state;
            let place = GuestAddr(timer.at).offset(dispatcher_header::SIGNAL_STATE);
            self.bench.memory().write(place, state).unwrap();
        }
    }

    /// A timer is made where one was, set or not.
    fn renew(&mut self) {
        let at = self.any(true);
        if self.free().is_some() && !self.model.timers[at].hidden {
            let kind = self.dice.below(2) as u64;
            let timer = &mut self.model.timers[at];
            (timer.auto, timer.state, timer.set) = (kind == 1, 0, None);
            self.bench.kernel_call("KeInitializeTimerEx", &[u64::from(timer.at), kind]);
        }
    }

    fn compare(&self) {
        let (memory, model) = (self.bench.memory(), &self.model);
        let dispatcher = &self.bench.kernel.dispatcher;
        assert_eq!(dispatcher.timers().next_due(), model.next_due());
        assert_eq!(dispatcher.timers().next_noticed(), model.next_noticed());
        for timer in model.timers.iter().filter(|timer| !timer.gone) {
            let at = GuestAddr(timer.at);
            let setting = dispatcher.timer_setting(at);
            let what = setting.map(|set| (set.due, set.period_ms, set.dpc.0));
            assert_eq!(what, timer.set.map(|set| (set.due, set.period_ms, set.dpc)), "{timer:?}");
            let apc = setting.and_then(|set| set.apc).map(|apc| (apc.thread_id, apc.context));
            let expected = timer.set.and_then(|set| set.apc);
            assert_eq!(apc, expected.map(|(who, context)| (model.threads[who].id, context)), "{timer:?}");
            if timer.hidden {
                continue;
            }
            let state: i32 = memory.read(at.offset(dispatcher_header::SIGNAL_STATE)).unwrap();
            let inserted: u8 = memory.read(at.offset(dispatcher_header::INSERTED)).unwrap();
            assert_eq!(state, timer.state, "{timer:?}");
            assert_eq!(inserted, u8::from(timer.set.is_some()), "{timer:?}");
            if let Some(due_time) = timer.due_time {
                assert_eq!(memory.read(at.offset(ktimer::DUE_TIME)), Ok(due_time), "{timer:?}");
            }
        }
        let records = self.bench.kernel.threads.lock();
        for thread in &model.threads {
            let found = self.bench.scheduler.thread(thread.name).unwrap();
            assert_eq!(
                found.wait().map(|wait| wait.deadline),
                thread.wait.as_ref().map(|wait| wait.deadline)
            );
            if let Some(result) = thread.result {
                assert_eq!(found.context().unwrap().gpr[3], result, "{thread:?}");
            }
            if let Some(arguments) = thread.in_apc {
                assert_eq!(found.context().unwrap().gpr[3..6], arguments, "{thread:?}");
            }
            let record = records.get(thread.id).unwrap();
            assert_eq!(record.frames.len(), usize::from(thread.in_apc.is_some()));
            let apcs: Vec<_> = record.apcs.user.iter().map(|apc| (apc.source, apc.args)).collect();
            let source = |timer: usize| ApcSource::Timer(GuestAddr(model.timers[timer].at));
            let expected: Vec<_> = thread.apcs.iter().map(|&(timer, args)| (source(timer), args)).collect();
            assert_eq!(apcs, expected, "{thread:?}");
        }
        drop(records);
        for &dpc in &model.known_dpcs {
            let queued = model.dpcs.iter().any(|&(queued, _)| queued == dpc);
            assert_eq!(self.bench.kernel.threads.lock().interrupts.has_dpc(GuestAddr(dpc)), queued);
            if let Some((_, arguments)) = model.dpcs.iter().find(|&&(queued, _)| queued == dpc) {
                let word = |offset| memory.read::<u32>(GuestAddr(dpc).offset(offset)).map(u64::from);
                assert_eq!([word(kdpc::ARG1), word(kdpc::ARG2)], arguments.map(Ok));
            }
        }
        if let Some(service) = self.service() {
            let thread = self.bench.scheduler.thread(service).unwrap();
            assert_eq!(thread.wait().is_none(), model.dpc.is_some());
            if let Some((dpc, [first, second])) = model.dpc {
                assert_eq!(thread.context().unwrap().gpr[3..7], [u64::from(dpc), 7, first, second]);
            }
        }
    }

    /// Everything is taken back, and nothing of it stays.
    fn end(&mut self) {
        for _ in 0..self.model.threads.len() * 4 {
            self.end_thread();
        }
        for at in 0..self.model.timers.len() {
            let timer = &self.model.timers[at];
            match timer.handle {
                Some(_) if timer.closed => {}
                Some(handle) => self.bench.kernel.close(crate::abi::Handle(handle as u32)).unwrap(),
                None => {
                    let name = self.model.threads[0].name;
                    self.bench.act_as(name);
                    let address = u64::from(timer.at);
                    let flow = self.bench.call(Library::xboxkrnl, "KeCancelTimer", &[address]);
                    assert_eq!(matches!(flow, Flow::Fault(_)), self.model.timers[at].hidden);
                }
            }
        }
        for who in 0..self.model.threads.len() {
            let id = self.model.threads[who].id;
            self.bench.kernel.end_thread(&mut self.bench.scheduler, id, 0).unwrap();
        }
        self.bench.kernel.clear_away_deleted();
        let dispatcher = &self.bench.kernel.dispatcher;
        assert_eq!(dispatcher.timers().next_due(), None);
        assert_eq!(dispatcher.timers().next_noticed(), None);
        dispatcher.timers().describe(&mut |line| panic!("{line}"));
        for timer in &self.model.timers {
            let at = GuestAddr(timer.at);
            assert_eq!(dispatcher.hold(&[at]).waiters(at).count(), 0);
        }
        assert_eq!(self.bench.scheduler.next_deadline(), None);
    }

    fn run(&mut self) {
        for _ in 0..OPERATIONS {
            self.operation();
            self.compare();
        }
        self.end();
    }
}

#[test]
fn any_timers_do_what_the_model_does() {
    Cases::new("XENIA_TIMER_CASES", 300).each(|seed| Case::new(seed).run());
}
