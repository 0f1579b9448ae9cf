//! Exports of `xam.xex`, by subsystem.
