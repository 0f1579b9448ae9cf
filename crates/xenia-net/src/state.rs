//! State of the sockets. Those of the machine's own network are saved with it; those of the host
//! cannot be.

use crate::network::{LocalNetworkState, SocketId, SocketKind};
use crate::options::Options;
use crate::request::{Request, Requester};
use crate::saved_events::{RestoredEvents, SavedEvents};
use crate::xnet::{XNet, XNetState};
use crate::{
    Connection, HeldEvent, HoldEvent, NEVER, Net, NetState, Overlapped, Socket, SocketOperation, Watch,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Release;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_sched::{GuestTicks, HW_THREADS, ThreadRef};
use xenia_state::{Impossible, Unsaveable, check, is_count};

/// State of a [`NetState`]: all sockets of a title.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketsState {
    /// The machine's own network; `None` for a network of the host, which has no sockets then.
    local: Option<LocalNetworkState>,
    /// Events that sockets, requests and look-ups hold.
    events: Vec<HeldEvent>,
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
    is_blocking: bool,
    connection: Connection,
    options: Options,
    watch: Option<WatchState>,
}

/// State of a [`Watch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WatchState {
    /// Index of the event.
    event: u32,
    wanted: u32,
    signalled: u32,
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
    Overlapped { at: GuestAddr, thread_id: u32, routine: GuestAddr, event: Option<u32> },
}

impl Socket {
    fn state(&self, events: &mut SavedEvents) -> SocketState {
        let Self { id, kind, listens, is_blocking, connection, options, watch } = self;
        let watch = watch.as_ref().map(|Watch { event, body: _, wanted, signalled }| WatchState {
            event: events.index_of(event),
            wanted: *wanted,
            signalled: *signalled,
        });
        SocketState {
            id: *id,
            kind: *kind,
            listens: *listens,
            is_blocking: *is_blocking,
            connection: *connection,
            options: options.clone(),
            watch,
        }
    }
}

impl SocketState {
    fn socket(self, events: &RestoredEvents) -> Result<Socket, Impossible> {
        let Self { id, kind, listens, is_blocking, connection, options, watch } = self;
        let watch = watch.map(|WatchState { event, wanted, signalled }| {
            let (event, body) = events.get(event)?;
            Ok::<_, Impossible>(Watch { event, body, wanted, signalled })
        });
        Ok(Socket { id, kind, listens, is_blocking, connection, options, watch: watch.transpose()? })
    }
}

impl Request {
    fn state(&self, events: &mut SavedEvents) -> RequestState {
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
                    event: event.as_ref().map(|(event, _)| events.index_of(event)),
                }
            }
        };
        RequestState { who, socket: *socket, what: what.clone() }
    }
}

impl RequestState {
    fn request(self, events: &RestoredEvents) -> Result<Request, Impossible> {
        let Self { who, socket, what } = self;
        check(what.is_valid(), "a request of a socket has too many buffers or sockets, or is past its end")?;
        let who = match who {
            RequesterState::Thread { thread, kthread } => {
                let is_thread = usize::from(thread.hw_id) < HW_THREADS;
                check(is_thread, "an impossible thread waits for a socket")?;
                Requester::Thread { thread, kthread }
            }
            RequesterState::Overlapped { at, thread_id, routine, event } => {
                let event = event.map(|index| events.get(index)).transpose()?;
                Requester::Overlapped(Overlapped { at, thread_id, routine, event })
            }
        };
        Ok(Request { who, socket, what })
    }
}

impl Net {
    fn state(&self, due: Option<GuestTicks>) -> Result<SocketsState, Unsaveable> {
        let Self {
            port,
            sockets,
            // The sockets have their events.
            watched: _,
            last,
            requests,
            goes_on,
            startups,
            xnet,
            // Open on the host's network only.
            quality_socket: _,
            // Configuration of the machine.
            limits: _,
        } = self;
        let local = port.state();
        if local.is_none() && (!sockets.is_empty() || xnet.is_waited_for()) {
            return Err("the title has sockets of the host's network".into());
        }
        let mut events = SavedEvents::default();
        let sockets = sockets.iter().map(|(&name, socket)| (name, socket.state(&mut events))).collect();
        let requests = requests.iter().map(|request| request.state(&mut events)).collect();
        let xnet = xnet.state(&mut events);
        Ok(SocketsState {
            local,
            events: events.events(),
            sockets,
            last: *last,
            requests,
            goes_on: *goes_on,
            startups: *startups,
            xnet,
            due,
        })
    }

