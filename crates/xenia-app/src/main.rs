//! The program `xenia-rs`.

fn main() {}
