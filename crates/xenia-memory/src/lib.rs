//! The guest's 4 GiB: heaps, views, protection, page versions, watches, reservations, MMIO, typed access.
