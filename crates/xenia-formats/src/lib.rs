//! Bytes to structs: XEX2, ELF and the containers titles come in; reads through one trait.
