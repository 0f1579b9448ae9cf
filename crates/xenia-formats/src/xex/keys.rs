//! Keys that executables are decrypted with, and that titles read: the development key is built in;
//! others are supplied by the user.

use std::collections::BTreeMap;
use std::fmt;

/// The development key, which is public: sixteen zero bytes.
const DEVELOPMENT_KEY: [u8; 16] = [0; 16];

/// The master keys for decryption of payloads, and entries of a key vault.
///
/// Its `Debug` output does not contain keys.
#[derive(Clone, Default)]
pub struct KeyRing {
    retail: Option<[u8; 16]>,
    vault: BTreeMap<u16, Vec<u8>>,
}

impl KeyRing {
    /// A key ring with the development key only.
    pub const fn development() -> Self {
        Self { retail: None, vault: BTreeMap::new() }
    }

    /// A key ring with the development key and the user's retail key.
    pub const fn with_retail(key: [u8; 16]) -> Self {
        Self { retail: Some(key), vault: BTreeMap::new() }
    }

    /// Adds an entry of the user's key vault; `number` is that of the console.
    #[must_use]
    pub fn with_vault_entry(mut self, number: u16, bytes: Vec<u8>) -> Self {
        self.vault.insert(number, bytes);
        self
    }

    /// The user's entry of a key vault with this number.
    pub fn vault_entry(&self, number: u16) -> Option<&[u8]> {
        self.vault.get(&number).map(Vec::as_slice)
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
        f.debug_struct("KeyRing")
            .field("has_retail", &self.has_retail())
            .field("vault", &self.vault.keys())
            .finish_non_exhaustive()
    }
}
