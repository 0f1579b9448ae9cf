//! The queue nodes of waiting threads: a static table, so that a 16-bit number identifies a node.
//!
//! A thread has [`NESTED`] nodes, because it may wait for a lock while it waits for another (in a
//! signal handler). It gets them when it first has to queue and returns them when it ends. Without
//! a node (more than [`MAX_THREADS`] threads queue, or the thread is ending), the lock works
//! without the queue.
//!
//! The table is global to the process: it only describes current waits and keeps no state beyond
//! them.

use crate::thread_priorities::MAX_THREADS;
use crate::topology;
use std::cell::Cell;
#[cfg(not(feature = "modelled"))]
use std::sync::atomic::AtomicU64;
#[cfg(feature = "modelled")]
use xenia_sync::atomic::explorer;
use xenia_sync::atomic::{self, AtomicU8, AtomicU16, AtomicU32, Ordering};

/// Number of nodes of a thread.
pub(crate) const NESTED: usize = if cfg!(feature = "model-loom") { 1 } else { 4 };

/// State: waits for its turn, spinning.
pub(crate) const WAITS: u8 = 0;
/// State: waits for its turn, asleep.
pub(crate) const SLEEPS: u8 = 1;
/// State: is the head of the queue.
pub(crate) const HEAD: u8 = 2;

/// A place in a queue, on its own cache line, because its thread spins on it.
#[repr(align(64))]
pub(crate) struct Node {
    /// The number of the next node; 0 if there is none yet. Written once by the next node's thread,
    /// and by a head that moves nodes.
    pub(crate) next: AtomicU16,
    /// The state: [`WAITS`], [`SLEEPS`] or [`HEAD`].
    pub(crate) turn: AtomicU8,
    /// The NUMA node of the thread.
    pub(crate) place: AtomicU16,
    /// Of the head: the first and the last node of those that were passed over; 0 if there are
    /// none.
    pub(crate) aside: [AtomicU16; 2],
    /// Of the head: the number of consecutive hand-overs past the others.
    pub(crate) passed: AtomicU32,
}

impl Node {
    #[cfg(not(feature = "modelled"))]
    const fn new() -> Self {
        Self {
            next: AtomicU16::new(0),
            turn: AtomicU8::new(WAITS),
            place: AtomicU16::new(0),
            aside: [const { AtomicU16::new(0) }; 2],
            passed: AtomicU32::new(0),
        }
    }
}

#[cfg(not(feature = "modelled"))]
static NODES: [Node; MAX_THREADS * NESTED] = [const { Node::new() }; MAX_THREADS * NESTED];

#[cfg(feature = "modelled")]
explorer::lazy_static! {
    static ref NODES: Vec<Node> = (0..MAX_THREADS * NESTED)
        .map(|_| Node {
            next: AtomicU16::new(0),
            turn: AtomicU8::new(WAITS),
            place: AtomicU16::new(0),
            aside: [AtomicU16::new(0), AtomicU16::new(0)],
            passed: AtomicU32::new(0),
        })
        .collect();
}

/// The node with this number, which is never 0.
pub(crate) fn node(number: u16) -> &'static Node {
    &NODES[usize::from(number) - 1]
}

/// Bit set of the threads' shares that are in use.
#[cfg(not(feature = "modelled"))]
static TAKEN: [AtomicU64; MAX_THREADS.div_ceil(64)] = [const { AtomicU64::new(0) }; MAX_THREADS.div_ceil(64)];

/// A thread's share of the table.
struct Share {
    thread: Option<usize>,
    depth: Cell<usize>,
}

#[cfg(feature = "modelled")]
explorer::lazy_static! {
    static ref NEXT: explorer::sync::atomic::AtomicUsize = explorer::sync::atomic::AtomicUsize::new(0);
}

impl Share {
    /// Each thread of a model takes a share and never returns it.
    #[cfg(feature = "modelled")]
    fn take() -> Self {
        let thread = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { thread: (thread < MAX_THREADS).then_some(thread), depth: Cell::new(0) }
    }

    #[cfg(not(feature = "modelled"))]
    fn take() -> Self {
        let thread = (0..MAX_THREADS).find(|thread| {
            let bit = 1 << (thread % 64);
            let word = &TAKEN[thread / 64];
            word.load(Ordering::Relaxed) & bit == 0 && word.fetch_or(bit, Ordering::Acquire) & bit == 0
        });
        Self { thread, depth: Cell::new(0) }
    }
}

#[cfg(not(feature = "modelled"))]
impl Drop for Share {
    fn drop(&mut self) {
        if let Some(thread) = self.thread {
            crate::thread_priorities::forget(thread as u16 + 1);
            TAKEN[thread / 64].fetch_and(!(1 << (thread % 64)), Ordering::Release);
        }
    }
}

atomic::per_thread! {
    static SHARE: Share = Share::take();
}

/// This thread's number among those that have nodes, from 1 on; 0 if it has none.
#[inline]
pub(crate) fn thread_number() -> u16 {
    SHARE.try_with(|share| share.thread).ok().flatten().map_or(0, |thread| thread as u16 + 1)
}

/// A node that this thread uses.
pub(crate) struct NodeClaim {
    pub(crate) number: u16,
}

impl NodeClaim {
    /// Claims an unused node; `None` if the thread has none left.
    pub(crate) fn new() -> Option<Self> {
        let index = SHARE
            .try_with(|share| {
                let depth = share.depth.get();
                let thread = share.thread.filter(|_| depth < NESTED)?;
                share.depth.set(depth + 1);
                Some(thread * NESTED + depth)
            })
            .ok()??;
        let claim = Self { number: index as u16 + 1 };
        let node = node(claim.number);
        node.next.store(0, Ordering::Relaxed);
        node.turn.store(WAITS, Ordering::Relaxed);
        node.place.store(topology::current_node(), Ordering::Relaxed);
        node.aside[0].store(0, Ordering::Relaxed);
        node.aside[1].store(0, Ordering::Relaxed);
        node.passed.store(0, Ordering::Relaxed);
        Some(claim)
    }

    pub(crate) fn node(&self) -> &'static Node {
        node(self.number)
    }
}

impl Drop for NodeClaim {
    fn drop(&mut self) {
        // A thread that has returned its share holds no claim.
        let _ = SHARE.try_with(|share| share.depth.set(share.depth.get() - 1));
    }
}

const _: () = assert!(MAX_THREADS * NESTED < u16::MAX as usize);

#[cfg(all(test, not(feature = "modelled")))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_has_four_nodes_that_are_reused() {
        let claims: Vec<NodeClaim> = std::iter::from_fn(NodeClaim::new).collect();
        assert_eq!(claims.len(), NESTED);
        let first = claims[0].number;
        drop(claims);
        assert_eq!(NodeClaim::new().map(|claim| claim.number), Some(first));
    }

    #[test]
    fn numbers_are_reused_after_threads_end() {
        for _ in 0..3 * MAX_THREADS {
            let claimed = std::thread::spawn(|| NodeClaim::new().is_some()).join();
            assert!(claimed.expect("no panic"));
        }
    }

    #[test]
    fn threads_have_different_nodes() {
        let mine = NodeClaim::new().expect("a node");
        let other =
            std::thread::spawn(|| NodeClaim::new().map(|claim| claim.number)).join().expect("no panic");
        assert_ne!(other, Some(mine.number));
    }
}
