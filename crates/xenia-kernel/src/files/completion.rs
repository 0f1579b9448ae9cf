//! Completion ports: queues of finished requests, and the threads that wait for one.

use std::collections::{BTreeMap, VecDeque};
use xenia_guest::GuestAddr;
use xenia_sched::ThreadRef;

/// A finished request, as a port reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Key of the file.
    pub key: u32,
    /// Context of the request.
    pub context: u32,
    /// Its status.
    pub status: u32,
    /// Bytes transferred.
    pub information: u32,
}

/// A thread that waits for a completion, and where it wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// The thread.
    pub thread: ThreadRef,
    /// Where the key goes; null: nowhere.
    pub key: GuestAddr,
    /// Where the context goes.
    pub context: GuestAddr,
    /// Where status and information go.
    pub status_block: GuestAddr,
}

#[derive(Debug, Default)]
struct Port {
    queue: VecDeque<Completion>,
    receivers: VecDeque<Receiver>,
}

/// All completion ports, by the address of their bodies.
#[derive(Debug, Default)]
pub struct CompletionPorts {
    ports: BTreeMap<GuestAddr, Port>,
}

impl CompletionPorts {
    /// Adds a port.
    pub fn insert(&mut self, port: GuestAddr) {
        self.ports.insert(port, Port::default());
    }

    /// Forgets a port.
    pub fn remove(&mut self, port: GuestAddr) {
        self.ports.remove(&port);
    }

    /// A finished request: returns who gets it, first come first served, or queues it. `is_waiting` says whether a receiver
    /// still waits; one whose time has run out does not. `None` if the port is gone, or nobody waits.
    pub fn post(
        &mut self,
        port: GuestAddr,
        completion: Completion,
        is_waiting: impl Fn(ThreadRef) -> bool,
    ) -> Option<Receiver> {
        let port = self.ports.get_mut(&port)?;
        while let Some(receiver) = port.receivers.pop_front() {
            if is_waiting(receiver.thread) {
                return Some(receiver);
            }
        }
        port.queue.push_back(completion);
        None
    }

    /// Takes the oldest completion.
    pub fn take(&mut self, port: GuestAddr) -> Option<Completion> {
        self.ports.get_mut(&port)?.queue.pop_front()
    }

    /// Completions in a port's queue.
    pub fn depth(&self, port: GuestAddr) -> usize {
        self.ports.get(&port).map_or(0, |port| port.queue.len())
    }

    /// A thread begins to wait. Whatever it waited for before is over.
    pub fn wait(&mut self, port: GuestAddr, receiver: Receiver) {
        for port in self.ports.values_mut() {
            port.receivers.retain(|waiting| waiting.thread != receiver.thread);
        }
        if let Some(port) = self.ports.get_mut(&port) {
            port.receivers.push_back(receiver);
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
        let (mut ports, port) = (CompletionPorts::default(), GuestAddr(0x1000));
        ports.insert(port);
        assert_eq!(ports.post(port, completion(1), |_| true), None);
        assert_eq!(ports.post(port, completion(2), |_| true), None);
        assert_eq!(ports.depth(port), 2);
        assert_eq!(ports.take(port), Some(completion(1)));
        assert_eq!(ports.take(port), Some(completion(2)));
        assert_eq!(ports.take(port), None);
        ports.wait(port, receiver(1));
        ports.wait(port, receiver(2));
        // The first one's time has run out.
        assert_eq!(ports.post(port, completion(3), |thread| thread.idx == 2), Some(receiver(2)));
        assert_eq!(ports.post(port, completion(4), |_| true), None);
    }

    #[test]
    fn a_thread_waits_once_and_ports_may_be_gone() {
        let (mut ports, a, b) = (CompletionPorts::default(), GuestAddr(0x1000), GuestAddr(0x2000));
        ports.insert(a);
        ports.insert(b);
        ports.wait(a, receiver(1));
        ports.wait(b, receiver(1));
        assert_eq!(ports.post(a, completion(1), |_| true), None);
        assert_eq!(ports.post(b, completion(1), |_| true), Some(receiver(1)));
        ports.remove(a);
        assert_eq!(ports.post(a, completion(1), |_| true), None);
        assert_eq!((ports.take(a), ports.depth(a)), (None, 0));
    }
}
