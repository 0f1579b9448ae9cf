//! Translation of control flow instructions to structured control flow.
//!
//! A program with well-nested loops and without jumps and calls becomes plain statements, `If` and
//! `Loop`. Any other program becomes one loop around a switch over its blocks
//! ([`basic_blocks`](super::basic_blocks)). In both cases a counter ensures termination: when an
//! invocation has executed [`MAX_STEPS`] instructions in loops, it leaves the loop.

use naga::{BinaryOperator as Op, Block, Handle, LocalVariable, ScalarKind, Statement};
use xenia_gpu::microcode::{Condition, Control, MAX_LOOPS, MAX_STEPS, ShaderInstruction, TextureOp};

use super::Translator;
use super::builder::Value;
use super::interface::member;

/// Node of a structured program.
enum Node {
    /// Clause: index of its control flow instruction.
    Clause(usize),
    Loop {
        constant: u8,
        repeat: bool,
        break_on: Option<bool>,
        body: Vec<Node>,
    },
}

/// Loop address, which loops add to indices.
pub(super) enum LoopAddress {
    /// Addresses of the enclosing loops.
    Nested(Vec<Handle<LocalVariable>>),
    /// Depth and addresses are run-time values.
    Stack { depth: Handle<LocalVariable>, addresses: Handle<LocalVariable> },
}

/// Structures the control flow instructions, if they are well nested.
fn structure(controls: &[Control]) -> Option<Vec<Node>> {
    let calls = controls.iter().any(|control| matches!(control, Control::Call(..)));
    // Innermost last: start of the loop, and the nodes before it.
    let mut open: Vec<(usize, Vec<Node>)> = Vec::new();
    let mut nodes = Vec::new();
    for (at, control) in controls.iter().enumerate() {
        match *control {
            Control::Nop | Control::Alloc(..) => {}
            // Outside of a subroutine a return has no effect.
            Control::Return if !calls => {}
            Control::Jump(..) | Control::Call(..) | Control::Return => return None,
            Control::Exec { .. } => nodes.push(Node::Clause(at)),
            Control::LoopStart { .. } => open.push((at, std::mem::take(&mut nodes))),
            Control::LoopEnd { body, break_on, .. } => {
                let Some((start, before)) = open.pop() else { continue };
                let Some(Control::LoopStart { skip, constant, repeat }) = controls.get(start) else {
                    return None;
                };
                // A loop that goes elsewhere is not nested: its targets act like jumps.
                if body as usize != start + 1 || *skip as usize != at + 1 {
                    return None;
                }
                let inner = std::mem::replace(&mut nodes, before);
                // A loop nested in four others is skipped.
                if open.len() < MAX_LOOPS {
                    nodes.push(Node::Loop { constant: *constant, repeat: *repeat, break_on, body: inner });
                }
            }
        }
    }
    open.is_empty().then_some(nodes)
}

/// Whether a program becomes plain statements.
pub(super) fn is_structured(controls: &[Control]) -> bool {
    structure(controls).is_some()
}

/// Whether an instruction may change the predicate.
fn changes_predicate(instruction: &ShaderInstruction) -> bool {
    let ShaderInstruction::Alu(alu) = instruction else { return false };
    // This includes all operations with side effects; there are few.
    alu.vector.changes_state() || alu.scalar.changes_predicate()
}

fn predicate_of(instruction: &ShaderInstruction) -> Option<bool> {
    match instruction {
        ShaderInstruction::Alu(alu) => alu.predicate,
        ShaderInstruction::Vertex(fetch) => fetch.common.predicate,
        ShaderInstruction::Texture(fetch) => fetch.common.predicate,
        ShaderInstruction::Undefined => None,
    }
}

