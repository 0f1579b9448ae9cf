//! Shader programs to naga modules, which wgpu takes on every host.
//!
//! ```text
//!   Program (decoded microcode) ──► translate ──► naga::Module + Interface
//!      the interpreter in xenia-gpu runs the same Program: it says what is right
//! ```
//! [`translate`] is total: any program, also one made of hostile words, gives a module that naga's
//! validator accepts, or a [`TranslateError`]. A module reads and writes nothing outside of its
//! bindings: every computed index is compared or masked in the module itself, and every loop
//! counts. Nothing but the program and the [`Stage`] goes in, so a module serves all draws with
//! them.
//!
//! Adding an operation: docs/src/shaders.md.

mod alu;
mod builder;
mod control_flow;
mod exports;
mod host;
mod interface;
mod operands;
mod places;
mod stage_constants;
mod texture_fetch;
mod types;
mod vertex_fetch;

use std::collections::BTreeMap;

use naga::back::wgsl;
use naga::{
    AddressSpace, Expression, Function, FunctionArgument, GlobalVariable, Handle, LocalVariable, Module,
    ResourceBinding, Span, StorageAccess, Type,
    diagnostic_filter::{
        DiagnosticFilter, DiagnosticFilterNode, FilterableTriggeringRule, Severity,
        StandardFilterableTriggeringRule,
    },
    valid::{Capabilities, ModuleInfo, ValidationFlags, Validator},
};
use xenia_gpu::microcode::{Destination, Instruction, Program, ShaderKind, Source};

use builder::Builder;
use control_flow::LoopAddress;
use operands::{REGISTERS, Registers};
use types::Types;

pub use interface::{
    CONSTANTS_BINDING, ConstantsLayout, HostPosition, HostTarget, INPUT_BINDING, Interface, OUTPUT_BINDING,
    SamplerSlot, TEXTURE_BINDING, TextureRecord, TextureShape, TextureSlot, VERTEX_BINDING, VertexRecord,
};
pub use stage_constants::StageConstants;

/// The name of every module's entry point.
pub const ENTRY_POINT: &str = "main";
/// Most instructions that a program may have, over all clauses.
pub const MAX_INSTRUCTIONS: usize = 8192;
/// Most control instructions that a program may have.
pub const MAX_CONTROLS: usize = 4096;

/// The interpolators between the two stages of a pipeline; both stages have to agree on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interpolators {
    /// How many there are (0 to 16); pixel shaders get them in registers from 0 on.
    pub count: u32,
    /// Those that are flat, one bit each.
    pub flat: u32,
    /// Those that are taken within what is covered of a pixel, one bit each.
    pub centroid: u32,
    /// Perspective correction is off.
    pub affine: bool,
}

/// What kind of primitive pixels belong to: the position register tells it by signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PixelsOf {
    /// Triangles and rectangles.
    #[default]
    Polygons,
    /// Lines: z is negative.
    Lines,
    /// Points: y is negative, and the place within the point comes with z and w of the
    /// interpolator.
    Points,
}

/// What a module is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The vertex stage of a pipeline: register 0 gets the index.
    Vertex {
        /// Interpolators that the pixel stage takes.
        interpolators: Interpolators,
        /// Clip distances are given out: near and far plane in the guest's clip space, the title's
        /// planes.
        clip: bool,
    },
    /// The pixel stage of a pipeline.
    Pixel {
        /// Interpolators that the vertex stage gives.
        interpolators: Interpolators,
        /// The register that gets the pixel's position and facing.
        position_register: Option<u32>,
        /// What it belongs to.
        pixels_of: PixelsOf,
        /// Pixels are discarded by their alpha.
        alpha_test: bool,
        /// Alpha decides which samples are drawn.
        alpha_to_mask: bool,
        /// Texture constants, one bit each, whose fetches are anisotropic unless they say
        /// otherwise.
        anisotropic: u32,
    },
    /// A compute shader that runs a program of either kind: registers come from a buffer, exports
    /// go to one. For tests, and for primitives whose vertices are needed together.
    Compute {
        /// The program's kind.
        kind: ShaderKind,
        /// Registers that are given for each invocation, from 0 on.
        inputs: u32,
    },
}

