//! Offsets and sizes of the structures that titles see (reference: kernel structures).
//!
//! One module per structure; offsets in bytes from its start. Everything is big-endian.

/// Bytes below the stack pointer that guest code may be using when it is interrupted.
pub(crate) const RED_ZONE: u64 = 0x200;

/// `LIST_ENTRY`.
pub mod list_entry {
    /// Next.
    pub const FLINK: u32 = 0;
    /// Previous.
    pub const BLINK: u32 = 4;
}

/// `DISPATCHER_HEADER`: the head of everything that can be waited for.
pub mod dispatcher_header {
    /// Kind of object, u8.
    pub const TYPE: u32 = 0;
    /// Critical sections: spin count / 256, u8.
    pub const ABSOLUTE: u32 = 1;
    /// Size in words, u8.
    pub const SIZE_WORDS: u32 = 2;
    /// Timers: whether set, u8.
    pub const INSERTED: u32 = 3;
    /// Signalled if positive; a semaphore's count. i32.
    pub const SIGNAL_STATE: u32 = 4;
    /// List head of waiters.
    pub const WAIT_LIST: u32 = 8;
    /// Bytes.
    pub const SIZE: u32 = 0x10;
}

/// `KWAIT_BLOCK`: one object of one wait. The entry of the object's list comes first.
pub mod kwait_block {
    /// The waiting thread's object.
    pub const THREAD: u32 = 8;
    /// The object.
    pub const OBJECT: u32 = 0xC;
    /// The block of the wait's next object; the first after the last.
    pub const NEXT: u32 = 0x10;
    /// Which of the wait's objects it is, u16.
    pub const KEY: u32 = 0x14;
    /// 0: the wait is for all objects, 1: for any, u16.
    pub const TYPE: u32 = 0x16;
    /// Bytes.
    pub const SIZE: u32 = 0x18;
}

/// `KSEMAPHORE`.
pub mod ksemaphore {
    /// Largest count, i32.
    pub const LIMIT: u32 = 0x10;
    /// Bytes.
    pub const SIZE: u32 = 0x14;
}

/// `KMUTANT`.
pub mod kmutant {
    /// Links of the owner's list.
    pub const LIST: u32 = 0x10;
    /// The owning thread object.
    pub const OWNER: u32 = 0x18;
    /// Whether an owner ended without releasing it, u8.
    pub const ABANDONED: u32 = 0x1C;
    /// Bytes.
    pub const SIZE: u32 = 0x20;
}

/// `KTIMER`.
pub mod ktimer {
    /// When it is due: guest system time in 100 ns, u64.
    pub const DUE_TIME: u32 = 0x10;
    /// Links of the list of set timers.
    pub const LIST: u32 = 0x18;
    /// The deferred call to queue.
    pub const DPC: u32 = 0x20;
    /// Milliseconds between expirations, u32; 0: once.
    pub const PERIOD: u32 = 0x24;
    /// Bytes.
    pub const SIZE: u32 = 0x28;
}

/// `RTL_CRITICAL_SECTION`.
pub mod critical_section {
    /// -1 if free, otherwise attempts beyond the first, i32.
    pub const LOCK_COUNT: u32 = 0x10;
    /// How often the owner entered, i32.
    pub const RECURSION_COUNT: u32 = 0x14;
    /// The owning thread object.
    pub const OWNER: u32 = 0x18;
    /// Bytes.
    pub const SIZE: u32 = 0x1C;
}

/// `DEVICE_OBJECT`: a device of a driver's.
pub mod device_object {
    /// Bytes with the driver's own data, u16.
    pub const OBJECT_SIZE: u32 = 2;
    /// The driver's object.
    pub const DRIVER: u32 = 8;
    /// Flags.
    pub const FLAGS: u32 = 0x14;
    /// The driver's own data.
    pub const EXTENSION: u32 = 0x18;
    /// Kind of device, u8.
    pub const DEVICE_TYPE: u32 = 0x1C;
    /// Drivers that a request goes through, u8.
    pub const STACK_SIZE: u32 = 0x1E;
    /// Bytes without the driver's own data.
    pub const SIZE: u32 = 0x50;
}

/// `ERWLOCK`: a read/write lock.
pub mod erwlock {
    /// −1 if free; otherwise holders and waiters, less one. i32.
    pub const LOCK_COUNT: u32 = 0;
    /// u32.
    pub const WRITERS_WAITING: u32 = 4;
    /// u32.
    pub const READERS_WAITING: u32 = 8;
    /// Readers that hold it, u32.
    pub const READERS_ENTRY: u32 = 0xC;
    /// Auto-reset event that writers wait for.
    pub const WRITER_EVENT: u32 = 0x10;
    /// Semaphore that readers wait for.
    pub const READER_SEMAPHORE: u32 = 0x20;
    /// u32.
    pub const SPIN_LOCK: u32 = 0x34;
    /// Bytes.
    pub const SIZE: u32 = 0x38;
}

/// `KDPC`: a deferred procedure call.
pub mod kdpc {
    /// 19, u16.
    pub const TYPE: u32 = 0;
    /// 0: not queued; otherwise the queue's hardware thread + 1, u8.
    pub const SELECTED_CPU: u32 = 2;
    /// 0: any; otherwise hardware thread + 1, u8.
    pub const DESIRED_CPU: u32 = 3;
    /// Links of the queue.
    pub const LIST: u32 = 4;
    /// Function.
    pub const ROUTINE: u32 = 0xC;
    /// Its second argument.
    pub const CONTEXT: u32 = 0x10;
    /// Its third argument.
    pub const ARG1: u32 = 0x14;
    /// Its fourth argument.
    pub const ARG2: u32 = 0x18;
    /// Value of `TYPE`.
    pub const TYPE_DPC: u16 = 19;
    /// Bytes.
    pub const SIZE: u32 = 0x1C;
}

