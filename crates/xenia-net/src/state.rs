//! State of the sockets. Those of the machine's own network are saved with it; those of the host
//! cannot be.

use crate::local::LocalNetworkState;
use crate::network::{SocketId, SocketKind};
use crate::options::Options;
use crate::request::{Request, Requester};
use crate::xnet::{XNet, XNetState};
use crate::{Connection, EventHold, NEVER, Net, NetState, Overlapped, Socket, SocketOperation, Watch};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering::Release;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_sched::{GuestTicks, HW_THREADS, ThreadRef};
use xenia_state::{Impossible, Unsaveable, check, is_count};

/// Holds the event with this address; `None` if there is none.
pub(crate) type HoldEvent<'a> = &'a dyn Fn(GuestAddr) -> Option<Arc<dyn EventHold>>;

/// Holds the event with this address.
pub(crate) fn held(
    hold: HoldEvent<'_>,
    body: GuestAddr,
) -> Result<(Arc<dyn EventHold>, GuestAddr), Impossible> {
    let held = hold(body).ok_or("an event of a socket is missing")?;
    Ok((held, body))
}

/// State of a [`NetState`]: all sockets of a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketsState {
    /// The machine's own network; `None` for a network of the host, which has no sockets then.
    local: Option<LocalNetworkState>,
    sockets: BTreeMap<u32, SocketState>,
    last: u32,
    requests: Vec<RequestState>,
    goes_on: bool,
    startups: u32,
    xnet: XNetState,
    due: Option<GuestTicks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SocketState {
    id: SocketId,
    kind: SocketKind,
    listens: bool,
    waits: bool,
    connection: Connection,
    options: Options,
    watch: Option<WatchState>,
}

