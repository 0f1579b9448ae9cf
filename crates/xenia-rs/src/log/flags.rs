//! Adds the flag to a message about a setting: a library names the setting in the field `setting`,
//! and the flags of this program have the names of settings.

use std::error::Error;
use std::fmt::{self, Debug};
use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitFmt as _, VisitOutput as _};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

/// Formats fields as usual, but for `setting`.
pub(super) struct FlagFields;

impl<'w> FormatFields<'w> for FlagFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = FlagVisitor(DefaultVisitor::new(writer, true));
        fields.record(&mut visitor);
        visitor.0.finish()
    }
}

struct FlagVisitor<'w>(DefaultVisitor<'w>);

impl Visit for FlagVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "setting" {
            // A line of the log is formatted in memory, where it always has room.
            let _ = write!(self.0.writer(), " (--{value})");
        } else {
            self.0.record_str(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.0.record_error(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.record_debug(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_flag_of_a_setting_follows_the_message() {
        let written = Written::default();
        let sink = written.clone();
        let layer = tracing_subscriber::fmt::layer().without_time().with_ansi(false).fmt_fields(FlagFields);
        let log = tracing_subscriber::registry().with(layer.with_writer(move || sink.clone()));
        tracing::subscriber::with_default(log, || {
            tracing::warn!(target: "kernel", setting = "license", count = 3, "the title runs as a trial");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with("kernel: the title runs as a trial (--license) count=3\n"), "{text:?}");
    }
}
