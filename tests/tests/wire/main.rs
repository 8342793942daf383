//! The daemon over its wire: a real `roost serve`, a real agent child, a model server that speaks HTTP.

mod agents;
mod attackers;
mod bad_input;
mod bombs;
mod damage;
mod escapes;
mod faults;
mod full_disk;
mod hostile_repository;
mod load;
mod matrix;
mod meanwhile;
mod models;
mod orphans;
mod permissions;
mod power;
mod secrets;
mod slow_readers;
mod soak;
mod spoken;
mod stage;
mod trust;
mod turns;
mod votes;
mod wedged;
mod writers;
