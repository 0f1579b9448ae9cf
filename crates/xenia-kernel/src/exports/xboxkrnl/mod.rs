//! Exports of `xboxkrnl.exe`, by subsystem.

pub mod debug;
