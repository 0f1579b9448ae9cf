//! What the console keeps for its user: settings, notifications, key strokes, overlapped requests.

pub mod keystrokes;
pub mod notifications;
pub mod overlapped;
pub mod xconfig;
