//! The NUMA topology of the host: the NUMA node of a thread, from the operating system or
//! pretended.
//!
//! The answer only affects the order of a queue, so a wrong one costs time only. If there is one
//! node, or the topology can't be read, all threads are on node 0 and the processor is not queried.

use std::cell::Cell;
use std::path::Path;
use std::sync::OnceLock;
use xenia_host::thread::current_processor;

/// Where Linux describes NUMA nodes.
const NODES: &str = "/sys/devices/system/node";
/// Limit of processors; higher numbers are treated as on node 0.
const MAX_PROCESSORS: usize = 8192;

/// The NUMA node of each processor, by processor number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    node_of: Vec<u16>,
}

impl Topology {
    /// Reads a folder with the layout of `/sys/devices/system/node`: `nodeN/cpulist`. Unreadable
    /// entries are skipped.
    pub fn read(folder: &Path) -> Self {
        let mut topology = Self::default();
        let Ok(entries) = std::fs::read_dir(folder) else { return topology };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("node")?.parse::<u16>().ok());
            if let Some((node, list)) = number.zip(std::fs::read_to_string(entry.path().join("cpulist")).ok())
            {
                topology.add(node, &list);
            }
        }
        topology
    }

    /// Adds a list such as `0-3,8`.
    fn add(&mut self, node: u16, list: &str) {
        for range in list.trim().split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) else { continue };
            for processor in first..=last.min(MAX_PROCESSORS - 1) {
                if self.node_of.len() <= processor {
                    self.node_of.resize(processor + 1, 0);
                }
                self.node_of[processor] = node;
            }
        }
    }

    /// Number of nodes that have processors.
    pub fn nodes(&self) -> usize {
        let mut nodes = self.node_of.clone();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.len()
    }

    /// The node of a processor; 0 if it is unknown.
    pub fn node_of(&self, processor: usize) -> u16 {
        self.node_of.get(processor).copied().unwrap_or(0)
    }
}

/// The topology of the host.
fn host() -> &'static Topology {
    static HOST: OnceLock<Topology> = OnceLock::new();
    HOST.get_or_init(|| {
        let topology = Topology::read(Path::new(NODES));
        if topology.nodes() > 1 { topology } else { Topology::default() }
    })
}

xenia_sync::atomic::per_thread! {
    static PRETENDED: Cell<Option<u16>> = const { Cell::new(None) };
}

/// Pretends that this thread is on a NUMA node, which need not exist, or ends that: for tests and
/// measurements.
pub fn pretend_node(node: Option<u16>) {
    PRETENDED.with(|pretended| pretended.set(node));
}

/// The NUMA node on which this thread runs.
pub(crate) fn current_node() -> u16 {
    if let Some(node) = PRETENDED.with(Cell::get) {
        return node;
    }
    if xenia_sync::atomic::MODEL || host().node_of.is_empty() {
        return 0;
    }
    current_processor().map_or(0, |processor| host().node_of(processor))
}

#[cfg(all(test, not(feature = "modelled")))]
mod tests {
    use super::*;

    fn machine(nodes: &[(&str, &str)]) -> Topology {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, list) in nodes {
            std::fs::create_dir(folder.path().join(name)).expect("a node");
            std::fs::write(folder.path().join(name).join("cpulist"), list).expect("its list");
        }
        Topology::read(folder.path())
    }

    #[test]
    fn processors_belong_to_the_nodes_that_list_them() {
        let topology = machine(&[("node0", "0-1,4\n"), ("node1", "2-3,5-7\n"), ("power", "9\n")]);
        assert_eq!(topology.nodes(), 2);
        let nodes: Vec<u16> = (0..9).map(|processor| topology.node_of(processor)).collect();
        assert_eq!(nodes, [0, 0, 1, 1, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn malformed_node_lists_are_ignored() {
        let topology = machine(&[("node1", "x,3-,-,0-99999999999,2\n"), ("nodeX", "1"), ("node2", "")]);
        assert_eq!(topology.node_of(2), 1);
        assert!(topology.node_of.len() <= MAX_PROCESSORS);
        assert_eq!(Topology::read(Path::new("/nowhere")), Topology::default());
    }

    #[test]
    fn a_thread_can_pretend_to_run_on_another_node() {
        pretend_node(Some(7));
        assert_eq!(current_node(), 7);
        assert_ne!(std::thread::spawn(current_node).join().expect("no panic"), 7);
        pretend_node(None);
        assert_eq!(current_node(), host().node_of(current_processor().unwrap_or(0)));
    }
}
