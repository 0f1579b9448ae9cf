//! Execution of one instruction for all lanes of a mask.

use super::{Interpreter, Run, Sampling};
use crate::microcode::alu::{self, Effect};
use crate::microcode::lanes::*;
use crate::microcode::ops::ScalarOp;
use crate::microcode::program::*;

impl Interpreter {
    fn predicated(&self, lanes: Mask, predicate: Option<bool>) -> Mask {
        match predicate {
            None => lanes,
            Some(true) => lanes & self.predicate,
            Some(false) => lanes & !self.predicate,
        }
    }

    pub(super) fn instruction(
        &mut self,
        run: &mut Run<'_>,
        instruction: &Instruction,
        lanes: Mask,
        loop_address: i32,
    ) {
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

    /// Reads one component of a source.
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

    /// Copies a vector operand to `scratch` if it can't be read in place.
    fn prepare(&self, run: &Run<'_>, operand: &Operand, loop_address: i32, scratch: &mut Vector) {
        if in_place(operand).is_none() {
            for (out, component) in scratch.iter_mut().zip(operand.swizzle) {
                self.component(run, operand, component, loop_address, out);
            }
        }
    }

    /// References to the components of a vector operand.
    #[inline]
    fn reference<'a>(&'a self, operand: &Operand, scratch: &'a Vector) -> alu::Ref<'a> {
        match in_place(operand) {
            Some(register) => operand.swizzle.map(|c| &self.registers[register][c as usize & 3]),
            None => scratch.each_ref(),
        }
    }

    fn alu(&mut self, run: &Run<'_>, alu: &Alu, mask: Mask, loop_address: i32) {
        // Both operations read their operands before either writes.
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

/// Register from which a vector operand can be read without a copy.
#[inline]
fn in_place(operand: &Operand) -> Option<usize> {
    match operand.source {
        Source::Register(register) if !operand.absolute && !operand.negate => Some(register as usize & 63),
        _ => None,
    }
}

/// Register number plus the loop address, wrapped to the size of the register file.
fn relative(register: u8, loop_address: i32) -> usize {
    (register as i32).wrapping_add(loop_address) as usize & 63
}

/// Clamps to 0..1; NaN becomes 0.
fn saturate(value: f32) -> f32 {
    if value > 0.0 { value.min(1.0) } else { 0.0 }
}
