//! Two machines side by side: the interpreter's, and that of the engine under test, if there is
//! one.

use super::count;
use super::sequence::{MAX_INSTRUCTIONS, SANDBOX, SANDBOX_SIZE, Sequence};
use crate::conformance::{
    CODE_BASE, CODE_SIZE, CaseMachine, ConformanceEngine, EXIT_BASE, EXIT_LEVEL, RunError,
};
use crate::qemu;
use std::sync::Arc;
use xenia_cpu::{EngineConfig, ExceptionKind, Execute, Exit, GuestException, Interpreter, PpcContext};
use xenia_guest::{GuestAddr, PAGE_SIZE};
use xenia_isa::word::sc;
use xenia_isa::{Op, decode};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

/// A difference between two runs.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) actual: String,
}

/// Result of a comparison.
pub(super) struct Outcome {
    /// Instructions completed by the interpreter.
    pub(super) instructions: u64,
    pub(super) difference: Option<Difference>,
    /// Whether a load or store faulted.
    pub(super) faulted: bool,
}

/// How a sequence ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Returned,
    Budget,
    Exception(GuestException),
}

/// Addresses of the sequences' code and of their exit.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) code: u32,
    pub(super) size: u32,
    pub(super) exit: u32,
}

impl Layout {
    /// The layout of case files.
    pub(super) const CASES: Self = Self { code: CODE_BASE, size: CODE_SIZE, exit: EXIT_BASE };
    /// The external oracle's layout; the last 2 MiB are reserved for single instructions.
    pub(super) const ORACLE: Self =
        Self { code: qemu::CODE_BASE, size: qemu::CODE_SIZE - 0x20_0000, exit: qemu::EXIT };
}

/// An instruction executed by the interpreter.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) pc: u32,
    pub(super) word: u32,
    pub(super) before: PpcContext,
    pub(super) memory_before: Vec<u8>,
    pub(super) after: PpcContext,
    pub(super) memory_after: Vec<u8>,
}

/// Result of a sequence in the interpreter.
pub(super) struct Ran {
    pub(super) ctx: PpcContext,
    pub(super) memory: Vec<u8>,
    pub(super) end: End,
}

/// The engine under test and its machine.
struct Tested<'a> {
    factory: &'a ConformanceEngine<'a>,
    engine: Box<dyn Execute>,
    memory: Arc<GuestMemory>,
}

/// Code is placed at a new address each time: an engine may treat pages that change often in a
/// special way, which most sequences should not test. When the area is used up, a new engine starts
/// at its beginning.
pub(super) struct Arena<'a> {
    layout: Layout,
    /// Address for the next code.
    next: u32,
    interpreter: Interpreter,
    reference: Arc<GuestMemory>,
    tested: Option<Tested<'a>>,
    devices: DeviceQueue,
    /// Scratch list of the rows executed in one run.
    executed: Vec<Op>,
    _machines: Vec<CaseMachine>,
}

fn build(factory: &ConformanceEngine<'_>, memory: &Arc<GuestMemory>) -> Result<Box<dyn Execute>, RunError> {
    (factory.make)(Arc::clone(memory)).map_err(|error| failed(factory.name, format!("{error:#}")))
}

fn failed(engine: &str, reason: String) -> RunError {
    RunError::Engine { engine: engine.to_owned(), reason }
}

/// A machine with the code area of the layout.
fn machine(layout: Layout) -> anyhow::Result<CaseMachine> {
    let machine = CaseMachine::new()?;
    if layout.code != CODE_BASE {
        let size = layout.code + layout.size - layout.exit;
        let memory = machine.memory();
        let size = size.next_multiple_of(0x1_0000);
        memory.alloc_fixed(GuestAddr(layout.exit), size, AllocKind::ReserveCommit, Protect::READ_WRITE)?;
        memory.write(GuestAddr(layout.exit), sc(EXIT_LEVEL))?;
    }
    Ok(machine)
}

