//! One module for each command; each runs the command and returns its exit code.

pub mod check;
pub mod completions;
pub mod config;
pub mod content;
pub mod debug;
pub mod exec;
#[cfg(feature = "lab")]
pub mod generate;
pub mod info;
pub mod info_gpd;
pub mod info_package;
pub mod library;
pub mod make_stfs;
pub mod patches;
pub mod pipelines;
pub mod precompile;
pub mod verify;
pub mod volume;
