//! Scheduler and executors, over engines that follow scripts.

mod device_threads;
mod lockstep;
mod model;
mod parallel;
mod parallel_time;
mod scheduler;
mod scripted;
mod single_step;
mod slot_races;
mod storer;
mod wait_races;