/// State of a [`Watch`]; `body` is the address of the event that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WatchState {
    body: GuestAddr,
    wanted: u32,
    told: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RequestState {
    who: RequesterState,
    socket: u32,
    what: SocketOperation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RequesterState {
    Thread { thread: ThreadRef, kthread: GuestAddr },
    Overlapped { at: GuestAddr, thread_id: u32, routine: GuestAddr, event: Option<GuestAddr> },
}

impl Socket {
    fn state(&self) -> SocketState {
        let Self { id, kind, listens, waits, connection, options, watch } = self;
        let watch = watch.as_ref().map(|Watch { event: _, body, wanted, told }| WatchState {
            body: *body,
            wanted: *wanted,
            told: *told,
        });
        SocketState {
            id: *id,
            kind: *kind,
            listens: *listens,
            waits: *waits,
            connection: *connection,
            options: options.clone(),
            watch,
        }
    }
}

impl SocketState {
    fn socket(self, hold: HoldEvent<'_>) -> Result<Socket, Impossible> {
        let Self { id, kind, listens, waits, connection, options, watch } = self;
        let watch = watch.map(|WatchState { body, wanted, told }| {
            let (event, body) = held(hold, body)?;
            Ok::<_, Impossible>(Watch { event, body, wanted, told })
        });
        Ok(Socket { id, kind, listens, waits, connection, options, watch: watch.transpose()? })
    }
}

impl Request {
    fn state(&self) -> RequestState {
        let Self { who, socket, what } = self;
        let who = match who {
            Requester::Thread { thread, kthread } => {
                RequesterState::Thread { thread: *thread, kthread: *kthread }
            }
            Requester::Overlapped(Overlapped { at, thread_id, routine, event }) => {
                RequesterState::Overlapped {
                    at: *at,
                    thread_id: *thread_id,
                    routine: *routine,
                    event: event.as_ref().map(|&(_, body)| body),
                }
            }
        };
        RequestState { who, socket: *socket, what: what.clone() }
    }
}

impl RequestState {
    fn request(self, hold: HoldEvent<'_>) -> Result<Request, Impossible> {
        let Self { who, socket, what } = self;
        check(what.is_possible(), "a request of a socket is impossible")?;
        let who = match who {
            RequesterState::Thread { thread, kthread } => {
                let is_thread = usize::from(thread.hw_id) < HW_THREADS;
                check(is_thread, "an impossible thread waits for a socket")?;
                Requester::Thread { thread, kthread }
            }
            RequesterState::Overlapped { at, thread_id, routine, event } => {
                let event = event.map(|body| held(hold, body)).transpose()?;
                Requester::Overlapped(Overlapped { at, thread_id, routine, event })
            }
        };
        Ok(Request { who, socket, what })
    }
}

impl Net {
    fn state(&self, due: Option<GuestTicks>) -> Result<SocketsState, Unsaveable> {
        // The machine's limits are its configuration.
        let Self { port, sockets, last, requests, goes_on, startups, xnet, limits: _ } = self;
        let local = port.state();
        if local.is_none() && (!sockets.is_empty() || xnet.is_waited_for()) {
            return Err("the title has sockets of the host's network".into());
        }
        Ok(SocketsState {
            local,
            sockets: sockets.iter().map(|(&name, socket)| (name, socket.state())).collect(),
            last: *last,
            requests: requests.iter().map(Request::state).collect(),
            goes_on: *goes_on,
            startups: *startups,
            xnet: xnet.state(),
            due,
        })
    }

    fn restore(&mut self, state: SocketsState, hold: HoldEvent<'_>) -> Result<(), Impossible> {
        let SocketsState { local, sockets, last, requests, goes_on, startups, xnet, due: _ } = state;
        if let Some(others) = sockets.len().checked_sub(1) {
            check(self.limits.admit(Limit::Sockets, others).is_ok(), "too many sockets")?;
        }
        let kind_of = |id| local.as_ref()?.kind_of(id);
        let exists = |socket: &SocketState| kind_of(socket.id) == Some(socket.kind);
        check(sockets.values().all(exists), "a socket is missing in the network")?;
        let ids: BTreeSet<_> = sockets.values().map(|socket| socket.id).collect();
        check(ids.len() == sockets.len(), "a socket has two names")?;
        if let Some(local) = local {
            self.port.restore(local)?;
        }
        let sockets = sockets.into_iter().map(|(name, socket)| Ok((name, socket.socket(hold)?)));
        self.sockets = sockets.collect::<Result<_, Impossible>>()?;
        let requests = requests.into_iter().map(|request| request.request(hold));
        self.requests = requests.collect::<Result<_, Impossible>>()?;
        self.xnet = XNet::restored(xnet, hold)?;
        (self.last, self.goes_on, self.startups) = (last, goes_on, startups);
        Ok(())
    }
}

impl NetState {
    /// The state of all sockets.
    ///
    /// # Errors
    /// Sockets or look-ups of a network outside the machine.
    pub fn state(&self) -> Result<SocketsState, Unsaveable> {
        let Self { net, due: _ } = self;
        net.lock().state(self.next_due())
    }

    /// Replaces all sockets by those of a state. `hold` holds the event with an address.
    ///
    /// # Errors
    /// A state that no machine can be in, or one of another network.
    pub fn restore(&self, state: SocketsState, hold: HoldEvent<'_>) -> Result<(), Impossible> {
        check(state.due.is_none_or(is_count), "the next poll of sockets is at an impossible time")?;
        let mut net = self.lock();
        let due = state.due.unwrap_or(NEVER);
        net.restore(state, hold)?;
        self.due.store(due, Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LocalNetwork, OptionValue};
    use std::net::{Ipv4Addr, SocketAddrV4};
    use xenia_limits::Limits;

    fn net() -> NetState {
        NetState::new(Box::new(LocalNetwork::alone()), Arc::new(Limits::default()))
    }

    /// Events are held by their address.
    fn hold(body: GuestAddr) -> Option<Arc<dyn EventHold>> {
        (!body.is_null()).then(|| Arc::new(body.0) as Arc<dyn EventHold>)
    }

    fn lines(net: &NetState) -> Vec<String> {
        let mut lines = Vec::new();
        net.describe(&mut |line| lines.push(line.to_owned()));
        lines
    }

    /// Two connected sockets, a listener with an event, a datagram socket with a request, a key, a
    /// console and a look-up.
    fn used() -> NetState {
        let state = net();
        let mut net = state.lock();
        net.start();
        let listener = net.open(SocketKind::Stream).expect("there is room");
        let event = || hold(GuestAddr(0x40)).map(|event| (event, GuestAddr(0x40)));
        let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1000);
        net.bind(listener, at).expect("a free port");
        net.listen(listener, 2).expect("it is bound");
        net.watch(listener, event(), 0x3B).expect("it is open");
        let client = net.open(SocketKind::Stream).expect("there is room");
        net.connect(client, at).expect("it listens");
        net.set_option(client, 0xFFFF, 0x80, OptionValue::Linger(1, 7)).expect("an option");
        let datagrams = net.open(SocketKind::Datagram).expect("there is room");
        let select = SocketOperation::Select(crate::Select::default());
        let overlapped =
            Overlapped { at: GuestAddr(0x80), thread_id: 5, routine: GuestAddr(8), event: event() };
        let who = Requester::Overlapped(overlapped);
        net.requests.push_back(Request { who, socket: datagrams, what: select });
        let thread = ThreadRef { hw_id: 5, generation: 1, idx: 2 };
        let who = Requester::Thread { thread, kthread: GuestAddr(0x1000) };
        net.requests.push_back(Request { who, socket: client, what: SocketOperation::Connect });
        net.xnet.register_key([1; 8], [2; 16]).expect("there is room");
        let mut address = net.own_address();
        address[0x20] = 9;
        net.associate(address, [1; 8]).expect("it is this console");
        net.xnet.look_up(GuestAddr(0x200), "localhost".to_owned(), event());
        net.xnet.listen([1; 8], 5, vec![7; 9]).expect("there is room");
        net.goes_on = true;
        drop(net);
        state.due.store(12_345, Release);
        state
    }

    #[test]
    fn restored_sockets_are_those_that_were_saved() {
        let (state, other) = (used(), net());
        let saved = state.state().expect("the machine's own network");
        other.restore(saved.clone(), &hold).expect("it can be");
        assert_eq!((other.state(), lines(&other)), (Ok(saved), lines(&state)));
        assert_eq!(other.next_due(), Some(12_345));
        let next = |state: &NetState| {
            let mut net = state.lock();
            let name = net.open(SocketKind::Stream).expect("there is room");
            (name, net.close(4), net.local(8), net.xnet.take_lookup(GuestAddr(0x200)))
        };
        assert_eq!(next(&other), next(&state));
        assert_eq!(lines(&other), lines(&state));
    }

    #[test]
    fn sockets_that_cannot_be_are_refused() {
        let changes: [fn(&mut SocketsState); 8] = [
            |state| state.local = None,
            |state| state.due = Some(u64::MAX),
            |state| {
                let socket = state.sockets[&4].clone();
                state.sockets.insert(16, socket);
            },
            |state| state.sockets.values_mut().for_each(|socket| socket.kind = SocketKind::Stream),
            |state| {
                if let Some(watch) = state.sockets.get_mut(&4).and_then(|socket| socket.watch.as_mut()) {
                    watch.body = GuestAddr::NULL;
                }
            },
            |state| {
                if let Some(RequesterState::Thread { thread, .. }) =
                    state.requests.last_mut().map(|request| &mut request.who)
                {
                    thread.hw_id = 6;
                }
            },
            |state| {
                if let Some(RequesterState::Overlapped { event, .. }) =
                    state.requests.first_mut().map(|request| &mut request.who)
                {
                    *event = Some(GuestAddr::NULL);
                }
            },
            |state| {
                let buffer = xenia_guest::Buffer { at: GuestAddr(0), length: 4 };
                if let Some(request) = state.requests.last_mut() {
                    request.what = SocketOperation::Send(crate::Send {
                        bytes: crate::Buffers::one(buffer),
                        flags: 0,
                        to: None,
                        count: GuestAddr::NULL,
                        done: 5,
                        returns_zero: false,
                    });
                }
            },
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut state = used().state().expect("the machine's own network");
            change(&mut state);
            assert!(net().restore(state, &hold).is_err(), "{index}");
        }
    }
}
