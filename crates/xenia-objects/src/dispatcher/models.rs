//! Loom models of the dispatcher: its real code on loom's locks, in every order of acquisition.
//!
//! Threads wait, signal, reset, alert and let deadlines pass, on objects in two of four shards. A
//! waiter sleeps without a deadline, so a lost wake is a deadlock, which loom detects. Objects are
//! in guest memory, which loom does not track; it is accessed only under the dispatcher's locks.
//! The last models contain a deliberate bug that loom must find.

use super::{
    Dispatcher, WaitResult, WaitSet, WaitType, Waiter, initialize, kind, set_signal_state, signal_state,
};
use crate::sharded::shard_of;
use std::sync::Arc;
use xenia_guest::layout::{dispatcher_header, kmutant};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_sched::model::{ModelCpu, Roles, Seats, kthread, memory, must_fail, name, object_page, run};
use xenia_sched::{Alertable, Cpu, Interruption, Woken};

const THREADS: usize = 3;

/// A dispatcher with two objects in different shards.
#[derive(Clone)]
struct Model {
    dispatcher: Arc<Dispatcher>,
    seats: Arc<Seats>,
    /// Whether each thread has been alerted. The lock takes the place of that of the thread
    /// records.
    alerted: Arc<[loom::sync::Mutex<bool>; THREADS]>,
    objects: [GuestAddr; 2],
}

impl Model {
    fn new(kinds: [u8; 2], state: i32) -> Self {
        let memory = memory();
        let at = object_page();
        let second =
            (1..64).map(|index| at.offset(0x40 * index)).find(|&other| shard_of(other) != shard_of(at));
        let objects = [at, second.expect("not all in one shard")];
        for (object, kind) in objects.into_iter().zip(kinds) {
            initialize(memory, object, kind, dispatcher_header::SIZE, state).expect("it is there");
            memory.write(object.offset(kmutant::OWNER), GuestAddr::NULL).expect("it is there");
            memory.write(object.offset(kmutant::ABANDONED), 0_u8).expect("it is there");
        }
        Self {
            dispatcher: Arc::default(),
            seats: Arc::new(Seats::new(THREADS)),
            alerted: Arc::new(std::array::from_fn(|_| loom::sync::Mutex::new(false))),
            objects,
        }
    }

    fn cpu(&self) -> ModelCpu {
        ModelCpu(self.seats.clone())
    }

    /// Waits as the exports do: takes signalled objects first, then checks for alerts under the
    /// turn. Returns the final status.
    fn wait(&self, thread: usize, objects: &[GuestAddr], wait_type: WaitType) -> NtStatus {
        let waiter = Waiter {
            thread: name(thread),
            kthread: kthread(thread),
            deadline: None,
            alertable: Alertable::InUserMode,
        };
        let memory = memory();
        let set = WaitSet { objects, wait_type };
        let result = {
            let mut held = self.dispatcher.hold(objects);
            let taken = held.try_take(memory, set, waiter.kthread).expect("memory is there");
            if let Some(status) = taken {
                return status;
            }
            let mut turn = self.dispatcher.turn(waiter.thread);
            if std::mem::take(&mut *self.alerted[thread].lock().expect("no panic")) {
                return NtStatus::ALERTED;
            }
            held.wait(&mut turn, memory, &mut self.cpu(), waiter, set).expect("memory is there")
        };
        match result {
            WaitResult::Done(status) => status,
            WaitResult::Park(_) => NtStatus(self.seats.park(thread) as u32),
        }
    }

    fn set(&self, object: usize) -> i32 {
        let memory = memory();
        self.dispatcher.set_event(memory, &mut self.cpu(), self.objects[object], 0).expect("memory is there")
    }

    fn reset(&self, object: usize) -> i32 {
        let memory = memory();
        self.dispatcher.reset_event(memory, self.objects[object]).expect("memory is there")
    }

    fn state(&self, object: usize) -> i32 {
        signal_state(memory(), self.objects[object]).expect("memory is there")
    }

