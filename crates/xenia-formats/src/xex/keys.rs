//! Decryption keys: the development key is built in; a retail key is supplied by the user.

use std::fmt;

/// The development key, which is public: sixteen zero bytes.
const DEVELOPMENT_KEY: [u8; 16] = [0; 16];

/// The master keys for decryption of payloads.
///
/// Its `Debug` output does not contain keys.
#[derive(Clone, Default)]
pub struct KeyRing {
    retail: Option<[u8; 16]>,
}

impl KeyRing {
    /// A key ring with the development key only.
    pub const fn development() -> Self {
        Self { retail: None }
    }

    /// A key ring with the development key and the user's retail key.
    pub const fn with_retail(key: [u8; 16]) -> Self {
        Self { retail: Some(key) }
    }

    /// Whether the user supplied a retail key.
    pub const fn has_retail(&self) -> bool {
        self.retail.is_some()
    }

    /// All keys in the order in which they are tried.
    pub(crate) fn master_keys(&self) -> impl Iterator<Item = [u8; 16]> {
        std::iter::once(DEVELOPMENT_KEY).chain(self.retail)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("has_retail", &self.has_retail()).finish()
    }
}
