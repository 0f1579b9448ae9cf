//! Unstructured control flow: one loop around a switch over basic blocks.
//!
//! A block begins at a branch target or after a branch, and extends up to the next one. The
//! variables of [`Stack`] correspond to the GPU's state: the next block, and stacks of four loops
//! and four calls.

use naga::{BinaryOperator as Op, Block, Handle, LocalVariable, Statement};
use xenia_gpu::microcode::{Condition, Control, MAX_CALLS, MAX_LOOPS, Program, ShaderInstruction};

use super::builder::Value;
use super::control_flow::LoopAddress;
use super::{TranslateError, Translator, types};

/// Maximum number of blocks in a switch, fetches included. One of 150 takes a software driver 3
/// seconds, one of 600 takes 19, one of 1,950 five minutes.
pub(super) const MAX_BLOCKS: usize = 256;
/// Blocks that a fetch counts as.
const FETCH_BLOCKS: usize = 4;

/// Where a program's blocks begin; the last element is its end.
fn beginnings(controls: &[Control]) -> Vec<bool> {
    let length = controls.len();
    // Branch targets, and instructions after branches, begin a place.
    let mut begins = vec![false; length + 1];
    begins[0] = true;
    for (at, control) in controls.iter().enumerate() {
        if let Some(target) = control.target() {
            begins[(target as usize).min(length)] = true;
        }
        if !matches!(control, Control::Nop | Control::Alloc(..) | Control::Exec { .. }) {
            begins[at + 1] = true;
        }
    }
    begins
}

/// Refuses a program with so many blocks and fetches that drivers would compile the switch slowly:
/// their time grows with the square of the number, and nothing can end them.
pub(super) fn check(program: &Program) -> Result<(), TranslateError> {
    let begins = beginnings(&program.controls);
    let blocks = begins[..program.controls.len()].iter().filter(|begins| **begins).count();
    let is_fetch = |instruction: &&ShaderInstruction| {
        matches!(instruction, ShaderInstruction::Vertex(_) | ShaderInstruction::Texture(_))
    };
    let count = blocks + FETCH_BLOCKS * program.instructions.iter().filter(is_fetch).count();
    let what = "blocks of a program with jumps, each fetch counted as four,";
    if count > MAX_BLOCKS { Err(TranslateError::TooLarge { what, count, limit: MAX_BLOCKS }) } else { Ok(()) }
}

/// Variables of the loop around the switch. Arrays have four elements.
struct Stack {
    /// Number of the next place.
    place: Handle<LocalVariable>,
    /// Number of enclosing loops.
    depth: Handle<LocalVariable>,
    addresses: Handle<LocalVariable>,
    iterations: Handle<LocalVariable>,
    /// Words of the loop constants.
    words: Handle<LocalVariable>,
    /// Return places of calls.
    calls: Handle<LocalVariable>,
    calls_depth: Handle<LocalVariable>,
    /// Number of the place at each control flow instruction that begins one.
    numbers: Vec<u32>,
}

impl Stack {
    fn new(t: &mut Translator<'_>, numbers: Vec<u32>) -> Self {
        let four = MAX_LOOPS as u32;
        let ints = types::array(&mut t.module, t.types.int, Some(four), 4);
        let uints = types::array(&mut t.module, t.types.uint, Some(four), 4);
        let uint = t.types.uint;
        Self {
            place: t.b.local("place", uint),
            depth: t.b.local("loop_depth", uint),
            addresses: t.b.local("loop_addresses", ints),
            iterations: t.b.local("iterations", uints),
            words: t.b.local("loop_words", uints),
            calls: t.b.local("calls", uints),
            calls_depth: t.b.local("call_depth", uint),
            numbers,
        }
    }

    /// Number of the place that begins at a control flow instruction; beyond the last one it is the
    /// end.
    fn number(&self, at: u32) -> u32 {
        self.numbers[(at as usize).min(self.numbers.len() - 1)]
    }
}

