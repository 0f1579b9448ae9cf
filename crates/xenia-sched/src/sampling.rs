//! Samples of guest code for a profiler: where guest threads are, by time and by instructions.
//!
//! A thread outside requests a sample of a hardware thread ([`GuestSampler::request`]); its host
//! thread takes it after a random number of instructions, below [`SPREAD`], of whichever guest
//! threads run there. So every instruction that runs about the time of a request is equally likely,
//! unlike those at which host threads poll in any case.
//!
//! Also, one of every [`GuestSampler::stride`] instructions of a hardware thread is sampled, at a
//! random place among them. These samples depend on no clock: in lockstep, a run has the same ones
//! each time.
//!
//! The engine's budget is cut at a sampled instruction, which the guest can't notice. Without a
//! sampler, a host thread makes one test for each call of the engine.

use crate::HW_THREADS;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
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
    /// Number of instructions that it represents: the stride, or 0 if it only answers requests.
    pub instructions: u64,
    /// Guest id of the thread.
    pub thread: u32,
    /// Address of the next instruction.
    pub pc: u32,
    /// Return addresses, innermost first.
    pub stack: Vec<u32>,
}

/// Samples that were collected since the last call of [`GuestSampler::take`].
#[derive(Debug, Default)]
pub struct CollectedSamples {
    pub samples: Vec<GuestSample>,
    /// Weight of those that were lost.
    pub lost: u64,
}

/// Requests for samples of a machine's guest code, and the samples.
#[derive(Debug)]
pub struct GuestSampler {
    /// Requests without an answer, for each hardware thread; lockstep uses only the first.
    requests: [AtomicU32; HW_THREADS],
    waiting: Mutex<CollectedSamples>,
    stride: u64,
    /// Number of lanes so far: each has a separate sequence of random numbers.
    lanes: AtomicU64,
}

impl GuestSampler {
    /// A sampler that samples one of each `stride` instructions of a hardware thread, which is at
    /// least 1.
    pub fn new(stride: u64) -> Self {
        let waiting = Mutex::new(Level::Leaf, CollectedSamples::default());
        Self { requests: Default::default(), waiting, stride: stride.max(1), lanes: AtomicU64::new(0) }
    }

    /// Number of instructions per sample that a hardware thread takes without a request.
    pub fn stride(&self) -> u64 {
        self.stride
    }

    /// Requests a sample of a hardware thread. It has no effect while a few requests wait.
    pub fn request(&self, lane: usize) {
        if let Some(requests) = self.requests.get(lane) {
            let more = |count: u32| (count < PENDING).then_some(count + 1);
            let _ = requests.fetch_update(Relaxed, Relaxed, more);
        }
    }