impl Translator<'_> {
    /// Translates the whole program into the open block.
    pub(super) fn control_flow(&mut self) {
        match structure(&self.program.controls) {
            Some(nodes) => {
                self.nodes(&nodes);
            }
            None => self.basic_blocks(),
        }
    }

    /// Loop address at the current position.
    pub(super) fn loop_address(&mut self) -> Value {
        match &self.loops {
            LoopAddress::Nested(addresses) => match addresses.last() {
                Some(address) => self.b.load_local(*address),
                None => self.b.int(0),
            },
            LoopAddress::Stack { depth, addresses } => {
                let depth = *depth;
                let addresses = *addresses;
                let depth = self.b.load_local(depth);
                self.address_at(depth, addresses)
            }
        }
    }

    /// Address of the innermost of `depth` loops; 0 outside of loops.
    fn address_at(&mut self, depth: Value, addresses: Handle<LocalVariable>) -> Value {
        let zero = self.b.uint(0);
        let one = self.b.uint(1);
        let last = self.b.uint(MAX_LOOPS as u32 - 1);
        let top = self.b.binary(Op::Subtract, depth, one);
        let top = self.b.binary(Op::And, top, last);
        let array = self.b.local_pointer(addresses);
        let pointer = self.b.element(array, top);
        let address = self.b.load(pointer);
        let none = self.b.binary(Op::Equal, depth, zero);
        let start = self.b.int(0);
        self.b.select(none, start, address)
    }

    /// Loop constant: its word, with count, start and step.
    pub(super) fn loop_constant(&mut self, constant: u8) -> Value {
        let array = self.constant_member(member::LOOP);
        let vector = self.b.member(array, (constant as u32 / 4).min(7));
        let pointer = self.b.member(vector, constant as u32 % 4);
        self.b.load(pointer)
    }

    pub(super) fn trips(&mut self, word: Value) -> Value {
        let mask = self.b.uint(0xff);
        self.b.binary(Op::And, word, mask)
    }

    pub(super) fn start(&mut self, word: Value) -> Value {
        let eight = self.b.uint(8);
        let mask = self.b.uint(0xff);
        let start = self.b.binary(Op::ShiftRight, word, eight);
        let start = self.b.binary(Op::And, start, mask);
        self.b.bitcast(start, ScalarKind::Sint)
    }

    pub(super) fn step(&mut self, word: Value) -> Value {
        let eight = self.b.uint(8);
        let rest = self.b.uint(24);
        // Sign-extends bits 23:16.
        let high = self.b.binary(Op::ShiftLeft, word, eight);
        let high = self.b.bitcast(high, ScalarKind::Sint);
        self.b.binary(Op::ShiftRight, high, rest)
    }

    /// Evaluates a condition; `None` if it is always true.
    pub(super) fn holds(&mut self, condition: Condition) -> Option<Value> {
        match condition {
            Condition::Always => None,
            Condition::Bool(index, value) => {
                let index = index as u32;
                let array = self.constant_member(member::BOOLEAN);
                let vector = self.b.member(array, index / 128);
                let pointer = self.b.member(vector, index / 32 % 4);
                let word = self.b.load(pointer);
                let bit = self.b.uint(1 << (index % 32));
                let zero = self.b.uint(0);
                let bit = self.b.binary(Op::And, word, bit);
                Some(self.b.binary(if value { Op::NotEqual } else { Op::Equal }, bit, zero))
            }
            Condition::Predicate(value) => Some(self.predicate_is(value)),
        }
    }

    pub(super) fn predicate_is(&mut self, value: bool) -> Value {
        let predicate = self.b.load_local(self.predicate);
        let value = self.b.boolean(value);
        self.b.binary(Op::Equal, predicate, value)
    }

    /// Translates nodes into the open block; returns true if the shader has ended there.
    fn nodes(&mut self, nodes: &[Node]) -> bool {
        nodes.iter().any(|node| match node {
            Node::Clause(at) => self.clause(*at),
            Node::Loop { constant, repeat, break_on, body } => {
                self.nested_loop(*constant, *repeat, *break_on, body);
                false
            }
        })
    }

    /// Translates a clause; returns true if the shader always ends there.
    pub(super) fn clause(&mut self, at: usize) -> bool {
        let Some(&Control::Exec { first, count, condition, end }) = self.program.controls.get(at) else {
            return false;
        };
        let program = self.program;
        let instructions = &program.instructions[first as usize..(first + count) as usize];
        let Some(condition) = self.holds(condition) else {
            self.instructions(instructions);
            if end {
                self.b.statement(Statement::Return { value: None });
            }
            return end;
        };
        if !instructions.is_empty() || end {
            self.b.begin();
            self.instructions(instructions);
            if end {
                self.b.statement(Statement::Return { value: None });
            }
            let accept = self.b.end();
            self.b.statement(Statement::If { condition, accept, reject: Block::new() });
        }
        false
    }

    /// Translates instructions; consecutive ones with the same predicate share one `If`.
    fn instructions(&mut self, instructions: &[ShaderInstruction]) {
        let mut rest = instructions;
        while let Some(first) = rest.first() {
            let predicate = predicate_of(first);
            let mut count = 1;
            while count < rest.len()
                && predicate_of(&rest[count]) == predicate
                && (predicate.is_none() || !changes_predicate(&rest[count - 1]))
            {
                count += 1;
            }
            let (run, after) = rest.split_at(count);
            rest = after;
            if let Some(value) = predicate {
                let condition = self.predicate_is(value);
                self.b.begin();
                self.run(run);
                let accept = self.b.end();
                self.b.statement(Statement::If { condition, accept, reject: Block::new() });
            } else {
                self.run(run);
            }
        }
    }

    fn run(&mut self, instructions: &[ShaderInstruction]) {
        for instruction in instructions {
            self.instruction(instruction);
        }
    }

    fn instruction(&mut self, instruction: &ShaderInstruction) {
        match instruction {
            ShaderInstruction::Alu(alu) => self.alu(alu),
            ShaderInstruction::Vertex(fetch) => self.vertex_fetch(fetch),
            ShaderInstruction::Texture(fetch) => match fetch.operation {
                TextureOp::SetLod | TextureOp::SetGradientH | TextureOp::SetGradientV => {
                    self.texture_state(fetch);
                }
                _ => self.texture_fetch(fetch),
            },
            ShaderInstruction::Undefined => {}
        }
    }

    /// Counts steps: each control flow or other instruction is one.
    pub(super) fn spend(&mut self, steps: u32) {
        let steps = self.b.uint(steps.min(MAX_STEPS));
        let pointer = self.b.global(self.steps);
        let spent = self.b.load(pointer);
        let spent = self.b.binary(Op::Add, spent, steps);
        self.b.store(pointer, spent);
    }

    /// Whether another iteration is allowed.
    pub(super) fn has_steps(&mut self) -> Value {
        let pointer = self.b.global(self.steps);
        let spent = self.b.load(pointer);
        let limit = self.b.uint(MAX_STEPS);
        self.b.binary(Op::Less, spent, limit)
    }

    /// Steps of control flow instructions, without the loops inside.
    pub(super) fn steps_of(&self, controls: impl Iterator<Item = usize>) -> u32 {
        controls
            .map(|at| match self.program.controls.get(at) {
                Some(Control::Exec { count, .. }) => 1 + count,
                _ => 1,
            })
            .sum()
    }

    pub(super) fn break_unless(&mut self, condition: Value) {
        let mut leave = Block::new();
        leave.push(Statement::Break, Default::default());
        self.b.statement(Statement::If { condition, accept: Block::new(), reject: leave });
    }

    fn nested_loop(&mut self, constant: u8, repeat: bool, break_on: Option<bool>, body: &[Node]) {
        let word = self.loop_constant(constant);
        let trips = self.trips(word);
        let start = if repeat { self.loop_address() } else { self.start(word) };
        let zero = self.b.uint(0);
        let runs = self.b.binary(Op::NotEqual, trips, zero);
        let iteration = self.b.local("iteration", self.types.uint);
        let address = self.b.local("loop_address", self.types.int);
        self.b.begin();
        self.b.store_local(iteration, zero);
        self.b.store_local(address, start);
        if let LoopAddress::Nested(addresses) = &mut self.loops {
            addresses.push(address);
        }
        self.b.begin();
        // After an unconditional end nothing of the iteration is left.
        if !self.nodes(body) {
            if let Some(value) = break_on {
                let stays = self.predicate_is(!value);
                self.break_unless(stays);
            }
            let one = self.b.uint(1);
            let step = self.step(word);
            let taken = self.b.load_local(iteration);
            let taken = self.b.binary(Op::Add, taken, one);
            self.b.store_local(iteration, taken);
            let next = self.b.load_local(address);
            let next = self.b.binary(Op::Add, next, step);
            self.b.store_local(address, next);
            let more = self.b.binary(Op::Less, taken, trips);
            let clauses = body.iter().filter_map(|node| match node {
                Node::Clause(at) => Some(*at),
                Node::Loop { .. } => None,
            });
            let steps = 1 + self.steps_of(clauses);
            self.spend(steps);
            let allowed = self.has_steps();
            let more = self.b.binary(Op::LogicalAnd, more, allowed);
            self.break_unless(more);
        }
        let body = self.b.end();
        self.b.statement(Statement::Loop { body, continuing: Block::new(), break_if: None });
        if let LoopAddress::Nested(addresses) = &mut self.loops {
            addresses.pop();
        }
        let accept = self.b.end();
        self.b.statement(Statement::If { condition: runs, accept, reject: Block::new() });
    }
}
