//! Samples of guest code: where guest threads are, at random instructions, for a profiler.
//!
//! A thread outside requests a sample of a hardware thread ([`GuestSampler::request`]); its host
//! thread takes it after a random number of instructions, below [`SPREAD`], of whichever guest
//! threads run there. The engine's budget is cut at that instruction, which the guest can't notice.
//! So every instruction that runs about the time of a request is equally likely, unlike those at
//! which host threads look around anyway.
//!
//! Without a sampler, a host thread makes one test for each call of the engine.

use crate::HW_THREADS;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use xenia_sync::{Level, Mutex};

/// Number of instructions over which a sample is spread: a fraction of a millisecond.
const SPREAD: u64 = 1 << 16;

/// Requests that may wait for a sample. A host thread that runs answers within [`SPREAD`]
/// instructions, so that one with more requests has been suspended by the host meanwhile.
const PENDING: u32 = 4;

/// Samples that wait to be taken by the profiler; beyond it, they are counted.
const WAITING: usize = 1 << 16;

/// Where a guest thread was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestSample {
    /// Number of requests that it answers.
    pub weight: u32,
    /// Guest id of the thread.
    pub thread: u32,
    /// Address of the next instruction.
    pub pc: u32,
    /// Return addresses, innermost first.
    pub stack: Vec<u32>,
}

#[derive(Debug, Default)]
struct Waiting {
    samples: Vec<GuestSample>,
    lost: u64,
}

/// Requests for samples of a machine's guest code, and the samples.
#[derive(Debug)]
pub struct GuestSampler {
    /// Requests without an answer, for each hardware thread; lockstep uses only the first.
    requests: [AtomicU32; HW_THREADS],
    waiting: Mutex<Waiting>,
}

impl Default for GuestSampler {
    fn default() -> Self {
        Self { requests: Default::default(), waiting: Mutex::new(Level::Leaf, Waiting::default()) }
    }
}

impl GuestSampler {
    /// Requests a sample of a hardware thread. It has no effect while a few requests wait.
    pub fn request(&self, lane: usize) {
        if let Some(requests) = self.requests.get(lane) {
            let more = |count: u32| (count < PENDING).then_some(count + 1);
            let _ = requests.fetch_update(Relaxed, Relaxed, more);
        }
    }

    /// Takes the samples since the last call, and the number of those that were lost.
    pub fn take(&self) -> (Vec<GuestSample>, u64) {
        let Waiting { samples, lost } = std::mem::take(&mut *self.waiting.lock());
        (samples, lost)
    }

    fn add(&self, sample: GuestSample) {
        let mut waiting = self.waiting.lock();
        if waiting.samples.len() < WAITING {
            waiting.samples.push(sample);
        } else {
            waiting.lost += u64::from(sample.weight);
        }
    }
}

/// A host thread's side of the sampler.
#[derive(Clone, Debug)]
pub(crate) struct SampledLane {
    sampler: Arc<GuestSampler>,
    lane: usize,
    /// Instructions until the sample, if one was requested.
    until: u64,
    random: u64,
}

impl SampledLane {
    pub(crate) fn new(sampler: Arc<GuestSampler>, lane: usize) -> Self {
        Self { sampler, lane, until: 0, random: 0x9E37_79B9_7F4A_7C15 ^ lane as u64 }
    }

    /// The number of instructions, up to `wanted`, that the engine may execute before the sample.
    pub(crate) fn allowed(&mut self, wanted: u64) -> u64 {
        if self.until == 0 {
            if self.sampler.requests[self.lane].load(Relaxed) == 0 {
                return wanted;
            }
            // Xorshift: the distance need not be hard to guess, only unrelated to the code.
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            self.until = 1 + self.random % SPREAD;
        }
        wanted.min(self.until)
    }

    /// Notes that the engine has executed instructions. Returns whether the sample is due.
    pub(crate) fn is_due(&mut self, executed: u64) -> bool {
        let was_wanted = self.until > 0;
        self.until = self.until.saturating_sub(executed);
        was_wanted && self.until == 0
    }

    /// Hands in the sample that is due.
    pub(crate) fn add(&self, thread: u32, pc: u32, stack: Vec<u32>) {
        let weight = self.sampler.requests[self.lane].swap(0, Relaxed);
        self.sampler.add(GuestSample { weight, thread, pc, stack });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_due_after_the_instructions_of_its_distance() {
        let sampler = Arc::<GuestSampler>::default();
        let mut lane = SampledLane::new(sampler.clone(), 0);
        assert_eq!((lane.allowed(u64::MAX), lane.is_due(1000)), (u64::MAX, false));
        let mut distances = Vec::new();
        for _ in 0..1000 {
            sampler.request(0);
            sampler.request(0);
            let distance = lane.allowed(u64::MAX);
            assert_eq!(lane.allowed(1), 1);
            if distance > 1 {
                assert!(!lane.is_due(1));
                assert_eq!(lane.allowed(u64::MAX), distance - 1);
                assert!(lane.is_due(distance - 1));
            } else {
                assert!(lane.is_due(1));
            }
            lane.add(3, 0x8200_0000, Vec::new());
            distances.push(distance);
        }
        let (samples, lost) = sampler.take();
        assert!(samples.iter().all(|sample| (sample.weight, sample.thread) == (2, 3)));
        assert_eq!((samples.len(), lost, sampler.take().0.len()), (1000, 0, 0));
        let mean = distances.iter().sum::<u64>() / 1000;
        assert!(
            distances.iter().all(|&distance| distance <= SPREAD) && mean.abs_diff(SPREAD / 2) < SPREAD / 20
        );
    }

    #[test]
    fn a_suspended_thread_is_not_busy() {
        let sampler = Arc::<GuestSampler>::default();
        (0..1000).for_each(|_| sampler.request(0));
        SampledLane::new(sampler.clone(), 0).add(1, 0, Vec::new());
        assert_eq!(sampler.take().0[0].weight, PENDING);
    }

    #[test]
    fn samples_that_nobody_takes_are_counted() {
        let sampler = Arc::<GuestSampler>::default();
        let lane = SampledLane::new(sampler.clone(), 0);
        for _ in 0..WAITING + 5 {
            sampler.request(0);
            lane.add(1, 0, Vec::new());
        }
        assert_eq!((sampler.take().1, sampler.take().0.len()), (5, 0));
    }
}
