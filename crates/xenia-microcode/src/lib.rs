//! Shader microcode: decoder, disassembler, assembler and interpreter.
//!
//! A shader is a list of control flow instructions and clauses of ALU and fetch instructions.
//! [`Program`] is its decoded form; the interpreter runs it for [`LANES`] vertices or pixels at
//! once. Any words form a program: undefined instructions do nothing, and running time is bounded.

#![forbid(unsafe_code)]

mod alu;
mod asm;
mod cancel;
mod decode;
mod disasm;
mod encode;
pub mod enums;
pub mod fnv;
mod interpret;
pub mod lanes;
mod memory_export;
mod object;
mod ops;
mod program;

use std::sync::Arc;

pub use asm::{AssembleError, assemble};
pub use cancel::Cancel;
pub use disasm::disassemble;
pub use interpret::{Exports, FetchUnit, MAX_STEPS, Sampling, ShaderConstants, ShaderInterpreter};
pub use lanes::{LANES, Lanes, Mask, Vector};
pub use memory_export::MEMORY_ELEMENTS;
pub use object::{Literal, ObjectError, ShaderObject};
pub use ops::{ScalarOp, VectorOp};
pub use program::{
    Alu, Condition, Control, Destination, FetchCommon, FetchSelect, MAX_CALLS, MAX_LOOPS, Program,
    ShaderInstruction, ShaderOperand, Source, TextureFetch, TextureOp, VertexFetch,
};

/// Kind of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ShaderKind {
    Vertex,
    Pixel,
}

/// A loaded shader.
pub struct Shader {
    pub kind: ShaderKind,
    /// Microcode in host order.
    pub words: Arc<[u32]>,
    /// FNV-1a hash of kind and words, for names and caches.
    pub hash: u64,
    pub program: Program,
}

impl Shader {
    /// Decodes loaded microcode.
    pub fn new(kind: ShaderKind, words: &[u32]) -> Self {
        let mut program = Program::decode(words);
        if kind == ShaderKind::Vertex {
            program.ignore_neighbours();
        }
        Self { kind, words: words.into(), hash: Self::digest(kind, words), program }
    }

    /// Approximate size in host memory, in bytes. Microcode may refer to the same instructions from
    /// many clauses, and each clause has a decoded copy.
    pub fn size(&self) -> usize {
        size_of_val(&*self.words)
            + size_of_val(&*self.program.controls)
            + size_of_val(&*self.program.instructions)
    }

    /// Computes the hash of a shader with these words.
    pub fn digest(kind: ShaderKind, words: &[u32]) -> u64 {
        fnv::words(fnv::BASIS ^ kind as u64, words.iter().copied())
    }
}

impl PartialEq for Shader {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.kind == other.kind && self.words == other.words
    }
}

impl std::fmt::Debug for Shader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} shader {:016x} ({} words)", self.kind, self.hash, self.words.len())
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests;
