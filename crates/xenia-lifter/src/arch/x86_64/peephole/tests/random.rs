//! Random functions before and after the pass.

use super::machine::{Event, Program, run};
use super::optimize;
use super::writer::{Marked, Writer, at, i1, near, ri, rm, rr};
use crate::arch::TargetCpu;
use crate::peephole::Facts;
use iced_x86::{Code, Encoder, Instruction, MemoryOperand, Register};
use xenia_testing::{Cases, Dice};

/// Registers that functions use.
const POOL: [u32; 11] = [0, 1, 2, 3, 6, 7, 8, 9, 10, 12, 13];
/// Size of frames in bytes.
const FRAME: i32 = 0x100;
/// Alignment of constants in bytes.
const ALIGNMENT: usize = 32;
/// Limit of events in a run, and runs of each function.
const MAX_EVENTS: usize = 120;
const RUNS: u64 = 4;

impl Writer {
    fn prologue(&mut self) {
        self.put(i1(Code::Push_r64, Register::RBP));
        self.put(rr(Code::Mov_rm64_r64, Register::RBP, Register::RSP));
        self.put(ri(Code::Sub_rm64_imm32, Register::RSP, FRAME));
    }

    fn leave(&mut self) {
        self.put(ri(Code::Add_rm64_imm32, Register::RSP, FRAME));
        self.put(i1(Code::Pop_r64, Register::RBP));
        let leave = match self.dice.below(3) {
            0 => Instruction::with(Code::Retnq),
            1 => i1(Code::Jmp_rm64, Register::RAX),
            _ => Instruction::with1(Code::Jmp_rm64, at(Register::R15, 8)).unwrap(),
        };
        self.put(leave);
    }

    /// A jump through a table to some of `blocks` blocks.
    fn switch(&mut self, blocks: usize) {
        let base = Register::R13;
        let distance = Register::R9;
        let index = Register::RAX + self.one(&[0, 1, 2, 7]);
        let entry = MemoryOperand::new(base, index, 4, 0, 0, false, Register::None);
        let narrow = Register::EAX + index.number() as u32;
        self.put(rr(Code::Mov_r32_rm32, narrow, narrow));
        self.put(rm(Code::Lea_r64_m, base, near()));
        let field = self.len() - 4;
        self.put(rm(Code::Movsxd_r64_rm32, distance, entry));
        self.put(rr(Code::Add_r64_rm64, base, distance));
        self.put(i1(Code::Jmp_rm64, base));
        let table = self.len();
        self.fill(field, table - (field + 4));
        let entries = 1 + self.dice.below(4);
        self.program.tables.push((table as u32, entries as u32));
        for _ in 0..entries {
            let block = self.dice.below(blocks);
            self.fields.push((self.len(), table, block));
            self.bytes(&[0; 4]);
        }
    }

    /// The end of a block; `cold` blocks return more often, and so does the last one.
    fn end(&mut self, blocks: usize, cold: bool) {
        let is_last = self.blocks.len() == blocks;
        match self.dice.below(12) {
            0..4 if cold => self.leave(),
            4 => {
                self.bytes(&[0xE9]);
                let block = self.dice.below(blocks);
                self.distance(block);
            }
            5 => {
                self.starts.push(self.len() as u32);
                self.bytes(&[0x0F, 0x0B]);
            }
            6 => self.switch(blocks),
            _ if is_last => self.leave(),
            _ => {
                self.compare();
                let condition = self.one(&[0x84, 0x85, 0x82, 0x8C]);
                self.bytes(&[0x0F, condition]);
                let block = self.dice.below(blocks);
                self.distance(block);
            }
        }
    }

    /// Data and code after the blocks.
    fn finish(&mut self, hot: usize) {
        while !self.len().is_multiple_of(ALIGNMENT) {
            self.bytes(&[0]);
        }
        let data = self.len();
        for field in std::mem::take(&mut self.constants) {
            let constant = data + 16 * self.dice.below(3);
            self.fill(field, constant - (field + 4));
            let end = data + 48;
            while self.len() < end {
                let byte = self.one(&[0, 0x0F, 0xFF]);
                self.bytes(&[byte]);
            }
        }
        for Marked { at, field, moves } in std::mem::take(&mut self.marks) {
            let block = hot + self.dice.below(self.blocks.len() - hot);
            let after = field + 4;
            let mut to = self.blocks[block] as usize;
            if to < after || !moves.is_empty() {
                to = self.len();
                self.starts.push(to as u32);
                self.bytes(&moves);
                self.bytes(&[0xE9]);
                self.distance(block);
            }
            self.fill(field, to - after);
            self.program.landings.insert(at, to as u32);
        }
        for (field, from, block) in std::mem::take(&mut self.fields) {
            let distance = (self.blocks[block] as usize).wrapping_sub(from);
            self.fill(field, distance);
        }
    }
}

/// A random function.
fn function(seed: u64) -> Writer {
    let mut dice = Dice(seed);
    let some = 3 + dice.below(5);
    let registers = (0..some).map(|_| dice.pick(&POOL).unwrap()).collect();
    let hot = 1 + dice.below(7);
    let cold = 1 + dice.below(3);
    let mut writer = Writer {
        dice,
        encoder: Encoder::new(64),
        program: Program::default(),
        blocks: Vec::new(),
        starts: Vec::new(),
        marks: Vec::new(),
        registers,
        fields: Vec::new(),
        constants: Vec::new(),
    };
    for block in 0..hot + cold {
        writer.blocks.push(writer.len() as u32);
        if block == 0 {
            writer.prologue();
        }
        for _ in 0..writer.dice.below(16) {
            writer.any();
        }
        writer.end(hot + cold, block >= hot);
    }
    writer.finish(hot);
    writer
}

#[test]
fn random_functions_do_the_same_as_before() {
    let mut faults = 0;
    let mut calls = 0;
    let mut before = 0;
    let mut after = 0;
    let cases = Cases::new("XENIA_PEEPHOLE_SEEDS", 1500);
    let are_usual = cases.are_usual();
    cases.each(|seed| {
        let Writer { program: old, blocks, starts, .. } = function(seed);
        let marked: Vec<u32> = old.landings.keys().copied().collect();
        let facts = Facts { blocks: &blocks, starts: &starts, marked: &marked, references: &old.references };
        let cpu = if seed.is_multiple_of(4) { TargetCpu::Portable } else { TargetCpu::Native };
        let optimized = optimize(&old.code, facts, cpu).expect("nothing unknown");
        let moved = optimized.moved;
        let new = Program {
            code: optimized.code,
            landings: old
                .landings
                .iter()
                .map(|(&at, &to)| (moved.moved_offset(at), moved.moved_offset(to)))
                .collect(),
            references: old.references.iter().map(|&field| moved.moved_offset(field)).collect(),
            tables: old.tables.iter().map(|&(at, entries)| (moved.moved_offset(at), entries)).collect(),
        };
        before += old.code.len();
        after += new.code.len();
        for again in 0..RUNS {
            let mut events = run(&old, seed ^ again << 32, MAX_EVENTS);
            faults += events.iter().filter(|event| **event == Event::Fault).count();
            calls += events.iter().filter(|event| matches!(event, Event::Call(..))).count();
            for event in &mut events {
                if let Event::Goto(to) = event {
                    *to = moved.moved_offset(*to);
                }
            }
            assert_eq!(run(&new, seed ^ again << 32, MAX_EVENTS), events, "seed {seed}");
        }
    });
    if are_usual {
        assert!(faults > 5000 && calls > 1000, "{faults} faults, {calls} calls");
        assert!(after < before * 9 / 10, "{before} bytes became {after}");
    }
}
