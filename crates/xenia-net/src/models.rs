//! Loom models of sockets: the real code, in every order in which threads can take its lock, with
//! the scheduler's wait words.
//!
//! Threads call, wait, close and let waits expire at both ends of one connection. A waiter has no
//! time limit, so a lost wake-up is a deadlock, which loom reports. The last models contain a
//! deliberate fault, which loom must find.

use super::address::AddressOutput;
use super::request::{Attempt, Remainder, Requester, WAIT_ALL};
use super::{
    Buffers, LocalNetwork, NamedOperation, Net, Receive, Send, SocketCall, SocketCaller, SocketOperation,
    WsaError,
};
use crate::network::SocketKind;
use loom::sync::{Mutex, MutexGuard};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use xenia_guest::layout::kthread::LAST_ERROR;
use xenia_guest::{Buffer, GuestAddr};
use xenia_sched::Cpu;
use xenia_sched::model::{ModelCpu, Roles, Seats, kthread, memory, must_fail, name, run};

const THREADS: usize = 3;
const INTERRUPTIONS: usize = 6;
/// Result of a call that fails (`SOCKET_ERROR`).
const FAILED: i32 = -1;

/// A connection and the descriptors of its two ends.
#[derive(Clone)]
struct Model {
    net: Arc<Mutex<Net>>,
    seats: Arc<Seats>,
    near: u32,
    far: u32,
}

type Role = xenia_sched::model::Role<Model>;

impl Model {
    fn new() -> Self {
        let mut net = Net::new(Box::new(LocalNetwork::isolated()), Arc::default());
        net.start();
        let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1000);
        let [listener, near] = [(); 2].map(|()| net.open(SocketKind::Stream).expect("there is room"));
        net.bind(listener, at).expect("nobody has it");
        net.listen(listener, 1).expect("it has an address");
        net.connect(near, at).expect("somebody listens");
        let accepted = net.attempt(
            memory(),
            listener,
            &mut SocketOperation::Accept(AddressOutput::NOWHERE),
            Remainder::Never,
        );
        let Attempt::Over(Ok(far)) = accepted else { panic!("{accepted:?}") };
        net.close(listener).expect("it is there");
        for thread in 0..THREADS {
            memory().write(kthread(thread).offset(LAST_ERROR), 0_u32).expect("it is there");
        }
        let seats = Arc::new(Seats::new(THREADS));
        Self { net: Arc::new(Mutex::new(net)), seats, near, far: far as u32 }
    }

    fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock().expect("nobody panics in a model that goes on")
    }

    fn cpu(&self) -> ModelCpu {
        ModelCpu(self.seats.clone())
    }

    /// Makes a change as the exports do, then retries pending requests.
    fn change<R>(&self, change: impl FnOnce(&mut Net) -> R) -> R {
        let mut net = self.lock();
        let result = change(&mut net);
        let effects = net.retry_requests(memory(), &mut self.cpu());
        assert!(effects.0.is_empty(), "nothing is overlapped");
        result
    }

    /// Makes a call and waits if it blocks.
    fn call(&self, thread: usize, socket: u32, what: SocketOperation) -> i32 {
        let failure = what.failure();
        let caller = SocketCaller { thread: name(thread), kthread: Ok(kthread(thread)) };
        let operation = NamedOperation { socket, what };
        let flow = self.change(|net| net.do_or_wait(memory(), &mut self.cpu(), caller, operation, None));
        match flow {
            SocketCall::Done(result) => result.unwrap_or(failure),
            SocketCall::Wait(_) => self.seats.park(thread) as i32,
        }
    }

    /// Receives at the far end, all or some bytes; returns the call's result.
    fn receive(&self, thread: usize, length: u32, flags: u32) -> i32 {
        self.call(thread, self.far, receive(thread, length, flags))
    }

    /// Sends one byte, the thread's number, from the near end.
    fn send(&self, thread: usize) -> i32 {
        let at = bytes(thread);
        memory().write(at, thread as u8).expect("it is there");
        self.call(
            thread,
            self.near,
            SocketOperation::Send(Send {
                bytes: Buffers::one(Buffer { at, length: 1 }),
                flags: 0,
                to: None,
                count: GuestAddr::NULL,
                done: 0,
                returns_zero: false,
            }),
        )
    }

    /// Ends the current wait of a thread by its deadline, as the kernel's timekeeper does.
    fn time_out(&self, thread: usize) {
        let Some(ticket) = self.seats.ticket(thread) else { return };
        self.lock().end_wait(memory(), &mut self.cpu(), ticket);
    }

    /// Checks that no request is pending and that `left` bytes are unread.
    fn check(&self, left: u32) {
        let mut net = self.lock();
        assert!(net.requests.is_empty(), "{:?}", net.requests);
        assert_eq!(net.available(self.far), Ok(left));
    }
}

/// Address of a thread's buffer.
fn bytes(thread: usize) -> GuestAddr {
    kthread(thread).offset(0xF00)
}