impl<'a> Arena<'a> {
    pub(super) fn new(factory: Option<&'a ConformanceEngine<'a>>, layout: Layout) -> Result<Self, RunError> {
        let new = || machine(layout).map_err(|error| failed("memory", format!("{error:#}")));
        let mut machines = vec![new()?];
        let reference = machines[0].memory();
        let tested = match factory {
            Some(factory) => {
                machines.push(new()?);
                let memory = machines[1].memory();
                Some(Tested { factory, engine: build(factory, &memory)?, memory })
            }
            None => None,
        };
        Ok(Self {
            layout,
            next: layout.code,
            interpreter: Interpreter::new(Arc::clone(&reference), EngineConfig::default()),
            reference,
            tested,
            devices: DeviceQueue::new(),
            executed: Vec::with_capacity(MAX_INSTRUCTIONS as usize),
            _machines: machines,
        })
    }

    /// Places sequences one after the other in both machines and returns their entry addresses.
    pub(super) fn load(&mut self, sequences: &[Sequence]) -> Result<Vec<u32>, RunError> {
        let size: u32 = sequences.iter().map(|sequence| sequence.words(0).len() as u32 * 4 + 32).sum();
        if self.next + size > self.layout.code + self.layout.size {
            if let Some(tested) = &mut self.tested {
                tested.engine = build(tested.factory, &tested.memory)?;
            }
            self.next = self.layout.code;
        }
        let entries = self.place(sequences, self.next);
        self.next = (self.next + size).next_multiple_of(PAGE_SIZE);
        Ok(entries)
    }

    /// Places a sequence at the start of the area, where written case files have their code.
    pub(super) fn load_first(&self, sequence: &Sequence) -> u32 {
        self.place(std::slice::from_ref(sequence), self.layout.code)[0]
    }

    /// Replaces a loaded sequence by one of the same length.
    pub(super) fn replace(&self, sequence: &Sequence, entry: u32) {
        self.write(entry, &bytes(&sequence.words(entry)));
    }

