//! Hardware threads, run queues, guest threads, order modes, the lockstep executor.
