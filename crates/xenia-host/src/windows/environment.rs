//! Variables of the environment: none are set, because Windows' libraries need none.

/// Changes nothing: sockets of a user have no folder.
pub fn name_runtime_folder() {}
