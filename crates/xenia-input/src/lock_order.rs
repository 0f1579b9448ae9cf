//! Ordinals of the controllers' locks at [`Level::Host`](xenia_sync::Level::Host), in the order in
//! which a thread takes them; those of crate `xenia` follow.

/// The assignment of controllers, which is applied to them while it is held.
pub const ASSIGNMENT: u32 = 0;
/// The controllers of the host.
pub const CONTROLLERS: u32 = 1;
/// The motors of a controller.
pub const MOTORS: u32 = 2;
