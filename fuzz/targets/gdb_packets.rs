//! Any bytes from gdb's side of a debugging session: the session ends with the bytes or by them,
//! never with an error.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::io::{self, Cursor};
use std::sync::Arc;
use xenia_gdb::{Link, PlainDebuggee, serve};

fuzz_target!(|bytes: &[u8]| {
    let link = Link::new(Cursor::new(bytes.to_vec()), io::sink(), Arc::default()).expect("a thread");
    serve(link, &mut PlainDebuggee::default()).expect("an end of the session");
});
