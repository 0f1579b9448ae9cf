//! The instruction table against itself, binutils and real titles.

mod binutils;
mod round_trip;
mod title;
