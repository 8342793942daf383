//! The peers and tools that the end-to-end tests use.