impl Translator<'_> {
    /// Translates the whole program to a loop around a switch.
    pub(super) fn basic_blocks(&mut self) {
        let begins = beginnings(&self.program.controls);
        let length = self.program.controls.len();
        // Number of the place at each instruction that begins one; the end follows the last
        // instruction.
        let mut numbers = vec![0; length + 1];
        let starts: Vec<usize> = (0..length).filter(|at| begins[*at]).collect();
        for (number, at) in (0_u32..).zip(&starts) {
            numbers[*at] = number;
        }
        let end = starts.len() as u32;
        numbers[length] = end;
        let stack = Stack::new(self, numbers);
        self.loops = LoopAddress::Stack { depth: stack.depth, addresses: stack.addresses };
        self.b.begin();
        let place = self.b.load_local(stack.place);
        let mut bodies = Vec::new();
        for (i, start) in starts.iter().enumerate() {
            let after = starts.get(i + 1).copied().unwrap_or(length);
            self.b.begin();
            self.place(&stack, *start, after);
            bodies.push(self.b.end());
        }
        self.b.switch(place, bodies);
        let next = self.b.load_local(stack.place);
        let last = self.b.uint(end);
        let more = self.b.binary(Op::Less, next, last);
        let allowed = self.has_steps();
        let more = self.b.binary(Op::LogicalAnd, more, allowed);
        self.break_unless(more);
        let body = self.b.end();
        self.b.statement(Statement::Loop { body, continuing: Block::new(), break_if: None });
    }

    /// Translates one place: the control flow instructions `start..after`.
    fn place(&mut self, stack: &Stack, start: usize, after: usize) {
        let next = stack.number(after as u32);
        let steps = self.steps_of(start..after);
        self.spend(steps);
        for at in start..after {
            let control = self.program.controls[at];
            match control {
                Control::Nop | Control::Alloc(..) => {}
                Control::Exec { .. } => {
                    if self.clause(at) {
                        return;
                    }
                }
                Control::LoopStart { skip, constant, repeat } => {
                    return self.place_loop_start(stack, constant, repeat, next, stack.number(skip));
                }
                Control::LoopEnd { body, break_on, .. } => {
                    return self.place_loop_end(stack, break_on, next, stack.number(body));
                }
                Control::Call(target, condition) => {
                    return self.place_call(stack, condition, next, stack.number(target));
                }
                Control::Return => return self.place_return(stack, next),
                Control::Jump(target, condition) => {
                    let next = self.b.uint(next);
                    let target = self.b.uint(stack.number(target));
                    let to = match self.holds(condition) {
                        Some(condition) => self.b.select(condition, target, next),
                        None => target,
                    };
                    return self.b.store_local(stack.place, to);
                }
            }
        }
        let next = self.b.uint(next);
        self.b.store_local(stack.place, next);
    }

    fn place_loop_start(&mut self, stack: &Stack, constant: u8, repeat: bool, next: u32, skip: u32) {
        let word = self.loop_constant(constant);
        let trips = self.trips(word);
        let depth = self.b.load_local(stack.depth);
        let zero = self.b.uint(0);
        let one = self.b.uint(1);
        let limit = self.b.uint(MAX_LOOPS as u32);
        let some = self.b.binary(Op::NotEqual, trips, zero);
        let fits = self.b.binary(Op::Less, depth, limit);
        let enters = self.b.binary(Op::LogicalAnd, some, fits);
        let start = if repeat { self.loop_address() } else { self.start(word) };
        let deeper = self.b.binary(Op::Add, depth, one);
        self.b.begin();
        self.stack_store(stack.addresses, depth, start);
        self.stack_store(stack.iterations, depth, zero);
        self.stack_store(stack.words, depth, word);
        self.b.store_local(stack.depth, deeper);
        let accept = self.b.end();
        self.b.statement(Statement::If { condition: enters, accept, reject: Block::new() });
        let next = self.b.uint(next);
        let skip = self.b.uint(skip);
        let to = self.b.select(enters, next, skip);
        self.b.store_local(stack.place, to);
    }

    fn place_loop_end(&mut self, stack: &Stack, break_on: Option<bool>, next: u32, body: u32) {
        let next = self.b.uint(next);
        let body = self.b.uint(body);
        // Also outside of a loop, where the instruction has no effect.
        self.b.store_local(stack.place, next);
        let zero = self.b.uint(0);
        let one = self.b.uint(1);
        let depth = self.b.load_local(stack.depth);
        let inside = self.b.binary(Op::NotEqual, depth, zero);
        let leaves = match break_on {
            Some(value) => self.predicate_is(value),
            None => self.b.boolean(false),
        };
        self.b.begin();
        let top = self.b.binary(Op::Subtract, depth, one);
        let word = self.stack_load(stack.words, top);
        let trips = self.trips(word);
        let step = self.step(word);
        let taken = self.stack_load(stack.iterations, top);
        let taken = self.b.binary(Op::Add, taken, one);
        self.stack_store(stack.iterations, top, taken);
        let address = self.stack_load(stack.addresses, top);
        let address = self.b.binary(Op::Add, address, step);
        self.stack_store(stack.addresses, top, address);
        let less = self.b.binary(Op::Less, taken, trips);
        let never = self.b.boolean(false);
        let more = self.b.select(leaves, never, less);
        let depth = self.b.select(more, depth, top);
        self.b.store_local(stack.depth, depth);
        let to = self.b.select(more, body, next);
        self.b.store_local(stack.place, to);
        let accept = self.b.end();
        self.b.statement(Statement::If { condition: inside, accept, reject: Block::new() });
    }

    fn place_call(&mut self, stack: &Stack, condition: Condition, next: u32, target: u32) {
        let next = self.b.uint(next);
        let target = self.b.uint(target);
        self.b.store_local(stack.place, next);
        let depth = self.b.load_local(stack.calls_depth);
        let one = self.b.uint(1);
        let limit = self.b.uint(MAX_CALLS as u32);
        let mut taken = self.b.binary(Op::Less, depth, limit);
        if let Some(condition) = self.holds(condition) {
            taken = self.b.binary(Op::LogicalAnd, taken, condition);
        }
        self.b.begin();
        self.stack_store(stack.calls, depth, next);
        let deeper = self.b.binary(Op::Add, depth, one);
        self.b.store_local(stack.calls_depth, deeper);
        self.b.store_local(stack.place, target);
        let accept = self.b.end();
        self.b.statement(Statement::If { condition: taken, accept, reject: Block::new() });
    }

    fn place_return(&mut self, stack: &Stack, next: u32) {
        let next = self.b.uint(next);
        self.b.store_local(stack.place, next);
        let depth = self.b.load_local(stack.calls_depth);
        let zero = self.b.uint(0);
        let one = self.b.uint(1);
        let inside = self.b.binary(Op::NotEqual, depth, zero);
        self.b.begin();
        let top = self.b.binary(Op::Subtract, depth, one);
        self.b.store_local(stack.calls_depth, top);
        let to = self.stack_load(stack.calls, top);
        self.b.store_local(stack.place, to);
        let accept = self.b.end();
        self.b.statement(Statement::If { condition: inside, accept, reject: Block::new() });
    }

    /// Pointer to an element of one of the stack's arrays.
    fn stack_pointer(&mut self, array: Handle<LocalVariable>, index: Value) -> Value {
        // MAX_LOOPS and MAX_CALLS are the same power of two, so a mask keeps indices inside.
        let last = self.b.uint(MAX_LOOPS as u32 - 1);
        let index = self.b.binary(Op::And, index, last);
        let array = self.b.local_pointer(array);
        self.b.element(array, index)
    }

    fn stack_load(&mut self, array: Handle<LocalVariable>, index: Value) -> Value {
        let pointer = self.stack_pointer(array, index);
        self.b.load(pointer)
    }

    fn stack_store(&mut self, array: Handle<LocalVariable>, index: Value, value: Value) {
        let pointer = self.stack_pointer(array, index);
        self.b.store(pointer, value);
    }
}
