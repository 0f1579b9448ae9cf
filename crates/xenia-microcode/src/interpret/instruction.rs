//! Execution of one instruction for all lanes of a mask.
//!
//! State changes in the lanes of the mask only; an instruction's predicate narrows the mask first.
//! Numbers of registers and components come from the program, which may be damaged: each is masked
//! or checked before it indexes an array.

use super::{Run, Sampling, Scratch, ShaderInterpreter};
use crate::alu::{self, Effect};
use crate::lanes::*;
use crate::ops::ScalarOp;
use crate::program::*;

/// Zero in all lanes.
const ZEROS: Lanes = splat(0.0);

impl ShaderInterpreter {
    #[inline(always)]
    fn predicated(&self, lanes: Mask, predicate: Option<bool>) -> Mask {
        match predicate {
            None => lanes,
            Some(true) => lanes & self.predicate,
            Some(false) => lanes & !self.predicate,
        }
    }

    #[inline(always)]
    pub(super) fn instruction(
        &mut self,
        run: &mut Run<'_>,
        instruction: &ShaderInstruction,
        lanes: Mask,
        loop_address: i32,
    ) {
        match instruction {
            ShaderInstruction::Alu(alu) => {
                let mask = self.predicated(lanes, alu.predicate);
                if mask != 0 {
                    self.alu(run, alu, mask, loop_address);
                }
            }
            ShaderInstruction::Vertex(fetch) => {
                let mask = self.predicated(lanes, fetch.common.predicate);
                if mask != 0 {
                    let [index, _, _] = self.coordinates(run, &fetch.common, loop_address);
                    let value = run.fetch.vertex(fetch, &index, mask);
                    self.store_fetched(&fetch.common, &value, mask, loop_address);
                }
            }
            ShaderInstruction::Texture(fetch) => {
                let mask = self.predicated(lanes, fetch.common.predicate);
                if mask != 0 {
                    self.texture(run, fetch, mask, loop_address);
                }
            }
            ShaderInstruction::Undefined => {}
        }
    }

