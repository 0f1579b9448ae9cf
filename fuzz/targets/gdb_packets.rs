//! Any bytes from gdb's side of a debugging session: the session ends, or breaks the protocol with
//! an error.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::io::{self, Cursor};
use std::sync::Arc;
use xenia_gdb::{Link, PlainDebuggee, ServeError, serve};

fuzz_target!(|bytes: &[u8]| {
    let link = Link::new(Cursor::new(bytes.to_vec()), io::sink(), Arc::default()).expect("a thread");
    if let Err(error) = serve(link, &mut PlainDebuggee::default()) {
        assert!(matches!(error, ServeError::Protocol(_)), "{error}");
    }
});
