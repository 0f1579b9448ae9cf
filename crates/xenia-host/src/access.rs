//! Rights to pages, and the accesses that need them.

/// Rights of the process to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostRights {
    /// Every access faults.
    None,
    /// Loads are allowed.
    Read,
    /// Loads and stores are allowed.
    ReadWrite,
}

/// Kind of an access that faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAccess {
    /// A load of data.
    Load,
    /// A store, or a load and a store.
    Store,
    /// The fetch of an instruction.
    Fetch,
}
