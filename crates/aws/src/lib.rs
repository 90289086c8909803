//! One AWS session per account over one shared connector
