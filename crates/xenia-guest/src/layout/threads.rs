//! Structures of threads, processes, processors and queued calls.

/// `KPCR`: the processor control region, pointed to by r13.
pub mod kpcr {
    /// Static TLS data.
    pub const TLS: u32 = 0;
    /// Mask of the machine state register, u32.
    pub const MSR_MASK: u32 = 4;
    /// Interrupt request level, u8.
    pub const CURRENT_IRQL: u32 = 0x18;
    /// Address of this structure, u64.
    pub const SELF: u32 = 0x30;
    /// High end of the stack.
    pub const STACK_BASE: u32 = 0x70;
    /// Low end of the stack.
    pub const STACK_END: u32 = 0x74;
    /// Process type during a deferred procedure call, u8.
    pub const PROCESS_TYPE_IN_DPC: u32 = 0xC;
    /// The processor block.
    pub const PRCB: u32 = 0x100;
    /// Pointer to the running thread object (in the processor block).
    pub const CURRENT_THREAD: u32 = 0x100;
    /// Number of the hardware thread, u8 (in the processor block).
    pub const CURRENT_CPU: u32 = 0x10C;
    /// Bit of the hardware thread, u32.
    pub const PROCESSOR_MASK: u32 = 0x110;
    /// List head of queued deferred procedure calls.
    pub const QUEUED_DPCS: u32 = 0x148;
    /// Nonzero during a deferred procedure call, u32.
    pub const DPC_ACTIVE: u32 = 0x150;
    /// Pointer to the processor block.
    pub const PRCB_POINTER: u32 = 0x2A8;
    pub const SIZE: u32 = 0x2D8;
}

/// `KTHREAD`: the body of a thread object.
#[allow(missing_docs)] // the names are the reference's
pub mod kthread {
    pub const MUTANT_LIST: u32 = 0x10;
    pub const STACK_BASE: u32 = 0x5C;
    pub const STACK_LIMIT: u32 = 0x60;
    pub const STACK_KERNEL: u32 = 0x64;
    pub const TLS: u32 = 0x68;
    pub const STATE: u32 = 0x6C;
    pub const PRIORITY: u32 = 0x70;
    pub const FPU_EXCEPTIONS_ON: u32 = 0x71;
    pub const PROCESS_TYPE_DUP: u32 = 0x72;
    pub const PROCESS_TYPE: u32 = 0x73;
    pub const APC_LISTS: u32 = 0x74;
    pub const PROCESS: u32 = 0x84;
    pub const MAY_QUEUE_APCS: u32 = 0x8B;
    pub const APC_LOCK: u32 = 0x8C;
    pub const MSR_MASK: u32 = 0x9C;
    pub const APC_DISABLE_COUNT: u32 = 0xB0;
    pub const BOOST_DISABLED: u32 = 0xBB;
    pub const SUSPEND_COUNT: u32 = 0xBC;
    pub const TERMINATED: u32 = 0xBE;
    pub const CURRENT_CPU: u32 = 0xBF;
    pub const PRCB_A: u32 = 0xC0;
    pub const PRCB_B: u32 = 0xC4;
    pub const STACK_ALLOC_BASE: u32 = 0xD0;
    pub const PROCESS_THREADS: u32 = 0x110;
    pub const CREATE_TIME: u32 = 0x130;
    pub const EXIT_TIME: u32 = 0x138;
    pub const EXIT_STATUS: u32 = 0x140;
    pub const TIMER_LIST: u32 = 0x144;
    pub const THREAD_ID: u32 = 0x14C;
    pub const START_ADDRESS: u32 = 0x150;
    pub const LIST_154: u32 = 0x154;
    pub const LAST_ERROR: u32 = 0x160;
    pub const CREATION_FLAGS: u32 = 0x16C;
    pub const UNKNOWN_17C: u32 = 0x17C;
    /// On hardware, vector registers of a suspended thread; here, the wait blocks.
    pub const WAIT_BLOCKS: u32 = 0x180;
    pub const SIZE: u32 = 0xAB0;
}

#[allow(missing_docs)] // the names are the reference's
pub mod kprocess {
    pub const THREAD_LIST: u32 = 4;
    pub const UNKNOWN_0C: u32 = 0xC;
    pub const THREAD_COUNT: u32 = 0x14;
    pub const UNKNOWN_18: u32 = 0x18;
    pub const KERNEL_STACK_SIZE: u32 = 0x1C;
    pub const TLS_STATIC_DATA: u32 = 0x20;
    pub const TLS_DATA_SIZE: u32 = 0x24;
    pub const TLS_RAW_DATA_SIZE: u32 = 0x28;
    pub const TLS_SLOT_SIZE: u32 = 0x2C;
    pub const PROCESS_TYPE: u32 = 0x2F;
    pub const TLS_BITMAP: u32 = 0x30;
    pub const UNKNOWN_54: u32 = 0x54;
    pub const SIZE: u32 = 0x60;
}

/// `KDPC`: a deferred procedure call.
pub mod kdpc {
    /// Always 19, u16.
    pub const TYPE: u32 = 0;
    /// 0 if not queued, otherwise the queue's hardware thread + 1, u8.
    pub const SELECTED_CPU: u32 = 2;
    /// 0 for any hardware thread, otherwise its number + 1, u8.
    pub const DESIRED_CPU: u32 = 3;
    /// Links of the queue.
    pub const LIST: u32 = 4;
    pub const ROUTINE: u32 = 0xC;
    /// Second argument of the routine.
    pub const CONTEXT: u32 = 0x10;
    /// Third argument of the routine.
    pub const ARG1: u32 = 0x14;
    /// Fourth argument of the routine.
    pub const ARG2: u32 = 0x18;
    /// Value of `TYPE`.
    pub const TYPE_DPC: u16 = 19;
    pub const SIZE: u32 = 0x1C;
}

/// `KAPC`: an asynchronous procedure call.
pub mod kapc {
    /// Always 18, u16.
    pub const TYPE: u32 = 0;
    /// 0 for kernel mode, 1 for user mode, u8.
    pub const MODE: u32 = 2;
    /// Whether it is queued, u8.
    pub const INSERTED: u32 = 3;
    /// Pointer to the thread object.
    pub const THREAD: u32 = 4;
    /// Links of the queue.
    pub const LIST: u32 = 8;
    /// Routine called first, or null.
    pub const KERNEL_ROUTINE: u32 = 0x10;
    /// Routine called if the thread ends first, or null.
    pub const RUNDOWN_ROUTINE: u32 = 0x14;
    /// Routine of the call itself.
    pub const NORMAL_ROUTINE: u32 = 0x18;
    /// First argument of the normal routine.
    pub const NORMAL_CONTEXT: u32 = 0x1C;
    /// Second argument of the normal routine.
    pub const ARG1: u32 = 0x20;
    /// Third argument of the normal routine.
    pub const ARG2: u32 = 0x24;
    /// Value of `TYPE`.
    pub const TYPE_APC: u16 = 18;
    pub const SIZE: u32 = 0x28;
}