    fn restore(&mut self, state: SocketsState, hold: HoldEvent<'_>) -> Result<(), Impossible> {
        let SocketsState { local, events, sockets, last, requests, goes_on, startups, xnet, due: _ } = state;
        let events = RestoredEvents::new(&events, hold)?;
        // `admit` asks for one more than there are.
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
        let sockets = sockets.into_iter().map(|(name, socket)| Ok((name, socket.socket(&events)?)));
        self.sockets = sockets.collect::<Result<_, Impossible>>()?;
        let watched = self.sockets.iter().filter(|(_, socket)| socket.watch.is_some());
        self.watched = watched.map(|(&name, _)| name).collect();
        let requests = requests.into_iter().map(|request| request.request(&events));
        self.requests = requests.collect::<Result<_, Impossible>>()?;
        self.xnet = XNet::restored(xnet, &events)?;
        self.last = last;
        self.goes_on = goes_on;
        self.startups = startups;
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

    /// Drops all sockets of the machine's own network, and the events that they hold, before a
    /// state of another moment replaces them.
    pub fn release_all(&self) {
        let mut net = self.lock();
        let sockets = std::mem::take(&mut net.sockets);
        net.watched.clear();
        let requests = std::mem::take(&mut net.requests);
        let xnet = std::mem::take(&mut net.xnet);
        // The events are dropped without the lock.
        drop(net);
        drop((sockets, requests, xnet));
    }

    /// Replaces all sockets by those of a state. `hold` holds an event again.
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
    use crate::{EventHold, LocalNetwork, OptionValue};
    use std::net::{Ipv4Addr, SocketAddrV4};
    use std::sync::Arc;
    use xenia_limits::ResourceLimits;

    fn net() -> NetState {
        NetState::new(Box::new(LocalNetwork::isolated()), Arc::new(ResourceLimits::default()))
    }

    impl EventHold for HeldEvent {
        fn event(&self) -> Self {
            *self
        }
    }

    /// Any event can be held, but the one at the null address.
    fn hold(event: HeldEvent) -> Option<Arc<dyn EventHold>> {
        (!event.body.is_null()).then(|| Arc::new(event) as Arc<dyn EventHold>)
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
        let event = || {
            let event = HeldEvent { position: 7, body: GuestAddr(0x40) };
            hold(event).map(|held| (held, event.body))
        };
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
        let state = used();
        let other = net();
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
    fn an_accepted_socket_shares_the_event_of_its_listener_again() {
        let state = used();
        let listener = state.lock().sockets[&4].id;
        {
            let mut net = state.lock();
            let (accepted, _) = net.port.accept(listener).expect("a connection waits");
            net.insert_accepted(4, accepted);
        }
        let uses = |state: &NetState| {
            let net = state.lock();
            net.sockets.values().find_map(|socket| Some(Arc::strong_count(&socket.watch.as_ref()?.event)))
        };
        let other = net();
        let saved = state.state().expect("the machine's own network");
        assert_eq!(saved.events.len(), 3, "the request and the look-up have references of their own");
        other.restore(saved, &hold).expect("it can be");
        assert_eq!((uses(&other), uses(&state)), (Some(2), Some(2)));
        let watched = |state: &NetState| state.lock().watched.clone();
        assert_eq!((watched(&other), watched(&state).len()), (watched(&state), 2));
        other.release_all();
        assert!(watched(&other).is_empty());
    }

    #[test]
    fn impossible_socket_states_are_refused() {
        let changes: [fn(&mut SocketsState); 9] = [
            |state| state.local = None,
            |state| state.due = Some(u64::MAX),
            |state| {
                let socket = state.sockets[&4].clone();
                state.sockets.insert(16, socket);
            },
            |state| state.sockets.values_mut().for_each(|socket| socket.kind = SocketKind::Stream),
            |state| state.events[0].body = GuestAddr::NULL,
            |state| {
                if let Some(watch) = state.sockets.get_mut(&4).and_then(|socket| socket.watch.as_mut()) {
                    watch.event = 3;
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
                    *event = Some(3);
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
