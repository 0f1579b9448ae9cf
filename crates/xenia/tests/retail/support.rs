//! Builders of files, shared with the tests of `xenia-formats`.
#![allow(dead_code, unreachable_pub, reason = "each test uses some of it")]

#[path = "../../../xenia-formats/tests/support/gdfx_builder.rs"]
pub mod gdfx_builder;
#[path = "../../../xenia-formats/tests/support/lzx_encoder.rs"]
pub mod lzx_encoder;
#[path = "../../../xenia-formats/tests/support/svod_builder.rs"]
pub mod svod_builder;
#[path = "../../../xenia-formats/tests/support/xex_builder.rs"]
pub mod xex_builder;
#[path = "../../../xenia-formats/tests/support/xexp_builder.rs"]
pub mod xexp_builder;
