//! State of the console's users: profiles, settings, sessions, and the packages on its disk.
//!
//! - [`profile`], [`profile_settings`]: profiles, those that are signed in, and their settings.
//! - [`content`]: packages of saved games and downloads; stored profiles.
//! - [`xconfig`], [`locale`]: settings of the console, its country and language.
//! - [`notifications`], [`sessions`], [`enumerators`]: queues of notifications, sessions of
//!   players, lists that titles read piece by piece.
//!
//! Invariants: the crate depends on neither the kernel nor guest memory: guest addresses are keys,
//! and exports store the results. A package that is replaced keeps its old contents until the new
//! ones are complete.
#![forbid(unsafe_code)]

pub mod content;
pub mod enumerators;
pub mod locale;
pub mod notifications;
pub mod profile;
pub mod profile_settings;
pub mod sessions;
#[cfg(test)]
mod state_tests;
pub mod xconfig;
