//! Execution of a plan: order, freshness, merge on write, propagation, journal
