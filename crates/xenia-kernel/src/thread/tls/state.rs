//! State of the thread-local storage.

use super::{Tls, TlsLayout};
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// State of [`Tls`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TlsState {
    layout: Option<TlsLayout>,
    used: Vec<bool>,
}

impl Tls {
    pub(crate) fn state(&self) -> TlsState {
        let Self { layout, used } = self;
        TlsState { layout: layout.get().copied(), used: used.lock().clone() }
    }

    /// Replaces the allocated slots. The title that was loaded has the layout of the saved one.
    pub(crate) fn restore(&self, state: TlsState) -> Result<(), Impossible> {
        let TlsState { layout, used } = state;
        if let Some(layout) = layout {
            check(*self.layout.get_or_init(|| layout) == layout, "the title has another TLS layout")?;
        }
        check(layout.is_some() || self.layout.get().is_none(), "the title has a TLS layout")?;
        check(used.len() <= self.layout().slots as usize, "more TLS slots are in use than there are")?;
        *self.used.lock() = used;
        Ok(())
    }
}