    /// Alerts a thread as `Kernel::alert` does.
    fn alert(&self, thread: usize) {
        let memory = memory();
        let mut wait = self.dispatcher.wait_of(name(thread));
        let by = Interruption::User;
        let woken = wait.interrupt_alertable(memory, &mut self.cpu(), by, NtStatus::ALERTED, &mut |_| ());
        if woken == Ok(Woken::NotWaiting) {
            *self.alerted[thread].lock().expect("no panic") = true;
        }
    }

    /// Times out the thread's current wait, if it has a deadline, as `KernelSystem::timed_out`
    /// does.
    fn time_out(&self, thread: usize) {
        let Some(ticket) = self.seats.ticket(thread) else { return };
        let mut wait = self.dispatcher.wait_of(name(thread));
        let ended = self.cpu().time_out(ticket, NtStatus::TIMEOUT.to_register());
        if ended.expect("it is a thread") != Woken::NotWaiting {
            drop(wait.take(memory()));
        }
    }

    /// Asserts that no wait list contains a thread and no thread has a wait.
    fn check(&self) {
        for object in self.objects {
            assert_eq!(self.dispatcher.hold(&[object]).waiters(object).count(), 0);
        }
        for thread in 0..THREADS {
            assert!(!self.dispatcher.wait_of(name(thread)).is_waiting());
        }
    }
}

type Role = xenia_sched::model::Role<Model>;

/// Runs `roles`, then `check`, in every order with up to `interruptions` preemptions.
fn model(name: &str, interruptions: usize, make: fn() -> Model, roles: Roles<Model>, check: fn(&Model)) {
    run(name, interruptions, make, roles, move |model| {
        check(model);
        model.check();
    });
}

fn events() -> Model {
    Model::new([kind::AUTO_EVENT; 2], 0)
}

/// Resets the event and, if it was signalled, signals it again, so the waiter gets one in the end.
fn reset_and_set(model: &Model) {
    if model.reset(0) != 0 {
        model.set(0);
    }
}

#[test]
fn a_wake_against_a_wait_and_a_reset() {
    let waits =
        |model: &Model| assert_eq!(model.wait(0, &model.objects[..1], WaitType::Any), NtStatus::SUCCESS);
    let sets = |model: &Model| _ = model.set(0);
    let check = |model: &Model| assert_eq!(model.state(0), 0, "one signal, one wait");
    model("wake, wait, reset", 6, events, Roles { first: waits, others: vec![sets, reset_and_set] }, check);
}

#[test]
fn a_wait_for_all_over_two_shards_against_both_signals() {
    let waits = |model: &Model| assert_eq!(model.wait(0, &model.objects, WaitType::All), NtStatus::SUCCESS);
    let sets: [Role; 2] = [|model| _ = model.set(0), |model| _ = model.set(1)];
    let check = |model: &Model| assert_eq!([model.state(0), model.state(1)], [0, 0]);
    model("wait for all, two signals", 6, events, Roles { first: waits, others: sets.to_vec() }, check);
}

#[test]
fn a_wait_for_any_over_two_shards_takes_one() {
    let waits = |model: &Model| assert!(model.wait(0, &model.objects, WaitType::Any).0 < 2);
    let sets: [Role; 2] = [|model| _ = model.set(0), |model| _ = model.set(1)];
    let check = |model: &Model| assert_eq!(model.state(0) + model.state(1), 1);
    model("wait for any, two signals", 6, events, Roles { first: waits, others: sets.to_vec() }, check);
}

#[test]
fn waits_for_all_in_either_order() {
    fn take_both(model: &Model, thread: usize, objects: [GuestAddr; 2]) {
        assert_eq!(model.wait(thread, &objects, WaitType::All), NtStatus::SUCCESS);
        assert_eq!([model.set(1), model.set(0)], [0, 0], "they were this thread's");
    }
    let one = |model: &Model| take_both(model, 0, model.objects);
    let other: [Role; 1] = [|model| take_both(model, 1, [model.objects[1], model.objects[0]])];
    let make = || Model::new([kind::AUTO_EVENT; 2], 1);
    let check = |model: &Model| assert_eq!([model.state(0), model.state(1)], [1, 1]);
    model("two waits for all", 6, make, Roles { first: one, others: other.to_vec() }, check);
}

