//! Integration tests of the library, in one program.

mod retail;
mod rewind;
