//! Shader interpreter: runs a program for [`LANES`] vertices or pixels at once.
//!
//! Lanes run together while their control flow agrees. Lanes that diverge are set aside with their
//! position in the control flow and run after the others have ended; registers are per lane, so no
//! other state has to be saved. A run stops after [`MAX_STEPS`] steps (control flow
//! instructions and instructions of clauses), which bounds its time.

mod constants;
mod instruction;

use super::lanes::*;
use super::memory_export::Written;
use super::program::*;
use crate::cancel::Cancel;
use constants::SpreadConstants;
use xenia_host::simd;

/// Maximum number of control flow instructions and clause instructions in one run.
pub const MAX_STEPS: u32 = 1 << 17;

/// Inputs of a texture fetch.
#[derive(Clone, Copy, Debug)]
pub struct Sampling<'a> {
    pub coordinates: &'a [Lanes; 3],
    /// Level of detail set by the program.
    pub lod: &'a Lanes,
    /// Gradients set by the program: horizontal and vertical.
    pub gradients: &'a [[Lanes; 3]; 2],
}

/// Memory interface of a program: vertex fetches, texture fetches and memory exports.
pub trait FetchUnit {
    /// Fetches a vertex element for the lanes of `mask`, at these indices. Components that the
    /// format lacks are zero.
    fn vertex(&mut self, fetch: &VertexFetch, index: &Lanes, mask: Mask) -> Vector;
    /// Executes a texture fetch.
    fn texture(&mut self, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector;
    /// Writes an element (0 to 4) of a memory export from the lanes of `mask`. `_address` is the
    /// program's `eA`, unmodified. The default ignores exports.
    fn export(&mut self, _address: &Vector, _element: u32, _value: &Vector, _mask: Mask) {}
}

/// Exports of a program.
pub struct Exports {
    /// Values by export number: interpolators or colours from 0 on, 61 depth, 62 position, 63 point
    /// size.
    pub values: Box<[Vector; 64]>,
    /// Lanes that were discarded.
    pub killed: Mask,
}

/// State of an active loop.
#[derive(Clone, Copy, Default)]
struct Loop {
    constant: u8,
    iteration: u32,
    address: i32,
}

/// Group of lanes with a common position in the control flow.
#[derive(Clone, Copy)]
struct Flow {
    lanes: Mask,
    at: u32,
    loops: [Loop; MAX_LOOPS],
    loop_depth: usize,
    calls: [u32; MAX_CALLS],
    call_depth: usize,
}

impl Flow {
    fn loop_address(&self) -> i32 {
        self.loop_depth.checked_sub(1).map_or(0, |top| self.loops[top].address)
    }

    /// Calls a subroutine. Calls that are nested too deeply have no effect.
    #[inline]
    fn call(&mut self, target: u32) {
        if self.call_depth < MAX_CALLS {
            self.calls[self.call_depth] = self.at;
            self.call_depth += 1;
            self.at = target;
        }
    }

    /// Returns from a subroutine, if the flow is in one.
    #[inline]
    fn return_from_call(&mut self) {
        if let Some(top) = self.call_depth.checked_sub(1) {
            self.call_depth = top;
            self.at = self.calls[top];
        }
    }
}

/// Interpreter state: registers and other state of the lanes, reused between runs to save
/// allocations.
pub struct ShaderInterpreter {
    registers: Box<[Vector; 64]>,
    predicate: Mask,
    address: [i16; LANES],
    previous: Lanes,
    lod: Lanes,
    gradients: [[Lanes; 3]; 2],
    /// The run has set gradients.
    has_gradients: bool,
    exports: Exports,
    /// Elements written by the current memory export.
    written: Written,
    aside: Vec<Flow>,
    /// Steps of all runs, and the total at which the allowance is spent.
    steps: u64,
    allowed: u64,
    /// Token that cancels further runs.
    cancel: Cancel,
    /// Constants of the last programs.
    constants: SpreadConstants,
    /// Operands and a result, reused to avoid clearing them.
    scratch: Option<Box<Scratch>>,
}

impl Default for ShaderInterpreter {
    fn default() -> Self {
        Self {
            registers: Box::new([[[0.0; LANES]; 4]; 64]),
            predicate: 0,
            address: [0; LANES],
            previous: [0.0; LANES],
            lod: [0.0; LANES],
            gradients: [[[0.0; LANES]; 3]; 2],
            has_gradients: false,
            exports: Exports { values: Box::new([[[0.0; LANES]; 4]; 64]), killed: 0 },
            written: Written::default(),
            aside: Vec::new(),
            steps: 0,
            allowed: u64::MAX,
            cancel: Cancel::default(),
            constants: SpreadConstants::default(),
            scratch: None,
        }
    }
}

/// Storage of an ALU instruction's operands and result.
#[derive(Default)]
struct Scratch {
    /// Each operand as it is read, and with its modifiers.
    operands: [[Vector; 2]; 3],
    result: Vector,
}

/// Constants that a program reads.
#[derive(Clone, Copy)]
pub struct ShaderConstants<'a> {
    /// Float constants from the stage's first one on; a program reads 256 at most, and those
    /// beyond the end as zero.
    pub float: &'a [[f32; 4]],
    /// 256 boolean constants, one bit each.
    pub boolean: &'a [u32; 8],
    /// 32 loop constants: count, start, step.
    pub loops: &'a [u32; 32],
}

