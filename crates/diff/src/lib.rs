//! Observation of live AWS and its comparison with the desired state: the plan
