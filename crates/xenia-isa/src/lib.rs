//! The PowerPC/VMX128 table; decoder, disassembler, assembler.
