//! Shader translator: programs to naga modules, which wgpu accepts on every host.
//!
//! ```text
//!   Program (decoded microcode) ──► translate ──► naga::Module + Interface
//!      the interpreter in xenia-microcode runs the same Program: it is the oracle
//! ```
//!
//! [`translate`] is total: any program, even one of hostile words, yields a module that naga's
//! validator accepts, or a [`TranslateError`]. A module accesses nothing outside of its bindings:
//! it compares or masks every computed index, and every loop has a step counter. The only inputs
//! are the program and the [`Stage`], so a module serves all draws with them.
//!
//! Adding an operation: docs/src/internals/shaders.md.
#![forbid(unsafe_code)]

mod alu;
mod basic_blocks;
mod builder;
mod control_flow;
mod expansion;
mod exports;
mod host;
mod host_rows;
mod interface;
mod operands;
mod stage;
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
use xenia_gpu::draw_state::INTERPOLATORS;
use xenia_gpu::microcode::{Destination, Program, ShaderInstruction, Source};

use builder::Builder;
use control_flow::LoopAddress;
use operands::{REGISTERS, Registers};
use types::Types;

pub use interface::{
    CONSTANTS_BINDING, ConstantsLayout, HostExpansion, HostPosition, HostTarget, INPUT_BINDING, Interface,
    OUTPUT_BINDING, PIXEL_GROUP, SamplerSlot, TEXTURE_BINDING, TextureRecord, TextureShape, TextureSlot,
    VERTEX_BINDING, VERTEX_GROUP, VertexRecord,
};
pub use stage::{Expansion, Interpolators, PixelsOf, Stage};
pub use stage_constants::{EncodedTexture, StageConstants};

/// Name of every module's entry point.
pub const ENTRY_POINT: &str = "main";
/// Maximum number of instructions in a program, over all clauses.
pub const MAX_INSTRUCTIONS: usize = 8192;
/// Maximum number of control flow instructions in a program.
pub const MAX_CONTROLS: usize = 4096;

/// Reason why a program has no translation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslateError {
    /// It uses an unsupported feature.
    #[error("{0} has no translation")]
    Unsupported(&'static str),
    /// The module isn't valid, because of a bug in the translator.
    #[error("the translation is wrong: {0}")]
    Invalid(String),
    /// It is larger than any program that the chip runs.
    #[error("{count} {what} are more than {limit}")]
    TooLarge {
        /// Kind of items.
        what: &'static str,
        /// Number of items.
        count: usize,
        /// Maximum number of items allowed.
        limit: usize,
    },
}

/// Module and interface of a translated shader.
#[derive(Clone, Debug)]
pub struct Translation {
    /// The module; its entry point is [`ENTRY_POINT`].
    pub module: Module,
    /// Bindings of the module.
    pub interface: Interface,
}

impl Translation {
    /// Validates the module like wgpu does for a device with clip distances and otherwise default
    /// features. An error is a bug in the translator.
    pub fn validate(&self) -> Result<ModuleInfo, TranslateError> {
        Validator::new(ValidationFlags::all(), Capabilities::default() | Capabilities::CLIP_DISTANCES)
            .validate(&self.module)
            .map_err(|error| TranslateError::Invalid(format!("{:?}", error.into_inner())))
    }

    /// Converts the module to WGSL, for reading.
    pub fn wgsl(&self) -> Result<String, TranslateError> {
        wgsl::write_string(&self.module, &self.validate()?, wgsl::WriterFlags::empty())
            .map_err(|error| TranslateError::Invalid(error.to_string()))
    }
}

/// State of a translation.
struct Translator<'a> {
    program: &'a Program,
    stage: Stage,
    module: Module,
    types: Types,
    interface: Interface,
    /// Function of the program.
    b: Builder,
    constants: Handle<GlobalVariable>,
    /// Exports that are read, by number.
    exports: BTreeMap<u8, Handle<GlobalVariable>>,
    killed: Handle<GlobalVariable>,
    /// Textures in the order of the interface.
    textures: Vec<Handle<GlobalVariable>>,
    samplers: Vec<Handle<GlobalVariable>>,
    word_function: Option<Handle<Function>>,
    registers: Registers,
    predicate: Handle<LocalVariable>,
    address: Handle<LocalVariable>,
    /// The previous scalar result.
    previous: Handle<LocalVariable>,
    /// Word address of the last full vertex fetch.
    last_vertex: Handle<LocalVariable>,
    lod: Handle<LocalVariable>,
    gradients: [Handle<LocalVariable>; 2],
    /// Number of instructions executed in loops, by all runs of the program in an invocation.
    steps: Handle<GlobalVariable>,
    loops: LoopAddress,
}

/// Whether the loop address is added to any register number.
fn has_relative_registers(program: &Program) -> bool {
    let reads = |source| matches!(source, Source::RegisterLoop(_));
    let writes = |to| matches!(to, Destination::RegisterLoop(_));
    program.instructions.iter().any(|instruction| match instruction {
        ShaderInstruction::Alu(alu) => {
            alu.operands.iter().any(|operand| reads(operand.source))
                || alu.scalar_operands.iter().any(|(operand, _)| reads(operand.source))
                || writes(alu.vector_to)
                || writes(alu.scalar_to)
        }
        ShaderInstruction::Vertex(fetch) => reads(fetch.common.source) || writes(fetch.common.to),
        ShaderInstruction::Texture(fetch) => reads(fetch.common.source) || writes(fetch.common.to),
        ShaderInstruction::Undefined => false,
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
    if !control_flow::is_structured(&program.controls) {
        basic_blocks::check(program)?;
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
        let filter = allow_derivatives(&mut module);
        let types = Types::new(&mut module);
        let mut b = Builder::new("shader");
        b.function().diagnostic_filter_leaf = Some(filter);
        let group = if matches!(stage, Stage::Vertex { .. }) { VERTEX_GROUP } else { PIXEL_GROUP };
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
        let steps = private(&mut module, "steps", types.uint);
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
            steps,
            loops: LoopAddress::Nested(Vec::new()),
            module,
            types,
            b,
        }
    }

    /// Declares exports and arguments, and initialises registers; returns their number.
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
                let count = interpolators.count.min(INTERPOLATORS).min(self.program.registers);
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

/// Allows derivatives in non-uniform control flow, where guest shaders may take them.
fn allow_derivatives(module: &mut Module) -> Handle<DiagnosticFilterNode> {
    let filter = DiagnosticFilter {
        new_severity: Severity::Off,
        triggering_rule: FilterableTriggeringRule::Standard(
            StandardFilterableTriggeringRule::DerivativeUniformity,
        ),
    };
    let filter = DiagnosticFilterNode { inner: filter, parent: None };
    let filter = module.diagnostic_filters.append(filter, Span::UNDEFINED);
    module.diagnostic_filter_leaf = Some(filter);
    filter
}

/// Declares a private variable of an invocation, initialised to zero.
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
