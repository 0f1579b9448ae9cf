//! The kernel as guest code and the host see it.

mod console;
mod display;
mod exceptions;
mod guest;
mod killed;
mod machine;
mod modules;
mod packages;
mod patches;
mod saves;
mod states;
mod traces;
