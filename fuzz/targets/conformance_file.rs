//! The reader of annotated assembler accepts any text; the code of every case that it finds can be
//! read.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_jit_tests::conformance::CaseFile;

fuzz_target!(|text: &str| {
    if let Ok(file) = CaseFile::parse(text) {
        for case in &file.cases {
            assert!(case.entry <= case.end || file.code_of(case).next().is_none());
            file.code_of(case).count();
        }
    }
});
