//! Error of windows and their graphics devices.

/// Error of a window or its graphics device.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The system has no display to open a window on.
    #[error("no display: {0}")]
    NoDisplay(String),
    /// The graphics device can't be used.
    #[error("{what} {reason}")]
    Device {
        what: &'static str,
        /// Error message of the system.
        reason: String,
    },
}

impl RenderError {
    /// Converts an error of the window library, without its source location.
    pub(crate) fn no_display(error: &dyn std::error::Error) -> Self {
        let text = error.to_string();
        let why =
            text.strip_prefix("os error at ").and_then(|rest| rest.split_once(": ")).map(|(_, why)| why);
        Self::NoDisplay(why.unwrap_or(&text).to_owned())
    }
}