#[test]
fn a_mutant_goes_from_hand_to_hand() {
    fn take_and_release(model: &Model, thread: usize) {
        let memory = memory();
        let mutant = model.objects[0];
        assert_eq!(model.wait(thread, &[mutant], WaitType::Any), NtStatus::SUCCESS);
        let kthread = kthread(thread);
        assert_eq!(model.dispatcher.mutant_owner(mutant), Some(kthread));
        let released = model.dispatcher.release_mutant(memory, &mut model.cpu(), mutant, kthread, 0);
        assert_eq!(released, Ok(0));
    }
    let one = |model: &Model| take_and_release(model, 0);
    let others: [Role; 2] = [|model| take_and_release(model, 1), |model| take_and_release(model, 2)];
    let make = || Model::new([kind::MUTANT; 2], 1);
    let check = |model: &Model| {
        assert_eq!(model.state(0), 1);
        assert_eq!(model.dispatcher.mutant_owner(model.objects[0]), None);
    };
    model("a mutant", 4, make, Roles { first: one, others: others.to_vec() }, check);
}

#[test]
fn a_deadline_against_a_signal_and_the_next_wait() {
    let waits = |model: &Model| {
        // Whichever event ended the first wait, the second is for the other object: only its signal
        // ends it.
        let first = model.wait(0, &model.objects[..1], WaitType::Any);
        assert!([NtStatus::SUCCESS, NtStatus::TIMEOUT].contains(&first));
        let second = model.wait(0, &model.objects[1..], WaitType::Any);
        if second == NtStatus::TIMEOUT {
            assert_eq!(first, NtStatus::SUCCESS, "it ran out once");
            assert_eq!(model.state(0), 0);
            model.set(0);
        } else if first == NtStatus::TIMEOUT {
            assert_eq!(model.wait(0, &model.objects[..1], WaitType::Any), NtStatus::SUCCESS);
            model.set(0);
        } else {
            model.set(0);
        }
    };
    let others: [Role; 2] = [
        |model| {
            model.set(0);
            model.set(1);
        },
        |model| model.time_out(0),
    ];
    let check = |model: &Model| assert_eq!(model.state(0), 1);
    model("deadline, signal, next wait", 6, events, Roles { first: waits, others: others.to_vec() }, check);
}

/// Repeats the wait until it is alerted.
fn wait_for_the_alert(model: &Model) {
    while model.wait(0, &model.objects, WaitType::Any) != NtStatus::ALERTED {}
}

#[test]
fn an_alert_against_a_signal_and_two_waits() {
    let others: [Role; 2] = [|model| _ = model.set(1), |model| model.alert(0)];
    let check = |model: &Model| assert!(!*model.alerted[0].lock().expect("no panic"), "it was alerted once");
    let roles = Roles { first: wait_for_the_alert, others: others.to_vec() };
    model("alert, signal, waits", 6, events, roles, check);
}

#[test]
fn a_reset_in_two_steps_is_found() {
    let waits =
        |model: &Model| assert_eq!(model.wait(0, &model.objects[..1], WaitType::Any), NtStatus::SUCCESS);
    let sets = |model: &Model| _ = model.set(0);
    let resets: Role = |model| {
        let object = model.objects[0];
        let before = {
            let _held = model.dispatcher.hold(&[object]);
            model.state(0)
        };
        {
            let _held = model.dispatcher.hold(&[object]);
            set_signal_state(memory(), object, 0).expect("memory is there");
        }
        if before != 0 {
            model.set(0);
        }
    };
    must_fail(|| {
        model("reset in two steps", 6, events, Roles { first: waits, others: vec![sets, resets] }, |_| ());
    });
}

#[test]
fn an_alert_outside_of_the_turn_is_found() {
    let alerts: Role = |model| {
        let mut cpu = model.cpu();
        let woken = cpu.interrupt(name(0), Interruption::User, NtStatus::ALERTED.to_register(), &mut |_| ());
        if woken == Ok(Woken::NotWaiting) {
            *model.alerted[0].lock().expect("no panic") = true;
        } else {
            drop(model.dispatcher.wait_of(name(0)).take(memory()));
        }
    };
    let roles = Roles { first: wait_for_the_alert, others: vec![alerts] };
    must_fail(|| model("alert without the turn", 6, events, roles, |_| ()));
}
