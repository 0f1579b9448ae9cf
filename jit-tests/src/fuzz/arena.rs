//! Two machines side by side: the interpreter's, and that of the engine under test.

use super::count;
use super::sequence::{BUDGET, SANDBOX, SANDBOX_SIZE, Sequence};
use crate::conformance::{Bench, CODE_BASE, CODE_SIZE, EXIT_BASE, EXIT_LEVEL, Engine, RunError};
use std::sync::Arc;
use xenia_cpu::{EngineConfig, ExceptionKind, Execute, Exit, GuestException, Interpreter, PpcContext};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_isa::{Op, decode};
use xenia_memory::{DeviceQueue, GuestMemory};

/// Where two runs differ.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

/// What a comparison gave.
pub(super) struct Outcome {
    /// Completed by the interpreter.
    pub(super) instructions: u64,
    pub(super) difference: Option<Difference>,
    /// Whether a load or store was refused, which a sequence as generated never asks for.
    pub(super) faulted: bool,
}

/// How a sequence ended.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Returned,
    Budget,
    Exception(GuestException),
}

/// Code goes to a fresh place each time: an engine may treat pages that change often in another way, and
/// that is not what most sequences are to test. When the room is used up, a new engine begins at its start.
pub(super) struct Arena<'a> {
    factory: &'a Engine<'a>,
    /// Where the next code goes.
    next: u32,
    interpreter: Interpreter,
    reference: Arc<GuestMemory>,
    engine: Box<dyn Execute>,
    tested: Arc<GuestMemory>,
    devices: DeviceQueue,
    /// Scratch for the rows executed in one run.
    executed: Vec<Op>,
    _benches: [Bench; 2],
}

fn build(factory: &Engine<'_>, memory: &Arc<GuestMemory>) -> Result<Box<dyn Execute>, RunError> {
    (factory.make)(Arc::clone(memory)).map_err(|error| failed(factory, format!("{error:#}")))
}

fn failed(factory: &Engine<'_>, reason: String) -> RunError {
    RunError::Engine { engine: factory.name.to_owned(), reason }
}

impl<'a> Arena<'a> {
    pub(super) fn new(factory: &'a Engine<'a>) -> Result<Self, RunError> {
        let first = Bench::new().map_err(|error| failed(factory, error.to_string()))?;
        let second = Bench::new().map_err(|error| failed(factory, error.to_string()))?;
        let (reference, tested) = (first.memory(), second.memory());
        Ok(Self {
            factory,
            next: CODE_BASE,
            interpreter: Interpreter::new(Arc::clone(&reference), EngineConfig::default()),
            reference,
            engine: build(factory, &tested)?,
            tested,
            devices: DeviceQueue::new(),
            executed: Vec::with_capacity(BUDGET as usize),
            _benches: [first, second],
        })
    }

    /// Places sequences one after the other in both machines and returns their entries.
    pub(super) fn load(&mut self, sequences: &[Sequence]) -> Result<Vec<u32>, RunError> {
        let size: u32 = sequences.iter().map(|sequence| sequence.words(0).len() as u32 * 4 + 16).sum();
        if self.next + size > CODE_BASE + CODE_SIZE {
            self.engine = build(self.factory, &self.tested)?;
            self.next = CODE_BASE;
        }
        let entries = self.place(sequences, self.next);
        self.next = (self.next + size).next_multiple_of(PAGE_SIZE);
        Ok(entries)
    }

    /// Places a sequence at the start of the room, where the cases of the files written will be.
    pub(super) fn load_first(&self, sequence: &Sequence) {
        self.place(std::slice::from_ref(sequence), CODE_BASE);
    }

