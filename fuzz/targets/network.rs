//! What is received is what was sent, and nobody waits for what is there, whatever calls a title makes.
//!
//! Input: a byte for each call on the machine's own network, and one for each of its operands; they are made by guest threads
//! through import thunks. Beside it stands a model that knows little of sockets: which bytes each send was given, in which order, and
//! who waits. After each call
//!
//! - whoever still waits must have nothing to go on with, as a `select` that does not wait says,
//! - events must have been signalled of what there is to receive or to accept,
//! - calls that don't wait must fail for that reason exactly where `select` says so.
//!
//! Bytes of a stream come whole and in order, messages as they were sent, none twice; in the end nothing is left.
#![cfg_attr(fuzzing, no_main)]

#[path = "network/machine.rs"]
mod machine;
#[path = "network/model.rs"]
mod model;
#[path = "network/transfer.rs"]
mod transfer;

use libfuzzer_sys::fuzz_target;
use machine::Machine;
use model::Model;
use std::cell::RefCell;

/// Calls of one input.
const CALLS: usize = 256;

thread_local! {
    /// A kernel is dear to make, so it lives on; each input ends with all sockets closed.
    static MACHINE: RefCell<Machine> = RefCell::new(Machine::new());
}

fuzz_target!(|bytes: &[u8]| {
    MACHINE.with_borrow_mut(|machine| {
        let mut model = Model::new(machine, bytes);
        for _ in 0..CALLS {
            if !model.step() {
                break;
            }
        }
        model.end();
    });
});
