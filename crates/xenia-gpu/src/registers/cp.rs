//! Command processor: ring buffer, scratch registers, coherency.

use super::{plain_registers, registers};

registers! {
    /// Stalls the command processor until the named parts of the pipeline are idle.
    0x05c8 WaitUntil "WAIT_UNTIL" {
        wait_re_vsync: 1..=1 bool,
        wait_fe_vsync: 2..=2 bool,
        wait_vsync: 3..=3 bool,
        wait_dsply_id0: 4..=4 bool,
        wait_dsply_id1: 5..=5 bool,
        wait_dsply_id2: 6..=6 bool,
        wait_cmdfifo: 10..=10 bool,
        wait_2d_idle: 14..=14 bool,
        wait_3d_idle: 15..=15 bool,
        wait_2d_idleclean: 16..=16 bool,
        wait_3d_idleclean: 17..=17 bool,
        cmdfifo_entries: 20..=23 u32,
    }
    /// Requests a cache flush of a memory range; bit 31 stays set until the flush is complete.
    0x0a31 CoherStatusHost "COHER_STATUS_HOST" {
        matching_contexts: 0..=7 u32,
        rb_copy_dest_base_ena: 8..=8 bool,
        dest_base_0_ena: 9..=9 bool,
        dest_base_1_ena: 10..=10 bool,
        dest_base_2_ena: 11..=11 bool,
        dest_base_3_ena: 12..=12 bool,
        dest_base_4_ena: 13..=13 bool,
        dest_base_5_ena: 14..=14 bool,
        dest_base_6_ena: 15..=15 bool,
        dest_base_7_ena: 16..=16 bool,
        vc_action_ena: 24..=24 bool,
        tc_action_ena: 25..=25 bool,
        pglb_action_ena: 26..=26 bool,
        status: 31..=31 bool,
    }
}

plain_registers! {
    /// Write index of the ring buffer, in dwords; a store starts the command processor.
    0x01c5 CP_RB_WPTR;
    /// One bit per scratch register: whether writes to it are also written to memory.
    0x01dc SCRATCH_UMSK;
    /// Physical address of the scratch registers' write-back.
    0x01dd SCRATCH_ADDR;
    0x01e6 CP_PERFCOUNTER0_SELECT;
    0x01e7 CP_PERFCOUNTER0_LOW;
    0x01e8 CP_PERFCOUNTER0_HI;
    0x01f5 CP_PERFMON_CNTL;
    0x0395 RBBM_PERFCOUNTER0_SELECT;
    0x0396 RBBM_PERFCOUNTER1_SELECT;
    0x0397 RBBM_PERFCOUNTER0_LOW;
    0x0398 RBBM_PERFCOUNTER0_HI;
    0x0399 RBBM_PERFCOUNTER1_LOW;
    0x039a RBBM_PERFCOUNTER1_HI;
    0x045e CALLBACK_ACK;
    0x0578 SCRATCH_REG0;
    0x0579 SCRATCH_REG1;
    0x057a SCRATCH_REG2;
    0x057b SCRATCH_REG3;
    0x057d SCRATCH_REG5;
    0x057e SCRATCH_REG6;
    0x057f SCRATCH_REG7;
    0x0a02 XPS_BASE;
    0x0a03 XPS_SIZE;
    0x0a04 WRITEBACK_BASE;
    0x0a05 WRITEBACK_SIZE;
    0x0a2f COHER_SIZE_HOST;
    0x0a30 COHER_BASE_HOST;
    0x2006 COHER_DEST_BASE_0;
    0x2007 COHER_DEST_BASE_1;
    0x2008 COHER_DEST_BASE_2;
    0x2009 COHER_DEST_BASE_3;
    0x200a COHER_DEST_BASE_4;
    0x200b COHER_DEST_BASE_5;
    0x200c COHER_DEST_BASE_6;
    0x200d COHER_DEST_BASE_7;
}
