//! Structures that are waited for, and those of waits.

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