/// Why a program has no translation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslateError {
    /// It uses something that isn't translated.
    #[error("{0} has no translation")]
    Unsupported(&'static str),
    /// The module isn't valid: the translation is wrong.
    #[error("the translation is wrong: {0}")]
    Invalid(String),
    /// It is larger than any that the chip runs.
    #[error("{count} {what} are more than {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// A translated shader.
#[derive(Clone, Debug)]
pub struct Translation {
    /// The module; its entry point is [`ENTRY_POINT`].
    pub module: Module,
    /// Its bindings.
    pub interface: Interface,
}

impl Translation {
    /// Checks the module, as wgpu does for a device with clip distances and no other features
    /// beyond the usual. An error is a mistake in the translation.
    pub fn validate(&self) -> Result<ModuleInfo, TranslateError> {
        Validator::new(ValidationFlags::all(), Capabilities::default() | Capabilities::CLIP_DISTANCES)
            .validate(&self.module)
            .map_err(|error| TranslateError::Invalid(format!("{:?}", error.into_inner())))
    }

    /// The module as text, for people.
    pub fn wgsl(&self) -> Result<String, TranslateError> {
        wgsl::write_string(&self.module, &self.validate()?, wgsl::WriterFlags::empty())
            .map_err(|error| TranslateError::Invalid(error.to_string()))
    }
}

/// A translation under way.
struct Translator<'a> {
    program: &'a Program,
    stage: Stage,
    module: Module,
    types: Types,
    interface: Interface,
    /// The program's function.
    b: Builder,
    constants: Handle<GlobalVariable>,
    /// By export number, those that are read.
    exports: BTreeMap<u8, Handle<GlobalVariable>>,
    killed: Handle<GlobalVariable>,
    /// In the order of the interface.
    textures: Vec<Handle<GlobalVariable>>,
    samplers: Vec<Handle<GlobalVariable>>,
    word_function: Option<Handle<Function>>,
    registers: Registers,
    predicate: Handle<LocalVariable>,
    address: Handle<LocalVariable>,
    /// The scalar result before.
    previous: Handle<LocalVariable>,
    /// Where the last full vertex fetch read, in words.
    last_vertex: Handle<LocalVariable>,
    lod: Handle<LocalVariable>,
    gradients: [Handle<LocalVariable>; 2],
    /// Instructions that were spent in loops.
    steps: Handle<LocalVariable>,
    loops: LoopAddress,
}

/// Whether any register number has the loop address added.
fn has_relative_registers(program: &Program) -> bool {
    let reads = |source| matches!(source, Source::RegisterLoop(_));
    let writes = |to| matches!(to, Destination::RegisterLoop(_));
    program.instructions.iter().any(|instruction| match instruction {
        Instruction::Alu(alu) => {
            alu.operands.iter().any(|operand| reads(operand.source))
                || alu.scalar_operands.iter().any(|(operand, _)| reads(operand.source))
                || writes(alu.vector_to)
                || writes(alu.scalar_to)
        }
        Instruction::Vertex(fetch) => reads(fetch.common.source) || writes(fetch.common.to),
        Instruction::Texture(fetch) => reads(fetch.common.source) || writes(fetch.common.to),
        Instruction::Undefined => false,
    })
}

/// Translates a program.
pub fn translate(program: &Program, stage: Stage) -> Result<Translation, TranslateError> {
    for (what, count, limit) in [
        ("instructions", program.instructions.len(), MAX_INSTRUCTIONS),
        ("control instructions", program.controls.len(), MAX_CONTROLS),
    ] {
        if count > limit {
            return Err(TranslateError::TooLarge { what, count, limit });
        }
    }
    if program.exports >> 32 & 0x3f != 0 {
        return Err(TranslateError::Unsupported("an export to memory (eA, eM0 to eM4)"));
    }
    let mut translator = Translator::new(program, stage);
    let inputs = translator.begin();
    translator.control_flow();
    let shader = std::mem::take(&mut translator.b).finish();
    let shader = translator.module.functions.append(shader, Span::UNDEFINED);
    translator.entry_point(shader, inputs);
    translator.interface.exports = translator.exports.keys().copied().collect();
    Ok(Translation { module: translator.module, interface: translator.interface })
}

