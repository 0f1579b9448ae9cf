//! Variables of the environment: Windows' libraries need none of ours.

/// Changes nothing: sockets of a user have no folder.
pub fn name_runtime_folder() {}
