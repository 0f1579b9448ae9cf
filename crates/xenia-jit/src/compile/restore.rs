//! Restoring code from the persistent cache: stored code for an address is published when that
//! address is first executed.
//!
//! Until then, the entries of stored code lead to a special stub ([`STORED`]), so the interpreter
//! stops there as it does at compiled code. Changes are detected as for newly compiled code
//! ([`crate::compile`]): page versions are read before the pages are watched, the words are
//! compared after that, and a version that has changed by the time of publication discards the
//! code.

use super::Product;
use crate::JitError;
use crate::code::entries::STORED;
use crate::code::pages::watch_pages;
use crate::code::store::{CodeStore, Found, Hashed, Words, words_of};
use crate::shared::{ModeCode, Shared};
use xenia_lifter::{Compiled, FaultExits};

impl Shared {
    /// Publishes code with the entry `pc`, now hot, that was compiled ahead. Returns false if there
    /// is none.
    pub(crate) fn restore_ahead(&self, code: &ModeCode, pc: u32) -> bool {
        self.store.as_ref().is_some_and(|store| store.has_ahead(code.mode, pc)) && self.restore(code, pc)
    }

    /// Publishes the stored code for `pc`, which has an entry that leads to the store. If no usable
    /// code is found, removes that entry and returns false.
    pub(crate) fn restore(&self, code: &ModeCode, pc: u32) -> bool {
        let restored = self.store.as_ref().and_then(|store| {
            // Before the store's lock. Regions with a device site were compiled before it was
            // found.
            let fetch = self.region_fetch();
            let words = |places: Words<'_>| words_of(places, &fetch);
            let found = store.find(code.mode, pc, &words)?;
            self.publish_found(code, pc, store, &found, &words)
        });
        if restored.is_none() {
            // Otherwise each execution of `pc` would try again.
            code.cache.lock().forget_stored(pc);
        }
        restored.is_some()
    }

    /// Returns `None` if the code can't be published now.
    fn publish_found(
        &self,
        code: &ModeCode,
        pc: u32,
        store: &CodeStore,
        found: &Found,
        words: Hashed<'_>,
    ) -> Option<()> {
        let (body, bytes) = store.unpack(found)?;
        let pages = watch_pages(&self.memory, &found.label.pages())?;
        if words(found.label.places())? != found.label.words {
            return None;
        }
        let mut cache = code.cache.lock();
        if code.entries.offset(pc) > STORED {
            // Another engine has published it meanwhile.
            return Some(());
        }
        if pages.iter().any(|read| cache.is_volatile(read.page)) {
            return None;
        }
        cache.release_retired();
        let fault_exits = FaultExits::default();
        let compiled = Compiled { code: bytes, tables: body.tables, texts: None, fault_exits };
        let product = Product { start: found.label.start(), piece: body.piece, calls: &body.calls, compiled };
        match self.install(&mut cache, product, pages) {
            Ok(true) => {
                store.note_restored(found);
                Some(())
            }
            Ok(false) | Err(JitError::CodeMemoryFull) => None,
            Err(error) => {
                tracing::warn!(%error, "stored region ignored");
                None
            }
        }
    }
}
