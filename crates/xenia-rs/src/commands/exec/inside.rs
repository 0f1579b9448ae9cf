//! The machine's inside on the window's page: the panes of the debugger in the terminal.

use xenia::machine::Machine;
use xenia_debugger::panes::{Pane, lists};
use xenia_render::InsidePane;

/// The panes of a machine that stands.
pub(super) fn panes(machine: &Machine) -> Vec<InsidePane> {
    let threads = machine.threads_report().threads;
    let inside = |name: &str, pane: Pane| InsidePane {
        name: name.to_owned(),
        title: pane.title,
        heading: pane.heading,
        rows: pane.rows.into_iter().map(|row| row.text).collect(),
    };
    vec![
        inside("Threads", lists::threads(&threads, &machine.thread_names(), 0, 0)),
        inside("Objects", lists::objects(&machine.objects(), 0)),
        inside("Locks", lists::locks(&machine.locks(), 0)),
        inside("Files", lists::files(&machine.files(), 0)),
        inside("Graphics", lists::gpu(&machine.gpu(), &machine.display_mode(), 0)),
        inside("Calls", lists::calls(&machine.calls(), 0)),
    ]
}