/// `KAPC`: an asynchronous procedure call.
pub mod kapc {
    /// 18, u16.
    pub const TYPE: u32 = 0;
    /// 0: kernel, 1: user, u8.
    pub const MODE: u32 = 2;
    /// Whether it is queued, u8.
    pub const INSERTED: u32 = 3;
    /// Thread object.
    pub const THREAD: u32 = 4;
    /// Links of the queue.
    pub const LIST: u32 = 8;
    /// Called first, or null.
    pub const KERNEL_ROUTINE: u32 = 0x10;
    /// Called if the thread ends first, or null.
    pub const RUNDOWN_ROUTINE: u32 = 0x14;
    /// The function.
    pub const NORMAL_ROUTINE: u32 = 0x18;
    /// Its first argument.
    pub const NORMAL_CONTEXT: u32 = 0x1C;
    /// Its second argument.
    pub const ARG1: u32 = 0x20;
    /// Its third argument.
    pub const ARG2: u32 = 0x24;
    /// Value of `TYPE`.
    pub const TYPE_APC: u16 = 18;
    /// Bytes.
    pub const SIZE: u32 = 0x28;
}

/// `KPCR`: the processor control region that r13 points to.
pub mod kpcr {
    /// Static TLS data.
    pub const TLS: u32 = 0;
    /// u32.
    pub const MSR_MASK: u32 = 4;
    /// u8.
    pub const CURRENT_IRQL: u32 = 0x18;
    /// Self, u64.
    pub const SELF: u32 = 0x30;
    /// High end of the stack.
    pub const STACK_BASE: u32 = 0x70;
    /// Low end of the stack.
    pub const STACK_END: u32 = 0x74;
    /// Process type while a deferred call runs, u8.
    pub const PROCESS_TYPE_IN_DPC: u32 = 0xC;
    /// The processor block.
    pub const PRCB: u32 = 0x100;
    /// Thread object of the running thread (in the processor block).
    pub const CURRENT_THREAD: u32 = 0x100;
    /// Number of the hardware thread, u8 (in the processor block).
    pub const CURRENT_CPU: u32 = 0x10C;
    /// A bit for it, u32.
    pub const PROCESSOR_MASK: u32 = 0x110;
    /// List head of deferred calls.
    pub const QUEUED_DPCS: u32 = 0x148;
    /// Not 0 while a deferred call runs, u32.
    pub const DPC_ACTIVE: u32 = 0x150;
    /// Pointer to the processor block.
    pub const PRCB_POINTER: u32 = 0x2A8;
    /// Bytes.
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
    /// Vector registers of a thread that does not run; here, its wait blocks.
    pub const WAIT_BLOCKS: u32 = 0x180;
    pub const SIZE: u32 = 0xAB0;
}

/// `KPROCESS`.
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

/// `OBJECT_HEADER`: before every object's body.
pub mod object_header {
    /// References, u32.
    pub const POINTER_COUNT: u32 = 0;
    /// Handles, u32.
    pub const HANDLE_COUNT: u32 = 4;
    /// 1: named, 2: permanent, 0x10: belongs to the title. u8.
    pub const FLAGS: u32 = 0xB;
    /// Pointer to the object type variable.
    pub const TYPE: u32 = 0x10;
    /// Bytes; the body follows.
    pub const SIZE: u32 = 0x18;
}

/// `OBJECT_TYPE`: what the `*ObjectType` variables hold.
pub mod object_type {
    /// Makes a body: function of bytes and tag.
    pub const ALLOCATE: u32 = 0;
    /// Frees a body.
    pub const FREE: u32 = 4;
    /// Clears up after an object, before it is freed, or null.
    pub const DELETE: u32 = 0xC;
    /// What waits for an object are for: 0 itself, an offset in it, or the address of another object.
    pub const DEFAULT_OBJECT: u32 = 0x14;
    /// Four characters.
    pub const POOL_TAG: u32 = 0x18;
    /// Bytes.
    pub const SIZE: u32 = 0x1C;
}

/// `LDR_DATA_TABLE_ENTRY`: what module handles point to.
#[allow(missing_docs)] // the names are the reference's
pub mod ldr {
    /// Links in load, memory and initialization order.
    pub const LISTS: [u32; 3] = [0, 8, 0x10];
    pub const DLL_BASE: u32 = 0x18;
    pub const IMAGE_BASE: u32 = 0x1C;
    pub const IMAGE_SIZE: u32 = 0x20;
    pub const FULL_NAME: u32 = 0x24;
    pub const BASE_NAME: u32 = 0x2C;
    pub const FULL_IMAGE_SIZE: u32 = 0x38;
    pub const ENTRY_POINT: u32 = 0x3C;
    pub const LOAD_COUNT: u32 = 0x40;
    pub const DLL_BASE_ORIGINAL: u32 = 0x44;
    pub const XEX_HEADER_BASE: u32 = 0x58;
    pub const SIZE: u32 = 0x64;
}

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
