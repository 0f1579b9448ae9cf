//! Runs a program for [`LANES`] vertices or pixels at once.
//!
//! Lanes run together as long as control flow agrees. Where it doesn't, the lanes that go another
//! way are put aside with their place in the control flow, and run when the others have ended:
//! registers are per lane, so nothing else has to be kept. Running time is bounded by
//! [`MAX_STEPS`] control instructions and clauses; a program that needs more is stopped there.

mod instruction;

use super::lanes::*;
use super::memory_export::Written;
use super::program::*;
use crate::draw_state::Constants;
use crate::limits::Cancel;

/// Control instructions and instructions that one run may take.
pub const MAX_STEPS: u32 = 1 << 17;
/// How deep loops may nest.
const MAX_LOOPS: usize = 4;
/// How deep calls may nest.
const MAX_CALLS: usize = 4;

/// Where a texture is fetched.
#[derive(Clone, Copy, Debug)]
pub struct Sampling<'a> {
    /// The coordinates.
    pub coordinates: &'a [Lanes; 3],
    /// The level that the program set before.
    pub lod: &'a Lanes,
    /// The gradients that it set before: horizontal and vertical.
    pub gradients: &'a [[Lanes; 3]; 2],
}

/// Reads vertices and textures for a program, and takes what it writes to memory.
pub trait FetchUnit {
    /// Fetches a vertex element for the lanes of `mask`, at these indices. Components that the
    /// format lacks are zero.
    fn vertex(&mut self, fetch: &VertexFetch, index: &Lanes, mask: Mask) -> Vector;
    /// Carries out a texture fetch.
    fn texture(&mut self, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector;
    /// Takes the element with this number (0 to 4) of a memory export from the lanes of `mask`,
    /// whose addresses are the program's `eA` as it is. One that has no memory to write to lets
    /// it go.
    fn export(&mut self, _address: &Vector, _element: u32, _value: &Vector, _mask: Mask) {}
}

/// What a program exported.
pub struct Exports {
    /// By export number: interpolators or colours from 0 on, 61 depth, 62 position, 63 point size.
    pub values: Box<[Vector; 64]>,
    /// Lanes that were discarded.
    pub killed: Mask,
}

/// A loop being run.
#[derive(Clone, Copy, Default)]
struct Loop {
    constant: u8,
    iteration: u32,
    address: i32,
}

/// Lanes and their place in the control flow.
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
}

/// Registers and other state of the lanes; kept from run to run to save allocations.
pub struct Interpreter {
    registers: Box<[Vector; 64]>,
    predicate: Mask,
    address: [i16; LANES],
    previous: Lanes,
    lod: Lanes,
    gradients: [[Lanes; 3]; 2],
    /// The run has set gradients.
    has_gradients: bool,
    exports: Exports,
    /// The memory export under way.
    written: Written,
    aside: Vec<Flow>,
    /// Steps of all runs, and the number of them from which on the allowance is spent.
    steps: u64,
    allowed: u64,
    /// Nobody wants what comes of it any more.
    cancel: Cancel,
    /// Three operands and a result, kept to save clearing them.
    scratch: Option<Box<[Vector; 4]>>,
}

impl Default for Interpreter {
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
            scratch: None,
        }
    }
}

struct Run<'a> {
    program: &'a Program,
    constants: &'a Constants,
    base: u32,
    fetch: &'a mut dyn FetchUnit,
}

impl Run<'_> {
    /// A float constant; those that don't exist are zero.
    #[inline]
    fn constant(&self, index: i32, component: usize) -> f32 {
        let index = usize::try_from(index).ok().filter(|index| *index < 256);
        let vector = index.and_then(|index| self.constants.float.get(self.base as usize + index));
        vector.map_or(0.0, |vector| vector[component])
    }
}

impl Interpreter {
    /// Register to be set before a run.
    pub fn register(&mut self, index: u32) -> &mut Vector {
        &mut self.registers[index as usize & 63]
    }

    /// Steps of all runs so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Allows so many steps from now on, and none when the token is set. Nothing is stopped by it:
    /// whoever runs programs asks whether they are to go on.
    pub fn allow(&mut self, steps: u64, cancel: &Cancel) {
        self.allowed = self.steps.saturating_add(steps);
        self.cancel = cancel.clone();
    }