impl<'a> Translator<'a> {
    fn new(program: &'a Program, stage: Stage) -> Self {
        let mut module = Module::default();
        // Guest shaders take derivatives wherever they like.
        let filter = DiagnosticFilter {
            new_severity: Severity::Off,
            triggering_rule: FilterableTriggeringRule::Standard(
                StandardFilterableTriggeringRule::DerivativeUniformity,
            ),
        };
        let filter = DiagnosticFilterNode { inner: filter, parent: None };
        let filter = module.diagnostic_filters.append(filter, Span::UNDEFINED);
        module.diagnostic_filter_leaf = Some(filter);
        let types = Types::new(&mut module);
        let mut b = Builder::new("shader");
        b.function().diagnostic_filter_leaf = Some(filter);
        let group = u32::from(matches!(stage, Stage::Pixel { .. }));
        let layout = ConstantsLayout::new(program, stage);
        let ty = types.constants(&mut module, layout);
        let constants = module.global_variables.append(
            GlobalVariable {
                name: Some("constants".into()),
                space: AddressSpace::Uniform,
                binding: Some(ResourceBinding { group, binding: CONSTANTS_BINDING }),
                ty,
                init: None,
                memory_decorations: Default::default(),
            },
            Span::UNDEFINED,
        );
        let killed = private(&mut module, "killed", types.boolean);
        let registers = if has_relative_registers(program) {
            let array = types::array(&mut module, types.vec4, Some(REGISTERS), 16);
            Registers::Array(b.local("r", array))
        } else {
            let count = program.registers.clamp(1, REGISTERS);
            Registers::Separate((0..count).map(|i| b.local(&format!("r{i}"), types.vec4)).collect())
        };
        Self {
            program,
            stage,
            interface: Interface { group, constants: layout, ..Interface::default() },
            constants,
            exports: BTreeMap::new(),
            killed,
            textures: Vec::new(),
            samplers: Vec::new(),
            word_function: None,
            registers,
            predicate: b.local("p0", types.boolean),
            address: b.local("a0", types.int),
            previous: b.local("ps", types.float),
            last_vertex: b.local("last_vertex", types.uint),
            lod: b.local("lod", types.float),
            gradients: ["gradient_h", "gradient_v"].map(|name| b.local(name, types.vec3)),
            steps: b.local("steps", types.uint),
            loops: LoopAddress::Nested(Vec::new()),
            module,
            types,
            b,
        }
    }

    /// Declares exports and arguments, and gives registers their first values; returns how many.
    fn begin(&mut self) -> u32 {
        let kind = self.kind();
        for export in (0..64).filter(|export| self.program.exports >> export & 1 != 0) {
            if exports::is_read(kind, export) {
                let global = private(&mut self.module, &format!("export_{export}"), self.types.vec4);
                self.exports.insert(export, global);
            }
        }
        let inputs = match self.stage {
            Stage::Vertex { .. } => 1,
            Stage::Pixel { interpolators, position_register, .. } => {
                let count = interpolators.count.min(exports::INTERPOLATORS).min(self.program.registers);
                let position = position_register.filter(|register| *register < self.program.registers);
                position.map_or(count, |register| count.max(register + 1))
            }
            Stage::Compute { inputs, .. } => inputs.min(self.program.registers),
        };
        for i in 0..inputs {
            let name = Some(format!("first_{i}"));
            let ty = self.types.vec4;
            self.b.function().arguments.push(FunctionArgument { name, ty, binding: None });
        }
        for i in 0..inputs {
            let value = self.b.argument(i);
            let pointer = self.register_pointer(i);
            self.b.store(pointer, value);
        }
        inputs
    }

    /// Declares a storage buffer.
    fn buffer(
        &mut self,
        name: &str,
        ty: Handle<Type>,
        binding: u32,
        is_written: bool,
    ) -> Handle<GlobalVariable> {
        let access =
            if is_written { StorageAccess::LOAD | StorageAccess::STORE } else { StorageAccess::LOAD };
        let binding = ResourceBinding { group: self.interface.group, binding };
        self.resource(name.into(), ty, binding, AddressSpace::Storage { access })
    }

    fn resource(
        &mut self,
        name: String,
        ty: Handle<Type>,
        binding: ResourceBinding,
        space: AddressSpace,
    ) -> Handle<GlobalVariable> {
        let variable = GlobalVariable {
            name: Some(name),
            space,
            binding: Some(binding),
            ty,
            init: None,
            memory_decorations: Default::default(),
        };
        self.module.global_variables.append(variable, Span::UNDEFINED)
    }
}

/// Declares a variable of one invocation; it starts as zero.
fn private(module: &mut Module, name: &str, ty: Handle<Type>) -> Handle<GlobalVariable> {
    let zero = module.global_expressions.append(Expression::ZeroValue(ty), Span::UNDEFINED);
    let variable = GlobalVariable {
        name: Some(name.into()),
        space: AddressSpace::Private,
        binding: None,
        ty,
        init: Some(zero),
        memory_decorations: Default::default(),
    };
    module.global_variables.append(variable, Span::UNDEFINED)
}
