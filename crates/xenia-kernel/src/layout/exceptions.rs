//! Structures of exceptions, and of the handlers that are called for them.

/// `EXCEPTION_RECORD`: words.
pub mod exception_record {
    /// What happened: an NT status, or the title's own code.
    pub const CODE: u32 = 0;
    /// `EXCEPTION_*` flags.
    pub const FLAGS: u32 = 4;
    /// The record of the exception whose handling raised this one.
    pub const NESTED: u32 = 8;
    /// Where it happened.
    pub const ADDRESS: u32 = 0xC;
    /// Parameters in use.
    pub const PARAMETER_COUNT: u32 = 0x10;
    /// First parameter.
    pub const INFORMATION: u32 = 0x14;
    /// Room for parameters.
    pub const PARAMETERS: u32 = 15;
    /// Bytes.
    pub const SIZE: u32 = 0x50;
}

/// `CONTEXT`: a thread's registers.
pub mod context_record {
    /// Which parts hold something, u32.
    pub const FLAGS: u32 = 0;
    /// u32.
    pub const MSR: u32 = 4;
    /// Address of the instruction, u32.
    pub const IAR: u32 = 8;
    /// u32.
    pub const LR: u32 = 0xC;
    /// u64.
    pub const CTR: u32 = 0x10;
    /// r0, u64; the others follow.
    pub const GPR: u32 = 0x18;
    /// u32.
    pub const CR: u32 = 0x118;
    /// u32.
    pub const XER: u32 = 0x11C;
    /// u64; the register is its low word.
    pub const FPSCR: u32 = 0x120;
    /// f0, u64; the others follow.
    pub const FPR: u32 = 0x128;
    /// 16 bytes; the register is the last word.
    pub const VSCR: u32 = 0x230;
    /// v0, 16 bytes; the others follow.
    pub const VR: u32 = 0x240;
    /// Bytes.
    pub const SIZE: u32 = 0xA40;
}

/// `DISPATCHER_CONTEXT`: what a language's handler is told about the frame. Words.
pub mod dispatcher_context {
    /// The instruction under way in the function.
    pub const CONTROL_PC: u32 = 0;
    /// Pointer to the function's [`super::function_entry`].
    pub const FUNCTION_ENTRY: u32 = 4;
    /// r1 at the function's entry.
    pub const ESTABLISHER_FRAME: u32 = 8;
    /// Pointer to the `CONTEXT`.
    pub const CONTEXT: u32 = 0xC;
    /// Bytes.
    pub const SIZE: u32 = 0x10;
}

/// `RUNTIME_FUNCTION` as handlers see it: words.
pub mod function_entry {
    /// First instruction.
    pub const BEGIN: u32 = 0;
    /// After the last instruction.
    pub const END: u32 = 4;
    /// The language's handler.
    pub const HANDLER: u32 = 8;
    /// Its data about the function.
    pub const HANDLER_DATA: u32 = 0xC;
    /// After the prologue.
    pub const PROLOGUE_END: u32 = 0x10;
    /// Bytes, filled up to a multiple of 16.
    pub const SIZE: u32 = 0x20;
}
