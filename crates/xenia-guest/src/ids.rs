//! Newtypes of identifiers: title ids, media ids, ordinals.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! hex_id {
    ($($(#[$doc:meta])* $name:ident($inner:ty, $width:literal);)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $width, "X}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    )* };
}

hex_id! {
    /// A title's id: two letters that identify the publisher, and a number.
    TitleId(u32, "8");
    /// The id of the disc or package that a title came on.
    MediaId(u32, "8");
    /// An export's number within its library.
    Ordinal(u16, "4");
}
