//! A debuggee without a machine, for tests of the protocol with arbitrary input.

use crate::{Debuggee, Progress};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use xenia_cpu::{PpcContext, WatchedAccess};

/// Guest ids of the threads.
const THREADS: [u32; 3] = [1, 7, 0xFFFF_FFFF];

/// Address of the memory.
const START: u32 = 0x8200_0000;

/// Size of the memory in bytes.
const SIZE: usize = 0x1_0000;

/// A debuggee of three threads that share a page of memory and execute nothing: each run of it has
/// the next of a few results.
#[derive(Debug)]
pub struct PlainDebuggee {
    contexts: [PpcContext; 3],
    memory: Vec<u8>,
    breakpoints: Vec<u32>,
    runs: u32,
    stop: Arc<AtomicBool>,
}

impl Default for PlainDebuggee {
    fn default() -> Self {
        let context = || PpcContext { pc: START, ..PpcContext::default() };
        Self {
            contexts: [context(), context(), context()],
            memory: vec![0; SIZE],
            breakpoints: Vec::new(),
            runs: 0,
            stop: Arc::default(),
        }
    }
}

/// Index of an address in the memory.
fn index(at: u32) -> Option<usize> {
    at.checked_sub(START).map(|offset| offset as usize).filter(|&offset| offset < SIZE)
}

impl Debuggee for PlainDebuggee {
    fn threads(&self) -> Vec<u32> {
        THREADS.to_vec()
    }

    fn describe(&self, thread: u32) -> String {
        format!("thread {thread}")
    }

    fn context(&self, thread: u32) -> Option<&PpcContext> {
        self.contexts.get(THREADS.iter().position(|&id| id == thread)?)
    }

    fn context_mut(&mut self, thread: u32) -> Option<&mut PpcContext> {
        self.contexts.get_mut(THREADS.iter().position(|&id| id == thread)?)
    }

    fn read(&self, at: u32, bytes: &mut [u8]) -> usize {
        let Some(memory) = index(at).and_then(|start| self.memory.get(start..)) else { return 0 };
        let count = bytes.len().min(memory.len());
        bytes[..count].copy_from_slice(&memory[..count]);
        count
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> bool {
        let target = index(at).and_then(|start| self.memory.get_mut(start..)?.get_mut(..bytes.len()));
        target.map(|target| target.copy_from_slice(bytes)).is_some()
    }

    fn insert_breakpoint(&mut self, at: u32) -> bool {
        index(at).is_some() && self.breakpoints.len() < 16 && {
            self.breakpoints.push(at);
            true
        }
    }

    fn remove_breakpoint(&mut self, at: u32) -> bool {
        let found = self.breakpoints.iter().position(|&other| other == at);
        found.map(|index| self.breakpoints.swap_remove(index)).is_some()
    }

    fn insert_watch(&mut self, at: u32, len: u32, _: WatchedAccess) -> bool {
        index(at).is_some() && len < 9 && self.insert_breakpoint(at)
    }

    fn remove_watch(&mut self, at: u32, _: u32, _: WatchedAccess) -> bool {
        self.remove_breakpoint(at)
    }

    fn resume(&mut self, step: Option<u32>) -> Progress {
        self.runs += 1;
        match (step, self.runs % 16) {
            (Some(thread), _) => Progress::Stepped { thread },
            (None, 3) => Progress::Breakpoint { thread: THREADS[1] },
            (None, 5) => Progress::Watch { thread: THREADS[0], at: START, access: WatchedAccess::Change },
            (None, 6) => Progress::Launched { thread: THREADS[2] },
            (None, 7) => Progress::Crashed { thread: 0 },
            (None, 11) => Progress::Exited { code: self.runs },
            (None, 15) => Progress::Ended,
            (None, _) => Progress::Running,
        }
    }

    fn can_go_back(&self) -> bool {
        true
    }

    fn resume_backwards(&mut self, step: Option<u32>) -> Progress {
        self.runs += 1;
        match (step, self.runs % 4) {
            (_, 0) => Progress::Beginning,
            (Some(thread), _) => Progress::Stepped { thread },
            (None, 1) => Progress::Breakpoint { thread: THREADS[2] },
            (None, _) => Progress::Running,
        }
    }

    fn idle(&mut self) -> bool {
        false
    }

    fn stop_flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    fn command(&mut self, command: &str) -> String {
        command.to_owned()
    }
}