    /// Whether the steps that were allowed are spent.
    pub fn is_spent(&self) -> bool {
        self.steps >= self.allowed
    }

    /// Whether there is to be no further run: the steps are spent, or nobody wants what comes of
    /// it.
    pub fn is_over(&self) -> bool {
        self.is_spent() || self.cancel.cuts()
    }

    /// What the last run exported.
    pub fn exports(&self) -> &Exports {
        &self.exports
    }

    /// Sets the registers of a program to zero.
    pub fn clear(&mut self, program: &Program) {
        let count = (program.registers as usize).min(64);
        self.registers[..count].fill([[0.0; LANES]; 4]);
    }

    /// Runs a program for the lanes of `lanes`; float constants are counted from `base` on.
    pub fn run(
        &mut self,
        program: &Program,
        constants: &Constants,
        base: u32,
        lanes: Mask,
        fetch: &mut dyn FetchUnit,
    ) -> &Exports {
        self.predicate = 0;
        self.address = [0; LANES];
        self.previous = [0.0; LANES];
        self.lod = [0.0; LANES];
        if std::mem::take(&mut self.has_gradients) {
            self.gradients = [[[0.0; LANES]; 3]; 2];
        }
        self.exports.killed = 0;
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
        let mut run = Run { program, constants, base, fetch };
        let mut steps = MAX_STEPS;
        let mut next = Some(start);
        while let Some(flow) = next {
            if !self.flow(&mut run, flow, &mut steps) {
                break;
            }
            next = self.aside.pop();
        }
        self.steps += u64::from(MAX_STEPS - steps) + 1;
        &self.exports
    }

    /// The lanes of a flow for which a condition holds.
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

    /// Lets part of a flow's lanes go elsewhere; the flow goes on with the rest, or with that part
    /// if nothing else is left.
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

    /// Hands on what these lanes have exported to memory.
    fn finish_memory_export(&mut self, run: &mut Run<'_>, lanes: Mask) {
        if run.program.exports_memory() {
            let take = |address: &Vector, element, value: &Vector, mask| {
                run.fetch.export(address, element, value, mask);
            };
            self.written.finish(&mut self.exports.values, lanes, take);
        }
    }

    /// Runs a flow to its end; false if no steps are left.
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
                    if words as u8 == 0 || flow.loop_depth == MAX_LOOPS {
                        flow.at = skip;
                    } else {
                        let start = if repeat { flow.loop_address() } else { (words >> 8 & 255) as i32 };
                        flow.loops[flow.loop_depth] = Loop { constant, iteration: 0, address: start };
                        flow.loop_depth += 1;
                    }
                }
                Control::LoopEnd { body, break_on, .. } => {
                    let Some(top) = flow.loop_depth.checked_sub(1) else { continue };
                    if let Some(value) = break_on {
                        let leaving = self.taken(run, flow.lanes, Condition::Predicate(value));
                        let everybody = leaving == flow.lanes;
                        self.branch(&mut flow, leaving, |flow| flow.loop_depth = top);
                        if everybody {
                            continue;
                        }
                    }
                    let current = &mut flow.loops[top];
                    let words = run.constants.loops[current.constant as usize & 31];
                    current.iteration += 1;
                    current.address = current.address.wrapping_add(((words << 8) as i32) >> 24);
                    if current.iteration < words & 255 {
                        flow.at = body;
                    } else {
                        flow.loop_depth = top;
                    }
                }
                Control::Call(target, condition) => {
                    let taken = self.taken(run, flow.lanes, condition);
                    self.branch(&mut flow, taken, |flow| {
                        if flow.call_depth < MAX_CALLS {
                            flow.calls[flow.call_depth] = flow.at;
                            flow.call_depth += 1;
                            flow.at = target;
                        }
                    });
                }
                Control::Return => {
                    if let Some(top) = flow.call_depth.checked_sub(1) {
                        flow.call_depth = top;
                        flow.at = flow.calls[top];
                    }
                }
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