fn received(thread: usize) -> [u8; 2] {
    let both: u16 = memory().read(bytes(thread)).expect("it is there");
    both.to_be_bytes()
}

fn receive(thread: usize, length: u32, flags: u32) -> SocketOperation {
    SocketOperation::Receive(Receive {
        into: Buffers::one(Buffer { at: bytes(thread), length }),
        flags,
        from: AddressOutput::NOWHERE,
        count: GuestAddr::NULL,
        done: 0,
        returns_zero: false,
    })
}

fn model(title: &str, roles: Roles<Model>, check: fn(&Model)) {
    run(title, INTERRUPTIONS, Model::new, roles, check);
}

#[test]
fn a_receive_of_all_against_two_sends() {
    let receives = |model: &Model| {
        assert_eq!(model.receive(0, 2, WAIT_ALL), 2);
        let mut senders = received(0);
        senders.sort_unstable();
        assert_eq!(senders, [1, 2]);
    };
    let sends: [Role; 2] = [|model| assert_eq!(model.send(1), 1), |model| assert_eq!(model.send(2), 1)];
    let roles = Roles { first: receives, others: sends.to_vec() };
    model("a receive of all, two sends", roles, |model| model.check(0));
}

#[test]
fn two_receives_at_one_end_get_a_byte_each() {
    let one = |model: &Model| assert_eq!(model.receive(0, 1, 0), 1);
    let others: [Role; 2] = [
        |model| assert_eq!(model.receive(1, 1, 0), 1),
        |model| assert_eq!([model.send(2), model.send(2)], [1, 1]),
    ];
    model("two receives, two sends", Roles { first: one, others: others.to_vec() }, |model| model.check(0));
}

/// Receives until two bytes have arrived. At most one wait is ended by its deadline.
fn receive_two(model: &Model) {
    let mut ended = 0;
    let mut count = 0;
    while count < 2 {
        match model.receive(0, 1, 0) {
            1 => count += 1,
            FAILED => {
                let error: u32 = memory().read(kthread(0).offset(LAST_ERROR)).expect("it is there");
                assert_eq!(WsaError(error), WsaError::TIMED_OUT);
                ended += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(ended <= 1);
}

#[test]
fn a_deadline_against_two_sends_and_the_next_receive() {
    let others: [Role; 2] =
        [|model| assert_eq!([model.send(1), model.send(1)], [1, 1]), |model| model.time_out(0)];
    let roles = Roles { first: receive_two, others: others.to_vec() };
    model("deadline, sends, next receive", roles, |model| model.check(0));
}

#[test]
fn a_close_against_a_receive_and_a_send() {
    let receives = |model: &Model| {
        let result = model.receive(0, 1, 0);
        assert!(result == FAILED || result == 1 && received(0)[0] == 1, "{result}");
    };
    let others: [Role; 2] = [
        |model| assert!([FAILED, 1].contains(&model.send(1))),
        |model| model.change(|net| net.close(model.far).expect("it is there")),
    ];
    let check = |model: &Model| {
        let net = model.lock();
        assert!(net.requests.is_empty(), "{:?}", net.requests);
        assert_eq!(net.check(model.far), Err(WsaError::NOT_SOCKET));
    };
    model("a close, a receive, a send", Roles { first: receives, others: others.to_vec() }, check);
}

#[test]
fn a_call_that_lets_go_before_it_waits_is_found() {
    let receives: Role = |model| {
        let mut what = receive(0, 1, 0);
        if model.lock().attempt_in_order(memory(), model.far, &mut what, Remainder::Later) == Attempt::Nothing
        {
            let caller = SocketCaller { thread: name(0), kthread: Ok(kthread(0)) };
            let operation = NamedOperation { socket: model.far, what };
            let parked = model.lock().park(&mut model.cpu(), caller, operation, None);
            parked.expect("it is a thread");
            model.seats.park(0);
        }
    };
    let sends: [Role; 1] = [|model| _ = model.send(1)];
    must_fail(|| model("a wait in two steps", Roles { first: receives, others: sends.to_vec() }, |_| ()));
}

#[test]
fn a_deadline_that_ends_whichever_wait_there_is_is_found() {
    let ends: Role = |model| {
        let Some(ticket) = model.seats.ticket(0) else { return };
        let mut net = model.lock();
        let is_its =
            |who: &Requester| matches!(who, Requester::Thread { thread, .. } if *thread == ticket.thread);
        net.requests.retain(|request| !is_its(&request.who));
        _ = model.cpu().time_out(ticket, u64::MAX).expect("it is a thread");
    };
    let sends: Role = |model| _ = [model.send(1), model.send(1)];
    let receives: Role = |model| {
        for _ in 0..2 {
            while model.receive(0, 1, 0) != 1 {}
        }
    };
    let roles = Roles { first: receives, others: vec![sends, ends] };
    must_fail(|| model("a deadline of another wait", roles, |_| ()));
}
