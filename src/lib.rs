//! Orchard.
pgrx::pg_module_magic!();
