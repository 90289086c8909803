//! Text and JSON views of plans, outcomes and findings
