//! Entry points: initial registers and exports.
//!
//! The program is a separate function whose exports are variables of the module. An entry point
//! passes it the initial registers and returns its exports.

use naga::{
    BinaryOperator as Op, Binding, BuiltIn, EntryPoint, Expression, Function, FunctionArgument,
    FunctionResult, Handle, Interpolation, MathFunction, Sampling, ScalarKind, ShaderStage, Statement,
    StructMember, Type, TypeInner, UnaryOperator,
};
use xenia_gpu::draw_state::INTERPOLATORS;
use xenia_gpu::microcode::{Program, ShaderKind};

use super::builder::{Builder, Value};
use super::expansion::VertexResult;
use super::host::EntryOutput;
use super::interface::{INPUT_BINDING, OUTPUT_BINDING};
use super::{ENTRY_POINT, Expansion, Interpolators, PixelsOf, Stage, Translator, types};

/// Invocations in a workgroup.
const WORKGROUP: u32 = 64;

/// Whether an export of a kind of shader is read by a later stage.
pub(super) fn is_read(kind: ShaderKind, export: u8) -> bool {
    match kind {
        ShaderKind::Vertex => {
            (export as u32) < INTERPOLATORS || matches!(export, Program::POSITION | Program::POINT_SIZE)
        }
        ShaderKind::Pixel => export < 4 || export == Program::DEPTH,
    }
}

/// Binding of an interpolator between the stages.
fn location(interpolators: Interpolators, index: u32) -> Binding {
    let (interpolation, sampling) = if interpolators.flat >> index & 1 != 0 {
        (Interpolation::Flat, Sampling::First)
    } else {
        let is_centroid = interpolators.centroid >> index & 1 != 0;
        let sampling = match (interpolators.at_samples, is_centroid) {
            (true, _) => Sampling::Sample,
            (false, true) => Sampling::Centroid,
            (false, false) => Sampling::Center,
        };
        (if interpolators.affine { Interpolation::Linear } else { Interpolation::Perspective }, sampling)
    };
    Binding::Location {
        location: index,
        interpolation: Some(interpolation),
        sampling: Some(sampling),
        blend_src: None,
        per_primitive: false,
    }
}

fn argument(b: &mut Builder, name: &str, ty: Handle<Type>, binding: Binding) -> Value {
    let arguments = &mut b.function().arguments;
    let index = arguments.len() as u32;
    arguments.push(FunctionArgument { name: Some(name.into()), ty, binding: Some(binding) });
    b.argument(index)
}

