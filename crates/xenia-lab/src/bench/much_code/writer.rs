//! Generates the statements of a function.
//!
//! Values are kept live: a local is overwritten only after it has been read, and the function's end
//! folds unread locals into its result, so that the native compiler finds little dead code.

use super::dice::Dice;
use super::frame::VOLATILE;
use super::generate::LEAVES;
use super::program::{
    Binary, FLOATS, Field, Function, INDEX_MASK, Local, OBJECT, Rotation, SLOTS, Shape, Statement, THINGS,
    Thing, Turns, Unary, WideRotation, Width, WithConstant,
};
use super::writer_float::Floats;
use crate::args::TitleVariant;

/// A function being generated.
pub(super) struct Writer {
    variant: TitleVariant,
    pub(super) dice: Dice,
    pub(super) shape: Shape,
    locals: u8,
    /// The function's floating-point variables.
    pub(super) floats: Floats,
    /// Locals that were written and not read yet.
    pub(super) unread: Vec<bool>,
    /// Whether it has a jump table.
    pub(super) has_switch: bool,
    /// Estimated number of guest instructions so far.
    pub(super) size: u32,
    pub(super) body: Vec<Statement>,
}

impl Writer {
    /// Starts a function.
    pub(super) fn new(variant: TitleVariant, dice: Dice, shape: Shape, locals: u8) -> Self {
        let unread = vec![false; usize::from(locals)];
        Self {
            variant,
            dice,
            shape,
            locals,
            floats: Floats::default(),
            unread,
            has_switch: false,
            size: 0,
            body: Vec::new(),
        }
    }

    fn is_wide(&self) -> bool {
        self.variant == TitleVariant::Wide
    }

    /// Assigns a value to every local.
    pub(super) fn begin(&mut self) {
        self.unread[0] = true;
        self.size += match self.shape {
            Shape::Volatile => 1,
            Shape::Saving => 2 * u32::from(self.locals - VOLATILE) + 3,
            Shape::Calling => 2 * u32::from(self.locals) + 12,
        };
        for to in 1..self.locals {
            let statement = if self.dice.chance(80) {
                self.load(to)
            } else {
                let bits = self.rotation();
                Statement::Extract { to, a: 0, bits }
            };
            self.unread[usize::from(to)] = true;
            self.size += 1;
            self.body.push(statement);
        }
    }

    /// Folds unread locals into the result.
    pub(super) fn finish(mut self) -> Function {
        self.end_floats();
        for b in 1..self.locals {
            if self.unread[usize::from(b)] {
                let op = self.dice.pick(&[Binary::Add, Binary::Xor, Binary::Subtract]);
                self.body.push(Statement::Binary { op, to: 0, a: 0, b });
            }
        }
        Function {
            shape: self.shape,
            wide: self.is_wide(),
            locals: self.locals,
            floats: self.floats.count(),
            body: self.body,
        }
    }

    /// Generates from `least` to `least + more` statements without branches, at the top level.
    pub(super) fn straight(&mut self, least: u32, more: u32) {
        let mut body = std::mem::take(&mut self.body);
        self.block(least, more, &mut body);
        self.body = body;
    }

    /// Generates pieces until the function has reached a size.
    pub(super) fn pieces(&mut self, size: u32) {
        let mut body = std::mem::take(&mut self.body);
        while self.size < size {
            self.piece(&mut body);
        }
        self.body = body;
    }

    /// Generates a few statements without branches, followed by a branch, a loop or a call.
    fn piece(&mut self, to: &mut Vec<Statement>) {
        self.block(2, 3, to);
        match self.dice.below(100) {
            0..8 => {
                let statement = self.counted_loop();
                to.push(statement);
            }
            8..35 if self.shape == Shape::Calling && self.variant == TitleVariant::Virtual => {
                let statement = self.virtual_call();
                to.push(statement);
            }
            8..40 if self.variant == TitleVariant::Switches && !self.has_switch => {
                let statement = self.switch();
                to.push(statement);
            }
            8..25 if self.shape == Shape::Calling => {
                let a = self.read();
                let leaf = self.dice.below(LEAVES);
                let into = self.read_to_change();
                self.size += 4;
                to.push(Statement::Call { to: into, leaf, a });
            }
            _ => {
                let statement = self.branch();
                to.push(statement);
            }
        }
    }

    fn counted_loop(&mut self) -> Statement {
        let turns = if self.dice.chance(60) {
            Turns::Fixed(2 + self.dice.below(3) as u8)
        } else {
            Turns::Masked(self.read(), self.dice.pick(&[1, 3]))
        };
        let in_ctr = self.dice.chance(50);
        self.size += 3;
        let mut body = Vec::new();
        self.floats.forget_bounds();
        self.block(3, 4, &mut body);
        Statement::Loop { turns, in_ctr, body }
    }

