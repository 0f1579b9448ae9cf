//! The #[exports] attribute: turns guest-callable functions into rows of the export table.
