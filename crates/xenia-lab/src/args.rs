//! Arguments of the commands.

mod code;
mod compat;
mod engines;
mod jit;
mod measures;
mod shader;
mod soak;
mod sweep;
mod trace;

pub use code::*;
pub use compat::*;
pub use engines::*;
pub use jit::*;
pub use measures::*;
pub use shader::*;
pub use soak::*;
pub use sweep::*;
pub use trace::*;
