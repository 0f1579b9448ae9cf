//! Locks, lock order, phaser.
