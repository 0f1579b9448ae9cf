//! One file per command; each turns its arguments into an exit code.

pub mod asm;
pub mod bench;
pub mod check;
pub mod completions;
pub mod config;
pub mod conformance;
pub mod content;
pub mod diff;
pub mod dis;
pub mod exec;
pub mod exports;
pub mod fuzz;
pub mod generate;
pub mod info;
pub mod info_gpd;
pub mod jit;
pub mod make_stfs;
pub mod pack;
pub mod precompile;
pub mod scale;
pub mod shader;
pub mod soak;
pub mod sweep;
pub mod trace;
pub mod verify;
pub mod volume;
