//! Translated shaders: validity on any program, and agreement with the interpreter on the software
//! Vulkan driver. Where there is no Vulkan driver, the second half says so and is skipped.

mod alu;
mod control_flow;
mod fetch;
mod gpu;
mod oracle;
mod pipeline;
mod random;
mod texture;
mod valid;
