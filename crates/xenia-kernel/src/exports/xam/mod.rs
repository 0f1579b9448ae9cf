//! Exports of `xam.xex`, by subsystem.

pub mod video;
