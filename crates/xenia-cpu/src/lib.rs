//! Context, interpreter, block discovery, and the trait every engine implements.
