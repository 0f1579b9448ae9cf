//! Lifts guest code to Cranelift IR, compiles, caches, links, enters host code.
