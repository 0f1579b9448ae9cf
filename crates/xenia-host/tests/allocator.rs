//! Free heap memory is returned to the host. A separate test program, because other tests' memory
//! would count.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use xenia_host::allocator::give_back_free_heap;

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn free_heap_below_a_live_block_is_returned_to_the_host() {
    const KIB: usize = 64 << 10;
    // The last allocation keeps the allocator from trimming the rest by itself.
    let mut blocks: Vec<Box<[u8; 1024]>> = (0..KIB).map(|_| Box::new([1; 1024])).collect();
    let last = blocks.pop();
    drop(blocks);
    let before = resident();
    give_back_free_heap();
    let after = resident();
    assert!(after + KIB as u64 / 2 < before, "{before} KiB, then {after}");
    assert!(last.is_some_and(|block| block.iter().all(|&byte| byte == 1)));
}
