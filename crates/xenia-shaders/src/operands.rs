//! Translation of operands: registers, constants and destinations.
//!
//! Registers are function variables; a program that adds the loop address to a register number has
//! them in an array. This module clamps indices computed at run time: register numbers wrap within
//! the file of 64, constants outside of 0 to 255 are zero.

use naga::{BinaryOperator, Handle, LocalVariable, MathFunction, ScalarKind, UnaryOperator};
use xenia_gpu::microcode::{Destination, FetchCommon, FetchSelect, ShaderOperand, Source};

use super::Translator;
use super::builder::Value;
use super::interface::member;

/// Size of the register file.
pub(super) const REGISTERS: u32 = 64;

/// Storage of the registers.
pub(super) enum Registers {
    /// One variable per register.
    Separate(Vec<Handle<LocalVariable>>),
    /// An array of all registers.
    Array(Handle<LocalVariable>),
}

impl Translator<'_> {
    /// Pointer to a register.
    pub(super) fn register_pointer(&mut self, register: u32) -> Value {
        let register = register & (REGISTERS - 1);
        match &self.registers {
            // Programs access no registers beyond the counted ones.
            Registers::Separate(locals) => {
                let local = locals[(register as usize).min(locals.len() - 1)];
                self.b.local_pointer(local)
            }
            Registers::Array(local) => {
                let array = self.b.local_pointer(*local);
                self.b.member(array, register)
            }
        }
    }

    /// Pointer to the register at a number plus the loop address.
    fn relative_pointer(&mut self, register: u8) -> Value {
        let Registers::Array(local) = self.registers else { return self.register_pointer(register as u32) };
        let address = self.loop_address();
        let register = self.b.int(register as i32);
        let sum = self.b.binary(BinaryOperator::Add, register, address);
        let index = self.b.bitcast(sum, ScalarKind::Uint);
        let last = self.b.uint(REGISTERS - 1);
        let index = self.b.binary(BinaryOperator::And, index, last);
        let array = self.b.local_pointer(local);
        self.b.element(array, index)
    }

    /// Float constant with a computed number.
    fn indexed_constant(&mut self, index: u8, address: Value) -> Value {
        let base = self.b.int(index as i32);
        let index = self.b.binary(BinaryOperator::Add, base, address);
        // As unsigned numbers, negative ones are too large as well.
        let index = self.b.bitcast(index, ScalarKind::Uint);
        let last = self.b.uint(255);
        let exists = self.b.binary(BinaryOperator::LessEqual, index, last);
        // The read comes before the choice, so its index has to be inside.
        let inside = self.b.select(exists, index, last);
        let array = self.constant_member(member::FLOAT);
        let pointer = self.b.element(array, inside);
        let value = self.b.load(pointer);
        let zero = self.b.splat_float(0.0);
        self.b.select(exists, value, zero)
    }

    /// Pointer to a member of the constants.
    pub(super) fn constant_member(&mut self, member: u32) -> Value {
        let constants = self.b.global(self.constants);
        self.b.member(constants, member)
    }

    /// Reads all four components of a source.
    fn source(&mut self, source: Source) -> Value {
        match source {
            Source::Register(register) => {
                let pointer = self.register_pointer(register as u32);
                self.b.load(pointer)
            }
            Source::RegisterLoop(register) => {
                let pointer = self.relative_pointer(register);
                self.b.load(pointer)
            }
            Source::Constant(index) => {
                let array = self.constant_member(member::FLOAT);
                let pointer = self.b.member(array, index as u32);
                self.b.load(pointer)
            }
            Source::ConstantAddress(index) => {
                let address = self.b.load_local(self.address);
                self.indexed_constant(index, address)
            }
            Source::ConstantLoop(index) => {
                let address = self.loop_address();
                self.indexed_constant(index, address)
            }
        }
    }

    fn modified(&mut self, operand: &ShaderOperand, mut value: Value) -> Value {
        if operand.absolute {
            value = self.b.math(MathFunction::Abs, value);
        }
        if operand.negate {
            value = self.b.unary(UnaryOperator::Negate, value);
        }
        value
    }

    /// Reads a vector operand.
    pub(super) fn operand(&mut self, operand: &ShaderOperand) -> Value {
        let value = self.source(operand.source);
        let value = self.b.swizzle(value, operand.swizzle);
        self.modified(operand, value)
    }

    /// Reads one component of a source.
    pub(super) fn component(&mut self, source: Source, component: u8) -> Value {
        let value = self.source(source);
        self.b.member(value, component as u32 & 3)
    }

    /// Reads a scalar operand.
    pub(super) fn scalar_operand(&mut self, (operand, component): &(ShaderOperand, u8)) -> Value {
        let value = self.component(operand.source, *component);
        self.modified(operand, value)
    }

    /// Pointer to a destination; `None` for exports that no stage reads.
    fn destination(&mut self, to: Destination) -> Option<Value> {
        match to {
            Destination::Register(register) => Some(self.register_pointer(register as u32)),
            Destination::RegisterLoop(register) => Some(self.relative_pointer(register)),
            Destination::Export(export) => {
                let global = *self.exports.get(&export)?;
                Some(self.b.global(global))
            }
        }
    }

    /// Writes the masked components of a vector.
    pub(super) fn store_vector(&mut self, to: Destination, value: Value, mask: u8) {
        if mask == 0 {
            return;
        }
        let Some(pointer) = self.destination(to) else { return };
        if mask & 15 == 15 {
            self.b.store(pointer, value);
            return;
        }
        for component in (0..4).filter(|component| mask >> component & 1 != 0) {
            let part = self.b.member(value, component);
            let place = self.b.member(pointer, component);
            self.b.store(place, part);
        }
    }

    /// Writes the same value to the masked components.
    pub(super) fn store_scalar(&mut self, to: Destination, value: Value, mask: u8) {
        if mask == 0 {
            return;
        }
        let Some(pointer) = self.destination(to) else { return };
        for component in (0..4).filter(|component| mask >> component & 1 != 0) {
            let place = self.b.member(pointer, component);
            self.b.store(place, value);
        }
    }

    /// Writes a fetch's result, with the selection of the instruction.
    pub(super) fn store_fetched(&mut self, common: &FetchCommon, value: Value) {
        let to = match common.to {
            // Fetches write registers only.
            Destination::Export(register) => Destination::Register(register),
            to => to,
        };
        let Some(pointer) = self.destination(to) else { return };
        for (component, select) in (0_u32..).zip(&common.select) {
            let part = match select {
                FetchSelect::Component(from) => self.b.member(value, *from as u32 & 3),
                FetchSelect::Zero => self.b.float(0.0),
                FetchSelect::One => self.b.float(1.0),
                FetchSelect::Keep => continue,
            };
            let place = self.b.member(pointer, component);
            self.b.store(place, part);
        }
    }
}
