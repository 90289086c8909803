//! The embedded AWS twin: an in-process AWS for first runs, rehearsals and tests