    #[inline(always)]
    fn texture(&mut self, run: &mut Run<'_>, fetch: &TextureFetch, mask: Mask, loop_address: i32) {
        let common = &fetch.common;
        let coordinates = self.coordinates(run, common, loop_address);
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
                let lod = &self.lod;
                let gradients = &self.gradients;
                let at = Sampling { coordinates: &coordinates, lod, gradients };
                let value = run.fetch.texture(fetch, &at, mask);
                self.store_fetched(common, &value, mask, loop_address);
            }
        }
    }

    /// Components of a fetch's source.
    #[inline(always)]
    fn coordinates(&self, run: &Run<'_>, common: &FetchCommon, loop_address: i32) -> [Lanes; 3] {
        let mut scratch = [ZEROS; 4];
        let source = self.source(run, common.source, loop_address, &mut scratch);
        let [x, y, z] = common.source_swizzle;
        [source[x as usize & 3], source[y as usize & 3], source[z as usize & 3]]
    }

    #[inline(always)]
    fn store_fetched(&mut self, common: &FetchCommon, value: &Vector, mask: Mask, loop_address: i32) {
        let one = splat(1.0);
        let zero = splat(0.0);
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

    /// Components of a source in all lanes. A source whose lanes differ in their constants is put
    /// together in `scratch`.
    #[inline(always)]
    fn source<'a>(
        &'a self,
        run: &Run<'_>,
        source: Source,
        loop_address: i32,
        scratch: &'a mut Vector,
    ) -> &'a Vector {
        match source {
            Source::Register(register) => &self.registers[register as usize & 63],
            Source::RegisterLoop(register) => &self.registers[relative(register, loop_address)],
            Source::Constant(index) => self.constants.get(index),
            Source::ConstantLoop(index) => {
                for (component, out) in scratch.iter_mut().enumerate() {
                    out.fill(run.constant(index as i32 + loop_address, component));
                }
                scratch
            }
            Source::ConstantAddress(index) => {
                for (component, out) in scratch.iter_mut().enumerate() {
                    for (out, address) in out.iter_mut().zip(self.address) {
                        *out = run.constant(index as i32 + address as i32, component);
                    }
                }
                scratch
            }
        }
    }

    /// References to the components of a vector operand, with its modifiers.
    #[inline(always)]
    fn operand<'a>(
        &'a self,
        run: &Run<'_>,
        operand: &ShaderOperand,
        loop_address: i32,
        [source, modified]: &'a mut [Vector; 2],
    ) -> alu::Ref<'a> {
        let source = self.source(run, operand.source, loop_address, source);
        let [x, y, z, w] = operand.swizzle;
        let component = |c: u8| &source[c as usize & 3];
        if !operand.absolute && !operand.negate {
            return [component(x), component(y), component(z), component(w)];
        }
        for (out, c) in modified.iter_mut().zip(operand.swizzle) {
            modify(operand, component(c), out);
        }
        let [x, y, z, w] = modified;
        [x, y, z, w]
    }

    /// Reference to a component of a scalar operand, with its modifiers.
    #[inline(always)]
    fn scalar_operand<'a>(
        &'a self,
        run: &Run<'_>,
        (operand, component): &(ShaderOperand, u8),
        loop_address: i32,
        [source, modified]: &'a mut [Vector; 2],
    ) -> &'a Lanes {
        let source = self.source(run, operand.source, loop_address, source);
        let lanes = &source[*component as usize & 3];
        if !operand.absolute && !operand.negate {
            return lanes;
        }
        modify(operand, lanes, &mut modified[0]);
        &modified[0]
    }

    #[inline(always)]
    fn alu(&mut self, run: &Run<'_>, alu: &Alu, mask: Mask, loop_address: i32) {
        // Both operations read their operands before either writes.
        let mut vector = None;
        let mut scratch = self.scratch.take().unwrap_or_default();
        let Scratch { operands: [s0, s1, s2], result } = &mut *scratch;
        if alu.vector_mask != 0 || alu.vector.changes_state() {
            let count = alu.vector.operands();
            let first = self.operand(run, &alu.operands[0], loop_address, s0);
            // Operands that the operation doesn't have are not read.
            let mut second = first;
            let mut third = first;
            if count > 1 {
                second = self.operand(run, &alu.operands[1], loop_address, s1);
            }
            if count > 2 {
                third = self.operand(run, &alu.operands[2], loop_address, s2);
            }
            vector = Some(alu::vector(alu.vector, alu.vector_mask, &[first, second, third], result));
        }
        let scalar = (alu.scalar != ScalarOp::RetainPrev || alu.scalar_mask != 0).then(|| {
            let count = alu.scalar.operands();
            let [first, second] = &alu.scalar_operands;
            let mut a = &ZEROS;
            let mut b = &ZEROS;
            if count > 0 {
                a = self.scalar_operand(run, first, loop_address, s0);
            }
            if count > 1 {
                b = self.scalar_operand(run, second, loop_address, s1);
            }
            alu::scalar(alu.scalar, a, b, &self.previous)
        });
        if let Some(effect) = vector {
            if alu.vector_clamp {
                for lanes in result.iter_mut() {
                    *lanes = map(lanes, saturate);
                }
            }
            self.apply(effect, mask);
            let [x, y, z, w] = &*result;
            self.store(alu.vector_to, &[x, y, z, w], alu.vector_mask, mask, loop_address);
        }
        self.scratch = Some(scratch);
        if let Some((result, effect)) = scalar {
            assign(&mut self.previous, &result, mask);
            let result = if alu.scalar_clamp { map(&result, saturate) } else { result };
            self.apply(effect, mask);
            self.store(alu.scalar_to, &[&result; 4], alu.scalar_mask, mask, loop_address);
        }
        if alu.zeros | alu.ones != 0 {
            self.store(alu.vector_to, &[&ZEROS; 4], alu.zeros, mask, loop_address);
            self.store(alu.vector_to, &[&splat(1.0); 4], alu.ones, mask, loop_address);
        }
    }

    #[inline(always)]
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

    #[inline(always)]
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

/// Applies an operand's modifiers: both are operations on the sign bit.
#[inline(always)]
fn modify(operand: &ShaderOperand, lanes: &Lanes, out: &mut Lanes) {
    let keep = if operand.absolute { 0x7fff_ffff } else { u32::MAX };
    let flip = u32::from(operand.negate) << 31;
    *out = map(lanes, |value| f32::from_bits((value.to_bits() & keep) ^ flip));
}

/// Register number plus the loop address, wrapped to the size of the register file.
#[inline(always)]
fn relative(register: u8, loop_address: i32) -> usize {
    (register as i32).wrapping_add(loop_address) as usize & 63
}

/// Clamps to 0..1; NaN becomes 0.
#[inline(always)]
fn saturate(value: f32) -> f32 {
    let value = if value > 0.0 { value } else { 0.0 };
    if value < 1.0 { value } else { 1.0 }
}
