//! Drawing with the host's GPU: scenes, pipelines.
#![allow(clippy::duplicate_mod)] // `scene` is compiled once for each backend that draws its scenes

mod alike;
mod paths;
mod pipelines;
mod scenes;
