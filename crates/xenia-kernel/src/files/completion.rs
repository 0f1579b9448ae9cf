//! I/O completion ports: queues of completed requests and waiting threads.
//!
//! A completion goes to the thread that began to wait last, as on NT, and is queued only if none
//! waits. A thread waits at one port at most. The total number of queued completions is limited
//! ([`Limit::Completions`]).

pub(super) mod state;

use crate::objects::HeldObject;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::{Limit, ResourceLimits};
use xenia_sched::ThreadRef;

/// The completion port of a file, and the key that it reports for the file's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortKey {
    /// Body of the port, which the file references.
    pub port: GuestAddr,
    /// Completion key of the file.
    pub key: u32,
}

/// A completed request as reported by a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// Completion key of the file.
    pub key: u32,
    /// Completion context of the request.
    pub context: u32,
    /// Final NT status.
    pub status: u32,
    /// Number of bytes transferred.
    pub information: u32,
}

/// A thread waiting for a completion, with its output pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    pub thread: ThreadRef,
    /// Output pointer for the key; may be null.
    pub key: GuestAddr,
    /// Output pointer for the context.
    pub context: GuestAddr,
    /// Output pointer for status and information.
    pub status_block: GuestAddr,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Port {
    queue: VecDeque<Completion>,
    receivers: VecDeque<Receiver>,
}

/// All completion ports, by the address of their bodies.
#[derive(Debug, Default)]
pub struct CompletionPorts {
    ports: BTreeMap<GuestAddr, Port>,
    /// Total number of queued completions.
    queued: usize,
    /// The port of each waiting thread, referenced during the wait.
    joined: BTreeMap<ThreadRef, (GuestAddr, Option<HeldObject>)>,
    limits: Arc<ResourceLimits>,
}

impl CompletionPorts {
    /// An empty table; refusals are counted in `limits`.
    pub fn new(limits: Arc<ResourceLimits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Adds a port.
    pub fn insert(&mut self, port: GuestAddr) {
        self.ports.insert(port, Port::default());
    }

    /// Removes a port.
    pub fn remove(&mut self, port: GuestAddr) {
        if let Some(port) = self.ports.remove(&port) {
            self.queued -= port.queue.len();
            for receiver in port.receivers {
                self.joined.remove(&receiver.thread);
            }
        }
    }

    /// Posts a completion: returns the thread that gets it, or queues the completion and returns
    /// `None`. Also `None` if the port is gone. Fails if too many completions are queued.
    pub fn post(&mut self, port: GuestAddr, completion: Completion) -> Fallible<Option<Receiver>> {
        let Some(port) = self.ports.get_mut(&port) else { return Ok(None) };
        if let Some(receiver) = port.receivers.pop_back() {
            self.joined.remove(&receiver.thread);
            return Ok(Some(receiver));
        }
        self.limits.admit(Limit::Completions, self.queued)?;
        self.queued += 1;
        port.queue.push_back(completion);
        Ok(None)
    }

    /// Takes the oldest completion.
    pub fn take(&mut self, port: GuestAddr) -> Option<Completion> {
        let completion = self.ports.get_mut(&port)?.queue.pop_front()?;
        self.queued -= 1;
        Some(completion)
    }

    /// Length of a port's queue.
    pub fn depth(&self, port: GuestAddr) -> usize {
        self.ports.get(&port).map_or(0, |port| port.queue.len())
    }

    /// Queues a thread at a port; `held` is its reference to the port.
    pub fn wait(&mut self, port: GuestAddr, receiver: Receiver, held: Option<HeldObject>) {
        if let Some(found) = self.ports.get_mut(&port) {
            self.joined.insert(receiver.thread, (port, held));
            found.receivers.push_back(receiver);
        }
    }

    /// Removes a thread whose wait ended for another reason.
    pub fn cancel(&mut self, thread: ThreadRef) {
        if let Some((port, _held)) = self.joined.remove(&thread)
            && let Some(port) = self.ports.get_mut(&port)
        {
            port.receivers.retain(|waiting| waiting.thread != thread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(key: u32) -> Completion {
        Completion { key, context: 0, status: 0, information: 0 }
    }

    fn receiver(idx: u16) -> Receiver {
        Receiver {
            thread: ThreadRef { hw_id: 0, generation: 0, idx },
            key: GuestAddr::NULL,
            context: GuestAddr::NULL,
            status_block: GuestAddr::NULL,
        }
    }

    #[test]
    fn receivers_come_first_and_the_queue_is_fifo() {
        let mut ports = CompletionPorts::default();
        let port = GuestAddr(0x1000);
        ports.insert(port);
        assert_eq!(ports.post(port, completion(1)), Ok(None));
        assert_eq!(ports.post(port, completion(2)), Ok(None));
        assert_eq!(ports.depth(port), 2);
        assert_eq!(ports.take(port), Some(completion(1)));
        assert_eq!(ports.take(port), Some(completion(2)));
        assert_eq!(ports.take(port), None);
        ports.wait(port, receiver(1), None);
        ports.wait(port, receiver(2), None);
        ports.wait(port, receiver(3), None);
        // The first thread's wait has timed out.
        ports.cancel(receiver(1).thread);
        for last in [3, 2] {
            assert_eq!(ports.post(port, completion(3)), Ok(Some(receiver(last))));
        }
        assert_eq!(ports.post(port, completion(4)), Ok(None));
    }

    #[test]
    fn a_thread_waits_once_and_ports_may_be_gone() {
        let mut ports = CompletionPorts::default();
        let a = GuestAddr(0x1000);
        let b = GuestAddr(0x2000);
        ports.insert(a);
        ports.insert(b);
        ports.wait(a, receiver(1), None);
        ports.cancel(receiver(1).thread);
        ports.wait(b, receiver(1), None);
        assert_eq!(ports.post(a, completion(1)), Ok(None));
        assert_eq!(ports.post(b, completion(1)), Ok(Some(receiver(1))));
        ports.remove(a);
        assert_eq!(ports.post(a, completion(1)), Ok(None));
        assert_eq!((ports.take(a), ports.depth(a)), (None, 0));
    }

    #[test]
    fn the_queues_have_an_end() {
        let mut ports = CompletionPorts::default();
        let a = GuestAddr(0x1000);
        let b = GuestAddr(0x2000);
        ports.insert(a);
        ports.insert(b);
        for n in 0..Limit::Completions.row().value as u32 {
            assert_eq!(ports.post(if n % 2 == 0 { a } else { b }, completion(n)), Ok(None));
        }
        let refused = ports.post(a, completion(1)).unwrap_err();
        assert_eq!(refused.status(), xenia_guest::NtStatus::INSUFFICIENT_RESOURCES);
        assert_eq!(ports.take(b), Some(completion(1)));
        assert_eq!(ports.post(a, completion(1)), Ok(None));
        ports.remove(a);
        assert_eq!(ports.queued, ports.depth(b));
    }
}
