//! Structures of exceptions and exception handlers.

/// `EXCEPTION_RECORD`; all fields are 32-bit words.
pub mod exception_record {
    /// NT status, or an exception code of the title.
    pub const CODE: u32 = 0;
    /// Exception flags (`EXCEPTION_*`).
    pub const FLAGS: u32 = 4;
    /// The record of the exception whose handling raised this one.
    pub const NESTED: u32 = 8;
    /// Address of the faulting instruction.
    pub const ADDRESS: u32 = 0xC;
    /// Number of parameters in use.
    pub const PARAMETER_COUNT: u32 = 0x10;
    /// The first parameter.
    pub const INFORMATION: u32 = 0x14;
    /// Capacity of the parameter array.
    pub const PARAMETERS: u32 = 15;
    pub const SIZE: u32 = 0x50;
}

/// `CONTEXT`: a thread's registers.
pub mod context_record {
    /// Register classes that the record contains, u32.
    pub const FLAGS: u32 = 0;
    /// Machine state register, u32.
    pub const MSR: u32 = 4;
    /// Address of the instruction, u32.
    pub const IAR: u32 = 8;
    /// Link register, u32.
    pub const LR: u32 = 0xC;
    /// Count register, u64.
    pub const CTR: u32 = 0x10;
    /// r0, u64; the other registers follow.
    pub const GPR: u32 = 0x18;
    /// Condition register, u32.
    pub const CR: u32 = 0x118;
    /// Fixed-point exception register, u32.
    pub const XER: u32 = 0x11C;
    /// A u64 with the register in its low word.
    pub const FPSCR: u32 = 0x120;
    /// f0, u64; the other registers follow.
    pub const FPR: u32 = 0x128;
    /// 16 bytes with the register in the last word.
    pub const VSCR: u32 = 0x230;
    /// v0, 16 bytes; the other registers follow.
    pub const VR: u32 = 0x240;
    pub const SIZE: u32 = 0xA40;
}

/// `DISPATCHER_CONTEXT`: frame data for a language-specific handler; all fields are 32-bit words.
pub mod dispatcher_context {
    /// Program counter within the function.
    pub const CONTROL_PC: u32 = 0;
    /// Pointer to the function's [`super::function_entry`].
    pub const FUNCTION_ENTRY: u32 = 4;
    /// Value of r1 at the function's entry.
    pub const ESTABLISHER_FRAME: u32 = 8;
    /// Pointer to the `CONTEXT` structure.
    pub const CONTEXT: u32 = 0xC;
    pub const SIZE: u32 = 0x10;
}

/// `RUNTIME_FUNCTION` as seen by handlers; all fields are 32-bit words.
pub mod function_entry {
    /// Address of the first instruction.
    pub const BEGIN: u32 = 0;
    /// Address after the last instruction.
    pub const END: u32 = 4;
    /// Handler of the function's language.
    pub const HANDLER: u32 = 8;
    /// The handler's data for the function.
    pub const HANDLER_DATA: u32 = 0xC;
    /// Address after the prologue.
    pub const PROLOGUE_END: u32 = 0x10;
    /// Size, padded to a multiple of 16.
    pub const SIZE: u32 = 0x20;
}