    /// Takes the samples since the last call.
    pub fn take(&self) -> CollectedSamples {
        std::mem::take(&mut *self.waiting.lock())
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

/// A sequence of numbers (xorshift) that need not be hard to guess, only unrelated to the code.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    /// A number from 1 to `most`.
    fn number_up_to(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        1 + self.0 % most
    }
}

/// The present stride.
#[derive(Clone, Copy, Debug, Default)]
struct Stride {
    /// Instructions until its sample.
    until_sample: u64,
    /// Instructions from there to its end.
    rest: u64,
}

/// Reasons for a sample that is due; none if neither is true.
#[derive(Clone, Copy, Debug, Default)]
struct DueSample {
    is_requested: bool,
    is_of_stride: bool,
}

/// A host thread's side of the sampler.
#[derive(Clone, Debug)]
pub(crate) struct SampledLane {
    sampler: Arc<GuestSampler>,
    lane: usize,
    /// Instructions until the sample, if one was requested.
    until: u64,
    stride: Stride,
    due: DueSample,
    /// Random numbers for requests. The strides have their own, as host threads poll requests at
    /// moments that differ from run to run.
    random_requests: Random,
    random_strides: Random,
}

impl SampledLane {
    pub(crate) fn new(sampler: Arc<GuestSampler>, lane: usize) -> Self {
        let sequence = 2 * sampler.lanes.fetch_add(1, Relaxed) + 1;
        // 2^64 divided by the golden ratio. It is odd, so no sequence begins with 0, where xorshift
        // would stay.
        let random = |sequence: u64| Random(sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut lane = Self {
            sampler,
            lane,
            until: 0,
            stride: Stride::default(),
            due: DueSample::default(),
            random_requests: random(sequence),
            random_strides: random(sequence + 1),
        };
        lane.begin_stride();
        lane
    }

    /// Chooses the instruction of the next stride.
    fn begin_stride(&mut self) {
        let whole = self.sampler.stride;
        let until = self.random_strides.number_up_to(whole);
        self.stride = Stride { until_sample: self.stride.rest + until, rest: whole - until };
    }

    /// The number of instructions, up to `wanted`, that the engine may execute before a sample.
    pub(crate) fn allowed(&mut self, wanted: u64) -> u64 {
        let wanted = wanted.min(self.stride.until_sample);
        if self.until == 0 {
            if self.sampler.requests[self.lane].load(Relaxed) == 0 {
                return wanted;
            }
            self.until = self.random_requests.number_up_to(SPREAD);
        }
        wanted.min(self.until)
    }

    /// Notes that the engine has executed instructions. Returns whether a sample is due.
    pub(crate) fn advance(&mut self, executed: u64) -> bool {
        let was_wanted = self.until > 0;
        self.until = self.until.saturating_sub(executed);
        self.stride.until_sample = self.stride.until_sample.saturating_sub(executed);
        self.due = DueSample {
            is_requested: was_wanted && self.until == 0,
            is_of_stride: self.stride.until_sample == 0,
        };
        if self.due.is_of_stride {
            self.begin_stride();
        }
        self.due.is_requested || self.due.is_of_stride
    }

    /// Hands in the sample that is due.
    pub(crate) fn add(&mut self, thread: u32, pc: u32, stack: Vec<u32>) {
        let DueSample { is_requested, is_of_stride } = std::mem::take(&mut self.due);
        let weight = if is_requested { self.sampler.requests[self.lane].swap(0, Relaxed) } else { 0 };
        let instructions = if is_of_stride { self.sampler.stride } else { 0 };
        self.sampler.add(GuestSample { weight, instructions, thread, pc, stack });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stride that no test reaches.
    const NEVER: u64 = u64::MAX / 4;

    fn sampled(stride: u64) -> (Arc<GuestSampler>, SampledLane) {
        let sampler = Arc::new(GuestSampler::new(stride));
        (sampler.clone(), SampledLane::new(sampler, 0))
    }

    #[test]
    fn a_sample_is_due_after_the_instructions_of_its_distance() {
        let (sampler, mut lane) = sampled(NEVER);
        assert_eq!((lane.allowed(1 << 20), lane.advance(1000)), (1 << 20, false));
        let mut distances = Vec::new();
        for _ in 0..1000 {
            sampler.request(0);
            sampler.request(0);
            let distance = lane.allowed(u64::MAX);
            assert_eq!(lane.allowed(1), 1);
            if distance > 1 {
                assert!(!lane.advance(1));
                assert_eq!(lane.allowed(u64::MAX), distance - 1);
                assert!(lane.advance(distance - 1));
            } else {
                assert!(lane.advance(1));
            }
            lane.add(3, 0x8200_0000, Vec::new());
            distances.push(distance);
        }
        let CollectedSamples { samples, lost } = sampler.take();
        assert!(
            samples.iter().all(|sample| (sample.weight, sample.instructions, sample.thread) == (2, 0, 3))
        );
        assert_eq!((samples.len(), lost, sampler.take().samples.len()), (1000, 0, 0));
        let mean = distances.iter().sum::<u64>() / 1000;
        assert!(
            distances.iter().all(|&distance| distance <= SPREAD) && mean.abs_diff(SPREAD / 2) < SPREAD / 20
        );
    }

    /// Executes up to `all` instructions; returns the positions at which strides are sampled.
    fn positions(stride: u64, all: u64, mut request: impl FnMut(&GuestSampler, u64)) -> Vec<u64> {
        let (sampler, mut lane) = sampled(stride);
        let mut at = 0;
        let mut found = Vec::new();
        while at < all {
            request(&sampler, at);
            let executed = lane.allowed(777.min(all - at));
            at += executed;
            if lane.advance(executed) {
                lane.add(1, 0, Vec::new());
                let samples = sampler.take().samples;
                found.extend(samples.iter().filter(|sample| sample.instructions == stride).map(|_| at));
            }
        }
        found
    }

    #[test]
    fn one_instruction_of_each_stride_is_sampled_at_a_place_that_no_request_changes() {
        const STRIDE: u64 = 1000;
        let alone = positions(STRIDE, 2000 * STRIDE, |_, _| {});
        let mut next = 0;
        let asked = positions(STRIDE, 2000 * STRIDE, |sampler, at| {
            if at > next {
                next += 90_000;
                sampler.request(0);
            }
        });
        assert_eq!(alone, asked);
        // Instructions are counted from 1: the first stride ends with its thousandth.
        assert!(alone.iter().zip(0..).all(|(at, stride)| (at - 1) / STRIDE == stride), "{alone:?}");
        assert_eq!(alone.len(), 2000);
        let mean = alone.iter().map(|at| (at - 1) % STRIDE).sum::<u64>() / 2000;
        assert!(mean.abs_diff(STRIDE / 2) < STRIDE / 20, "{mean}");
        assert_eq!(positions(1, 50, |_, _| {}), (1..=50).collect::<Vec<_>>());
    }

    #[test]
    fn short_runs_of_many_lanes_have_their_part_of_the_samples() {
        let sampler = Arc::new(GuestSampler::new(10_000));
        for _ in 0..5000 {
            let mut lane = SampledLane::new(sampler.clone(), 0);
            let allowed = lane.allowed(1000);
            if lane.advance(allowed) {
                lane.add(1, 0, Vec::new());
            }
        }
        let count = sampler.take().samples.len();
        assert!((400..600).contains(&count), "{count}");
    }

    #[test]
    fn a_suspended_thread_is_not_busy() {
        let (sampler, mut lane) = sampled(NEVER);
        (0..1000).for_each(|_| sampler.request(0));
        let distance = lane.allowed(u64::MAX);
        assert!(lane.advance(distance));
        lane.add(1, 0, Vec::new());
        assert_eq!(sampler.take().samples[0].weight, PENDING);
    }

    #[test]
    fn samples_that_are_not_taken_are_counted() {
        let (sampler, mut lane) = sampled(NEVER);
        for _ in 0..WAITING + 5 {
            sampler.request(0);
            let distance = lane.allowed(u64::MAX);
            assert!(lane.advance(distance));
            lane.add(1, 0, Vec::new());
        }
        let taken = sampler.take();
        assert_eq!((taken.lost, taken.samples.len(), sampler.take().samples.len()), (5, WAITING, 0));
    }
}
