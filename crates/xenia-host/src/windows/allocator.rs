//! The host's allocator: Windows has one heap for the process, which it trims by itself.

/// Changes nothing: threads share the process's heap.
pub fn allocate_from_one_heap() {}

/// Changes nothing: the heap gives memory back by itself.
pub fn give_back_free_heap() {}
