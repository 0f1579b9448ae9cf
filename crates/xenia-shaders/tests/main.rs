//! Tests of translated shaders: validity for any program, and agreement with the interpreter on the
//! software Vulkan driver. Without a Vulkan driver, the second part prints a message and is
//! skipped.

mod alu;
mod control_flow;
mod fetch;
mod gpu;
mod oracle;
mod pipeline;
mod texture;
mod valid;
