//! Runs a program for [`LANES`] vertices or pixels at once.
//!
//! Lanes run together as long as control flow agrees. Where it doesn't, the lanes that go another
//! way are put aside with their place in the control flow, and run when the others have ended:
//! registers are per lane, so nothing else has to be kept. Running time is bounded by
//! [`MAX_STEPS`] control instructions and clauses; a program that needs more is stopped there.

use super::alu::{self, Effect};
use super::lanes::*;
use super::memory_export::Written;
use super::ops::ScalarOp;
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
    /// Takes the element with this number (0 to 4) of a memory export from the lanes of `mask`, whose
    /// addresses are the program's `eA` as it is. One that has no memory to write to lets it go.
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

    /// Allows so many steps from now on, and none when the token is set. Nothing is stopped by it: whoever runs programs asks
    /// whether they are to go on.
    pub fn allow(&mut self, steps: u64, cancel: &Cancel) {
        self.allowed = self.steps.saturating_add(steps);
        self.cancel = cancel.clone();
    }

    /// Whether the steps that were allowed are spent.
    pub fn is_spent(&self) -> bool {
        self.steps >= self.allowed
    }

    /// Whether there is to be no further run: the steps are spent, or nobody wants what comes of it.
    pub fn is_over(&self) -> bool {
        self.is_spent() || self.cancel.is_set()
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

    fn predicated(&self, lanes: Mask, predicate: Option<bool>) -> Mask {
        match predicate {
            None => lanes,
            Some(true) => lanes & self.predicate,
            Some(false) => lanes & !self.predicate,
        }
    }

    fn instruction(&mut self, run: &mut Run<'_>, instruction: &Instruction, lanes: Mask, loop_address: i32) {
        match instruction {
            Instruction::Alu(alu) => {
                let mask = self.predicated(lanes, alu.predicate);
                if mask != 0 {
                    self.alu(run, alu, mask, loop_address);
                }
            }
            Instruction::Vertex(fetch) => {
                let mask = self.predicated(lanes, fetch.common.predicate);
                if mask != 0 {
                    let index =
                        self.source(run, fetch.common.source, fetch.common.source_swizzle[0], loop_address);
                    let value = run.fetch.vertex(fetch, &index, mask);
                    self.store_fetched(&fetch.common, &value, mask, loop_address);
                }
            }
            Instruction::Texture(fetch) => {
                let mask = self.predicated(lanes, fetch.common.predicate);
                if mask != 0 {
                    self.texture(run, fetch, mask, loop_address);
                }
            }
            Instruction::Undefined => {}
        }
    }

    fn texture(&mut self, run: &mut Run<'_>, fetch: &TextureFetch, mask: Mask, loop_address: i32) {
        let common = &fetch.common;
        let coordinates = common.source_swizzle.map(|c| self.source(run, common.source, c, loop_address));
        match fetch.operation {
            TextureOp::SetLod => assign(&mut self.lod, &coordinates[0], mask),
            TextureOp::SetGradientH | TextureOp::SetGradientV => {
                let vertical = fetch.operation == TextureOp::SetGradientV;
                for (to, from) in self.gradients[usize::from(vertical)].iter_mut().zip(&coordinates) {
                    assign(to, from, mask);
                }
                self.has_gradients = true;
            }
            _ => {
                let (lod, gradients) = (&self.lod, &self.gradients);
                let at = Sampling { coordinates: &coordinates, lod, gradients };
                let value = run.fetch.texture(fetch, &at, mask);
                self.store_fetched(common, &value, mask, loop_address);
            }
        }
    }

    fn store_fetched(&mut self, common: &FetchCommon, value: &Vector, mask: Mask, loop_address: i32) {
        let (one, zero) = (splat(1.0), splat(0.0));
        let to = match common.to {
            Destination::RegisterLoop(register) => relative(register, loop_address),
            Destination::Register(register) | Destination::Export(register) => register as usize & 63,
        };
        for (component, select) in common.select.iter().enumerate() {
            let from = match select {
                FetchSelect::Component(c) => &value[*c as usize & 3],
                FetchSelect::Zero => &zero,
                FetchSelect::One => &one,
                FetchSelect::Keep => continue,
            };
            assign(&mut self.registers[to][component], from, mask);
        }
    }

    /// One component of a source.
    #[inline(always)]
    fn source(&self, run: &Run<'_>, source: Source, component: u8, loop_address: i32) -> Lanes {
        let mut out = [0.0; LANES];
        self.read(run, source, component, loop_address, &mut out);
        out
    }

    /// Copies one component of a source.
    #[inline(always)]
    fn read(&self, run: &Run<'_>, source: Source, component: u8, loop_address: i32, out: &mut Lanes) {
        let component = component as usize & 3;
        match source {
            Source::Register(register) => *out = self.registers[register as usize & 63][component],
            Source::RegisterLoop(register) => {
                *out = self.registers[relative(register, loop_address)][component];
            }
            Source::Constant(index) => out.fill(run.constant(index as i32, component)),
            Source::ConstantLoop(index) => out.fill(run.constant(index as i32 + loop_address, component)),
            Source::ConstantAddress(index) => {
                for (out, address) in out.iter_mut().zip(self.address) {
                    *out = run.constant(index as i32 + address as i32, component);
                }
            }
        }
    }

    #[inline(always)]
    fn component(&self, run: &Run<'_>, operand: &Operand, component: u8, loop_address: i32, out: &mut Lanes) {
        self.read(run, operand.source, component, loop_address, out);
        // Both modifiers are operations on the sign bit.
        if operand.absolute || operand.negate {
            let keep = if operand.absolute { 0x7fff_ffff } else { u32::MAX };
            let flip = u32::from(operand.negate) << 31;
            for value in out {
                *value = f32::from_bits((value.to_bits() & keep) ^ flip);
            }
        }
    }

    /// Copies the components of a vector operand that can't be read in place to `scratch`.
    fn prepare(&self, run: &Run<'_>, operand: &Operand, loop_address: i32, scratch: &mut Vector) {
        if in_place(operand).is_none() {
            for (out, component) in scratch.iter_mut().zip(operand.swizzle) {
                self.component(run, operand, component, loop_address, out);
            }
        }
    }

    /// Where the components of a vector operand lie.
    #[inline]
    fn reference<'a>(&'a self, operand: &Operand, scratch: &'a Vector) -> alu::Ref<'a> {
        match in_place(operand) {
            Some(register) => operand.swizzle.map(|c| &self.registers[register][c as usize & 3]),
            None => scratch.each_ref(),
        }
    }

    fn alu(&mut self, run: &Run<'_>, alu: &Alu, mask: Mask, loop_address: i32) {
        // Both operations read before either writes.
        let mut vector = None;
        let mut scratch = self.scratch.take().unwrap_or_default();
        if alu.vector_mask != 0 || alu.vector.changes_state() {
            let [s0, s1, s2, out] = &mut *scratch;
            let count = alu.vector.operands();
            self.prepare(run, &alu.operands[0], loop_address, s0);
            if count > 1 {
                self.prepare(run, &alu.operands[1], loop_address, s1);
            }
            if count > 2 {
                self.prepare(run, &alu.operands[2], loop_address, s2);
            }
            let operands = [
                self.reference(&alu.operands[0], s0),
                self.reference(&alu.operands[1], s1),
                self.reference(&alu.operands[2], s2),
            ];
            vector = Some(alu::vector(alu.vector, alu.vector_mask, &operands, out));
        }
        let scalar = (alu.scalar != ScalarOp::RetainPrev || alu.scalar_mask != 0).then(|| {
            let mut operands = [[0.0; LANES]; 2];
            for (value, (operand, component)) in
                operands.iter_mut().zip(&alu.scalar_operands).take(alu.scalar.operands())
            {
                self.component(run, operand, *component, loop_address, value);
            }
            alu::scalar(alu.scalar, &operands[0], &operands[1], &self.previous)
        });
        if let Some(effect) = vector {
            let out = &mut scratch[3];
            if alu.vector_clamp {
                for lanes in out.iter_mut() {
                    *lanes = map(lanes, saturate);
                }
            }
            self.apply(effect, mask);
            self.store(alu.vector_to, &out.each_ref(), alu.vector_mask, mask, loop_address);
        }
        self.scratch = Some(scratch);
        if let Some((result, effect)) = scalar {
            assign(&mut self.previous, &result, mask);
            let result = if alu.scalar_clamp { map(&result, saturate) } else { result };
            self.apply(effect, mask);
            self.store(alu.scalar_to, &[&result; 4], alu.scalar_mask, mask, loop_address);
        }
        if alu.zeros | alu.ones != 0 {
            self.store(alu.vector_to, &[&splat(0.0); 4], alu.zeros, mask, loop_address);
            self.store(alu.vector_to, &[&splat(1.0); 4], alu.ones, mask, loop_address);
        }
    }

    fn apply(&mut self, effect: Effect, mask: Mask) {
        match effect {
            Effect::None => {}
            Effect::Predicate(value) => self.predicate = self.predicate & !mask | value & mask,
            Effect::Kill(lanes) => self.exports.killed |= lanes & mask,
            Effect::Address(address) => {
                for lane in lanes_of(mask) {
                    self.address[lane] = address[lane];
                }
            }
        }
    }

    fn store(
        &mut self,
        to: Destination,
        value: &alu::Ref<'_>,
        components: u8,
        mut mask: Mask,
        loop_address: i32,
    ) {
        if components == 0 {
            return;
        }
        let target = match to {
            Destination::Register(register) => &mut self.registers[register as usize & 63],
            Destination::RegisterLoop(register) => &mut self.registers[relative(register, loop_address)],
            Destination::Export(export) => {
                let export = export as usize & 63;
                mask = self.written.note(export, mask, self.exports.killed);
                &mut self.exports.values[export]
            }
        };
        for component in 0..4 {
            if components >> component & 1 != 0 {
                assign(&mut target[component], value[component], mask);
            }
        }
    }
}

/// The register that a vector operand can be read from without a copy.
#[inline]
fn in_place(operand: &Operand) -> Option<usize> {
    match operand.source {
        Source::Register(register) if !operand.absolute && !operand.negate => Some(register as usize & 63),
        _ => None,
    }
}

/// A register plus the loop address, wrapped into the register file.
fn relative(register: u8, loop_address: i32) -> usize {
    (register as i32).wrapping_add(loop_address) as usize & 63
}

/// To 0..1; NaN becomes 0.
fn saturate(value: f32) -> f32 {
    if value > 0.0 { value.min(1.0) } else { 0.0 }
}
