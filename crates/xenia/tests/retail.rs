//! The retail suite: one of our own titles, built as retail titles are, from every medium, on every
//! engine, and with each of its files damaged.
//!
//! `guest/retail` has its sources. [`make`] compresses its executables with LZX, encrypts them with
//! a key of the suite's own, and makes an update and a download. The builders are those of
//! `xenia-formats`' tests, which share no code with the readers.

mod damage;
mod first_contact;
mod make;
mod media;
mod run;
mod support;