impl Translator<'_> {
    /// Adds the entry point; `shader` takes `inputs` registers.
    pub(super) fn entry_point(&mut self, shader: Handle<Function>, inputs: u32) {
        let mut b = Builder::new(ENTRY_POINT);
        let (stage, workgroup) = match self.stage {
            Stage::Vertex { interpolators, clip, expansion } => {
                self.vertex_entry(&mut b, shader, interpolators, clip, expansion);
                (ShaderStage::Vertex, 0)
            }
            Stage::Pixel {
                interpolators, position_register, pixels_of, alpha_test, alpha_to_mask, ..
            } => {
                let mut registers = Vec::new();
                for i in 0..inputs {
                    registers.push(if i < interpolators.count {
                        let binding = location(interpolators, i);
                        argument(&mut b, &format!("interpolator_{i}"), self.types.vec4, binding)
                    } else {
                        b.zero(self.types.vec4)
                    });
                }
                let position = position_register.and_then(|i| registers.get_mut(i as usize));
                let place = (position.is_some() || alpha_to_mask).then(|| self.pixel_place(&mut b));
                if let Some((register, place)) = position.zip(place) {
                    *register = self.pixel_position(&mut b, *register, place, pixels_of);
                }
                let masked_at = place.filter(|_| alpha_to_mask);
                self.pixel_exit(&mut b, shader, &registers, alpha_test, masked_at);
                (ShaderStage::Fragment, 0)
            }
            Stage::Compute { inputs: given, .. } => {
                self.compute_entry(&mut b, shader, given, inputs);
                (ShaderStage::Compute, WORKGROUP)
            }
        };
        let size = u32::from(workgroup != 0);
        self.module.entry_points.push(EntryPoint {
            name: ENTRY_POINT.into(),
            stage,
            early_depth_test: None,
            workgroup_size: [workgroup, size, size],
            workgroup_size_overrides: None,
            function: b.finish(),
            mesh_info: None,
            task_payload: None,
            incoming_ray_payload: None,
        });
    }

    /// Value of an export; zero if the program doesn't write it.
    pub(super) fn exported(&self, b: &mut Builder, export: u8) -> Value {
        match self.exports.get(&export) {
            Some(global) => {
                let pointer = b.global(*global);
                b.load(pointer)
            }
            None => b.zero(self.types.vec4),
        }
    }

    /// Returns members in a struct.
    fn return_struct(&mut self, b: &mut Builder, name: &str, parts: Vec<EntryOutput>) {
        if parts.is_empty() {
            return;
        }
        let mut members = Vec::new();
        let mut values = Vec::new();
        for (i, EntryOutput { name, ty, binding, value }) in (0_u32..).zip(parts) {
            // The struct isn't stored in memory, but members may not overlap; the largest is an
            // array.
            members.push(StructMember { name: Some(name), ty, binding: Some(binding), offset: 32 * i });
            values.push(value);
        }
        let span = 32 * members.len() as u32;
        let ty = types::insert(&mut self.module, Some(name), TypeInner::Struct { members, span });
        b.function().result = Some(FunctionResult { ty, binding: None });
        let value = b.compose(ty, &values);
        b.statement(Statement::Return { value: Some(value) });
    }

    fn vertex_entry(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        interpolators: Interpolators,
        clip: bool,
        expansion: Expansion,
    ) {
        let number = argument(b, "index", self.types.uint, Binding::BuiltIn(BuiltIn::VertexIndex));
        let vertex = self.vertex(b, shader, number, interpolators, expansion);
        let mut parts = self.host_position(b, vertex.position, vertex.is_gone, clip);
        for (i, value) in (0..).zip(vertex.interpolators) {
            let name = format!("interpolator_{i}");
            let binding = location(interpolators, i);
            parts.push(EntryOutput { name, ty: self.types.vec4, binding, value });
        }
        self.return_struct(b, "VertexOutput", parts);
    }

    /// Runs the program for a guest vertex.
    pub(super) fn run_vertex(&self, b: &mut Builder, shader: Handle<Function>, index: Value) {
        let index = b.convert(index, ScalarKind::Float);
        let zero = b.float(0.0);
        let register = b.compose(self.types.vec4, &[index, zero, zero, zero]);
        b.call_without_result(shader, &[register]);
    }

    /// Exports of the guest vertex with an index.
    pub(super) fn guest_vertex(
        &self,
        b: &mut Builder,
        shader: Handle<Function>,
        index: Value,
        interpolators: Interpolators,
    ) -> VertexResult {
        self.run_vertex(b, shader, index);
        let position = self.exported(b, Program::POSITION);
        let is_gone = self.exports.contains_key(&Program::POINT_SIZE).then(|| {
            let flags = self.exported(b, Program::POINT_SIZE);
            let flag = b.member(flags, 2);
            self.is_killed(b, flag)
        });
        let count = interpolators.count.min(INTERPOLATORS) as u8;
        let interpolators = (0..count).map(|i| self.exported(b, i)).collect();
        VertexResult { position, interpolators, is_gone }
    }

    /// Column and row of the host's pixel.
    fn pixel_place(&self, b: &mut Builder) -> [Value; 2] {
        let place = Binding::BuiltIn(BuiltIn::Position { invariant: false });
        let place = argument(b, "place", self.types.vec4, place);
        [0, 1].map(|axis| {
            let at = b.member(place, axis);
            b.math(MathFunction::Floor, at)
        })
    }

    /// Register with the pixel's position in x and y, and for points the position within them in z
    /// and w, from the register's interpolator. Signs mark the facing (x), points (y) and lines
    /// (z).
    fn pixel_position(
        &mut self,
        b: &mut Builder,
        register: Value,
        [x, y]: [Value; 2],
        of: PixelsOf,
    ) -> Value {
        let [x, y] = [x, y].map(|at| self.guest_place(b, at));
        let zero = b.float(0.0);
        let one = b.float(1.0);
        let x = if of == PixelsOf::Polygons {
            let front = argument(b, "front", self.types.boolean, Binding::BuiltIn(BuiltIn::FrontFacing));
            let negative = b.unary(UnaryOperator::Negate, x);
            b.select(front, x, negative)
        } else {
            x
        };
        let (y, z, w) = match of {
            PixelsOf::Polygons | PixelsOf::Rectangles => (y, zero, zero),
            PixelsOf::Lines => (y, b.float(-0.0), zero),
            PixelsOf::Points => {
                let [z, w] = [2, 3].map(|component| {
                    let place = b.member(register, component);
                    let above = b.binary(Op::Greater, place, zero);
                    let place = b.select(above, place, zero);
                    let below = b.binary(Op::Less, place, one);
                    b.select(below, place, one)
                });
                (b.unary(UnaryOperator::Negate, y), z, w)
            }
        };
        b.compose(self.types.vec4, &[x, y, z, w])
    }

    fn pixel_exit(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        registers: &[Value],
        alpha_test: bool,
        masked_at: Option<[Value; 2]>,
    ) {
        b.call_without_result(shader, registers);
        if self.program.kills {
            // Discarded only now, so that the pixel still takes part in its neighbours'
            // derivatives.
            let killed = b.global(self.killed);
            let killed = b.load(killed);
            b.when(killed, |b| b.statement(Statement::Kill));
        }
        if alpha_test {
            let color = self.exported(b, 0);
            self.alpha_test(b, color);
        }
        let mut parts = Vec::new();
        if let Some(place) = masked_at {
            let color = self.exported(b, 0);
            let mask = self.alpha_mask(b, color, place);
            let binding = Binding::BuiltIn(BuiltIn::SampleMask);
            parts.push(EntryOutput { name: "samples".into(), ty: self.types.uint, binding, value: mask });
        }
        let exports: Vec<u8> = self.exports.keys().copied().collect();
        for export in exports {
            let value = self.exported(b, export);
            if export == Program::DEPTH {
                let depth = b.member(value, 0);
                let depth = self.host_depth(b, depth);
                let binding = Binding::BuiltIn(BuiltIn::FragDepth);
                let ty = self.types.float;
                parts.push(EntryOutput { name: "depth".into(), ty, binding, value: depth });
            } else {
                let binding = Binding::Location {
                    location: export as u32,
                    interpolation: None,
                    sampling: None,
                    blend_src: None,
                    per_primitive: false,
                };
                let value = self.host_color(b, export as u32, value);
                let name = format!("color_{export}");
                parts.push(EntryOutput { name, ty: self.types.vec4, binding, value });
            }
        }
        self.return_struct(b, "PixelOutput", parts);
    }

    fn compute_entry(&mut self, b: &mut Builder, shader: Handle<Function>, given: u32, inputs: u32) {
        let vectors = types::array(&mut self.module, self.types.vec4, None, 16);
        let input = self.buffer("inputs", vectors, INPUT_BINDING, false);
        let output = self.buffer("outputs", vectors, OUTPUT_BINDING, true);
        let exports: Vec<u8> = self.exports.keys().copied().collect();
        let invocation =
            argument(b, "invocation", self.types.uvec3, Binding::BuiltIn(BuiltIn::GlobalInvocationId));
        let index = b.member(invocation, 0);
        let input = b.global(input);
        let output = b.global(output);
        // One more for the flag of killed invocations.
        let slots = b.uint(exports.len() as u32 + 1);
        let length = b.expr(Expression::ArrayLength(output));
        let count = b.binary(Op::Divide, length, slots);
        let wanted = b.binary(Op::Less, index, count);
        b.begin();
        let one = b.uint(1);
        let stride = b.uint(given);
        let first = b.binary(Op::Multiply, index, stride);
        let length = b.expr(Expression::ArrayLength(input));
        let last = b.binary(Op::Subtract, length, one);
        let mut registers = Vec::new();
        for i in 0..inputs {
            let i = b.uint(i);
            let at = b.binary(Op::Add, first, i);
            let inside = b.binary(Op::LessEqual, at, last);
            // A short buffer repeats its last element, so that no index is outside.
            let at = b.select(inside, at, last);
            let pointer = b.element(input, at);
            registers.push(b.load(pointer));
        }
        b.call_without_result(shader, &registers);
        let first = b.binary(Op::Multiply, index, slots);
        let killed = b.global(self.killed);
        let killed = b.load(killed);
        let yes = b.float(1.0);
        let no = b.float(0.0);
        let killed = b.select(killed, yes, no);
        let killed = b.splat(killed);
        let mut values: Vec<Value> = exports.iter().map(|export| self.exported(b, *export)).collect();
        values.push(killed);
        for (i, value) in (0_u32..).zip(values) {
            let i = b.uint(i);
            let at = b.binary(Op::Add, first, i);
            let pointer = b.element(output, at);
            b.store(pointer, value);
        }
        let accept = b.end();
        b.statement(Statement::If { condition: wanted, accept, reject: Default::default() });
    }
}
