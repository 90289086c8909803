//! The YAML specification: parsing, diagnostics and the desired state it describes