    fn place(&self, sequences: &[Sequence], base: u32) -> Vec<u32> {
        let mut code = Vec::new();
        let mut entries = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            let entry = base + code.len() as u32;
            entries.push(entry);
            code.extend(bytes(&sequence.words(entry)));
            // The external oracle needs one word after the code and one before it.
            code.resize((code.len() + 8).next_multiple_of(16), 0);
        }
        self.write(base, &code);
        entries
    }

    fn write(&self, base: u32, code: &[u8]) {
        for memory in [Some(&self.reference), self.tested.as_ref().map(|tested| &tested.memory)] {
            let written = memory.map_or(Ok(()), |memory| memory.write_bytes(GuestAddr(base), code));
            written.expect("a batch is much smaller than the room for code");
        }
    }

    /// The interpreter's state and memory after the sequence, which is loaded at `entry`.
    pub(super) fn reference_run(&mut self, sequence: &Sequence, entry: u32) -> Ran {
        let mut ctx = start(sequence, entry, self.layout);
        write_sandbox(&self.reference, sequence);
        self.executed.clear();
        let end = step_through(
            &mut self.interpreter,
            &self.reference,
            &mut ctx,
            &mut self.devices,
            Some(&mut self.executed),
            self.layout.exit,
        );
        Ran { ctx, memory: read_sandbox(&self.reference), end }
    }

    /// Rows that the last run executed in the interpreter.
    pub(super) fn executed(&self) -> &[Op] {
        &self.executed
    }

    /// Every instruction that the interpreter executes, with the states before and after.
    pub(super) fn trace(&mut self, sequence: &Sequence, entry: u32) -> Vec<Step> {
        let mut ctx = start(sequence, entry, self.layout);
        write_sandbox(&self.reference, sequence);
        let mut steps = Vec::new();
        let mut memory_before = read_sandbox(&self.reference);
        loop {
            let pc = ctx.pc;
            let before = ctx.clone();
            if pc == self.layout.exit {
                return steps;
            }
            let Ok(word) = self.reference.fetch_u32(pc) else { return steps };
            let exit = self.interpreter.step(&mut ctx, &mut self.devices);
            if ctx.budget < before.budget {
                let memory_after = read_sandbox(&self.reference);
                let after = ctx.clone();
                let next = memory_after.clone();
                steps.push(Step { pc, word, before, memory_before, after, memory_after });
                memory_before = next;
            }
            if exit.is_some_and(|exit| end_of(exit, &ctx, self.layout.exit).is_some()) || ctx.budget <= 0 {
                return steps;
            }
        }
    }

    /// Whether both machines differ on the sequence, loaded at a new address.
    pub(super) fn disagree(&mut self, sequence: &Sequence) -> bool {
        // An engine that can't be created again can't show the failure either.
        let Ok(entries) = self.load(std::slice::from_ref(sequence)) else { return false };
        self.run(sequence, entries[0], None).difference.is_some()
    }

    /// Runs the sequence, loaded at `entry`, on both machines.
    pub(super) fn run(&mut self, sequence: &Sequence, entry: u32, counts: Option<&mut Vec<u64>>) -> Outcome {
        let Ran { ctx: expected, memory: expected_memory, end: expected_end } =
            self.reference_run(sequence, entry);
        if let Some(counts) = counts {
            self.executed.iter().for_each(|&op| count(counts, op));
        }
        let instructions = (MAX_INSTRUCTIONS - expected.budget) as u64;
        let faulted =
            matches!(expected_end, End::Exception(GuestException { kind: ExceptionKind::Memory(_), .. }));
        let Some(tested) = &mut self.tested else {
            return Outcome { instructions, difference: None, faulted };
        };
        let mut actual = start(sequence, entry, self.layout);
        write_sandbox(&tested.memory, sequence);
        let actual_end =
            run_through(tested.engine.as_mut(), &mut actual, &mut self.devices, self.layout.exit);
        let text = |what: &str, expected: String, actual: String| {
            Some(Difference { what: what.to_owned(), expected, actual })
        };
        let difference = if expected_end != actual_end {
            text("exit", format!("{expected_end:?}"), format!("{actual_end:?}"))
        } else if expected.budget != actual.budget {
            text("instructions", instructions.to_string(), (MAX_INSTRUCTIONS - actual.budget).to_string())
        } else if let Some(register) = expected.first_difference(&actual) {
            text(&register.name, format!("{:#x}", register.own), format!("{:#x}", register.other))
        } else {
            let actual = read_sandbox(&tested.memory);
            // Slices are compared much faster than bytes in a development build.
            let is_different = expected_memory[..] != actual[..];
            let mut pairs = expected_memory.iter().zip(&actual);
            is_different.then(|| pairs.position(|(a, b)| a != b)).flatten().and_then(|at| {
                let what = format!("memory {:08X}", SANDBOX as usize + at);
                text(&what, format!("{:02X}", expected_memory[at]), format!("{:02X}", actual[at]))
            })
        };
        Outcome { instructions, difference, faulted }
    }
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn start(sequence: &Sequence, entry: u32, layout: Layout) -> PpcContext {
    let mut ctx = (*sequence.state).clone();
    ctx.pc = entry;
    ctx.lr = layout.exit.into();
    ctx.begin_visit(MAX_INSTRUCTIONS, 0x1234_5678_9ABC, u32::MAX);
    ctx
}

fn write_sandbox(memory: &GuestMemory, sequence: &Sequence) {
    let written = memory.write_bytes(GuestAddr(SANDBOX), &sequence.memory[..]);
    written.expect("the sandbox lies in the data of the cases");
}

fn read_sandbox(memory: &GuestMemory) -> Vec<u8> {
    let mut bytes = vec![0; SANDBOX_SIZE];
    memory.read_bytes(GuestAddr(SANDBOX), &mut bytes).expect("the sandbox lies in the data of the cases");
    bytes
}

/// How this exit ends the sequence; `None` for others (its system calls, yields), which continue.
fn end_of(exit: Exit, ctx: &PpcContext, way_out: u32) -> Option<End> {
    match exit {
        Exit::Syscall { lev: EXIT_LEVEL } if ctx.pc == way_out + 4 => Some(End::Returned),
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
    way_out: u32,
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
        if let Some(end) = exit.and_then(|exit| end_of(exit, ctx, way_out)) {
            return end;
        }
        if ctx.budget <= 0 {
            return End::Budget;
        }
    }
}

fn run_through(
    engine: &mut dyn Execute,
    ctx: &mut PpcContext,
    devices: &mut DeviceQueue,
    way_out: u32,
) -> End {
    loop {
        if let Some(end) = end_of(engine.run(ctx, devices), ctx, way_out) {
            return end;
        }
    }
}
