//! The daemon over its wire: a real `roost serve`, a real agent child, a model server that speaks HTTP.

mod agents;
mod bad_input;
mod faults;
mod load;
mod permissions;
mod trust;
mod turns;
