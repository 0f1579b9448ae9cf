//! Guest memory through its public interface.

mod access;
mod common;
mod fault;
mod freed;
mod heaps;
mod mirror;
mod reservation;
mod watch;