struct Run<'a> {
    program: &'a Program,
    constants: ShaderConstants<'a>,
    fetch: &'a mut dyn FetchUnit,
}

impl Run<'_> {
    /// Reads a float constant; constants out of range are zero.
    #[inline]
    fn constant(&self, index: i32, component: usize) -> f32 {
        let index = usize::try_from(index).ok().filter(|index| *index < 256);
        let vector = index.and_then(|index| self.constants.float.get(index));
        vector.map_or(0.0, |vector| vector[component])
    }
}

impl ShaderInterpreter {
    /// Input register to set before a run.
    pub fn register(&mut self, index: u32) -> &mut Vector {
        &mut self.registers[index as usize & 63]
    }

    /// Steps of all runs so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Allows `steps` more steps, and none once the token is set. The interpreter does not stop a
    /// run by itself: callers check [`is_over`](Self::is_over) between runs.
    pub fn allow(&mut self, steps: u64, cancel: &Cancel) {
        self.allowed = self.steps.saturating_add(steps);
        self.cancel = cancel.clone();
    }

    /// Whether the allowed steps are spent.
    pub fn is_spent(&self) -> bool {
        self.steps >= self.allowed
    }

    /// Whether no further run may start: the steps are spent or the token is set.
    pub fn is_over(&self) -> bool {
        self.is_spent() || self.cancel.cuts()
    }

    /// Exports of the last run.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Sets the registers that a program reads to zero.
    pub fn clear(&mut self, program: &Program) {
        self.clear_registers(program.reads);
    }

    /// Sets registers, one bit each, to zero.
    #[inline(always)]
    pub fn clear_registers(&mut self, mut registers: u64) {
        while registers != 0 {
            self.registers[registers.trailing_zeros() as usize] = [[0.0; LANES]; 4];
            registers &= registers - 1;
        }
    }

    /// Runs a program for the lanes of `lanes`.
    pub fn run(
        &mut self,
        program: &Program,
        constants: ShaderConstants<'_>,
        lanes: Mask,
        fetch: &mut dyn FetchUnit,
    ) -> &Exports {
        let run = Run { program, constants, fetch };
        simd::dispatch(
            #[inline(always)]
            || self.run_lanes(run, lanes),
        );
        &self.exports
    }

    #[inline(always)]
    fn run_lanes(&mut self, mut run: Run<'_>, lanes: Mask) {
        let program = run.program;
        self.predicate = 0;
        self.address = [0; LANES];
        self.previous = [0.0; LANES];
        self.lod = [0.0; LANES];
        if std::mem::take(&mut self.has_gradients) {
            self.gradients = [[[0.0; LANES]; 3]; 2];
        }
        for &index in &program.constants {
            self.constants.set(index, [0, 1, 2, 3].map(|c| run.constant(index.into(), c)));
        }
        self.exports.killed = 0;
        // Depth, position, point size, and interpolators or colours; memory exports start below.
        for export in [61, 62, 63].into_iter().chain(0..16) {
            if program.exports >> export & 1 != 0 {
                self.exports.values[export] = [[0.0; LANES]; 4];
            }
        }
        if program.exports_memory() {
            self.written.start(&mut self.exports.values);
        }
        self.aside.clear();
        let start = Flow {
            lanes,
            at: 0,
            loops: [Loop::default(); MAX_LOOPS],
            loop_depth: 0,
            calls: [0; MAX_CALLS],
            call_depth: 0,
        };
        let mut steps = MAX_STEPS;
        let mut next = Some(start);
        while let Some(flow) = next {
            if !self.flow(&mut run, flow, &mut steps) {
                break;
            }
            next = self.aside.pop();
        }
        // One more, so that an empty program costs a step, too.
        self.steps += u64::from(MAX_STEPS - steps) + 1;
    }

