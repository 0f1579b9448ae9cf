//! Statics of a process, which in a model belong to one run.

/// A static; in a model, one per run.
#[cfg(not(feature = "modelled"))]
macro_rules! per_process {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = $value:expr;)+) => {
        $($(#[$doc])* static $name: $type = $value;)+
    };
}
#[cfg(feature = "modelled")]
macro_rules! per_process {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = $value:expr;)+) => {
        xenia_sync::atomic::explorer::lazy_static! { $($(#[$doc])* static ref $name: $type = $value;)+ }
    };
}
pub(crate) use per_process;
