//! The operating system a title sees: exports, objects, files, loader, and the ports it needs.