    /// Lanes of a flow for which a condition holds.
    fn taken(&self, run: &Run<'_>, lanes: Mask, condition: Condition) -> Mask {
        match condition {
            Condition::Always => lanes,
            Condition::Bool(index, value) => {
                let set = run.constants.boolean[index as usize / 32] >> (index & 31) & 1 != 0;
                if set == value { lanes } else { 0 }
            }
            Condition::Predicate(value) => lanes & if value { self.predicate } else { !self.predicate },
        }
    }

    /// Applies a change of control flow to some lanes. The flow continues with the other lanes, or
    /// with the changed ones if all lanes take the change.
    fn branch(&mut self, flow: &mut Flow, taken: Mask, change: impl Fn(&mut Flow)) {
        if taken == flow.lanes {
            change(flow);
        } else if taken != 0 {
            let mut other = *flow;
            other.lanes = taken;
            flow.lanes &= !taken;
            change(&mut other);
            self.aside.push(other);
        }
    }

    /// Passes these lanes' memory exports to the fetch unit.
    fn finish_memory_export(&mut self, run: &mut Run<'_>, lanes: Mask) {
        if run.program.exports_memory() {
            let take = |address: &Vector, element, value: &Vector, mask| {
                run.fetch.export(address, element, value, mask);
            };
            self.written.finish(&mut self.exports.values, lanes, take);
        }
    }

    /// Ends a loop's iteration. Lanes whose predicate is `break_on` leave the loop.
    #[inline]
    fn end_iteration(&mut self, run: &Run<'_>, flow: &mut Flow, body: u32, break_on: Option<bool>) {
        let Some(top) = flow.loop_depth.checked_sub(1) else { return };
        if let Some(value) = break_on {
            let leaving = self.taken(run, flow.lanes, Condition::Predicate(value));
            let everybody = leaving == flow.lanes;
            self.branch(flow, leaving, |flow| flow.loop_depth = top);
            if everybody {
                return;
            }
        }
        let current = &mut flow.loops[top];
        let words = run.constants.loops[current.constant as usize & 31];
        current.iteration += 1;
        // The step is signed, in bits 23:16.
        current.address = current.address.wrapping_add(((words << 8) as i32) >> 24);
        if current.iteration < words & 255 {
            flow.at = body;
        } else {
            flow.loop_depth = top;
        }
    }

    /// Runs a flow to its end; returns false if the steps run out.
    #[inline(always)]
    fn flow(&mut self, run: &mut Run<'_>, mut flow: Flow, steps: &mut u32) -> bool {
        while let Some(&control) = run.program.controls.get(flow.at as usize) {
            let Some(left) = steps.checked_sub(1) else { return false };
            *steps = left;
            flow.at += 1;
            match control {
                Control::Nop => {}
                Control::Alloc(..) => self.finish_memory_export(run, flow.lanes),
                Control::Exec { first, count, condition, end } => {
                    let taken = self.taken(run, flow.lanes, condition);
                    if taken != 0 {
                        // A clause runs whole, even if fewer steps than instructions are left.
                        *steps = steps.saturating_sub(count);
                        let program = run.program;
                        for instruction in &program.instructions[first as usize..(first + count) as usize] {
                            self.instruction(run, instruction, taken, flow.loop_address());
                        }
                    }
                    if end {
                        self.finish_memory_export(run, taken);
                        flow.lanes &= !taken;
                        if flow.lanes == 0 {
                            return true;
                        }
                    }
                }
                Control::LoopStart { skip, constant, repeat } => {
                    let words = run.constants.loops[constant as usize & 31];
                    // The low byte is the number of iterations.
                    if words as u8 == 0 || flow.loop_depth == MAX_LOOPS {
                        flow.at = skip;
                    } else {
                        let start = if repeat { flow.loop_address() } else { (words >> 8 & 255) as i32 };
                        flow.loops[flow.loop_depth] = Loop { constant, iteration: 0, address: start };
                        flow.loop_depth += 1;
                    }
                }
                Control::LoopEnd { body, break_on, .. } => {
                    self.end_iteration(run, &mut flow, body, break_on);
                }
                Control::Call(target, condition) => {
                    let taken = self.taken(run, flow.lanes, condition);
                    self.branch(&mut flow, taken, |flow| flow.call(target));
                }
                Control::Return => flow.return_from_call(),
                Control::Jump(target, condition) => {
                    let taken = self.taken(run, flow.lanes, condition);
                    self.branch(&mut flow, taken, |flow| flow.at = target);
                }
            }
        }
        self.finish_memory_export(run, flow.lanes);
        true
    }
}
