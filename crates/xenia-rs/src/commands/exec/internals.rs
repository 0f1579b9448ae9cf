//! Internals of a machine on the window's page: the panes of the debugger in the terminal.

use xenia::machine::Machine;
use xenia_debugger::panes::{Pane, lists};
use xenia_render::InternalsPane;

/// The panes of a stopped machine.
pub(super) fn panes(machine: &Machine) -> Vec<InternalsPane> {
    let threads = machine.threads_report().threads;
    let pane = |name: &str, pane: Pane| InternalsPane {
        name: name.to_owned(),
        title: pane.title,
        heading: pane.heading,
        rows: pane.rows.into_iter().map(|row| row.text).collect(),
    };
    vec![
        pane("Threads", lists::threads(&threads, &machine.thread_names(), 0, 0)),
        pane("Objects", lists::objects(&machine.objects(), 0)),
        pane("Locks", lists::locks(&machine.locks(), 0)),
        pane("Files", lists::files(&machine.files(), 0)),
        pane("Graphics", lists::gpu(&machine.gpu(), &machine.display_mode(), 0)),
        pane("Calls", lists::calls(&machine.calls(), 0)),
    ]
}
