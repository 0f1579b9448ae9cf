//! The graphics chip a title sees: registers, packets, microcode, texture layouts, reference rasteriser.
