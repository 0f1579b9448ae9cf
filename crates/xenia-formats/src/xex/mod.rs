//! XEX2, the console's executable container.

mod keys;

pub use keys::KeyRing;
