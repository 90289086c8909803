//! Simulation of whole applies on the embedded AWS: crash points of the product's scenarios, and
//! random specs on random live state in random weather.
//!
//! Two promises are checked after every call: nothing foreign is lost, and a trail that delivers
//! before and after an apply delivers without interruption. At the end, the state must be the state
//! that an apply without problems reaches.

pub mod campaign;
pub mod crash;
pub mod edit;
pub mod garbage;
pub mod normal;
pub mod others;
pub mod promises;
pub mod scenario;
pub mod seed;
pub mod simulate;
pub mod specs;
pub mod test_bed;
