//! Keys of conversion pipelines, which carry data between the chip's layouts and the host's. Like a
//! recipe, a key consists of numbers only, so that it can be stored, and any numbers are valid.

use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};

/// First entry number of EDRAM conversions by compute shaders.
pub(super) const EDRAM_COMPUTE: u32 = 0;
/// First entry number of EDRAM conversions by drawing.
pub(super) const EDRAM_RENDER: u32 = 0x100;
/// Entry number of texture decoding.
pub(super) const TEXTURE_DECODE: u32 = 0x200;
/// Entry number of texture decoding at the host's resolution.
pub(super) const TEXTURE_DECODE_SCALED: u32 = 0x201;

/// Entry point of a shader, and the constants that specialise the pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroable, Pod)]
#[repr(C)]
pub(super) struct Conversion {
    pub(super) entry: u32,
    pub(super) constants: [u32; 7],
}

/// Conversions whose pipelines were compiled when they were first needed.
#[derive(Default)]
pub(super) struct CompiledConversions {
    pub(super) conversions: Vec<Conversion>,
    /// Time that the commands waited for them.
    pub(super) time: Duration,
}

impl CompiledConversions {
    /// Compiles the pipeline of a conversion.
    pub(super) fn compile<T>(&mut self, conversion: Conversion, compile: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let pipeline = compile();
        self.time += start.elapsed();
        self.conversions.push(conversion);
        pipeline
    }
}