    fn virtual_call(&mut self) -> Statement {
        let chosen = self.dice.chance(20);
        let thing = self.dice.below(THINGS);
        let thing = if chosen { Thing::Chosen(self.read()) } else { Thing::Fixed(thing) };
        let a = self.read();
        let slot = self.dice.below(SLOTS);
        let to = self.read_to_change();
        self.size += if chosen { 10 } else { 8 };
        Statement::Virtual { to, thing, slot, a }
    }

    /// Generates a branch with one side or two. A local or variable that either side leaves unread
    /// is unread afterwards.
    fn branch(&mut self) -> Statement {
        let condition = self.condition();
        let unread_before = self.unread.clone();
        let floats_before = self.floats.clone();
        let mut then = Vec::new();
        self.block(3, 5, &mut then);
        let unread_after_then = std::mem::replace(&mut self.unread, unread_before);
        let floats_after_then = std::mem::replace(&mut self.floats, floats_before);
        let mut otherwise = Vec::new();
        if self.dice.chance(30) {
            self.block(3, 4, &mut otherwise);
            self.size += 1;
        }
        for (one, other) in self.unread.iter_mut().zip(unread_after_then) {
            *one |= other;
        }
        self.floats.join(&floats_after_then);
        Statement::If { condition, then, otherwise }
    }

    /// Generates from `least` to `least + more` statements without branches.
    pub(super) fn block(&mut self, least: u32, more: u32, to: &mut Vec<Statement>) {
        for _ in 0..self.dice.below(more) + least {
            if self.floats.count() > 0 && self.dice.chance(55) {
                self.float_statement(to);
                continue;
            }
            let statement = self.simple();
            to.push(statement);
        }
    }

    /// Chooses a local to read, preferably an unread one.
    pub(super) fn read(&mut self) -> Local {
        let mut local = self.dice.below(u32::from(self.locals)) as u8;
        if self.dice.chance(60) {
            let first = self.dice.below(u32::from(self.locals)) as u8;
            let all = (0..self.locals).map(|step| (first + step) % self.locals);
            local = all.clone().find(|&one| self.unread[usize::from(one)]).unwrap_or(local);
        }
        self.unread[usize::from(local)] = false;
        local
    }

    /// Chooses a local that the statement reads and then overwrites, preferably an unread one.
    fn read_to_change(&mut self) -> Local {
        let local = self.read();
        self.unread[usize::from(local)] = true;
        local
    }

    /// Chooses a local that may be overwritten; `None` if all are unread.
    fn free(&mut self) -> Option<Local> {
        let first = self.dice.below(u32::from(self.locals)) as u8;
        let mut all = (0..self.locals).map(|step| (first + step) % self.locals);
        let found = all.find(|&one| !self.unread[usize::from(one)])?;
        self.unread[usize::from(found)] = true;
        Some(found)
    }

    fn rotation(&mut self) -> Rotation {
        match self.dice.below(4) {
            // Shifts to the left and right, and bit fields.
            0 => {
                let by = 1 + self.dice.below(12) as u8;
                Rotation { by, begin: 0, end: 31 - by }
            }
            1 => {
                let by = 1 + self.dice.below(12) as u8;
                Rotation { by: 32 - by, begin: by, end: 31 }
            }
            2 => Rotation { by: 0, begin: 8 + self.dice.below(12) as u8, end: 31 },
            _ => {
                let by = self.dice.below(32) as u8;
                let begin = self.dice.below(16) as u8;
                Rotation { by, begin, end: begin + 6 + self.dice.below(10) as u8 }
            }
        }
    }

    fn wide_rotation(&mut self) -> WideRotation {
        let by = 1 + self.dice.below(24) as u8;
        match self.dice.below(4) {
            0 => WideRotation { by, begin: 0, end: 63 - by },
            1 => WideRotation { by: 64 - by, begin: by, end: 63 },
            2 => WideRotation { by: 0, begin: by + 8, end: 63 },
            _ => WideRotation { by: by + 20, begin: 32 + self.dice.below(20) as u8, end: 63 },
        }
    }

    fn field(&mut self) -> Field {
        let width = match self.dice.below(100) {
            0..40 if self.is_wide() => Width::Long,
            40..50 if self.is_wide() => Width::SignedWord,
            0..70 => Width::Word,
            70..82 => Width::Byte,
            82..92 => Width::Half,
            _ => Width::SignedHalf,
        };
        Field { at: self.dice.below(self.integers() / width.bytes()) * width.bytes(), width }
    }

