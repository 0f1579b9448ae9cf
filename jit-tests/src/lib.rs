//! Conformance cases (data), their runner, and the instruction-sequence fuzzer.
