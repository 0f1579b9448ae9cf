//! A profile with names in place of addresses.

use super::{SampledPart, SampledRun};
use std::collections::BTreeMap;
use std::time::Duration;
use xenia_kernel::imports::CallCost;
use xenia_sched::SymbolicAddress;

/// Kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FrameKind {
    /// A guest function.
    Guest,
    /// A call of an export.
    Kernel,
    /// Compilation of guest code.
    Compiler,
    /// The graphics chip and other devices.
    Devices,
}

impl FrameKind {
    pub(crate) const ALL: [Self; 4] = [Self::Guest, Self::Kernel, Self::Compiler, Self::Devices];

    /// Name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest code",
            Self::Kernel => "kernel calls",
            Self::Compiler => "compiler",
            Self::Devices => "graphics and devices",
        }
    }
}

/// A function, or a part of the emulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProfiledFrame {
    pub(crate) name: String,
    pub(crate) kind: FrameKind,
}

/// A sample with its stack, as indexes of frames, outermost first.
#[derive(Clone, Debug)]
pub(crate) struct ResolvedSample {
    pub(crate) at: Duration,
    pub(crate) stack: Vec<usize>,
    /// Weight: number of the profiler's polls that it answers; 0 if it only counts instructions.
    pub(crate) weight: u64,
    /// Guest instructions that it represents.
    pub(crate) instructions: u64,
}

/// A profile with names.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResolvedProfile {
    /// Name of the title.
    pub(crate) title: String,
    pub(crate) frames: Vec<ProfiledFrame>,
    /// Samples by guest thread; `None`: of host threads that work for no guest thread.
    pub(crate) threads: BTreeMap<Option<u32>, Vec<ResolvedSample>>,
    /// Calls of exports.
    pub(crate) calls: Vec<CallCost>,
    /// Number of polls whose samples were left out, as there were too many.
    pub(crate) left_out: u64,
    /// Interval of the profiler's polls.
    pub(crate) period: Duration,
}

/// Finds names for addresses of guest code.
pub(crate) trait Symbols {
    /// The place of an instruction.
    fn place(&self, address: u32) -> Option<SymbolicAddress>;
    /// The place of a return address.
    fn return_place(&self, address: u32) -> Option<SymbolicAddress>;
    /// Name of the export that the call at this address is made to.
    fn call(&self, at: u32) -> Option<String>;
}

/// The frames found so far.
#[derive(Default)]
struct Frames {
    list: Vec<ProfiledFrame>,
    by_name: BTreeMap<(FrameKind, String), usize>,
    /// By whether the address is one that a call returns to, and the address.
    by_address: BTreeMap<(bool, u32), Option<usize>>,
}

impl Frames {
    fn intern(&mut self, kind: FrameKind, name: String) -> usize {
        let Self { list, by_name, .. } = self;
        *by_name.entry((kind, name)).or_insert_with_key(|(kind, name)| {
            list.push(ProfiledFrame { name: name.clone(), kind: *kind });
            list.len() - 1
        })
    }

    /// The guest function with this instruction.
    fn function(&mut self, symbols: &dyn Symbols, pc: u32) -> usize {
        if let Some(&Some(known)) = self.by_address.get(&(false, pc)) {
            return known;
        }
        let name = symbols.place(pc).map_or_else(|| format!("{pc:#010x}"), |place| place.name);
        let index = self.intern(FrameKind::Guest, name);
        self.by_address.insert((false, pc), Some(index));
        index
    }

    /// The guest function with this return address; `None` if there is no code.
    fn caller(&mut self, symbols: &dyn Symbols, address: u32) -> Option<usize> {
        if let Some(&known) = self.by_address.get(&(true, address)) {
            return known;
        }
        let place = symbols.return_place(address);
        let index = place.map(|place| self.intern(FrameKind::Guest, place.name));
        self.by_address.insert((true, address), index);
        index
    }
}

impl ResolvedProfile {
    /// Resolves the samples of a run.
    pub(crate) fn new(title: String, run: SampledRun, calls: Vec<CallCost>, symbols: &dyn Symbols) -> Self {
        let mut frames = Frames::default();
        let mut threads: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for sample in run.samples {
            let stack = match sample.part {
                SampledPart::Guest { pc, stack } => {
                    // Titles may keep any value where a return address should be.
                    let callers = stack.iter().map_while(|&at| frames.caller(symbols, at));
                    let mut callers: Vec<usize> = callers.collect();
                    callers.reverse();
                    callers.push(frames.function(symbols, pc));
                    callers
                }
                SampledPart::Kernel { pc } => {
                    let at = pc.wrapping_sub(4);
                    let name = symbols.call(at).unwrap_or_else(|| format!("call at {at:#010x}"));
                    vec![frames.intern(FrameKind::Kernel, name)]
                }
                SampledPart::Compiler => vec![frames.intern(FrameKind::Compiler, "compiler".to_owned())],
                SampledPart::Devices => vec![frames.intern(FrameKind::Devices, "devices".to_owned())],
            };
            let weight = u64::from(sample.weight);
            let instructions = sample.instructions;
            let resolved = ResolvedSample { at: sample.at, stack, weight, instructions };
            threads.entry(sample.thread).or_default().push(resolved);
        }
        Self { title, frames: frames.list, threads, calls, left_out: run.left_out, period: run.period }
    }

    /// The samples of all threads.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &ResolvedSample> {
        self.threads.values().flatten()
    }

    /// Number of polls that the samples answer.
    pub(crate) fn total(&self) -> u64 {
        self.samples().map(|sample| sample.weight).sum()
    }

    /// Number of guest instructions that the samples represent.
    pub(crate) fn instructions(&self) -> u64 {
        self.samples().map(|sample| sample.instructions).sum()
    }
}

/// Name of a thread of the profile.
pub(crate) fn thread_name(thread: Option<u32>) -> String {
    thread.map_or_else(|| "emulator".to_owned(), |id| format!("guest thread {id}"))
}
