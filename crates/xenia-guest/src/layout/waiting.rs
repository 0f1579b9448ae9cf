//! Structures of dispatcher objects and waits.

pub mod list_entry {
    /// Next list entry.
    pub const FLINK: u32 = 0;
    /// Previous list entry.
    pub const BLINK: u32 = 4;
}

/// `DISPATCHER_HEADER`: header of every dispatcher object.
pub mod dispatcher_header {
    /// Object type, u8.
    pub const TYPE: u32 = 0;
    /// Critical sections: spin count / 256, u8.
    pub const ABSOLUTE: u32 = 1;
    /// Size in words, u8.
    pub const SIZE_WORDS: u32 = 2;
    /// Timers: nonzero while set, u8.
    pub const INSERTED: u32 = 3;
    /// Signalled if positive; for semaphores, the count. i32.
    pub const SIGNAL_STATE: u32 = 4;
    /// List head of waiters.
    pub const WAIT_LIST: u32 = 8;
    pub const SIZE: u32 = 0x10;
}

/// `KWAIT_BLOCK`: one object of a wait. It starts with the entry of the object's waiter list.
pub mod kwait_block {
    /// Pointer to the waiting thread object.
    pub const THREAD: u32 = 8;
    /// Pointer to the dispatcher object.
    pub const OBJECT: u32 = 0xC;
    /// Pointer to the wait's next block; circular.
    pub const NEXT: u32 = 0x10;
    /// Index of the object in the wait, u16.
    pub const KEY: u32 = 0x14;
    /// 0 for wait-all, 1 for wait-any, u16.
    pub const TYPE: u32 = 0x16;
    pub const SIZE: u32 = 0x18;
}

pub mod ksemaphore {
    /// Largest count, i32.
    pub const LIMIT: u32 = 0x10;
    pub const SIZE: u32 = 0x14;
}

pub mod kmutant {
    /// Links of the owner's list of mutants.
    pub const LIST: u32 = 0x10;
    /// Pointer to the owning thread object.
    pub const OWNER: u32 = 0x18;
    /// Nonzero if an owner ended without releasing it, u8.
    pub const ABANDONED: u32 = 0x1C;
    pub const SIZE: u32 = 0x20;
}

pub mod ktimer {
    /// Due time: interrupt time in units of 100 ns, u64.
    pub const DUE_TIME: u32 = 0x10;
    /// Links of the list of set timers.
    pub const LIST: u32 = 0x18;
    /// Deferred procedure call to queue.
    pub const DPC: u32 = 0x20;
    /// Period in milliseconds, u32; 0 for one-shot timers.
    pub const PERIOD: u32 = 0x24;
    pub const SIZE: u32 = 0x28;
}

pub mod critical_section {
    /// -1 if free, otherwise the number of entries and waiters minus 1, i32.
    pub const LOCK_COUNT: u32 = 0x10;
    /// Recursion depth of the owner, i32.
    pub const RECURSION_COUNT: u32 = 0x14;
    /// Pointer to the owning thread object.
    pub const OWNER: u32 = 0x18;
    pub const SIZE: u32 = 0x1C;
}

/// `ERWLOCK`: a read/write lock.
pub mod erwlock {
    /// −1 if free, otherwise the number of holders and waiters minus 1, i32.
    pub const LOCK_COUNT: u32 = 0;
    /// Number of waiting writers, u32.
    pub const WRITERS_WAITING: u32 = 4;
    /// Number of waiting readers, u32.
    pub const READERS_WAITING: u32 = 8;
    /// Number of readers holding the lock, u32.
    pub const READERS_ENTRY: u32 = 0xC;
    /// Auto-reset event that writers wait for.
    pub const WRITER_EVENT: u32 = 0x10;
    /// Semaphore that readers wait for.
    pub const READER_SEMAPHORE: u32 = 0x20;
    /// Spin lock of the other fields, u32.
    pub const SPIN_LOCK: u32 = 0x34;
    pub const SIZE: u32 = 0x38;
}
