//! The graphics chip as a whole: scenes on the reference backend, traces, textures, streams.
#![allow(clippy::duplicate_mod)] // `scene` is compiled once for each backend that draws its scenes

mod guest_shaders;
mod scenes;
mod streams;
mod textures;
mod trace;
