//! Model-based test of timers: random operations set, cancel and close them at any time, with
//! deferred calls, APCs and waiting threads.

mod model;
mod operations;

use super::*;
use model::{Model, Setting, Thread, Timer, Wait};
use xenia_guest::layout::{dispatcher_header, kdpc, ktimer};
use xenia_kernel::KernelSystem;
use xenia_kernel::thread::apc::ApcSource;
use xenia_sched::{GuestTicks, MAX_TICKS, START_FILETIME, System};
use xenia_testing::{Cases, Dice};

/// Operations in a case.
const OPERATIONS: usize = 120;
/// Offsets in the scratch memory of three deferred calls, arguments and timers; the stack is above
/// them.
const DPCS: u32 = 0x100;
const TIMES: u32 = 0x200;
const OUT: u32 = 0x240;
const LIST: u32 = 0x280;
const TIMERS: u32 = 0x400;
/// Number of timers by pointer; every second one has a page to itself.
const POINTERS: u32 = 12;

struct Case {
    dice: Dice,
    harness: Harness,
    system: KernelSystem,
    model: Model,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut harness = Harness::new();
        let system = KernelSystem::new(harness.kernel.clone());
        let mut model = Model::default();
        let threads = [harness.thread, harness.add_thread(), harness.add_thread(), harness.add_thread()];
        for name in threads {
            model.threads.push(Thread::new(name, harness.scheduler.thread(name).unwrap().id));
        }
        for index in 0..3 {
            let dpc = harness.scratch.0 + DPCS + 0x20 * index;
            harness.kernel_call("KeInitializeDpc", &[u64::from(dpc), 0x8200_0000, 7]);
            model.known_dpcs.push(dpc);
        }
        let mut case = Self { dice: Dice(seed), harness, system, model };
        for index in 0..POINTERS {
            let alone = index % 2 == 0;
            let at = if alone {
                let page = case.harness.memory().alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE);
                page.unwrap().0
            } else {
                case.harness.scratch.0 + TIMERS + ktimer::SIZE * index
            };
            case.add_pointer(at);
            case.model.timers[index as usize].alone = alone;
        }
        case
    }

    fn add_pointer(&mut self, at: u32) {
        let kind = self.dice.below(2) as u64;
        self.harness.kernel_call("KeInitializeTimerEx", &[u64::from(at), kind]);
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
        self.harness.kernel.run_deferred_deletions();
    }

    /// Writes a timer's state directly, as a title may.
    fn poke(&mut self) {
        let at = self.any(false);
        let state = [0, 1, -1, i32::MIN, i32::MAX][self.dice.below(5)];
        let timer = &mut self.model.timers[at];
        if !timer.hidden {
            timer.state = state;
            let place = GuestAddr(timer.at).offset(dispatcher_header::SIGNAL_STATE);
            self.harness.memory().write(place, state).unwrap();
        }
    }

    /// Reinitialises a timer, whether it is set or not.
    fn renew(&mut self) {
        let at = self.any(true);
        if self.free().is_some() && !self.model.timers[at].hidden {
            let kind = self.dice.below(2) as u64;
            let timer = &mut self.model.timers[at];
            timer.auto = kind == 1;
            timer.state = 0;
            timer.set = None;
            self.harness.kernel_call("KeInitializeTimerEx", &[u64::from(timer.at), kind]);
        }
    }

    fn compare(&self) {
        let memory = self.harness.memory();
        let model = &self.model;
        let dispatcher = &self.harness.kernel.dispatcher;
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
        let records = self.harness.kernel.threads.lock();
        for thread in &model.threads {
            let found = self.harness.scheduler.thread(thread.name).unwrap();
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
            assert_eq!(self.harness.kernel.threads.lock().interrupts.has_dpc(GuestAddr(dpc)), queued);
            if let Some((_, arguments)) = model.dpcs.iter().find(|&&(queued, _)| queued == dpc) {
                let word = |offset| memory.read::<u32>(GuestAddr(dpc).offset(offset)).map(u64::from);
                assert_eq!([word(kdpc::ARG1), word(kdpc::ARG2)], arguments.map(Ok));
            }
        }
        if let Some(service) = self.service() {
            let thread = self.harness.scheduler.thread(service).unwrap();
            assert_eq!(thread.wait().is_none(), model.dpc.is_some());
            if let Some((dpc, [first, second])) = model.dpc {
                assert_eq!(thread.context().unwrap().gpr[3..7], [u64::from(dpc), 7, first, second]);
            }
        }
    }

    /// Cancels everything, and checks that no state remains.
    fn end(&mut self) {
        for _ in 0..self.model.threads.len() * 4 {
            self.end_thread();
        }
        for at in 0..self.model.timers.len() {
            let timer = &self.model.timers[at];
            match timer.handle {
                Some(_) if timer.closed => {}
                Some(handle) => self.harness.kernel.close(xenia_kernel::abi::Handle(handle as u32)).unwrap(),
                None => {
                    let name = self.model.threads[0].name;
                    self.harness.act_as(name);
                    let address = u64::from(timer.at);
                    let flow = self.harness.call(Library::xboxkrnl, "KeCancelTimer", &[address]);
                    assert_eq!(matches!(flow, Flow::Fault(_)), self.model.timers[at].hidden);
                }
            }
        }
        for who in 0..self.model.threads.len() {
            let id = self.model.threads[who].id;
            self.harness.kernel.end_thread(&mut self.harness.scheduler, id, 0).unwrap();
        }
        self.harness.kernel.run_deferred_deletions();
        let dispatcher = &self.harness.kernel.dispatcher;
        assert_eq!(dispatcher.timers().next_due(), None);
        assert_eq!(dispatcher.timers().next_noticed(), None);
        dispatcher.timers().describe(&mut |line| panic!("{line}"));
        for timer in &self.model.timers {
            let at = GuestAddr(timer.at);
            assert_eq!(dispatcher.hold(&[at]).waiters(at).count(), 0);
        }
        assert_eq!(self.harness.scheduler.next_deadline(), None);
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
    Cases::new("XENIA_TIMER_CASES", 150).each(|seed| Case::new(seed).run());
}