    fn place(&self, sequences: &[Sequence], base: u32) -> Vec<u32> {
        let mut code = Vec::new();
        let mut entries = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            let entry = base + code.len() as u32;
            entries.push(entry);
            code.extend(sequence.words(entry).iter().flat_map(|word| word.to_be_bytes()));
            code.resize(code.len().next_multiple_of(16), 0);
        }
        for memory in [&self.reference, &self.tested] {
            let written = memory.write_bytes(GuestAddr(base), &code);
            written.expect("a batch is much smaller than the room for code");
        }
        entries
    }

    /// The interpreter's state and memory after the sequence at the start of the room, and
    /// whether it returned.
    pub(super) fn reference_run(&mut self, sequence: &Sequence) -> (PpcContext, Vec<u8>, bool) {
        self.load_first(sequence);
        let mut ctx = start(sequence, CODE_BASE);
        write_sandbox(&self.reference, sequence);
        let end = step_through(&mut self.interpreter, &self.reference, &mut ctx, &mut self.devices, None);
        (ctx, read_sandbox(&self.reference), end == End::Returned)
    }

    /// Runs the sequence, which is loaded at `entry`, on both machines.
    pub(super) fn run(&mut self, sequence: &Sequence, entry: u32, counts: Option<&mut Vec<u64>>) -> Outcome {
        let mut expected = start(sequence, entry);
        let mut actual = expected.clone();
        write_sandbox(&self.reference, sequence);
        write_sandbox(&self.tested, sequence);
        self.executed.clear();
        let expected_end = step_through(
            &mut self.interpreter,
            &self.reference,
            &mut expected,
            &mut self.devices,
            Some(&mut self.executed),
        );
        if let Some(counts) = counts {
            self.executed.iter().for_each(|&op| count(counts, op));
        }
        let actual_end = run_through(self.engine.as_mut(), &mut actual, &mut self.devices);
        let instructions = (BUDGET - expected.budget) as u64;
        let text = |what: &str, expected: String, actual: String| {
            Some(Difference { what: what.to_owned(), expected, actual })
        };
        let faulted =
            matches!(expected_end, End::Exception(GuestException { kind: ExceptionKind::Memory(_), .. }));
        let difference = if expected_end != actual_end {
            text("exit", format!("{expected_end:?}"), format!("{actual_end:?}"))
        } else if expected.budget != actual.budget {
            text("instructions", instructions.to_string(), (BUDGET - actual.budget).to_string())
        } else if faulted {
            // By default, compiled code needs not have exact registers where an access faults. Sequences
            // stay inside the sandbox; shrinking may lead out of it.
            None
        } else if let Some((register, expected, actual)) = expected.first_difference(&actual) {
            text(&register, format!("{expected:#x}"), format!("{actual:#x}"))
        } else {
            let (expected, actual) = (read_sandbox(&self.reference), read_sandbox(&self.tested));
            expected.iter().zip(&actual).position(|(a, b)| a != b).and_then(|at| {
                let what = format!("memory {:08X}", SANDBOX as usize + at);
                text(&what, format!("{:02X}", expected[at]), format!("{:02X}", actual[at]))
            })
        };
        Outcome { instructions, difference, faulted }
    }
}

fn start(sequence: &Sequence, entry: u32) -> PpcContext {
    let mut ctx = (*sequence.state).clone();
    ctx.pc = entry;
    ctx.lr = EXIT_BASE.into();
    ctx.begin_visit(BUDGET, 0x1234_5678_9ABC, u32::MAX);
    ctx
}

fn write_sandbox(memory: &GuestMemory, sequence: &Sequence) {
    let written = memory.write_bytes(GuestAddr(SANDBOX), &sequence.memory[..]);
    written.expect("the sandbox lies in the data of the bench");
}

fn read_sandbox(memory: &GuestMemory) -> Vec<u8> {
    let mut bytes = vec![0; SANDBOX_SIZE];
    memory.read_bytes(GuestAddr(SANDBOX), &mut bytes).expect("the sandbox lies in the data of the bench");
    bytes
}

/// Whether this exit ends the sequence; the others (its own system calls, yields) go on.
fn end_of(exit: Exit, ctx: &PpcContext) -> Option<End> {
    match exit {
        Exit::Syscall { lev: EXIT_LEVEL } if ctx.pc == EXIT_BASE + 4 => Some(End::Returned),
        Exit::Exception(exception) => Some(End::Exception(exception)),
        _ if ctx.budget == 0 => Some(End::Budget),
        Exit::Syscall { .. } | Exit::Yield | Exit::Budget => None,
    }
}

/// Runs on the interpreter, one instruction at a time, and records the rows.
fn step_through(
    interpreter: &mut Interpreter,
    memory: &GuestMemory,
    ctx: &mut PpcContext,
    devices: &mut DeviceQueue,
    mut executed: Option<&mut Vec<Op>>,
) -> End {
    loop {
        let before = ctx.budget;
        let op = memory.fetch_u32(ctx.pc).ok().and_then(decode);
        let exit = interpreter.step(ctx, devices);
        if let (Some(executed), Some(op)) = (&mut executed, op)
            && ctx.budget < before
        {
            executed.push(op);
        }
        if let Some(end) = exit.and_then(|exit| end_of(exit, ctx)) {
            return end;
        }
        if ctx.budget <= 0 {
            return End::Budget;
        }
    }
}

fn run_through(engine: &mut dyn Execute, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> End {
    loop {
        if let Some(end) = end_of(engine.run(ctx, devices), ctx) {
            return end;
        }
    }
}
