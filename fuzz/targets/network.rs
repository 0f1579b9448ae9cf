//! Network calls of a title, in any order: received data equals sent data, and no thread waits for
//! data that is available.
//!
//! Input: a byte for each call on the machine's network, and one for each of its operands; guest
//! threads make the calls through import thunks. A simple model records the bytes of each send,
//! their order, and the waiting threads. After each call
//!
//! - a waiting thread must have no data to continue with, as reported by a `select` that does not
//!   wait,
//! - events must have been signalled for everything that can be received or accepted,
//! - non-blocking calls must fail with "would block" exactly if `select` says so.
//!
//! Bytes of a stream arrive complete and in order, messages as they were sent, none twice; at the
//! end no data is left.
#![cfg_attr(fuzzing, no_main)]

#[path = "network/machine.rs"]
mod machine;
#[path = "network/model.rs"]
mod model;
#[path = "network/transfer.rs"]
mod transfer;

use libfuzzer_sys::fuzz_target;
use machine::NetworkHarness;
use model::Model;
use std::cell::RefCell;

/// Limit on the calls of one input.
const MAX_CALLS: usize = 256;

thread_local! {
    /// Creating a kernel is expensive, so it is reused; each input ends with all sockets closed.
    static MACHINE: RefCell<NetworkHarness> = RefCell::new(NetworkHarness::new());
}

fuzz_target!(|bytes: &[u8]| {
    MACHINE.with_borrow_mut(|machine| {
        let mut model = Model::new(machine, bytes);
        for _ in 0..MAX_CALLS {
            if !model.step() {
                break;
            }
        }
        model.end();
    });
});