    /// Size in bytes of an object's integer fields.
    pub(super) fn integers(&self) -> u32 {
        if self.variant == TitleVariant::Float { FLOATS } else { OBJECT }
    }

    fn load(&mut self, to: Local) -> Statement {
        if self.floats.count() > 0 && self.dice.chance(25) {
            // The index is the bit pattern of a floating-point number.
            let at = FLOATS + 4 * self.dice.below((OBJECT - FLOATS) / 4);
            return Statement::Load { to, field: Field { at, width: Width::Word } };
        }
        Statement::Load { to, field: self.field() }
    }

    fn constant_operation(&mut self) -> WithConstant {
        match self.dice.below(16) {
            0..7 => WithConstant::Add(self.constant()),
            7 => WithConstant::AddHigh(self.constant()),
            8 => WithConstant::Multiply(self.constant() | 1),
            9 => WithConstant::SubtractFrom(self.constant()),
            10..12 => WithConstant::Xor(self.dice.next() as u16),
            12..14 => WithConstant::Or(1 << self.dice.below(16)),
            _ => WithConstant::ShiftRight(1 + self.dice.below(12) as u8),
        }
    }

    /// Generates the extraction of a bit field.
    fn extraction(&mut self) -> Statement {
        if self.is_wide() && self.dice.chance(70) {
            let bits = self.wide_rotation();
            let a = self.read();
            return Statement::ExtractWide { to: self.target(a), a, bits };
        }
        let bits = self.rotation();
        let a = self.read();
        match self.free() {
            Some(to) => Statement::Extract { to, a, bits },
            None => Statement::Extract { to: self.target(a), a, bits },
        }
    }

    /// Generates a statement without branches.
    fn simple(&mut self) -> Statement {
        self.size += 1;
        match self.dice.below(100) {
            0..24 => match self.free() {
                Some(to) if self.dice.chance(88) => self.load(to),
                Some(to) => {
                    self.size += 1;
                    let index = self.read_other(to);
                    Statement::LoadIndexed { to, index }
                }
                None => self.binary(),
            },
            24..38 => {
                let from = self.read();
                // In float titles, an index could choose a floating-point field.
                if self.dice.chance(92) || self.variant == TitleVariant::Float {
                    Statement::Store { from, field: self.field() }
                } else {
                    self.size += 1;
                    Statement::StoreIndexed { from, index: self.read() }
                }
            }
            38..62 => self.binary(),
            62..80 => {
                let op = self.constant_operation();
                let a = self.read();
                Statement::WithConstant { op, to: self.target(a), a }
            }
            80..92 => self.extraction(),
            92..95 => {
                let bits = self.rotation();
                let a = self.read();
                let to = self.read_to_change();
                Statement::Insert { to, a, bits }
            }
            95..98 => {
                let a = self.read();
                let all =
                    [Unary::Negate, Unary::SignByte, Unary::SignHalf, Unary::LeadingZeros, Unary::SignWord];
                let op = self.dice.pick(&all[..if self.is_wide() { 5 } else { 4 }]);
                Statement::Unary { op, to: self.target(a), a }
            }
            _ => match self.free() {
                Some(to) => {
                    self.size += 1;
                    Statement::Constant { to, value: self.dice.next() as u32 }
                }
                None => self.binary(),
            },
        }
    }

    /// Destination of a result of `a`: another local, or `a` itself.
    fn target(&mut self, a: Local) -> Local {
        let free = if self.dice.chance(40) { self.free() } else { None };
        let to = free.unwrap_or(a);
        self.unread[usize::from(to)] = true;
        to
    }

    /// Chooses a local to read other than `to`, which is being written.
    fn read_other(&mut self, to: Local) -> Local {
        let index = self.read();
        self.unread[usize::from(to)] = true;
        index
    }

    fn binary(&mut self) -> Statement {
        let op = match self.dice.below(16) {
            0..6 => Binary::Add,
            6..9 => Binary::Subtract,
            9 => Binary::Multiply,
            10..13 => Binary::Xor,
            13 => self.dice.pick(&[Binary::And, Binary::Or]),
            14 => Binary::AndNot,
            _ => Binary::Rotate,
        };
        let a = self.read();
        let b = self.read();
        let to = self.target(a);
        Statement::Binary { op, to, a, b }
    }

    /// Chooses a constant; small ones are the most frequent.
    pub(super) fn constant(&mut self) -> i16 {
        let value = if self.dice.chance(80) { self.dice.below(64) } else { self.dice.below(8192) };
        let value = value as i16 + 1;
        if self.dice.chance(30) { -value } else { value }
    }
}

// A word that an index chooses must be inside the object.
const _: () = assert!(INDEX_MASK + 8 <= OBJECT);
